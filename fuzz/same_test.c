/*
 * Tests of target same.
 *
 * Goal: routes to one map are held against each other and named when they differ, each
 * of them, in address, attribute, presence and leaf size; correct formats always agree.
 * Method: the toy's map with a lie in the n-th route only, told where no judge looks after
 * an operation; random programs of every format.
 */
#include "fuzz/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fuzz/mutate.h"
#include "fuzz/subjects.h"

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RW (PT_READ | PT_WRITE)
#define PROGRAMS 150 /* random ones a format */
#define MAX_RECORDS 24
#define LEAF_W UINT64_C(0x08) /* the bits of hw_toy.c */
#define LEAF_OA_13 UINT64_C(0x2000)

static const struct pt_ops *const real = &pt_sim_toy;
static struct judge *judge;

static const char *const routes[] = { "written", "split", "again", "far", "once" };

/* Init is called once a route. */
static unsigned route, lying_route;

static int init_counts(struct pt *pt, const struct pt_config *c, void *env)
{
	route++;
	return real->init(pt, c, env);
}

static bool lies(void)
{
	return route == lying_route;
}

/* ---- lies: of IOVA 0x3000, which is no end of anything ---- */

#define HIDDEN UINT64_C(0x3000)

static uint64_t *hidden_item(void)
{
	struct hw_memory memory = sim_hw_memory(&judge->sim);
	struct hw_step *end;
	struct hw_walk walk;

	hw_walk(&hw_toy, &judge->sim.device, &memory, HIDDEN, HW_PROBE, &walk);
	if (walk.fault != HW_OK)
		return NULL;
	end = &walk.steps[walk.nr_steps - 1];
	return (uint64_t *)(uintptr_t)memory_view(judge->sim.memory, end->table_pa, 8) + end->index;
}

#define MAP(name, lie)                                                                             \
	static int name(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,            \
			uint64_t *mapped)                                                          \
	{                                                                                          \
		int err = real->map(pt, m, g, mapped);                                             \
		uint64_t *item = hidden_item();                                                    \
		if (lies() && item)                                                                \
			lie;                                                                       \
		return err;                                                                        \
	}

MAP(map_moves, *item ^= LEAF_OA_13)
MAP(map_forbids, *item &= ~LEAF_W)
MAP(map_forgets, *item = 0)

/* Page by page, where larger leaves would fit. */
static int map_small(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
		     uint64_t *mapped)
{
	struct pt_mapping page = *m;
	uint64_t done;
	int err = 0;

	if (!lies() || m->len & 0xfff)
		return real->map(pt, m, g, mapped);
	page.len = 0x1000;
	for (*mapped = 0; !err && *mapped < m->len; *mapped += done) {
		page.iova = m->iova + *mapped;
		page.oa = m->oa + *mapped;
		err = real->map(pt, &page, g, &done);
	}
	return err;
}

/* More than the route maps: 0x5000, beside nothing. */
static int map_more(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
		    uint64_t *mapped)
{
	struct pt_mapping more = { .iova = 0x5000, .oa = 0x9000, .len = 0x1000, .prot = RW };

	if (lies() && m->iova == 0x1000)
		real->map(pt, &more, g, mapped);
	return real->map(pt, m, g, mapped);
}

/* As if it needed more tables than anyone has. */
static int map_devours(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
		       uint64_t *mapped)
{
	if (lies())
		judge->sim.memory->config.tables = judge->sim.memory->nr_live;
	return real->map(pt, m, g, mapped);
}

/* ---- programs ---- */

static struct run run_ops(const struct pt_ops *ops, const struct op *list, size_t nr)
{
	struct program p = {
		.target = TARGET_SAME,
		.subject = { ops, &hw_toy, &inv_none, NULL },
		.config = real->variants[0].config,
		.memory.tables = 64,
	};
	struct run run;

	for (size_t i = 0; i < nr; i++)
		program_insert(&p, i, &list[i]);
	route = 0;
	run = run_program(judge, &p, NULL);
	program_free(&p);
	return run;
}

/* 0x1000..0x3fff and beyond in leaves of 4K: the OA is one page off. */
static const struct op pages[] = {
	{ OP_MAP, RW, { 0x1000, 0x42000, 0x4000 }, 0 },
};

/* The same in one leaf of 16K. */
static const struct op one_leaf[] = {
	{ OP_MAP, RW, { 0x0000, 0x40000, 0x4000 }, 0 },
	{ OP_MAP, RW, { 0x6000, 0x30000, 0x1000 }, 0 },
};

