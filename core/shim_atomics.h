/* Items as C11 atomics: what the accesses of the fast world are, and of the threads world. */
#ifndef WALKDIFF_CORE_SHIM_ATOMICS_H
#define WALKDIFF_CORE_SHIM_ATOMICS_H

static inline uint64_t shim_load(void *env, const pt_item *p)
{
	(void)env;
	return atomic_load_explicit(p, memory_order_acquire);
}

static inline uint64_t shim_load_relaxed(void *env, const pt_item *p)
{
	(void)env;
	return atomic_load_explicit(p, memory_order_relaxed);
}

static inline void shim_store_relaxed(void *env, pt_item *p, uint64_t v)
{
	(void)env;
	atomic_store_explicit(p, v, memory_order_relaxed);
}

static inline void shim_store(void *env, pt_item *p, uint64_t v)
{
	(void)env;
	atomic_store_explicit(p, v, memory_order_release);
}

/* True when *p was *old and is now v; else *old is what it was. */
static inline bool shim_cmpxchg(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	(void)env;
	return atomic_compare_exchange_strong_explicit(p, old, v, memory_order_acq_rel,
						       memory_order_acquire);
}

static inline bool shim_cmpxchg_relaxed(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	(void)env;
	return atomic_compare_exchange_strong_explicit(p, old, v, memory_order_relaxed,
						       memory_order_relaxed);
}

#endif
