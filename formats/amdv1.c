/*
 * amdv1: the AMD IOMMU's host page table, and amdv1_mock, the same with a granule
 * of 2K, smaller than any CPU's page.
 *
 * AMD I/O Virtualization Technology (IOMMU) Specification, PID 48882, "I/O Page
 * Tables for Host Translations": page directory entry and page table entry. The
 * table of the manual's mode n is a table of level n-1 here.
 */
#include "core/stamp.h"

#define PR BIT(0)	  /* present; when clear, all else is ignored */
#define A BIT(5)	  /* accessed */
#define D BIT(6)	  /* dirty, in a leaf */
#define NEXT_LEVEL_SHIFT 9
#define NEXT_LEVEL BITS(11, 9)
/* equivalent: off-1: bit 52 is reserved, and never set */
#define ADDRESS BITS(51, 12) /* equivalent: off-4: below 12 all users clear or set */
#define FC BIT(60)	  /* leaf: force coherent accesses */
#define IR BIT(61)	  /* reads; ANDed down the walk */
#define IW BIT(62)	  /* writes; ANDed down the walk */

/* NextLevel 0: a leaf of the level's own size; 7: its size is in the address; else a table. */
#define DEFAULT_SIZE UINT64_C(0)
#define CODED_SIZE UINT64_C(7)

/* Hardware has an erratum with leaves of 512G: they are never written. */
#define AMDV1_SIZES (BITS(51, 12) & ~BIT(39))
#define AMDV1_MOCK_SIZES BITS(50, 11)

/* The address field begins at bit 12 whatever the granule: addresses are shifted to it. */
#define FIELD_SHIFT(granule_lg2) (12 - (granule_lg2))

static inline uint64_t sizes_up_to(uint64_t sizes, unsigned granule_lg2, unsigned top_level)
{
	/* The largest run of a level is half of the next level's item; level 5 has no leaves. */
	return sizes & low_mask(granule_lg2 + 9 * (top_level + 1));
}

static inline void set_bits(struct pt *pt, const struct pt_config *config, unsigned granule_lg2)
{
	pt->table_bits = PR | IR | IW;
	pt->leaf_bits = PR;
	if (config->features & PT_FORCE_COHERENCE)
		pt->leaf_bits |= FC;
	if (config->features & PT_ENCRYPT_TABLES) {
		pt->memory_bits = BIT(config->encrypt_bit) << FIELD_SHIFT(granule_lg2);
		pt->table_bits |= pt->memory_bits;
	}
}

static bool amdv1_leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs)
{
	/* There is no execute permission to take away. Devices are coherent: CACHE needs no bit. */
	if (prot & ~(unsigned)(PT_READ | PT_WRITE | PT_CACHE | PT_MMIO))
		return false;
	*attrs = 0; /* equivalent: off-1: bit 0 is PR */
	if (prot & PT_READ)
		*attrs |= IR;
	if (prot & PT_WRITE)
		*attrs |= IW;
	/* What is to be tracked starts untouched, all else as if it had been used. */
	if (!(prot & PT_WRITE))
		*attrs |= A;
	else if (!(pt->features & PT_DIRTY_TRACKING))
		*attrs |= A | D;
	if (!(prot & PT_MMIO))
		*attrs |= pt->memory_bits;
	return true;
}

static inline uint64_t make_table(const struct pt *pt, uint64_t pa, unsigned level,
				  unsigned granule_lg2)
{
	return pt->table_bits | (uint64_t)(level + 1) << NEXT_LEVEL_SHIFT |
	       pa << FIELD_SHIFT(granule_lg2);
}

static inline uint64_t table_pa(const struct pt *pt, uint64_t item, unsigned granule_lg2)
{
	/* Tables are 4K: a 2K granule's field has one bit more than a PA of a table needs. */
	/* equivalent: off-2: and that bit is never set */
	return (item & ADDRESS & ~pt->memory_bits) >> FIELD_SHIFT(granule_lg2) & ~low_mask(12);
}

