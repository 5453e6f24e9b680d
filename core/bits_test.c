/*
 * Tests of core/bits.h: what its comments say, at the ends of the range above all.
 *
 * Method: blocks are compared with a search over all the aligned ones that there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/bits.h"

static void good_masks(void **state)
{
	(void)state;
	assert_int_equal(low_mask(0), 0);
	assert_int_equal(low_mask(1), 1);
	assert_int_equal(low_mask(63), INT64_MAX);
	assert_int_equal(low_mask(64), UINT64_MAX);
	for (unsigned n = 0; n < 64; n++) {
		assert_int_equal(low_mask(n) + 1, BIT(n));
		assert_int_equal(BITS(63, n) ^ low_mask(n), UINT64_MAX);
		assert_int_equal(BITS(n, n), BIT(n));
		assert_int_equal(floor_lg2(BIT(n)), n);
		assert_int_equal(floor_lg2(BIT(n) | 1), n);
		assert_int_equal(align_lg2(BIT(n)), n);
		assert_int_equal(align_lg2(BIT(n) | BIT(63)), n);
	}
	assert_int_equal(align_lg2(0), 64);
}

/* The smallest aligned power of two around first..last, one after the other. */
static unsigned smallest_block(uint64_t first, uint64_t last)
{
	unsigned lg2 = 0;

	while (lg2 < 64 && (first >> lg2) != (last >> lg2))
		lg2++;
	return lg2;
}

/* As the comment says; the half's end is the middle of the block around both. */
static void check_range(uint64_t first, uint64_t last)
{
	unsigned lg2 = smallest_block(first, last);
	uint64_t end = last;

	if (lg2 > 0 && (last - first) + 1 <= BIT(lg2 - 1))
		end = (last >> (lg2 - 1) << (lg2 - 1)) - 1;
	assert_int_equal(block_lg2(first, last), lg2);
	assert_int_equal(first_block_end(first, last), end);
}

static void good_blocks(void **state)
{
	static const uint64_t bases[] = { 0, 0x7fffffffffffffe0, 0xffffffffffffffc0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (uint64_t first = 0; first < 64; first++)
			for (uint64_t last = first; last < 64; last++)
				check_range(bases[i] + first, bases[i] + last);
	assert_int_equal(block_lg2(0, UINT64_MAX), 64);
	assert_int_equal(first_block_end(0, UINT64_MAX), UINT64_MAX);
	assert_int_equal(first_block_end(INT64_MAX, BIT(63)), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_masks),
		cmocka_unit_test(good_blocks),
	};

	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
