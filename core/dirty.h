/*
 * Dirty tracking: what devices have written since it was last asked.
 *
 * Dirt is kept by leaf, in the leaf's own item or, for a run, in any of its items:
 * hardware updates whichever it walked to.
 */
#ifndef WALKDIFF_CORE_DIRTY_H
#define WALKDIFF_CORE_DIRTY_H

#include <errno.h>

#include "core/unmap.h"

/* The last address that a bitmap speaks of; its bits beyond the address space mean nothing. */
PT_INLINE uint64_t bitmap_last(const struct pt_bitmap *b)
{
	if (b->bits > (UINT64_MAX - b->base) >> b->granule_lg2)
		return UINT64_MAX;
	return b->base + (b->bits << b->granule_lg2) - 1;
}

/* Set the bits of first..last, as far as the bitmap reaches: a partial granule whole. */
PT_INLINE void mark_dirty(const struct pt_bitmap *b, uint64_t first, uint64_t last)
{
	uint64_t end = bitmap_last(b);

	if (last < b->base || first > end)
		return;
	/* equivalent: rel-1: 0 either way */
	first = (first < b->base ? 0 : first - b->base) >> b->granule_lg2;
	/* equivalent: rel-1: the smaller of two */
	last = ((last > end ? end : last) - b->base) >> b->granule_lg2;
	for (uint64_t bit = first; bit <= last; bit++)
		b->words[bit / 64] |= BIT(bit % 64);
}

/* Where read_dirty is. */
struct dirty_cursor {
	const struct pt_bitmap *bitmap;
	struct pt_gather *gather;
	uint64_t next, last; /* of the range asked for */
	bool clears;
	bool ended;
};

/* Make the items of a leaf clean, against hardware that updates them at the same time. */
PT_INLINE void clean_items(const struct pt_fmt *f, struct pt *pt, pt_item *at, unsigned items)
{
	for (unsigned i = 0; i < items; i++) {
		uint64_t item = shim_load_relaxed(pt->env, &at[i]);

		while (f->leaf_is_dirty(pt, item)) {
			uint64_t clean = f->make_clean(pt, item);

			/* equivalent: negate-1: what is dirty only becomes clean, or is so again */
			if (shim_cmpxchg_relaxed(pt->env, &at[i], &item, clean))
				break;
		}
	}
}

/* A leaf of 2^size_lg2 bytes that hardware has written. */
PT_INLINE void report_leaf(const struct pt_fmt *f, struct pt *pt, struct dirty_cursor *c,
			   pt_item *at, unsigned items, unsigned size_lg2, unsigned level)
{
	uint64_t first = c->next & ~low_mask(size_lg2), last = first | low_mask(size_lg2);

	mark_dirty(c->bitmap, first, last);
	/* What was not reported whole stays dirty: no write is ever lost. */
	if (!c->clears || first < c->bitmap->base || last > bitmap_last(c->bitmap)) {
		SEEN(dirty_leaf_kept);
		return;
	}
	SEEN(dirty_leaf_cleaned);
	clean_items(f, pt, at, items);
	gather_range(f, pt, c->gather,
		     (struct pt_invalidation){ .first = first,
					       .last = last,
					       .leaf_levels = level_bit(level) });
}

PT_INLINE void skip_past(struct dirty_cursor *c, unsigned size_lg2)
{
	uint64_t last = c->next | low_mask(size_lg2);

	c->ended = last >= c->last;
	c->next = last + 1; /* equivalent: off-1: anywhere in the next leaf will do */
}

/* The items of one table from c->next on, until the range or the table ends, or a table follows. */
PT_INLINE void scan_table_dirty(const struct pt_fmt *f, struct pt *pt, pt_item *table,
				unsigned level, unsigned top, struct dirty_cursor *c)
{
	unsigned shift = item_lg2(f, level), index = item_index(f, pt, c->next, level, top);
	unsigned end = 1u << index_lg2(f, pt, level, top);

	while (index < end && !c->ended) {
		uint64_t item = shim_load_relaxed(pt->env, &table[index]);
		enum pt_kind kind = f->kind(pt, item, level);
		unsigned size_lg2 = shift, items = 1;

		if (kind == PT_TABLE)
			return;
		if (kind == PT_LEAF) {
			bool dirty = false;

			size_lg2 = f->leaf_lg2(pt, item, level);
			items = 1u << (size_lg2 - shift);
			index &= ~(items - 1);
			for (unsigned i = 0; i < items; i++) {
				item = shim_load_relaxed(pt->env, &table[index + i]);
				dirty |= f->leaf_is_dirty(pt, item);
			}
			if (unlikely(dirty))
				report_leaf(f, pt, c, &table[index], items, size_lg2,
					    level);
		}
		skip_past(c, size_lg2);
		index += items;
	}
}

PT_INLINE int read_dirty_(const struct pt_fmt *f, struct pt *pt, uint64_t iova, uint64_t len,
			  unsigned flags, const struct pt_bitmap *bitmap,
			  struct pt_gather *gather)
{
	struct dirty_cursor c = { .bitmap = bitmap,
				  .gather = gather,
				  .next = iova,
				  .last = iova + (len - 1),
				  .clears = !(flags & PT_NO_CLEAR) };

	if (!(pt->features & PT_DIRTY_TRACKING))
		return -EOPNOTSUPP;
	if (bitmap->granule_lg2 > 63 || !bitmap->bits)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (c.last < iova)
		return -EOVERFLOW;
	if (!in_aperture(f, pt, iova, c.last))
		return -ERANGE;
	while (!c.ended) {
		struct pt_root root = load_root(pt);
		pt_item *table = root.table;
		unsigned level = root.level;

		if (!top_reaches(f, c.next, level))
			break;
		for (;;) {
			unsigned index = item_index(f, pt, c.next, level, root.level);
			uint64_t item = shim_load(pt->env, &table[index]);

			if (f->kind(pt, item, level) != PT_TABLE || level == 0)
				break;
			table = shim_table(pt->env, f->table_pa(pt, item));
			level--;
		}
		scan_table_dirty(f, pt, table, level, root.level, &c);
	}
	return 0;
}

PT_INLINE int set_dirty_as_reader(const struct pt_fmt *f, struct pt *pt, uint64_t iova)
{
	struct pt_root root;
	struct pt_path path;
	pt_item *at;
	uint64_t item;

	if (!(pt->features & PT_DIRTY_TRACKING))
		return -EOPNOTSUPP;
	root = load_root(pt);
	if (!in_aperture(f, pt, iova, iova) || !top_reaches(f, iova, root.level) ||
	    !find_leaf(f, pt, root, iova, &path))
		return -ENOENT;
	item = path.item;
	if (!f->leaf_is_writable(pt, item))
		return -EACCES;
	at = &path.table[path.level][item_index(f, pt, iova, path.level, root.level)];
	if (f->leaf_is_dirty(pt, item) ||
	    shim_cmpxchg_relaxed(pt->env, at, &item, f->make_dirty(pt, item)))
		return 0;
	return -EAGAIN;
}

/* Takes no lock, as translate does. */
PT_INLINE int set_dirty_(const struct pt_fmt *f, struct pt *pt, uint64_t iova)
{
	int err;

	shim_reader_enter(pt->env);
	err = set_dirty_as_reader(f, pt, iova);
	shim_reader_exit(pt->env);
	return err;
}

#endif
