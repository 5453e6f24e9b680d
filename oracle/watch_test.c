/*
 * Tests of the watch.
 *
 * Goal: of every store it knows what hardware can see from then on, and where; what it counts
 * is what happened.
 * Method: items of a table of three levels are stored by hand; the sights, counts and what is
 * stale are looked at one by one.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
/* Of hw_toy.c: leaves, and what they may be. */
#define TOP_SIZE (4 * PAGE)
#define TOY_W UINT64_C(0x08)
#define TOY_AD UINT64_C(0x30)
#define LEAF(oa) ((oa) | 0x7)
#define TABLE(pa) ((pa) | 0x1)

static struct sim *sim;
static pt_item *root;

static unsigned device_flags;

static void begin_with(const struct hw_format *hw, uint64_t features)
{
	const struct subject subject = { &pt_sim_toy, hw, &inv_none, NULL };
	const struct pt_config config = { .features = PT_FLUSH_RANGE | features, .vasz_lg2 = 15,
					  .top_level = 2, .oasz_lg2 = 20 };
	const struct memory_config machine = { .seed = 1, .tables = LIAR_TABLES };

	judge->device_flags = device_flags;
	judge_reset(judge, &subject, &config, &machine);
	sim = &judge->sim;
	assert_int_equal(judge_init(judge), 0);
	sim_begin_operation(sim);
	root = sim_table(sim, sim->device.root_pa);
}

static int begin_each(void **state)
{
	(void)state;
	begin_with(&hw_toy, 0);
	return 0;
}

static pt_item *table(uint64_t *pa)
{
	pt_item *items = sim_table_alloc(sim, 16, pa);

	assert_non_null(items);
	return items;
}

static void assert_sight(size_t i, uint64_t first, uint64_t last, bool mapped, uint64_t oa)
{
	const struct sight *s = &sim->watch.sights[i];

	assert_true(i < sim->watch.nr);
	assert_int_equal(s->first, first);
	assert_int_equal(s->last, last);
	assert_int_equal(s->mapped, mapped);
	assert_int_equal(s->oa, oa);
}

static void assert_stale(enum stale_kind kind, uint64_t first, uint64_t last, bool dirt_only)
{
	for (size_t i = 0; i < sim->dev.nr; i++) {
		const struct stale *s = &sim->dev.stale[i];

		if (s->kind == kind && s->first == first && s->last == last &&
		    s->dirt_only == dirt_only)
			return;
	}
	fail_msg("nothing of kind %d is stale at 0x%lx", kind, (unsigned long)first);
}

/* ---- sights ---- */

/* One leaf after the other is one sight, where the OA goes on and the rights are the same. */
static void good_joined(void **state)
{
	const struct {
		unsigned index[2];
		uint64_t items[2];
		size_t nr;
	} stores[] = {
		{ { 0, 1 }, { LEAF(0x40000), LEAF(0x44000) }, 1 },
		{ { 0, 1 }, { LEAF(0x40000), LEAF(0x44000) | TOY_AD }, 1 },
		{ { 0, 1 }, { LEAF(0x40000), LEAF(0x48000) }, 2 },
		{ { 0, 1 }, { LEAF(0x44000), LEAF(0x40000) }, 2 },
		{ { 0, 1 }, { LEAF(0x40000), LEAF(0x44000) | TOY_W }, 2 },
		{ { 1, 0 }, { LEAF(0x44000), LEAF(0x40000) }, 2 },
		{ { 1, 0 }, { LEAF(0x40000), LEAF(0x44000) }, 2 },
		{ { 0, 0 }, { LEAF(0x40000), LEAF(0x44000) }, 2 },
		{ { 0, 0 }, { LEAF(0x40000), 0 }, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(stores); i++) {
		begin_with(&hw_toy, 0);
		for (unsigned k = 0; k < 2; k++)
			sim_store(sim, &root[stores[i].index[k]], stores[i].items[k]);
		assert_int_equal(sim->watch.nr, stores[i].nr);
		for (unsigned k = 0; stores[i].nr == 2 && k < 2; k++) {
			uint64_t first = stores[i].index[k] * TOP_SIZE;

			assert_sight(k, first, first + TOP_SIZE - 1, stores[i].items[k] != 0,
				     stores[i].items[k] & 0xff000);
		}
		if (stores[i].nr == 1)
			assert_sight(0, 0, 2 * TOP_SIZE - 1, true, 0x40000);
	}
}

/* Nothing beside nothing is one sight, too; beside a leaf it is not. */
static void good_joined_nothing(void **state)
{
	(void)state;
	sim_store(sim, &root[0], LEAF(0x40000));
	sim_store(sim, &root[1], LEAF(0x44000));
	sim->watch.nr = 0;
	sim_store(sim, &root[0], 0);
	sim_store(sim, &root[1], 0);
	assert_int_equal(sim->watch.nr, 1);
	assert_sight(0, 0, 2 * TOP_SIZE - 1, false, 0);
	sim_store(sim, &root[0], LEAF(0x40000));
	assert_int_equal(sim->watch.nr, 2);
	sim->watch.nr = 0;
	sim_store(sim, &root[0], 0);
	sim_store(sim, &root[1], LEAF(0x44000));
	assert_int_equal(sim->watch.nr, 2);
}

/* The last address is not beside the first. */
static void good_not_joined_around(void **state)
{
	(void)state;
	sim_store(sim, &root[0], LEAF(0x40000));
	sim->watch.sights[0] = (struct sight){ .first = ~(PAGE - 1), .last = UINT64_MAX };
	sim_store(sim, &root[0], 0);
	assert_int_equal(sim->watch.nr, 2);
	assert_sight(1, 0, TOP_SIZE - 1, false, 0);
}

/* As many as there are. */
static void good_many_sights(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 200; i++)
		sim_store(sim, &root[0], LEAF(0x40000 + i % 2 * 0x4000));
	assert_int_equal(sim->watch.nr, 200);
	for (uint64_t i = 0; i < 200; i++)
		assert_sight(i, 0, TOP_SIZE - 1, true, 0x40000 + i % 2 * 0x4000);
}

