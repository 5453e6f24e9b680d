/* The hooks of core/shim_sim.h: each is an event, which others may come before. */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/access.h"
#include "oracle/sim.h"

#include <inttypes.h>

bool sim_seen[SEEN_LINES];

const struct seen_line sim_seen_lines[] = {
#define SEEN_LINE(name, what) { #name, what },
#include "core/seen.def"
#undef SEEN_LINE
	{ NULL, NULL },
};

/* An operation that is refused memory says so; one that tries as often as this does not end. */
#define MAX_REFUSED 64 /* equivalent: off-1, off-2: as good a limit */

void sim_note_seen(enum seen line)
{
	sim_seen[line] = true;
}

void sim_event(struct sim *s, enum sim_event what, const volatile void *place)
{
	sim_catch_up(s);
	if (s->race && !s->t->looks)
		s->race->event(s->race->scheduler, what, place);
	/* equivalent: off-1, off-2: as good a chance */
	if (s->t->stores.nr && device_chance(&s->dev, 4))
		stores_reach_one(s);
}

/* Every access: counted, and inside a live table, whose slot it returns, or the page table object. */
static struct slot *check_access(struct sim *s, const pt_item *p)
{
	struct slot *slot;

	/* equivalent: rel-1: as good a limit */
	if (++s->t->accesses > SIM_MAX_ACCESSES)
		sim_stop(s, CHECK_WORK, "the operation does not end: %" PRIu64 " accesses",
			 s->t->accesses);
	if ((uintptr_t)p - (uintptr_t)s->object < s->object_size)
		return NULL;
	slot = memory_slot_of(s->memory, (const void *)p);
	if (!slot)
		sim_stop(s, CHECK_LEDGER, "software accessed memory outside every live table");
	return slot;
}

/* After each access. */
static void check_order(struct sim *s)
{
	if (access_raced())
		/* equivalent: drop-1: but for mode tsan */
		sim_fail(s, CHECK_RACE,
			 "a data race: ThreadSanitizer's report above says of which accesses");
}

static void note_site(struct sim *s, const void *site)
{
	if (s->race)
		s->t->site = site;
}

static uint64_t load(struct sim *s, const pt_item *p, bool relaxed)
{
	const uint64_t *at = (const uint64_t *)(uintptr_t)p;
	uint64_t own;
	struct slot *slot;

	if (s->race || s->t->stores.nr)
		sim_event(s, EVENT_LOAD, p);
	slot = check_access(s, p);
	/* The one word outside tables that is read is the top. */
	if (!slot)
		s->t->work.descents++;
	if (s->t->stores.nr && stores_find(s, at, &own))
		return own;
	if (s->t->looks) /* orders nothing */
		return *at;
	own = access_load(at, relaxed);
	check_order(s); /* equivalent: drop-1: but for mode tsan */
	if (s->race && slot)
		s->race->loaded(s->race->judge, slot, own);
	return own;
}

uint64_t sim_load(void *env, const pt_item *p)
{
	note_site(env, __builtin_return_address(0)); /* not mutated: for feedback */
	return load(env, p, false); /* equivalent: bool-1: but for mode tsan */
}

uint64_t sim_load_relaxed(void *env, const pt_item *p)
{
	note_site(env, __builtin_return_address(0)); /* not mutated: for feedback */
	return load(env, p, true); /* equivalent: bool-1: but for mode tsan */
}

/* In the digest: what was done, of its two numbers. */
static void note(struct sim *s, enum sim_event what, uint64_t first, uint64_t second)
{
	s->digest = digest_with(digest_with(digest_with(s->digest, what), first), second);
}

void sim_note_store(struct sim *s, struct slot *slot, uint64_t *at, uint64_t old, uint64_t v)
{
	s->changes++;
	if (!slot)
		return;
	/* equivalent: swap-1: a digest either way */
	note(s, EVENT_STORE, memory_pa_of(s->memory, slot, at), v);
	watch_store(s, slot, at, old, v);
	/* equivalent: off-1, off-2: as good a chance */
	if ((s->dev.flags & DEVICE_WRITES_BACK) && s->memory->incoherent && device_chance(&s->dev, 4))
		memory_evict(s->memory, at);
}

void sim_write(struct sim *s, uint64_t *at, uint64_t v, bool relaxed)
{
	uint64_t old = *at;

	access_store(at, v, relaxed);
	check_order(s); /* equivalent: drop-1: but for mode tsan */
	sim_note_store(s, memory_slot_of(s->memory, at), at, old, v);
}

