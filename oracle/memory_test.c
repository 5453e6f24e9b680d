/*
 * Tests of the arena that tables live in.
 *
 * Goal: PAs show a lost address bit, and a table is found exactly while it is live.
 * Method: every window at several widths of PA, against what its name says; then long
 * random sequences of allocations and frees against a list of what is live.
 */
#include "oracle/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SLOTS 64u
#define NO_TABLE_PA UINT64_C(0x7654321abc000)

static struct memory *memory;

static int set_up(void **state)
{
	(void)state;
	memory = memory_create(SLOTS);
	return memory ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	memory_destroy(memory);
	return 0;
}

static void start(enum memory_window window, uint64_t seed, uint32_t tables, unsigned pa_lg2)
{
	struct memory_config config = { .seed = seed, .tables = tables, .window = (uint8_t)window };

	memory_reset(memory, &config, pa_lg2, MEMORY_PAGE_LG2);
}

static uint64_t alloc(void)
{
	uint64_t pa = 0;

	assert_non_null(memory_alloc(memory, 4096, &pa));
	return pa;
}

/* ---- PAs ---- */

static void good_pas(void **state)
{
	static const unsigned widths[] = { 20, 32, 47, 51, 52 };

	(void)state;
	for (unsigned n = 0; n < 4 * WINDOWS * 5; n++) {
		unsigned pa_lg2 = widths[n / 4 % 5];
		uint64_t pas[SLOTS];

		start((enum memory_window)(n / 20), n % 4 * UINT64_C(0x123456789abcdef), SLOTS,
		      pa_lg2);
		for (unsigned i = 0; i < SLOTS; i++) {
			pas[i] = alloc();
			assert_true(pas[i] != 0);
			assert_true(pas[i] >> pa_lg2 == 0);
			assert_true(pas[i] % 4096 == 0);
			for (unsigned k = 0; k < i; k++)
				assert_true(pas[i] != pas[k]);
		}
	}
}

static void good_window_top(void **state)
{
	(void)state;
	start(WINDOW_TOP, 3, SLOTS, 52);
	assert_true(alloc() == UINT64_C(0xffffffffff000));
	assert_true(alloc() == UINT64_C(0xfffffffffe000));
	start(WINDOW_TOP, 4, SLOTS, 32);
	assert_true(alloc() == UINT64_C(0xfffff000));
}

static void good_window_bottom(void **state)
{
	(void)state;
	start(WINDOW_BOTTOM, 3, SLOTS, 52);
	assert_true(alloc() == 0x1000);
	assert_true(alloc() == 0x2000);
}

/* Each address bit alone, once, whatever the seed begins with. */
static void good_window_ones(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		uint64_t seen = 0;

		start(WINDOW_ONES, seed, SLOTS, 52);
		for (unsigned i = 0; i < 40; i++) {
			uint64_t pa = alloc();

			assert_true((pa & (pa - 1)) == 0);
			seen |= pa;
		}
		assert_true(seen == UINT64_C(0xffffffffff000));
	}
}

/* Every bit is one in some PA and zero in another; another seed draws others. */
static void good_window_spread(void **state)
{
	uint64_t ones = 0, common = UINT64_MAX, first, again;

	(void)state;
	start(WINDOW_SPREAD, 1, SLOTS, 52);
	first = alloc();
	for (unsigned i = 1; i < SLOTS; i++) {
		uint64_t pa = alloc();

		ones |= pa;
		common &= pa;
	}
	assert_true(ones == UINT64_C(0xffffffffff000));
	assert_true(common == 0);
	start(WINDOW_SPREAD, 2, SLOTS, 52);
	again = alloc();
	assert_true(again != first);
	start(WINDOW_SPREAD, 1, SLOTS, 52);
	again = alloc();
	assert_true(again == first);
}

/* The draw is led to the slot's own address, which is skipped. */
static void bad_identity(void **state)
{
	uint64_t pa, *words;

	(void)state;
	start(WINDOW_BOTTOM, 0, SLOTS, 52);
	memory->draws = ((uint64_t)(uintptr_t)memory->words >> MEMORY_PAGE_LG2) - 1;
	words = memory_alloc(memory, 4096, &pa);
	assert_ptr_equal(words, memory->words);
	assert_true(pa == (uint64_t)(uintptr_t)words + 0x1000);
}

/* A PA that is 0 is skipped: the bottom window comes round to it. */
static void bad_zero(void **state)
{
	(void)state;
	start(WINDOW_BOTTOM, 0, SLOTS, 20);
	memory->draws = 255;
	assert_true(alloc() == 0x1000);
}

/* ---- what is live ---- */

