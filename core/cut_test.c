/*
 * Tests of what a cut leaves behind where the walker does not see the CPU's caches.
 *
 * Goal: the pointer to the new table is in memory, and says so: who maps below it later need not
 * flush it again, as after map.
 * Method: the fast world, with a flush that counts what it is called for.
 */
#define PT_WORLD fast
#include "core/shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

extern const struct pt_ops pt_fast_toy;

#define OPS (&pt_fast_toy)
#define K4 UINT64_C(0x1000)

static uint64_t watched; /* the address of an item */
static unsigned flushes; /* of it */

static void count_flushes(void *ctx, const void *first, size_t bytes)
{
	(void)ctx;
	flushes += watched - (uint64_t)(uintptr_t)first < bytes;
}

/* Where the item of `level` on the way to iova is. */
static uint64_t item_at(struct pt *pt, uint64_t iova, unsigned level)
{
	struct pt_step steps[PT_MAX_LEVELS];
	unsigned nr = OPS->explain(pt, iova, steps);
	uint64_t table = OPS->top(pt).pa;

	for (unsigned i = 0; i < nr; i++) {
		if (steps[i].level == level)
			return table + sizeof(uint64_t) * steps[i].index;
		table = steps[i].address;
	}
	fail();
	return 0;
}

static void map(struct pt *pt, uint64_t iova, uint64_t len)
{
	struct pt_gather gather = PT_GATHER_EMPTY;
	struct pt_mapping m = { .iova = iova, .oa = iova, .len = len, .prot = PT_READ };
	uint64_t mapped;

	assert_int_equal(OPS->map(pt, &m, &gather, &mapped), 0);
}

static void good_pointer_is_flushed_once(void **state)
{
	static const struct pt_config past_caches = {
		.features = PT_FLUSH_RANGE | PT_DMA_INCOHERENT,
		.vasz_lg2 = 15,
		.top_level = 2,
		.oasz_lg2 = 20,
	};
	static struct pt_env env = { .flush = count_flushes };
	struct pt_gather gather = PT_GATHER_EMPTY;
	struct pt *pt = aligned_alloc(64, (OPS->size + 63) & ~(size_t)63);

	(void)state;
	assert_non_null(pt);
	assert_int_equal(OPS->init(pt, &past_caches, &env), 0);
	map(pt, 2 * K4, 2 * K4);
	watched = item_at(pt, 2 * K4, 1);
	flushes = 0;
	assert_int_equal(OPS->cut(pt, 3 * K4, &gather), 0);
	assert_true(flushes > 0);
	flushes = 0;
	assert_int_equal(OPS->unmap(pt, 3 * K4, K4, &gather), K4);
	OPS->sync(pt, &gather);
	map(pt, 3 * K4, K4);
	assert_int_equal(item_at(pt, 3 * K4, 1), watched);
	assert_int_equal(flushes, 0);
	OPS->deinit(pt);
	free(pt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_pointer_is_flushed_once),
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
