/*
 * The product's world: C11 atomics, tables in a linear map of memory, and the user's
 * functions (or the C library's) behind direct calls in shim_fast.c.
 */
#ifndef WALKDIFF_CORE_SHIM_FAST_H
#define WALKDIFF_CORE_SHIM_FAST_H

#include <assert.h>
#include <pthread.h>

#include "core/shim_atomics.h"

/*
 * What a user of the fast world may supply, as env of init, and keeps until deinit; a
 * null env, or a null member, means the default that stands beside it. With
 * PT_ENCRYPT_TABLES the PAs of tables must lie below 2^encrypt_bit.
 */
struct pt_env {
	uint64_t pa_offset;				    /* a table's address less its PA; 0 */
	void *(*alloc)(void *ctx, size_t size);		    /* zeroed; aligned to size and to 4K; aligned_alloc */
	void (*free)(void *ctx, void *table, size_t size);  /* free */
	/* Complete when it returns: pt_ops.encode makes commands of it; nothing */
	void (*invalidate)(void *ctx, const struct pt_invalidation *inv);
	/* With PT_DMA_INCOHERENT: write these bytes of a table back to memory; nothing */
	void (*flush)(void *ctx, const void *first, size_t bytes);
	/*
	 * Return when every translate and set_dirty that had begun has ended: the caller of
	 * those encloses them in read-side sections of its RCU, and gives its grace period
	 * here; nothing.
	 */
	void (*wait_for_readers)(void *ctx);
	void (*change_top)(void *ctx, uint64_t pa, unsigned level);   /* nothing */
	void *ctx;
};

typedef pthread_mutex_t shim_lock_t;

extern const struct pt_env shim_fast_default_env;
pt_item *shim_fast_alloc(const struct pt_env *env, size_t size);
void shim_fast_free(const struct pt_env *env, pt_item *table, size_t size);
void shim_fast_invalidate(const struct pt_env *env, const struct pt_invalidation *inv);
void shim_fast_flush(const struct pt_env *env, const pt_item *first, size_t bytes);
void shim_fast_wait_for_readers(const struct pt_env *env);
void shim_fast_change_top(const struct pt_env *env, uint64_t pa, unsigned level);
_Noreturn void shim_fast_verify_failed(const char *cond, const char *file, int line);
#define shim_verify_failed shim_fast_verify_failed
#define shim_seen(line) ((void)0)

/* What init keeps of the env that it was given. */
static inline void *shim_env(void *env)
{
	return env ? env : (void *)(uintptr_t)&shim_fast_default_env;
}

static inline uint64_t shim_pa_offset(const void *env)
{
	return ((const struct pt_env *)env)->pa_offset;
}

/* A zeroed table of `size` bytes, aligned to it, and its PA; null when refused. */
static inline pt_item *shim_table_alloc(void *env, size_t size, uint64_t *pa)
{
	pt_item *table = shim_fast_alloc(env, size);

	*pa = (uint64_t)(uintptr_t)table - shim_pa_offset(env);
	return table;
}

static inline void shim_table_free(void *env, uint64_t pa, size_t size)
{
	shim_fast_free(env, (pt_item *)(uintptr_t)(pa + shim_pa_offset(env)), size);
}

static inline pt_item *shim_table(void *env, uint64_t pa)
{
	return (pt_item *)(uintptr_t)(pa + shim_pa_offset(env));
}

static inline void shim_invalidate(void *env, const struct pt_invalidation *inv)
{
	shim_fast_invalidate(env, inv);
}

static inline void shim_flush(void *env, const pt_item *first, size_t bytes)
{
	shim_fast_flush(env, first, bytes);
}

/* The caller's own: see pt_env.wait_for_readers. */
static inline void shim_reader_enter(void *env)
{
	(void)env;
}

static inline void shim_reader_exit(void *env)
{
	(void)env;
}

static inline void shim_wait_for_readers(void *env)
{
	shim_fast_wait_for_readers(env);
}

static inline void shim_change_top(void *env, uint64_t pa, unsigned level)
{
	shim_fast_change_top(env, pa, level);
}

static inline void shim_lock_init(void *env, shim_lock_t *lock)
{
	(void)env;
	pthread_mutex_init(lock, NULL);
}

static inline void shim_lock_destroy(void *env, shim_lock_t *lock)
{
	(void)env;
	pthread_mutex_destroy(lock);
}

static inline void shim_lock(void *env, shim_lock_t *lock)
{
	(void)env;
	pthread_mutex_lock(lock);
}

static inline void shim_unlock(void *env, shim_lock_t *lock)
{
	(void)env;
	pthread_mutex_unlock(lock);
}

#endif
