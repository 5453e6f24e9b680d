/*
 * The VT-d second-stage page table of 3, 4 or 5 levels as hardware reads it.
 *
 * Intel Virtualization Technology for Directed I/O, Architecture Specification, revision
 * 3.2 and later, sections 3.7 "Second-Stage Translation" and 9.8 "Second-Stage Paging
 * Entries". An SS-PTE is an item of our level 0, an SS-PML5E of our level 4. A device's
 * vasz_lg2 is the MGAW: wider addresses fault whatever the levels.
 *
 *	63	ignored
 *	62	reserved (until revision 3.1: TM transient mapping, of leaves)
 *	61:52	ignored
 *	51:12	address; in a large leaf only the bits from its size up are:
 *	20:12	reserved in a 2M leaf
 *	29:12	reserved in a 1G leaf
 *	11	SNP accesses are snooped (leaf; reserved in a table pointer)
 *	10	ignored
 *	9	D dirty (leaf; ignored in a table pointer)
 *	8	A accessed
 *	7	PS: an SS-PDE or SS-PDPTE with it is a leaf; SS-PML4E and SS-PML5E reserve it;
 *		ignored in an SS-PTE
 *	6	IPAT, 5:3 EMT (leaf; read in nested use only; ignored in a table pointer)
 *	2	X: ignored where execute requests are not supported
 *	1	W write permission, ANDed down the walk
 *	0	R read permission, ANDed down the walk
 *
 * There is no present bit: when R and W are zero everything else is ignored. The hardware
 * has snoop control, accessed and dirty bits, 2M and 1G leaves, and no support for execute
 * requests. Its HAW is oasz_lg2 for what a leaf leads to, and 52 for tables: hardware has one
 * width for both, but only so can a table lie at any PA that the field can hold.
 */
#include "oracle/hw.h"

/* Level of SS-PDPTE: no leaf is larger than 1G. */
#define PDPTE_LEVEL 2

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

static enum hw_fault decode_table(uint64_t raw, unsigned level, struct hw_item *out)
{
	if (bit(raw, 7) || bit(raw, 11))
		return HW_RESERVED;
	out->kind = HW_TABLE;
	out->address = bits(raw, 51, 12) << 12;
	out->next_level = (uint8_t)(level - 1);
	return HW_OK;
}

static enum hw_fault decode_leaf(const struct hw_format *f, const struct hw_device *dev,
				 uint64_t raw, unsigned level, struct hw_item *out)
{
	unsigned size_lg2 = hw_item_lg2(f, level);

	/* None at level 0. */
	if (bits(raw, size_lg2 - 1, 12))
		return HW_RESERVED;
	out->kind = HW_LEAF;
	out->address = bits(raw, 51, size_lg2) << size_lg2;
	if (out->address >> dev->oasz_lg2)
		return HW_RESERVED;
	out->size_lg2 = (uint8_t)size_lg2;
	out->attrs.accessed = bit(raw, 8);
	out->attrs.dirty = bit(raw, 9);
	out->attrs.coherent = bit(raw, 11);
	return HW_OK;
}

static enum hw_fault decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			    unsigned level, struct hw_item *out)
{
	*out = (struct hw_item){ .kind = HW_EMPTY };
	if (!bit(raw, 0) && !bit(raw, 1))
		return HW_NOT_PRESENT;
	if (bit(raw, 62))
		return HW_RESERVED;
	/* Neither execution nor privilege is known here: both are always allowed. */
	out->attrs.exec = out->attrs.exec_privileged = out->attrs.user = true;
	out->attrs.read = bit(raw, 0);
	out->attrs.write = bit(raw, 1);
	if (level == 0 || (level <= PDPTE_LEVEL && bit(raw, 7)))
		return decode_leaf(f, dev, raw, level, out);
	return decode_table(raw, level, out);
}

/* Dirty tracking starts with dirty clear in whatever can become dirty. */
static bool promise(const struct hw_format *f, const struct hw_request *req, struct hw_attrs *out)
{
	(void)f;
	/* No access at all would be not present. */
	if (!req->read && !req->write)
		return false;
	if (req->noexec || req->encrypt)
		return false;
	*out = (struct hw_attrs){
		.read = req->read,
		.write = req->write,
		.exec = true,
		.exec_privileged = true,
		.user = true,
		.accessed = true,
		.dirty = req->write && !req->dirty_tracking,
		.coherent = req->force_coherence,
	};
	return true;
}

/* With SSADE: sets A, and D for a write. */
static uint64_t touch(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 8;
	return write ? raw | UINT64_C(1) << 9 : raw;
}

static const struct hw_field fields[] = {
	{ 62, 62, "TM" },
	{ 51, 12, "Address" },
	{ 11, 11, "SNP" },
	{ 9, 9, "D" },
	{ 8, 8, "A" },
	{ 7, 7, "PS" },
	{ 6, 6, "IPAT" },
	{ 5, 3, "EMT" },
	{ 2, 2, "X" },
	{ 1, 1, "W" },
	{ 0, 0, "R" },
	{ .name = NULL },
};

extern const struct hw_format hw_vtdss;

const struct hw_format hw_vtdss = {
	.name = "vtdss",
	.manual = "Intel VT-d Architecture Specification, revision 3.2, section 9.8, "
		  "Second-Stage Paging Entries",
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top = 2,
	.max_top = 4,
	.max_vasz_lg2 = 57,
	.max_oasz_lg2 = 52,
	.max_pa_lg2 = 52,
	.forces_coherence = true,
	.limits_va = true,
	.sizes = sizes,
	.may_be_incoherent = true,
	.may_cache_not_present = true,
	.decode = decode,
	.promise = promise,
	.touch = touch,
	.fields = fields,
};
