/*
 * unmap: whole leaves, one after the other, and the tables that this leaves empty.
 *
 * A table is freed when the bytes removed cover all that it translates; a table
 * that merely became empty stays, since a neighbour's operation may be inside it.
 */
#ifndef WALKDIFF_CORE_UNMAP_H
#define WALKDIFF_CORE_UNMAP_H

#include "core/walk.h"

/* The way from the top to a leaf; valid for levels level..root. */
struct pt_path {
	pt_item *table[PT_MAX_LEVELS];
	uint64_t pa[PT_MAX_LEVELS]; /* not the root's, which nobody frees */
	unsigned level; /* of the table that holds the leaf */
	uint64_t item;	/* the leaf */
};

/* Walk to the leaf at va; false when nothing is mapped there. */
PT_INLINE bool find_leaf(const struct pt_fmt *f, struct pt *pt, struct pt_root root, uint64_t va,
			 struct pt_path *path)
{
	unsigned l = root.level;

	path->table[l] = root.table;
	for (;;) {
		unsigned index = item_index(f, pt, va, l, root.level);
		uint64_t item = shim_load(pt->env, &path->table[l][index]);
		enum pt_kind kind = f->kind(pt, item, l);

		if (kind == PT_LEAF) {
			path->level = l;
			path->item = item;
			return true;
		}
		if (kind == PT_EMPTY || l == 0)
			return false;
		l--;
		path->pa[l] = f->table_pa(pt, item);
		path->table[l] = shim_table(pt->env, path->pa[l]);
	}
}

/* What unmap has removed so far: first..next-1; next is 0 after the last address. */
struct unmap_cursor {
	uint64_t first, next;
	uint64_t last; /* of the range asked for */
	uint64_t tables; /* taken out: PA of the first, chained like those of a gather */
	pt_item *tail;	 /* item 0 of the last */
	uint32_t nr_tables;
	uint8_t leaf_levels, table_levels; /* a bit each: of what was removed */
	bool any;      /* something was removed: next == first alone may be 2^64 bytes */
	bool ended;    /* the end of the range, or something not mapped */
};

/*
 * Clear leaves of 2^size_lg2 bytes, each of `items` items, from `at` on, where the
 * first is known to be one: at most `most`, and while the next is one too. Returns
 * how many; then *next is the item that is not, when it was looked at.
 */
PT_INLINE uint64_t clear_alike(const struct pt_fmt *f, struct pt *pt, pt_item *at, unsigned level,
			       unsigned size_lg2, unsigned items, uint64_t most, uint64_t *next)
{
	for (uint64_t n = 1;; n++) {
		uint64_t item;

		for (unsigned i = 0; i < items; i++)
			shim_store_relaxed(pt->env, &at[i], 0);
		if (n == most)
			return n;
		at += items;
		item = shim_load_relaxed(pt->env, at);
		if (f->kind(pt, item, level) != PT_LEAF ||
		    f->leaf_lg2(pt, item, level) != size_lg2) {
			*next = item;
			return n;
		}
	}
}

/*
 * Clear leaves in the table of the path, from its leaf on, while they are mapped,
 * begin inside the range and lie in this table.
 */
PT_INLINE void clear_leaves(const struct pt_fmt *f, struct pt *pt, const struct pt_path *path,
			    unsigned top, struct unmap_cursor *c)
{
	pt_item *table = path->table[path->level];
	unsigned level = path->level, shift = item_lg2(f, level);
	uint64_t item = path->item;

	for (;;) {
		unsigned size_lg2 = f->leaf_lg2(pt, item, level), items = 1u << (size_lg2 - shift);
		unsigned index = item_index(f, pt, c->next, level, top);
		uint64_t in_table = ((1u << index_lg2(f, pt, level, top)) - index) / items;
		uint64_t in_range = ((c->last - c->next) >> size_lg2) + 1;
		/* equivalent: rel-1: the smaller of two */
		uint64_t most = in_table < in_range ? in_table : in_range;
		pt_item *at = &table[index];
		/* Twice the same, so that the common case of one item is a loop of its own. */
		/* equivalent: off-2: it is the same */
		uint64_t n = items == 1 ?
				     clear_alike(f, pt, at, level, size_lg2, 1, most, &item) :
				     clear_alike(f, pt, at, level, size_lg2, items, most, &item);

		c->next += n << size_lg2;
		if (n == in_range) {
			c->ended = true;
			if (c->next - 1 > c->last) /* not mutated: what is noted */
				SEEN(unmap_past_range);
		}
		if (n == most)
			return;
		if (f->kind(pt, item, level) != PT_LEAF) {
			c->ended = f->kind(pt, item, level) == PT_EMPTY;
			if (c->ended) /* not mutated: what is noted */
				SEEN(unmap_meets_hole);
			return;
		}
		SEEN(unmap_size_changes);
	}
}