void sim_store(void *env, pt_item *p, uint64_t v)
{
	note_site(env, __builtin_return_address(0)); /* not mutated: for feedback */
	sim_event(env, EVENT_STORE, p);
	check_access(env, p);
	stores_reach_all(env);
	sim_write(env, (uint64_t *)(uintptr_t)p, v, false); /* equivalent: bool-1: but for mode tsan */
}

void sim_store_relaxed(void *env, pt_item *p, uint64_t v)
{
	struct sim *s = env;

	note_site(s, __builtin_return_address(0)); /* not mutated: for feedback */
	sim_event(s, EVENT_STORE, p);
	check_access(s, p);
	if (s->dev.flags & DEVICE_WEAK_STORES)
		stores_hold(s, (uint64_t *)(uintptr_t)p, v);
	else
		/* equivalent: bool-1: but for mode tsan */
		sim_write(s, (uint64_t *)(uintptr_t)p, v, true);
}

static bool exchange(struct sim *s, pt_item *p, uint64_t *old, uint64_t v, bool relaxed)
{
	struct slot *slot = check_access(s, p);
	uint64_t *at = (uint64_t *)(uintptr_t)p;
	bool done = access_exchange(at, old, v, relaxed);

	check_order(s); /* equivalent: drop-1: but for mode tsan */
	if (done)
		sim_note_store(s, slot, at, *old, v);
	if (s->race && done)
		s->race->exchanged(s->race->judge);
	else if (s->race && slot)
		s->race->loaded(s->race->judge, slot, *old);
	return done;
}

bool sim_cmpxchg(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	struct sim *s = env;

	note_site(s, __builtin_return_address(0)); /* not mutated: for feedback */
	sim_event(s, EVENT_CMPXCHG, p);
	stores_reach_all(s);
	return exchange(s, p, old, v, false); /* equivalent: bool-1: but for mode tsan */
}

bool sim_cmpxchg_relaxed(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	struct sim *s = env;

	note_site(s, __builtin_return_address(0)); /* not mutated: for feedback */
	sim_event(s, EVENT_CMPXCHG, p);
	stores_reach(s, (const void *)p, 0);
	return exchange(s, p, old, v, true); /* equivalent: bool-1: but for mode tsan */
}

/* A table has come, of zeroes that its thread has stored. */
static void note_alloc(struct sim *s, const uint64_t *words)
{
	struct slot *slot = memory_slot_of(s->memory, words);

	s->changes++;
	note(s, EVENT_ALLOC, slot->pa, slot->size); /* equivalent: swap-1: a digest either way */
	slot->zeroed_by = (uint8_t)(s->t - s->threads);
	slot->zeroed_at = s->dev.flags & DEVICE_WEAK_STORES ? s->t->stores.order : 0;
}

/* True when this allocation is one that the program wants refused. */
static bool is_refused(struct sim *s)
{
	s->allocations++;
	if (!s->refuse_at)
		return false;
	if (s->refuse_at > 1) {
		s->refuse_at--;
		return false;
	}
	if (--s->refuse_count == 0) {
		s->refuse_at = s->refuse_then;
		s->refuse_then = 0;
		s->refuse_count = 1;
	}
	return true;
}

pt_item *sim_table_alloc(void *env, size_t size, uint64_t *pa)
{
	struct sim *s = sim_take(env);
	uint64_t *words;

	sim_event(s, EVENT_ALLOC, NULL);
	if (size > (size_t)1 << s->memory->slot_lg2)
		sim_stop(s, CHECK_LEDGER, "asked for a table of %zu bytes; hardware reads none above "
			 "%zu", size, (size_t)1 << s->memory->slot_lg2); /* not mutated: words */
	if (s->t->locks)
		sim_stop(s, CHECK_BELIEF, "asked for memory while it holds a lock");
	words = is_refused(s) ? NULL : memory_alloc(s->memory, size, pa);
	s->t->work.allocations++;
	check_order(s); /* equivalent: drop-1: but for mode tsan */
	if (words)
		note_alloc(s, words);
	else if (++s->t->refused > MAX_REFUSED) /* equivalent: rel-1: as good a limit */
		sim_stop(s, CHECK_WORK, "asked for memory again after it was refused %u times",
			 s->t->refused);
	sim_give(s);
	return (pt_item *)words;
}

