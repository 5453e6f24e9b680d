/*
 * The RISC-V page tables Sv39, Sv48 and Sv57 and their second-stage forms Sv39x4, Sv48x4
 * and Sv57x4, as a RISC-V IOMMU reads them.
 *
 * The RISC-V Instruction Set Manual, Volume II: Privileged Architecture, sections "Sv39",
 * "Sv48", "Sv57" (the entry), "Virtual Address Translation Process" (the order of faults),
 * "Svnapot", "Svpbmt", and of the hypervisor extension "Two-Stage Address Translation" (x4).
 * RISC-V IOMMU Architecture Specification: iosatp points at a first-stage root, iohgatp
 * at a second-stage root.
 *
 *	63	N leaf of 64K (leaf of level 0 with Svnapot; else reserved)
 *	62:61	PBMT memory type (leaf with Svpbmt; else reserved): 0 PMA, 1 NC, 2 IO,
 *		3 reserved
 *	60:54	reserved
 *	53:10	PPN address >> 12
 *	9:8	RSW ignored
 *	7	D dirty (leaf; reserved in a table pointer); clear, a write faults
 *	6	A accessed (leaf; reserved in a table pointer); clear, any access faults
 *	5	G global (leaf; in a table pointer, of all below it: ignored here)
 *	4	U user (leaf; reserved in a table pointer)
 *	3	X execute
 *	2	W write; without R reserved
 *	1	R read; R = W = X = 0: table pointer
 *	0	V valid; when zero everything else is ignored
 *
 * A device's access is a user's: without a process id, and with one unless it asks for
 * privilege. The second stage takes every access for a user's.
 *
 * Hardware with AMO_HWAD, where the device entry lets it (tc.SADE, tc.GADE), sets A and D
 * instead of faulting: hw_device.sets_dirty. Not modelled: Svrsw60t59b.
 */
#include "oracle/hw.h"

/* Svnapot: the only encoding is PPN[3:0] = 1000b, which is not address. */
#define NAPOT_LG2  16
#define NAPOT_CODE 8

enum { PBMT_PMA, PBMT_NC, PBMT_IO, PBMT_RESERVED };

static uint64_t low_bits(unsigned n)
{
	return (UINT64_C(1) << n) - 1;
}

static uint64_t bits(uint64_t raw, unsigned hi, unsigned lo)
{
	return raw >> lo & low_bits(hi - lo + 1);
}

static bool bit(uint64_t raw, unsigned n)
{
	return raw >> n & 1;
}

/* Second stage: the root is four tables in one of 16K, aligned to its size. */
static unsigned root_lg2(const struct hw_format *f, const struct hw_device *dev)
{
	return dev->second_stage ? f->index_lg2 + 2 : f->index_lg2;
}

/*
 * First-stage VAs are canonical in every mode, second-stage VAs are zero-extended.
 * Hardware has no narrower aperture than the root's reach; software may keep to one.
 */
static enum hw_setup setup(const struct hw_format *f, const struct hw_device *dev)
{
	unsigned reach_lg2 = hw_item_lg2(f, dev->level) + root_lg2(f, dev);

	if (dev->sign_extend == dev->second_stage || dev->vasz_lg2 > reach_lg2)
		return HW_MEANINGLESS;
	return HW_POSSIBLE;
}

static uint64_t sizes(const struct hw_format *f, const struct hw_device *dev, unsigned level)
{
	uint64_t all;

	if (level > dev->level)
		return 0;
	all = UINT64_C(1) << hw_item_lg2(f, level);
	if (level == 0 && dev->napot)
		all |= UINT64_C(1) << NAPOT_LG2;
	return all;
}

/* Nothing of a table pointer restricts what is below it. */
static enum hw_fault decode_table(uint64_t raw, unsigned level, struct hw_item *out)
{
	if (bit(raw, 4) || bit(raw, 6) || bit(raw, 7))
		return HW_RESERVED;
	/* Also where Svnapot and Svpbmt give them a meaning in leaves. */
	if (bits(raw, 63, 61)) /* equivalent: off-1, off-4: bit 60 is zero, and none is above 63 */
		return HW_RESERVED;
	if (level == 0)
		return HW_BAD_LEVEL;
	out->kind = HW_TABLE;
	out->next_level = (uint8_t)(level - 1);
	out->attrs.read = out->attrs.write = true;
	out->attrs.exec = out->attrs.exec_privileged = out->attrs.user = true;
	return HW_OK;
}

/* Svpbmt: PMA leaves it to the platform, for which memory is cached. */
static enum hw_memory_type memory_type(const struct hw_device *dev, uint64_t raw)
{
	static const enum hw_memory_type types[] = {
		[PBMT_PMA] = HW_WRITE_BACK,
		[PBMT_NC] = HW_UNCACHED,
		[PBMT_IO] = HW_DEVICE_MEMORY,
		[PBMT_RESERVED] = HW_MEMORY_UNSAID,
	};

