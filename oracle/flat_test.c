/*
 * Tests of the flat map.
 *
 * Goal: the predictions that everything else is judged by are right, up to the last
 * address there is.
 * Method: cases worked by hand, in tables: a request, and the leaves, bytes or error that
 * follow from the words of flat.h and of the operations' promises.
 */
#include "oracle/flat.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RW 3u
#define RO 1u
#define TOP UINT64_MAX
#define HALF (UINT64_C(1) << 63)

/* 4K, 8K, 16K and 32K, unless a case says otherwise. */
#define FOUR_SIZES UINT64_C(0xf000)

static struct flat flat;
static uint64_t leaves[64];

static void start(uint64_t sizes)
{
	memset(leaves, 0, sizeof(leaves));
	flat_reset(&flat, sizes, 64, FLAT_LOW, TOP);
}

static struct flat_mapping mapping(uint64_t iova, uint64_t oa, uint64_t len)
{
	return (struct flat_mapping){ .iova = iova, .oa = oa, .len = len, .prot = RW };
}

/* Map all of it; nothing may be in the way. */
static void map(uint64_t iova, uint64_t oa, uint64_t len)
{
	struct flat_mapping m = mapping(iova, oa, len);
	struct prediction p = flat_predict_map(&flat, &m, len);

	assert_int_equal(p.err, 0);
	assert_int_equal(p.mapped, len);
	flat_map(&flat, &m, len, leaves);
}

static void assert_extents(const struct extent *want, size_t nr)
{
	assert_int_equal(flat.nr, nr);
	for (size_t i = 0; i < nr; i++) {
		const struct extent *e = &flat.extents[i];

		assert_int_equal(e->va, want[i].va);
		assert_int_equal(e->oa, want[i].oa);
		assert_int_equal(e->count, want[i].count);
		assert_int_equal(e->size_lg2, want[i].size_lg2);
		assert_int_equal(e->prot, want[i].prot ? want[i].prot : RW);
	}
}

static void assert_prediction(struct flat_mapping m, uint64_t limit, int err, uint64_t mapped)
{
	struct prediction p = flat_predict_map(&flat, &m, limit);

	assert_int_equal(p.err, err);
	assert_int_equal(p.mapped, mapped);
}

/* ---- greedy sizes ---- */

/* Leaves in order, by lg2: VA and OA follow from the request. */
static const struct greedy_case {
	uint64_t sizes, iova, oa, len;
	uint8_t want[8];
} greedy_cases[] = {
	/* Aligned to all: the largest that len holds, and what remains. */
	{ FOUR_SIZES, 0, 0, 0x8000, { 15 } },
	{ FOUR_SIZES, 0, 0, 0x18000, { 15, 15, 15 } },
	{ FOUR_SIZES, 0, 0, 0x7000, { 14, 13, 12 } },
	/* By the alignment of the IOVA, of the OA, of both. */
	{ FOUR_SIZES, 0x2000, 0x8000, 0x4000, { 13, 13 } },
	{ FOUR_SIZES, 0x8000, 0x2000, 0x4000, { 13, 13 } },
	{ FOUR_SIZES, 0, 0x1000, 0x3000, { 12, 12, 12 } },
	{ FOUR_SIZES, 0x1000, 0x9000, 0x8000, { 12, 13, 14, 12 } },
	/* Sizes with a hole, and a single one. */
	{ 0x9000, 0, 0, 0xb000, { 15, 12, 12, 12 } },
	{ 0x8000, 0x8000, 0, 0x10000, { 15, 15 } },
	{ 0x40201000, 0x3fe00000, 0x7fe00000, 0x40200000, { 21, 30 } },
	/* To the last address, of VAs and of OAs. */
	{ FOUR_SIZES, TOP - 0x8fff, TOP - 0x8fff, 0x9000, { 12, 15 } },
	{ HALF | 0x1000, HALF, 0, HALF, { 63 } },
};

