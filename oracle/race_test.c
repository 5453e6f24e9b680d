/*
 * Tests of what the judge of several threads knows: ranges, what is where while operations are
 * in flight, what a thread that looks without a lock may have seen, and what devices wrote.
 *
 * Goal: race.h's promises, to the address.
 * Method: the flat map is filled by hand, and threads enter and leave by hand; no table.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/lone_race_test.h"

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
#define TOY_D UINT64_C(0x20) /* of hw_toy.c */

static const struct pt_config config = {
	.features = PT_FLUSH_RANGE | PT_DIRTY_TRACKING, .vasz_lg2 = 15, .top_level = 2,
	.oasz_lg2 = 20,
};
static const struct memory_config machine = { .tables = LIAR_TABLES };

static void begin_with(const struct hw_format *hw)
{
	const struct subject subject = { &pt_sim_toy, hw, &inv_none, NULL };

	judge_reset(judge, &subject, &config, &machine);
	begin_race();
}

static int begin_each(void **state)
{
	(void)state;
	begin_with(&hw_toy);
	return 0;
}

static void as(unsigned thread)
{
	judge->sim.t = &judge->sim.threads[thread];
}

static void is_there(uint64_t va, uint64_t oa, uint64_t len, unsigned prot)
{
	const struct flat_mapping m = { .iova = va, .oa = oa, .len = len, .prot = prot };
	uint64_t leaves[64] = { 0 };

	flat_map(&judge->flat, &m, len, leaves);
}

static void enter(unsigned thread, enum race_kind kind, uint64_t first, uint64_t last)
{
	as(thread);
	race_enter(judge, kind, first, last, NULL);
}

static void enter_map(unsigned thread, uint64_t va, uint64_t oa, uint64_t len)
{
	const struct flat_mapping m = { .iova = va, .oa = oa, .len = len, .prot = PT_READ };

	as(thread);
	race_enter(judge, RACE_MAP, va, va + (len - 1), &m);
}

static void leave(unsigned thread)
{
	as(thread);
	race_leave(judge, false);
}

/* ---- ranges ---- */

static unsigned waits;

/* Thread 1 leaves, and that is what was waited for. */
static void wait_for_thread_1(void *scheduler, bool (*is_ready)(void *arg), void *arg)
{
	struct sim_thread *t = judge->sim.t;

	(void)scheduler;
	waits++;
	assert_false(is_ready(arg));
	leave(1);
	judge->sim.t = t;
	assert_true(is_ready(arg));
}

static unsigned waits_of(uint64_t first, uint64_t last)
{
	waits = 0;
	judge->race.hooks.wait = wait_for_thread_1;
	enter(1, RACE_READ_DIRTY, PAGE, 2 * PAGE - 1);
	enter(0, RACE_READ_DIRTY, first, last);
	leave(0);
	if (judge->sim.threads[1].busy)
		leave(1);
	assert_int_equal(judge->sim.busy, 0);
	return waits;
}

static void good_waits(void **state)
{
	(void)state;
	assert_int_equal(waits_of(0, PAGE - 1), 0);
	assert_int_equal(waits_of(0, PAGE), 1);
	assert_int_equal(waits_of(2 * PAGE - 1, 3 * PAGE), 1);
	assert_int_equal(waits_of(2 * PAGE, 3 * PAGE), 0);
	/* They share a leaf. */
	is_there(0, 0x40000, 2 * PAGE, PT_READ);
	assert_int_equal(waits_of(0, 1), 1);
}

/* Others may come before an operation enters. */
static void good_event(void **state)
{
	(void)state;
	enter(0, RACE_CUT, 0, 0);
	assert_int_equal(sched.nr[EVENT_OPERATION], 1);
}

/* Who has left is remembered, and those that there is no room for in the first place. */
static void good_left(void **state)
{
	const struct race *r = &judge->race;

	(void)state;
	as(0);
	race_watch(judge, 4 * PAGE, false);
	for (unsigned i = 0; i < RACE_LEFT; i++) {
		enter(1, RACE_READ_DIRTY, i + 1, i + 1);
		assert_int_equal(r->nr_left, i);
		leave(1);
	}
	for (unsigned i = 0; i < RACE_LEFT; i++) {
		assert_int_equal(r->left[i].first, i + 1);
		assert_int_equal(r->left[i].last, i + 1);
	}
	for (unsigned i = 0; i < 2; i++) {
		enter(1, RACE_READ_DIRTY, 0x900, 0x900);
		leave(1);
		assert_int_equal(r->nr_left, RACE_LEFT);
		assert_int_equal(r->left[0].first, 0);
		assert_int_equal(r->left[0].last, UINT64_MAX);
		assert_int_equal(r->left[1].first, 2);
	}
	race_begin(judge);
	assert_int_equal(r->nr_left, 0);
	assert_false(r->watches[0].on);
	assert_int_equal(r->ops[1].last, 0);
}

