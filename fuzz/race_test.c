/*
 * Tests of what threads of operations have to themselves.
 *
 * Goal: operations on ranges that overlap, rounded out to whole leaves, are never in flight
 * at once; others can be; who looks without a lock waits for nobody; what a device changes is told.
 * Method: two threads under drawn schedules, and at each event a look at who is in flight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz/feedback.h"
#include "fuzz/schedule.h"
#include "fuzz/subjects.h"

#define SCHEDULES 200

static struct judge *judge;
static struct schedule *schedule;

struct scene {
	struct pt_mapping first;   /* mapped before; len 0: nothing */
	struct {
		enum { MAPS, UNMAPS, CUTS, TRANSLATES, WRITES } does;
		uint64_t iova, len;
	} threads[2];
	uint32_t features;	   /* more of them */
	unsigned together;	   /* events at which both were in an operation */
};

static void do_it(void *ctx, unsigned thread)
{
	const struct scene *s = ctx;
	struct pt_mapping m = { .iova = s->threads[thread].iova, .oa = s->threads[thread].iova,
				.len = s->threads[thread].len, .prot = PT_READ };
	uint64_t oa;

	switch (s->threads[thread].does) {
	case MAPS:
		judge_map(judge, &m, &oa);
		break;
	case UNMAPS:
		judge_unmap(judge, m.iova, m.len);
		break;
	case CUTS:
		judge_cut(judge, m.iova);
		break;
	case WRITES: /* a device */
		judge_dma(judge, m.iova, HW_WRITE, &oa);
		break;
	case TRANSLATES:
		judge_translate(judge, m.iova, &oa);
	}
}

/* An operation that changes tables is in flight, or one that does not is on its way. */
static bool is_in(unsigned thread)
{
	return judge->sim.threads[thread].busy || judge->race.watches[thread].on;
}

static void look(void *ctx, unsigned thread, const struct schedule_event *e)
{
	struct scene *s = ctx;

	(void)thread;
	(void)e;
	s->together += is_in(0) && is_in(1);
}

/* How often both were in an operation, over many schedules. */
static unsigned run(struct scene s)
{
	const struct memory_config memory = { .tables = 16 };
	const struct pt_config fixed = {
		.features = PT_FLUSH_RANGE | s.features, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20
	};
	struct subject subject;
	uint64_t mapped;

	assert_true(find_subject("toy", &subject));
	for (unsigned seed = 1; seed <= SCHEDULES; seed++) {
		const struct schedule_config config = { .strategy = STRATEGY_RANDOM, .seed = seed,
							.listener = look, .ctx = &s };

		judge_reset(judge, &subject, &fixed, &memory);
		assert_int_equal(judge_init(judge), 0);
		if (s.first.len)
			assert_int_equal(judge_map(judge, &s.first, &mapped), 0);
		assert_true(schedule_run(schedule, judge, 2, &config, do_it, &s));
	}
	return s.together;
}

static void good_overlapping(void **state)
{
	(void)state;
	assert_int_equal(run((struct scene){ .threads = { { MAPS, 0x0, 0x2000 },
							  { MAPS, 0x1000, 0x1000 } } }), 0);
	assert_int_equal(run((struct scene){ .threads = { { MAPS, 0x1000, 0x1000 },
							  { UNMAPS, 0x0, 0x2000 } } }), 0);
}

/* They share a leaf, though no address. */
static void good_rounded_out(void **state)
{
	const struct pt_mapping leaf = { .len = 0x4000, .prot = PT_READ };

	(void)state;
	assert_int_equal(run((struct scene){ .first = leaf,
					     .threads = { { CUTS, 0x1000, 0 },
							  { UNMAPS, 0x3000, 0x1000 } } }), 0);
	assert_int_equal(run((struct scene){ .first = leaf,
					     .threads = { { CUTS, 0x1000, 0 },
							  { CUTS, 0x3000, 0 } } }), 0);
}

static void good_disjoint(void **state)
{
	(void)state;
	assert_true(run((struct scene){ .threads = { { MAPS, 0x0, 0x1000 },
						     { MAPS, 0x1000, 0x1000 } } }) > 0);
	assert_true(run((struct scene){ .threads = { { MAPS, 0x0, 0x1000 },
						     { UNMAPS, 0x4000, 0x1000 } } }) > 0);
}

static void good_unlocked(void **state)
{
	(void)state;
	assert_true(run((struct scene){ .threads = { { MAPS, 0x0, 0x1000 },
						     { TRANSLATES, 0x0, 0 } } }) > 0);
}

static unsigned told;

static void listen(unsigned n)
{
	(void)n;
	told++;
}

/* The only one to write what a cut has read: without it nothing is told. */
static void good_device_told(void **state)
{
	struct scene s = { .first = { .len = 0x4000, .prot = PT_READ | PT_WRITE },
			   .features = PT_DIRTY_TRACKING,
			   .threads = { { CUTS, 0x1000, 0 }, { TRANSLATES, 0x4000, 0 } } };

	(void)state;
	feedback_listener = listen;
	run(s);
	assert_int_equal(told, 0);
	s.threads[1].does = WRITES;
	s.threads[1].iova = 0x1000;
	run(s);
	assert_true(told > 0);
	feedback_listener = NULL;
}

static int make(void **state)
{
	(void)state;
	judge = judge_create(64);
	schedule = schedule_create();
	return judge && schedule ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	schedule_destroy(schedule);
	judge_destroy(judge);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_overlapping),
		cmocka_unit_test(good_rounded_out),
		cmocka_unit_test(good_disjoint),
		cmocka_unit_test(good_unlocked),
		cmocka_unit_test(good_device_told),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