/* Where entries are broken before they are made, the leaf that makes way may be missed. */
static void good_lost(void **state)
{
	struct hw_format hw = hw_toy;

	(void)state;
	for (unsigned breaks = 0; breaks < 2; breaks++) {
		hw.breaks_before_make = breaks;
		begin_with(&hw, 0);
		sim_store(sim, &root[0], LEAF(0x40000));
		assert_false(sim->watch.sights[0].lost);
		sim_store(sim, &root[0], 0);
		assert_int_equal(sim->watch.sights[1].lost, breaks);
		assert_int_equal(sim->watch.nr, 2);
		/* Where no leaf was nothing is lost, though that is beside what is. */
		sim_store(sim, &root[1], TABLE(UINT64_C(0x123000)));
		sim->watch.sights[0] = (struct sight){ .last = TOP_SIZE - 1, .lost = true };
		sim->watch.nr = 1;
		sim_store(sim, &root[1], 0);
		assert_int_equal(sim->watch.nr, 2);
	}
}

/* A table that is linked is seen with all that is below it. */
static void good_linked(void **state)
{
	uint64_t low_pa, middle_pa;
	pt_item *middle = table(&middle_pa), *low = table(&low_pa);

	(void)state;
	sim_store(sim, &low[1], LEAF(0x41000));
	sim_store(sim, &middle[0], TABLE(low_pa));
	sim_store(sim, &middle[1], LEAF(0x52000));
	assert_int_equal(sim->watch.nr, 0);
	sim_store(sim, &root[1], TABLE(middle_pa));
	assert_int_equal(sim->watch.nr, 3);
	assert_sight(0, TOP_SIZE, TOP_SIZE + PAGE - 1, false, 0);
	assert_sight(1, TOP_SIZE + PAGE, TOP_SIZE + 2 * PAGE - 1, true, 0x41000);
	assert_sight(2, TOP_SIZE + 2 * PAGE, 2 * TOP_SIZE - 1, true, 0x52000);
	assert_true(memory_slot(sim->memory, low_pa)->linked);
	assert_true(memory_slot(sim->memory, middle_pa)->linked);
	assert_int_equal(memory_slot(sim->memory, low_pa)->level, 0);
	assert_int_equal(memory_slot(sim->memory, low_pa)->va, TOP_SIZE);
	assert_int_equal(sim->t->work.unlinked, 0);
	/* And it goes with all that is below it: the way to each may be cached. */
	sim_store(sim, &root[1], 0);
	assert_int_equal(sim->watch.nr, 4);
	assert_sight(3, TOP_SIZE, 2 * TOP_SIZE - 1, false, 0);
	assert_int_equal(sim->t->work.unlinked, 2);
	assert_false(memory_slot(sim->memory, low_pa)->linked);
	assert_true(memory_slot(sim->memory, low_pa)->was_linked);
	assert_false(memory_slot(sim->memory, middle_pa)->linked);
	assert_int_equal(sim->dev.nr, 4);
	assert_stale(STALE_TABLE, TOP_SIZE, 2 * TOP_SIZE - 1, false);
	assert_stale(STALE_TABLE, TOP_SIZE, TOP_SIZE + 2 * PAGE - 1, false);
	assert_stale(STALE_LEAF, TOP_SIZE + PAGE, TOP_SIZE + 2 * PAGE - 1, false);
	assert_stale(STALE_LEAF, TOP_SIZE + 2 * PAGE, 2 * TOP_SIZE - 1, false);
	/* Nobody finds it any more. */
	sim_store(sim, &low[0], LEAF(0x42000));
	assert_int_equal(sim->watch.nr, 4);
}

