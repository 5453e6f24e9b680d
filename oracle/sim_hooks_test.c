/*
 * Tests of the machine's hooks, each by itself.
 *
 * Goal: a hook tells whom it should tell, takes and gives back the machine, and says no to
 * what an implementation must not do: each has one case here that nobody else would notice.
 * Method: the hooks are called by hand, of a table or two; in a race of one thread where
 * events count (lone_race_test.h).
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/lone_race_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
#define ALL_WATCHED                                                                                \
	(CHECK_BIT(CHECK_STALE) | CHECK_BIT(CHECK_TORN) | CHECK_BIT(CHECK_COHERENT) |              \
	 CHECK_BIT(CHECK_WORK) | CHECK_BIT(CHECK_LEDGER))

static struct sim *sim;

static void reset_with(uint64_t features, unsigned flags, uint32_t off)
{
	static const struct subject subject = { &pt_sim_toy, &hw_toy, &inv_none, NULL };
	const struct pt_config config = { .features = PT_FLUSH_RANGE | features, .vasz_lg2 = 15,
					  .top_level = 2, .oasz_lg2 = 20 };
	const struct memory_config machine = { .seed = 1, .tables = LIAR_TABLES };

	judge->device_flags = flags;
	judge->off = off;
	judge_reset(judge, &subject, &config, &machine);
	sim = &judge->sim;
	sim_begin_operation(sim);
}

static int begin_each(void **state)
{
	(void)state;
	reset_with(0, 0, 0);
	return 0;
}

static pt_item *table(uint64_t *pa)
{
	pt_item *items = sim_table_alloc(sim, 16, pa);

	assert_non_null(items);
	return items;
}

/* ---- setup ---- */

static void good_off(void **state)
{
	const enum check watched[] = { CHECK_STALE, CHECK_TORN, CHECK_COHERENT, CHECK_WORK,
				       CHECK_LEDGER };

	(void)state;
	for (size_t i = 0; i < COUNT(watched); i++) {
		reset_with(0, 0, ALL_WATCHED & ~CHECK_BIT(watched[i]));
		assert_true(sim->watch.on);
		assert_int_equal(sim->off, judge->off);
	}
	reset_with(0, 0, ALL_WATCHED);
	assert_false(sim->watch.on);
	assert_int_equal(sim->off, ALL_WATCHED);
}

/* ---- what is said no to ---- */

static pt_item outside[2];
static shim_lock_t lock;
static uint64_t last_pa;

static void loads_outside(void)
{
	sim_load(sim, outside);
}

static void loads_behind_object(void)
{
	sim_load(sim, (const pt_item *)((uintptr_t)sim->object + sim->object_size));
}

static void stores_outside(void)
{
	sim_store_relaxed(sim, outside, 1);
}

static void flushes_outside(void)
{
	sim_flush(sim, outside, sizeof(outside));
}

static void asks_for_too_much(void)
{
	sim_table_alloc(sim, ((size_t)1 << sim->memory->slot_lg2) + 8, &last_pa);
}

static void asks_under_lock(void)
{
	lock.held = false;
	sim_lock(sim, &lock);
	sim_table_alloc(sim, 16, &last_pa);
}

static void asks_forever(void)
{
	sim->refuse_at = 1;
	sim->refuse_count = 2000;
	for (unsigned i = 0; i < 1000; i++)
		assert_null(sim_table_alloc(sim, 16, &last_pa));
}

static void enters_twice(void)
{
	sim_reader_enter(sim);
	sim_reader_enter(sim);
}

static void leaves_twice(void)
{
	sim_reader_enter(sim);
	sim_reader_exit(sim);
	sim_reader_exit(sim);
}

static void waits_for_itself(void)
{
	sim_reader_enter(sim);
	sim_wait_for_readers(sim);
}

/* It is another's. */
static void unlocks_held(void)
{
	lock.held = true;
	sim_unlock(sim, &lock);
}

static void unlocks_free(void)
{
	shim_lock_t other = { 0 };

	lock.held = false;
	sim_lock(sim, &lock);
	sim_unlock(sim, &other);
}

static void believes(void)
{
	sim_verify_failed("false", "file", 1);
}