static void bad_full_machine(void **state)
{
	uint64_t pa, other;

	(void)state;
	start(WINDOW_SPREAD, 1, 3, 52);
	pa = alloc();
	alloc();
	alloc();
	assert_null(memory_alloc(memory, 4096, &other));
	assert_int_equal(memory->nr_live, 3);
	assert_true(memory_free(memory, pa, 4096));
	alloc();
	assert_null(memory_alloc(memory, 4096, &other));
	assert_int_equal(memory->peak_live, 3);
	start(WINDOW_SPREAD, 1, SLOTS + 1, 52);
	for (unsigned i = 0; i < SLOTS; i++)
		alloc();
	assert_null(memory_alloc(memory, 4096, &other));
	start(WINDOW_SPREAD, 1, 3, 52);
	assert_null(memory_alloc(memory, 4097, &other));
}

static void good_found_while_live(void **state)
{
	uint64_t pa, *words;
	struct slot *slot;

	(void)state;
	start(WINDOW_SPREAD, 1, 3, 52);
	words = memory_alloc(memory, 64, &pa);
	slot = memory_slot(memory, pa);
	assert_non_null(slot);
	assert_true(slot->pa == pa);
	assert_int_equal(slot->size, 64);
	assert_ptr_equal(memory_view(memory, pa, 64), words);
	assert_null(memory_view(memory, pa, 65));
	assert_null(memory_view(memory, pa + 8, 8));
	assert_null(memory_view(memory, NO_TABLE_PA, 8));
	assert_ptr_equal(memory_slot_of(memory, words), slot);
	assert_ptr_equal(memory_slot_of(memory, (char *)words + 63), slot);
	assert_null(memory_slot_of(memory, (char *)words + 64));
	assert_null(memory_slot_of(memory, (char *)words + 2048)); /* the slot is larger */
	assert_null(memory_slot_of(memory, (char *)words + (1u << MEMORY_PAGE_LG2))); /* never used */
	assert_null(memory_slot_of(memory, &pa));
}

static void bad_free(void **state)
{
	uint64_t pa, *words;

	(void)state;
	start(WINDOW_SPREAD, 1, 3, 52);
	words = memory_alloc(memory, 64, &pa);
	assert_false(memory_free(memory, pa, 4096));
	assert_false(memory_free(memory, pa, 56));
	assert_false(memory_free(memory, pa + 64, 64));
	assert_false(memory_free(memory, NO_TABLE_PA, 64));
	assert_int_equal(memory->nr_live, 1);
	assert_true(memory_free(memory, pa, 64));
	assert_int_equal(memory->nr_live, 0);
	assert_false(memory_free(memory, pa, 64));
	assert_null(memory_slot(memory, pa));
	assert_null(memory_view(memory, pa, 8));
	assert_null(memory_slot_of(memory, words));
}

static void good_tables_begin_zeroed(void **state)
{
	(void)state;
	start(WINDOW_SPREAD, 1, 1, 52);
	for (unsigned i = 0; i < 3 * SLOTS; i++) {
		uint64_t pa, *words = memory_alloc(memory, 4096, &pa);

		for (unsigned k = 0; k < 512; k++)
			assert_true(words[k] == 0);
		words[i] = words[511] = UINT64_MAX;
		assert_true(memory_free(memory, pa, 4096));
	}
}

/* A slot is used again only when all have been, the one freed first before others. */
static void good_reuse_is_late(void **state)
{
	static const unsigned order[] = { 2, 0, 3, 1 };
	uint64_t pa[SLOTS], *words[SLOTS], other;

	(void)state;
	start(WINDOW_SPREAD, 1, SLOTS, 52);
	for (unsigned i = 0; i < 4; i++)
		words[i] = memory_alloc(memory, 4096, &pa[i]);
	for (unsigned i = 0; i < 4; i++)
		assert_true(memory_free(memory, pa[order[i]], 4096));
	for (unsigned i = 4; i < SLOTS; i++) {
		uint64_t *fresh = memory_alloc(memory, 4096, &pa[i]);

		for (unsigned k = 0; k < 4; k++)
			assert_ptr_not_equal(fresh, words[k]);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(memory_alloc(memory, 4096, &other), words[order[i]]);
}

/* Small tables of hash places are full of chains: remove from all parts of them. */
static void random_sequence(enum memory_window window)
{
	uint64_t live[SLOTS], gone = 0, random = 1;
	unsigned nr = 0;

	start(window, 1, SLOTS, 52);
	for (unsigned step = 0; step < 20000; step++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		if (nr < SLOTS && random >> 63) {
			live[nr++] = alloc();
		} else if (nr) {
			unsigned at = (unsigned)(random >> 40) % nr;

			gone = live[at];
			live[at] = live[--nr];
			assert_true(memory_free(memory, gone, 4096));
		}
		assert_int_equal(memory->nr_live, nr);
		for (unsigned i = 0; i < nr; i++)
			assert_true(memory_slot(memory, live[i])->pa == live[i]);
		assert_null(memory_slot(memory, gone));
	}
}

static void good_random_sequences(void **state)
{
	(void)state;
	random_sequence(WINDOW_BOTTOM);
	random_sequence(WINDOW_SPREAD);
}

/* A few tables each time: no place is left that leads to one of those before. */
static void good_many_resets(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 20000; seed++) {
		unsigned nr = 1 + seed % 15;
		uint64_t pas[15];

		start(WINDOW_SPREAD, seed * UINT64_C(0x123456789abcdef), SLOTS, 52);
		for (size_t place = 0; place < (size_t)1 << memory->places_lg2; place++)
			assert_int_equal(memory->by_pa[place], 0);
		for (unsigned i = 0; i < nr; i++)
			assert_non_null(memory_alloc(memory, 64, &pas[i]));
		for (unsigned i = 0; i < nr; i++)
			assert_true(memory_slot(memory, pas[i])->pa == pas[i]);
	}
}

