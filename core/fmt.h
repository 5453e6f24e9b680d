/*
 * The contract of a format: everything that core asks of one.
 *
 * A format is a `static const struct pt_fmt` of parameters and small static
 * functions. The bodies in core take it as their first argument, are always
 * inlined, and are stamped out once a format (core/stamp.h), so that every call
 * below is resolved by the compiler. A format only encodes: it never walks, never
 * allocates, never touches the shim.
 *
 * All functions must accept any 64-bit value as an item: decoding never asserts.
 */
#ifndef WALKDIFF_CORE_FMT_H
#define WALKDIFF_CORE_FMT_H

#include "core/bits.h"
#include "core/pt.h"
#include "core/shim.h"

/* One page table. The format reads it; only core and the format's init write it. */
struct pt {
	pt_item top;		 /* PA of the root table | its level: one word, so that both change at once */
	uint64_t pgsize_bitmap;	 /* leaf sizes that may exist; never 0 */
	uint64_t features;
	uint64_t table_bits;	 /* the format's own: set in every table pointer */
	uint64_t leaf_bits;	 /* the format's own: set in every leaf */
	uint64_t memory_bits;	 /* the format's own: set in leaves that are not MMIO */
	void *env;
	uint64_t va_bias;	 /* added to VAs, it makes the aperture begin at 0 */
	uint8_t vasz_lg2, oasz_lg2;
	uint8_t root_index_lg2;	 /* items (lg2) of the root, where that is not index_lg2 */
	shim_lock_t top_lock;	 /* held while the top changes */
};

/* The level lives in the low bits of the top word: tables are aligned to 16 at least. */
#define PT_TOP_LEVEL_MASK UINT64_C(7)

struct pt_fmt {
	const char *name;
	uint64_t features;    /* of enum pt_feature: those it can have */
	uint8_t granule_lg2;  /* bytes (lg2) that an item of level 0 translates */
	uint8_t index_lg2;    /* items (lg2) of a table */
	uint8_t max_top_level;
	uint8_t max_vasz_lg2, max_oasz_lg2;
	uint8_t min_encrypt_bit, max_encrypt_bit;
	uint8_t min_top_level;
	bool sized_root;      /* a root may have more or fewer items than index_lg2 says */
	bool break_before_make; /* a live leaf changes its size through an invalid item, invalidated */
	bool runs_count_up;   /* the items of a run hold consecutive OAs, not all the same */
	bool first_stage;     /* invalidated by address space, but with PT_SECOND_STAGE */
	uint64_t flushed_bit; /* with PT_DMA_INCOHERENT: hardware ignores it in a table pointer */

	/*
	 * Leaf sizes (bytes, a bit each) that tables of levels 0..top_level can hold in this
	 * configuration, of which nothing has been checked yet.
	 */
	uint64_t (*leaf_sizes)(const struct pt_config *config, unsigned top_level);

	/*
	 * The last word on a configuration that core found sensible: 0, -EOPNOTSUPP or
	 * -EINVAL. Where sized_root it sets *root_index_lg2, and refuses an aperture that such
	 * a root does not reach the end of.
	 */
	int (*check)(const struct pt_config *config, uint8_t *root_index_lg2);

	/* Fill table_bits, leaf_bits and memory_bits from a configuration that core has checked. */
	void (*init)(struct pt *pt, const struct pt_config *config);

	/* Bits of a leaf that answer prot; false when the format cannot express it. */
	bool (*leaf_attrs)(const struct pt *pt, unsigned prot, uint64_t *attrs);

	/* An item that leads to the table of `level` at pa; table_pa takes it apart. */
	uint64_t (*make_table)(const struct pt *pt, uint64_t pa, unsigned level);
	uint64_t (*table_pa)(const struct pt *pt, uint64_t item);

	/*
	 * The first item of a leaf of 2^size_lg2 bytes at oa, in a table of `level`:
	 * leaf_oa(make_leaf(oa)) == oa, leaf_lg2 likewise, for every item of a run.
	 */
	uint64_t (*make_leaf)(const struct pt *pt, uint64_t oa, unsigned size_lg2,
			      unsigned level, uint64_t attrs);
	uint64_t (*leaf_oa)(const struct pt *pt, uint64_t item, unsigned level);

	/*
	 * Size (lg2) of the leaf: from the level's item size up to less than the next
	 * level's for what make_leaf built; any value below 64 for other items.
	 */
	unsigned (*leaf_lg2)(const struct pt *pt, uint64_t item, unsigned level);

	/* What an item of a table of this level is. Never PT_TABLE at level 0. */
	enum pt_kind (*kind)(const struct pt *pt, uint64_t item, unsigned level);

	/* The attributes of a leaf's item, dirt included: make_leaf with them gives the same. */
	uint64_t (*leaf_attrs_of)(const struct pt *pt, uint64_t item);

	/*
	 * Dirt of one item of a leaf, with PT_DIRTY_TRACKING. make_clean and make_dirty
	 * change nothing but that: leaf_is_dirty(make_dirty(leaf)), not of make_clean(leaf).
	 */
	bool (*leaf_is_dirty)(const struct pt *pt, uint64_t item);
	bool (*leaf_is_writable)(const struct pt *pt, uint64_t item);
	uint64_t (*make_clean)(const struct pt *pt, uint64_t item);
	uint64_t (*make_dirty)(const struct pt *pt, uint64_t item);