static void bad_hooks(void **state)
{
	const struct {
		void (*does)(void);
		enum check check;
	} bad[] = {
		{ loads_outside, CHECK_LEDGER },   { loads_behind_object, CHECK_LEDGER },
		{ stores_outside, CHECK_LEDGER },  { flushes_outside, CHECK_LEDGER },
		{ asks_for_too_much, CHECK_LEDGER }, { asks_under_lock, CHECK_BELIEF },
		{ asks_forever, CHECK_WORK },	   { enters_twice, CHECK_BELIEF },
		{ leaves_twice, CHECK_BELIEF },	   { waits_for_itself, CHECK_BELIEF },
		{ unlocks_held, CHECK_BELIEF },	   { unlocks_free, CHECK_BELIEF },
		{ believes, CHECK_BELIEF },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		begin_each(state);
		if (check_of(bad[i].does) != bad[i].check)
			fail_msg("number %zu: %s", i, sim->verdict.text);
	}
}

static void fails_somewhere(void)
{
	sim_fail_at(sim, CHECK_WALK, 0x1234, "words %d", 7);
	fail_msg("a check that failed goes on");
}

static void good_verdict(void **state)
{
	(void)state;
	assert_false(sim->verdict.has_iova);
	assert_int_equal(check_of(fails_somewhere), CHECK_WALK);
	assert_true(sim->verdict.has_iova);
	assert_int_equal(sim->verdict.iova, 0x1234);
	assert_string_equal(sim->verdict.text, "words 7");
}

/* Where nobody catches it, a failed check prints and aborts. */
static void good_nobody_catches(void **state)
{
	char text[200] = "";
	int ends[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		fails_somewhere();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "walk: words 7"));
}

/* ---- memory ---- */

/* The n-th is refused, so many, and one later. */
static void good_refusals(void **state)
{
	static const char good[] = "+--++-+++";
	uint64_t pa;

	(void)state;
	sim->refuse_at = 2;
	sim->refuse_count = 2;
	sim->refuse_then = 3;
	for (size_t i = 0; good[i]; i++)
		assert_int_equal(sim_table_alloc(sim, 16, &pa) != NULL, good[i] == '+');
}

static void good_touch(void **state)
{
	uint64_t pa;
	pt_item *items = table(&pa);

	(void)state;
	sim_store(sim, items + 1, 5);
	assert_false(sim_touch(sim, pa, 1, 4, 7));
	assert_int_equal(sim_load(sim, items + 1), 5);
	assert_true(sim_touch(sim, pa, 1, 5, 7));
	assert_int_equal(sim_load(sim, items + 1), 7);
}

/* A cache may write back what was stored, at any time, where the device says so. */
static void good_writes_back(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags <= DEVICE_WRITES_BACK; flags += DEVICE_WRITES_BACK) {
		unsigned written = 0;
		uint64_t pa;
		pt_item *items;

		reset_with(PT_DMA_INCOHERENT, flags, 0);
		items = table(&pa);
		for (uint64_t i = 1; i <= 100; i++) {
			sim_store(sim, items, i << 1);
			written += memory_hw_view(sim->memory, pa, 8)[0] == i << 1;
		}
		assert_int_equal(written > 0, flags != 0);
		assert_true(written < 100);
	}
}

/* Only where stores are weak can zeroes be late, and an allocator's lock orders stores. */
static void good_weak_stores(void **state)
{
	uint64_t pa, other_pa;
	pt_item *items;

	(void)state;
	table(&pa);
	assert_int_equal(memory_slot(sim->memory, pa)->zeroed_at, 0);
	reset_with(0, DEVICE_WEAK_STORES, 0);
	items = table(&pa);
	assert_true(stores_are_zeroes_late(sim, memory_slot(sim->memory, pa)));
	for (unsigned i = 0; i < 50; i++) {
		table(&other_pa);
		stores_hold(sim, (uint64_t *)(uintptr_t)items, 0x4000);
		sim_table_free(sim, other_pa, 16);
		assert_int_equal(sim->t->stores.nr, 0);
	}
	assert_int_equal(sim_load(sim, items), 0x4000);
}

/* A relaxed exchange orders nothing but what is stored there: beside it a store may stay late. */
static void good_relaxed_exchange(void **state)
{
	unsigned late = 0;
	uint64_t pa, old = 0;
	pt_item *items;

	(void)state;
	reset_with(0, DEVICE_WEAK_STORES, 0);
	items = table(&pa);
	for (uint64_t i = 1; i <= 50; i++) {
		stores_hold(sim, (uint64_t *)(uintptr_t)&items[1], 2 * i);
		assert_true(sim_cmpxchg_relaxed(sim, items, &old, 2 * i));
		old = 2 * i;
		late += sim->t->stores.nr == 1;
		stores_reach_all(sim);
	}
	assert_true(late > 0);
}

/* ---- races ---- */

static unsigned loads, readers[2], waits;

static void taken(void *scheduler)
{
	(void)scheduler;
	sched.depth++;
}