/* An empty table is one sight, and so are leaves that come into it. */
static void good_linked_empty(void **state)
{
	uint64_t pa;
	pt_item *items = table(&pa);

	(void)state;
	sim_store(sim, &root[1], TABLE(pa));
	assert_int_equal(sim->watch.nr, 1);
	assert_sight(0, TOP_SIZE, 2 * TOP_SIZE - 1, false, 0);
	sim_store(sim, &items[0], LEAF(0x50000));
	sim_store(sim, &items[1], LEAF(0x52000));
	assert_int_equal(sim->watch.nr, 2);
	assert_sight(1, TOP_SIZE, 2 * TOP_SIZE - 1, true, 0x50000);
}

/* The root's address may have the C-bit, and its VAs may be the highest. */
static void good_root(void **state)
{
	for (unsigned high = 0; high < 2; high++) {
		unsigned bit = 12;
		uint64_t pa;
		pt_item *items;

		begin_each(state);
		items = table(&pa);
		sim_store(sim, &items[1], LEAF(0x44000));
		while (pa >> bit & 1)
			bit++;
		sim->device.encrypt_bit = (uint8_t)bit;
		sim->device.upper_half = high;
		watch_root(sim, pa | UINT64_C(1) << bit, 2);
		assert_true(memory_slot(sim->memory, pa)->linked);
		assert_int_equal(sim->watch.nr, 2);
		assert_sight(0, high ? ~UINT64_C(0x7fff) : 0, high ? ~TOP_SIZE : TOP_SIZE - 1,
			     false, 0);
		assert_sight(1, high ? ~TOP_SIZE + 1 : TOP_SIZE,
			     high ? UINT64_MAX : 2 * TOP_SIZE - 1, true, 0x44000);
		/* A second time nothing is new. */
		watch_root(sim, pa | UINT64_C(1) << bit, 2);
		assert_int_equal(sim->watch.nr, 2);
	}
}

/* One of another size than hardware reads is not to be linked. */
static uint64_t to_link;

static void link_it(void)
{
	sim_store(sim, &root[0], TABLE(to_link));
}

static void link_it_relaxed(void)
{
	sim_store_relaxed(sim, &root[0], TABLE(to_link));
	sim_end_operation(sim);
}

static void bad_size(void **state)
{
	(void)state;
	assert_non_null(sim_table_alloc(sim, 8, &to_link));
	assert_int_equal(check_of(link_it), CHECK_LEDGER);
	assert_non_null(strstr(sim->verdict.text, "has 8 bytes, should have 16"));
}

/* Where stores are weak, what links a table must come behind its zeroes. */
static void bad_late_zeroes(void **state)
{
	(void)state;
	for (unsigned weak = 0; weak < 2; weak++) {
		device_flags = weak ? DEVICE_WEAK_STORES : 0;
		begin_with(&hw_toy, 0);
		table(&to_link);
		assert_int_equal(check_of(link_it_relaxed), weak ? CHECK_TORN : CHECK_NONE);
		begin_with(&hw_toy, 0);
		table(&to_link);
		assert_int_equal(check_of(link_it), CHECK_NONE);
	}
	device_flags = 0;
}

/* Where walkers read past the caches, what a table holds must be in memory when it is linked. */
static void bad_linked_before_memory(void **state)
{
	pt_item *items;

	(void)state;
	for (unsigned index = 0; index < 2; index++) {
		begin_with(&hw_toy, PT_DMA_INCOHERENT);
		items = table(&to_link);
		sim_flush(sim, items, 16);
		/* What hardware ignores need not be there. */
		sim_store(sim, &items[index], LEAF(0x42000));
		sim_flush(sim, items, 16);
		sim_store(sim, &items[index], LEAF(0x42000) | UINT64_C(1) << 60);
		assert_int_equal(check_of(link_it), CHECK_NONE);
		sim_store(sim, &root[0], 0);
		sim_store(sim, &items[index], LEAF(0x44000));
		assert_int_equal(check_of(link_it), CHECK_COHERENT);
	}
}