/* In slots of more than a table, PAs differ in where in the slot's region they are, too. */
static void good_slots_of_more(void **state)
{
	struct memory_config config = { .seed = 1, .tables = SLOTS };
	uint64_t ones = 0, common = UINT64_MAX;

	(void)state;
	memory_reset(memory, &config, 52, 16);
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t pa = alloc();

		ones |= pa;
		common &= pa;
	}
	assert_true(ones == UINT64_C(0xffffffffff000));
	assert_true(common == 0);
	memory_reset(memory, &config, 52, 16);
	for (unsigned i = 0; i < SLOTS; i++) { /* aligned to its size */
		uint64_t pa;

		assert_non_null(memory_alloc(memory, (size_t)4096 << i % 5, &pa));
		assert_true(pa % (4096u << i % 5) == 0);
	}
}

/* All tables that were asked for, unless their slots are too large; a line's state for each. */
static void good_room(void **state)
{
	struct memory_config config = { .seed = 1, .tables = 1u << 17 };
	struct memory *m = memory_create(1u << 17);
	uint8_t *states_end, *written;

	(void)state;
	assert_non_null(m);
	memory_reset(m, &config, 52, MEMORY_PAGE_LG2);
	assert_int_equal(m->config.tables, 1u << 17);
	assert_true(m->bytes >= (size_t)1 << (17 + MEMORY_PAGE_LG2));
	memory_reset(m, &config, 52, 23);
	assert_true((uint64_t)m->config.tables << 23 <= m->bytes);
	memory_note_write(m, m->words + m->bytes / 8 - 1);
	states_end = m->line_states + (m->bytes >> MEMORY_LINE_LG2);
	written = (uint8_t *)m->written;
	assert_true(states_end <= written || m->line_states >= written + m->bytes);
	memory_destroy(m);
}

static void good_reset_forgets(void **state)
{
	uint64_t pa, again;

	(void)state;
	start(WINDOW_SPREAD, 9, SLOTS, 52);
	pa = alloc();
	alloc();
	memory_make_wild(memory, 4, 4096);
	memory->incoherent = true;
	start(WINDOW_SPREAD, 9, SLOTS, 52);
	assert_false(memory->incoherent);
	assert_int_equal(memory->nr_live, 0);
	assert_int_equal(memory->peak_live, 0);
	assert_null(memory_slot(memory, pa));
	assert_null(memory_view(memory, pa, 8));
	assert_null(memory_slot_of(memory, memory->words));
	assert_null(memory_view(memory, NO_TABLE_PA, 8));
	again = alloc();
	assert_true(again == pa);
}

/* Nothing resolves, and a reset after it has nothing left to undo. */
static void good_forgets_early(void **state)
{
	uint64_t pa;

	(void)state;
	start(WINDOW_SPREAD, 9, SLOTS, 52);
	pa = alloc();
	memory_note_write(memory, memory->words);
	assert_int_equal(memory->nr_dirty, 1);
	memory_make_wild(memory, 4, 4096);
	memory_forget(memory);
	assert_int_equal(memory->line_states[0], LINE_CLEAN);
	assert_null(memory_view(memory, NO_TABLE_PA, 8));
	assert_null(memory_slot(memory, pa));
	assert_null(memory_view(memory, pa, 8));
	assert_null(memory_slot_of(memory, memory->words));
	assert_int_equal(memory->nr_live, 0);
	assert_int_equal(memory->nr_dirty, 0);
	for (size_t place = 0; place < (size_t)1 << memory->places_lg2; place++)
		assert_int_equal(memory->by_pa[place], 0);
	start(WINDOW_SPREAD, 9, SLOTS, 52);
	assert_true(alloc() == pa);
}

