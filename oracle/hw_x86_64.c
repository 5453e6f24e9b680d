/*
 * The x86-64 page table of 4 or 5 levels as hardware reads it, and the VT-d first stage,
 * which is the same table read by an IOMMU.
 *
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, section 4.5,
 * tables 4-14 (PML5E) to 4-20 (PTE); the same entries are in AMD64 Architecture
 * Programmer's Manual, volume 2, section 5.3, which an AMD IOMMU reads as its guest table.
 * Intel VT-d Architecture Specification, section 9.7 "First-Stage Paging Entries". A PTE is
 * an item of our level 0, a PML5E of our level 4.
 *
 *	63	XD execute disable, ORed down the walk
 *	62:59	ignored: protection keys are off
 *	58:52	ignored
 *	51:12	address; in a large leaf only the bits from its size up are:
 *	20:13	reserved in a 2M leaf
 *	29:13	reserved in a 1G leaf
 *	12	PAT in a large leaf
 *	11	ignored
 *	10	VT-d: EA extended accessed; else ignored
 *	9	ignored
 *	8	G global (leaf; else ignored, but AMD reserves it in a PML4E and a PML5E)
 *	7	PS: a PDE or PDPTE with it is a leaf; PML4E and PML5E reserve it; PAT in a PTE
 *	6	D dirty (leaf; ignored in a table pointer)
 *	5	A accessed
 *	4	PCD, 3 PWT: with PAT the memory type (leaf); in a table pointer that of the walk
 *	2	U/S unprivileged accesses are allowed, ANDed down the walk
 *	1	R/W writes are allowed, ANDed down the walk
 *	0	P present; when zero everything else is ignored
 *
 * Execute disable is enabled, and the PAT register is as at power-on. MAXPHYADDR is oasz_lg2
 * for what a leaf leads to, and 52 for tables: hardware has one width for both, but only so
 * can a table lie at any PA that the field can hold. Not modelled: EA.
 */
#include "oracle/hw.h"

/* Levels of PDPTE and PML4E: no leaf is larger than 1G. */
#define PDPTE_LEVEL 2
#define PML4E_LEVEL 3

static uint64_t bits(uint64_t raw, unsigned hi, unsigned lo)
{
	return raw >> lo & ((UINT64_C(1) << (hi - lo + 1)) - 1);
}

static bool bit(uint64_t raw, unsigned n)
{
	return raw >> n & 1;
}

static uint64_t sizes(const struct hw_format *f, const struct hw_device *dev, unsigned level)
{
	(void)dev;
	return level <= PDPTE_LEVEL ? UINT64_C(1) << hw_item_lg2(f, level) : 0;
}

/*
 * SDM volume 3, section 4.9.2 and "Memory Type of PAT Entries Following a Power-up or
 * Reset". PAT chooses a half of that register, and its halves are equal then. UC is for
 * devices; MTRRs may make write-combining of UC-. Write-through has no word here: no promise
 * says it.
 */
static enum hw_memory_type memory_type(bool pcd, bool pwt)
{
	if (pcd)
		return pwt ? HW_DEVICE_MEMORY : HW_UNCACHED; /* UC, UC- */
	return pwt ? HW_MEMORY_UNSAID : HW_WRITE_BACK;
}

/* Tables 4-14, 4-15, 4-17, 4-19. */
static enum hw_fault decode_table(uint64_t raw, unsigned level, struct hw_item *out)
{
	if (bit(raw, 7))
		return HW_RESERVED;
	out->kind = HW_TABLE;
	out->address = bits(raw, 51, 12) << 12;
	out->next_level = (uint8_t)(level - 1);
	return HW_OK;
}

/* Tables 4-16, 4-18, 4-20. */
static enum hw_fault decode_leaf(const struct hw_format *f, const struct hw_device *dev,
				 uint64_t raw, unsigned level, struct hw_item *out)
{
	unsigned size_lg2 = hw_item_lg2(f, level);

	if (level > 0 && bits(raw, size_lg2 - 1, 13))
		return HW_RESERVED;
	out->kind = HW_LEAF;
	out->address = bits(raw, 51, size_lg2) << size_lg2;
	if (out->address >> dev->oasz_lg2)
		return HW_RESERVED;
	out->size_lg2 = (uint8_t)size_lg2;
	out->attrs.accessed = bit(raw, 5);
	out->attrs.dirty = bit(raw, 6);
	out->attrs.global = bit(raw, 8);
	out->attrs.type = (uint8_t)memory_type(bit(raw, 4), bit(raw, 3));
	return HW_OK;
}

