/*
 * Tests of weak memory.
 *
 * Goal: a relaxed store is seen by its own thread at once, by nobody else until it must be,
 * two to one place in their order, and everything that orders stores makes them go first.
 * Method: a live table of a machine without a page table, its words looked at behind the
 * hooks' back; each thing that orders, in turn.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

#define WORDS 512
#define FAR 8 /* words to the next line */

extern const struct hw_format hw_amdv1;

static struct sim *sim;
static pt_item *table;
static uint64_t table_pa;

static void start(unsigned flags)
{
	const struct memory_config machine = { .seed = 7, .tables = LIAR_TABLES };
	const struct sim_config config = { .memory = &machine,
					   .device_flags = flags,
					   .hw = &hw_amdv1,
					   .pa_lg2 = 52,
					   .slot_lg2 = 12,
					   .off = UINT32_MAX };

	sim = &judge->sim;
	sim_reset(sim, &config);
	sim_begin_operation(sim);
	table = sim_table_alloc(sim, WORDS * 8, &table_pa);
	assert_non_null(table);
}

/* Not by a hook: as others see it. */
static uint64_t seen(unsigned i)
{
	return atomic_load_explicit(&table[i], memory_order_relaxed);
}

/* Until one that is late; chance lets some go at once. */
static void hold(unsigned i, uint64_t v)
{
	do
		sim_store_relaxed(sim, &table[i], v);
	while (seen(i) == v && (v += 2));
}

static void relaxed_waits_and_its_thread_sees_it(void **state)
{
	(void)state;
	start(DEVICE_WEAK_STORES);
	sim_store_relaxed(sim, &table[0], 1);
	assert_int_equal(sim_load(sim, &table[0]), 1);
	assert_int_equal(sim_load_relaxed(sim, &table[0]), 1);
	sim_end_operation(sim);
	assert_int_equal(seen(0), 1);

	start(0);
	sim_store_relaxed(sim, &table[0], 1);
	assert_int_equal(seen(0), 1);
}

static void two_to_one_place_come_in_order(void **state)
{
	uint64_t last = 0;

	(void)state;
	start(DEVICE_WEAK_STORES);
	for (uint64_t v = 1; v < 1000; v++) {
		sim_store_relaxed(sim, &table[0], v);
		assert_true(seen(0) >= last && seen(0) <= v && v - seen(0) <= 1);
		last = seen(0);
	}
}

/* Of stores to two places, both orders come about, with time each alone. */
static void two_places_come_in_any_order(void **state)
{
	unsigned first = 0, second = 0;

	(void)state;
	start(DEVICE_WEAK_STORES);
	for (uint64_t v = 1; v < 1000; v++) {
		sim_store_relaxed(sim, &table[0], v);
		sim_store_relaxed(sim, &table[FAR], v);
		sim_load(sim, &table[1]);
		first += seen(0) == v && seen(FAR) != v;
		second += seen(0) != v && seen(FAR) == v;
		sim_end_operation(sim);
	}
	assert_true(first > 10);
	assert_true(second > 10);
}

static void there_is_room_for_so_many(void **state)
{
	unsigned late = 0;

	(void)state;
	start(DEVICE_WEAK_STORES);
	for (unsigned i = 0; i < WORDS; i++)
		sim_store_relaxed(sim, &table[i], 1);
	for (unsigned i = 0; i < WORDS; i++)
		late += !seen(i);
	assert_in_range(late, 1, STORES_HELD);
}

/* ---- what orders ---- */

static shim_lock_t lock;

static void store(void)
{
	sim_store(sim, &table[FAR], 1);
}

static void exchange(void)
{
	uint64_t old = 0;

	assert_true(sim_cmpxchg(sim, &table[FAR], &old, 1));
}

static void unlock(void)
{
	lock.held = true;
	sim->t->locks = 1;
	sim_unlock(sim, &lock);
}

static void free_another(void)
{
	uint64_t pa;

	assert_non_null(sim_table_alloc(sim, WORDS * 8, &pa));
	sim_table_free(sim, pa, WORDS * 8);
}

static void invalidate(void)
{
	sim_invalidate(sim, &(struct pt_invalidation){ .first = 0, .last = 0 });
}

static void change_top(void)
{
	sim_change_top(sim, table_pa, 2);
}

static void grace(void)
{
	sim_wait_for_readers(sim);
}

static void flush(void)
{
	sim_flush(sim, &table[1], 8);
}

static void end(void)
{
	sim_end_operation(sim);
}

static void begin_next(void)
{
	sim_begin_operation(sim);
}

static void what_orders_lets_go_first(void **state)
{
	static void (*const order[])(void) = { store,	   exchange, unlock, free_another, invalidate,
					       change_top, grace,    flush,  end,	   begin_next };

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		start(DEVICE_WEAK_STORES);
		hold(0, 1);
		order[i]();
		assert_int_equal(seen(0), sim_load(sim, &table[0]));
		assert_int_equal(sim->t->stores.nr, 0);
	}
}

