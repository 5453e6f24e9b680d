/*
 * armv8_s1_*, armv8_s2_*: the VMSAv8-64 tables of CPUs and of the SMMUv3, stage 1 and
 * stage 2, with granules of 4K, 16K and 64K.
 *
 * Arm Architecture Reference Manual for A-profile (DDI 0487), D8.3 "Translation table
 * descriptor formats", D8.2 "Translation process". Arm counts levels from the root
 * down to 3; here level 0 is Arm's level 3.
 */
#include <errno.h>

#include "core/stamp.h"

#define VALID BIT(0)
#define TABLE_OR_PAGE BIT(1) /* clear, above level 0: a block */
#define AF BIT(10)	     /* accessed; clear is a fault unless hardware sets it */
#define DBM BIT(51)	     /* hardware may make a read-only leaf writable: it is clean until then */
#define FLUSHED BIT(55)	     /* table pointer, 58:51 are ignored: it is in memory */
#define CONTIGUOUS BIT(52)   /* this item is one of a run */

/* Stage 1 leaf */
#define ATTR_INDX(n) ((uint64_t)(n) << 2) /* into MAIR: 0 write-back, 1 non-cacheable, 2 device */
#define AP_EL0 BIT(6)
#define AP_READ_ONLY BIT(7)
#define NG BIT(11)	     /* of one ASID */
#define PXN BIT(53)
#define UXN BIT(54)

/* Stage 2 leaf */
#define MEM_ATTR(n) ((uint64_t)(n) << 2)
#define S2AP_READ BIT(6)
#define S2AP_WRITE BIT(7)
#define S2_XN BIT(54)	     /* XN[1:0] = 0b10: no execution */

/* Shareability: write-back memory is inner shareable, all else outer shareable. */
#define SH_OUTER (UINT64_C(2) << 8)
#define SH_INNER (UINT64_C(3) << 8)

enum memory_type { WRITE_BACK, NON_CACHEABLE, DEVICE };

/* Items of a table (lg2). */
PT_INLINE unsigned table_index_lg2(unsigned granule)
{
	return granule - 3;
}

PT_INLINE unsigned level_lg2(unsigned granule, unsigned level)
{
	return granule + table_index_lg2(granule) * level;
}

/* D8.7 "The Contiguous bit": items of a run (lg2), 0 where there are none. */
PT_INLINE unsigned run_lg2(unsigned granule, unsigned level)
{
	switch (granule) {
	case 12:
		return level <= 2 ? 4 : 0;
	case 14:
		return level == 0 ? 7 : level == 1 ? 5 : 0;
	default:
		return level <= 1 ? 5 : 0;
	}
}

/* Is there a page or a block at this level? The highest only with 52-bit addresses. */
PT_INLINE bool has_leaf(unsigned granule, unsigned level, bool large_oa)
{
	unsigned highest = granule == 12 ? 2 : 1;

	return level <= highest + (large_oa ? 1u : 0u);
}

PT_INLINE uint64_t leaf_sizes(const struct pt_config *c, unsigned top_level, unsigned granule)
{
	uint64_t sizes = 0;

	for (unsigned level = 0; level <= top_level; level++) {
		unsigned item = level_lg2(granule, level), run = run_lg2(granule, level);

		if (!has_leaf(granule, level, c->features & PT_LARGE_OA))
			break;
		sizes |= BIT(item);
		/* A run larger than a small root does not exist. */
		if (run && (level < top_level || c->vasz_lg2 >= item + run))
			sizes |= BIT(item + run);
	}
	return sizes;
}

