/*
 * Tests of fibers and of the scheduler.
 *
 * Goal: each thread keeps what is its own; a schedule is the same each time and, by its
 * switches, again; every order is possible; who waits, waits; what does not end is called by
 * its name; after a failure the next run is as good as the first.
 * Method: threads that do nothing but come to events and note that they did.
 */
#include "fuzz/schedule_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fuzz/fiber.h"
#include "fuzz/subjects.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_LOG 64

static char order[MAX_LOG + 1]; /* of the events: 'a' for thread 0, 'b' for thread 1, ... */
static size_t nr_order;

static const struct schedule_config any_random = { .strategy = STRATEGY_RANDOM, .seed = 1 };

/* ---- what threads do ---- */

static void note(unsigned thread)
{
	if (nr_order < MAX_LOG)
		order[nr_order++] = (char)('a' + thread);
}

static void come_to(enum sim_event what, unsigned thread)
{
	sim_event(&judge->sim, what, NULL);
	note(thread);
}

/* *ctx events each. */
static void body_events(void *ctx, unsigned thread)
{
	for (unsigned i = 0; i < *(unsigned *)ctx; i++)
		come_to(EVENT_STORE, thread);
}

static bool has_b(void *arg)
{
	(void)arg;
	return memchr(order, 'b', nr_order);
}

/* Thread 0 waits for thread 1. */
static void body_waits(void *ctx, unsigned thread)
{
	(void)ctx;
	if (thread == 0)
		judge->sim.race->wait(judge->sim.race->scheduler, has_b, NULL);
	come_to(EVENT_STORE, thread);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void body_waits_in_vain(void *ctx, unsigned thread)
{
	(void)ctx;
	come_to(EVENT_STORE, thread);
	if (thread != 2)
		judge->sim.race->wait(judge->sim.race->scheduler, never, NULL);
}

static void body_spins(void *ctx, unsigned thread)
{
	(void)ctx;
	(void)thread;
	for (;;)
		sim_event(&judge->sim, EVENT_LOAD, NULL);
}

/* As a long map: events enough for a livelock, and changes between them. */
static void body_changes(void *ctx, unsigned thread)
{
	(void)ctx;
	(void)thread;
	for (unsigned i = 0; i < 9u << 20; i++) {
		judge->sim.changes += i % 1024 == 0;
		sim_event(&judge->sim, EVENT_STORE, NULL);
	}
}

static void body_fails(void *ctx, unsigned thread)
{
	(void)ctx;
	come_to(EVENT_STORE, thread);
	come_to(EVENT_STORE, thread);
	if (thread == 1)
		sim_fail(&judge->sim, CHECK_FLAT, "thread %u says so", thread);
	for (unsigned i = 0; i < 100; i++)
		come_to(EVENT_STORE, thread);
}

static bool run(const struct schedule_config *config, unsigned threads,
		void (*body)(void *ctx, unsigned thread), unsigned events)
{
	struct subject subject;
	const struct memory_config memory = { .tables = 4 };
	const struct pt_config fixed = {
		.features = PT_FLUSH_RANGE, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20
	};

	assert_true(find_subject("toy", &subject));
	judge_reset(judge, &subject, &fixed, &memory);
	memset(order, 0, sizeof(order));
	nr_order = 0;
	return schedule_run(schedule, judge, threads, config, body, &events);
}

/* ---- fibers ---- */

static struct fiber *home, *pair[2];
static unsigned depth_reached[2];

/* Deep in calls, each with something of its own on the stack. */
static unsigned descend(unsigned self, unsigned depth)
{
	volatile unsigned mine[16];

	for (unsigned i = 0; i < COUNT(mine); i++)
		mine[i] = self * 1000 + depth * 16 + i;
	if (depth < 100) {
		fiber_switch(pair[self], pair[!self]);
		descend(self, depth + 1);
	}
	for (unsigned i = 0; i < COUNT(mine); i++)
		if (mine[i] != self * 1000 + depth * 16 + i)
			return 0;
	return ++depth_reached[self];
}

static void job_descends(void *arg)
{
	descend(*(unsigned *)arg, 0);
}

static void good_fibers(void **state)
{
	static unsigned self[2] = { 0, 1 };

	(void)state;
	home = fiber_of_caller();
	for (unsigned i = 0; i < 2; i++)
		pair[i] = fiber_create(job_descends, &self[i], home);
	assert_non_null(pair[1]);
	for (unsigned round = 1; round <= 2; round++) { /* a job ends, and begins again */
		fiber_switch(home, pair[0]);
		fiber_switch(home, pair[1]);
		assert_int_equal(depth_reached[0], 101 * round);
		assert_int_equal(depth_reached[1], 101 * round);
	}
	fiber_switch(home, pair[0]); /* given up in the middle */
	for (unsigned i = 0; i < 2; i++)
		fiber_destroy(pair[i]);
	fiber_destroy(home);
}

/* ---- schedules ---- */

static void good_same_seed(void **state)
{
	char first[MAX_LOG + 1];

	(void)state;
	for (enum strategy strategy = 0; strategy < STRATEGY_RAW; strategy++) {
		unsigned differ = 0;

		for (uint64_t seed = 0; seed < 50; seed++) {
			struct schedule_config c = { .strategy = strategy,
						     .seed = seed,
						     .depth = 3 };
			uint64_t digest, events, switches;

			assert_true(run(&c, 4, body_events, 8));
			assert_int_equal(nr_order, 32);
			differ += seed && strcmp(first, order);
			strcpy(first, order);
			digest = schedule_digest(schedule);
			events = schedule_events(schedule);
			switches = schedule_switches(schedule);
			assert_true(run(&c, 4, body_events, 8));
			assert_string_equal(first, order);
			assert_true(digest == schedule_digest(schedule));
			assert_true(events == schedule_events(schedule));
			assert_true(switches == schedule_switches(schedule));
		}
		assert_true(differ >= 40);
	}
}

/* As it went, by the switches that it made. */
static void good_repeat(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct schedule_config c = { .strategy = (enum strategy)(seed % 3),
					     .seed = seed,
					     .depth = 4 };
		struct schedule_config raw = { .strategy = STRATEGY_RAW };
		struct forced_switch switches[MAX_LOG];
		char first[MAX_LOG + 1];
		const struct forced_switch *made;

		assert_true(run(&c, 3, body_events, 9));
		strcpy(first, order);
		made = schedule_repeat(schedule, &raw.nr_switches);
		assert_true(raw.nr_switches < COUNT(switches));
		memcpy(switches, made, raw.nr_switches * sizeof(*made));
		raw.switches = switches;
		assert_true(run(&raw, 3, body_events, 9));
		assert_string_equal(first, order);
	}
}

