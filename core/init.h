/* Checking a configuration, making an empty table, taking one apart. */
#ifndef WALKDIFF_CORE_INIT_H
#define WALKDIFF_CORE_INIT_H

#include <errno.h>

#include "core/walk.h"

/* -EOPNOTSUPP for what the format does not have, in any combination. */
PT_INLINE int check_supported(const struct pt_fmt *f, const struct pt_config *c, uint64_t sizes)
{
	if (c->features & ~f->features)
		return -EOPNOTSUPP;
	if (c->top_level > f->max_top_level || c->top_level < f->min_top_level || c->vasz_lg2 > f->max_vasz_lg2 ||
	    c->oasz_lg2 > f->max_oasz_lg2)
		return -EOPNOTSUPP;
	if (c->pgsize_bitmap & ~sizes)
		return -EOPNOTSUPP;
	if ((c->features & PT_ENCRYPT_TABLES) &&
	    (c->encrypt_bit < f->min_encrypt_bit || c->encrypt_bit > f->max_encrypt_bit))
		return -EOPNOTSUPP;
	return 0;
}

/* -EINVAL for combinations that mean nothing. `sizes` are those the table will use. */
PT_INLINE int check_sensible(const struct pt_fmt *f, const struct pt_config *c, uint64_t sizes)
{
	bool range = c->features & PT_FLUSH_RANGE, no_gaps = c->features & PT_FLUSH_RANGE_NO_GAPS;
	bool full_va = c->features & PT_FULL_VA;

	if (range == no_gaps || full_va != (c->vasz_lg2 == 64))
		return -EINVAL;
	/*
	 * No item of the top could hold the aperture, or the top could not reach its end. How
	 * far one of another size reaches is for the format to check.
	 */
	if (c->vasz_lg2 < item_lg2(f, c->top_level))
		return -EINVAL;
	if (!(c->features & PT_DYNAMIC_TOP) && !f->sized_root &&
	    c->vasz_lg2 > item_lg2(f, c->top_level) + f->index_lg2)
		return -EINVAL;
	/* Hardware cannot update atomically what it reads past the CPU's caches. */
	if ((c->features & PT_DIRTY_TRACKING) && (c->features & PT_DMA_INCOHERENT))
		return -EINVAL;
	/* The upper half is of one table, the sign's halves are of one. */
	if ((c->features & PT_SIGN_EXTEND) && (c->features & PT_UPPER_HALF))
		return -EINVAL;
	/* Nothing could ever be mapped. */
	if (align_lg2(sizes) > c->vasz_lg2 || align_lg2(sizes) > c->oasz_lg2)
		return -EINVAL;
	if ((c->features & PT_ENCRYPT_TABLES) && c->oasz_lg2 > c->encrypt_bit)
		return -EINVAL;
	return 0;
}

PT_INLINE int init_(const struct pt_fmt *f, struct pt *pt, const struct pt_config *c, void *env)
{
	bool grows = c->features & PT_DYNAMIC_TOP;
	uint64_t sizes = f->leaf_sizes(c, grows ? f->max_top_level : c->top_level);
	uint64_t used = c->pgsize_bitmap ? c->pgsize_bitmap : sizes;
	uint8_t root_index_lg2 = f->index_lg2;
	uint64_t pa;
	int err = check_supported(f, c, sizes);

	if (!err)
		err = check_sensible(f, c, used);
	if (!err && f->check)
		err = f->check(c, &root_index_lg2);
	if (err)
		return err;
	*pt = (struct pt){
		.pgsize_bitmap = used,
		.features = c->features,
		.env = shim_env(env),
		.vasz_lg2 = c->vasz_lg2,
		.oasz_lg2 = c->oasz_lg2,
		.root_index_lg2 = root_index_lg2,
	};
	if (c->features & PT_SIGN_EXTEND)
		pt->va_bias = BIT(c->vasz_lg2 - 1);
	if (c->features & PT_UPPER_HALF)
		pt->va_bias = BIT(c->vasz_lg2);
	f->init(pt, c);
	if (!new_table(f, pt, c->top_level, c->top_level, &pa))
		return -ENOMEM;
	shim_lock_init(pt->env, &pt->top_lock); /* equivalent: swap-1: nobody else has pt yet */
	/* equivalent: swap-1: nobody else has pt yet */
	shim_change_top(pt->env, f->top_pa(pt, pa), c->top_level);
	/* equivalent: relaxed-1: nobody else has pt yet, and it is handed on in order */
	shim_store(pt->env, &pt->top, pa | c->top_level);
	return 0;
}

PT_INLINE void deinit_(const struct pt_fmt *f, struct pt *pt)
{
	struct pt_root root = load_root(pt);

	subtree_(f, pt, root.word & ~PT_TOP_LEVEL_MASK, root.level, root.level, SUBTREE_FREE,
		 NULL);
	shim_lock_destroy(pt->env, &pt->top_lock);
}

PT_INLINE struct pt_top top_(const struct pt_fmt *f, struct pt *pt)
{
	struct pt_root root = load_root(pt);

	return (struct pt_top){ f->top_pa(pt, root.word & ~PT_TOP_LEVEL_MASK), root.level };
}

#endif