/* A coded size: ones from bit 12 on, and a zero at half the size. */
static inline uint64_t make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2,
				 unsigned level, uint64_t attrs, unsigned granule_lg2)
{
	uint64_t item = pt->leaf_bits | attrs | oa << FIELD_SHIFT(granule_lg2);
	unsigned field_lg2 = size_lg2 + FIELD_SHIFT(granule_lg2);

	if (size_lg2 == granule_lg2 + 9 * level)
		return item | DEFAULT_SIZE << NEXT_LEVEL_SHIFT;
	/* equivalent: off-4: bit 11 is of CODED_SIZE */
	return item | CODED_SIZE << NEXT_LEVEL_SHIFT | (low_mask(field_lg2 - 1) & ~low_mask(12));
}

static inline unsigned leaf_lg2(const struct pt *pt, uint64_t item, unsigned level,
				unsigned granule_lg2)
{
	if ((item & NEXT_LEVEL) != CODED_SIZE << NEXT_LEVEL_SHIFT)
		return granule_lg2 + 9 * level;
	/* Bit 52 and up are not address: a field of ones ends there. */
	item = (item & ADDRESS & ~pt->memory_bits) | low_mask(12);
	return align_lg2(~item) + 1 - FIELD_SHIFT(granule_lg2);
}

static inline uint64_t leaf_oa(const struct pt *pt, uint64_t item, unsigned level,
			       unsigned granule_lg2)
{
	uint64_t oa = (item & ADDRESS & ~pt->memory_bits) >> FIELD_SHIFT(granule_lg2);

	return oa & ~low_mask(leaf_lg2(pt, item, level, granule_lg2));
}

static uint64_t amdv1_leaf_attrs_of(const struct pt *pt, uint64_t item)
{
	return item & (A | D | IR | IW | pt->memory_bits);
}

static bool amdv1_leaf_is_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & D;
}

static bool amdv1_leaf_is_writable(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & IW;
}

static uint64_t amdv1_make_clean(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ~D;
}

static uint64_t amdv1_make_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item | A | D;
}

static enum pt_kind amdv1_kind(const struct pt *pt, uint64_t item, unsigned level)
{
	uint64_t next_level = (item & NEXT_LEVEL) >> NEXT_LEVEL_SHIFT;

	(void)pt;
	if (!(item & PR))
		return PT_EMPTY;
	if (next_level == DEFAULT_SIZE || next_level == CODED_SIZE)
		return PT_LEAF;
	return level ? PT_TABLE : PT_EMPTY;
}

/* The device table entry holds the root's address with the C-bit, like any table pointer. */
static inline uint64_t top_pa(const struct pt *pt, uint64_t pa, unsigned granule_lg2)
{
	return pa | pt->memory_bits >> FIELD_SHIFT(granule_lg2);
}

/* What a granule fixes at build time: the hooks, the limits, the variants. */
#define AMDV1_HOOKS(name, granule, sizes)                                                         \
	static uint64_t name##_leaf_sizes(const struct pt_config *config, unsigned top_level)                  \
	{                                                                                         \
		(void)config;                                                                   \
		return sizes_up_to(sizes, granule, top_level);                                    \
	}                                                                                         \
	static void name##_init(struct pt *pt, const struct pt_config *config)                    \
	{                                                                                         \
		set_bits(pt, config, granule);                                                    \
	}                                                                                         \
	static uint64_t name##_make_table(const struct pt *pt, uint64_t pa, unsigned level)       \
	{                                                                                         \
		return make_table(pt, pa, level, granule);                                        \
	}                                                                                         \
	static uint64_t name##_table_pa(const struct pt *pt, uint64_t item)                       \
	{                                                                                         \
		return table_pa(pt, item, granule);                                               \
	}                                                                                         \
	static uint64_t name##_make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2,     \
					 unsigned level, uint64_t attrs)                          \
	{                                                                                         \
		return make_leaf(pt, oa, size_lg2, level, attrs, granule);                        \
	}                                                                                         \
	static unsigned name##_leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)       \
	{                                                                                         \
		return leaf_lg2(pt, item, level, granule);                                        \
	}                                                                                         \
	static uint64_t name##_leaf_oa(const struct pt *pt, uint64_t item, unsigned level)        \
	{                                                                                         \
		return leaf_oa(pt, item, level, granule);                                         \
	}                                                                                         \
	static uint64_t name##_top_pa(const struct pt *pt, uint64_t pa)                           \
	{                                                                                         \
		return top_pa(pt, pa, granule);                                                   \
	}

