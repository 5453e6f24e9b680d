/*
 * Tests of the looks that judges take, one thread at a time.
 *
 * Goal: each look that a judge takes after an operation is taken, at the address it is meant
 * for; and a run begins anew.
 * Method: liars whose one lie only that look can see, see liar.h.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

#include <errno.h>

extern const struct pt_ops pt_sim_toy, pt_sim_amdv1, pt_sim_armv8_s1_4k;
extern const struct hw_format hw_toy, hw_amdv1, hw_armv8_s1_4k;

#define PAGE UINT64_C(0x1000)
#define TOY_D UINT64_C(0x20) /* of hw_toy.c */
#define TOY_LEAF UINT64_C(0x3f)

#define TOY(feature, va, top)                                                                      \
	{ &pt_sim_toy, &hw_toy, &inv_none, NULL }, {                                               \
		.features = PT_FLUSH_RANGE | (feature), .vasz_lg2 = (va), .top_level = (top),      \
		.oasz_lg2 = 20                                                                     \
	}

/* ---- one look each ---- */

static void only_init(void)
{
	judge_init(judge);
}

/* What it stored last has reached nobody when it returns. */
static int init_maps(struct pt *pt, const struct pt_config *c, void *env)
{
	int err = real->init(pt, c, env);

	sim_store_relaxed(env, (pt_item *)item_at(0, 0), TOY_LEAF);
	return err;
}

/* Two pages fill a table, and are unmapped. */
static void fill_and_empty(void)
{
	judge_init(judge);
	map(0, 0x41000, 2 * PAGE);
	judge_unmap(judge, 0, 2 * PAGE);
}

/* The last enumeration was of what has gone. */
static void empty_unseen(void)
{
	judge_init(judge);
	map(0, 0x41000, 2 * PAGE);
	judge->thorough = false;
	judge_unmap(judge, 0, 2 * PAGE);
	judge_deinit(judge);
}

/* Page by page: no page covers the table, which lies right below the root. */
static uint64_t unmap_leaves_table(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	uint64_t removed = 0;

	while (removed < len)
		removed += real->unmap(pt, iova + removed, PAGE, g);
	return removed;
}

static void cut_clean(void)
{
	judge_init(judge);
	map(0x4000, 0x44000, 4 * PAGE);
	judge_cut(judge, 0x5000);
}

#define CUT(name, after)                                                                           \
	static int name(struct pt *pt, uint64_t iova, struct pt_gather *g)                         \
	{                                                                                          \
		int err = real->cut(pt, iova, g);                                                  \
		after;                                                                             \
		return err;                                                                        \
	}

CUT(cut_dirties, *item_at(0x4000, 0) |= TOY_D)
CUT(cut_no_memory, err = -ENOMEM)
CUT(cut_wrong_error, err = -EINVAL)
CUT(cut_invalidates_twice, struct pt_invalidation inv = judge->sim.t->invalidated;
    sim_invalidate(&judge->sim, &inv))
CUT(cut_invalidates_less, judge->sim.t->invalidated.first += PAGE)

static void cut_in_two(void)
{
	judge_init(judge);
	map(0, 0, PAGE << 9);
	judge_cut(judge, PAGE << 8);
}

/* Memory has a leaf where the CPU's cache has none. */
static int init_not_in_memory(struct pt *pt, const struct pt_config *c, void *env)
{
	int err = real->init(pt, c, env);
	const uint64_t *at = item_at(0, 0);

	judge->sim.memory->written[at - judge->sim.memory->words] = TOY_LEAF;
	memory_note_write(judge->sim.memory, at);
	return err;
}

/* The second page is in use; memory is refused before anybody comes there. */
static void map_over(void)
{
	judge_init(judge);
	map(PAGE, 0x42000, PAGE);
	map(0, 0x51000, 2 * PAGE);
}

static int map_blames_memory(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			     uint64_t *mapped)
{
	uint64_t pa;
	int err;

	judge->sim.refuse_at = judge->sim.refuse_count = 1;
	sim_table_alloc(&judge->sim, 16, &pa);
	err = real->map(pt, m, g, mapped);
	return err ? -ENOMEM : 0;
}

static void sync_loses_a_page(struct pt *pt, struct pt_gather *g)
{
	real->sync(pt, g);
	*item_at(0, 0) = 0;
	judge->sim.changes++;
}

static void map_and_sync(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	judge_sync(judge);
}

