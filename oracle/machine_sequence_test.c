/*
 * Tests that the judges of the machine say yes.
 *
 * Goal: whatever the machine is like, and whatever it does of its own accord, no judge says no
 * to an implementation that keeps its promises.
 * Method: long random sequences of all operations, the real ones, with every combination of
 * device flags and features; caches let go, and memory is refused, in between.
 */
#include "oracle/liar.h"

#include <inttypes.h>

extern const struct pt_ops pt_sim_toy, pt_sim_amdv1, pt_sim_vtdss, pt_sim_armv8_s1_4k,
	pt_sim_armv8_s2_4k, pt_sim_riscv64;
extern const struct hw_format hw_toy, hw_amdv1, hw_vtdss, hw_armv8_s1_4k, hw_armv8_s2_4k,
	hw_riscv64;

#define PAGE UINT64_C(0x1000)
#define STEPS 100

static uint64_t random_state;

static uint64_t draw(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 20) % n;
}

/* ---- what is done ---- */

/* In a few tables side by side, or all of a small aperture; where the top grows, also far away. */
static uint64_t draw_iova(void)
{
	uint64_t tables = judge->config.vasz_lg2 < 20 ? 4 : 3;
	uint64_t iova = draw(tables << judge->subject.hw->index_lg2) * PAGE;

	if (draw(2))
		iova &= ~(16 * PAGE - 1);
	if ((judge->config.features & PT_DYNAMIC_TOP) && !draw(8))
		iova += UINT64_C(1) << 40;
	return iova;
}

static uint64_t draw_len(void)
{
	uint64_t table = PAGE << judge->subject.hw->index_lg2;

	return draw(4) ? PAGE * (1 + draw(32)) : table * (1 + draw(2));
}

static void map_some(void)
{
	struct pt_mapping m = { .iova = draw_iova(), .len = draw_len() };
	uint64_t mapped;

	m.prot = draw(4) ? RW : 1 + (unsigned)draw(2);
	m.oa = draw(2) ? m.iova % (UINT64_C(1) << 19) : draw(16) * PAGE;
	judge_map(judge, &m, &mapped);
}

static void report_some(void)
{
	struct pt_bitmap bitmap = { .base = draw_iova(), .granule_lg2 = 12, .bits = 1 + draw(600),
				    .words = judge_dirty_room(judge)->words };

	judge_read_dirty(judge, draw(2) ? bitmap.base : draw_iova(), draw_len(),
			 draw(4) ? 0 : PT_NO_CLEAR, &bitmap);
}

static void step(void)
{
	uint64_t oa;

	switch (draw(16)) {
	case 0 ... 4:
		map_some();
		break;
	case 5 ... 7:
		judge_unmap(judge, draw_iova(), draw_len());
		break;
	case 8:
		judge_cut(judge, draw_iova());
		break;
	case 9:
		judge_sync(judge);
		break;
	case 10:
		report_some();
		break;
	case 11:
		judge_set_dirty(judge, draw_iova());
		break;
	case 12:
		judge->sim.refuse_at = 1 + (uint32_t)draw(3);
		judge->sim.refuse_count = 1;
		break;
	case 13:
		judge_translate(judge, draw_iova(), &oa);
		break;
	case 14:
		judge_dma(judge, draw_iova(), draw(2) ? HW_WRITE : HW_READ, &oa);
		break;
	default:
		judge_evict(judge, draw_iova());
		break;
	}
}

static void sequence(void)
{
	random_state = judge->sim.memory->config.seed * 2 + 1;
	for (unsigned i = 0; i < 10; i++)
		draw(1);
	judge_init(judge);
	for (unsigned i = 0; i < STEPS; i++)
		step();
	judge_deinit(judge);
}

/* ---- machines ---- */

