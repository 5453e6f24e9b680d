/*
 * The world of a foreign object (core/foreign.h): all that the page table asks goes to the
 * struct pt_host that init was given.
 */
#ifndef WALKDIFF_CORE_SHIM_HOSTED_H
#define WALKDIFF_CORE_SHIM_HOSTED_H

#include <stdio.h>
#include <stdlib.h>

#include "core/foreign.h"

typedef struct pt_host_lock shim_lock_t;

#define shim_env(env) (env)
#define shim_seen(line) ((void)0)
#define shim_lock_init(env, lock) ((void)(env), (void)((lock)->held = false))
#define shim_lock_destroy(env, lock) ((void)(env), (void)(lock))

static inline uint64_t shim_load(void *env, const pt_item *p)
{
	const struct pt_host *h = env;

	return h->load(h->ctx, (const void *)p);
}

static inline uint64_t shim_load_relaxed(void *env, const pt_item *p)
{
	const struct pt_host *h = env;

	return h->load_relaxed(h->ctx, (const void *)p);
}

static inline void shim_store(void *env, pt_item *p, uint64_t v)
{
	const struct pt_host *h = env;

	h->store(h->ctx, (void *)p, v);
}

static inline void shim_store_relaxed(void *env, pt_item *p, uint64_t v)
{
	const struct pt_host *h = env;

	h->store_relaxed(h->ctx, (void *)p, v);
}

static inline bool shim_cmpxchg(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	const struct pt_host *h = env;

	return h->cmpxchg(h->ctx, (void *)p, old, v);
}

static inline bool shim_cmpxchg_relaxed(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	const struct pt_host *h = env;

	return h->cmpxchg_relaxed(h->ctx, (void *)p, old, v);
}

static inline pt_item *shim_table_alloc(void *env, size_t size, uint64_t *pa)
{
	const struct pt_host *h = env;

	return h->table_alloc(h->ctx, size, pa);
}

static inline void shim_table_free(void *env, uint64_t pa, size_t size)
{
	const struct pt_host *h = env;

	h->table_free(h->ctx, pa, size);
}

static inline pt_item *shim_table(void *env, uint64_t pa)
{
	const struct pt_host *h = env;

	return h->table(h->ctx, pa);
}

static inline void shim_invalidate(void *env, const struct pt_invalidation *inv)
{
	const struct pt_host *h = env;

	h->invalidate(h->ctx, inv);
}

static inline void shim_flush(void *env, const pt_item *first, size_t bytes)
{
	const struct pt_host *h = env;

	h->flush(h->ctx, (const void *)first, bytes);
}

static inline void shim_reader_enter(void *env)
{
	const struct pt_host *h = env;

	h->reader_enter(h->ctx);
}

static inline void shim_reader_exit(void *env)
{
	const struct pt_host *h = env;

	h->reader_exit(h->ctx);
}

static inline void shim_wait_for_readers(void *env)
{
	const struct pt_host *h = env;

	h->wait_for_readers(h->ctx);
}

static inline void shim_change_top(void *env, uint64_t pa, unsigned level)
{
	const struct pt_host *h = env;

	h->change_top(h->ctx, pa, level);
}

static inline void shim_lock(void *env, shim_lock_t *lock)
{
	const struct pt_host *h = env;

	h->lock(h->ctx, lock);
}

static inline void shim_unlock(void *env, shim_lock_t *lock)
{
	const struct pt_host *h = env;

	h->unlock(h->ctx, lock);
}

static inline _Noreturn void shim_verify_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "walkdiff: %s:%d: belief broken: %s\n", file, line, cond);
	abort();
}

#endif
