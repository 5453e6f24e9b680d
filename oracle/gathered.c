/* What a gather must hold after an operation: worked out from the flat map. */
#include <inttypes.h>

#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

uint8_t leaf_level_bit(const struct judge *j, unsigned size_lg2)
{
	unsigned level = 0;

	/* equivalent: rel-1: none is larger than an item of the largest top */
	while (level < j->subject.hw->max_top && hw_item_lg2(j->subject.hw, level + 1) <= size_lg2)
		level++;
	return (uint8_t)(1u << level);
}

uint8_t leaf_levels(const struct judge *j, uint64_t first, uint64_t last)
{
	uint8_t levels = 0;

	for (size_t i = 0; i < j->flat.nr; i++) {
		const struct extent *e = &j->flat.extents[i];

		/* equivalent: rel-1, off-1, rel-2: the first byte of a leaf is never the last */
		if (e->va <= last && e->va + ((e->count << e->size_lg2) - 1) >= first)
			levels |= leaf_level_bit(j, e->size_lg2);
	}
	return levels;
}

struct pt_gather predict_gather(struct judge *j, struct pt_gather g, struct pt_invalidation what)
{
	bool empty = g.first > g.last; /* equivalent: rel-1: a byte is no leaf */
	/* equivalent: rel-1, off-1: none apart when equal; a gap is pages */
	bool apart = !empty && ((g.last < what.first && what.first - g.last > 1) ||
				/* equivalent: rel-1, off-1: likewise */
				(what.last < g.first && g.first - what.last > 1));

	uint32_t more = j->sim.t->work.unlinked;
	bool full = what.table_levels && g.nr_tables && more && g.nr_tables + more > PT_GATHER_TABLES;

	/* Without a watch nobody has counted the tables that went: it is taken at its word. */
	if (!j->sim.watch.on)
		full = what.table_levels && j->sim.t->freed;
	if (full || (apart && (j->config.features & PT_FLUSH_RANGE_NO_GAPS))) {
		if (!j->sim.t->invalidations || j->sim.t->invalidated.first != g.first ||
		    j->sim.t->invalidated.last != g.last)
			sim_fail(&j->sim, CHECK_RESULT,
				 "the gathered range " HEX ".." HEX
				 " was dropped without being invalidated", g.first, g.last);
		g = PT_GATHER_EMPTY;
	}
	/* equivalent: rel-1: it is that already */
	if (what.first < g.first)
		g.first = what.first;
	if (what.last > g.last) /* equivalent: rel-1: likewise */
		g.last = what.last;
	if (j->config.features & PT_DETAILED_GATHER)
		g.leaf_levels |= what.leaf_levels;
	return g;
}

/* Of table_levels too few is for the device to see, and too many no harm. */
void check_gather(struct judge *j, const struct pt_gather *want, const char *operation)
{
	const struct pt_gather *got = &j->sim.t->gather;

	if (!gathers_are_compared(j))
		return;
	if (got->first != want->first || got->last != want->last ||
	    got->leaf_levels != want->leaf_levels)
		sim_fail(&j->sim, CHECK_RESULT,
			 "%s gathered " HEX ".." HEX ", levels 0x%x, should be " HEX ".." HEX
			 ", levels 0x%x",
			 operation, got->first, got->last, got->leaf_levels, want->first,
			 want->last, want->leaf_levels);
	if (got->table_levels && !(j->config.features & PT_DETAILED_GATHER))
		sim_fail(&j->sim, CHECK_RESULT, "%s told levels of tables, 0x%x, unasked",
			 operation, got->table_levels);
}

void check_map_gather(struct judge *j, const struct pt_gather *before,
			     const struct pt_mapping *m, uint64_t mapped)
{
	struct pt_gather want = *before;
	struct pt_invalidation what = { .first = m->iova, .last = m->iova + (mapped - 1) };

	if (mapped && gathers_are_compared(j) && (j->config.features & PT_NP_CACHE)) {
		what.leaf_levels = leaf_levels(j, what.first, what.last);
		want = predict_gather(j, want, what);
	}
	check_gather(j, &want, "map");
}