/* D8.2: the root has as many items as the VA has bits left; stage 2 may have up to 16 tables. */
PT_INLINE int check(const struct pt_config *c, uint8_t *root_index_lg2, unsigned granule,
		    unsigned stage)
{
	unsigned item = level_lg2(granule, c->top_level);
	unsigned most = table_index_lg2(granule) + (stage == 2 ? 4u : 0u);

	if (!(c->features & PT_LARGE_OA) && (c->vasz_lg2 > 48 || c->oasz_lg2 > 48))
		return -EINVAL;
	if (c->vasz_lg2 <= item || c->vasz_lg2 - item > most)
		return -EINVAL;
	/* VTCR_EL2.SL0 cannot say Arm's level 0 for the 16K granule but with LPA2. */
	if (stage == 2 && granule == 14 && c->top_level == 3 && !(c->features & PT_LARGE_OA))
		return -EINVAL;
	*root_index_lg2 = (uint8_t)(c->vasz_lg2 - item);
	return 0;
}

/* An address in its place: 51:48 in 15:12 (64K, LPA), 51:50 in 9:8 (4K and 16K, LPA2). */
PT_INLINE uint64_t put_address(const struct pt *pt, uint64_t address, unsigned granule)
{
	/* equivalent: mask-1: an address of 48 bits stays as it is below, too */
	if (!(pt->features & PT_LARGE_OA))
		return address;
	if (granule == 16)
		/* equivalent: off-4, off-5: addresses are aligned, and have 52 bits */
		return (address & BITS(47, 16)) | (address & BITS(51, 48)) >> 36;
	/* equivalent: off-4, off-5: addresses are aligned, and have 52 bits */
	return (address & BITS(49, 12)) | (address & BITS(51, 50)) >> 42;
}

PT_INLINE uint64_t get_address(const struct pt *pt, uint64_t item, unsigned granule)
{
	if (!(pt->features & PT_LARGE_OA))
		return item & BITS(47, granule); /* equivalent: off-1: 50:48 are reserved */
	if (granule == 16)
		/* equivalent: off-1: likewise */
		return (item & BITS(47, 16)) | (item & BITS(15, 12)) << 36;
	/* equivalent: off-1: 50 is reserved, and never set */
	return (item & BITS(49, granule)) | (item & BITS(9, 8)) << 42;
}

PT_INLINE enum memory_type memory_type(unsigned prot)
{
	return prot & PT_MMIO ? DEVICE : prot & PT_CACHE ? WRITE_BACK : NON_CACHEABLE;
}

PT_INLINE bool leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs, unsigned granule,
			  unsigned stage)
{
	static const uint8_t mem_attr[] = { [WRITE_BACK] = 0xf, [NON_CACHEABLE] = 5, [DEVICE] = 1 };
	enum memory_type type = memory_type(prot);
	bool tracks = pt->features & PT_DIRTY_TRACKING;

	*attrs = VALID | AF;
	/* With LPA2 the field is part of the address, and TCR says the shareability. */
	if (granule == 16 || !(pt->features & PT_LARGE_OA))
		*attrs |= type == WRITE_BACK ? SH_INNER : SH_OUTER;
	if (stage == 2) {
		*attrs |= MEM_ATTR(mem_attr[type]);
		if (prot & PT_READ)
			*attrs |= S2AP_READ;
		if (prot & PT_WRITE)
			*attrs |= tracks ? DBM : S2AP_WRITE;
		if (prot & PT_NOEXEC)
			*attrs |= S2_XN;
		return true;
	}
	/* What is valid can be read. */
	if (!(prot & PT_READ))
		return false;
	*attrs |= ATTR_INDX(type) | AP_EL0 | NG;
	if (!(prot & PT_WRITE))
		*attrs |= AP_READ_ONLY;
	else if (tracks)
		*attrs |= AP_READ_ONLY | DBM;
	if (prot & PT_NOEXEC)
		*attrs |= UXN | PXN;
	return true;
}

PT_INLINE uint64_t make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2, unsigned level,
			     uint64_t attrs, unsigned granule)
{
	uint64_t item = attrs | put_address(pt, oa, granule);

	if (size_lg2 > level_lg2(granule, level))
		item |= CONTIGUOUS;
	return level ? item : item | TABLE_OR_PAGE;
}