/*
 * Take out the tables on the path that end where the removed bytes end and begin inside
 * them. Returns the level of the lowest table that stays.
 */
PT_INLINE unsigned remove_covered_tables(const struct pt_fmt *f, struct pt *pt,
					 struct pt_root root, const struct pt_path *path,
					 struct unmap_cursor *c)
{
	unsigned l = path->level;

	for (; l < root.level; l++) {
		uint64_t span = low_mask(item_lg2(f, l + 1));
		/* equivalent: off-1: a leaf ends there, and no leaf is of one byte */
		uint64_t begin = (c->next - 1) & ~span;
		unsigned above;

		if ((c->next & span) || begin < c->first)
			break;
		above = item_index(f, pt, begin, l + 1, root.level);
		shim_store_relaxed(pt->env, &path->table[l + 1][above], 0);
		SEEN(unmap_frees_table);
		if (l > path->level) /* not mutated: what is noted */
			SEEN(unmap_frees_parent);
		if (!c->tables)
			c->tail = &path->table[l][0];
		/* Behind its own unlinking. */
		shim_store(pt->env, &path->table[l][0], c->tables);
		c->tables = path->pa[l];
		c->nr_tables++;
		c->table_levels |= level_bit(l);
	}
	return l;
}

/* Flush what was cleared for begin..next-1, leaves of one table, in the lowest that stays. */
PT_INLINE void flush_cleared(const struct pt_fmt *f, struct pt *pt, const struct pt_path *path,
			     unsigned level, unsigned top, uint64_t begin, uint64_t next)
{
	unsigned first = item_index(f, pt, begin, level, top);
	/* equivalent: off-1: a leaf ends there, and no leaf is of one byte */
	unsigned last = item_index(f, pt, next - 1, level, top);

	shim_flush(pt->env, &path->table[level][first],
		   (last - first + 1) * sizeof(path->table[level][0]));
}

PT_INLINE uint64_t unmap_(const struct pt_fmt *f, struct pt *pt, uint64_t iova, uint64_t len,
			  struct pt_gather *gather)
{
	struct unmap_cursor c = { .first = iova, .next = iova, .last = iova + (len - 1) };

	if (len == 0 || c.last < iova || !in_aperture(f, pt, iova, c.last))
		return 0;
	while (!c.ended) {
		struct pt_root root = load_root(pt);
		struct pt_path path;
		uint64_t begin;
		unsigned stays;

		if (!top_reaches(f, c.next, root.level)) {
			SEEN(unmap_above_top);
			break;
		}
		if (!find_leaf(f, pt, root, c.next, &path)) {
			SEEN(unmap_meets_hole);
			break;
		}
		/* Only the first leaf can begin before the address that was asked for. */
		if (c.next & low_mask(f->leaf_lg2(pt, path.item, path.level))) {
			SEEN(unmap_inside_leaf);
			break;
		}
		c.any = true;
		begin = c.next;
		clear_leaves(f, pt, &path, root.level, &c);
		c.leaf_levels |= level_bit(path.level);
		stays = remove_covered_tables(f, pt, root, &path, &c);
		/* Of tables that go nothing need reach memory: until sync the old is allowed. */
		if (is_incoherent(f, pt))
			flush_cleared(f, pt, &path, stays, root.level, begin, c.next);
	}
	if (!c.any)
		return 0;
	/* The range first: what it makes the gather sync must not free these tables yet. */
	gather_make_room(f, pt, gather, c.nr_tables);
	gather_range(f, pt, gather,
		     (struct pt_invalidation){ .first = c.first,
					       .last = c.next - 1,
					       .leaf_levels = c.leaf_levels,
					       .table_levels = c.table_levels });
	if (c.tables) {
		shim_store_relaxed(pt->env, c.tail, gather->tables);
		gather->tables = c.tables;
		gather->nr_tables += c.nr_tables;
	}
	return c.next - c.first;
}

#endif
