/*
 * Tests of the judge of dirt while several threads of operations run.
 *
 * Goal: what devices write during an operation excuses what it must, and no more; so does
 * what set_dirty finds.
 * Method: one thread in a race (lone_race_test.h); at a chosen event of it a device writes. Liars
 * use the excuse for what it does not cover.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/lone_race_test.h"

#include <errno.h>

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
#define TOY_D UINT64_C(0x20) /* of hw_toy.c */
#define TOY { &pt_sim_toy, &hw_toy, &inv_none, NULL }
#define CONFIG(feature)                                                                            \
	{                                                                                          \
		.features = PT_FLUSH_RANGE | (feature), .vasz_lg2 = 15, .top_level = 2,            \
		.oasz_lg2 = 20                                                                     \
	}

/* ---- devices write meanwhile ---- */

static unsigned nr_writes, lost;
static unsigned write_at = 1;

static void write_some(void)
{
	uint64_t oa;

	for (unsigned i = 0; i < nr_writes; i++)
		judge_dma(judge, 4 * PAGE, HW_WRITE, &oa);
}

static uint64_t written_page; /* the first or the second */

static void write_page(void)
{
	uint64_t oa;

	judge_dma(judge, written_page * PAGE, HW_WRITE, &oa);
}

/* A page at 0, and a leaf of four at 0x4000, which is written at the event write_at. */
static void begin_with_writes(void)
{
	judge_init(judge);
	map(0, 0x51000, PAGE);
	map(4 * PAGE, 0x44000, 4 * PAGE);
	begin_race();
	sched.other = write_some;
	sched.at = write_at;
}

static void end_with_writes(void)
{
	race_end(judge);
	judge_sync(judge);
	judge_deinit(judge);
}

static void cut_written(void)
{
	begin_with_writes();
	judge_cut(judge, 5 * PAGE);
	end_with_writes();
}

static void report_all(void)
{
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 8,
				    .words = judge_dirty_room(judge)->words };

	judge_read_dirty(judge, 0, 8 * PAGE, 0, &bitmap);
}

static void report_written(void)
{
	begin_with_writes();
	report_all();
	end_with_writes();
}

/* Page 0 is dirty, and to be reported and cleaned. */
static void report_dirty(void)
{
	judge_init(judge);
	map(0, 0x51000, PAGE);
	map(4 * PAGE, 0x44000, 4 * PAGE);
	judge_set_dirty(judge, 0);
	begin_race();
	sched.other = write_some;
	report_all();
}

static const struct scene cuts = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, cut_written };
static const struct scene reports = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, report_written };
static const struct scene reports_dirty = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, report_dirty };

/* At any moment of it, once or more often than anybody remembers. */
static void good_written(void **state)
{
	static const unsigned writes[] = { 1, RACE_WRITES, RACE_WRITES + 1, 3 * RACE_WRITES };
	unsigned late = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(writes); i++)
		for (write_at = 0; write_at < 20; write_at++) {
			nr_writes = writes[i];
			assert_string_equal(play(&cuts, cuts.subject.ops, 0).text, "");
			assert_string_equal(play(&reports, reports.subject.ops, 0).text, "");
			late += !sched.other;
		}
	write_at = 1;
	assert_true(late > 8);
}

static unsigned nr_touched;
static uint64_t touched_item; /* as it became */

static void note_touched(void *scheduler, const volatile void *place)
{
	(void)scheduler;
	nr_touched++;
	touched_item = *(const volatile uint64_t *)place;
}

static void write_and_note(void)
{
	judge->race.hooks.touched = note_touched;
	write_some();
	judge->race.hooks.touched = NULL;
}

static void cut_and_note(void)
{
	begin_with_writes();
	sched.other = write_and_note;
	judge_cut(judge, 5 * PAGE);
	end_with_writes();
}

/* Whoever schedules is told of the item that a device changes. */
static void good_touched(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, cut_and_note };

	(void)state;
	nr_writes = 1;
	nr_touched = 0;
	assert_string_equal(play(&scene, scene.subject.ops, 0).text, "");
	assert_int_equal(nr_touched, 1);
	assert_true(touched_item & TOY_D);
}

READ_DIRTY(reports_a_clean_page, b->words[0] |= 1)
READ_DIRTY(leaves_a_page_dirty, *item_at(0, 0) |= TOY_D)
READ_DIRTY(loses_a_write, b->words[written_page] &= ~(UINT64_C(1) << lost);
	   *item_at(written_page * PAGE, 0) &= ~TOY_D)

/* Writes elsewhere excuse neither a page that was not written, nor one that stays dirty. */
static void bad_written(void **state)
{
	struct pt_ops ops = *reports.subject.ops;
	struct verdict v;

	(void)state;
	ops.read_dirty = reports_a_clean_page;
	nr_writes = RACE_WRITES;
	write_at = 4;
	assert_int_equal(play(&reports, &ops, 0).check, CHECK_DIRTY);
	assert_null(sched.other);
	write_at = 1;
	ops.read_dirty = leaves_a_page_dirty;
	nr_writes = RACE_WRITES + 1;
	v = play(&reports_dirty, &ops, 0);
	assert_int_equal(v.check, CHECK_WALK);
	assert_non_null(strstr(v.text, "the leaf at IOVA 0x0 has dirty = 1"));
	assert_null(sched.other);
}