static void given(void *scheduler)
{
	(void)scheduler;
	sched.depth--;
	assert_true(sched.depth >= 0);
}

/* No look is looked at. */
static void loaded(void *j, const struct slot *slot, uint64_t item)
{
	(void)j;
	(void)slot;
	(void)item;
	assert_false(sim->t->looks);
	loads++;
}

static void reader(void *scheduler, bool inside)
{
	(void)scheduler;
	assert_int_equal(sched.depth, 1);
	readers[inside]++;
}

static void race(void)
{
	begin_race();
	judge->race.hooks.take = taken;
	judge->race.hooks.give = given;
	judge->race.hooks.reader = reader;
	judge->race.hooks.loaded = loaded;
	loads = readers[0] = readers[1] = waits = 0;
}

static void assert_event(enum sim_event what, unsigned nr)
{
	assert_int_equal(sched.nr[what], nr);
	assert_int_equal(sched.depth, 0);
	sched.nr[what] = 0;
}

static void good_access_events(void **state)
{
	uint64_t pa, old = 2;
	pt_item *items;

	(void)state;
	items = table(&pa);
	sim_load(sim, items);
	assert_null(sim->t->site);
	race();
	sim_load(sim, items);
	assert_event(EVENT_LOAD, 1);
	assert_int_equal(loads, 1);
	assert_non_null(sim->t->site);
	sim_load_relaxed(sim, items);
	assert_event(EVENT_LOAD, 1);
	assert_int_equal(loads, 2);
	sim_store(sim, items, 4);
	assert_event(EVENT_STORE, 1);
	sim_store_relaxed(sim, items, 2);
	assert_event(EVENT_STORE, 1);
	assert_true(sim_cmpxchg(sim, items, &old, 4));
	assert_event(EVENT_CMPXCHG, 1);
	assert_false(sim_cmpxchg_relaxed(sim, items, &old, 6));
	assert_event(EVENT_CMPXCHG, 1);
	assert_int_equal(loads, 3);
	sim_begin_look(sim);
	assert_int_equal(sim_load(sim, items), 4);
	assert_event(EVENT_LOAD, 0);
	assert_int_equal(loads, 3);
}

/* An event of a hook that takes the machine is told while it has it. */
static void event_while_taken(void *scheduler, enum sim_event what, const volatile void *place)
{
	event(scheduler, what, place);
	assert_int_equal(sched.depth, 1);
}

static void good_table_events(void **state)
{
	const struct pt_invalidation all = { .last = UINT64_MAX };
	uint64_t pa;
	pt_item *items;

	(void)state;
	race();
	judge->race.hooks.event = event_while_taken;
	items = table(&pa);
	assert_event(EVENT_ALLOC, 1);
	assert_ptr_equal(sim_table(sim, pa), items);
	assert_event(EVENT_ALLOC, 0);
	sim_flush(sim, items, 16);
	assert_event(EVENT_FLUSH, 1);
	sim_invalidate(sim, &all);
	assert_event(EVENT_INVALIDATE, 1);
	sim_change_top(sim, pa, 2);
	assert_event(EVENT_CHANGE_TOP, 1);
	sim->ending = true;
	sim_table_free(sim, pa, 16);
	assert_event(EVENT_FREE, 1);
	lock.held = false;
	sim_lock(sim, &lock);
	assert_event(EVENT_LOCK, 1);
	assert_true(lock.held);
	sim_unlock(sim, &lock);
	assert_event(EVENT_LOCK, 1);
	assert_false(lock.held);
}

/* The digest has changed since it was last looked at. */
static void assert_digested(uint64_t *last)
{
	assert_true(sim->digest != *last);
	*last = sim->digest;
}

static void good_digest(void **state)
{
	uint64_t pa, old = 4, digest = sim->digest, digests[3];
	pt_item *items;

	(void)state;
	items = table(&pa);
	assert_digested(&digest);
	sim_store(sim, items, 4);
	assert_digested(&digest);
	assert_false(sim_cmpxchg(sim, items, &(uint64_t){ 5 }, 4));
	sim_load(sim, items);
	assert_true(sim->digest == digest);
	assert_true(sim_cmpxchg(sim, items, &old, 4));
	assert_digested(&digest);
	sim_flush(sim, items, 16);
	assert_digested(&digest);
	sim_flush(sim, sim->object, 8); /* no table: nothing that hardware sees */
	assert_true(sim->digest == digest);
	for (unsigned i = 0; i < 3; i++) {
		struct pt_invalidation inv = { .last = i == 1 ? UINT64_MAX - 1 : UINT64_MAX,
					       .leaf_levels = i == 2 ? PT_ANY_LEVEL : 0 };

		sim->digest = 0;
		sim_invalidate(sim, &inv);
		assert_digested(&digest);
		digests[i] = digest;
	}
	assert_true(digests[0] != digests[1] && digests[0] != digests[2]);
	sim_change_top(sim, pa, 2);
	assert_digested(&digest);
	sim->ending = true;
	sim_table_free(sim, pa, 16);
	assert_digested(&digest);
}