#define AMDV1_FMT(stamp, granule, top, va, oa, encrypt)                                           \
	{                                                                                         \
		.name = #stamp,                                                                   \
		.features = PT_DYNAMIC_TOP | PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS |            \
			    PT_FORCE_COHERENCE | PT_ENCRYPT_TABLES | PT_FORCE_WRITEABLE |         \
			    PT_DIRTY_TRACKING | PT_DETAILED_GATHER | PT_NP_CACHE |                \
			    ((va) == 64 ? PT_FULL_VA : 0),                                        \
		.granule_lg2 = (granule), .index_lg2 = 9, .max_top_level = (top),                 \
		.max_vasz_lg2 = (va), .max_oasz_lg2 = (oa), .min_encrypt_bit = 32,                \
		.max_encrypt_bit = (encrypt), .leaf_sizes = stamp##_leaf_sizes,                   \
		.init = stamp##_init, .leaf_attrs = amdv1_leaf_attrs,                             \
		.make_table = stamp##_make_table, .table_pa = stamp##_table_pa,                   \
		.make_leaf = stamp##_make_leaf, .leaf_oa = stamp##_leaf_oa,                       \
		.leaf_lg2 = stamp##_leaf_lg2, .kind = amdv1_kind,                                 \
		.leaf_attrs_of = amdv1_leaf_attrs_of,                                             \
		.leaf_is_dirty = amdv1_leaf_is_dirty, .leaf_is_writable = amdv1_leaf_is_writable, \
		.make_clean = amdv1_make_clean, .make_dirty = amdv1_make_dirty,                   \
		.top_pa = stamp##_top_pa, .encode = PT_ENCODE(amd),                               \
		.encode_entry = PT_ENCODE_ENTRY(amd),                                             \
	}

#define GROWING (PT_FLUSH_RANGE | PT_DYNAMIC_TOP)
#define VARIANT(text, flags, va, top, oa)                                                         \
	{                                                                                         \
		text,                                                                             \
		{                                                                                 \
			.features = (flags), .vasz_lg2 = (va), .top_level = (top),                \
			.oasz_lg2 = (oa)                                                          \
		}                                                                                 \
	}

static const struct pt_variant amdv1_variants[] = {
	VARIANT("growing", GROWING | PT_FULL_VA, 64, 2, 52),
	VARIANT("growing-1", GROWING | PT_FULL_VA, 64, 0, 52),
	VARIANT("mode-6", PT_FLUSH_RANGE | PT_FULL_VA, 64, 5, 52),
	VARIANT("mode-5", PT_FLUSH_RANGE, 57, 4, 52),
	VARIANT("mode-4", PT_FLUSH_RANGE, 48, 3, 52),
	VARIANT("mode-3", PT_FLUSH_RANGE, 39, 2, 52),
	VARIANT("mode-2", PT_FLUSH_RANGE, 30, 1, 52),
	VARIANT("mode-1", PT_FLUSH_RANGE, 21, 0, 52),
};

static const struct pt_variant amdv1_mock_variants[] = {
	VARIANT("growing", GROWING, 56, 2, 51),
	VARIANT("growing-1", GROWING, 56, 0, 51),
	VARIANT("mode-5", PT_FLUSH_RANGE, 56, 4, 51),
	VARIANT("mode-4", PT_FLUSH_RANGE, 47, 3, 51),
	VARIANT("mode-3", PT_FLUSH_RANGE, 38, 2, 51),
	VARIANT("mode-2", PT_FLUSH_RANGE, 29, 1, 51),
	VARIANT("mode-1", PT_FLUSH_RANGE, 20, 0, 51),
};

AMDV1_HOOKS(amdv1, 12, AMDV1_SIZES)
AMDV1_HOOKS(amdv1_mock, 11, AMDV1_MOCK_SIZES)

PT_COMMANDS(amd)

static const struct pt_fmt amdv1_fmt = AMDV1_FMT(amdv1, 12, 5, 64, 52, 51);
static const struct pt_fmt amdv1_mock_fmt = AMDV1_FMT(amdv1_mock, 11, 4, 56, 51, 50);

PT_STAMP(amdv1, amdv1_fmt)
PT_STAMP(amdv1_mock, amdv1_mock_fmt)