static void good_greedy_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(greedy_cases); i++) {
		const struct greedy_case *c = &greedy_cases[i];
		uint64_t done = 0, leaf;

		start(c->sizes);
		map(c->iova, c->oa, c->len);
		for (size_t k = 0; c->want[k]; k++) {
			const struct extent *e = flat_find(&flat, c->iova + done, &leaf);

			assert_non_null(e);
			assert_int_equal(e->size_lg2, c->want[k]);
			assert_int_equal(leaf, c->iova + done);
			assert_int_equal(e->oa + (leaf - e->va), c->oa + done);
			done += UINT64_C(1) << c->want[k];
		}
		assert_int_equal(done, c->len);
		assert_int_equal(flat_bytes(&flat), c->len);
	}
}

/* Leaves are counted by size, and added to what the array held. */
static void good_leaf_counts(void **state)
{
	(void)state;
	start(FOUR_SIZES);
	leaves[12] = 5;
	map(0x1000, 0x1000, 0x8000);
	assert_int_equal(leaves[12], 7);
	assert_int_equal(leaves[13], 1);
	assert_int_equal(leaves[14], 1);
	assert_int_equal(leaves[15], 0);
	assert_int_equal(flat.changes, 4);
}

/* Only the beginning is recorded, with the leaves that the whole request has there. */
static void good_record_a_beginning(void **state)
{
	struct flat_mapping m = mapping(0, 0, 0x18000);

	(void)state;
	start(FOUR_SIZES);
	flat_map(&flat, &m, 0, leaves);
	assert_int_equal(flat.nr, 0);
	flat_map(&flat, &m, 0x8000, leaves);
	assert_extents(&(struct extent){ 0, 0, 1, 15, 0, false }, 1);
}

/* ---- what is in the way ---- */

