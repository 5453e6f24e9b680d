/*
 * cut: split a leaf in two at an address, while devices go on using it.
 *
 *      item -> 2M leaf        item -> table: 4K 4K ... | 4K 4K     (built off-line,
 *                                                     ^ cut         then one exchange)
 *
 * A contiguous leaf lies in several items. Those that still hold whole leaves get
 * smaller ones, one item after the other, each with the translation it had; the item
 * that the cut goes through, and any that no leaf of its size may fill, gets a table.
 */
#ifndef WALKDIFF_CORE_CUT_H
#define WALKDIFF_CORE_CUT_H

#include <errno.h>

#include "core/map.h"
#include "core/unmap.h"

/* No format has longer runs. */
#define CUT_MAX_ITEMS 256 /* equivalent: off-1: more room */

struct pt_cut {
	pt_item *at;		/* the leaf's first item */
	uint64_t first, oa;	/* of the leaf */
	uint64_t iova;		/* where it is cut */
	unsigned size_lg2, level, items;
	uint64_t attrs;
	bool dirty;
	uint64_t fresh[CUT_MAX_ITEMS]; /* what the items become */
};

/* Free the tables that were built for the items before `end`: nobody has seen them. */
PT_INLINE void free_fresh(const struct pt_fmt *f, struct pt *pt, const struct pt_cut *c,
			  unsigned end)
{
	for (unsigned i = 0; i < end; i++)
		if (f->kind(pt, c->fresh[i], c->level) == PT_TABLE)
			subtree_(f, pt, f->table_pa(pt, c->fresh[i]), c->level - 1, PT_MAX_LEVELS,
				 SUBTREE_FREE, NULL);
}

/* Map first..next-1 of the leaf into a subtree of level c->level - 1. */
PT_INLINE int map_part(const struct pt_fmt *f, struct pt *pt, const struct pt_cut *c,
		       struct pt_root *root, uint64_t first, uint64_t last)
{
	struct map_cursor part = { .iova = first,
				   .oa = c->oa + (first - c->first),
				   .len = last - first + 1,
				   .attrs = c->attrs,
				   .flushed = flushed_bit(f, pt) };

	return map_range(f, pt, root, &part);
}

/* A table for item i: its leaves before the cut and after it, each part greedily. */
PT_INLINE int build_table(const struct pt_fmt *f, struct pt *pt, struct pt_cut *c, unsigned i)
{
	uint64_t first = c->first + ((uint64_t)i << item_lg2(f, c->level));
	uint64_t last = first | low_mask(item_lg2(f, c->level)), pa;
	struct pt_root root = { .level = c->level - 1, .top = PT_MAX_LEVELS };
	int err = 0;

	root.table = new_table(f, pt, root.level, root.top, &pa);
	if (!root.table)
		return -ENOMEM;
	/* equivalent: rel-1: a part of no bytes maps nothing */
	/* equivalent: rel-2: no leaf begins with the last byte of an item */
	if (first < c->iova && c->iova <= last) {
		err = map_part(f, pt, c, &root, first, c->iova - 1);
		first = c->iova;
	}
	if (!err)
		err = map_part(f, pt, c, &root, first, last);
	if (err) {
		subtree_(f, pt, pa, root.level, root.top, SUBTREE_FREE, NULL);
		return err;
	}
	c->fresh[i] = f->make_table(pt, pa, root.level);
	return 0;
}

/* Leaves of one size for the items from i on, up to the end of the part. */
PT_INLINE unsigned build_leaves(const struct pt_fmt *f, struct pt *pt, struct pt_cut *c,
				unsigned i, struct stretch s)
{
	unsigned shift = item_lg2(f, c->level), items = 1u << (s.size_lg2 - shift);

	for (unsigned end = i + (unsigned)s.leaves * items; i < end; i++) {
		uint64_t oa = c->oa + ((uint64_t)i << shift);

		if (!f->runs_count_up)
			oa &= ~low_mask(s.size_lg2);
		c->fresh[i] = f->make_leaf(pt, oa, s.size_lg2, c->level, c->attrs);
	}
	return i;
}

/* Work out, off-line, what every item of the leaf becomes. -ENOMEM: nothing is held. */
PT_INLINE int build_fresh(const struct pt_fmt *f, struct pt *pt, struct pt_cut *c)
{
	unsigned shift = item_lg2(f, c->level);
	/* equivalent: sign-1: a stretch ends where a larger leaf fits, as behind this one */
	uint64_t end = c->first + BIT(c->size_lg2); /* 0: the end of the address space */

	for (unsigned i = 0; i < c->items;) {
		uint64_t at = c->first + ((uint64_t)i << shift);
		uint64_t until = at < c->iova ? c->iova : end;
		/* equivalent: sign-2: alignment alone matters, and first has all */
		struct stretch s = next_stretch(pt, at, c->oa + (at - c->first), until - at);
		int err;

		if (s.size_lg2 >= shift) {
			i = build_leaves(f, pt, c, i, s);
			continue;
		}
		err = build_table(f, pt, c, i);
		if (err) {
			SEEN(cut_refused);
			free_fresh(f, pt, c, i);
			return err;
		}
		i++;
	}
	return 0;
}

