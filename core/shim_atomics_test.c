/*
 * Tests of core/shim_atomics.h: each access does what its name says, in the order that
 * core/shim.h promises.
 *
 * No processor shows that an order is missing whenever it is. Method: the operations of C11 are
 * macros, which here note the order that they are given before they do the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static memory_order order, order_of_failure;

static uint64_t load(const _Atomic(uint64_t) *p, memory_order o)
{
	order = o;
	return *p;
}

static void store(_Atomic(uint64_t) *p, uint64_t v, memory_order o)
{
	order = o;
	*p = v;
}

static _Bool exchange(_Atomic(uint64_t) *p, uint64_t *old, uint64_t v, memory_order o,
		      memory_order o_of_failure)
{
	order = o;
	order_of_failure = o_of_failure;
	return atomic_compare_exchange_strong(p, old, v);
}

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_compare_exchange_strong_explicit
#define atomic_load_explicit load
#define atomic_store_explicit store
#define atomic_compare_exchange_strong_explicit exchange

#define PT_WORLD fast
#include "core/shim.h"

static void good_loads(void **state)
{
	pt_item item = 0x123456789abcdef0;

	(void)state;
	assert_int_equal(shim_load(NULL, &item), 0x123456789abcdef0);
	assert_int_equal(order, memory_order_acquire);
	assert_int_equal(shim_load_relaxed(NULL, &item), 0x123456789abcdef0);
	assert_int_equal(order, memory_order_relaxed);
}

static void good_stores(void **state)
{
	pt_item item = 0;

	(void)state;
	shim_store(NULL, &item, 0x123456789abcdef0);
	assert_int_equal(item, 0x123456789abcdef0);
	assert_int_equal(order, memory_order_release);
	shim_store_relaxed(NULL, &item, 3);
	assert_int_equal(item, 3);
	assert_int_equal(order, memory_order_relaxed);
}

static void good_exchanges(void **state)
{
	bool (*const exchanges[])(void *, pt_item *, uint64_t *, uint64_t) = {
		shim_cmpxchg, shim_cmpxchg_relaxed
	};
	static const memory_order orders[] = { memory_order_acq_rel, memory_order_relaxed };
	static const memory_order of_failure[] = { memory_order_acquire, memory_order_relaxed };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pt_item item = 1;
		uint64_t old = 2;

		assert_false(exchanges[i](NULL, &item, &old, 3));
		assert_true(item == 1 && old == 1);
		assert_true(exchanges[i](NULL, &item, &old, 3));
		assert_true(item == 3 && old == 1);
		assert_int_equal(order, orders[i]);
		assert_int_equal(order_of_failure, of_failure[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_loads),
		cmocka_unit_test(good_stores),
		cmocka_unit_test(good_exchanges),
	};

	return cmocka_run_group_tests_name("shim_atomics", tests, NULL, NULL);
}
