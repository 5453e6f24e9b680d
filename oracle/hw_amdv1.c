/*
 * The AMD IOMMU v1 host page table as hardware reads it, and a mock of it whose granule
 * is 2K: a page smaller than the CPU's.
 *
 * AMD I/O Virtualization Technology (IOMMU) Specification, PID 48882, section "I/O Page
 * Tables for Host Translations". The manual counts modes from 1: its mode n is our level
 * n - 1.
 *
 *	63	ignored
 *	62	IW write permission, ANDed down the walk
 *	61	IR read permission, ANDed down the walk
 *	60	FC force coherent (leaf; reserved in a table pointer)
 *	59	U untranslated (leaf; reserved in a table pointer)
 *	58:52	reserved
 *	51:12	address, and in a leaf with NextLevel 7 its size
 *	11:9	NextLevel: 0 leaf, 1..6 table pointer, 7 leaf whose size is in the address
 *	8:7	ignored
 *	6	D dirty (leaf; ignored in a table pointer)
 *	5	A accessed
 *	4:1	ignored
 *	0	PR present; when zero everything else is ignored
 *
 * The mock differs in one thing: the address field counts its own granules, so it holds
 * address >> 11 of leaves and of tables, which stay 4K large.
 */
#include "oracle/hw.h"

#define NEXT_LEVEL_LEAF	      0
#define NEXT_LEVEL_SIZED_LEAF 7

/* Hardware erratum: the level whose default leaf is 512G cannot hold that leaf. */
#define BROKEN_DEFAULT_LG2 39

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

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b; /* equivalent: rel-1: of equals any */
}

/*
 * Every power of two from the level's item up to, not including, the next level's, of
 * which at least two fit the OAs. That leaves nothing for level 5.
 */
static uint64_t sizes(const struct hw_format *f, const struct hw_device *dev, unsigned level)
{
	unsigned item_lg2 = hw_item_lg2(f, level);
	unsigned end_lg2 = min(hw_item_lg2(f, level + 1), f->max_oasz_lg2);
	uint64_t all = low_bits(end_lg2) & ~low_bits(item_lg2);

	(void)dev;
	if (item_lg2 == BROKEN_DEFAULT_LG2)
		all &= ~(UINT64_C(1) << BROKEN_DEFAULT_LG2);
	return all;
}

/* The address field counts granules; n ones from its lowest bit: 2^(n + 1) granules. */
static unsigned coded_size_lg2(const struct hw_format *f, uint64_t address)
{
	unsigned lg2 = f->granule_lg2;

	while (bit(address, lg2))
		lg2++;
	return lg2 + 1;
}

static enum hw_fault decode_table(uint64_t raw, unsigned level, struct hw_item *out)
{
	unsigned next_level = (unsigned)bits(raw, 11, 9) - 1;

	if (bit(raw, 59) || bit(raw, 60))
		return HW_RESERVED;
	if (next_level >= level)
		return HW_BAD_LEVEL;
	out->kind = HW_TABLE;
	out->next_level = (uint8_t)next_level;
	return HW_OK;
}

static enum hw_fault decode_leaf(const struct hw_format *f, const struct hw_device *dev,
				 uint64_t raw, unsigned level, struct hw_item *out)
{
	bool sized = bits(raw, 11, 9) == NEXT_LEVEL_SIZED_LEAF;
	unsigned item_lg2 = hw_item_lg2(f, level), size_lg2 = item_lg2;

	if (sized)
		size_lg2 = coded_size_lg2(f, out->address);
	if (!bit(sizes(f, dev, level), size_lg2))
		return HW_BAD_SIZE;
	/* The default size is written with NextLevel 0 only. */
	if (sized && size_lg2 == item_lg2)
		return HW_BAD_SIZE;
	if (!sized && out->address & low_bits(size_lg2))
		return HW_MISALIGNED;
	out->kind = HW_LEAF;
	out->address &= ~low_bits(size_lg2);
	out->size_lg2 = (uint8_t)size_lg2;
	out->attrs.accessed = bit(raw, 5);
	out->attrs.dirty = bit(raw, 6);
	out->attrs.untranslated = bit(raw, 59);
	out->attrs.coherent = bit(raw, 60);
	return HW_OK;
}