/* Two threads of two events: six orders. */
static void good_every_order(void **state)
{
	static const char *const orders[] = { "aabb", "abab", "abba", "baab", "baba", "bbaa" };

	(void)state;
	for (enum strategy strategy = 0; strategy < STRATEGY_RAW; strategy++) {
		unsigned seen = 0;

		for (uint64_t seed = 0; seed < 2000; seed++) {
			struct schedule_config c = { .strategy = strategy,
						     .seed = seed,
						     .depth = 4 };

			assert_true(run(&c, 2, body_events, 2));
			for (unsigned i = 0; i < COUNT(orders); i++)
				seen |= (unsigned)!strcmp(order, orders[i]) << i;
		}
		assert_int_equal(seen, 63);
	}
}

static void good_raw(void **state)
{
	/* An event is counted when a thread begins, and when it comes to one. */
	const struct forced_switch switches[] = { { 3, 1 }, { 2, 0 }, { 4, 6 } };
	struct schedule_config c = { .strategy = STRATEGY_RAW, .switches = switches };
	static const char *const want[] = { "aaaabbbb", "abbbbaaa", "abaaabbb", "abaaabbb" };

	(void)state;
	for (size_t nr = 0; nr <= COUNT(switches); nr++) {
		c.nr_switches = nr;
		assert_true(run(&c, 2, body_events, 4));
		assert_string_equal(order, want[nr]);
	}
}

static void good_wait(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct schedule_config c = { .strategy = (enum strategy)(seed % 4),
					     .seed = seed,
					     .depth = 3 };

		assert_true(run(&c, 2, body_waits, 0));
		assert_string_equal(order, "ba");
	}
}

static void bad_deadlock(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct schedule_config c = { .strategy = (enum strategy)(seed % 4),
					     .seed = seed,
					     .depth = 3 };

		assert_false(run(&c, 3, body_waits_in_vain, 0));
		assert_int_equal(judge->sim.verdict.check, CHECK_RACE);
		assert_non_null(strstr(judge->sim.verdict.text, "deadlock"));
		assert_int_not_equal(schedule_failed(schedule), 2);
	}
	assert_true(run(&any_random, 3, body_events, 3));
}

static void bad_livelock(void **state)
{
	(void)state;
	assert_false(run(&any_random, 2, body_spins, 0));
	assert_int_equal(judge->sim.verdict.check, CHECK_RACE);
	assert_non_null(strstr(judge->sim.verdict.text, "livelock"));
}

static void good_long_operation(void **state)
{
	(void)state;
	assert_true(run(&any_random, 1, body_changes, 0));
	assert_true(schedule_events(schedule) > 9u << 20);
}

static void bad_failure(void **state)
{
	struct schedule_event e;

	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct schedule_config c = { .strategy = (enum strategy)(seed % 4),
					     .seed = seed,
					     .depth = 3 };

		assert_false(run(&c, 3, body_fails, 0));
		assert_int_equal(judge->sim.verdict.check, CHECK_FLAT);
		assert_string_equal(judge->sim.verdict.text, "thread 1 says so");
		assert_int_equal(schedule_failed(schedule), 1);
		assert_true(schedule_last_event(schedule, 1, 1, &e));
		assert_int_equal(e.what, EVENT_STORE);
		assert_false(schedule_last_event(schedule, 1, 2, &e));
		assert_true(run(&any_random, 3, body_events, 3));
		assert_int_equal(nr_order, 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_fibers),	cmocka_unit_test(good_same_seed),
		cmocka_unit_test(good_repeat),	cmocka_unit_test(good_every_order),
		cmocka_unit_test(good_raw),	cmocka_unit_test(good_wait),
		cmocka_unit_test(bad_deadlock), cmocka_unit_test(bad_livelock),
		cmocka_unit_test(good_long_operation),
		cmocka_unit_test(bad_failure),
	};

	return cmocka_run_group_tests_name("schedule", tests, set_up, tear_down);
}