static void good_quiet(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		enter(i, RACE_READ_DIRTY, PAGE, 2 * PAGE - 1);
		assert_true(race_is_quiet(judge, PAGE - 1));
		assert_false(race_is_quiet(judge, PAGE));
		assert_false(race_is_quiet(judge, 2 * PAGE - 1));
		assert_true(race_is_quiet(judge, 2 * PAGE));
		leave(i);
		assert_true(race_is_quiet(judge, PAGE));
	}
}

/* ---- what is where ---- */

static void assert_piece(uint64_t va, uint64_t oa, uint64_t end)
{
	uint64_t last = 0;
	const struct extent *e = race_piece_at(judge, va, &last);

	assert_int_equal(e ? e->oa + (va - e->va) : 0, oa);
	assert_int_equal(last, end);
}

/* A map of [0x1000, 0x4000) in whose way a page at 0x2000 is. */
static void good_piece_of_map(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		begin_with(&hw_toy);
		is_there(2 * PAGE, 0x52000, PAGE, PT_READ);
		enter_map(i, PAGE, 0x41000, 3 * PAGE);
		assert_piece(1, 0, PAGE - 1);
		assert_piece(PAGE - 1, 0, PAGE - 1);
		assert_piece(PAGE, 0x41000, 2 * PAGE - 1);
		assert_piece(PAGE + 1, 0x41001, 2 * PAGE - 1);
		assert_piece(2 * PAGE, 0x52000, 3 * PAGE - 1);
		assert_piece(3 * PAGE - 1, 0x52fff, 3 * PAGE - 1);
		assert_piece(3 * PAGE, 0x43000, 4 * PAGE - 1);
		assert_piece(4 * PAGE - 1, 0x43fff, 4 * PAGE - 1);
		assert_piece(4 * PAGE, 0, UINT64_MAX);
		leave(i);
		assert_piece(3 * PAGE, 0, UINT64_MAX);
	}
}

/* The last page of it is a part of a leaf that is there: what is mapped ends before its range. */
static void good_piece_of_map_into_leaf(void **state)
{
	(void)state;
	is_there(4 * PAGE, 0x54000, 4 * PAGE, PT_READ);
	enter_map(0, 3 * PAGE, 0x43000, 2 * PAGE);
	assert_piece(3 * PAGE, 0x43000, 4 * PAGE - 1);
	assert_piece(4 * PAGE, 0x54000, 5 * PAGE - 1);
	assert_piece(5 * PAGE, 0x55000, 8 * PAGE - 1);
	assert_false(race_is_quiet(judge, 8 * PAGE - 1));
}

static void good_piece_of_empty_map(void **state)
{
	uint64_t last;

	(void)state;
	enter_map(0, PAGE, 0x41000, 0);
	assert_false(race_is_quiet(judge, PAGE));
	assert_true(race_is_quiet(judge, PAGE + 1));
	assert_null(race_piece_at(judge, PAGE, &last));
}

/* Unmap takes leaves up to a gap; the rest of its range stays. */
static void good_piece_of_unmap(void **state)
{
	(void)state;
	is_there(PAGE, 0x41000, PAGE, PT_READ);
	is_there(2 * PAGE, 0x52000, PAGE, PT_READ);
	is_there(4 * PAGE, 0x44000, PAGE, PT_READ);
	enter(0, RACE_UNMAP, PAGE, 5 * PAGE - 1);
	assert_piece(1, 0, PAGE - 1);
	assert_piece(PAGE, 0, 2 * PAGE - 1);
	assert_piece(2 * PAGE, 0, 3 * PAGE - 1);
	assert_piece(3 * PAGE - 1, 0, 3 * PAGE - 1);
	assert_piece(3 * PAGE, 0, 4 * PAGE - 1);
	assert_piece(4 * PAGE, 0x44000, 5 * PAGE - 1);
}

