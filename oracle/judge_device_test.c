/*
 * Tests of what devices, and caches, do to the tables by themselves.
 *
 * Goal: a device's access is noted where its hardware notes it, and ends as it should; a
 * cache that lets go of a line writes it back.
 * Method: looks into the tables after a device's write, or after a cache has let go.
 */
#include "oracle/liar.h"

extern const struct pt_ops pt_sim_toy, pt_sim_riscv64, pt_sim_armv8_s1_4k;
extern const struct hw_format hw_toy, hw_riscv64, hw_armv8_s1_4k;

#define PAGE UINT64_C(0x1000)
#define TOY_A UINT64_C(0x10) /* of hw_toy.c */
#define TOY_IGNORED (UINT64_C(1) << 60)

#define TOY(feature, va, top)                                                                      \
	{ &pt_sim_toy, &hw_toy, &inv_none, NULL }, {                                               \
		.features = PT_FLUSH_RANGE | (feature), .vasz_lg2 = (va), .top_level = (top),      \
		.oasz_lg2 = 20                                                                     \
	}

/* ---- a device's writes ---- */

/* Another device sets A between this one's walk and its write. */
static uint64_t touch_meanwhile(const struct hw_format *f, uint64_t raw, bool write)
{
	uint64_t *at = item_at(0, 0);

	if (!(*at & TOY_A))
		*at |= TOY_A;
	return hw_toy.touch(f, raw, write);
}

static void write_meanwhile(void)
{
	uint64_t oa;

	judge_init(judge);
	map(0, PAGE, PAGE);
	judge_dma(judge, 0, HW_WRITE, &oa);
	assert_true(step_to(0, 0).item.attrs.dirty);
	judge_deinit(judge);
}

static void good_item_that_changes(void **state)
{
	struct scene scene = { TOY(PT_DIRTY_TRACKING, 15, 2), 0, write_meanwhile };
	struct hw_format hw = hw_toy;

	(void)state;
	hw.touch = touch_meanwhile;
	scene.subject.hw = &hw;
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

#define RUN UINT64_C(0x10000)
#define RUN_ITEMS (RUN / PAGE)

static unsigned dirty_items(uint64_t run)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < RUN_ITEMS; i++)
		nr += step_to(run + i * PAGE, 0).item.attrs.dirty;
	return nr;
}

/* Of Arm's contiguous items any may be noted: of a run inside the table, and of its last one. */
static void write_into_contiguous(void)
{
	static const uint64_t runs[] = { RUN, 31 * RUN };
	uint64_t oa;

	judge_init(judge);
	for (unsigned i = 0; i < COUNT(runs); i++) {
		map(runs[i], runs[i], RUN);
		for (unsigned k = 0; k < 500; k++)
			judge_dma(judge, runs[i] + 9 * PAGE, HW_WRITE, &oa);
		assert_int_equal(dirty_items(runs[i]), RUN_ITEMS);
	}
	assert_int_equal(dirty_items(2 * RUN), 0);
	judge_deinit(judge);
}

/* Of RISC-V's NAPOT the one that was walked to. */
static void write_into_napot(void)
{
	uint64_t oa;

	judge_init(judge);
	map(0, 0, RUN);
	for (unsigned i = 0; i < RUN_ITEMS; i++) {
		judge_dma(judge, i * PAGE, HW_WRITE, &oa);
		assert_true(step_to(i * PAGE, 0).item.attrs.dirty);
		assert_int_equal(dirty_items(0), i + 1);
	}
	judge_deinit(judge);
}

static void good_runs(void **state)
{
	static const struct scene arm = {
		{ &pt_sim_armv8_s1_4k, &hw_armv8_s1_4k, &inv_smmu, NULL },
		{ PT_FLUSH_RANGE | PT_DIRTY_TRACKING, 0, 39, 2, 48, 0 }, 0, write_into_contiguous
	};
	static const struct scene riscv = {
		{ &pt_sim_riscv64, &hw_riscv64, &inv_riscv, NULL },
		{ PT_FLUSH_RANGE | PT_SIGN_EXTEND | PT_NAPOT | PT_DIRTY_TRACKING, 0, 39, 2, 56, 0 },
		0, write_into_napot
	};

	(void)state;
	assert_int_equal(play(&arm, arm.subject.ops, 0).check, CHECK_NONE);
	assert_int_equal(play(&riscv, riscv.subject.ops, 0).check, CHECK_NONE);
}

/* One that is being replaced is none of the run any more, and is not noted in. */
static void write_beside_another(void)
{
	uint64_t oa, *elsewhere, *broken;

	judge_init(judge);
	map(RUN, RUN, RUN);
	elsewhere = item_at(RUN + 3 * PAGE, 0);
	broken = item_at(RUN + 5 * PAGE, 0);
	*elsewhere ^= UINT64_C(1) << 30;
	*broken = 0;
	for (unsigned k = 0; k < 500; k++)
		judge_dma(judge, RUN + 9 * PAGE, HW_WRITE, &oa);
	assert_false(step_to(RUN + 3 * PAGE, 0).item.attrs.dirty);
	assert_int_equal(*broken, 0);
	assert_true(step_to(RUN + 4 * PAGE, 0).item.attrs.dirty);
}

static void good_broken_run(void **state)
{
	static const struct scene arm = {
		{ &pt_sim_armv8_s1_4k, &hw_armv8_s1_4k, &inv_smmu, NULL },
		{ PT_FLUSH_RANGE | PT_DIRTY_TRACKING, 0, 39, 2, 48, 0 }, 0, write_beside_another
	};

	(void)state;
	assert_int_equal(play(&arm, arm.subject.ops, 0).check, CHECK_NONE);
}

/* What appears there by itself. */
static void read_beyond(void)
{
	uint64_t oa;

	judge_init(judge);
	map(0, 0x41000, PAGE);
	*item_at(PAGE, 0) = *item_at(0, 0);
	judge_dma(judge, PAGE, HW_READ, &oa);
}

static void bad_access(void **state)
{
	static const struct scene scene = { TOY(0, 15, 2), 0, read_beyond };
	struct verdict v = play(&scene, scene.subject.ops, 0);

	(void)state;
	assert_int_equal(v.check, CHECK_WALK);
	assert_non_null(strstr(v.text, "a device's read at IOVA 0x1000 ends in"));
}

/* ---- lines ---- */

/* The last item of each table on the way has changed, and only the CPU's cache has it. */
static void let_go_of_each(void)
{
	judge_init(judge);
	map(7 * PAGE, 0x41000, PAGE);
	for (unsigned before = 0; before < 3; before++) {
		uint64_t *at = item_at(7 * PAGE, before);
		uint64_t *in_memory = judge->sim.memory->written + (at - judge->sim.memory->words);

		*in_memory |= TOY_IGNORED;
		memory_note_write(judge->sim.memory, at);
		judge_evict(judge, 0);
		assert_true(before == 2 ? *in_memory == *at : *in_memory != *at);
		judge_evict(judge, 7 * PAGE);
		assert_true(*in_memory == *at);
	}
}

static void good_lines(void **state)
{
	static const struct scene scene = { TOY(PT_DMA_INCOHERENT, 15, 2), 0, let_go_of_each };

	(void)state;
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_item_that_changes),
		cmocka_unit_test(good_runs),
		cmocka_unit_test(good_broken_run),
		cmocka_unit_test(bad_access),
		cmocka_unit_test(good_lines),
	};

	return cmocka_run_group_tests_name("judge_device", tests, set_up, tear_down);
}