static void bad_conflicts(void **state)
{
	static const struct {
		uint64_t at, iova, oa, len, mapped; /* one page is mapped at `at` */
	} bad[] = {
		{ 0x4000, 0x4000, 0, 0x1000, 0 },	    /* the very page */
		{ 0x4000, 0x0000, 0x1000, 0x8000, 0x4000 }, /* 4K leaves up to it */
		{ 0x4000, 0x0000, 0x2000, 0x8000, 0x4000 }, /* in the first half of 8K */
		{ 0x5000, 0x0000, 0x2000, 0x8000, 0x4000 }, /* in the second half */
		{ 0x6000, 0x0000, 0x2000, 0x8000, 0x6000 },
		{ 0x7000, 0x0000, 0x0000, 0x8000, 0 }, /* one leaf of 32K */
		{ 0x7000, 0x0000, 0x0000, 0x10000, 0 },
		{ 0xf000, 0x0000, 0x0000, 0x10000, 0x8000 },
		{ TOP - 0xfff, TOP - 0x1fff, 0x1000, 0x2000, 0x1000 },
		{ TOP - 0xfff, TOP - 0x1fff, 0x2000, 0x2000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		start(FOUR_SIZES);
		map(bad[i].at, 0x100000, 0x1000);
		assert_prediction(mapping(bad[i].iova, bad[i].oa, bad[i].len), TOP, -EADDRINUSE,
				  bad[i].mapped);
	}
}

/* A small leaf inside a large one. */
static void bad_inside_a_leaf(void **state)
{
	(void)state;
	start(FOUR_SIZES);
	map(0x8000, 0x8000, 0x8000);
	for (uint64_t va = 0x8000; va < 0x10000; va += 0x1000)
		assert_prediction(mapping(va, 0, 0x1000), TOP, -EADDRINUSE, 0);
}

static void good_neighbours(void **state)
{
	(void)state;
	start(FOUR_SIZES);
	map(0x7000, 0, 0x1000);
	map(0x9000, 0, 0x1000);
	assert_prediction(mapping(0x8000, 0, 0x1000), TOP, 0, 0x1000);
	assert_prediction(mapping(0, 0x1000, 0x7000), TOP, 0, 0x7000);
	assert_prediction(mapping(0xa000, 0x1000, 0x9000), TOP, 0, 0x9000);
}

/* With a limit, the walk ends at the first boundary at or after it. */
static void good_limit(void **state)
{
	static const struct {
		uint64_t limit, mapped;
		int err;
	} good[] = {
		{ 0, 0, 0 }, { 1, 0x1000, 0 }, { 0x1000, 0x1000, 0 }, { 0x1001, 0x3000, 0 },
		{ 0x3000, 0x3000, 0 }, { 0x3001, 0x7000, 0 }, { 0x7000, 0x7000, 0 },
		{ 0x7001, 0x7000, -EADDRINUSE }, { TOP, 0x7000, -EADDRINUSE },
	};

	(void)state;
	start(FOUR_SIZES);
	map(0xf000, 0, 0x1000); /* 0x1000 is 4K, 0x2000 8K, 0x4000 16K, 0x8000 32K */
	for (size_t i = 0; i < COUNT(good); i++)
		assert_prediction(mapping(0x1000, 0x1000, 0xf000), good[i].limit, good[i].err,
				  good[i].mapped);
}

/* ---- unmap ---- */

/* Mapped: 3 of 4K at 0x1000, 8K at 0x4000, a hole at 0x6000, 32K at 0x8000, 4K at 0x10000. */
static void map_a_few(void)
{
	start(FOUR_SIZES);
	map(0x1000, 0x102000, 0x3000);
	map(0x4000, 0x204000, 0x2000);
	map(0x8000, 0x308000, 0x8000);
	map(0x10000, 0x411000, 0x1000);
}

/* The bytes that go, of fewer than 2^64. */
static uint64_t predicted_unmap(uint64_t iova, uint64_t len)
{
	uint64_t last = iova;

	return flat_predict_unmap(&flat, iova, len, &last) ? last - iova + 1 : 0;
}

static const struct unmap_case {
	uint64_t iova, len, removed;
} unmap_cases[] = {
	/* leaf by leaf */
	{ 0x1000, 0x1000, 0x1000 }, { 0x2000, 0x1000, 0x1000 }, { 0x1000, 0x3000, 0x3000 },
	/* up to a hole, and from inside it */
	{ 0x1000, 0x8000, 0x5000 }, { 0x2000, TOP - 0x1fff, 0x4000 }, { 0x6000, 0x10000, 0 },
	{ 0x7000, 0x1000, 0 },
	/* ends inside a leaf, which goes whole */
	{ 0x3000, 0x1001, 0x3000 }, { 0x3000, 0x2000, 0x3000 }, { 0x8000, 1, 0x8000 },
	{ 0x8000, 0x7fff, 0x8000 }, { 0x8000, 0x8000, 0x8000 }, { 0x8000, 0x8001, 0x9000 },
	/* begins inside a leaf */
	{ 0x9000, 0x8000, 0 }, { 0x5000, 0x1000, 0 }, { 0x1001, 0x1000, 0 },
	/* nothing, beyond, overflow */
	{ 0x1000, 0, 0 }, { 0, 0x20000, 0 }, { 0x11000, 0x1000, 0 }, { 0x1000, TOP, 0 },
};

static void good_unmap(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unmap_cases); i++) {
		const struct unmap_case *c = &unmap_cases[i];
		uint64_t before, changes, leaf;

		map_a_few();
		before = flat_bytes(&flat);
		changes = flat.changes;
		assert_int_equal(predicted_unmap(c->iova, c->len), c->removed);
		assert_int_equal(flat_bytes(&flat), before);
		flat_unmap(&flat, c->iova, c->len);
		assert_int_equal(flat_bytes(&flat), before - c->removed);
		assert_int_equal(flat.changes != changes, c->removed != 0);
		for (uint64_t done = 0; done < c->removed; done += 0x1000)
			assert_null(flat_find(&flat, c->iova + done, &leaf));
	}
}