static const struct scene late_init = { TOY(0, 15, 2), DEVICE_WEAK_STORES, only_init };
static const struct scene low_root = { TOY(0, 14, 1), 0, fill_and_empty };
static const struct scene unseen = { TOY(0, 14, 1), 0, empty_unseen };
static const struct scene tracked_cut = { TOY(PT_DIRTY_TRACKING, 15, 2), 0, cut_clean };

static const struct scene past_caches = { TOY(PT_DMA_INCOHERENT, 15, 2), 0, only_init };
static const struct scene over = { TOY(0, 15, 2), 0, map_over };
static const struct scene synced = { TOY(0, 15, 2), 0, map_and_sync };

static const struct scene arm_cut = {
	{ &pt_sim_armv8_s1_4k, &hw_armv8_s1_4k, &inv_smmu, NULL },
	{ PT_FLUSH_RANGE, 0x201000, 39, 2, 48, 0 }, 0, cut_in_two
};

static const struct liar liars[] = {
	LIAR(arm_cut, cut, cut_invalidates_twice, RESULT, "cut made 2 invalidations", NONE),
	LIAR(arm_cut, cut, cut_invalidates_less, RESULT, "cut made 1 invalidations", NONE),
	LIAR(past_caches, init, init_not_in_memory, COHERENT, "when the operation returned", WALK),
	LIAR(over, map, map_blames_memory, REFUSE, "no boundary", NONE),
	LIAR(synced, sync, sync_loses_a_page, WALK, "hardware maps nothing there", FLAT),
	LIAR(late_init, init, init_maps, WALK, "nothing should be there", NONE),
	LIAR(low_root, unmap, unmap_leaves_table, LEDGER, "left the table of level 0", NONE),
	LIAR(tracked_cut, cut, cut_dirties, WALK, "has dirty = 1, asked for 0", NONE),
	LIAR(tracked_cut, cut, cut_no_memory, REFUSE, "no allocation was refused", RESULT),
	LIAR(tracked_cut, cut, cut_wrong_error, RESULT, "cut returned", SHAPE),
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
	assert_int_equal(play(&unseen, unseen.subject.ops, 0).check, CHECK_NONE);
}

/* ---- probes ---- */

static uint64_t lie_at;

static bool translate_lies(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	return real->translate(pt, iova, oa) != (iova == lie_at);
}

static void map_and_translate_unseen(void)
{
	uint64_t oa;

	judge_init(judge);
	judge->thorough = false;
	map(2 * PAGE, 0x32000, 2 * PAGE);
	judge_translate(judge, 6 * PAGE, &oa);
}

/* Without an enumeration: the ends of what was mapped, the bytes beside, what is translated. */
static void bad_at_the_ends(void **state)
{
	static const uint64_t lies[] = { 0x1fff, 0x2000, 0x3fff, 0x4000, 0x6000 };
	static const struct scene scene = { TOY(0, 15, 2), 0, map_and_translate_unseen };
	struct pt_ops ops = *scene.subject.ops;

	(void)state;
	ops.translate = translate_lies;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct verdict v;

		lie_at = lies[i];
		v = play(&scene, &ops, 0);
		assert_int_equal(v.check, CHECK_FLAT);
		assert_int_equal(v.iova, lie_at);
	}
}

static int map_fails_at_the_end(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
				uint64_t *mapped)
{
	real->map(pt, m, g, mapped);
	return -ERANGE;
}

/* What is wrong with a result is wrong where it should have come to. */
static void bad_result_has_an_address(void **state)
{
	static const struct scene scene = { TOY(0, 15, 2), 0, map_and_translate_unseen };
	struct pt_ops ops = *scene.subject.ops;
	struct verdict v;

	(void)state;
	ops.map = map_fails_at_the_end;
	v = play(&scene, &ops, 0);
	assert_int_equal(v.check, CHECK_RESULT);
	assert_int_equal(v.iova, 4 * PAGE);
}

/* ---- readers, gathers, the end ---- */

static bool translate_stays_inside(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	bool mapped = real->translate(pt, iova, oa);

	sim_reader_enter(&judge->sim);
	return mapped;
}

static void translate_twice(void)
{
	uint64_t oa;

	judge_init(judge);
	judge_translate(judge, 0, &oa);
	judge_translate(judge, 0, &oa);
}

