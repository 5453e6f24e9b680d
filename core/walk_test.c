/*
 * Tests that who walks without a lock sees what is in the tables that it comes to.
 *
 * Goal: translate, explain and set_dirty load with acquire whatever may lead to a table that
 * another thread has just linked: the word of the top, and each item on the way.
 * Method: tables by hand, and C11's load as a function that counts the orders it is given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static unsigned acquired, others;

static uint64_t load(const _Atomic(uint64_t) *p, memory_order order)
{
	acquired += order == memory_order_acquire;
	others += order != memory_order_acquire;
	return *p;
}

#undef atomic_load_explicit
#define atomic_load_explicit load

#define PT_WORLD fast
#include "core/dirty.h"
#include "core/walk.h"

#define PRESENT 1u
#define TABLES 3u

static uint64_t address_of(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ~low_mask(12);
}

static uint64_t leaf_oa(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)level;
	return address_of(pt, item);
}

static unsigned leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	(void)item;
	return 12 + 9 * level;
}

static enum pt_kind kind(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (!(item & PRESENT))
		return PT_EMPTY;
	return level ? PT_TABLE : PT_LEAF;
}

static bool is_so(const struct pt *pt, uint64_t item)
{
	(void)pt;
	(void)item;
	return true;
}

static const struct pt_fmt format = {
	.features = PT_DIRTY_TRACKING,
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.max_top_level = TABLES - 1,
	.table_pa = address_of,
	.leaf_oa = leaf_oa,
	.leaf_lg2 = leaf_lg2,
	.kind = kind,
	.leaf_is_dirty = is_so,
	.leaf_is_writable = is_so,
};

static _Alignas(4096) pt_item tables[TABLES][512]; /* by level; in each its item 5 is used */
static struct pt_env env;
static struct pt pt = {
	.features = PT_DIRTY_TRACKING, .vasz_lg2 = 12 + 9 * TABLES, .oasz_lg2 = 52, .env = &env
};
static const uint64_t iova = UINT64_C(5) << 30 | UINT64_C(5) << 21 | UINT64_C(5) << 12;

static int link_tables(void **state)
{
	(void)state;
	pt.top = (uintptr_t)tables[TABLES - 1] | (TABLES - 1);
	for (unsigned level = TABLES - 1; level > 0; level--)
		tables[level][5] = (uintptr_t)tables[level - 1] | PRESENT;
	tables[0][5] = 0x12345000 | PRESENT;
	acquired = others = 0;
	return 0;
}

/* The top, and an item of each table. */
static void assert_in_order(void)
{
	assert_int_equal(acquired, 1 + TABLES);
	assert_int_equal(others, 0);
}

static void good_translate(void **state)
{
	uint64_t oa = 0;

	(void)state;
	assert_true(translate_(&format, &pt, iova + 7, &oa));
	assert_int_equal(oa, 0x12345007);
	assert_in_order();
}

static void good_explain(void **state)
{
	struct pt_step steps[PT_MAX_LEVELS];

	(void)state;
	assert_int_equal(explain_(&format, &pt, iova, steps), TABLES);
	assert_int_equal(steps[TABLES - 1].address, 0x12345000);
	assert_in_order();
}

static void good_set_dirty(void **state)
{
	(void)state;
	assert_int_equal(set_dirty_(&format, &pt, iova), 0);
	assert_in_order();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_translate, link_tables),
		cmocka_unit_test_setup(good_explain, link_tables),
		cmocka_unit_test_setup(good_set_dirty, link_tables),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