/* From the middle of an extent leaves go, up to its middle. */
static void good_piece_of_unmap_inside(void **state)
{
	(void)state;
	is_there(PAGE, 0x42000, 5 * PAGE, PT_READ);
	assert_int_equal(judge->flat.nr, 1);
	enter(0, RACE_UNMAP, 3 * PAGE, 5 * PAGE - 1);
	assert_piece(PAGE, 0x42000, 3 * PAGE - 1);
	assert_piece(3 * PAGE, 0, 5 * PAGE - 1);
	assert_piece(5 * PAGE, 0x46000, 6 * PAGE - 1);
}

/* From inside a leaf nothing goes, though all of the leaf is locked. */
static void good_piece_of_vain_unmap(void **state)
{
	uint64_t last;

	(void)state;
	is_there(0, 0x40000, 4 * PAGE, PT_READ);
	enter(0, RACE_UNMAP, PAGE, 2 * PAGE - 1);
	for (uint64_t va = 0; va < 4 * PAGE; va += PAGE / 4) {
		assert_false(race_is_quiet(judge, va));
		assert_non_null(race_piece_at(judge, va, &last));
	}
}

/* ---- looking without a lock ---- */

static void assert_was(uint64_t oa, bool mapped, bool unmapped, bool writable, bool read_only)
{
	as(0);
	assert_int_equal(race_was_mapped(judge, oa), mapped);
	assert_int_equal(race_was_unmapped(judge), unmapped);
	assert_int_equal(race_was_writable(judge, true), writable);
	assert_int_equal(race_was_writable(judge, false), read_only);
}

static void good_watch(void **state)
{
	(void)state;
	is_there(4 * PAGE, 0x44000, 4 * PAGE, PT_READ);
	as(0);
	race_watch(judge, 5 * PAGE + 8, false);
	assert_was(0x45008, true, false, false, true);
	assert_was(0x44008, false, false, false, true);
	assert_was(0, false, false, false, true);
	enter(1, RACE_UNMAP, 4 * PAGE, 8 * PAGE - 1);
	assert_was(0x45008, true, true, false, true);
	assert_was(0, false, true, false, true);
	leave(1);
	as(0);
	race_unwatch(judge);
	assert_false(judge->race.watches[0].on);
}

/* Where an entry is broken before it is made, who looks while a leaf is cut may find nothing. */
static void good_watch_of_cut(void **state)
{
	struct hw_format hw = hw_toy;

	(void)state;
	for (unsigned breaks = 0; breaks < 2; breaks++) {
		hw.breaks_before_make = breaks;
		begin_with(&hw);
		is_there(4 * PAGE, 0x44000, 4 * PAGE, PT_READ | PT_WRITE);
		is_there(0, 0x50000, PAGE, PT_READ | PT_WRITE);
		as(0);
		race_watch(judge, 5 * PAGE, false);
		assert_was(0x45000, true, false, true, false);
		enter(1, RACE_READ_DIRTY, 4 * PAGE, 8 * PAGE - 1);
		assert_false(race_may_miss(judge, 5 * PAGE));
		leave(1);
		assert_was(0x45000, true, false, true, false);
		enter(1, RACE_CUT, 6 * PAGE, 6 * PAGE);
		assert_int_equal(race_may_miss(judge, 5 * PAGE), breaks);
		assert_false(race_may_miss(judge, 0));
		assert_was(0x45000, true, breaks, true, false);
	}
}

/* One state after the other, and each again: RACE_STATES are told apart, more are not. */
static void good_many_states(void **state)
{
	struct flat *f = &judge->flat;

	(void)state;
	is_there(0, 0x80000, PAGE, PT_READ | PT_WRITE);
	as(0);
	race_watch(judge, 0, false);
	for (unsigned i = 0; i < 2 * RACE_STATES; i++) {
		f->extents[0].oa = 0x80000 + i % RACE_STATES * PAGE;
		enter(1, RACE_READ_DIRTY, 4 * PAGE, 5 * PAGE - 1);
		leave(1);
	}
	for (unsigned i = 0; i < RACE_STATES; i++)
		assert_was(0x80000 + i * PAGE, true, false, true, false);
	assert_was(0x80000 + RACE_STATES * PAGE, false, false, true, false);
	assert_was(0, false, false, true, false);
	f->extents[0].oa = 0x80000 + RACE_STATES * PAGE;
	enter(1, RACE_READ_DIRTY, 4 * PAGE, 5 * PAGE - 1);
	assert_was(0x80000 + RACE_STATES * PAGE, true, true, true, true);
	assert_was(0, true, true, true, true);
}

