/*
 * Tests of the judges while several threads of operations run.
 *
 * Goal: what an operation leaves behind is looked at then, too; others can come before all
 * that they may come before; and who has returned holds nothing.
 * Method: one thread in a race (lone_race_test.h); liars whose one lie only one look can see, and
 * looks at the race itself.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/lone_race_test.h"

#include <errno.h>

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
#define TOY_W UINT64_C(0x08) /* of hw_toy.c */

static void take(void *scheduler)
{
	(void)scheduler;
	sched.depth++;
}

static void give(void *scheduler)
{
	(void)scheduler;
	sched.depth--;
}

static unsigned events_of(enum sim_event what)
{
	unsigned nr = sched.nr[what];

	sched.nr[what] = 0;
	return nr;
}

#define TOY { &pt_sim_toy, &hw_toy, &inv_none, NULL }
#define CONFIG(feature)                                                                            \
	{                                                                                          \
		.features = PT_FLUSH_RANGE | (feature), .vasz_lg2 = 15, .top_level = 2,            \
		.oasz_lg2 = 20                                                                     \
	}

/* ---- who says no ---- */

static void begin_with_a_page(void)
{
	judge_init(judge);
	map(4 * PAGE, 0x44000, PAGE);
	begin_race();
}

static void map_two(void)
{
	begin_with_a_page();
	map(0, 0x41000, 2 * PAGE);
}

static void map_two_unseen(void)
{
	begin_with_a_page();
	judge->thorough = false;
	map(0, 0x41000, 2 * PAGE);
}

static void translate_one(void)
{
	uint64_t oa;

	begin_with_a_page();
	judge_translate(judge, 4 * PAGE, &oa);
}

static void unmap_and_sync_unseen(void)
{
	begin_with_a_page();
	judge->thorough = false;
	map(0, 0x41000, 2 * PAGE);
	judge_unmap(judge, 0, PAGE);
	judge_sync(judge);
}

#define MAP(name, after)                                                                           \
	static int name(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,            \
			uint64_t *mapped)                                                          \
	{                                                                                          \
		int err = real->map(pt, m, g, mapped);                                             \
		if (m->iova == 0)                                                                  \
			after;                                                                     \
		return err;                                                                        \
	}

static void lose_flush(const uint64_t *at)
{
	judge->sim.memory->written[at - judge->sim.memory->words] = 0;
	memory_note_write(judge->sim.memory, at);
}

MAP(map_loses_its_last, *item_at(PAGE, 0) = 0)
MAP(map_loses_another, *item_at(4 * PAGE, 0) = 0)
MAP(map_not_in_memory, lose_flush(item_at(0, 0)))

static bool translate_elsewhere(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	bool mapped = real->translate(pt, iova, oa);

	if (judge->race.on)
		*oa += PAGE;
	return mapped;
}

static void sync_maps_again(struct pt *pt, struct pt_gather *g)
{
	real->sync(pt, g);
	*item_at(0, 0) = *item_at(PAGE, 0);
}

static void sync_invalidates_nothing(struct pt *pt, struct pt_gather *g)
{
	(void)pt;
	*g = PT_GATHER_EMPTY;
}

static const struct scene thorough = { TOY, CONFIG(0), 0, map_two };
static const struct scene unseen = { TOY, CONFIG(0), 0, map_two_unseen };
static const struct scene past_caches = { TOY, CONFIG(PT_DMA_INCOHERENT), 0, map_two_unseen };
static const struct scene synced = { TOY, CONFIG(0), 0, unmap_and_sync_unseen };
static const struct scene translates = { TOY, CONFIG(0), 0, translate_one };

static const struct liar liars[] = {
	LIAR(unseen, map, map_loses_its_last, FLAT, "translate of IOVA 0x1fff", WALK),
	LIAR(thorough, map, map_loses_another, WALK, "IOVA 0x4000 should map", FLAT),
	LIAR(past_caches, map, map_not_in_memory, COHERENT, "when the operation returned", WALK),
	LIAR(synced, sync, sync_invalidates_nothing, RESULT, "made 0 invalidations", STALE),
	LIAR(synced, sync, sync_maps_again, FLAT, "should be unmapped", WALK),
};

static void bad_liars(void **state)
{
	(void)state;
	check_liars(liars, COUNT(liars));
}