static const struct {
	struct subject subject;
	struct pt_config config;
} kinds[] = {
#define KIND(stamp, commands, feature, va, top, oa)                                                \
	{ { &pt_sim_##stamp, &hw_##stamp, &inv_##commands, NULL }, { (feature), 0, va, top, oa, 0 } }
	KIND(toy, none, PT_FLUSH_RANGE, 15, 2, 20),
	KIND(toy, none, PT_FLUSH_RANGE | PT_DYNAMIC_TOP, 15, 0, 20),
	KIND(amdv1, amd, PT_FLUSH_RANGE, 39, 2, 52),
	KIND(amdv1, amd, PT_FLUSH_RANGE_NO_GAPS | PT_DYNAMIC_TOP, 57, 1, 52),
	KIND(vtdss, vtd, PT_FLUSH_RANGE, 39, 2, 52),
	KIND(riscv64, riscv, PT_FLUSH_RANGE | PT_SIGN_EXTEND | PT_NAPOT, 39, 2, 56),
	KIND(riscv64, riscv, PT_FLUSH_RANGE_NO_GAPS | PT_SECOND_STAGE, 41, 2, 56),
	KIND(armv8_s1_4k, smmu, PT_FLUSH_RANGE, 39, 2, 48),
	KIND(armv8_s2_4k, smmu, PT_FLUSH_RANGE_NO_GAPS, 40, 2, 48),
};

static const uint64_t features[] = { PT_DMA_INCOHERENT, PT_NP_CACHE, PT_DETAILED_GATHER,
				     PT_DIRTY_TRACKING };

/* Combination n of them; false when there is no such hardware. */
static bool add_features(const struct hw_format *hw, unsigned n, struct pt_config *c)
{
	for (size_t i = 0; i < COUNT(features); i++)
		c->features |= n >> i & 1 ? features[i] : 0;
	return judge_predict_init(hw, c) == 0;
}

static struct {
	uint64_t submissions, operations, leaves_above_pages, played;
} total;

static void play_honestly(size_t kind, unsigned n, unsigned flags)
{
	struct scene scene = { kinds[kind].subject, kinds[kind].config, flags, sequence };
	struct verdict v;

	if (!add_features(scene.subject.hw, n, &scene.config))
		return;
	machine_seed = (uint64_t)kind << 16 | n << 8 | flags;
	v = play(&scene, scene.subject.ops, 0);
	if (v.check != CHECK_NONE)
		fail_msg("%s, features 0x%" PRIx64 ", device flags 0x%x, seed 0x%" PRIx64 ": %s says '%s'",
			 scene.subject.ops->name, scene.config.features, flags, machine_seed,
			 check_names[v.check], v.text);
	total.played++;
	total.submissions += judge->sim.dev.submissions;
	total.operations += judge->operations;
	for (unsigned lg2 = 13; lg2 < 64; lg2++)
		total.leaves_above_pages += judge->leaves[lg2];
}

static void good_every_machine(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (unsigned n = 0; n < 1u << COUNT(features); n++)
			for (unsigned flags = 0; flags <= DEVICE_FLAGS; flags++)
				/* Of large formats each flag with each feature, not all with all. */
				if (kinds[kind].subject.hw == &hw_toy || (flags ^ flags >> 4) % 16 == n)
					play_honestly(kind, n, flags);
	assert_true(total.played > 2000);
	assert_true(total.submissions > 6 * total.played);
	assert_true(total.operations > STEPS / 2 * total.played);
	assert_true(total.leaves_above_pages > total.played);
}

/* ---- writes that nobody notes ---- */

static bool is_dirty(void)
{
	return step_to(0, 0).item.attrs.dirty;
}

static void write_again(void)
{
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 8, .words = judge_dirty_room(judge)->words };
	bool keeps = judge->device_flags & DEVICE_KEEPS_DIRTY;
	uint64_t oa;

	judge_init(judge);
	map(0, PAGE, PAGE);
	judge_dma(judge, 0, HW_WRITE, &oa);
	assert_true(is_dirty());
	judge_read_dirty(judge, 0, PAGE, 0, &bitmap);
	assert_false(is_dirty());
	judge_dma(judge, 0, HW_READ, &oa);
	assert_false(is_dirty());
	judge_dma(judge, 0, HW_WRITE, &oa);
	assert_int_equal(is_dirty(), !keeps);
	judge_sync(judge);
	judge_dma(judge, 0, HW_WRITE, &oa);
	assert_true(is_dirty());
	judge_deinit(judge);
}

/* Between a report and its sync a device may write through what it has cached as dirty. */
static void good_unseen_writes(void **state)
{
	struct scene scene = { kinds[0].subject, kinds[0].config, 0, write_again };

	(void)state;
	scene.config.features |= PT_DIRTY_TRACKING;
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
	scene.device_flags = DEVICE_KEEPS_DIRTY;
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_every_machine),
		cmocka_unit_test(good_unseen_writes),
	};

	return cmocka_run_group_tests_name("machine_sequence", tests, set_up, tear_down);
}
