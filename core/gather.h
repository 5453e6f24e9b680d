/*
 * What an operation asks to be invalidated, and the tables to free after that.
 *
 * Removed tables are chained through their item 0: nothing leads to them any
 * more but hardware's caches, and an aligned PA is "not present" in every
 * architecture (bit 0 clear; VT-d second stage: bits 1:0 clear).
 */
#ifndef WALKDIFF_CORE_GATHER_H
#define WALKDIFF_CORE_GATHER_H

#include "core/fmt.h"

PT_INLINE bool gather_is_empty(const struct pt_gather *g)
{
	return g->first > g->last; /* equivalent: rel-1: no leaf is of one byte */
}

/* Invalidate, wait for those who read without a lock, then free. The gather is empty then. */
PT_INLINE void sync_(const struct pt_fmt *f, struct pt *pt, struct pt_gather *g)
{
	bool detailed = pt->features & PT_DETAILED_GATHER;
	struct pt_invalidation inv = {
		.first = g->first,
		.last = g->last,
		.leaf_levels = detailed ? g->leaf_levels : PT_ANY_LEVEL,
		.table_levels = detailed ? g->table_levels : PT_ANY_LEVEL,
	};

	if (!gather_is_empty(g))
		shim_invalidate(pt->env, &inv);
	if (g->tables)
		shim_wait_for_readers(pt->env);
	while (g->tables) {
		pt_item *table = shim_table(pt->env, g->tables);
		uint64_t next = shim_load_relaxed(pt->env, &table[0]);

		shim_table_free(pt->env, g->tables, sizeof(uint64_t) << f->index_lg2);
		g->tables = next;
	}
	*g = PT_GATHER_EMPTY;
}

/* Does a range that ends at last lie before one that begins at first, and not touch it? */
PT_INLINE bool is_apart(uint64_t last, uint64_t first)
{
	/* equivalent: rel-1, off-1: what is between them is leaves, none of which has one byte */
	return first > last && first - last > 1;
}

/*
 * Add what was removed or changed in the VAs first..last. Without gaps allowed, what was
 * gathered and does not touch them is synced first.
 */
PT_INLINE void gather_range(const struct pt_fmt *f, struct pt *pt, struct pt_gather *g,
			    struct pt_invalidation what)
{
	uint64_t first = what.first, last = what.last;
	bool apart = !gather_is_empty(g) && (is_apart(g->last, first) || is_apart(last, g->first));

	VERIFY(first <= last);
	if (unlikely(apart && (pt->features & PT_FLUSH_RANGE_NO_GAPS))) {
		SEEN(gather_syncs);
		sync_(f, pt, g);
	}
	if (first < g->first) { /* equivalent: rel-1: to what it is already */
		if (!gather_is_empty(g)) /* not mutated: what is noted */
			SEEN(gather_extends_down);
		g->first = first;
	}
	if (last > g->last) /* equivalent: rel-1: to what it is already */
		g->last = last;
	if (pt->features & PT_DETAILED_GATHER) {
		g->leaf_levels |= what.leaf_levels;
		g->table_levels |= what.table_levels;
	}
}

/* Make room for so many tables more. */
PT_INLINE void gather_make_room(const struct pt_fmt *f, struct pt *pt, struct pt_gather *g,
				uint32_t tables)
{
	if (unlikely(tables && g->nr_tables && g->nr_tables + tables > PT_GATHER_TABLES)) {
		SEEN(gather_full);
		sync_(f, pt, g);
	}
}

/* The bit of a level in a struct pt_invalidation. */
PT_INLINE uint8_t level_bit(unsigned level)
{
	return (uint8_t)BIT(level);
}

/* Add a table that nothing leads to any more; its VAs are in the gather already. */
PT_INLINE void gather_table(const struct pt *pt, struct pt_gather *g, pt_item *table, uint64_t pa)
{
	shim_store(pt->env, &table[0], g->tables);
	g->tables = pa;
	g->nr_tables++;
}

#endif