static bool is_dirty_before;

static void cut_beside_a_write(void)
{
	judge_init(judge);
	map(4 * PAGE, 0x44000, 4 * PAGE);
	if (is_dirty_before)
		judge_set_dirty(judge, 4 * PAGE);
	begin_race();
	sched.other = write_some;
	judge_cut(judge, 6 * PAGE);
}

/* Of the part that was written, or of the other, which was dirty before. */
static int cut_loses_dirt(struct pt *pt, uint64_t iova, struct pt_gather *g)
{
	int err = real->cut(pt, iova, g);

	*item_at(is_dirty_before ? 6 * PAGE : 4 * PAGE, 0) &= ~TOY_D;
	return err;
}

static void bad_cut(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, cut_beside_a_write };
	struct pt_ops ops = *scene.subject.ops;

	(void)state;
	nr_writes = 1;
	for (unsigned i = 0; i < 2; i++) {
		struct verdict v;

		is_dirty_before = i;
		assert_string_equal(play(&scene, scene.subject.ops, 0).text, "");
		ops.cut = cut_loses_dirt;
		v = play(&scene, &ops, 0);
		assert_int_equal(v.check, CHECK_WALK);
		assert_non_null(strstr(v.text, "has dirty = 0, asked for 1"));
		assert_null(sched.other);
	}
}

/* Of a page written meanwhile one granule is not reported, and the leaf is clean. */
static void report_fine_granules(void)
{
	struct pt_bitmap bitmap = { .granule_lg2 = 6, .bits = 128,
				    .words = judge_dirty_room(judge)->words };

	judge_init(judge);
	map(0, 0x51000, 2 * PAGE);
	judge_set_dirty(judge, (1 - written_page) * PAGE);
	begin_race();
	sched.other = write_page;
	judge_read_dirty(judge, 0, 2 * PAGE, 0, &bitmap);
}

static void bad_lost_write(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, report_fine_granules };
	struct pt_ops ops = *scene.subject.ops;

	(void)state;
	ops.read_dirty = loses_a_write;
	for (written_page = 0; written_page < 2; written_page++)
		for (lost = 0; lost < 64; lost += 63) {
			struct verdict v = play(&scene, &ops, 0);

			assert_int_equal(v.check, CHECK_WALK);
			assert_non_null(strstr(v.text, "has dirty = 0, asked for 1"));
			assert_null(sched.other);
		}
}

/* ---- set_dirty ---- */

static void mark(void)
{
	struct pt_mapping m = { .iova = PAGE, .oa = 0x51000, .len = PAGE, .prot = PT_READ };
	uint64_t mapped;

	judge_init(judge);
	map(0, 0x51000, PAGE);
	judge_map(judge, &m, &mapped);
	begin_race();
	judge_set_dirty(judge, 0);
	judge_set_dirty(judge, PAGE);
	judge_set_dirty(judge, 2 * PAGE);
}

static int set_nothing(struct pt *pt, uint64_t iova)
{
	return iova ? real->set_dirty(pt, iova) : 0;
}

static int set_without_right(struct pt *pt, uint64_t iova)
{
	return iova == PAGE ? 0 : real->set_dirty(pt, iova);
}

static int set_denied(struct pt *pt, uint64_t iova)
{
	return iova ? real->set_dirty(pt, iova) : -EACCES;
}

static int set_absent(struct pt *pt, uint64_t iova)
{
	return iova ? real->set_dirty(pt, iova) : -ENOENT;
}

static int set_again(struct pt *pt, uint64_t iova)
{
	return iova ? real->set_dirty(pt, iova) : -EAGAIN;
}

/* A fault that another thread's store excuses. */
static int set_again_after_store(struct pt *pt, uint64_t iova)
{
	judge->sim.changes += !iova;
	return set_again(pt, iova);
}

static void bad_set_dirty(void **state)
{
	static const struct scene scene = { TOY, CONFIG(PT_DIRTY_TRACKING), 0, mark };
	struct pt_ops ops = *scene.subject.ops;
	struct verdict v = play(&scene, &ops, 0);

	(void)state;
	assert_string_equal(v.text, "");
	ops.set_dirty = set_nothing;
	v = play(&scene, &ops, 0);
	assert_int_equal(v.check, CHECK_RACE);
	assert_non_null(strstr(v.text, "neither marked the leaf"));
	ops.set_dirty = set_without_right;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_RACE);
	ops.set_dirty = set_again;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_RACE);
	ops.set_dirty = set_again_after_store;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_NONE);
	ops.set_dirty = set_absent;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_RACE);
	ops.set_dirty = set_denied;
	assert_int_equal(play(&scene, &ops, 0).check, CHECK_RACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_written),
		cmocka_unit_test(good_touched),
		cmocka_unit_test(bad_written),
		cmocka_unit_test(bad_cut),
		cmocka_unit_test(bad_lost_write),
		cmocka_unit_test(bad_set_dirty),
	};

	return cmocka_run_group_tests_name("judge_race_dirty", tests, set_up, tear_down);
}