PT_INLINE unsigned leaf_lg2(uint64_t item, unsigned level, unsigned granule)
{
	return level_lg2(granule, level) + (item & CONTIGUOUS ? run_lg2(granule, level) : 0);
}

/*
 * "Hardware management of the dirty state": with DBM a write takes AP[2] away, or sets
 * S2AP[1]. A leaf without DBM is read-only here, since all that are writable have it.
 */
PT_INLINE bool leaf_is_dirty(uint64_t item, unsigned stage)
{
	/* equivalent: mask-1: the other bit of what is read-only says the same */
	return (item & DBM) && (stage == 1 ? !(item & AP_READ_ONLY) : item & S2AP_WRITE);
}

PT_INLINE uint64_t make_clean(uint64_t item, unsigned stage)
{
	return stage == 1 ? item | AP_READ_ONLY : item & ~S2AP_WRITE;
}

PT_INLINE uint64_t make_dirty(uint64_t item, unsigned stage)
{
	return stage == 1 ? item & ~AP_READ_ONLY : item | S2AP_WRITE;
}

/* All but the address, the kind of the item and the mark of a run. */
PT_INLINE uint64_t leaf_attrs_of(const struct pt *pt, uint64_t item, unsigned granule)
{
	/* equivalent: off-1, off-4: a leaf's first item has 12 or 1 set only if all its parts do */
	uint64_t attrs = VALID | BITS(11, 2) | DBM | PXN | UXN;

	if (granule != 16 && (pt->features & PT_LARGE_OA))
		attrs &= ~BITS(9, 8); /* equivalent: off-2, off-3: bits 51:50 of all its parts */
	return item & attrs;
}

static bool armv8_leaf_is_writable(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & DBM;
}

static enum pt_kind armv8_kind(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (!(item & VALID))
		return PT_EMPTY;
	if (item & TABLE_OR_PAGE)
		return level ? PT_TABLE : PT_LEAF;
	return level ? PT_LEAF : PT_EMPTY;
}

static void armv8_init(struct pt *pt, const struct pt_config *config)
{
	(void)config;
	pt->table_bits = VALID | TABLE_OR_PAGE;
}

static uint64_t armv8_top_pa(const struct pt *pt, uint64_t pa)
{
	(void)pt;
	return pa;
}

/* What a granule and a stage fix at build time. */
#define ARMV8_HOOKS(name, granule, stage)                                                         \
	static uint64_t name##_leaf_sizes(const struct pt_config *config, unsigned top_level)     \
	{                                                                                         \
		return leaf_sizes(config, top_level, granule);                                    \
	}                                                                                         \
	static int name##_check(const struct pt_config *config, uint8_t *root_index_lg2)          \
	{                                                                                         \
		return check(config, root_index_lg2, granule, stage);                             \
	}                                                                                         \
	static bool name##_leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs)        \
	{                                                                                         \
		return leaf_attrs(pt, prot, attrs, granule, stage);                               \
	}                                                                                         \
	static uint64_t name##_leaf_attrs_of(const struct pt *pt, uint64_t item)                  \
	{                                                                                         \
		return leaf_attrs_of(pt, item, granule);                                          \
	}                                                                                         \
	static bool name##_leaf_is_dirty(const struct pt *pt, uint64_t item)                      \
	{                                                                                         \
		(void)pt;                                                                         \
		return leaf_is_dirty(item, stage);                                                \
	}                                                                                         \
	static uint64_t name##_make_clean(const struct pt *pt, uint64_t item)                     \
	{                                                                                         \
		(void)pt;                                                                         \
		return make_clean(item, stage);                                                   \
	}                                                                                         \
	static uint64_t name##_make_dirty(const struct pt *pt, uint64_t item)                     \
	{                                                                                         \
		(void)pt;                                                                         \
		return make_dirty(item, stage);                                                   \
	}                                                                                         \
	static uint64_t name##_make_table(const struct pt *pt, uint64_t pa, unsigned level)       \
	{                                                                                         \
		(void)level;                                                                      \
		return pt->table_bits | put_address(pt, pa, granule);                             \
	}                                                                                         \
	static uint64_t name##_table_pa(const struct pt *pt, uint64_t item)                       \
	{                                                                                         \
		return get_address(pt, item, granule);                                            \
	}                                                                                         \
	static uint64_t name##_make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2,     \
					 unsigned level, uint64_t attrs)                          \
	{                                                                                         \
		return make_leaf(pt, oa, size_lg2, level, attrs, granule);                        \
	}                                                                                         \
	static unsigned name##_leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)       \
	{                                                                                         \
		(void)pt;                                                                         \
		return leaf_lg2(item, level, granule);                                            \
	}                                                                                         \
	static uint64_t name##_leaf_oa(const struct pt *pt, uint64_t item, unsigned level)        \
	{                                                                                         \
		return get_address(pt, item, granule) & ~low_mask(leaf_lg2(item, level, granule));\
	}

