/*
 * The harness's worlds: hooks, declared here and implemented in oracle/. A hook may
 * refuse, count, fail the run (it then does not return), and let other threads go
 * first. In the sim world every access is one, in the threads world none is.
 */
#ifndef WALKDIFF_CORE_SHIM_SIM_H
#define WALKDIFF_CORE_SHIM_SIM_H

typedef struct {
	bool held;
} shim_lock_t;

uint64_t sim_load(void *env, const pt_item *p);
uint64_t sim_load_relaxed(void *env, const pt_item *p);
void sim_store(void *env, pt_item *p, uint64_t v);
void sim_store_relaxed(void *env, pt_item *p, uint64_t v);
bool sim_cmpxchg(void *env, pt_item *p, uint64_t *old, uint64_t v);
bool sim_cmpxchg_relaxed(void *env, pt_item *p, uint64_t *old, uint64_t v);
pt_item *sim_table_alloc(void *env, size_t size, uint64_t *pa);
void sim_table_free(void *env, uint64_t pa, size_t size);
pt_item *sim_table(void *env, uint64_t pa);
void sim_invalidate(void *env, const struct pt_invalidation *inv);
void sim_flush(void *env, const pt_item *first, size_t bytes);
void sim_reader_enter(void *env);
void sim_reader_exit(void *env);
void sim_wait_for_readers(void *env);
void sim_change_top(void *env, uint64_t pa, unsigned level);
void sim_lock(void *env, shim_lock_t *lock);
void sim_unlock(void *env, shim_lock_t *lock);
_Noreturn void sim_verify_failed(const char *cond, const char *file, int line);

void sim_note_seen(enum seen line);

#ifdef PT_HOOKED_ACCESSES
#define shim_load sim_load
#define shim_load_relaxed sim_load_relaxed
#define shim_store sim_store
#define shim_store_relaxed sim_store_relaxed
#define shim_cmpxchg sim_cmpxchg
#define shim_cmpxchg_relaxed sim_cmpxchg_relaxed
#else
#include "core/shim_atomics.h"
#endif

#define shim_seen sim_note_seen
#define shim_table_alloc sim_table_alloc
#define shim_table_free sim_table_free
#define shim_table sim_table
#define shim_invalidate sim_invalidate
#define shim_flush sim_flush
#define shim_reader_enter sim_reader_enter
#define shim_reader_exit sim_reader_exit
#define shim_wait_for_readers sim_wait_for_readers
#define shim_change_top sim_change_top
#define shim_lock_init(env, lock) ((void)(env), (void)((lock)->held = false))
#define shim_lock_destroy(env, lock) ((void)(env), (void)(lock))
#define shim_env(env) (env)
#define shim_lock sim_lock
#define shim_unlock sim_unlock
#define shim_verify_failed sim_verify_failed

#endif