/* The same OA, but of another prot, or not mapped. */
static void good_states_of_one_oa(void **state)
{
	(void)state;
	as(0);
	race_watch(judge, 0, false);
	assert_was(0, false, true, false, false);
	is_there(0, 0, PAGE, 0);
	enter(1, RACE_READ_DIRTY, 4 * PAGE, 5 * PAGE - 1);
	leave(1);
	assert_was(0, true, true, false, true);
	judge->flat.extents[0].prot = PT_READ | PT_WRITE;
	enter(1, RACE_READ_DIRTY, 4 * PAGE, 5 * PAGE - 1);
	assert_was(0, true, true, true, true);
}

/* ---- dirt ---- */

static bool is_dirty(uint64_t va)
{
	uint64_t leaf_va;

	return flat_find(&judge->flat, va, &leaf_va)->dirty;
}

/* A map locks the leaf in its way, too; what is written there meanwhile is dirty then. */
static void good_writes_into_map(void **state)
{
	(void)state;
	is_there(PAGE, 0x41000, PAGE, PT_READ | PT_WRITE);
	for (unsigned writes = 1; writes <= 2 * RACE_WRITES; writes++) {
		enter_map(0, 0, 0x40000, 3 * PAGE);
		enter(1, RACE_READ_DIRTY, 4 * PAGE, 5 * PAGE - 1);
		as(2);
		for (unsigned i = 0; i < writes; i++)
			race_wrote(judge, i ? 2 * PAGE : PAGE);
		assert_true(is_dirty(PAGE));
		as(1);
		assert_int_equal(race_nr_writes(judge), 0);
		as(3);
		assert_int_equal(race_nr_writes(judge), 0);
		as(0);
		assert_int_equal(race_nr_writes(judge), writes);
		for (unsigned i = 0; i < writes && i < RACE_WRITES; i++)
			assert_int_equal(judge->race.ops[0].writes[i], i ? 2 * PAGE : PAGE);
		is_there(0, 0x40000, PAGE, PT_READ | PT_WRITE);
		flat_set_dirty(&judge->flat, PAGE, false);
		leave(1);
		leave(0);
		assert_true(is_dirty(PAGE));
		assert_false(is_dirty(0));
		flat_set_dirty(&judge->flat, PAGE, false);
		flat_unmap(&judge->flat, 0, PAGE);
	}
}

/* A leaf of two items: one that is dirty makes it dirty. */
static enum hw_fault decode_run(const struct hw_format *f, const struct hw_device *dev,
				uint64_t raw, unsigned level, struct hw_item *out)
{
	enum hw_fault fault = hw_toy.decode(f, dev, raw, level, out);

	if (fault == HW_OK && out->kind == HW_LEAF && level == 0) {
		out->size_lg2++;
		out->address &= ~PAGE;
	}
	return fault;
}

static void good_believes_run(void **state)
{
	struct hw_format hw = hw_toy;

	(void)state;
	hw.decode = decode_run;
	race_end(judge);
	judge_init(judge);
	map(0, 0x40000, PAGE);
	map(PAGE, 0x41000, PAGE);
	flat_unmap(&judge->flat, 0, 2 * PAGE);
	is_there(0, 0x40000, 2 * PAGE, RW);
	judge->subject.hw = &hw;
	for (unsigned dirty = 0; dirty < 4; dirty++) {
		for (unsigned i = 0; i < 2; i++) {
			*item_at(i * PAGE, 0) &= ~TOY_D;
			*item_at(i * PAGE, 0) |= dirty >> i & 1 ? TOY_D : 0;
		}
		race_believe_dirt(judge, PAGE);
		assert_int_equal(is_dirty(0), dirty != 0);
	}
}

