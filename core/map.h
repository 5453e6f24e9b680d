/*
 * map: the largest leaves that fit, at each address in turn.
 *
 * One descent a table, then stores at memory speed: `struct stretch` says how many
 * leaves of one size come next, and they are written while they lie in one table.
 */
#ifndef WALKDIFF_CORE_MAP_H
#define WALKDIFF_CORE_MAP_H

#include <errno.h>

#include "core/top.h"

/* The next leaves to write: `leaves` of 2^size_lg2 bytes, before the size may change. */
struct stretch {
	unsigned size_lg2;
	uint64_t leaves;
};

/*
 * The greedy choice at iova with len bytes to go: the largest size in the bitmap
 * that iova and oa are aligned to and len can hold. len is at least the smallest
 * size, and all three are multiples of it.
 */
PT_INLINE struct stretch next_stretch(const struct pt *pt, uint64_t iova, uint64_t oa,
				      uint64_t len)
{
	uint64_t sizes = pt->pgsize_bitmap;
	unsigned aligned = align_lg2(iova | oa), fits = floor_lg2(len);
	/* equivalent: rel-1: the smaller of two */
	uint64_t usable = sizes & low_mask((aligned < fits ? aligned : fits) + 1);
	uint64_t larger, until = len;
	unsigned size_lg2;

	VERIFY(usable != 0);
	size_lg2 = floor_lg2(usable);
	larger = sizes & ~low_mask(size_lg2 + 1);
	if (larger) {
		/* equivalent: off-1: what it is compared with are multiples of the smallest size */
		uint64_t mask = (larger & -larger) - 1;
		uint64_t ahead = -iova & mask; /* to the next address where `larger` fits */

		/* equivalent: rel-2, rel-3: such multiples are no mask, nor is 0 above one */
		/* equivalent: sign-1: of a stretch that ends early the next is the rest */
		if (((iova ^ oa) & mask) == 0 && ahead && ahead < len && len - ahead > mask) {
			SEEN(map_size_grows);
			until = ahead;
		}
	}
	return (struct stretch){ size_lg2, until >> size_lg2 };
}

/* Where map is: the rest of the request. */
struct map_cursor {
	uint64_t iova, oa, len;
	uint64_t attrs;
	uint64_t flushed;    /* DMA_INCOHERENT: set in a table pointer that is in memory; else 0 */
	uint8_t leaf_levels; /* a bit each: of leaves written */
};

/* The cursor's `flushed`: read once, since no load moves across an access to a table. */
PT_INLINE uint64_t flushed_bit(const struct pt_fmt *f, const struct pt *pt)
{
	return is_incoherent(f, pt) ? f->flushed_bit : 0;
}

/* A pointer has been installed: flush it, and then tell those who come after that it is. */
PT_INLINE void flush_pointer(const struct pt_fmt *f, struct pt *pt, pt_item *at, uint64_t item)
{
	shim_flush(pt->env, at, sizeof(*at));
	/* No matter if it fails: nobody changes a live pointer but to say the same. */
	/* equivalent: relaxed-1: it was linked in order, and a flush is over when it returns */
	shim_cmpxchg(pt->env, at, &item, item | f->flushed_bit);
}

/*
 * The table of `level` that holds the cursor, with the tables on the way installed.
 * -EADDRINUSE when a leaf is in the way, -ENOMEM.
 */
PT_INLINE int descend_to(const struct pt_fmt *f, struct pt *pt, struct pt_root root,
			 const struct map_cursor *c, unsigned level, pt_item **out)
{
	pt_item *table = root.table;

	for (unsigned l = root.level; l > level; l--) {
		pt_item *at = &table[item_index(f, pt, c->iova, l, root.top)];
		uint64_t item = shim_load(pt->env, at);
		enum pt_kind kind = f->kind(pt, item, l);

		if (unlikely(kind == PT_EMPTY)) {
			uint64_t pa, mine;
			/* equivalent: off-1: of all tables the top alone has a size of its own */
			pt_item *fresh = new_table(f, pt, l - 1, root.top, &pa);

			if (!fresh) {
				SEEN(map_refused_table);
				return -ENOMEM;
			}
			mine = f->make_table(pt, pa, l - 1);
			if (shim_cmpxchg(pt->env, at, &item, mine)) {
				if (c->flushed)
					flush_pointer(f, pt, at, mine);
				table = fresh;
				continue;
			}
			/* Another thread installed its table first: use that one. */
			/* equivalent: off-1: of all tables the top alone has a size of its own */
			shim_table_free(pt->env, pa, table_size(f, pt, l - 1, root.top));
			kind = f->kind(pt, item, l);
		}
		if (unlikely(kind != PT_TABLE)) {
			SEEN(map_meets_leaf);
			return -EADDRINUSE;
		}
		/* Whoever installed it has not come to flush it yet: hardware must see it now. */
		if (unlikely(c->flushed & ~item))
			shim_flush(pt->env, at, sizeof(*at));
		table = shim_table(pt->env, f->table_pa(pt, item));
	}
	*out = table;
	return 0;
}

