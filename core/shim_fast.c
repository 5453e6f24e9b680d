/* The fast world's calls to the user: allocation, invalidation, the device entry. */
#define PT_WORLD fast
#include "core/shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct pt_env shim_fast_default_env;

pt_item *shim_fast_alloc(const struct pt_env *env, size_t size)
{
	pt_item *table;

	if (env->alloc)
		return env->alloc(env->ctx, size);
	/* equivalent: rel-1, off-1, off-2: a power of two, and 4096 is as large already */
	if (size < 4096)
		size = 4096;
	table = aligned_alloc(size, size);
	if (table)
		memset((void *)table, 0, size);
	return table;
}

void shim_fast_free(const struct pt_env *env, pt_item *table, size_t size)
{
	if (env->free)
		env->free(env->ctx, (void *)table, size);
	else
		free((void *)table);
}

void shim_fast_invalidate(const struct pt_env *env, const struct pt_invalidation *inv)
{
	if (env->invalidate)
		env->invalidate(env->ctx, inv);
}

void shim_fast_flush(const struct pt_env *env, const pt_item *first, size_t bytes)
{
	if (env->flush)
		env->flush(env->ctx, (const void *)first, bytes);
}

void shim_fast_wait_for_readers(const struct pt_env *env)
{
	if (env->wait_for_readers)
		env->wait_for_readers(env->ctx);
}

void shim_fast_change_top(const struct pt_env *env, uint64_t pa, unsigned level)
{
	if (env->change_top)
		env->change_top(env->ctx, pa, level);
}

_Noreturn void shim_fast_verify_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "%s:%d: walkdiff: belief broken: %s\n", file, line, cond);
	abort(); /* not mutated: what a _Noreturn function does that returns is undefined */
}
