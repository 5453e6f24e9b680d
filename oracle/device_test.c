/*
 * Tests of the device: what its caches may still hold, and what commands make it forget.
 *
 * Goal: nothing is forgotten but what a command covers, in whole cached pieces, by the unit
 * that took it; and what is covered is forgotten.
 * Method: long random sequences in an address space of 64 pages, where what a unit may hold of
 * one kind is a word with a bit a page, against the device's list; then what 64 pages do not
 * have, the ends of the address space. The queue and the entry are in driver_test.c.
 */
#include "oracle/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <malloc.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PAGES 64
#define PAGE_LG2 12
#define ALL_LEAVES 0xff

static struct sim sim;
static uint64_t seed;

static uint64_t draw(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

/* A machine whose caches hold nothing stale. */
static void start(unsigned flags)
{
	struct sim was = sim;

	sim = (struct sim){ .inv = &inv_none, .dev = was.dev, .t = &sim.threads[0] };
	device_reset(&sim.dev, flags, false, 1);
	sim.dev.nr = 0;
	seed = 1;
}

static int tear_down(void **state)
{
	(void)state;
	device_free(&sim.dev);
	return 0;
}

/* ---- commands of the toy architecture, see inv_none.c ---- */

static struct pt_command forget(uint64_t first_page, uint64_t last_page, unsigned leaves,
				unsigned tables)
{
	return (struct pt_command){ { 1 | leaves << 8 | tables << 16,
				      first_page | last_page << 32 } };
}

static const struct pt_command wait = { { 3, 0 } };

/* ---- 64 pages ---- */

/* What is kept apart, in the list and here. */
static const struct stale classes[] = {
	{ .kind = STALE_LEAF, .level = 0, .size_lg2 = 12 },
	{ .kind = STALE_LEAF, .level = 0, .size_lg2 = 12, .operation = 1 },
	{ .kind = STALE_LEAF, .level = 0, .size_lg2 = 12, .dirt_only = true },
	{ .kind = STALE_LEAF, .level = 0, .size_lg2 = 14 }, /* a run of four items */
	{ .kind = STALE_LEAF, .level = 1, .size_lg2 = 15 },
	{ .kind = STALE_LEAF, .level = 2, .size_lg2 = 18 },
	{ .kind = STALE_LEAF, .level = UINT8_MAX, .size_lg2 = 12 }, /* nobody knows of what level */
	{ .kind = STALE_TABLE, .level = 0, .size_lg2 = 15, .pa = 0x1000 },
	{ .kind = STALE_TABLE, .level = 0, .size_lg2 = 15, .pa = 0x2000 },
	{ .kind = STALE_TABLE, .level = 1, .size_lg2 = 17, .pa = 0x3000 },
	{ .kind = STALE_NOT_PRESENT, .level = 0, .size_lg2 = 12 },
	{ .kind = STALE_NOT_PRESENT, .level = 1, .size_lg2 = 15 },
};

/* A bit a page that the unit may hold. */
static uint64_t held[DEVICE_UNITS][COUNT(classes)];

static uint64_t bits(uint64_t first_page, uint64_t last_page)
{
	uint64_t pages = 0;

	for (uint64_t page = first_page; page <= last_page; page++)
		pages |= UINT64_C(1) << page;
	return pages;
}

/* The pieces that overlap first..last go, whole. */
static void naive_forget(unsigned unit, size_t class, uint64_t first_page, uint64_t last_page)
{
	unsigned lg2 = classes[class].size_lg2 - PAGE_LG2;

	for (uint64_t page = 0; page < PAGES; page++)
		if (page >> lg2 >= first_page >> lg2 && page >> lg2 <= last_page >> lg2)
			held[unit][class] &= ~(UINT64_C(1) << page);
}

static void naive_command(unsigned unit, const struct pt_command *c)
{
	unsigned leaves = c->word[0] >> 8 & 0xff, tables = c->word[0] >> 16 & 0xff;

	for (size_t i = 0; i < COUNT(classes); i++) {
		const struct stale *s = &classes[i];
		bool leaf_goes = s->level == UINT8_MAX ? leaves == ALL_LEAVES :
							 leaves >> s->level & 1;

		if (s->kind == STALE_LEAF ? leaf_goes : tables || (s->kind == STALE_NOT_PRESENT &&
								   s->level == 0))
			naive_forget(unit, i, c->word[1] & UINT32_MAX, c->word[1] >> 32);
	}
}

static bool is_of(const struct stale *s, const struct stale *class)
{
	return s->kind == class->kind && s->level == class->level &&
	       s->size_lg2 == class->size_lg2 && s->pa == class->pa &&
	       s->operation == class->operation && s->dirt_only == class->dirt_only;
}

/* The device's list, spelled out. */
static void check_held(void)
{
	uint64_t listed[DEVICE_UNITS][COUNT(classes)] = { 0 };

	for (size_t i = 0; i < sim.dev.nr; i++) {
		const struct stale *s = &sim.dev.stale[i];
		size_t class = 0;

		while (!is_of(s, &classes[class]))
			class++;
		assert_true(s->first <= s->last && s->last >> PAGE_LG2 < PAGES);
		assert_true(s->first % 4096 == 0 && s->last % 4096 == 4095);
		assert_true(s->units && s->units < 1u << device_units(&sim.dev));
		for (unsigned unit = 0; unit < DEVICE_UNITS; unit++)
			if (s->units >> unit & 1)
				listed[unit][class] |= bits(s->first >> PAGE_LG2, s->last >> PAGE_LG2);
	}
	assert_memory_equal(listed, held, sizeof(held));
}

/* What the device is asked, of a range of pages. */
static void check_questions(uint64_t first_page, uint64_t last_page)
{
	uint64_t pages = bits(first_page, last_page), first = first_page << PAGE_LG2;
	uint64_t last = (last_page << PAGE_LG2) + 4095, left[2] = { 0 }, unseen = 0;

	for (size_t i = 0; i < COUNT(classes); i++) {
		const struct stale *s = &classes[i];
		uint64_t any = held[0][i] | held[1][i];

		if (s->kind != STALE_NOT_PRESENT && !s->dirt_only)
			left[s->operation] |= any;
		if (s->kind == STALE_TABLE)
			assert_int_equal(device_find_way(&sim.dev, s->pa) != NULL, any != 0);
		if (s->dirt_only && (sim.dev.flags & DEVICE_KEEPS_DIRTY))
			unseen |= any;
	}
	for (unsigned operation = 0; operation < 2; operation++)
		assert_int_equal(device_find_left(&sim.dev, operation, first, last) != NULL,
				 (left[operation] & pages) != 0);
	assert_int_equal(device_writes_unseen(&sim.dev, first), unseen >> first_page & 1);
	assert_int_equal(device_writes_unseen(&sim.dev, last), unseen >> last_page & 1);
	assert_null(device_find_way(&sim.dev, 0x4000));
}

static void add_some(void)
{
	size_t class = draw(COUNT(classes));
	uint64_t first = draw(PAGES), last = first + draw(PAGES - first);
	struct stale s = classes[class];

	if (draw(2))
		last = first;
	s.first = first << PAGE_LG2;
	s.last = (last << PAGE_LG2) + 4095;
	device_add_stale(&sim.dev, &s);
	for (unsigned unit = 0; unit < device_units(&sim.dev); unit++)
		held[unit][class] |= bits(first, last);
}

/* Up to eight commands, of which those before the last wait are carried out. */
static void submit_some(void)
{
	struct pt_command c[8];
	unsigned n = 1 + (unsigned)draw(COUNT(c)), done = 0;
	unsigned unit = (unsigned)draw(device_units(&sim.dev));

	for (unsigned i = 0; i < n; i++) {
		uint64_t first = draw(PAGES), last = first + draw(PAGES - first);
		unsigned leaves = draw(2) ? ALL_LEAVES : (unsigned)draw(8);

		c[i] = draw(3) ? forget(first, last, leaves, (unsigned)draw(2)) : wait;
	}
	if (!device_submit(&sim, unit, c, n)) {
		assert_true(sim.dev.flags & DEVICE_QUEUE_ERRORS);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		for (; c[i].word[0] == wait.word[0] && done < i; done++)
			if (c[done].word[0] != wait.word[0])
				naive_command(unit, &c[done]);
}

static void evict_some(void)
{
	uint64_t page = draw(PAGES);

	device_evict(&sim.dev, (page << PAGE_LG2) + draw(4096));
	for (unsigned unit = 0; unit < DEVICE_UNITS; unit++)
		for (size_t i = 0; i < COUNT(classes); i++)
			naive_forget(unit, i, page, page);
}

static void good_random(void **state)
{
	static const unsigned flags[] = { 0, DEVICE_TWO_UNITS, DEVICE_KEEPS_DIRTY,
					  DEVICE_TWO_UNITS | DEVICE_QUEUE_ERRORS };
	uint64_t most = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(flags); i++) {
		start(flags[i]);
		memset(held, 0, sizeof(held));
		for (unsigned step = 0; step < 5000; step++) {
			uint64_t first = draw(PAGES), kind = draw(8);

			if (kind < 4)
				add_some();
			else if (kind < 7)
				submit_some();
			else
				evict_some();
			check_held();
			check_questions(first, first + draw(PAGES - first));
			most = sim.dev.nr > most ? sim.dev.nr : most;
		}
	}
	assert_true(most > 20);
}

/* ---- the list ---- */

/* Items of one table, one after the other, are one entry; in between, nothing is added. */
static void good_merging(void **state)
{
	struct stale s = { .kind = STALE_LEAF, .size_lg2 = 12, .operation = 7 };

	(void)state;
	start(0);
	for (s.first = 0; s.first < 512 * 4096; s.first += 4096) {
		s.last = s.first + 4095;
		device_add_stale(&sim.dev, &s);
		assert_int_equal(sim.dev.nr, 1);
	}
	s.first = 5 * 4096, s.last = 6 * 4096 - 1;
	device_add_stale(&sim.dev, &s);
	assert_int_equal(sim.dev.nr, 1);
	s.first = 0, s.last = 4095;
	device_add_stale(&sim.dev, &s);
	s.first = 511 * 4096, s.last = 512 * 4096 - 1;
	device_add_stale(&sim.dev, &s);
	assert_int_equal(sim.dev.nr, 1);
	assert_true(sim.dev.stale[0].first == 0 && sim.dev.stale[0].last == 512 * 4096 - 1);
	s.operation = 8;
	device_add_stale(&sim.dev, &s);
	assert_int_equal(sim.dev.nr, 2);
	/* The first page of all does not follow the last. */
	s.first = UINT64_MAX - 4095, s.last = UINT64_MAX;
	device_add_stale(&sim.dev, &s);
	s.first = 0, s.last = 4095;
	device_add_stale(&sim.dev, &s);
	assert_int_equal(sim.dev.nr, 4);
}

/* What an operation has left is found from its first byte to its last. */
static void good_left(void **state)
{
	const struct stale s = { .first = 4096, .last = 3 * 4096 - 1, .size_lg2 = 12,
				 .operation = 7 };

	(void)state;
	start(0);
	device_add_stale(&sim.dev, &s);
	assert_null(device_find_left(&sim.dev, 7, s.first - 1, s.first - 1));
	assert_non_null(device_find_left(&sim.dev, 7, s.first, s.first));
	assert_non_null(device_find_left(&sim.dev, 7, s.last, s.last));
	assert_null(device_find_left(&sim.dev, 7, s.last + 1, s.last + 1));
}

/* A unit that holds nothing of it splits nothing. */
static void good_whole_for_another_unit(void **state)
{
	const struct pt_command all[] = { forget(0, UINT32_MAX, ALL_LEAVES, 0xff), wait };
	const struct pt_command page[] = { forget(5, 5, ALL_LEAVES, 0xff), wait };
	const struct stale s = { .last = 512 * 4096 - 1, .size_lg2 = 12 };

	(void)state;
	start(DEVICE_TWO_UNITS);
	device_add_stale(&sim.dev, &s);
	assert_true(device_submit(&sim, 0, all, 2) && device_submit(&sim, 0, page, 2));
	assert_int_equal(sim.dev.nr, 1);
	assert_true(sim.dev.stale[0].first == 0 && sim.dev.stale[0].last == s.last);
	assert_int_equal(sim.dev.stale[0].units, 2);
}

/* ---- the machine ---- */

/* Every flag is one that a program may name, and what software may rely on is what it says. */
static void good_flags(void **state)
{
	static const char *const names[] = DEVICE_FLAG_NAMES;

	(void)state;
	assert_int_equal(DEVICE_FLAGS, (1u << COUNT(names)) - 1);
	for (unsigned flags = 0; flags <= DEVICE_FLAGS; flags++) {
		start(flags);
		assert_int_equal(sim.dev.unit.ranges, (flags & DEVICE_RANGES) != 0);
		assert_int_equal(sim.dev.unit.nonleaf, (flags & DEVICE_NONLEAF) != 0);
		assert_int_equal(sim.dev.unit.max_mask_lg2, flags & DEVICE_SMALL_MASK ?
				 DEVICE_SMALL_MASK_LG2 : DEVICE_FULL_MASK_LG2);
		assert_int_equal(device_units(&sim.dev), flags & DEVICE_TWO_UNITS ? 2 : 1);
	}
}

/* Once in one time is always. */
static void good_chance(void **state)
{
	(void)state;
	start(0);
	for (unsigned i = 0; i < 100; i++)
		assert_true(device_chance(&sim.dev, 1));
}

static void good_free(void **state)
{
	size_t before = mallinfo2().uordblks;
	struct device d = { 0 };

	(void)state;
	device_reset(&d, 0, false, 1);
	device_free(&d);
	assert_int_equal(mallinfo2().uordblks, before);
}

/* At first caches hold anything under the same tags, of all VAs, and nobody knows the entry. */
static void good_reset(void **state)
{
	const struct pt_command leaves[] = { forget(0, UINT32_MAX, 0x7f, 0), wait };
	const struct pt_command half[] = { forget(0, 0xffff, ALL_LEAVES, 0xff), wait };
	const struct pt_command all[] = { forget(0, UINT32_MAX, ALL_LEAVES, 0xff), wait };

	(void)state;
	device_reset(&sim.dev, DEVICE_TWO_UNITS, false, 1);
	assert_int_equal(sim.dev.nr, 2);
	assert_int_equal(sim.dev.entry_units, 3);
	assert_true(device_submit(&sim, 0, leaves, 2) && device_submit(&sim, 1, leaves, 2));
	assert_int_equal(sim.dev.nr, 2);
	assert_true(device_submit(&sim, 0, half, 2) && device_submit(&sim, 1, half, 2));
	assert_int_equal(sim.dev.nr, 2);
	for (size_t i = 0; i < sim.dev.nr; i++) {
		assert_true(sim.dev.stale[i].first == 0x10000000);
		assert_true(sim.dev.stale[i].last == UINT64_MAX);
	}
	assert_true(device_submit(&sim, 0, all, 2));
	assert_int_equal(sim.dev.nr, 2);
	assert_true(device_submit(&sim, 1, all, 2));
	assert_int_equal(sim.dev.nr, 0);
}

/* Of that, too, caches may let go by themselves: of a byte, for all that anybody knows. */
static void good_evict_of_anything(void **state)
{
	(void)state;
	device_reset(&sim.dev, 0, false, 1);
	device_evict(&sim.dev, 0);
	device_evict(&sim.dev, UINT64_MAX);
	device_evict(&sim.dev, 1);
	device_evict(&sim.dev, UINT64_MAX - 1);
	assert_int_equal(sim.dev.nr, 2);
	for (size_t i = 0; i < sim.dev.nr; i++)
		assert_true(sim.dev.stale[i].first == 2 && sim.dev.stale[i].last == UINT64_MAX - 2);
}

/* A piece at the end of the address space, as large as all of it, goes whole. */
static void good_largest_piece(void **state)
{
	const struct pt_command c[] = { forget(0, 0, ALL_LEAVES, 0), wait };
	struct stale s = { .kind = STALE_LEAF, .first = UINT64_MAX - 4095, .last = UINT64_MAX };

	(void)state;
	for (s.size_lg2 = 12; s.size_lg2 <= 64; s.size_lg2++) {
		start(0);
		device_add_stale(&sim.dev, &s);
		assert_true(device_submit(&sim, 0, c, 2));
		assert_int_equal(sim.dev.nr, s.size_lg2 < 64);
		device_evict(&sim.dev, UINT64_MAX);
		assert_int_equal(sim.dev.nr, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_random),
		cmocka_unit_test(good_merging),
		cmocka_unit_test(good_left),
		cmocka_unit_test(good_whole_for_another_unit),
		cmocka_unit_test(good_flags),
		cmocka_unit_test(good_chance),
		cmocka_unit_test(good_free),
		cmocka_unit_test(good_reset),
		cmocka_unit_test(good_evict_of_anything),
		cmocka_unit_test(good_largest_piece),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, tear_down);
}