static void good_honest(void **state)
{
	(void)state;
	check_scenes(liars, COUNT(liars));
}

static void bad_translate(void **state)
{
	struct pt_ops ops = *translates.subject.ops;

	(void)state;
	assert_int_equal(play(&translates, translates.subject.ops, 0).check, CHECK_NONE);
	ops.translate = translate_elsewhere;
	assert_int_equal(play(&translates, &ops, 0).check, CHECK_RACE);
}

/* ---- who comes before, and who holds what ---- */

static void count_events(void)
{
	uint64_t oa;

	begin_with_a_page();
	/* An operation begins and has ended, however closely it is looked at. */
	for (unsigned i = 0; i < 2; i++) {
		events_of(EVENT_OPERATION);
		map(5 * i * PAGE, 0x41000, PAGE);
		assert_int_equal(events_of(EVENT_OPERATION), 2);
		assert_int_equal(sched.last, EVENT_OPERATION);
	}
	assert_false(judge->race.changed);
	judge_translate(judge, 0, &oa);
	assert_true(events_of(EVENT_READER) >= 2);
	map(PAGE, 0x42000, PAGE);
	events_of(EVENT_READER);
	judge_set_dirty(judge, 0);
	assert_true(events_of(EVENT_READER) >= 2);
	map(2 * PAGE, 0x43000, PAGE);
	judge_evict(judge, 0);
	assert_int_equal(events_of(EVENT_DEVICE), 1);
	judge_dma(judge, 0, HW_READ, &oa);
	assert_int_equal(events_of(EVENT_DEVICE), 1);
}

/* Judges load as they like: however closely they look, it is no event. */
static void count_loads(void)
{
	unsigned loads[2];

	begin_with_a_page();
	for (unsigned i = 0; i < 2; i++) {
		judge->thorough = i;
		events_of(EVENT_LOAD);
		map(0, 0x41000, PAGE);
		loads[i] = events_of(EVENT_LOAD);
		judge_unmap(judge, 0, PAGE);
		judge_sync(judge);
	}
	assert_true(loads[0] > 0);
	assert_int_equal(loads[0], loads[1]);
}

/* The last event of an operation is its end: here of a sync whose range is another's by now. */
static void sync_beside_another(void)
{
	begin_with_a_page();
	map(0, 0x41000, 2 * PAGE);
	judge_unmap(judge, 0, PAGE);
	judge->sim.busy = 1;
	judge->sim.threads[1].busy = true;
	judge->race.ops[1] = (struct race_op){ .kind = RACE_READ_DIRTY, .last = PAGE - 1 };
	judge_sync(judge);
	assert_int_equal(sched.last, EVENT_OPERATION);
}

/* There nothing is asked of what is another's. */
static bool translate_beside(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	assert_int_equal(judge->sim.busy, 0);
	return real->translate(pt, iova, oa);
}

static void good_events(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, count_events };
	static const struct scene ends = { TOY, CONFIG(0), 0, sync_beside_another };
	static const struct scene looks = { TOY, CONFIG(0), 0, count_loads };
	struct pt_ops ops = *ends.subject.ops;

	(void)state;
	assert_int_equal(play(&looks, looks.subject.ops, 0).check, CHECK_NONE);
	ops.translate = translate_beside;
	assert_int_equal(play(&ends, &ops, 0).check, CHECK_NONE);
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

static void assert_holds_nothing(void)
{
	assert_false(judge->sim.t->busy);
	assert_int_equal(judge->sim.busy, 0);
	assert_false(judge->race.changed);
	assert_false(judge->race.watches[0].on);
}

static void ask_in_vain(void)
{
	struct pt_mapping beyond = { .iova = 8 * PAGE, .len = PAGE, .prot = RW };
	uint64_t mapped = 1, oa;

	begin_with_a_page();
	assert_int_equal(judge_map(judge, &beyond, &mapped), 0);
	assert_int_equal(mapped, 0);
	assert_non_null(judge->sim.t->not_asked);
	assert_holds_nothing();
	assert_int_equal(judge_unmap(judge, 8 * PAGE, PAGE), 0);
	assert_holds_nothing();
	assert_true(judge_translate(judge, 4 * PAGE, &oa));
	assert_holds_nothing();
	assert_int_equal(judge_set_dirty(judge, 4 * PAGE), 0);
	assert_holds_nothing();
}