/* Nobody may still find the way to a table that is freed, nor be inside it. */
static void check_free(struct sim *s, const struct slot *slot)
{
	bool waits = !foreign_deviates(s->foreign, DEVIATES_TRANSLATE_LOCKED);
	const struct stale *way;

	if (!s->watch.on || s->ending || !slot->was_linked)
		return;
	if (slot->linked)
		sim_fail_at(s, CHECK_LEDGER, slot->va,
			    "the table of level %u at PA 0x%" PRIx64
			    " is freed while hardware reaches it", slot->level, slot->pa);
	/* equivalent: rel-1: two events, two numbers */
	if (waits && s->waited_at < slot->unlinked_at)
		sim_fail_at(s, CHECK_LEDGER, slot->va,
			    "the table of level %u at PA 0x%" PRIx64
			    " is freed while those who read without a lock may be in it",
			    slot->level, slot->pa);
	way = device_find_way(&s->dev, slot->pa);
	if (way)
		sim_fail_at(s, CHECK_STALE, way->first,
			    "the table of level %u at PA 0x%" PRIx64
			    " is freed while a cached table pointer may lead to it",
			    slot->level, slot->pa);
}

void sim_table_free(void *env, uint64_t pa, size_t size)
{
	struct sim *s = sim_take(env);
	const struct slot *slot;

	sim_event(s, EVENT_FREE, NULL);
	stores_reach_all(s); /* the allocator's lock orders them */
	slot = memory_slot(s->memory, pa);
	s->changes++;
	note(s, EVENT_FREE, pa, size);
	s->t->freed++;
	if (slot && slot->size == size)
		check_free(s, slot);
	if (!memory_free(s->memory, pa, size))
		sim_fail(s, CHECK_LEDGER, "freed PA 0x%" PRIx64 ", where no table of %zu bytes is",
			 pa, size);
	check_order(s); /* equivalent: drop-1: but for mode tsan */
	sim_give(s);
}

pt_item *sim_table(void *env, uint64_t pa)
{
	struct sim *s = sim_take(env);
	const uint64_t *words = memory_view(s->memory, pa, sizeof(uint64_t));

	s->t->work.follows++;
	if (!words)
		sim_stop(s, CHECK_LEDGER, "software followed PA 0x%" PRIx64 ", where no table is",
			 pa);
	sim_give(s);
	return (pt_item *)(uintptr_t)words;
}

static void invalidate(struct sim *s, const struct pt_invalidation *inv)
{
	if (inv->first > inv->last) {
		sim_fail(s, CHECK_RESULT, "invalidated the empty range 0x%" PRIx64 "..0x%" PRIx64,
			 inv->first, inv->last);
		return;
	}
	s->t->invalidations++;
	note(s, EVENT_INVALIDATE, inv->first, inv->last); /* equivalent: swap-1: a digest either way */
	note(s, EVENT_INVALIDATE, inv->leaf_levels, inv->table_levels); /* equivalent: swap-1: likewise */
	s->t->invalidated = *inv; /* equivalent: swap-1: stores do not look at it */
	stores_reach_all(s); /* a driver writes its commands behind a barrier */
	if (!s->watch.on)
		return;
	if (sim_is_alone(s))
		/* equivalent: off-1: an item that translates address 0 translates 1, too */
		watch_memory(s, 0, UINT64_MAX, "when caches are told to forget");
	sim_event(s, EVENT_INVALIDATE, NULL);
	driver_invalidate(s, inv);
}

void sim_invalidate(void *env, const struct pt_invalidation *inv)
{
	struct sim *s = sim_take(env);

	invalidate(s, inv);
	sim_give(s);
}

void sim_flush(void *env, const pt_item *first, size_t bytes)
{
	struct sim *s = sim_take(env);
	const struct slot *slot;

	sim_event(s, EVENT_FLUSH, first);
	slot = check_access(s, first);
	if (slot)
		note(s, EVENT_FLUSH, memory_pa_of(s->memory, slot, first), bytes);
	/* equivalent: swap-1: no table leads to itself */
	stores_reach(s, (const void *)first, bytes);
	stores_reach_table(s, (const void *)first, bytes);
	if (s->memory->incoherent)
		s->t->work.flushes_in_vain +=
			memory_flush(s->memory, (const void *)first, bytes);
	else
		s->t->work.flushes_in_vain++;
	sim_give(s);
}

static void enter_as_reader(struct sim *s)
{
	if (s->t->looks)
		return;
	if (s->race && s->race->reader)
		s->race->reader(s->race->scheduler, true);
	sim_event(s, EVENT_READER, NULL);
	if (s->t->reads_since)
		sim_stop(s, CHECK_BELIEF, "a reader entered that is inside");
	s->t->reads_since = ++s->events; /* equivalent: swap-1: but for mode tsan */
	order_acquire(&s->waited_at); /* equivalent: drop-1: likewise */
}

void sim_reader_enter(void *env)
{
	struct sim *s = sim_take(env);

	enter_as_reader(s);
	sim_give(s);
}