static void what_does_not_order_leaves_some_late(void **state)
{
	unsigned late = 0;
	uint64_t old;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		start(DEVICE_WEAK_STORES);
		sim->dev.random = i;
		hold(0, 1);
		old = 0;
		sim_flush(sim, &table[FAR], 8);
		assert_true(sim_cmpxchg_relaxed(sim, &table[FAR], &old, 1));
		late += seen(0) != sim_load(sim, &table[0]);
	}
	assert_in_range(late, 10, 90);
}

/* An exchange is of what its own thread has stored. */
static void exchange_of_a_late_store(void **state)
{
	uint64_t old;

	(void)state;
	start(DEVICE_WEAK_STORES);
	hold(0, 1);
	old = sim_load(sim, &table[0]);
	assert_true(sim_cmpxchg_relaxed(sim, &table[0], &old, 100));
	assert_int_equal(seen(0), 100);
}

static void zeroes_are_late_until_a_release_or_a_flush_of_all(void **state)
{
	const struct slot *slot;

	(void)state;
	start(0);
	assert_false(stores_are_zeroes_late(sim, memory_slot(sim->memory, table_pa)));
	start(DEVICE_WEAK_STORES);
	slot = memory_slot(sim->memory, table_pa);
	assert_true(stores_are_zeroes_late(sim, slot));
	sim_flush(sim, table, WORDS * 8 - 8);
	assert_true(stores_are_zeroes_late(sim, slot));
	sim_flush(sim, table, WORDS * 8);
	assert_false(stores_are_zeroes_late(sim, slot));
	start(DEVICE_WEAK_STORES);
	sim_store_relaxed(sim, &table[0], 1);
	assert_true(stores_are_zeroes_late(sim, memory_slot(sim->memory, table_pa)));
	sim_store(sim, &table[1], 1);
	assert_false(stores_are_zeroes_late(sim, memory_slot(sim->memory, table_pa)));
}

static uint64_t *word(unsigned i)
{
	return (uint64_t *)(uintptr_t)&table[i];
}

/* Which words of two lines are late, a bit each. */
static unsigned late_words(void)
{
	unsigned late = 0;

	for (unsigned i = 0; i < 2 * FAR; i++)
		late |= (unsigned)(seen(i) != i + 1) << i;
	return late;
}

/* The word, or the lines of so many bytes. */
static void what_is_asked_for_reaches_memory(void **state)
{
	const struct {
		unsigned at, bytes, late;
	} reached[] = { { 0, 0, 0x8180 }, { 1, 0, 0x8181 }, { 7, 0, 0x8101 }, { 8, 0, 0x8081 },
			{ 0, 8, 0x8100 }, { 3, 8, 0x8100 }, { 7, 8, 0x8100 }, { 0, 64, 0x8100 },
			{ 8, 8, 0x0081 }, { 15, 8, 0x0081 }, { 0, 65, 0 } };
	static const unsigned held[] = { 0, 7, 8, 15 };

	(void)state;
	for (size_t i = 0; i < COUNT(reached); i++) {
		start(DEVICE_WEAK_STORES);
		for (unsigned k = 0; k < 2 * FAR; k++)
			sim_write(sim, word(k), k + 1, true);
		for (size_t k = 0; k < COUNT(held); k++) {
			sim_write(sim, word(held[k]), 0, true);
			stores_hold(sim, word(held[k]), held[k] + 1);
		}
		assert_int_equal(late_words(), 0x8181);
		stores_reach(sim, word(reached[i].at), reached[i].bytes);
		assert_int_equal(late_words(), reached[i].late);
	}
}

/* What has reached memory may be another's by now. */
static void what_has_gone_is_not_found(void **state)
{
	uint64_t v = 0;

	(void)state;
	start(DEVICE_WEAK_STORES);
	stores_hold(sim, word(0), 1);
	stores_hold(sim, word(1), 2);
	assert_true(stores_find(sim, word(0), &v));
	assert_int_equal(v, 1);
	stores_reach(sim, word(1), 0);
	assert_false(stores_find(sim, word(1), &v));
	stores_reach_all(sim);
	assert_false(stores_find(sim, word(0), &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relaxed_waits_and_its_thread_sees_it),
		cmocka_unit_test(two_to_one_place_come_in_order),
		cmocka_unit_test(two_places_come_in_any_order),
		cmocka_unit_test(there_is_room_for_so_many),
		cmocka_unit_test(what_orders_lets_go_first),
		cmocka_unit_test(what_does_not_order_leaves_some_late),
		cmocka_unit_test(what_is_asked_for_reaches_memory),
		cmocka_unit_test(what_has_gone_is_not_found),
		cmocka_unit_test(exchange_of_a_late_store),
		cmocka_unit_test(zeroes_are_late_until_a_release_or_a_flush_of_all),
	};

	return cmocka_run_group_tests_name("stores", tests, set_up, tear_down);
}
