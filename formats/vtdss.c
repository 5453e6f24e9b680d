/*
 * vtdss: the second stage of Intel VT-d.
 *
 * Intel VT-d Architecture Specification, "Second-Stage Translation" and "Second-Stage
 * Paging Entries". There is no present bit: an entry that allows neither reads nor
 * writes is not present, and empty here is an item of zeros.
 */
#include "core/stamp.h"

#define R BIT(0)	  /* reads; ANDed down the walk */
#define W BIT(1)	  /* writes; ANDed down the walk */
#define PS BIT(7)	  /* in an SS-PDE or SS-PDPE: a leaf */
#define A BIT(8)	  /* accessed */
#define D BIT(9)	  /* dirty, in a leaf */
#define SNP BIT(11)	  /* leaf: snoop, whatever the device asks for */
/* equivalent: off-4: 11 is reserved in a pointer, and below the address of any leaf */
#define ADDRESS BITS(51, 12)
#define FLUSHED BIT(52)	  /* 61:52 are ignored; a table pointer is in memory */

static uint64_t vtdss_leaf_sizes(const struct pt_config *config, unsigned top_level)
{
	(void)config;
	(void)top_level; /* the lowest there is holds all */
	return BIT(12) | BIT(21) | BIT(30);
}

static void vtdss_init(struct pt *pt, const struct pt_config *config)
{
	pt->table_bits = R | W;
	pt->leaf_bits = A;
	if (config->features & PT_FORCE_COHERENCE)
		pt->leaf_bits |= SNP;
}

static bool vtdss_leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs)
{
	/* Execute permission is not supported by the hardware this is for. */
	if (prot & ~(unsigned)(PT_READ | PT_WRITE | PT_CACHE | PT_MMIO))
		return false;
	*attrs = 0;
	if (prot & PT_READ)
		*attrs |= R;
	if (prot & PT_WRITE)
		*attrs |= pt->features & PT_DIRTY_TRACKING ? W : W | D;
	return true;
}

static uint64_t vtdss_make_table(const struct pt *pt, uint64_t pa, unsigned level)
{
	(void)level;
	return pt->table_bits | pa;
}

static uint64_t vtdss_table_pa(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ADDRESS;
}

static uint64_t vtdss_make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2,
				unsigned level, uint64_t attrs)
{
	(void)size_lg2;
	return pt->leaf_bits | attrs | oa | (level ? PS : 0);
}

static unsigned vtdss_leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	(void)item;
	return 12 + 9 * level;
}

static uint64_t vtdss_leaf_oa(const struct pt *pt, uint64_t item, unsigned level)
{
	return item & ADDRESS & ~low_mask(vtdss_leaf_lg2(pt, item, level));
}

static uint64_t vtdss_leaf_attrs_of(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & (R | W | D);
}

static bool vtdss_leaf_is_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & D;
}

static bool vtdss_leaf_is_writable(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & W;
}

static uint64_t vtdss_make_clean(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ~D;
}

static uint64_t vtdss_make_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item | A | D;
}

static enum pt_kind vtdss_kind(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (!(item & (R | W)))
		return PT_EMPTY;
	return level == 0 || (item & PS) ? PT_LEAF : PT_TABLE;
}

static uint64_t vtdss_top_pa(const struct pt *pt, uint64_t pa)
{
	(void)pt;
	return pa;
}

#define VARIANT(text, va, top)                                                                 \
	{                                                                                      \
		text,                                                                          \
		{                                                                              \
			.features = PT_FLUSH_RANGE, .vasz_lg2 = (va), .top_level = (top),      \
			.oasz_lg2 = 52                                                         \
		}                                                                              \
	}

static const struct pt_variant vtdss_variants[] = {
	VARIANT("4-level", 48, 3),
	VARIANT("3-level", 39, 2),
	VARIANT("5-level", 57, 4),
	/* Hardware that supports only four levels, with a maximum guest width of 39 bits. */
	VARIANT("4-level-39", 39, 3),
};

PT_COMMANDS(vtd)

static const struct pt_fmt vtdss_fmt = {
	.name = "vtdss",
	.features = PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_COHERENCE |
		    PT_FORCE_WRITEABLE | PT_DIRTY_TRACKING | PT_DMA_INCOHERENT |
		    PT_DETAILED_GATHER | PT_NP_CACHE,
	.flushed_bit = FLUSHED,
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top_level = 2,
	.max_top_level = 4,
	.max_vasz_lg2 = 57,
	.max_oasz_lg2 = 52,
	.leaf_sizes = vtdss_leaf_sizes,
	.init = vtdss_init,
	.leaf_attrs = vtdss_leaf_attrs,
	.make_table = vtdss_make_table,
	.table_pa = vtdss_table_pa,
	.make_leaf = vtdss_make_leaf,
	.leaf_oa = vtdss_leaf_oa,
	.leaf_lg2 = vtdss_leaf_lg2,
	.kind = vtdss_kind,
	.leaf_attrs_of = vtdss_leaf_attrs_of,
	.leaf_is_dirty = vtdss_leaf_is_dirty,
	.leaf_is_writable = vtdss_leaf_is_writable,
	.make_clean = vtdss_make_clean,
	.make_dirty = vtdss_make_dirty,
	.top_pa = vtdss_top_pa,
	.encode = PT_ENCODE(vtd),
	.encode_entry = PT_ENCODE_ENTRY(vtd),
};

PT_STAMP(vtdss, vtdss_fmt)