#define ARMV8_FMT(stamp, granule, stage, top)                                                     \
	{                                                                                         \
		.name = #stamp,                                                                   \
		.features = PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE |        \
			    PT_DIRTY_TRACKING | PT_DMA_INCOHERENT | PT_DETAILED_GATHER |          \
			    PT_LARGE_OA | ((stage) == 1 ? PT_UPPER_HALF : 0),                     \
		.flushed_bit = FLUSHED,                                                           \
		.granule_lg2 = (granule), .index_lg2 = (granule) - 3, .min_top_level = 1,         \
		.max_top_level = (top), .max_vasz_lg2 = 52, .max_oasz_lg2 = 52,                   \
		.sized_root = true, .runs_count_up = true, .leaf_sizes = stamp##_leaf_sizes,      \
		.check = stamp##_check, .init = armv8_init, .leaf_attrs = stamp##_leaf_attrs,     \
		.make_table = stamp##_make_table, .table_pa = stamp##_table_pa,                   \
		.make_leaf = stamp##_make_leaf, .leaf_oa = stamp##_leaf_oa,                       \
		.leaf_lg2 = stamp##_leaf_lg2, .kind = armv8_kind, .top_pa = armv8_top_pa,         \
		.break_before_make = true, .leaf_attrs_of = stamp##_leaf_attrs_of,                \
		.leaf_is_dirty = stamp##_leaf_is_dirty,                                           \
		.leaf_is_writable = armv8_leaf_is_writable,                                       \
		.make_clean = stamp##_make_clean, .make_dirty = stamp##_make_dirty,               \
		.first_stage = (stage) == 1, .encode = PT_ENCODE(smmu),                           \
		.encode_entry = PT_ENCODE_ENTRY(smmu),                                            \
	}

#define VARIANT(text, flags, va, top, oa)                                                         \
	{                                                                                         \
		text,                                                                             \
		{                                                                                 \
			.features = PT_FLUSH_RANGE | (flags), .vasz_lg2 = (va),                   \
			.top_level = (top), .oasz_lg2 = (oa)                                      \
		}                                                                                 \
	}

static const struct pt_variant armv8_s1_4k_variants[] = {
	VARIANT("48", 0, 48, 3, 48),
	VARIANT("48-upper", PT_UPPER_HALF, 48, 3, 48),
	VARIANT("39", 0, 39, 2, 48),
	VARIANT("36-upper", PT_UPPER_HALF, 36, 2, 48), /* a root of 64 items */
	VARIANT("52-lpa2", PT_LARGE_OA, 52, 4, 52),
	VARIANT("52-lpa2-upper", PT_LARGE_OA | PT_UPPER_HALF, 52, 4, 52),
};