/* What the machine looks up for itself, when the top grows, is no load of the thread's. */
static void good_top_is_looked_up(void **state)
{
	uint64_t pa;

	(void)state;
	assert_int_equal(judge_init(judge), 0);
	race();
	table(&pa);
	sim_change_top(sim, pa, 2);
	assert_int_equal(sim->device.root_pa, pa);
	assert_event(EVENT_LOAD, 0);
	assert_false(sim->t->looks);
	sim->ending = true;
}

static void good_readers(void **state)
{
	(void)state;
	race();
	judge->race.hooks.event = event_while_taken;
	sim_reader_enter(sim);
	assert_event(EVENT_READER, 1);
	assert_int_equal(readers[true], 1);
	sim_reader_exit(sim);
	assert_event(EVENT_READER, 1);
	assert_int_equal(readers[false], 1);
	sim_wait_for_readers(sim);
	assert_event(EVENT_READER, 1);
	assert_int_equal(sim->waited_at, sim->events);
	sim_begin_look(sim);
	sim_reader_enter(sim);
	sim_reader_exit(sim);
	assert_event(EVENT_READER, 0);
	assert_int_equal(readers[false] + readers[true], 2);
}

static unsigned reading;

/* The reader leaves, and that is what was waited for. */
static void wait_for_reader(void *scheduler, bool (*is_ready)(void *arg), void *arg)
{
	(void)scheduler;
	waits++;
	assert_false(is_ready(arg));
	sim->threads[reading].reads_since = 0;
	assert_true(is_ready(arg));
}

/* Who waits for readers waits for whoever was in before, not for who comes then. */
static void good_grace(void **state)
{
	(void)state;
	for (reading = 0; reading < SIM_THREADS; reading++) {
		reset_with(0, 0, 0);
		race();
		judge->race.hooks.wait = wait_for_reader;
		sim->t = &sim->threads[reading];
		sim_reader_enter(sim);
		sim->t = &sim->threads[!reading];
		sim_wait_for_readers(sim);
		assert_int_equal(waits, 1);
		sim->threads[reading].reads_since = sim->events + 2; /* after the next wait begins */
		sim_wait_for_readers(sim);
		assert_int_equal(waits, 1);
	}
}

/* What a thread has stored others see when it has the machine again, not before. */
static void taken_with_stores(void *scheduler)
{
	(void)scheduler;
	sched.depth++;
	assert_int_equal(sim->t->stores.nr, 1);
}

static void good_end_takes_first(void **state)
{
	uint64_t pa;
	pt_item *items;

	(void)state;
	reset_with(0, DEVICE_WEAK_STORES, 0);
	items = table(&pa);
	race();
	stores_hold(sim, (uint64_t *)(uintptr_t)items, 4);
	judge->race.hooks.take = taken_with_stores;
	sim_end_operation(sim);
	assert_int_equal(sched.depth, 1);
	assert_int_equal(sim->t->stores.nr, 0);
	sched.depth = 1;
	sim_run_operation(sim);
	assert_int_equal(sched.depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_off),
		cmocka_unit_test(bad_hooks),
		cmocka_unit_test_setup(good_verdict, begin_each),
		cmocka_unit_test_setup(good_nobody_catches, begin_each),
		cmocka_unit_test_setup(good_refusals, begin_each),
		cmocka_unit_test_setup(good_touch, begin_each),
		cmocka_unit_test(good_writes_back),
		cmocka_unit_test_setup(good_weak_stores, begin_each),
		cmocka_unit_test(good_relaxed_exchange),
		cmocka_unit_test_setup(good_access_events, begin_each),
		cmocka_unit_test_setup(good_table_events, begin_each),
		cmocka_unit_test_setup(good_digest, begin_each),
		cmocka_unit_test_setup(good_top_is_looked_up, begin_each),
		cmocka_unit_test_setup(good_readers, begin_each),
		cmocka_unit_test(good_grace),
		cmocka_unit_test(good_end_takes_first),
	};

	return cmocka_run_group_tests_name("sim", tests, set_up, tear_down);
}