/* ---- wild ---- */

static void good_wild_resolves_every_pa(void **state)
{
	uint64_t pa, *words, random = 1;

	(void)state;
	start(WINDOW_SPREAD, 1, 2, 52);
	alloc();
	words = memory_alloc(memory, 4096, &pa);
	memory_make_wild(memory, 8, 4096);
	assert_int_equal(memory->used, 8);
	for (unsigned i = 0; i < 10000; i++) {
		const uint64_t *view = memory_view(memory, random, 4096);

		assert_non_null(memory_slot_of(memory, view));
		assert_ptr_equal(memory_view(memory, random, 4096), view);
		assert_ptr_equal(memory_view(memory, random | 0xfff, 8), view);
		assert_ptr_equal(memory_view(memory, random & ~UINT64_C(0xfff), 8), view);
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	}
	assert_ptr_equal(memory_view(memory, pa, 4096), words);
	assert_ptr_equal(memory_view(memory, pa + 0x800, 4096), words);
}

/* Every table is reached, those freed before too, and what is in them is poison. */
static void good_wild_reaches_every_table(void **state)
{
	uint64_t pa[8], seen = 0, random = 1;

	(void)state;
	start(WINDOW_SPREAD, 1, 8, 52);
	for (unsigned i = 0; i < 8; i++)
		pa[i] = alloc();
	assert_true(memory_free(memory, pa[3], 4096));
	assert_true(memory_free(memory, pa[0], 4096));
	memory->incoherent = true;
	memory_make_wild(memory, 4, 4096);
	assert_false(memory->incoherent);
	for (unsigned i = 0; i < 10000; i++) {
		const uint64_t *view = memory_view(memory, random, 4096);

		seen |= UINT64_C(1) << (memory_slot_of(memory, view) - memory->slots);
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	}
	assert_int_equal(seen, 0xff);
	assert_ptr_equal(memory_wild_table(memory, 3 + 8), memory_wild_table(memory, 3));
	for (unsigned k = 0; k < 512; k++)
		assert_true(memory_wild_table(memory, 3)[k] == UINT64_C(0xfdfdfdfdfdfdfdfd));
}

/* As many as asked for, each as large as asked for, and no slot behind them. */
static void good_wild_sizes(void **state)
{
	uint64_t pa, *words;

	(void)state;
	start(WINDOW_SPREAD, 1, SLOTS, 52);
	words = memory_alloc(memory, 64, &pa);
	memory->slots[8].state = SLOT_FREE;
	memory_make_wild(memory, 8, 4096);
	assert_int_equal(memory->used, 8);
	assert_int_equal(memory->slots[8].state, SLOT_FREE);
	assert_int_equal(memory_slot_of(memory, (char *)words + 4095)->size, 4096);
}

/* What the watch has seen of a new table is what a new table holds. */
static void good_seen_begins_zeroed(void **state)
{
	struct memory_config config = { .seed = 1, .tables = 1 };
	struct memory *m = memory_create(4);
	uint64_t pa, *words;

	(void)state;
	assert_non_null(m);
	assert_true(memory_keep_seen(m));
	for (unsigned i = 0; i < 2; i++) {
		memory_reset(m, &config, 52, MEMORY_PAGE_LG2);
		words = memory_alloc(m, 4096, &pa);
		for (unsigned k = 0; k < 512; k++)
			assert_true(memory_seen(m, words)[k] == 0);
		memory_seen(m, words)[0] = memory_seen(m, words)[511] = 1;
	}
	memory_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_pas),
		cmocka_unit_test(good_window_top),
		cmocka_unit_test(good_window_bottom),
		cmocka_unit_test(good_window_ones),
		cmocka_unit_test(good_window_spread),
		cmocka_unit_test(bad_identity),
		cmocka_unit_test(bad_zero),
		cmocka_unit_test(bad_full_machine),
		cmocka_unit_test(good_found_while_live),
		cmocka_unit_test(bad_free),
		cmocka_unit_test(good_tables_begin_zeroed),
		cmocka_unit_test(good_reuse_is_late),
		cmocka_unit_test(good_random_sequences),
		cmocka_unit_test(good_many_resets),
		cmocka_unit_test(good_slots_of_more),
		cmocka_unit_test(good_room),
		cmocka_unit_test(good_reset_forgets),
		cmocka_unit_test(good_forgets_early),
		cmocka_unit_test(good_wild_resolves_every_pa),
		cmocka_unit_test(good_wild_reaches_every_table),
		cmocka_unit_test(good_wild_sizes),
		cmocka_unit_test(good_seen_begins_zeroed),
	};

	return cmocka_run_group_tests_name("memory", tests, set_up, tear_down);
}
