/*
 * Tests of the flat map at the boundaries that pages never meet.
 *
 * Goal: every "first", "last", "at or after" of flat.h holds to the byte.
 * Method: leaves of one byte, where each address is a boundary; apertures of a byte or two; and
 * what a map holds before it was used and after it was freed.
 */
#include "oracle/flat.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define TOP UINT64_MAX
#define HALF (UINT64_C(1) << 63)

static struct flat flat;
static uint64_t leaves[64];

static void map(uint64_t iova, uint64_t oa, uint64_t len)
{
	const struct flat_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = 3 };

	flat_map(&flat, &m, len, leaves);
}

static void assert_prediction(uint64_t iova, uint64_t len, uint64_t limit, int err, uint64_t mapped)
{
	const struct flat_mapping m = { .iova = iova, .len = len, .prot = 3 };
	struct prediction p = flat_predict_map(&flat, &m, limit);

	assert_int_equal(p.err, err);
	assert_int_equal(p.mapped, mapped);
}

/* 1 and 16 bytes. What is in the way is so from its first byte to its last. */
static void bad_conflicts(void **state)
{
	static const uint64_t at[] = { 16, 17, 30, 31 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		flat_reset(&flat, 0x11, 64, FLAT_LOW, TOP);
		map(at[i], 0x100, 1);
		assert_prediction(16, 16, TOP, -EADDRINUSE, 0);
		assert_prediction(at[i], 1, TOP, -EADDRINUSE, 0);
		assert_prediction(0, 16, TOP, 0, 16);
		assert_prediction(32, 16, TOP, 0, 16);
	}
}

/* The smallest leaf that a number can name, and the largest. */
static void good_sizes(void **state)
{
	(void)state;
	flat_reset(&flat, HALF | 1, 64, FLAT_LOW, TOP);
	assert_prediction(0, HALF, 1, 0, HALF);
	assert_prediction(5, 3, TOP, 0, 3);
	map(5, 0x100, 1);
	assert_int_equal(flat.nr, 1);
	assert_int_equal(flat.extents[0].size_lg2, 0);
}

static void good_next(void **state)
{
	uint64_t at = 0;

	(void)state;
	flat_reset(&flat, 0x11, 64, FLAT_LOW, TOP);
	assert_false(flat_next(&flat, 0, &at));
	map(16, 16, 16);
	map(40, 0x100, 1);
	assert_true(flat_next(&flat, 0, &at) && at == 16);
	assert_true(flat_next(&flat, 16, &at) && at == 16);
	assert_true(flat_next(&flat, 20, &at) && at == 20);
	assert_true(flat_next(&flat, 31, &at) && at == 31);
	assert_true(flat_next(&flat, 32, &at) && at == 40);
	assert_true(flat_next(&flat, 40, &at) && at == 40);
	assert_false(flat_next(&flat, 41, &at));
}

/* What goes is so from its first byte to its last, and nothing beside it. */
static void good_unmap(void **state)
{
	uint64_t last = 0, leaf_va;

	(void)state;
	for (uint64_t len = 1; len <= 3; len++) {
		flat_reset(&flat, 0x11, 64, FLAT_LOW, TOP);
		map(7, 0x200, 1);
		map(8, 0x108, 1);
		map(9, 0x300, 1);
		map(10, 0x310, 1);
		map(16, 16, 16);
		assert_true(flat_predict_unmap(&flat, 8, len, &last));
		assert_int_equal(last, 8 + len - 1);
		flat_unmap(&flat, 8, len);
		for (uint64_t va = 7; va < 11; va++)
			assert_int_equal(flat_find(&flat, va, &leaf_va) != NULL,
					 va < 8 || va > last);
		assert_int_equal(flat_bytes(&flat), 16 + 4 - len);
	}
	assert_false(flat_predict_unmap(&flat, 17, 4, &last));
	assert_false(flat_predict_unmap(&flat, 24, 8, &last));
}

/* That of one leaf is its own, however small. */
static void good_dirty(void **state)
{
	uint64_t leaf_va;

	(void)state;
	flat_reset(&flat, 1, 64, FLAT_LOW, TOP);
	map(8, 0x108, 4);
	flat_set_dirty(&flat, 9, true);
	assert_int_equal(flat_bytes(&flat), 4);
	for (uint64_t va = 8; va < 12; va++) {
		const struct extent *e = flat_find(&flat, va, &leaf_va);

		assert_non_null(e);
		assert_int_equal(leaf_va, va);
		assert_int_equal(e->oa + (va - e->va), 0x100 + va);
		assert_int_equal(e->dirty, va == 9);
	}
}

/* One address at each end, or one alone; and nothing between, in a map that is new as well. */
static void good_apertures(void **state)
{
	struct flat f = { 0 };

	(void)state;
	flat_reset(&f, 1, 8, FLAT_HIGH, TOP);
	assert_true(flat_holds(&f, TOP - 255, TOP));
	assert_false(flat_holds(&f, 0, 0) || flat_holds(&f, 1, 1) || flat_holds(&f, 2, 2));
	flat_reset(&f, 1, 1, FLAT_BOTH_ENDS, TOP);
	assert_true(flat_holds(&f, 0, 0) && flat_holds(&f, TOP, TOP));
	assert_false(flat_holds(&f, 0, 1) || flat_holds(&f, 1, 1));
	assert_false(flat_holds(&f, TOP - 1, TOP) || flat_holds(&f, 0, TOP));
	flat_reset(&f, 1, 0, FLAT_BOTH_ENDS, TOP);
	assert_true(flat_holds(&f, 0, 0));
	assert_false(flat_holds(&f, 0, 1) || flat_holds(&f, TOP, TOP));
}

/* A map that was freed is as new. */
static void good_free(void **state)
{
	size_t before;

	(void)state;
	flat_free(&flat);
	before = mallinfo2().uordblks;
	flat_reset(&flat, 1, 64, FLAT_LOW, TOP);
	map(8, 0x108, 4);
	assert_non_null(flat.extents);
	flat_free(&flat);
	assert_int_equal(mallinfo2().uordblks, before);
	assert_null(flat.extents);
	assert_true(flat.nr == 0 && flat.cap == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_conflicts),
		cmocka_unit_test(good_sizes),
		cmocka_unit_test(good_next),
		cmocka_unit_test(good_unmap),
		cmocka_unit_test(good_dirty),
		cmocka_unit_test(good_apertures),
		cmocka_unit_test(good_free),
	};

	return cmocka_run_group_tests_name("flat, by bytes", tests, NULL, NULL);
}