	/* The PA of the root as the device entry holds it. */
	uint64_t (*top_pa)(const struct pt *pt, uint64_t pa);

	/* The architecture's commands, see pt_ops: PT_COMMANDS fills them in. */
	unsigned (*encode)(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit,
			   const struct pt_invalidation *inv,
			   struct pt_command commands[PT_MAX_COMMANDS]);
	unsigned (*encode_entry)(const struct pt_fmt *f, const struct pt *pt,
				 const struct pt_unit *unit,
				 struct pt_command commands[PT_MAX_COMMANDS]);
};

/* Invalidated by address space (first stage) or by domain? */
#define PT_IS_FIRST_STAGE(f, pt) ((f)->first_stage && !((pt)->features & PT_SECOND_STAGE))

/* A template body: with the format constant, no call through it is left. */
#define PT_INLINE static inline __attribute__((always_inline))

#define likely(x) __builtin_expect(!!(x), 1)   /* not mutated: a wrong guess costs time */
#define unlikely(x) __builtin_expect(!!(x), 0) /* not mutated: likewise */

/* ---- geometry: which VA bits choose an item where ---- */

/* Bytes (lg2) that one item of this level translates. */
PT_INLINE unsigned item_lg2(const struct pt_fmt *f, unsigned level)
{
	return f->granule_lg2 + f->index_lg2 * level;
}

/* Level whose tables hold leaves of this size: runs lie at the level below. */
PT_INLINE unsigned leaf_level(const struct pt_fmt *f, unsigned size_lg2)
{
	return (size_lg2 - f->granule_lg2) / f->index_lg2;
}

/* Items (lg2) of a table of this level under a root of level `top`. */
PT_INLINE unsigned index_lg2(const struct pt_fmt *f, const struct pt *pt, unsigned level,
			     unsigned top)
{
	return f->sized_root && level == top ? pt->root_index_lg2 : f->index_lg2;
}

/* Index into a table of this level; VA bits above the table's reach are ignored. */
PT_INLINE unsigned item_index(const struct pt_fmt *f, const struct pt *pt, uint64_t va,
			      unsigned level, unsigned top)
{
	return (unsigned)(va >> item_lg2(f, level)) & ((1u << index_lg2(f, pt, level, top)) - 1);
}

/* Bytes of a table: a root with fewer items than others is as large as they are. */
PT_INLINE size_t table_size(const struct pt_fmt *f, const struct pt *pt, unsigned level,
			    unsigned top)
{
	unsigned lg2 = index_lg2(f, pt, level, top);

	/* equivalent: rel-1: the larger of two */
	return sizeof(uint64_t) << (lg2 > f->index_lg2 ? lg2 : f->index_lg2);
}

/* False for a VA above what a root of this level reaches; only a growing top has such. */
PT_INLINE bool top_reaches(const struct pt_fmt *f, uint64_t va, unsigned level)
{
	return !(f->features & PT_DYNAMIC_TOP) ||
	       va <= low_mask(item_lg2(f, level) + f->index_lg2);
}

/* Must what is stored be flushed, for a walker that does not see the CPU's caches? */
PT_INLINE bool is_incoherent(const struct pt_fmt *f, const struct pt *pt)
{
	/* equivalent: mask-1: init refuses what the format has not, which here is known early */
	return (f->features & PT_DMA_INCOHERENT) && (pt->features & PT_DMA_INCOHERENT);
}

/* An empty table, in memory too; null when refused. */
PT_INLINE pt_item *new_table(const struct pt_fmt *f, const struct pt *pt, unsigned level,
			     unsigned top, uint64_t *pa)
{
	size_t size = table_size(f, pt, level, top);
	pt_item *table = shim_table_alloc(pt->env, size, pa);

	if (table && is_incoherent(f, pt))
		shim_flush(pt->env, table, size);
	return table;
}

/* True when first..last (no overflow between them) lies inside the aperture. */
PT_INLINE bool in_aperture(const struct pt_fmt *f, const struct pt *pt, uint64_t first,
			   uint64_t last)
{
	/* equivalent: mask-1: without either feature va_bias is 0, which here is known early */
	uint64_t bias = f->features & (PT_SIGN_EXTEND | PT_UPPER_HALF) ? pt->va_bias : 0;
	uint64_t mask = low_mask(pt->vasz_lg2);

	return first + bias <= mask && last + bias <= mask && first + bias <= last + bias;
}

/* ---- the top ---- */

struct pt_root {
	pt_item *table;
	unsigned level;
	unsigned top;  /* the level whose table is the root: level, but for a subtree built off-line */
	uint64_t word; /* as it was in pt->top */
};

PT_INLINE struct pt_root load_root(const struct pt *pt)
{
	uint64_t word = shim_load(pt->env, &pt->top);

	return (struct pt_root){
		.table = shim_table(pt->env, word & ~PT_TOP_LEVEL_MASK),
		.level = word & PT_TOP_LEVEL_MASK,
		.top = word & PT_TOP_LEVEL_MASK,
		.word = word,
	};
}

#endif