/* ---- what is stale ---- */

/* Dirt that goes may still be cached; what comes is no matter, nor is what hardware ignores. */
static void good_stale_dirt(void **state)
{
	static const uint64_t ad[] = { UINT64_C(0x10), UINT64_C(0x20), TOY_AD };

	(void)state;
	for (size_t i = 0; i < COUNT(ad); i++) {
		begin_with(&hw_toy, 0);
		sim_store(sim, &root[0], LEAF(0x40000));
		sim->watch.nr = 0;
		sim_store(sim, &root[0], LEAF(0x40000) | ad[i]);
		sim_store(sim, &root[0], LEAF(0x40000) | ad[i] | UINT64_C(1) << 60);
		assert_int_equal(sim->dev.nr, 0);
		sim_store(sim, &root[0], LEAF(0x40000));
		assert_int_equal(sim->dev.nr, 1);
		assert_stale(STALE_LEAF, 0, TOP_SIZE - 1, true);
		assert_int_equal(sim->watch.nr, 0);
		sim_store(sim, &root[0], LEAF(0x44000));
		assert_stale(STALE_LEAF, 0, TOP_SIZE - 1, false);
	}
}

/* That nothing was there only some hardware caches. */
static void good_stale_nothing(void **state)
{
	(void)state;
	begin_with(&hw_toy, 0);
	sim_store(sim, &root[1], LEAF(0x40000));
	assert_int_equal(sim->dev.nr, 0);
	begin_with(&hw_toy, PT_NP_CACHE);
	sim_store(sim, &root[1], LEAF(0x40000));
	assert_int_equal(sim->dev.nr, 1);
	assert_stale(STALE_NOT_PRESENT, TOP_SIZE, 2 * TOP_SIZE - 1, false);
}

static void break_twice(void)
{
	sim_store(sim, &root[1], LEAF(0x40000));
	sim_store(sim, &root[1], 0);
	sim_store(sim, &root[1], LEAF(0x44000));
}

static void good_break(void **state)
{
	struct hw_format hw = hw_toy;

	(void)state;
	for (unsigned breaks = 0; breaks < 2; breaks++) {
		hw.breaks_before_make = breaks;
		begin_with(&hw, 0);
		assert_int_equal(check_of(break_twice), breaks ? CHECK_STALE : CHECK_NONE);
	}
}

/* ---- memory ---- */

static uint64_t watched_first, watched_last;

static void watch_it(void)
{
	watch_memory(sim, watched_first, watched_last, "now");
}

/* What is not in memory matters where it translates what is asked. */
static void good_watch_memory(void **state)
{
	const struct {
		uint64_t first, last;
		enum check check;
	} asked[] = {
		{ 0, UINT64_MAX, CHECK_COHERENT },
		{ 0, TOP_SIZE - 1, CHECK_NONE },
		{ 0, TOP_SIZE, CHECK_COHERENT },
		{ TOP_SIZE, TOP_SIZE, CHECK_COHERENT },
		{ 2 * TOP_SIZE - 1, UINT64_MAX, CHECK_COHERENT },
		{ 2 * TOP_SIZE, UINT64_MAX, CHECK_NONE },
	};

	(void)state;
	begin_with(&hw_toy, PT_DMA_INCOHERENT);
	sim_store(sim, &root[1], LEAF(0x40000));
	for (size_t i = 0; i < COUNT(asked); i++) {
		watched_first = asked[i].first;
		watched_last = asked[i].last;
		assert_int_equal(check_of(watch_it), asked[i].check);
		if (asked[i].check)
			assert_non_null(strstr(sim->verdict.text, "now, memory has 0x0"));
	}
	watched_first = 0;
	sim->memory->wild = true; /* what is stored in arbitrary tables nobody promises */
	assert_int_equal(check_of(watch_it), CHECK_NONE);
	sim->memory->wild = false;
	assert_int_equal(check_of(watch_it), CHECK_COHERENT);
	sim_flush(sim, &root[1], 8);
	assert_int_equal(check_of(watch_it), CHECK_NONE);
}

/* ---- rights ---- */