/*
 * Make room for a leaf over `items` items, of which at least one is not empty: a
 * table with nothing mapped below is taken out, and its invalidation completed,
 * before the leaf is stored. -EADDRINUSE when something is mapped; then nothing
 * has changed.
 */
PT_INLINE int clear_empty_tables(const struct pt_fmt *f, struct pt *pt, pt_item *at,
				 unsigned items, unsigned level, uint64_t iova)
{
	struct pt_gather gather = PT_GATHER_EMPTY;

	for (unsigned i = 0; i < items; i++) {
		/* equivalent: relaxed-1: who was below it held the range before */
		uint64_t item = shim_load(pt->env, &at[i]);
		enum pt_kind kind = f->kind(pt, item, level);

		if (kind == PT_EMPTY)
			continue;
		if (kind == PT_LEAF || level == 0) {
			SEEN(map_meets_leaf);
			return -EADDRINUSE;
		}
		if (!subtree_(f, pt, f->table_pa(pt, item), level - 1, PT_MAX_LEVELS,
			      SUBTREE_IS_EMPTY, NULL)) {
			SEEN(map_meets_full_table);
			return -EADDRINUSE;
		}
	}
	SEEN(map_replaces_empty_table);
	gather_range(f, pt, &gather,
		     (struct pt_invalidation){
			     .first = iova,
			     .last = iova + ((uint64_t)items << item_lg2(f, level)) - 1,
			     .table_levels = (uint8_t)low_mask(level) });
	for (unsigned i = 0; i < items; i++) {
		/* equivalent: relaxed-1: who was below it held the range before */
		uint64_t item = shim_load(pt->env, &at[i]);

		if (f->kind(pt, item, level) == PT_EMPTY)
			continue;
		shim_store_relaxed(pt->env, &at[i], 0);
		if (is_incoherent(f, pt))
			shim_flush(pt->env, &at[i], sizeof(at[i]));
		/* equivalent: sign-1, off-2: at no level are there leaves in it */
		subtree_(f, pt, f->table_pa(pt, item), level - 1, PT_MAX_LEVELS, SUBTREE_GATHER,
			 &gather);
	}
	sync_(f, pt, &gather);
	return 0;
}

/*
 * Write leaves of one size, each of `items` items, into one table. Returns how many
 * were written before the first that finds an item taken. Nothing but a load, a test
 * and a store an item: this is where a large map spends its time.
 */
PT_INLINE uint64_t fill_free(const struct pt_fmt *f, struct pt *pt, pt_item *at, unsigned items,
			     unsigned level, const struct map_cursor *c, unsigned size_lg2,
			     uint64_t leaves)
{
	uint64_t oa = c->oa, n = 0;

	for (; n < leaves; n++, at += items, oa += BIT(size_lg2)) {
		uint64_t leaf = f->make_leaf(pt, oa, size_lg2, level, c->attrs);

		for (unsigned i = 0; i < items; i++) {
			uint64_t item = shim_load_relaxed(pt->env, &at[i]);

			if (unlikely(f->kind(pt, item, level) != PT_EMPTY))
				return n;
		}
		for (unsigned i = 0; i < items; i++) {
			uint64_t item_oa = oa + ((uint64_t)i << item_lg2(f, level));

			if (f->runs_count_up && i)
				leaf = f->make_leaf(pt, item_oa, size_lg2, level, c->attrs);
			shim_store_relaxed(pt->env, &at[i], leaf);
		}
	}
	return n;
}

/* Write leaves of one size into one table. 0 when all are written, else -EADDRINUSE. */
PT_INLINE int fill_table(const struct pt_fmt *f, struct pt *pt, pt_item *table, unsigned level,
			 unsigned top, struct map_cursor *c, unsigned size_lg2, uint64_t leaves)
{
	unsigned items = 1u << (size_lg2 - item_lg2(f, level));

	for (;;) {
		pt_item *at = &table[item_index(f, pt, c->iova, level, top)];
		/* Twice the same, so that the common case of one item is a loop of its own. */
		/* equivalent: off-2: it is the same */
		uint64_t n = items == 1 ? fill_free(f, pt, at, 1, level, c, size_lg2, leaves) :
					  fill_free(f, pt, at, items, level, c, size_lg2, leaves);
		int err;

		if ((f->features & PT_NP_CACHE) && n) /* equivalent: mask-1: nobody else asks */
			c->leaf_levels |= level_bit(level);
		if (unlikely(c->flushed && n))
			shim_flush(pt->env, at, n * items * sizeof(*at));
		c->iova += n << size_lg2;
		c->oa += n << size_lg2;
		c->len -= n << size_lg2;
		leaves -= n;
		if (likely(!leaves))
			return 0;
		at = &table[item_index(f, pt, c->iova, level, top)];
		err = clear_empty_tables(f, pt, at, items, level, c->iova);
		if (err)
			return err;
	}
}