static enum hw_fault decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			    unsigned level, struct hw_item *out)
{
	*out = (struct hw_item){ .kind = HW_EMPTY };
	if (!bit(raw, 0))
		return HW_NOT_PRESENT;
	/* Nothing forbids reads of what is present. */
	out->attrs.read = true;
	out->attrs.write = bit(raw, 1);
	out->attrs.user = bit(raw, 2);
	out->attrs.exec = out->attrs.exec_privileged = !bit(raw, 63);
	if (level == 0 || (level <= PDPTE_LEVEL && bit(raw, 7)))
		return decode_leaf(f, dev, raw, level, out);
	return decode_table(raw, level, out);
}

/* One table serves both makers: what either reserves is reserved. APM 5.3: PML4E, PML5E 8:7. */
static enum hw_fault decode_both(const struct hw_format *f, const struct hw_device *dev,
				 uint64_t raw, unsigned level, struct hw_item *out)
{
	enum hw_fault fault = decode(f, dev, raw, level, out);

	if (fault == HW_OK && level >= PML4E_LEVEL && bit(raw, 8))
		return HW_RESERVED;
	return fault;
}

/* Dirty tracking starts with dirty clear in whatever can become dirty. */
static bool promise(const struct hw_format *f, const struct hw_request *req, struct hw_attrs *out)
{
	(void)f;
	if (!req->read || req->force_coherence || req->encrypt)
		return false;
	*out = (struct hw_attrs){
		.read = true,
		.write = req->write,
		.exec = !req->noexec,
		.exec_privileged = !req->noexec,
		.user = true,
		.accessed = true,
		.dirty = req->write && !req->dirty_tracking,
		.type = req->mmio ? HW_DEVICE_MEMORY : HW_WRITE_BACK,
	};
	return true;
}

/* Sets A, and D for a write (SDM 4.8). */
static uint64_t touch(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 5;
	return write ? raw | UINT64_C(1) << 6 : raw;
}

/* PS is PAT at level 0; bit 12 of the address is PAT in a large leaf. */
static const struct hw_field x86_64_fields[] = {
	{ 63, 63, "XD" }, /* equivalent: off-1: no bit is above 63 */
	{ 51, 12, "Address" },
	{ 8, 8, "G" },
	{ 7, 7, "PS" },
	{ 6, 6, "D" },
	{ 5, 5, "A" },
	{ 4, 4, "PCD" },
	{ 3, 3, "PWT" },
	{ 2, 2, "U/S" },
	{ 1, 1, "R/W" },
	{ 0, 0, "P" },
	{ .name = NULL },
};

static const struct hw_field vtdfs_fields[] = {
	{ 63, 63, "XD" }, /* equivalent: off-1: no bit is above 63 */
	{ 51, 12, "Address" },
	{ 10, 10, "EA" },
	{ 8, 8, "G" },
	{ 7, 7, "PS" },
	{ 6, 6, "D" },
	{ 5, 5, "A" },
	{ 4, 4, "PCD" },
	{ 3, 3, "PWT" },
	{ 2, 2, "U/S" },
	{ 1, 1, "R/W" },
	{ 0, 0, "P" },
	{ .name = NULL },
};

/*
 * VT-d specification, section 3.6: first-stage addresses are canonical, whatever the width
 * of the aperture. So without an upper half the aperture ends where the lower half does.
 */
static enum hw_setup setup_canonical(const struct hw_format *f, const struct hw_device *dev)
{
	unsigned half_lg2 = hw_item_lg2(f, dev->level) + f->index_lg2 - 1U;

	return dev->sign_extend || dev->vasz_lg2 <= half_lg2 ? HW_POSSIBLE : HW_MEANINGLESS;
}

extern const struct hw_format hw_x86_64, hw_vtdfs;

const struct hw_format hw_x86_64 = {
	.name = "x86_64",
	.manual = "Intel SDM, volume 3, section 4.5, tables 4-14 to 4-20; "
		  "AMD64 APM, volume 2, section 5.3",
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top = 3,
	.max_top = 4,
	.max_vasz_lg2 = 57,
	.max_oasz_lg2 = 52,
	.max_pa_lg2 = 52,
	.can_sign_extend = true,
	.first_stage = true,
	.sizes = sizes,
	.decode = decode_both,
	.promise = promise,
	.touch = touch,
	.fields = x86_64_fields,
};

const struct hw_format hw_vtdfs = {
	.name = "vtdfs",
	.manual = "Intel VT-d Architecture Specification, section 9.7, First-Stage Paging Entries",
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top = 3,
	.max_top = 4,
	.max_vasz_lg2 = 57,
	.max_oasz_lg2 = 52,
	.max_pa_lg2 = 52,
	.can_sign_extend = true,
	.first_stage = true,
	.may_be_incoherent = true,
	.setup = setup_canonical,
	.sizes = sizes,
	.decode = decode,
	.promise = promise,
	.touch = touch,
	.fields = vtdfs_fields,
};