/* A device wrote through the old item: so it has through the new one. */
PT_INLINE void carry_dirt(const struct pt_fmt *f, struct pt *pt, struct pt_cut *c, unsigned i)
{
	if (f->kind(pt, c->fresh[i], c->level) == PT_TABLE)
		subtree_(f, pt, f->table_pa(pt, c->fresh[i]), c->level - 1, PT_MAX_LEVELS,
			 SUBTREE_MAKE_DIRTY, NULL);
	else
		c->fresh[i] = f->make_dirty(pt, c->fresh[i]);
}

/* Replace the items. Each goes on to translate as before, but for break-before-make. */
PT_INLINE void publish_fresh(const struct pt_fmt *f, struct pt *pt, struct pt_cut *c,
			     struct pt_gather *gather)
{
	struct pt_gather broken = PT_GATHER_EMPTY;
	struct pt_invalidation what = { .first = c->first,
					.last = c->first | low_mask(c->size_lg2),
					.leaf_levels = level_bit(c->level) };
	bool late = false;

	for (unsigned i = 0; i < c->items; i++) {
		uint64_t item = shim_load_relaxed(pt->env, &c->at[i]);

		do {
			/* equivalent: mask-1: untracked, it is as dirty as its attributes */
			if (!c->dirty && (pt->features & PT_DIRTY_TRACKING) &&
			    f->leaf_is_dirty(pt, item)) {
				carry_dirt(f, pt, c, i);
				late = true;
			}
		} while (!shim_cmpxchg(pt->env, &c->at[i], &item,
				       f->break_before_make ? 0 : c->fresh[i]));
	}
	if (is_incoherent(f, pt))
		shim_flush(pt->env, c->at, c->items * sizeof(*c->at));
	if (f->break_before_make) {
		gather_range(f, pt, &broken, what);
		sync_(f, pt, &broken);
		/* Hardware may have noted a write to any of the run in any of its items. */
		for (unsigned i = 0; i < c->items; i++) {
			if (late)
				carry_dirt(f, pt, c, i);
			/* equivalent: relaxed-1: what is below was ordered by the exchange above */
			shim_store(pt->env, &c->at[i], c->fresh[i]);
		}
		if (is_incoherent(f, pt))
			shim_flush(pt->env, c->at, c->items * sizeof(*c->at));
	} else {
		gather_range(f, pt, gather, what);
	}
	for (unsigned i = 0; is_incoherent(f, pt) && i < c->items; i++)
		if (f->kind(pt, c->fresh[i], c->level) == PT_TABLE)
			/* equivalent: relaxed-1: linked in order, flushed when flush returns */
			shim_store(pt->env, &c->at[i], c->fresh[i] | f->flushed_bit);
}

/* Attributes of the leaf, dirty when any of its items is. */
PT_INLINE void read_attrs(const struct pt_fmt *f, struct pt *pt, struct pt_cut *c)
{
	uint64_t item = shim_load_relaxed(pt->env, &c->at[0]);

	c->dirty = false;
	/* equivalent: off-1: the first's dirt is among its attributes */
	/* equivalent: mask-1: untracked, they are as dirty as its attributes */
	for (unsigned i = 0; (pt->features & PT_DIRTY_TRACKING) && i < c->items; i++) {
		uint64_t other = shim_load_relaxed(pt->env, &c->at[i]);

		c->dirty |= f->leaf_is_dirty(pt, other);
	}
	c->attrs = f->leaf_attrs_of(pt, c->dirty ? f->make_dirty(pt, item) : item);
}

PT_INLINE int cut_(const struct pt_fmt *f, struct pt *pt, uint64_t iova, struct pt_gather *gather)
{
	uint64_t smallest = pt->pgsize_bitmap & -pt->pgsize_bitmap;
	struct pt_root root;
	struct pt_path path;
	struct pt_cut c;
	int err;

	if (!in_aperture(f, pt, iova, iova))
		return -ERANGE;
	if (iova & (smallest - 1))
		return -ENXIO;
	root = load_root(pt);
	if (!top_reaches(f, iova, root.level) || !find_leaf(f, pt, root, iova, &path))
		return -ENOENT;
	c.level = path.level;
	c.size_lg2 = f->leaf_lg2(pt, path.item, c.level);
	c.first = iova & ~low_mask(c.size_lg2);
	c.iova = iova;
	if (c.first == iova) {
		SEEN(cut_is_boundary);
		return 0;
	}
	/* equivalent: mask-1: what a multiple of the smallest size is inside of is larger */
	if (!(pt->pgsize_bitmap & low_mask(c.size_lg2)))
		return -EOPNOTSUPP;
	c.items = 1u << (c.size_lg2 - item_lg2(f, c.level));
	VERIFY(c.items <= CUT_MAX_ITEMS);
	c.oa = f->leaf_oa(pt, path.item, c.level);
	c.at = &path.table[c.level][item_index(f, pt, c.first, c.level, root.level)];
	read_attrs(f, pt, &c);
	err = build_fresh(f, pt, &c);
	if (err)
		return err;
	if (c.items == 1) /* not mutated: what is noted */
		SEEN(cut_one_item);
	else if (iova & low_mask(item_lg2(f, c.level))) /* not mutated: likewise */
		SEEN(cut_run_inside_item);
	else
		SEEN(cut_run);
	publish_fresh(f, pt, &c, gather);
	return 0;
}

#endif