/* set_dirty found the leaf marked: a load of its item alone tells. */
static void good_loaded(void **state)
{
	const struct slot slot = { .level = 0 };
	const struct sim_race *hooks = &judge->race.hooks;
	const uint64_t leaf = 0x4000f, dirty = leaf | TOY_D, table = 0x41001;

	(void)state;
	as(0);
	hooks->loaded(hooks->judge, &slot, dirty);
	assert_false(race_was_dirty(judge));
	race_watch(judge, 0, false);
	hooks->loaded(hooks->judge, &slot, dirty);
	assert_false(race_was_dirty(judge));
	race_watch(judge, 0, true);
	hooks->loaded(hooks->judge, &slot, leaf);
	hooks->loaded(hooks->judge, &slot, 0);
	hooks->loaded(hooks->judge, &slot, dirty & ~UINT64_C(1));
	hooks->loaded(hooks->judge, &(struct slot){ .level = 1 }, table);
	assert_false(race_was_dirty(judge));
	hooks->loaded(hooks->judge, &slot, dirty);
	hooks->loaded(hooks->judge, &slot, leaf);
	assert_true(race_was_dirty(judge));
}

/* ---- beginning and end ---- */

static void good_end(void **state)
{
	(void)state;
	race_end(judge);
	enter(0, RACE_READ_DIRTY, 0, PAGE);
	assert_int_equal(judge->sim.busy, 0);
	assert_true(race_is_quiet(judge, 0));
	assert_int_equal(sched.nr[EVENT_OPERATION], 0);
}

static unsigned synced; /* a bit of each thread */

static void sync_seen(struct pt *pt, struct pt_gather *g)
{
	assert_true(judge->race.on);
	synced |= 1u << (judge->sim.t - judge->sim.threads);
	real->sync(pt, g);
}

static void sync_stops(struct pt *pt, struct pt_gather *g)
{
	real->sync(pt, g);
	sim_stop(&judge->sim, CHECK_RESULT, "stopped");
}

static void sync_three(void)
{
	judge_init(judge);
	begin_race();
	map(0, 0x41000, PAGE);
	judge_unmap(judge, 0, PAGE);
	race_end(judge);
	race_sync(judge, 3);
	assert_false(judge->race.on);
	assert_ptr_equal(judge->sim.t, &judge->sim.threads[0]);
}

static void good_sync(void **state)
{
	const struct scene scene = { { &pt_sim_toy, &hw_toy, &inv_none, NULL }, config, 0, sync_three };
	struct pt_ops ops = pt_sim_toy;

	(void)state;
	ops.sync = sync_seen;
	synced = 0;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_NONE);
	assert_int_equal(synced, 6);
	ops.sync = sync_stops;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_RESULT);
}

/* Hardware sees for a moment what is mapped neither before nor after. */
static int map_elsewhere_first(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			       uint64_t *mapped)
{
	int err = real->map(pt, m, g, mapped);
	uint64_t *at = item_at(m->iova, 0), item = *at;

	sim_write(&judge->sim, at, item ^ PAGE, false);
	sim_write(&judge->sim, at, item, false);
	return err;
}

static void map_in_race(void)
{
	judge_init(judge);
	begin_race();
	map(0, 0x41000, PAGE);
}

static void bad_torn(void **state)
{
	const struct scene scene = { { &pt_sim_toy, &hw_toy, &inv_none, NULL }, config, 0, map_in_race };
	struct pt_ops ops = pt_sim_toy;

	(void)state;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_NONE);
	ops.map = map_elsewhere_first;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_TORN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(good_waits, begin_each),
		cmocka_unit_test_setup(good_event, begin_each),
		cmocka_unit_test_setup(good_left, begin_each),
		cmocka_unit_test_setup(good_quiet, begin_each),
		cmocka_unit_test_setup(good_piece_of_map, begin_each),
		cmocka_unit_test_setup(good_piece_of_map_into_leaf, begin_each),
		cmocka_unit_test_setup(good_piece_of_empty_map, begin_each),
		cmocka_unit_test_setup(good_piece_of_unmap, begin_each),
		cmocka_unit_test_setup(good_piece_of_unmap_inside, begin_each),
		cmocka_unit_test_setup(good_piece_of_vain_unmap, begin_each),
		cmocka_unit_test_setup(good_watch, begin_each),
		cmocka_unit_test_setup(good_watch_of_cut, begin_each),
		cmocka_unit_test_setup(good_many_states, begin_each),
		cmocka_unit_test_setup(good_states_of_one_oa, begin_each),
		cmocka_unit_test_setup(good_writes_into_map, begin_each),
		cmocka_unit_test_setup(good_believes_run, begin_each),
		cmocka_unit_test_setup(good_loaded, begin_each),
		cmocka_unit_test_setup(good_end, begin_each),
		cmocka_unit_test(good_sync),
		cmocka_unit_test(bad_torn),
	};

	return cmocka_run_group_tests_name("race", tests, set_up, tear_down);
}