static void assert_says(struct run run, const char *by, uint64_t iova, const char *text)
{
	if (run.verdict.check != CHECK_SAME)
		fail_msg("%s: check %s: %s", by, check_names[run.verdict.check], run.verdict.text);
	assert_string_equal(run.route, by);
	assert_true(run.verdict.has_iova);
	assert_int_equal(run.verdict.iova, iova);
	if (!strstr(run.verdict.text, text) || !strstr(run.verdict.text, by))
		fail_msg("by route %s: '%s' does not say '%s'", by, run.verdict.text, text);
}

typedef int map_fn(struct pt *, const struct pt_mapping *, struct pt_gather *, uint64_t *);

static struct run run_liar(map_fn *map, unsigned in_route, const struct op *list, size_t nr)
{
	struct pt_ops ops = pt_sim_toy;

	ops.init = init_counts;
	ops.map = map;
	lying_route = in_route;
	return run_ops(&ops, list, nr);
}

static void good_routes_are_compared(void **state)
{
	struct run run = run_liar(map_moves, 0, pages, COUNT(pages));

	(void)state;
	assert_int_equal(run.verdict.check, CHECK_NONE);
	assert_int_equal(run.compared, COUNT(routes) - 1);
	assert_int_equal(route, COUNT(routes));
}

/* The route as written is judged whole after each operation: no lie gets as far. */
static void bad_written(void **state)
{
	struct run run = run_liar(map_moves, 1, pages, COUNT(pages));

	(void)state;
	assert_int_equal(run.verdict.check, CHECK_WALK);
	assert_string_equal(run.route, "written");
	assert_int_equal(run.op, 0);
}

static void bad_address(void **state)
{
	(void)state;
	for (unsigned r = 1; r < COUNT(routes); r++)
		assert_says(run_liar(map_moves, r + 1, pages, COUNT(pages)), routes[r], HIDDEN,
			    "to OA 0x46000 (");
}

static void bad_permission(void **state)
{
	(void)state;
	for (unsigned r = 1; r < COUNT(routes); r++)
		assert_says(run_liar(map_forbids, r + 1, pages, COUNT(pages)), routes[r], HIDDEN,
			    "(read 1, write 0");
}

static void bad_hole(void **state)
{
	(void)state;
	for (unsigned r = 1; r < COUNT(routes); r++) {
		/* What is mapped again removes nothing where a hole is: judged before the end. */
		if (!strcmp(routes[r], "again"))
			continue;
		assert_says(run_liar(map_forgets, r + 1, pages, COUNT(pages)), routes[r], HIDDEN,
			    "goes nowhere, as written to OA 0x44000");
	}
}

static void bad_more(void **state)
{
	static const struct op low[] = { { OP_MAP, RW, { 0x1000, 0x42000, 0x3000 }, 0 } };

	(void)state;
	for (unsigned r = 1; r < COUNT(routes); r++) {
		if (!strcmp(routes[r], "again"))
			continue;
		assert_says(run_liar(map_more, r + 1, low, COUNT(low)), routes[r], 0x5000,
			    "to OA 0x9000 (read 1");
	}
}

static void bad_tables(void **state)
{
	(void)state;
	for (unsigned r = 1; r < COUNT(routes); r++) {
		struct run run = run_liar(map_devours, r + 1, pages, COUNT(pages));

		/* Smaller leaves may need more than there are: then nothing is compared. */
		if (!strcmp(routes[r], "split")) {
			assert_int_equal(run.verdict.check, CHECK_NONE);
			assert_int_equal(run.compared, COUNT(routes) - 2);
			continue;
		}
		assert_int_equal(run.verdict.check, CHECK_SAME);
		assert_string_equal(run.route, routes[r]);
		assert_non_null(strstr(run.verdict.text, "ran out of"));
	}
}

/* One leaf as written, four of 4K elsewhere: OA and permission are the same. */
static void bad_sizes(void **state)
{
	(void)state;
	for (unsigned r = 1; r < COUNT(routes); r++) {
		struct run run = run_liar(map_small, r + 1, one_leaf, COUNT(one_leaf));

		/* Sizes are not comparable in this one: shape, which knows the call, says it. */
		if (!strcmp(routes[r], "once"))
			assert_int_equal(run.verdict.check, CHECK_SHAPE);
		else
			assert_says(run, routes[r], 0, "of 2^12 bytes at 0x0, as written of 2^14");
	}
}

/* Inside the leaf that a split divides sizes differ and should; beside it they may not. */
static void bad_sizes_beside_a_split(void **state)
{
	static const struct op split[] = {
		{ OP_MAP, RW, { 0x0000, 0x40000, 0x8000 }, 0 },
		{ OP_SPLIT, 0, { 0x1234 }, 0 },
	};
	struct run run = run_liar(map_small, 0, split, COUNT(split));

	(void)state;
	assert_int_equal(run.verdict.check, CHECK_NONE);
	assert_says(run_liar(map_small, 2, split, COUNT(split)), "split", 0x4000, "of 2^14");
}

