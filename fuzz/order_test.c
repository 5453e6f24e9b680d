/*
 * Tests of what ThreadSanitizer is told of the simulator's order (mode tsan; make tsan runs them).
 *
 * Goal: a plain access that races, what is published without a release or read without an acquire,
 * and a lock that one side alone takes are told, whenever the schedule lets them meet, and alike
 * each time; of what is in order nothing is told. In other modes nothing ever is.
 * Method: two threads that share two words, of which one is data and one says that it is there.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "fuzz/schedule_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oracle/access.h"

#ifdef WALKDIFF_TSAN
#define IS_TOLD true
#else
#define IS_TOLD false
#endif

#define SEEDS 40

static shim_lock_t lock;
/* Each run has words of its own: where a race was told ThreadSanitizer looks no more at reads. */
static uint64_t words[2000], *data = words, *is_there = words + 1;

struct sides {
	void (*does[2])(void);
};

static void body(void *ctx, unsigned thread)
{
	const struct sides *sides = ctx;

	sim_event(&judge->sim, EVENT_OPERATION, NULL);
	sides->does[thread]();
}

static void writes(void)
{
	access_fill(data, sizeof(*data), 1);
}

static void writes_locked(void)
{
	sim_lock(&judge->sim, &lock);
	writes();
	sim_unlock(&judge->sim, &lock);
}

static void loads(void)
{
	access_load(data, false);
}

static void stores(void)
{
	access_store(data, 1, false);
}

static void publishes(void)
{
	writes();
	sim_event(&judge->sim, EVENT_STORE, NULL);
	access_store(is_there, 1, false);
}

static void publishes_relaxed(void)
{
	writes();
	sim_event(&judge->sim, EVENT_STORE, NULL);
	access_store(is_there, 1, true);
}

static void reads(void)
{
	if (access_load(is_there, false))
		loads();
}

static void reads_relaxed(void)
{
	if (access_load(is_there, true))
		loads();
}

/* In so many of the schedules a race is told; and each time the same. */
static unsigned races(struct sides *sides)
{
	unsigned nr = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct schedule_config c = { .strategy = STRATEGY_RANDOM, .seed = seed };
		bool raced[2];

		for (unsigned i = 0; i < 2; i++) {
			data += 2;
			is_there += 2;
			assert_true(is_there < words + sizeof(words) / sizeof(words[0]));
			lock.held = false;
			access_raced();
			assert_true(schedule_run(schedule, judge, 2, &c, body, sides));
			raced[i] = access_raced();
		}
		assert_int_equal(raced[0], raced[1]);
		nr += raced[0];
	}
	return nr;
}

static void good_in_order(void **state)
{
	struct sides good[] = {
		{ { writes_locked, writes_locked } },
		{ { stores, loads } },
		{ { stores, stores } },
		{ { loads, loads } },
		{ { publishes, reads } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(races(&good[i]), 0);
}

/* Whatever the schedule is: nothing orders the two. */
static void bad_always(void **state)
{
	struct sides bad[] = {
		{ { writes, writes } },
		{ { writes, loads } },
		{ { stores, writes } },
		{ { writes_locked, writes } },
		{ { loads, writes_locked } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(races(&bad[i]), IS_TOLD ? SEEDS : 0);
}

/* Where the reader comes late enough to see that it is there. */
static void bad_at_times(void **state)
{
	struct sides bad[] = {
		{ { publishes_relaxed, reads } },
		{ { publishes, reads_relaxed } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned nr = races(&bad[i]);

		assert_true(IS_TOLD ? nr > 0 && nr < SEEDS : nr == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_in_order),
		cmocka_unit_test(bad_always),
		cmocka_unit_test(bad_at_times),
	};

	return cmocka_run_group_tests_name("order", tests, set_up, tear_down);
}