/* What is not asked ends all the same, and what translate and set_dirty lock they give back. */
static void good_not_asked(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, ask_in_vain };
	struct verdict v;

	(void)state;
	judge->deviates = 1u << DEVIATES_BOUNDS;
	v = play(&scene, scene.subject.ops, 0);
	assert_int_equal(v.check, CHECK_NONE);
	judge->deviates |= 1u << DEVIATES_TRANSLATE_LOCKED;
	v = play(&scene, scene.subject.ops, 0);
	judge->deviates = 0;
	assert_int_equal(v.check, CHECK_NONE);
}

/* Memory has not what another operation has stored, and is about to flush. */
static void ask_beside_another(void)
{
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 8,
				    .words = judge_dirty_room(judge)->words };
	const uint64_t *at;

	judge_init(judge);
	judge->thorough = false;
	map(4 * PAGE, 0x44000, PAGE);
	begin_race();
	at = item_at(4 * PAGE, 0);
	judge->sim.memory->written[at - judge->sim.memory->words] ^= TOY_W;
	memory_note_write(judge->sim.memory, at);
	assert_int_equal(judge_read_dirty(judge, 4 * PAGE, PAGE, 0, &bitmap), -EOPNOTSUPP);
}

/* What has changed nothing does not answer for that. */
static void good_unchanged(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DMA_INCOHERENT), 0, ask_beside_another };

	(void)state;
	assert_string_equal(play(&scene, scene.subject.ops, 0).text, "");
}

/* ---- the machine is one thread's at a time: core's while an operation runs ---- */

#define GIVEN(type, name, args, ...)                                                               \
	static type given_##name args                                                              \
	{                                                                                          \
		if (!judge->sim.t->looks)                                                          \
			assert_int_equal(sched.depth, 0);                                          \
		return real->name(__VA_ARGS__);                                                    \
	}

GIVEN(int, map, (struct pt *pt, const struct pt_mapping *m, struct pt_gather *g, uint64_t *mapped),
      pt, m, g, mapped)
GIVEN(uint64_t, unmap, (struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g),
      pt, iova, len, g)
GIVEN(bool, translate, (struct pt *pt, uint64_t iova, uint64_t *oa), pt, iova, oa)
GIVEN(int, cut, (struct pt *pt, uint64_t iova, struct pt_gather *g), pt, iova, g)
GIVEN(void, sync, (struct pt *pt, struct pt_gather *g), pt, g)
GIVEN(int, set_dirty, (struct pt *pt, uint64_t iova), pt, iova)
GIVEN(int, read_dirty, (struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
			const struct pt_bitmap *b, struct pt_gather *g),
      pt, iova, len, flags, b, g)

static void assert_taken(void)
{
	assert_int_equal(sched.depth, 1);
}

static void take_and_give(void)
{
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 8,
				    .words = judge_dirty_room(judge)->words };
	uint64_t oa;

	judge_init(judge);
	begin_race();
	judge->race.hooks.take = take;
	judge->race.hooks.give = give;
	take(NULL);
	map(4 * PAGE, 0x44000, 4 * PAGE);
	assert_taken();
	judge_translate(judge, 0, &oa);
	assert_taken();
	judge_set_dirty(judge, 4 * PAGE);
	assert_taken();
	judge_read_dirty(judge, 0, 8 * PAGE, 0, &bitmap);
	assert_taken();
	judge_cut(judge, 5 * PAGE);
	assert_taken();
	judge_unmap(judge, 5 * PAGE, PAGE);
	assert_taken();
	judge_sync(judge);
	assert_taken();
}

static void good_turns(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, take_and_give };
	struct pt_ops ops = *scene.subject.ops;

	(void)state;
	ops.map = given_map;
	ops.unmap = given_unmap;
	ops.translate = given_translate;
	ops.cut = given_cut;
	ops.sync = given_sync;
	ops.set_dirty = given_set_dirty;
	ops.read_dirty = given_read_dirty;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(good_honest),
		cmocka_unit_test(bad_translate),
		cmocka_unit_test(good_events),
		cmocka_unit_test(good_not_asked),
		cmocka_unit_test(good_unchanged),
		cmocka_unit_test(good_turns),
	};

	return cmocka_run_group_tests_name("judge_race", tests, set_up, tear_down);
}