static void exit_as_reader(struct sim *s)
{
	if (s->t->looks)
		return;
	sim_event(s, EVENT_READER, NULL);
	if (!s->t->reads_since)
		sim_stop(s, CHECK_BELIEF, "a reader left that had not entered");
	s->t->reads_since = 0; /* equivalent: swap-1: but for mode tsan */
	order_release(&s->events); /* equivalent: drop-1: likewise */
	if (s->race && s->race->reader)
		s->race->reader(s->race->scheduler, false);
}

void sim_reader_exit(void *env)
{
	struct sim *s = sim_take(env);

	exit_as_reader(s);
	sim_give(s);
}

/* A grace period, begun at the event `since`. */
struct grace {
	const struct sim *s;
	uint64_t since;
};

static bool readers_have_left(void *arg)
{
	const struct grace *g = arg;

	for (unsigned i = 0; i < SIM_THREADS; i++)
		/* equivalent: rel-1: two events, two numbers */
		if (g->s->threads[i].reads_since && g->s->threads[i].reads_since < g->since)
			return false;
	return true;
}

void sim_wait_for_readers(void *env)
{
	struct sim *s = sim_take(env);
	struct grace grace = { s, ++s->events };

	if (s->t->reads_since)
		sim_stop(s, CHECK_BELIEF, "a reader waits for itself");
	sim_event(s, EVENT_READER, NULL);
	stores_reach_all(s); /* equivalent: swap-1: but for mode tsan */
	order_release(&s->waited_at); /* equivalent: drop-1: likewise */
	if (s->race && s->race->grace)
		s->race->grace(s->race->scheduler);
	if (!readers_have_left(&grace))
		s->race->wait(s->race->scheduler, readers_have_left, &grace);
	if (s->waited_at < grace.since) /* equivalent: rel-1: two events, two numbers */
		s->waited_at = grace.since;
	order_acquire(&s->events); /* equivalent: drop-1, swap-1: but for mode tsan */
	sim_give(s);
}

/* A look that is no work of the operation's. */
static uint64_t software_top(struct sim *s)
{
	struct work work = s->t->work;
	uint64_t pa;

	s->t->looks++;
	pa = s->ops->top((void *)(uintptr_t)s->object).pa;
	s->t->looks--;
	s->t->work = work;
	return pa;
}

static void change_top(struct sim *s, uint64_t pa, unsigned level)
{
	sim_event(s, EVENT_CHANGE_TOP, NULL);
	stores_reach_all(s);
	s->changes++;
	note(s, EVENT_CHANGE_TOP, pa, level);
	if (!s->watch.on) {
		s->device.root_pa = pa;
		s->device.level = (uint8_t)level;
		return;
	}
	if (s->top_is_set && s->ops->top && software_top(s) == pa)
		sim_fail(s, CHECK_TORN,
			 "software uses the top at PA 0x%" PRIx64 " before the device entry leads there",
			 pa);
	driver_change_top(s, pa, level);
	watch_root(s, pa, level);
	if (s->dev.entry_units)
		sim_fail(s, CHECK_STALE,
			 "a unit may still walk from the device entry as it was before PA 0x%" PRIx64,
			 pa);
	s->top_is_set = true;
}

void sim_change_top(void *env, uint64_t pa, unsigned level)
{
	struct sim *s = sim_take(env);

	change_top(s, pa, level);
	sim_give(s);
}

static bool is_free(void *lock)
{
	return !((shim_lock_t *)lock)->held;
}

void sim_lock(void *env, shim_lock_t *lock)
{
	struct sim *s = sim_take(env);

	sim_event(s, EVENT_LOCK, lock);
	if (lock->held && (s->t->locks || !s->race))
		sim_stop(s, CHECK_BELIEF, "took a lock that it holds");
	if (lock->held)
		s->race->wait(s->race->scheduler, is_free, lock);
	lock->held = true; /* equivalent: swap-1: but for mode tsan */
	order_acquire(lock); /* equivalent: drop-1: likewise */
	s->t->locks++;
	sim_give(s);
}

void sim_unlock(void *env, shim_lock_t *lock)
{
	struct sim *s = sim_take(env);

	sim_event(s, EVENT_LOCK, lock);
	stores_reach_all(s);
	if (!lock->held || !s->t->locks)
		sim_stop(s, CHECK_BELIEF, "released a lock that it does not hold");
	order_release(lock); /* equivalent: drop-1, swap-1: but for mode tsan */
	lock->held = false;
	s->t->locks--;
	sim_give(s);
}

_Noreturn void sim_verify_failed(const char *cond, const char *file, int line)
{
	/* equivalent: drop-1: what a _Noreturn function does that returns is undefined */
	sim_stop(sim_take(sim_current), CHECK_BELIEF, "%s:%d: belief broken: %s", file, line, cond);
}
