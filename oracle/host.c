/*
 * The simulated machine as core/foreign.h has it, and what it makes of implementations whose
 * accesses it does not see.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/foreign.h"
#include "oracle/sim.h"

#include <string.h>

_Static_assert(sizeof(struct pt_host_lock) == sizeof(shim_lock_t), "they are one to the scheduler");

static void *host_table_alloc(void *ctx, size_t size, uint64_t *pa)
{
	struct sim *s = ctx;

	if (!size || size & (size - 1)) /* equivalent: off-1: a byte holds no item */
		sim_stop(s, CHECK_BELIEF, "asked for a table of %zu bytes", size);
	return (void *)sim_table_alloc(s, size, pa);
}

static void *host_table(void *ctx, uint64_t pa)
{
	return (void *)sim_table(ctx, pa);
}

static uint64_t host_pa(void *ctx, const void *place)
{
	struct sim *s = ctx;
	const struct slot *slot = memory_slot_of(s->memory, place);

	if (!slot)
		sim_stop(s, CHECK_LEDGER, "asked for the PA of memory outside every live table");
	return memory_pa_of(s->memory, slot, place);
}

static void host_invalidate(void *ctx, const struct pt_invalidation *inv)
{
	sim_catch_up(ctx); /* what is to be forgotten was stored before */
	sim_invalidate(ctx, inv);
}

static void host_wait_for_readers(void *ctx)
{
	sim_catch_up(ctx); /* who waits is for what was unlinked before */
	sim_wait_for_readers(ctx);
}

static void host_flush(void *ctx, const void *first, size_t bytes)
{
	sim_flush(ctx, first, bytes);
}

static void host_lock(void *ctx, struct pt_host_lock *lock)
{
	sim_lock(ctx, (shim_lock_t *)lock);
}

static void host_unlock(void *ctx, struct pt_host_lock *lock)
{
	sim_unlock(ctx, (shim_lock_t *)lock);
}

static uint64_t host_load(void *ctx, const void *item)
{
	return sim_load(ctx, item);
}

static uint64_t host_load_relaxed(void *ctx, const void *item)
{
	return sim_load_relaxed(ctx, item);
}

static void host_store(void *ctx, void *item, uint64_t v)
{
	sim_store(ctx, item, v);
}

static void host_store_relaxed(void *ctx, void *item, uint64_t v)
{
	sim_store_relaxed(ctx, item, v);
}

static bool host_cmpxchg(void *ctx, void *item, uint64_t *old, uint64_t v)
{
	return sim_cmpxchg(ctx, item, old, v);
}

static bool host_cmpxchg_relaxed(void *ctx, void *item, uint64_t *old, uint64_t v)
{
	return sim_cmpxchg_relaxed(ctx, item, old, v);
}

static void host_barrier(void *ctx)
{
	stores_reach_all(ctx);
}

static _Noreturn void host_fail(void *ctx, const char *what)
{
	sim_stop(ctx, CHECK_BELIEF, "%s", what);
}

void sim_make_host(struct sim *s, struct pt_host *host)
{
	*host = (struct pt_host){
		.version = PT_ABI_VERSION,
		.size = sizeof(*host),
		.ctx = s,
		.table_alloc = host_table_alloc,
		.table_free = sim_table_free,
		.table = host_table,
		.pa = host_pa,
		.invalidate = host_invalidate,
		.flush = host_flush,
		.change_top = sim_change_top,
		.lock = host_lock,
		.unlock = host_unlock,
		.reader_enter = sim_reader_enter,
		.reader_exit = sim_reader_exit,
		.wait_for_readers = host_wait_for_readers,
		.load = host_load,
		.load_relaxed = host_load_relaxed,
		.store = host_store,
		.store_relaxed = host_store_relaxed,
		.cmpxchg = host_cmpxchg,
		.cmpxchg_relaxed = host_cmpxchg_relaxed,
		.barrier = host_barrier,
		.fail = host_fail,
	};
}

/* ---- accesses that no hook has seen ---- */

static void catch_up_table(struct sim *s, struct slot *slot)
{
	uint64_t *words = memory_words(s->memory, slot), *seen = memory_seen(s->memory, words);

	if (!memcmp(words, seen, slot->size)) /* most are as they were */
		return;
	for (size_t i = 0; i < slot->size / sizeof(*words); i++) {
		uint64_t old = seen[i];

		if (words[i] == old)
			continue;
		seen[i] = words[i]; /* equivalent: swap-1: what does not return ends the run */
		sim_note_store(s, slot, &words[i], old, words[i]);
	}
}

/* Of the live tables that hardware does not reach, or of those of one level that it does. */
static void catch_up_level(struct sim *s, bool linked, unsigned level)
{
	/* equivalent: rel-1: what was never used is not live */
	for (uint32_t i = 0; i < s->memory->used; i++) {
		struct slot *slot = &s->memory->slots[i];

		if (slot->state == SLOT_LIVE && slot->linked == linked &&
		    (!linked || slot->level == level))
			catch_up_table(s, slot);
	}
}

void sim_catch_up(struct sim *s)
{
	if (s->sees_accesses || s->memory->wild)
		return;
	catch_up_level(s, false, 0); /* equivalent: off-1: of all levels */
	/* equivalent: rel-1: no table is of that level */
	for (unsigned level = 0; level < HW_MAX_LEVELS; level++)
		catch_up_level(s, true, level);
}
