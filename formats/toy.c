/*
 * toy: a software format of three levels of two items, small enough that tests can
 * try everything. There is no manual; oracle/hw_toy.c says the same from the other
 * side.
 */
#include "core/stamp.h"

#define P BIT(0)	       /* present; when clear, all else is ignored */
#define L BIT(1)	       /* leaf; clear: table pointer */
#define R BIT(2)	       /* leaf: may be read */
#define W BIT(3)	       /* leaf: may be written */
#define A BIT(4)	       /* leaf: accessed */
#define D BIT(5)	       /* leaf: dirty */
#define FLUSHED BIT(63)	       /* software's, in a table pointer: it is in memory */
/* equivalent: off-1, off-4: 51:20 and 11:6 are reserved, and never set */
#define LEAF_OA BITS(19, 12)
/* equivalent: off-4: likewise */
#define TABLE_PA BITS(51, 12)

static uint64_t toy_leaf_sizes(const struct pt_config *config, unsigned top_level)
{
	(void)config;
	return low_mask(13 + top_level) & ~low_mask(12);
}

static void toy_init(struct pt *pt, const struct pt_config *config)
{
	(void)config;
	pt->table_bits = P;
	pt->leaf_bits = P | L;
}

static bool toy_leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs)
{
	if (prot & ~(unsigned)(PT_READ | PT_WRITE | PT_CACHE | PT_MMIO))
		return false;
	*attrs = 0; /* equivalent: off-1: bit 0 is P */
	if (prot & PT_READ)
		*attrs |= R;
	if (prot & PT_WRITE)
		*attrs |= W;
	/* What is to be tracked starts untouched, all else as if it had been used. */
	if (!(prot & PT_WRITE))
		*attrs |= A;
	else if (!(pt->features & PT_DIRTY_TRACKING))
		*attrs |= A | D;
	return true;
}

static uint64_t toy_make_table(const struct pt *pt, uint64_t pa, unsigned level)
{
	(void)level;
	return pa | pt->table_bits;
}

static uint64_t toy_table_pa(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & TABLE_PA;
}

static uint64_t toy_make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2, unsigned level,
			      uint64_t attrs)
{
	(void)size_lg2;
	(void)level;
	return oa | pt->leaf_bits | attrs;
}

static unsigned toy_leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	(void)item;
	return 12 + level;
}

static uint64_t toy_leaf_oa(const struct pt *pt, uint64_t item, unsigned level)
{
	return item & LEAF_OA & ~low_mask(toy_leaf_lg2(pt, item, level));
}

static enum pt_kind toy_kind(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (!(item & P))
		return PT_EMPTY;
	if (item & L)
		return PT_LEAF;
	return level ? PT_TABLE : PT_EMPTY;
}

static uint64_t toy_leaf_attrs_of(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & (R | W | A | D);
}

static bool toy_leaf_is_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & D;
}

static bool toy_leaf_is_writable(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & W;
}

static uint64_t toy_make_clean(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ~D;
}

static uint64_t toy_make_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item | A | D;
}

static uint64_t toy_top_pa(const struct pt *pt, uint64_t pa)
{
	(void)pt;
	return pa;
}

static const struct pt_variant toy_variants[] = {
	{ "fixed", { .features = PT_FLUSH_RANGE, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20 } },
	{ "growing",
	  { .features = PT_FLUSH_RANGE | PT_DYNAMIC_TOP,
	    .vasz_lg2 = 15,
	    .top_level = 0,
	    .oasz_lg2 = 20 } },
};

PT_COMMANDS(none)

static const struct pt_fmt toy_fmt = {
	.name = "toy",
	.features = PT_DYNAMIC_TOP | PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE |
		    PT_DIRTY_TRACKING | PT_DMA_INCOHERENT | PT_DETAILED_GATHER | PT_NP_CACHE,
	.flushed_bit = FLUSHED,
	.granule_lg2 = 12,
	.index_lg2 = 1,
	.max_top_level = 2,
	.max_vasz_lg2 = 15,
	.max_oasz_lg2 = 20,
	.leaf_sizes = toy_leaf_sizes,
	.init = toy_init,
	.leaf_attrs = toy_leaf_attrs,
	.make_table = toy_make_table,
	.table_pa = toy_table_pa,
	.make_leaf = toy_make_leaf,
	.leaf_oa = toy_leaf_oa,
	.leaf_lg2 = toy_leaf_lg2,
	.kind = toy_kind,
	.leaf_attrs_of = toy_leaf_attrs_of,
	.leaf_is_dirty = toy_leaf_is_dirty,
	.leaf_is_writable = toy_leaf_is_writable,
	.make_clean = toy_make_clean,
	.make_dirty = toy_make_dirty,
	.top_pa = toy_top_pa,
	.encode = PT_ENCODE(none),
	.encode_entry = PT_ENCODE_ENTRY(none),
};

PT_STAMP(toy, toy_fmt)