	return dev->memory_types ? types[bits(raw, 62, 61)] : HW_MEMORY_UNSAID;
}

static enum hw_fault decode_leaf(const struct hw_format *f, const struct hw_device *dev,
				 uint64_t raw, unsigned level, struct hw_item *out)
{
	unsigned size_lg2 = hw_item_lg2(f, level);

	if (bit(raw, 63)) {
		if (level != 0)
			return HW_BAD_SIZE;
		if (bits(raw, 13, 10) != NAPOT_CODE)
			return HW_RESERVED;
		size_lg2 = NAPOT_LG2;
		out->address &= ~low_bits(NAPOT_LG2);
	}
	if (out->address & low_bits(size_lg2))
		return HW_MISALIGNED;
	out->kind = HW_LEAF;
	out->size_lg2 = (uint8_t)size_lg2;
	out->attrs.read = bit(raw, 1);
	/* What is clean may not be written, but by hardware that makes it dirty. */
	out->attrs.write = bit(raw, 2) && (bit(raw, 7) || dev->sets_dirty);
	out->attrs.exec = out->attrs.exec_privileged = bit(raw, 3);
	out->attrs.global = bit(raw, 5);
	out->attrs.user = bit(raw, 4);
	out->attrs.accessed = bit(raw, 6);
	out->attrs.dirty = bit(raw, 7);
	out->attrs.type = (uint8_t)memory_type(dev, raw);
	return bit(raw, 6) || dev->sets_dirty ? HW_OK : HW_ACCESS_FLAG;
}

static enum hw_fault decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			    unsigned level, struct hw_item *out)
{
	uint64_t pbmt = bits(raw, 62, 61);

	*out = (struct hw_item){ .kind = HW_EMPTY };
	if (!bit(raw, 0))
		return HW_NOT_PRESENT;
	if (bits(raw, 60, 54))
		return HW_RESERVED;
	if (dev->memory_types ? pbmt == PBMT_RESERVED : pbmt != 0)
		return HW_RESERVED;
	if (bit(raw, 63) && !dev->napot)
		return HW_RESERVED;
	if (bit(raw, 2) && !bit(raw, 1))
		return HW_RESERVED;
	/* equivalent: off-1: bit 54 is zero */
	out->address = bits(raw, 53, 10) << f->granule_lg2;
	if (!bits(raw, 3, 1))
		return decode_table(raw, level, out);
	return decode_leaf(f, dev, raw, level, out);
}

static enum hw_memory_type promised_type(const struct hw_request *req)
{
	if (!req->memory_types)
		return HW_MEMORY_UNSAID;
	if (req->mmio)
		return HW_DEVICE_MEMORY;
	return req->cache ? HW_WRITE_BACK : HW_UNCACHED;
}

/*
 * W needs R. Dirty tracking starts with D clear in whatever can become dirty; A is set
 * from the start: without it an access faults.
 */
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
		.type = (uint8_t)promised_type(req),
	};
	return true;
}

/* With AMO_HWAD, and SADE or GADE on: sets A, and D for a write. */
static uint64_t touch(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 6;
	return write ? raw | UINT64_C(1) << 7 : raw;
}

static const struct hw_field fields[] = {
	{ 63, 63, "N" }, /* equivalent: off-1: no bit is above 63 */
	{ 62, 61, "PBMT" },
	{ 53, 10, "PPN" },
	{ 9, 8, "RSW" },
	{ 7, 7, "D" },
	{ 6, 6, "A" },
	{ 5, 5, "G" },
	{ 4, 4, "U" },
	{ 3, 3, "X" },
	{ 2, 2, "W" },
	{ 1, 1, "R" },
	{ 0, 0, "V" },
	{ .name = NULL },
};

extern const struct hw_format hw_riscv64;

const struct hw_format hw_riscv64 = {
	.name = "riscv64",
	.manual = "RISC-V Privileged Architecture, Sv39, Sv48, Sv57, Svnapot, Svpbmt, Two-Stage "
		  "Address Translation; RISC-V IOMMU Architecture Specification",
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top = 2,
	.max_top = 4,
	.max_vasz_lg2 = 59,
	.max_oasz_lg2 = 56,
	.max_pa_lg2 = 56,
	.can_sign_extend = true,
	.can_second_stage = true,
	.can_napot = true,
	.can_memory_types = true,
	.sizes = sizes,
	.root_lg2 = root_lg2,
	.setup = setup,
	.may_be_incoherent = true,
	.first_stage = true, /* but for can_second_stage */
	.decode = decode,
	.promise = promise,
	.touch = touch,
	.fields = fields,
};