static void good_same_rights(void **state)
{
	const struct hw_attrs none = { .read = false };
	const struct hw_attrs other[] = {
		{ .read = true }, { .write = true }, { .exec = true }, { .exec_privileged = true },
		{ .global = true }, { .user = true }, { .type = HW_WRITE_BACK }, { .coherent = true },
		{ .encrypted = true }, { .untranslated = true },
	};
	const struct hw_attrs same[] = { none, { .accessed = true }, { .dirty = true } };

	(void)state;
	for (size_t i = 0; i < COUNT(other); i++) {
		assert_false(watch_same_rights(&none, &other[i]));
		assert_false(watch_same_rights(&other[i], &none));
		assert_true(watch_same_rights(&other[i], &other[i]));
	}
	for (size_t i = 0; i < COUNT(same); i++)
		assert_true(watch_same_rights(&none, &same[i]));
}

/* ---- counts ---- */

static void good_counts(void **state)
{
	const struct work *w = &sim->t->work;

	(void)state;
	assert_int_equal(w->tables, 1);
	sim_store(sim, &root[0], LEAF(0x40000));
	assert_int_equal(w->stores, 1);
	assert_int_equal(w->in_vain + w->again + w->cleared, 0);
	sim_store(sim, &root[1], LEAF(0x44000));
	assert_int_equal(w->stores, 2);
	assert_int_equal(w->again, 0);
	sim_store(sim, &root[1], LEAF(0x44000));
	assert_int_equal(w->in_vain, 1);
	assert_int_equal(w->again, 1);
	sim_store(sim, &root[0], 0);
	assert_int_equal(w->cleared, 1);
	assert_int_equal(w->again, 2);
	sim_begin_operation(sim);
	assert_int_equal(sim->watch.nr, 0);
	sim_store(sim, &root[1], 0);
	assert_int_equal(w->stores, 1);
	assert_int_equal(w->cleared, 1);
	assert_int_equal(w->in_vain + w->again, 0);
}

/* ---- the flat map before ---- */

static void fill(struct flat *f, uint64_t oa, unsigned pages)
{
	uint64_t leaves[64] = { 0 };

	flat_reset(f, PAGE, 15, FLAT_LOW, 0xfffff);
	for (unsigned i = 0; i < pages; i++) {
		const struct flat_mapping m = { .iova = 2 * i * PAGE, .oa = oa, .len = PAGE,
						.prot = PT_READ };

		flat_map(f, &m, PAGE, leaves);
	}
}

static void assert_before(const struct watch *w, const struct flat *f)
{
	assert_int_equal(w->before.nr, f->nr);
	for (size_t i = 0; i < f->nr; i++) {
		assert_int_equal(w->before.extents[i].va, f->extents[i].va);
		assert_int_equal(w->before.extents[i].oa, f->extents[i].oa);
	}
}

/* It is the map of this run that is remembered, though the last one had changed as often. */
static void good_remember(void **state)
{
	struct flat f = { 0 };
	struct watch w = { .on = false };

	(void)state;
	for (unsigned pages = 1; pages <= 4; pages++) {
		for (uint64_t oa = 0x40000; oa < 0x44000; oa += PAGE) {
			fill(&f, oa, pages);
			watch_reset(&w, true);
			watch_remember(&w, &f);
			assert_before(&w, &f);
		}
	}
	flat_unmap(&f, 0, PAGE);
	watch_remember(&w, &f);
	assert_before(&w, &f);
	fill(&f, 0x41000, 0);
	watch_remember(&w, &f);
	assert_before(&w, &f);
	flat_free(&w.before);
	flat_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_joined),
		cmocka_unit_test_setup(good_joined_nothing, begin_each),
		cmocka_unit_test_setup(good_not_joined_around, begin_each),
		cmocka_unit_test_setup(good_many_sights, begin_each),
		cmocka_unit_test(good_root),
		cmocka_unit_test(good_lost),
		cmocka_unit_test_setup(good_linked, begin_each),
		cmocka_unit_test_setup(good_linked_empty, begin_each),
		cmocka_unit_test_setup(bad_size, begin_each),
		cmocka_unit_test(bad_late_zeroes),
		cmocka_unit_test(bad_linked_before_memory),
		cmocka_unit_test(good_stale_dirt),
		cmocka_unit_test(good_stale_nothing),
		cmocka_unit_test(good_break),
		cmocka_unit_test(good_watch_memory),
		cmocka_unit_test(good_same_rights),
		cmocka_unit_test_setup(good_counts, begin_each),
		cmocka_unit_test(good_remember),
	};

	return cmocka_run_group_tests_name("watch", tests, set_up, tear_down);
}
