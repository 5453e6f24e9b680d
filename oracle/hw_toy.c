/*
 * The toy format as its hardware would read it: three levels of two items, small enough
 * to try everything. Ours, so this file is its manual.
 *
 *	63:52	ignored
 *	51:12	table pointer: PA of the next table, which is one level down
 *	51:20	leaf: must be zero
 *	19:12	leaf: OA, aligned to the leaf's size
 *	11:6	must be zero
 *	5	D dirty, 4 A accessed, 3 W write, 2 R read; must be zero in a table pointer
 *	1	L leaf; must be one at level 0
 *	0	P present; when zero everything else is ignored
 */
#include "oracle/hw.h"

#define OA_BITS	   UINT64_C(0x00000000000ff000)
#define PA_BITS	   UINT64_C(0x000ffffffffff000)
#define LEAF_RES0  UINT64_C(0x000ffffffff00fc0)
#define TABLE_RES0 UINT64_C(0x0000000000000ffc)

static bool bit(uint64_t raw, unsigned n)
{
	return raw >> n & 1;
}

static enum hw_fault decode_table(uint64_t raw, unsigned level, struct hw_item *out)
{
	if (level == 0)
		return HW_BAD_LEVEL;
	if (raw & TABLE_RES0)
		return HW_RESERVED;
	*out = (struct hw_item){
		.kind = HW_TABLE,
		.address = raw & PA_BITS,
		.next_level = (uint8_t)(level - 1),
		.attrs = { .read = true, .write = true, .exec = true,
			   .exec_privileged = true, .user = true },
	};
	return HW_OK;
}

static enum hw_fault decode_leaf(const struct hw_format *f, uint64_t raw, unsigned level,
				 struct hw_item *out)
{
	unsigned size_lg2 = hw_item_lg2(f, level);

	if (raw & LEAF_RES0)
		return HW_RESERVED;
	/* equivalent: off-3: OA_BITS has no bit 0 */
	if ((raw & OA_BITS) & ((UINT64_C(1) << size_lg2) - 1))
		return HW_MISALIGNED;
	*out = (struct hw_item){
		.kind = HW_LEAF,
		.address = raw & OA_BITS,
		.size_lg2 = (uint8_t)size_lg2,
		.attrs = {
			.exec = true,
			.exec_privileged = true,
			.user = true,
			.read = bit(raw, 2),
			.write = bit(raw, 3),
			.accessed = bit(raw, 4),
			.dirty = bit(raw, 5),
		},
	};
	return HW_OK;
}

static enum hw_fault decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			    unsigned level, struct hw_item *out)
{
	(void)dev; /* no C-bit */
	*out = (struct hw_item){ .kind = HW_EMPTY };
	if (!bit(raw, 0))
		return HW_NOT_PRESENT;
	if (!bit(raw, 1))
		return decode_table(raw, level, out);
	return decode_leaf(f, raw, level, out);
}

static uint64_t sizes(const struct hw_format *f, const struct hw_device *dev, unsigned level)
{
	(void)dev;
	return UINT64_C(1) << hw_item_lg2(f, level);
}

/* Dirty tracking starts with accessed and dirty clear in whatever can become dirty. */
static bool promise(const struct hw_format *f, const struct hw_request *req, struct hw_attrs *out)
{
	bool tracked = req->dirty_tracking && req->write;

	(void)f;
	if (req->noexec || req->force_coherence || req->encrypt)
		return false;
	*out = (struct hw_attrs){
		.exec = true,
		.exec_privileged = true,
		.user = true,
		.read = req->read,
		.write = req->write,
		.accessed = !tracked,
		.dirty = req->write && !tracked,
	};
	return true;
}

/* Sets A, and D for a write. */
static uint64_t touch(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 4;
	return write ? raw | UINT64_C(1) << 5 : raw;
}

static const struct hw_field fields[] = {
	{ 51, 12, "Address" },
	{ 5, 5, "D" },
	{ 4, 4, "A" },
	{ 3, 3, "W" },
	{ 2, 2, "R" },
	{ 1, 1, "L" },
	{ 0, 0, "P" },
	{ .name = NULL },
};

extern const struct hw_format hw_toy;

const struct hw_format hw_toy = {
	.name = "toy",
	.manual = "the first comment of oracle/hw_toy.c",
	.granule_lg2 = 12,
	.index_lg2 = 1,
	.min_top = 0,
	.max_top = 2,
	.max_vasz_lg2 = 15,
	.max_oasz_lg2 = 20,
	.max_pa_lg2 = 52,
	.grows = true,
	.sizes = sizes,
	.may_be_incoherent = true,
	.may_cache_not_present = true,
	.decode = decode,
	.promise = promise,
	.touch = touch,
	.fields = fields,
};