static enum hw_fault decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			    unsigned level, struct hw_item *out)
{
	uint64_t next_level = bits(raw, 11, 9);

	*out = (struct hw_item){ .kind = HW_EMPTY };
	if (!bit(raw, 0))
		return HW_NOT_PRESENT;
	if (bits(raw, 58, 52))
		return HW_RESERVED;
	/* equivalent: off-1: bit 52 is zero */
	out->address = bits(raw, 51, 12) << f->granule_lg2;
	/* Neither execution nor privilege is known here: both are always allowed. */
	out->attrs.exec = out->attrs.exec_privileged = out->attrs.user = true;
	out->attrs.read = bit(raw, 61);
	out->attrs.write = bit(raw, 62);
	/* Before the size is read: the C-bit is no size bit. */
	if (dev->encrypt_bit && bit(out->address, dev->encrypt_bit)) {
		out->attrs.encrypted = true;
		out->address ^= UINT64_C(1) << dev->encrypt_bit;
	}
	if (next_level == NEXT_LEVEL_LEAF || next_level == NEXT_LEVEL_SIZED_LEAF)
		return decode_leaf(f, dev, raw, level, out);
	return decode_table(raw, level, out);
}

/* Dirty tracking starts with accessed and dirty clear in whatever can become dirty. */
static bool promise(const struct hw_format *f, const struct hw_request *req, struct hw_attrs *out)
{
	bool tracked = req->dirty_tracking && req->write;

	(void)f;
	if (req->noexec)
		return false;
	*out = (struct hw_attrs){
		.read = req->read,
		.exec = true,
		.exec_privileged = true,
		.user = true,
		.write = req->write,
		.accessed = !tracked,
		.dirty = req->write && !tracked,
		.coherent = req->force_coherence,
		.encrypted = req->encrypt && !req->mmio,
	};
	return true;
}

/* With host accessed and dirty updates on: sets A, and D for a write. */
static uint64_t touch(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 5;
	return write ? raw | UINT64_C(1) << 6 : raw;
}

static const struct hw_field fields[] = {
	{ 62, 62, "IW" },
	{ 61, 61, "IR" },
	{ 60, 60, "FC" },
	{ 59, 59, "U" },
	{ 51, 12, "Address" },
	{ 11, 9, "NextLevel" },
	{ 6, 6, "D" },
	{ 5, 5, "A" },
	{ 0, 0, "PR" },
	{ .name = NULL },
};

static const char manual[] = "AMD I/O Virtualization Technology (IOMMU) Specification, "
			     "PID 48882, I/O Page Tables for Host Translations";

extern const struct hw_format hw_amdv1, hw_amdv1_mock;

const struct hw_format hw_amdv1 = {
	.name = "amdv1",
	.manual = manual,
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top = 0,
	.max_top = 5,
	.max_vasz_lg2 = 64,
	.max_oasz_lg2 = 52,
	.max_pa_lg2 = 52,
	.encrypt_lo = 32,
	.encrypt_hi = 51,
	.grows = true,
	.forces_coherence = true,
	.may_cache_not_present = true,
	.sizes = sizes,
	.decode = decode,
	.promise = promise,
	.touch = touch,
	.fields = fields,
};

/* Ours: no hardware reads it. */
const struct hw_format hw_amdv1_mock = {
	.name = "amdv1_mock",
	.manual = manual,
	.granule_lg2 = 11,
	.index_lg2 = 9,
	.min_top = 0,
	.max_top = 4,
	.max_vasz_lg2 = 56,
	.max_oasz_lg2 = 51,
	.max_pa_lg2 = 51,
	.encrypt_lo = 32,
	.encrypt_hi = 50,
	.grows = true,
	.forces_coherence = true,
	.may_cache_not_present = true,
	.sizes = sizes,
	.decode = decode,
	.promise = promise,
	.touch = touch,
	.fields = fields,
};
