/* Walking from the top: translate, explain, and what map and unmap build on. */
#ifndef WALKDIFF_CORE_WALK_H
#define WALKDIFF_CORE_WALK_H

#include "core/gather.h"

PT_INLINE bool translate_as_reader(const struct pt_fmt *f, struct pt *pt, uint64_t iova,
				   uint64_t *oa)
{
	struct pt_root root = load_root(pt);
	pt_item *table = root.table;
	unsigned level = root.level;

	if (!in_aperture(f, pt, iova, iova) || !top_reaches(f, iova, level))
		return false;
	for (;;) {
		uint64_t item = shim_load(pt->env, &table[item_index(f, pt, iova, level, root.level)]);
		enum pt_kind kind = f->kind(pt, item, level);

		if (kind == PT_LEAF) {
			uint64_t offset = iova & low_mask(f->leaf_lg2(pt, item, level));

			*oa = f->leaf_oa(pt, item, level) | offset;
			return true;
		}
		if (kind == PT_EMPTY || level == 0)
			return false;
		table = shim_table(pt->env, f->table_pa(pt, item));
		level--;
	}
}

/* Takes no lock: the tables that it walks are not freed before it has left. */
PT_INLINE bool translate_(const struct pt_fmt *f, struct pt *pt, uint64_t iova, uint64_t *oa)
{
	bool mapped;

	shim_reader_enter(pt->env);
	mapped = translate_as_reader(f, pt, iova, oa);
	shim_reader_exit(pt->env);
	return mapped;
}

PT_INLINE unsigned explain_as_reader(const struct pt_fmt *f, struct pt *pt, uint64_t iova,
				     struct pt_step steps[PT_MAX_LEVELS])
{
	struct pt_root root = load_root(pt);
	pt_item *table = root.table;
	unsigned level = root.level, n = 0;

	if (!top_reaches(f, iova, level))
		return 0;
	for (;;) {
		struct pt_step *s = &steps[n++];

		*s = (struct pt_step){ .level = level, .index = item_index(f, pt, iova, level, root.level) };
		s->item = shim_load(pt->env, &table[s->index]);
		s->kind = f->kind(pt, s->item, level);
		if (s->kind == PT_LEAF) {
			s->address = f->leaf_oa(pt, s->item, level);
			s->size_lg2 = f->leaf_lg2(pt, s->item, level);
		}
		if (s->kind != PT_TABLE || level == 0)
			return n;
		s->address = f->table_pa(pt, s->item);
		table = shim_table(pt->env, s->address);
		level--;
	}
}

PT_INLINE unsigned explain_(const struct pt_fmt *f, struct pt *pt, uint64_t iova,
			    struct pt_step steps[PT_MAX_LEVELS])
{
	unsigned nr;

	shim_reader_enter(pt->env);
	nr = explain_as_reader(f, pt, iova, steps);
	shim_reader_exit(pt->env);
	return nr;
}

/* What to do with a table and all tables below it. */
enum subtree_verb {
	SUBTREE_IS_EMPTY, /* look for a leaf, stop at the first */
	SUBTREE_GATHER,	  /* nothing leads to it any more: hand its tables to the gather */
	SUBTREE_MAKE_DIRTY, /* off-line: make its leaves dirty */
	SUBTREE_FREE,	  /* hardware and gathers are gone: free its tables */
};

/*
 * Walk a whole subtree, children before parents. No other operation runs in its
 * VAs. False when SUBTREE_IS_EMPTY found a leaf, else true.
 */
PT_INLINE bool subtree_(const struct pt_fmt *f, struct pt *pt, uint64_t pa, unsigned level,
			unsigned top, enum subtree_verb verb, struct pt_gather *gather)
{
	struct {
		pt_item *table;
		uint64_t pa;
		unsigned index;
	} stack[PT_MAX_LEVELS], *at = &stack[level];
	unsigned l = level;

	VERIFY(level < PT_MAX_LEVELS);
	at->table = shim_table(pt->env, pa);
	at->pa = pa;
	at->index = 0;
	for (;;) {
		uint64_t item;
		enum pt_kind kind;

		if (at->index == 1u << index_lg2(f, pt, l, top)) {
			if (verb == SUBTREE_GATHER)
				gather_table(pt, gather, at->table, at->pa);
			else if (verb == SUBTREE_FREE)
				shim_table_free(pt->env, at->pa, table_size(f, pt, l, top));
			if (l == level)
				return true;
			at = &stack[++l];
			continue;
		}
		/* equivalent: relaxed-1: who was in its VAs held the range before */
		item = shim_load(pt->env, &at->table[at->index++]);
		kind = f->kind(pt, item, l);
		if (kind == PT_LEAF && verb == SUBTREE_IS_EMPTY)
			return false;
		if (kind == PT_LEAF && verb == SUBTREE_MAKE_DIRTY)
			shim_store_relaxed(pt->env, &at->table[at->index - 1], f->make_dirty(pt, item));
		if (kind != PT_TABLE || l == 0)
			continue;
		at = &stack[--l];
		at->pa = f->table_pa(pt, item);
		at->table = shim_table(pt->env, at->pa);
		at->index = 0;
	}
}

#endif
