/*
 * Tests of what init and map must answer.
 *
 * Goal: each feature needs its hardware, each bound is where it is promised, and of several
 * errors the first in the order that is promised is predicted.
 * Method: hardware that can one thing; configurations and mappings at and beside each bound.
 */
#include "oracle/liar.h"

#include <errno.h>

#include "oracle/judge_parts.h"

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy, hw_amdv1, hw_armv8_s1_4k;

#define PAGE UINT64_C(0x1000)
#define TOP_PAGE (UINT64_MAX - (PAGE - 1))
#define ANY (PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE | PT_DETAILED_GATHER)

static void good_features(void **state)
{
	static const struct hw_format none;
	struct hw_format hw = none;

	(void)state;
	assert_true(judge_features(&hw) == ANY);
#define CAN(field, value, feature)                                                                 \
	hw = none;                                                                                 \
	hw.field = value;                                                                          \
	assert_true(judge_features(&hw) == (ANY | (feature)))
	CAN(grows, true, PT_DYNAMIC_TOP);
	CAN(max_vasz_lg2, 64, PT_FULL_VA);
	CAN(max_vasz_lg2, 63, 0);
	CAN(forces_coherence, true, PT_FORCE_COHERENCE);
	CAN(encrypt_hi, 50, PT_ENCRYPT_TABLES);
	CAN(touch, hw_toy.touch, PT_DIRTY_TRACKING);
	CAN(can_sign_extend, true, PT_SIGN_EXTEND);
	CAN(can_upper_half, true, PT_UPPER_HALF);
	CAN(can_second_stage, true, PT_SECOND_STAGE);
	CAN(can_large_oa, true, PT_LARGE_OA);
	CAN(can_napot, true, PT_NAPOT);
	CAN(can_memory_types, true, PT_MEMORY_TYPES);
	CAN(may_be_incoherent, true, PT_DMA_INCOHERENT);
	CAN(may_cache_not_present, true, PT_NP_CACHE);
}

static void good_device(void **state)
{
	struct pt_config c = { .features = PT_FLUSH_RANGE, .encrypt_bit = 40 };

	(void)state;
	assert_int_equal(judge_device(&c).encrypt_bit, 0);
	assert_false(judge_device(&c).napot);
	assert_false(judge_device(&c).memory_types);
	c.features |= PT_ENCRYPT_TABLES | PT_NAPOT;
	assert_int_equal(judge_device(&c).encrypt_bit, 40);
	assert_true(judge_device(&c).napot);
}

static int init_of(const struct hw_format *hw, uint64_t features, unsigned va, unsigned top,
		   unsigned oa, unsigned encrypt_bit)
{
	struct pt_config c = { .features = PT_FLUSH_RANGE | features, .vasz_lg2 = (uint8_t)va,
			       .top_level = (uint8_t)top, .oasz_lg2 = (uint8_t)oa,
			       .encrypt_bit = (uint8_t)encrypt_bit };

	return judge_predict_init(hw, &c);
}

static void good_init(void **state)
{
	const struct hw_format *amd = &hw_amdv1;

	(void)state;
	/* The C-bit is one of those that there are. */
	assert_int_equal(init_of(amd, PT_ENCRYPT_TABLES, 39, 2, 30, amd->encrypt_lo), 0);
	assert_int_equal(init_of(amd, PT_ENCRYPT_TABLES, 39, 2, 30, amd->encrypt_hi), 0);
	assert_int_equal(init_of(amd, PT_ENCRYPT_TABLES, 39, 2, 30, amd->encrypt_lo - 1u),
			 -EOPNOTSUPP);
	assert_int_equal(init_of(amd, PT_ENCRYPT_TABLES, 39, 2, 30, amd->encrypt_hi + 1u),
			 -EOPNOTSUPP);
	/* All 64 bits with the feature that says so, and only then. */
	assert_int_equal(init_of(amd, PT_FULL_VA, 64, 5, 52, 0), 0);
	assert_int_equal(init_of(amd, 0, 64, 5, 52, 0), -EINVAL);
	assert_int_equal(init_of(amd, 0, 63, 5, 52, 0), 0);
	assert_int_equal(init_of(amd, PT_FULL_VA, 63, 5, 52, 0), -EINVAL);
	/* One page fills the aperture. */
	assert_int_equal(init_of(&hw_toy, PT_DYNAMIC_TOP, 12, 0, 20, 0), 0);
	assert_int_equal(init_of(&hw_toy, PT_DYNAMIC_TOP, 12, 0, 12, 0), 0);
	assert_int_equal(init_of(&hw_armv8_s1_4k, PT_UPPER_HALF, 39, 2, 48, 0), 0);
}