/* ---- correct formats ---- */

/* The pieces come last first, each within its own call. */
static struct pt_mapping seen[16];
static unsigned nr_seen;

static int map_notes(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
		     uint64_t *mapped)
{
	if (lies() && nr_seen < COUNT(seen))
		seen[nr_seen++] = *m;
	return real->map(pt, m, g, mapped);
}

static void good_pieces(void **state)
{
	static const struct op list[] = {
		{ OP_MAP, RW, { 0x0000, 0x40000, 0x3000 }, 0 },
		{ OP_MAP, PT_READ, { 0x2000, 0x50000, 0x2000 }, 0 }, /* in use: no step */
		{ OP_SPLIT, 0, { 0x1fff }, 0 },
		{ OP_SPLIT, 0, { 0x4000 }, 0 },
		{ OP_SPLIT, 0, { 0x7123 }, 0 },
		{ OP_MAP, RW, { 0x4000, 0x50000, 0x4000 }, 0 },
	};
	static const uint64_t want[][3] = {
		{ 0x7000, 0x53000, 0x1000 },
		{ 0x4000, 0x50000, 0x3000 },
		{ 0x1000, 0x41000, 0x2000 },
		{ 0x0000, 0x40000, 0x1000 },
	};
	struct run run;

	(void)state;
	nr_seen = 0;
	run = run_liar(map_notes, 2, list, COUNT(list));
	assert_int_equal(run.verdict.check, CHECK_NONE);
	assert_int_equal(nr_seen, COUNT(want));
	for (unsigned i = 0; i < COUNT(want); i++) {
		assert_int_equal(seen[i].iova, want[i][0]);
		assert_int_equal(seen[i].oa, want[i][1]);
		assert_int_equal(seen[i].len, want[i][2]);
	}
}

/* What stays is mapped in one call by route once, in the permissions that it has. */
static void good_once(void **state)
{
	static const struct op list[] = {
		{ OP_MAP, RW, { 0x1000, 0x41000, 0x1000 }, 0 },
		{ OP_MAP, RW, { 0x0000, 0x40000, 0x1000 }, 0 },
		{ OP_MAP, PT_READ, { 0x2000, 0x42000, 0x1000 }, 0 },
		{ OP_MAP, RW, { 0x6000, 0x42000, 0x1000 }, 0 },
		{ OP_UNMAP, 0, { 0x6000, 0x1000 }, 0 },
	};
	struct run run;

	(void)state;
	nr_seen = 0;
	run = run_liar(map_notes, 5, list, COUNT(list));
	assert_int_equal(run.verdict.check, CHECK_NONE);
	assert_int_equal(nr_seen, 2);
	assert_int_equal(seen[0].iova, 0);
	assert_int_equal(seen[0].len, 0x2000);
	assert_int_equal(seen[1].iova, 0x2000);
	assert_int_equal(seen[1].prot, PT_READ);
}

/* Random programs as an engine would bring them; most have all their routes compared. */
static void good_formats(void **state)
{
	(void)state;
	for (unsigned f = 0; f < nr_formats; f++) {
		uint64_t random = f;
		unsigned compared = 0;

		for (unsigned n = 0; n < PROGRAMS; n++) {
			uint8_t bytes[RECORD_SIZE * (MAX_RECORDS + 1)];
			struct program p = { .target = TARGET_SAME, .subject = formats[f].subject };
			struct run run;

			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = (uint8_t)next_random(&random);
			bytes[5] &= 0xfe; /* a configuration that makes sense */
			program_decode(&p, bytes, sizeof(bytes));
			run = run_program(judge, &p, NULL);
			if (run.verdict.check != CHECK_NONE) {
				program_print(&p, stdout);
				fail_msg("%s: route %s: %s: %s", formats[f].name, run.route,
					 check_names[run.verdict.check], run.verdict.text);
			}
			compared += run.compared;
			program_free(&p);
		}
		assert_true(compared > PROGRAMS * (COUNT(routes) - 1) / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_routes_are_compared),
		cmocka_unit_test(good_pieces),
		cmocka_unit_test(good_once),
		cmocka_unit_test(good_formats),
		cmocka_unit_test(bad_written),
		cmocka_unit_test(bad_address),
		cmocka_unit_test(bad_permission),
		cmocka_unit_test(bad_hole),
		cmocka_unit_test(bad_more),
		cmocka_unit_test(bad_tables),
		cmocka_unit_test(bad_sizes),
		cmocka_unit_test(bad_sizes_beside_a_split),
	};

	judge = judge_create(4096);
	if (!judge)
		return 2;
	return cmocka_run_group_tests_name("same", tests, NULL, NULL);
}