static const struct pt_variant armv8_s1_16k_variants[] = {
	VARIANT("47", 0, 47, 2, 48),
	VARIANT("48", 0, 48, 3, 48), /* a root of two items */
	VARIANT("48-upper", PT_UPPER_HALF, 48, 3, 48),
	VARIANT("36", 0, 36, 1, 48),
	VARIANT("52-lpa2", PT_LARGE_OA, 52, 3, 52),
	VARIANT("52-lpa2-upper", PT_LARGE_OA | PT_UPPER_HALF, 52, 3, 52),
};

static const struct pt_variant armv8_s1_64k_variants[] = {
	VARIANT("48", 0, 48, 2, 48),
	VARIANT("48-upper", PT_UPPER_HALF, 48, 2, 48),
	VARIANT("42", 0, 42, 1, 48),
	VARIANT("52-lpa", PT_LARGE_OA, 52, 2, 52),
	VARIANT("52-lpa-upper", PT_LARGE_OA | PT_UPPER_HALF, 52, 2, 52),
};

static const struct pt_variant armv8_s2_4k_variants[] = {
	VARIANT("48", 0, 48, 3, 48),
	VARIANT("40", 0, 40, 2, 48), /* two tables are the root */
	VARIANT("43", 0, 43, 2, 48), /* sixteen */
	VARIANT("34", 0, 34, 1, 48), /* sixteen of a lower level */
	VARIANT("52-lpa2", PT_LARGE_OA, 52, 4, 52),
};

static const struct pt_variant armv8_s2_16k_variants[] = {
	VARIANT("48", 0, 48, 2, 48), /* two tables */
	VARIANT("40", 0, 40, 2, 48),
	VARIANT("40-low", 0, 40, 1, 48), /* sixteen tables of a lower level */
	VARIANT("52-lpa2", PT_LARGE_OA, 52, 3, 52),
};

static const struct pt_variant armv8_s2_64k_variants[] = {
	VARIANT("48", 0, 48, 2, 48),
	VARIANT("46", 0, 46, 1, 48), /* sixteen tables */
	VARIANT("52-lpa", PT_LARGE_OA, 52, 2, 52),
};

ARMV8_HOOKS(armv8_s1_4k, 12, 1)
ARMV8_HOOKS(armv8_s1_16k, 14, 1)
ARMV8_HOOKS(armv8_s1_64k, 16, 1)
ARMV8_HOOKS(armv8_s2_4k, 12, 2)
ARMV8_HOOKS(armv8_s2_16k, 14, 2)
ARMV8_HOOKS(armv8_s2_64k, 16, 2)

PT_COMMANDS(smmu)

static const struct pt_fmt armv8_s1_4k_fmt = ARMV8_FMT(armv8_s1_4k, 12, 1, 4);
static const struct pt_fmt armv8_s1_16k_fmt = ARMV8_FMT(armv8_s1_16k, 14, 1, 3);
static const struct pt_fmt armv8_s1_64k_fmt = ARMV8_FMT(armv8_s1_64k, 16, 1, 2);
static const struct pt_fmt armv8_s2_4k_fmt = ARMV8_FMT(armv8_s2_4k, 12, 2, 4);
static const struct pt_fmt armv8_s2_16k_fmt = ARMV8_FMT(armv8_s2_16k, 14, 2, 3);
static const struct pt_fmt armv8_s2_64k_fmt = ARMV8_FMT(armv8_s2_64k, 16, 2, 2);

PT_STAMP(armv8_s1_4k, armv8_s1_4k_fmt)
PT_STAMP(armv8_s1_16k, armv8_s1_16k_fmt)
PT_STAMP(armv8_s1_64k, armv8_s1_64k_fmt)
PT_STAMP(armv8_s2_4k, armv8_s2_4k_fmt)
PT_STAMP(armv8_s2_16k, armv8_s2_16k_fmt)
PT_STAMP(armv8_s2_64k, armv8_s2_64k_fmt)