static enum hw_setup answer;

static enum hw_setup setup(const struct hw_format *f, const struct hw_device *dev)
{
	(void)f;
	(void)dev;
	return answer;
}

static void good_setup(void **state)
{
	struct hw_format hw = hw_toy;

	(void)state;
	hw.setup = setup;
	answer = HW_POSSIBLE;
	assert_int_equal(init_of(&hw, 0, 15, 2, 20, 0), 0);
	answer = HW_UNSUPPORTED;
	assert_int_equal(init_of(&hw, 0, 15, 2, 20, 0), -EOPNOTSUPP);
	answer = HW_MEANINGLESS;
	assert_int_equal(init_of(&hw, 0, 15, 2, 20, 0), -EINVAL);
}

static void only_init(void)
{
	judge_init(judge);
}

static void begin_scene(uint64_t features)
{
	const struct scene scene = {
		{ &pt_sim_toy, &hw_toy, &inv_none, NULL },
		{ .features = PT_FLUSH_RANGE | features, .vasz_lg2 = 15, .top_level = 2,
		  .oasz_lg2 = 20 }, 0, only_init
	};

	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

static int map_of(uint64_t iova, uint64_t oa, uint64_t len, unsigned prot)
{
	struct pt_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = prot };

	return predict_map_error(judge, &m);
}

static void good_map(void **state)
{
	(void)state;
	begin_scene(0);
	assert_int_equal(map_of(0, 0, PAGE, RW), 0);
	assert_int_equal(map_of(0, 0, PAGE, PT_READ), 0);
	assert_int_equal(map_of(0, 0, 0, RW), -EINVAL);
	assert_int_equal(map_of(0, 0, PAGE, 0), -EINVAL);
	assert_int_equal(map_of(0, 0, 0, RW | PT_NOEXEC), -EINVAL);
	assert_int_equal(map_of(0, 0, PAGE, RW | PT_NOEXEC), -EOPNOTSUPP);
	/* Up to the last address there is, and one beyond. */
	assert_int_equal(map_of(TOP_PAGE, 0, PAGE, RW), -ERANGE);
	assert_int_equal(map_of(0, TOP_PAGE, PAGE, RW), -ERANGE);
	assert_int_equal(map_of(TOP_PAGE, 0, PAGE + 1, RW), -EOVERFLOW);
	assert_int_equal(map_of(0, TOP_PAGE, PAGE + 1, RW), -EOVERFLOW);
	/* Each of the three by itself. */
	assert_int_equal(map_of(PAGE / 2, 0, PAGE, RW), -ENXIO);
	assert_int_equal(map_of(0, PAGE / 2, PAGE, RW), -ENXIO);
	assert_int_equal(map_of(0, 0, PAGE / 2, RW), -ENXIO);
	assert_int_equal(map_of(0, 0, 1, RW), -ENXIO);
	/* The end of the OAs, and of the aperture. */
	assert_int_equal(map_of(0, 0xff000, PAGE, RW), 0);
	assert_int_equal(map_of(0, 0xff000, 2 * PAGE, RW), -ERANGE);
	assert_int_equal(map_of(0, 0x100000, PAGE, RW), -ERANGE);
	assert_int_equal(map_of(7 * PAGE, 0, PAGE, RW), 0);
	assert_int_equal(map_of(7 * PAGE, 0, 2 * PAGE, RW), -ERANGE);
	begin_scene(PT_FORCE_WRITEABLE);
	assert_int_equal(map_of(0, 0, PAGE, RW), 0);
	assert_int_equal(map_of(0, 0, PAGE, PT_WRITE), 0);
	assert_int_equal(map_of(0, 0, PAGE, PT_READ), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_features),
		cmocka_unit_test(good_device),
		cmocka_unit_test(good_init),
		cmocka_unit_test(good_setup),
		cmocka_unit_test(good_map),
	};

	return cmocka_run_group_tests_name("predict", tests, set_up, tear_down);
}