/* What stays on both sides of a hole keeps its addresses. */
static void good_unmap_splits_extents(void **state)
{
	static const struct extent want[] = { { 0x1000, 0x102000, 1, 12, 0, false },
					      { 0x3000, 0x104000, 1, 12, 0, false } };
	static const struct extent ends[] = { { 0x2000, 0x103000, 1, 12, 0, false } };

	(void)state;
	start(FOUR_SIZES);
	map(0x1000, 0x102000, 0x3000);
	flat_unmap(&flat, 0x2000, 0x1000);
	assert_extents(want, COUNT(want));
	start(FOUR_SIZES);
	map(0x1000, 0x102000, 0x3000);
	flat_unmap(&flat, 0x1000, 0x1000);
	flat_unmap(&flat, 0x3000, 0x1000);
	assert_extents(ends, COUNT(ends));
}

/* Several extents at once, the last of them cut after the leaf that the range ends in. */
static void good_unmap_over_extents(void **state)
{
	static const struct extent want[] = { { 0x1000, 0x102000, 1, 12, 0, false },
					      { 0x18000, 0x310000, 1, 15, 0, false } };

	(void)state;
	start(FOUR_SIZES);
	map(0x1000, 0x102000, 0x3000);
	map(0x4000, 0x204000, 0x4000);
	map(0x8000, 0x300000, 0x18000);
	flat_unmap(&flat, 0x2000, 0xf000); /* ends in the second of 32K, at 0x10000 */
	assert_extents(want, COUNT(want));
}

static void bad_unmap_outside_the_aperture(void **state)
{
	(void)state;
	flat_reset(&flat, FOUR_SIZES, 16, FLAT_LOW, 0xffff);
	map(0x8000, 0, 0x8000);
	assert_int_equal(predicted_unmap(0x8000, 0x8001), 0);
	assert_int_equal(predicted_unmap(0x8000, 0x8000), 0x8000);
}

static void good_unmap_at_the_last_address(void **state)
{
	(void)state;
	start(FOUR_SIZES);
	map(TOP - 0x9fff, TOP - 0x9fff, 0xa000); /* 8K, 32K */
	map(0, 0, 0x1000);
	assert_int_equal(predicted_unmap(TOP - 0x7fff, 1), 0x8000);
	assert_int_equal(predicted_unmap(TOP - 0x9fff, 0xa000), 0xa000);
	assert_int_equal(predicted_unmap(TOP - 0x9fff, 0xa001), 0);
	assert_int_equal(predicted_unmap(0, 0), 0); /* its last would be the last */
	flat_unmap(&flat, TOP - 0x9fff, 0x3000);
	assert_int_equal(flat.nr, 1);
	assert_int_equal(flat.extents[0].va, 0);
}

/* All 2^64 bytes: a length that no number holds. */
static void good_unmap_of_everything(void **state)
{
	uint64_t last = 0;

	(void)state;
	start(HALF);
	map(0, 0, HALF);
	map(HALF, HALF, HALF);
	assert_int_equal(flat.nr, 1);
	assert_true(flat_predict_unmap(&flat, 0, TOP, &last));
	assert_int_equal(last, TOP);
	flat_unmap(&flat, 0, TOP);
	assert_int_equal(flat.nr, 0);
}

/* ---- extents ---- */

static void good_merging(void **state)
{
	static const struct extent one[] = { { 0x1000, 0x103000, 3, 12, 0, false } };

	(void)state;
	start(FOUR_SIZES);
	map(0x1000, 0x103000, 0x1000);
	map(0x3000, 0x105000, 0x1000);
	assert_int_equal(flat.nr, 2);
	map(0x2000, 0x104000, 0x1000); /* closes the gap */
	assert_extents(one, 1);
	start(FOUR_SIZES);
	map(0x3000, 0x105000, 0x1000);
	map(0x2000, 0x104000, 0x1000);
	map(0x1000, 0x103000, 0x1000); /* downward */
	assert_extents(one, 1);
}

