/*
 * Growing the top: new root tables above the old one.
 *
 *      before          built off-line, then published as one word
 *
 *      top -> A        top -> C   C[0] -> B   B[0] -> A
 *
 * The device entry is updated before software uses the new top, so that nothing
 * is ever mapped where hardware cannot reach it.
 */
#ifndef WALKDIFF_CORE_TOP_H
#define WALKDIFF_CORE_TOP_H

#include <errno.h>

#include "core/walk.h"

/* Free a chain of off-line tables of levels bottom..top: nobody has seen them. */
PT_INLINE void free_chain(const struct pt_fmt *f, struct pt *pt, const uint64_t *pa,
			  unsigned bottom, unsigned top)
{
	for (unsigned l = bottom; l <= top; l++)
		shim_table_free(pt->env, pa[l], table_size(f, pt, l, PT_MAX_LEVELS));
}

/* The level of the lowest root that reaches iova and can hold leaves of leaf_level. */
PT_INLINE unsigned needed_top(const struct pt_fmt *f, uint64_t iova, unsigned leaf_level)
{
	unsigned level = leaf_level;

	while (!top_reaches(f, iova, level))
		level++;
	return level;
}

/* Build roots of levels above `root` up to `level` off-line; pa[l] is each one's PA. */
PT_INLINE int build_chain(const struct pt_fmt *f, struct pt *pt, struct pt_root root,
			  unsigned level, uint64_t *pa)
{
	uint64_t below = root.word & ~PT_TOP_LEVEL_MASK;

	for (unsigned l = root.level + 1; l <= level; l++) {
		pt_item *table = new_table(f, pt, l, PT_MAX_LEVELS, &pa[l]);
		uint64_t flushed = is_incoherent(f, pt) ? f->flushed_bit : 0;

		if (!table) {
			if (l == root.level + 1) /* not mutated: what is noted */
				SEEN(top_refused);
			else
				SEEN(top_refused_midway);
			free_chain(f, pt, pa, root.level + 1, l - 1);
			return -ENOMEM;
		}
		shim_store_relaxed(pt->env, &table[0], f->make_table(pt, below, l - 1) | flushed);
		if (flushed)
			shim_flush(pt->env, table, sizeof(*table));
		below = pa[l];
	}
	return 0;
}

/*
 * Grow to `level` at least; *root is the top afterwards. 0 or -ENOMEM; what another
 * thread grew meanwhile counts.
 */
PT_INLINE int grow_top(const struct pt_fmt *f, struct pt *pt, unsigned level,
		       struct pt_root *root)
{
	VERIFY(level <= f->max_top_level);
	for (*root = load_root(pt); root->level < level; *root = load_root(pt)) {
		uint64_t pa[PT_MAX_LEVELS], now;
		int err = build_chain(f, pt, *root, level, pa);

		if (err)
			return err;
		shim_lock(pt->env, &pt->top_lock);
		now = shim_load_relaxed(pt->env, &pt->top);
		if (now == root->word) {
			shim_change_top(pt->env, f->top_pa(pt, pa[level]), level);
			shim_store(pt->env, &pt->top, pa[level] | level);
			SEEN(top_grows);
		}
		shim_unlock(pt->env, &pt->top_lock);
		if (now != root->word)
			free_chain(f, pt, pa, root->level + 1, level);
	}
	return 0;
}

#endif
