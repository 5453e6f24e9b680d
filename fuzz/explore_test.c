/* Every order is had, and none twice, against counting them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/explore.h"

#define THREADS 3
#define MOST 6	     /* events of a thread */
#define ORDERS 40000 /* of all threads, at most */

struct script {
	unsigned nr[THREADS];
	struct {
		enum sim_event what;
		unsigned place;
	} events[THREADS][MOST];
};

static unsigned places[4];

/* An order, and the one of those it does not differ from that comes first. */
struct order {
	uint8_t thread[THREADS * MOST];
	unsigned nr;
};

static struct order seen[ORDERS];
static unsigned nr_seen;

static bool touches(const struct script *s, unsigned t, unsigned i, unsigned u, unsigned k)
{
	bool load = s->events[t][i].what == EVENT_LOAD, other = s->events[u][k].what == EVENT_LOAD;
	enum sim_event what = load ? s->events[u][k].what : s->events[t][i].what;

	if (load && other)
		return false;
	if (!load && !other)
		return true;
	if (what == EVENT_STORE || what == EVENT_CMPXCHG)
		return s->events[t][i].place == s->events[u][k].place;
	return what == EVENT_FREE || what == EVENT_DEVICE;
}

/* Of the orders that differ in neighbours which do not touch each other: the least. */
static void normalise(const struct script *s, struct order *o)
{
	struct order least = { 0 };
	unsigned event[THREADS * MOST], next[THREADS] = { 0 };
	bool taken[THREADS * MOST] = { false };

	for (unsigned n = 0; n < o->nr; n++)
		event[n] = next[o->thread[n]]++;
	while (least.nr < o->nr) {
		unsigned best = o->nr;

		for (unsigned n = 0; n < o->nr; n++) {
			bool first = !taken[n];

			for (unsigned m = 0; first && m < n; m++)
				first = taken[m] || (o->thread[m] != o->thread[n] &&
						     !touches(s, o->thread[m], event[m],
							      o->thread[n], event[n]));
			if (first && (best == o->nr || o->thread[n] < o->thread[best]))
				best = n;
		}
		taken[best] = true;
		least.thread[least.nr++] = o->thread[best];
	}
	*o = least;
}

static bool add(const struct script *s, struct order o)
{
	normalise(s, &o);
	for (unsigned i = 0; i < nr_seen; i++)
		if (!memcmp(&seen[i], &o, sizeof(o)))
			return false;
	assert_true(nr_seen < ORDERS);
	seen[nr_seen++] = o;
	return true;
}

/* All of them, one after the other. */
static void count(const struct script *s, struct order *o, unsigned done[THREADS])
{
	bool ended = true;

	for (unsigned t = 0; t < THREADS; t++) {
		if (done[t] == s->nr[t])
			continue;
		ended = false;
		o->thread[o->nr++] = (uint8_t)t;
		done[t]++;
		count(s, o, done);
		done[t]--;
		o->thread[--o->nr] = 0;
	}
	if (ended)
		add(s, *o);
}

/* A run as the scheduler would make it. */
static struct order run(const struct script *s, const struct chooser *chooser)
{
	struct order o = { 0 };
	unsigned done[THREADS] = { 0 };
	struct choice c = { .nr = THREADS, .current = THREADS };

	for (;;) {
		c.can = 0;
		for (unsigned t = 0; t < THREADS; t++) {
			if (done[t] == s->nr[t])
				continue;
			c.can |= 1u << t;
			c.next[t].what = s->events[t][done[t]].what;
			c.next[t].place = &places[s->events[t][done[t]].place];
		}
		if (!c.can)
			return o;
		c.current = chooser->choose(chooser->ctx, &c);
		assert_true(c.can >> c.current & 1);
		o.thread[o.nr++] = (uint8_t)c.current;
		done[c.current]++;
	}
}

static void check_script(const struct script *s)
{
	struct explore *e = explore_create();
	struct order o = { 0 }, again;
	unsigned done[THREADS] = { 0 }, want;
	uint64_t new = 0;
	bool more;

	nr_seen = 0;
	count(s, &o, done);
	want = nr_seen;
	nr_seen = 0;
	do {
		o = run(s, explore_chooser(e));
		new += add(s, o);
		/* The same again, as for a report. */
		explore_again(e);
		again = run(s, explore_chooser(e));
		assert_memory_equal(&again, &o, sizeof(o));
		more = explore_next(e);
	} while (more);
	assert_int_equal(nr_seen, want);
	assert_int_equal(explore_orders(e), want);
	assert_int_equal(new, want);
	explore_destroy(e);
}

static void good_orders(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (unsigned n = 0; n < 60; n++) {
		static const enum sim_event kinds[] = { EVENT_LOAD, EVENT_LOAD, EVENT_LOAD, EVENT_STORE,
							EVENT_CMPXCHG, EVENT_FREE, EVENT_LOCK, EVENT_DEVICE };
		struct script s = { .nr = { 1 + n % 4, n / 4 % 4, n / 16 % 3 } };

		for (unsigned t = 0; t < THREADS; t++)
			for (unsigned i = 0; i < s.nr[t]; i++) {
				random = random * UINT64_C(6364136223846793005) + 1;
				s.events[t][i].what = kinds[(random >> 33) % 8];
				s.events[t][i].place = (unsigned)(random >> 50) % 3;
			}
		check_script(&s);
	}
}

/* Loads alone: one order will do. Stores: each is one of its own. */
static void good_extremes(void **state)
{
	static const struct script loads = {
		.nr = { 3, 3, 0 },
		.events = { { { EVENT_LOAD, 0 }, { EVENT_LOAD, 0 }, { EVENT_LOAD, 1 } },
			    { { EVENT_LOAD, 0 }, { EVENT_LOAD, 1 }, { EVENT_LOAD, 0 } } },
	};
	static const struct script stores = {
		.nr = { 3, 3, 0 },
		.events = { { { EVENT_STORE, 0 }, { EVENT_STORE, 1 }, { EVENT_STORE, 2 } },
			    { { EVENT_STORE, 0 }, { EVENT_STORE, 1 }, { EVENT_STORE, 2 } } },
	};
	struct explore *e = explore_create();

	(void)state;
	do
		run(&loads, explore_chooser(e));
	while (explore_next(e));
	assert_int_equal(explore_orders(e), 1);
	explore_destroy(e);
	e = explore_create();
	do
		run(&stores, explore_chooser(e));
	while (explore_next(e));
	assert_int_equal(explore_orders(e), 20); /* 6! / 3! / 3! */
	assert_int_equal(explore_depth(e), 6);
	explore_destroy(e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_orders),
		cmocka_unit_test(good_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