static void good_not_merging(void **state)
{
	struct flat_mapping read_only = mapping(0x1000, 0x102000, 0x1000);

	(void)state;
	start(FOUR_SIZES);
	map(0x2000, 0x102000, 0x2000); /* another size */
	map(0x1000, 0x101000, 0x1000);
	assert_int_equal(flat.nr, 2);
	start(FOUR_SIZES);
	read_only.prot = RO;
	flat_map(&flat, &read_only, 0x1000, leaves);
	map(0x2000, 0x103000, 0x1000);
	assert_int_equal(flat.nr, 2);
	assert_int_equal(flat.extents[0].prot, RO);
	assert_int_equal(flat.extents[1].prot, RW);
	start(FOUR_SIZES);
	map(0x1000, 0x101000, 0x1000);
	map(0x2000, 0x103000, 0x1000); /* a gap in OA */
	map(0x4000, 0x104000, 0x1000); /* and in VA */
	assert_int_equal(flat.nr, 3);
}

static void good_find(void **state)
{
	uint64_t leaf = 0;
	const struct extent *e;

	(void)state;
	map_a_few();
	e = flat_find(&flat, 0x3fff, &leaf);
	assert_non_null(e);
	assert_int_equal(e->va, 0x1000);
	assert_int_equal(leaf, 0x3000);
	assert_non_null(flat_find(&flat, 0xffff, &leaf));
	assert_int_equal(leaf, 0x8000);
	assert_null(flat_find(&flat, 0x7fff, &leaf));
	assert_null(flat_find(&flat, 0x6000, &leaf));
	assert_null(flat_find(&flat, 0xfff, &leaf));
	assert_null(flat_find(&flat, 0x11000, &leaf));
	map(TOP - 0xfff, 0, 0x1000);
	assert_non_null(flat_find(&flat, TOP, &leaf));
	assert_int_equal(leaf, TOP - 0xfff);
}

static void good_reset_forgets(void **state)
{
	(void)state;
	map_a_few();
	flat_reset(&flat, 0x1000, 12, FLAT_LOW, 0xffff);
	assert_int_equal(flat.nr, 0);
	assert_int_equal(flat.changes, 0);
	assert_int_equal(flat_bytes(&flat), 0);
	map(0, 0, 0x1000);
	assert_int_equal(predicted_unmap(0, 0x1001), 0);
}

/* Both ends, and the upper end alone: what is between belongs to nobody. */
static void good_apertures(void **state)
{
	(void)state;
	flat_reset(&flat, FOUR_SIZES, 40, FLAT_BOTH_ENDS, TOP);
	assert_true(flat_holds(&flat, 0, (UINT64_C(1) << 39) - 1));
	assert_false(flat_holds(&flat, 0, UINT64_C(1) << 39));
	assert_true(flat_holds(&flat, -(UINT64_C(1) << 39), TOP));
	assert_false(flat_holds(&flat, -(UINT64_C(1) << 39) - 1, TOP));
	assert_false(flat_holds(&flat, 0x1000, TOP));
	flat_reset(&flat, FOUR_SIZES, 40, FLAT_HIGH, TOP);
	assert_true(flat_holds(&flat, -(UINT64_C(1) << 40), TOP));
	assert_false(flat_holds(&flat, -(UINT64_C(1) << 40) - 1, TOP));
	assert_false(flat_holds(&flat, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_apertures),
		cmocka_unit_test(good_greedy_sizes),
		cmocka_unit_test(good_leaf_counts),
		cmocka_unit_test(good_record_a_beginning),
		cmocka_unit_test(bad_conflicts),
		cmocka_unit_test(bad_inside_a_leaf),
		cmocka_unit_test(good_neighbours),
		cmocka_unit_test(good_limit),
		cmocka_unit_test(good_unmap),
		cmocka_unit_test(good_unmap_splits_extents),
		cmocka_unit_test(good_unmap_over_extents),
		cmocka_unit_test(bad_unmap_outside_the_aperture),
		cmocka_unit_test(good_unmap_at_the_last_address),
		cmocka_unit_test(good_unmap_of_everything),
		cmocka_unit_test(good_merging),
		cmocka_unit_test(good_not_merging),
		cmocka_unit_test(good_find),
		cmocka_unit_test(good_reset_forgets),
	};
	int failed = cmocka_run_group_tests_name("flat", tests, NULL, NULL);

	flat_free(&flat);
	return failed;
}