/* The judge's own look before is no reader; what is asked is. */
static void bad_reader(void **state)
{
	static const struct scene scene = { TOY(0, 15, 2), 0, translate_twice };
	struct pt_ops ops = *scene.subject.ops;
	struct verdict v;

	(void)state;
	ops.translate = translate_stays_inside;
	v = play(&scene, &ops, 0);
	assert_int_equal(v.check, CHECK_BELIEF);
	assert_non_null(strstr(v.text, "a reader entered that is inside"));
}

static void sync_keeps_an_address(struct pt *pt, struct pt_gather *g)
{
	real->sync(pt, g);
	g->first = g->last = PAGE;
}

static void only_sync(void)
{
	judge_init(judge);
	judge_sync(judge);
}

/* Whose gathers are its own affair empties them all the same. */
static void bad_gather(void **state)
{
	static const struct scene scene = { TOY(0, 15, 2), 0, only_sync };
	struct pt_ops ops = *scene.subject.ops;
	struct verdict v;

	(void)state;
	ops.sync = sync_keeps_an_address;
	judge->deviates = 1u << DEVIATES_GATHER;
	v = play(&scene, &ops, 0);
	judge->deviates = 0;
	assert_int_equal(v.check, CHECK_LEDGER);
	assert_non_null(strstr(v.text, "sync left a range"));
}

static void end_twice(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	assert_int_equal(judge->peak_bytes, PAGE);
	judge_deinit(judge);
	assert_false(judge->ready);
	judge_deinit(judge);
}

static void good_end(void **state)
{
	static const struct scene scene = { TOY(0, 15, 2), 0, end_twice };

	(void)state;
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

/* ---- a run begins anew ---- */

static void only_deinit(void)
{
	judge_deinit(judge);
}

/* By no hook: no change is counted. */
static int init_maps_unheard(struct pt *pt, const struct pt_config *c, void *env)
{
	int err = real->init(pt, c, env);

	*item_at(0, 0) = TOY_LEAF;
	return err;
}

/* Neither that init succeeded nor that all agreed is left from the run before. */
static void good_after_another(void **state)
{
	static const struct scene init = { TOY(0, 15, 2), 0, only_init };
	static const struct scene deinit = { TOY(0, 15, 2), 0, only_deinit };
	struct pt_ops ops = *init.subject.ops;

	(void)state;
	assert_int_equal(play(&init, init.subject.ops, 0).check, CHECK_NONE);
	assert_true(judge->ready);
	ops.init = init_maps_unheard;
	assert_int_equal(play(&init, &ops, 0).check, CHECK_WALK);
	assert_int_equal(play(&init, init.subject.ops, 0).check, CHECK_NONE);
	assert_int_equal(play(&deinit, deinit.subject.ops, 0).check, CHECK_NONE);
	assert_int_equal(judge->operations, 0);
}

/* Tables are where hardware can read them, and below the C-bit where that is one. */
static void good_widths_of_pas(void **state)
{
	static const struct {
		uint64_t feature;
		uint8_t encrypt_bit, pa_lg2;
	} cases[] = {
		{ 0, 0, 52 },
		{ 0, 40, 52 },
		{ 0, 60, 52 },
		{ PT_ENCRYPT_TABLES, 40, 40 },
		{ PT_ENCRYPT_TABLES, 12, 52 },
		{ PT_ENCRYPT_TABLES, 5, 52 }, /* of these init takes neither */
		{ PT_ENCRYPT_TABLES, 60, 52 },
	};
	static const struct subject subject = { &pt_sim_amdv1, &hw_amdv1, &inv_amd, NULL };
	static const struct memory_config memory = { .tables = 8 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pt_config c = { .features = PT_FLUSH_RANGE | cases[i].feature,
				       .vasz_lg2 = 39, .top_level = 2, .oasz_lg2 = 40,
				       .encrypt_bit = cases[i].encrypt_bit };

		judge_reset(judge, &subject, &c, &memory);
		assert_int_equal(judge->sim.memory->pa_lg2, cases[i].pa_lg2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(good_honest),
		cmocka_unit_test(bad_at_the_ends),
		cmocka_unit_test(bad_result_has_an_address),
		cmocka_unit_test(bad_reader),
		cmocka_unit_test(bad_gather),
		cmocka_unit_test(good_end),
		cmocka_unit_test(good_after_another),
		cmocka_unit_test(good_widths_of_pas),
	};

	return cmocka_run_group_tests_name("judge_looks", tests, set_up, tear_down);
}