/* The checks of map, in the order that pt.h promises. */
PT_INLINE int check_mapping(const struct pt_fmt *f, const struct pt *pt,
			    const struct pt_mapping *m, uint64_t *attrs)
{
	uint64_t smallest = pt->pgsize_bitmap & -pt->pgsize_bitmap;
	uint64_t last_iova = m->iova + (m->len - 1), last_oa = m->oa + (m->len - 1);

	if (m->len == 0 || !(m->prot & (PT_READ | PT_WRITE)))
		return -EINVAL;
	if ((pt->features & PT_FORCE_WRITEABLE) && !(m->prot & PT_WRITE))
		return -EINVAL;
	if (!f->leaf_attrs(pt, m->prot, attrs))
		return -EOPNOTSUPP;
	if (last_iova < m->iova || last_oa < m->oa)
		return -EOVERFLOW;
	if ((m->iova | m->oa | m->len) & (smallest - 1))
		return -ENXIO;
	if (last_oa > low_mask(pt->oasz_lg2) || !in_aperture(f, pt, m->iova, last_iova))
		return -ERANGE;
	return 0;
}

/* Grow the top for leaves of `level` at iova, in one table. */
PT_INLINE int grow_for(const struct pt_fmt *f, struct pt *pt, uint64_t iova, unsigned level,
		       struct pt_root *root)
{
	/* A leaf above the root at 0 covers all that there is: no memory is asked for in vain. */
	VERIFY(f->features & PT_DYNAMIC_TOP);
	/* equivalent: rel-2: one of the root's level there is in reach, and asks for none */
	if (iova == 0 && level > root->level &&
	    !subtree_(f, pt, root->word & ~PT_TOP_LEVEL_MASK, root->level, root->level,
		      SUBTREE_IS_EMPTY, NULL)) {
		SEEN(map_covers_old_top);
		return -EADDRINUSE;
	}
	return grow_top(f, pt, needed_top(f, iova, level), root);
}

/*
 * Map what the cursor says below a root: the top, which grows as needed and is in *root
 * afterwards, or a subtree that nobody else sees yet. The cursor says how far it came.
 */
PT_INLINE int map_range(const struct pt_fmt *f, struct pt *pt, struct pt_root *root,
			struct map_cursor *c)
{
	/* equivalent: mask-1: who can't grow reaches all, and has no leaves of higher levels */
	bool grows = (f->features & PT_DYNAMIC_TOP) && root->top == root->level;
	pt_item *table = NULL; /* of the last leaves, their level, and an address in it */
	unsigned table_level = 0; /* equivalent: off-1: there is none yet */
	uint64_t table_va = 0;	  /* equivalent: off-1: there is none yet */
	int err = 0;

	while (c->len) {
		struct stretch s = next_stretch(pt, c->iova, c->oa, c->len);
		unsigned level = leaf_level(f, s.size_lg2);
		unsigned span_lg2 = item_lg2(f, level) + index_lg2(f, pt, level, root->top);

		/* Leaves of another size may go on in the same table: no need to descend again. */
		if (table && (level != table_level || ((c->iova ^ table_va) & ~low_mask(span_lg2))))
			table = NULL;
		while (s.leaves) {
			uint64_t room = ((~c->iova & low_mask(span_lg2)) >> s.size_lg2) + 1;
			/* equivalent: rel-1: the smaller of two */
			uint64_t leaves = s.leaves < room ? s.leaves : room;

			/* A root reaches a table of its level or below whole, or not at all. */
			if (grows &&
			    unlikely(level > root->level || !top_reaches(f, c->iova, root->level)))
				err = grow_for(f, pt, c->iova, level, root);
			table_va = c->iova;
			if (!err && !table)
				err = descend_to(f, pt, *root, c, level, &table);
			if (!err)
				err = fill_table(f, pt, table, level, root->top, c, s.size_lg2,
						 leaves);
			if (err)
				return err;
			s.leaves -= leaves;
			if (s.leaves)
				table = NULL;
		}
		table_level = level;
	}
	return 0;
}

PT_INLINE int map_(const struct pt_fmt *f, struct pt *pt, const struct pt_mapping *m,
		   struct pt_gather *gather, uint64_t *mapped)
{
	struct map_cursor c = { .iova = m->iova, .oa = m->oa, .len = m->len };
	struct pt_root root;
	int err;

	*mapped = 0;
	err = check_mapping(f, pt, m, &c.attrs);
	if (err)
		return err;
	c.flushed = flushed_bit(f, pt);
	root = load_root(pt);
	err = map_range(f, pt, &root, &c);
	*mapped = m->len - c.len;
	/*
	 * Where nothing was, hardware may remember just that; of tables, too, that an earlier
	 * map has installed before it failed.
	 */
	/* equivalent: mask-1: init refuses what the format has not, which here is known early */
	if ((f->features & PT_NP_CACHE) && (pt->features & PT_NP_CACHE) && *mapped)
		gather_range(f, pt, gather,
			     (struct pt_invalidation){ .first = m->iova,
						       .last = m->iova + (*mapped - 1),
						       .leaf_levels = c.leaf_levels,
						       .table_levels = PT_ANY_LEVEL });
	return err;
}

#endif
