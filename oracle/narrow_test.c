/*
 * Tests of what is not asked of an implementation that deviates, and of what is not compared.
 *
 * Goal: a deviation narrows the judging by just what it names.
 * Method: each question put to a judge with a page at 0x2000, once where nothing deviates and
 * once where what it is about does, at and beside every edge.
 */
#include "oracle/liar.h"

#include <errno.h>

#include "oracle/judge_parts.h"

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
#define END (8 * PAGE)

static void one_page(void)
{
	judge_init(judge);
	map(2 * PAGE, 0x42000, PAGE);
}

static const struct scene scene = {
	{ &pt_sim_toy, &hw_toy, &inv_none, NULL },
	{ .features = PT_FLUSH_RANGE, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20 }, 0, one_page
};

static int begin_scene(void **state)
{
	(void)state;
	return play(&scene, scene.subject.ops, 0).check != CHECK_NONE;
}

/* True when it is not asked by those who deviate so, and says so; others are always asked. */
static bool narrows(enum deviation d, bool is_map, uint64_t iova, uint64_t len, unsigned prot)
{
	struct pt_mapping m = { .iova = iova, .oa = 0x50000, .len = len, .prot = prot };
	bool is;

	judge->sim.t->not_asked = NULL;
	judge->deviates = 0;
	assert_false(is_map ? map_is_not_asked(judge, &m) : unmap_is_not_asked(judge, iova, len));
	assert_null(judge->sim.t->not_asked);
	judge->deviates = 1u << d;
	is = is_map ? map_is_not_asked(judge, &m) : unmap_is_not_asked(judge, iova, len);
	judge->deviates = 0;
	assert_true(is == (judge->sim.t->not_asked != NULL));
	return is;
}

static void good_map(void **state)
{
	(void)state;
	assert_false(narrows(DEVIATES_BOUNDS, true, 0, PAGE, RW));
	assert_true(narrows(DEVIATES_BOUNDS, true, 0, 0, RW));
	assert_true(narrows(DEVIATES_BOUNDS, true, 0, PAGE / 2, RW));
	assert_true(narrows(DEVIATES_BOUNDS, true, END, PAGE, RW));
	assert_true(narrows(DEVIATES_WRITE_ONLY, true, 0, PAGE, PT_WRITE));
	assert_false(narrows(DEVIATES_WRITE_ONLY, true, 0, PAGE, PT_READ));
	assert_false(narrows(DEVIATES_WRITE_ONLY, true, 0, PAGE, RW));
	assert_true(narrows(DEVIATES_MAP_OVER, true, 2 * PAGE, PAGE, RW));
	assert_true(narrows(DEVIATES_MAP_OVER, true, 0, 3 * PAGE, RW));
	assert_true(narrows(DEVIATES_MAP_OVER, true, 2 * PAGE, 4 * PAGE, RW));
	assert_false(narrows(DEVIATES_MAP_OVER, true, 0, 2 * PAGE, RW));
	assert_false(narrows(DEVIATES_MAP_OVER, true, 0, PAGE, RW));
	assert_false(narrows(DEVIATES_MAP_OVER, true, 3 * PAGE, PAGE, RW));
}

static void good_unmap(void **state)
{
	(void)state;
	assert_false(narrows(DEVIATES_BOUNDS, false, 2 * PAGE, PAGE, 0));
	assert_false(narrows(DEVIATES_BOUNDS, false, 0, END, 0));
	assert_false(narrows(DEVIATES_BOUNDS, false, 2 * PAGE, 1, 0));
	assert_true(narrows(DEVIATES_BOUNDS, false, 2 * PAGE, 0, 0));
	assert_true(narrows(DEVIATES_BOUNDS, false, 0, 0, 0));
	assert_true(narrows(DEVIATES_BOUNDS, false, 0, END + 1, 0));
	assert_true(narrows(DEVIATES_BOUNDS, false, END, PAGE, 0));
	assert_true(narrows(DEVIATES_BOUNDS, false, 2 * PAGE, UINT64_MAX, 0));
	assert_false(narrows(DEVIATES_UNMAP_WHOLE, false, 2 * PAGE, PAGE, 0));
	assert_true(narrows(DEVIATES_UNMAP_WHOLE, false, 2 * PAGE, PAGE / 2, 0));
	assert_true(narrows(DEVIATES_UNMAP_WHOLE, false, 2 * PAGE, 2 * PAGE, 0));
	assert_true(narrows(DEVIATES_UNMAP_WHOLE, false, 0, PAGE, 0));
}

static void good_results(void **state)
{
	(void)state;
	judge->deviates = 0;
	assert_true(is_result(judge, -EINVAL, -EINVAL));
	assert_false(is_result(judge, -EINVAL, -ERANGE));
	judge->deviates = 1u << DEVIATES_ERRORS;
	assert_true(is_result(judge, -EINVAL, -ERANGE));
	assert_true(is_result(judge, 0, 0));
	assert_false(is_result(judge, -EINVAL, 0));
	assert_false(is_result(judge, 0, -EINVAL));
	judge->deviates = 0;
}

static void good_prot(void **state)
{
	(void)state;
	judge->deviates = 0;
	assert_int_equal(asked_prot(judge, PT_WRITE | PT_CACHE), PT_WRITE | PT_CACHE);
	judge->deviates = 1u << DEVIATES_PROT;
	assert_int_equal(asked_prot(judge, RW | PT_CACHE), RW);
	assert_int_equal(asked_prot(judge, PT_READ), PT_READ);
	judge->deviates = 0;
}

static void good_left_out(void **state)
{
	(void)state;
	judge->sim.t->not_asked = NULL;
	assert_false(is_left_out(judge, true, "cut"));
	assert_null(judge->sim.t->not_asked);
	assert_true(is_left_out(judge, false, "cut"));
	assert_string_equal(judge->sim.t->not_asked, "cut");
}

/* In any thread's gather a range, even of one byte, or a table. */
static void good_waiting(void **state)
{
	(void)state;
	assert_false(any_gather_waits(judge));
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		struct pt_gather *g = &judge->sim.threads[i].gather;

		g->first = g->last = PAGE;
		assert_true(any_gather_waits(judge));
		*g = PT_GATHER_EMPTY;
		assert_false(any_gather_waits(judge));
		g->nr_tables = 1;
		assert_true(any_gather_waits(judge));
		*g = PT_GATHER_EMPTY;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_map, begin_scene),
		cmocka_unit_test_setup(good_unmap, begin_scene),
		cmocka_unit_test_setup(good_results, begin_scene),
		cmocka_unit_test_setup(good_prot, begin_scene),
		cmocka_unit_test_setup(good_left_out, begin_scene),
		cmocka_unit_test_setup(good_waiting, begin_scene),
	};

	return cmocka_run_group_tests_name("narrow", tests, set_up, tear_down);
}
