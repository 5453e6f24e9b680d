/*
 * Tests of what amdv1 and amdv1_mock write.
 *
 * Goal: the items in memory are, to the bit, what the manual says they must be.
 * Method: map through the judges on a machine whose tables lie at 0x1000, 0x2000, ... in
 * the order of their allocation, then read the raw items back; expected values are
 * literals, worked by hand from the manual's drawing.
 */
#include "oracle/judge.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

extern const struct pt_ops pt_sim_amdv1, pt_sim_amdv1_mock;
extern const struct hw_format hw_amdv1, hw_amdv1_mock;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RW (PT_READ | PT_WRITE)

static struct judge *judge;

static int set_up(void **state)
{
	(void)state;
	judge = judge_create(64);
	return judge ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	judge_destroy(judge);
	return 0;
}

static const struct pt_config mode_6 = {
	.features = PT_FLUSH_RANGE | PT_FULL_VA, .vasz_lg2 = 64, .top_level = 5, .oasz_lg2 = 52
};
static const struct pt_config mock_mode_5 = {
	.features = PT_FLUSH_RANGE, .vasz_lg2 = 56, .top_level = 4, .oasz_lg2 = 51
};

static void start_with(const struct pt_ops *ops, const struct hw_format *hw,
		       const struct pt_config *config)
{
	struct subject subject = { .ops = ops, .hw = hw, .inv = &inv_amd };
	struct memory_config machine = { .tables = 64, .window = WINDOW_BOTTOM };

	judge_reset(judge, &subject, config, &machine);
	assert_int_equal(judge_init(judge), 0);
}

static void start(uint64_t features, uint8_t encrypt_bit)
{
	struct pt_config config = mode_6;

	config.features |= features;
	if (encrypt_bit)
		config.oasz_lg2 = config.encrypt_bit = encrypt_bit;
	start_with(&pt_sim_amdv1, &hw_amdv1, &config);
}

static void start_mock(void)
{
	start_with(&pt_sim_amdv1_mock, &hw_amdv1_mock, &mock_mode_5);
}

static int try_map(uint64_t iova, uint64_t oa, uint64_t len, unsigned prot)
{
	struct pt_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = prot };
	uint64_t mapped;
	int err = judge_map(judge, &m, &mapped);

	assert_int_equal(mapped, err ? 0 : len);
	return err;
}

static void map(uint64_t iova, uint64_t oa, uint64_t len, unsigned prot)
{
	assert_int_equal(try_map(iova, oa, len, prot), 0);
}

/* The step of the walk to iova at a level; it must get there. */
static struct pt_step step_at(uint64_t iova, unsigned level)
{
	struct pt_step steps[PT_MAX_LEVELS];
	unsigned n = judge->subject.ops->explain(judge->pt, iova, steps);

	for (unsigned i = 0; i < n; i++)
		if (steps[i].level == level)
			return steps[i];
	fail_msg("no step of level %u to 0x%lx", level, (unsigned long)iova);
	return steps[0];
}

static void assert_item(uint64_t iova, unsigned level, uint64_t want)
{
	struct pt_step step = step_at(iova, level);

	assert_int_equal(step.item, want);
}

/* Every item of a run is the same; the judges see to what is beside it. */
static void assert_run(uint64_t iova, uint64_t item_size, unsigned items, unsigned level,
		       uint64_t want)
{
	for (unsigned i = 0; i < items; i++)
		assert_item(iova + i * item_size, level, want);
}

/* ---- leaves ---- */

static void good_4k(void **state)
{
	(void)state;
	start(0, 0);
	map(0x1000, 0x12344000, 0x1000, RW);
	assert_run(0x1000, 0x1000, 1, 0, 0x6000000012344061);
	assert_int_equal(step_at(0x1000, 0).index, 1);
	judge_deinit(judge);
}

static void good_permissions(void **state)
{
	static const struct {
		unsigned prot;
		uint64_t item;
	} good[] = {
		{ PT_READ, 0x2000000012344021 }, /* never written: not dirty */
		{ PT_WRITE, 0x4000000012344061 },
		{ PT_READ | PT_WRITE, 0x6000000012344061 },
		{ PT_READ | PT_CACHE, 0x2000000012344021 },
		{ PT_WRITE | PT_CACHE, 0x4000000012344061 },
		{ PT_READ | PT_MMIO, 0x2000000012344021 },
		{ PT_READ | PT_WRITE | PT_CACHE | PT_MMIO, 0x6000000012344061 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		start(0, 0);
		map(0x1000, 0x12344000, 0x1000, good[i].prot);
		assert_item(0x1000, 0, good[i].item);
	}
}

static void bad_permissions(void **state)
{
	(void)state;
	start(0, 0);
	assert_int_equal(try_map(0x1000, 0, 0x1000, PT_NOEXEC | RW), -EOPNOTSUPP);
	assert_int_equal(try_map(0x1000, 0, 0x1000, PT_CACHE | PT_MMIO), -EINVAL);
	start(PT_FORCE_WRITEABLE, 0);
	assert_int_equal(try_map(0x1000, 0, 0x1000, PT_READ), -EINVAL);
	map(0x1000, 0x12344000, 0x1000, PT_WRITE);
	assert_item(0x1000, 0, 0x4000000012344061);
}

/* NextLevel 7, ones below the size: in every item of the run. */
static void good_runs(void **state)
{
	static const struct {
		uint64_t oa, len, item_size, item;
		unsigned level;
	} good[] = {
		{ 0x12344000, 0x2000, 0x1000, 0x6000000012344e61, 0 },
		{ 0x12344000, 0x4000, 0x1000, 0x6000000012345e61, 0 },
		{ 0x12340000, 0x8000, 0x1000, 0x6000000012343e61, 0 },
		{ 0x12340000, 0x10000, 0x1000, 0x6000000012347e61, 0 },
		{ 0x12300000, 0x100000, 0x1000, 0x600000001237fe61, 0 },
		{ 0x12400000, 0x400000, 0x200000, 0x60000000125ffe61, 1 },
		{ 0x60000000, 0x20000000, 0x200000, 0x600000006ffffe61, 1 },
		{ 0x180000000, 0x80000000, 0x40000000, 0x60000001bffffe61, 2 },
		{ 0xc000000000, 0x4000000000, 0x40000000, 0x600000dffffffe61, 2 },
		{ 0x30000000000, 0x10000000000, 0x8000000000, 0x6000037ffffffe61, 3 },
		{ 0x6000000000000, 0x2000000000000, 0x1000000000000, 0x6006fffffffffe61, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		uint64_t iova = 2 * good[i].len;

		start(0, 0);
		map(iova, good[i].oa, good[i].len, RW);
		assert_run(iova, good[i].item_size, (unsigned)(good[i].len / good[i].item_size),
			   good[i].level, good[i].item);
		judge_deinit(judge);
	}
}

/* The level's own size: NextLevel 0, one item. */
static void good_default_sizes(void **state)
{
	(void)state;
	start(0, 0);
	map(0x200000, 0x12200000, 0x200000, RW);
	assert_run(0x200000, 0x200000, 1, 1, 0x6000000012200061);
	map(0x40000000, 0x80000000, 0x40000000, RW);
	assert_run(0x40000000, 0x40000000, 1, 2, 0x6000000080000061);
	map(0x1000000000000, 0x1000000000000, 0x1000000000000, PT_READ);
	assert_run(0x1000000000000, 0x1000000000000, 1, 4, 0x2001000000000021);
	judge_deinit(judge);
}

/* Half of all OAs in one leaf, at both of its places. */
static void good_largest(void **state)
{
	(void)state;
	start(0, 0);
	map(0x8000000000000, 0x0000000000000, 0x8000000000000, RW);
	assert_run(0x8000000000000, 0x1000000000000, 8, 4, 0x6003fffffffffe61);
	judge_deinit(judge);
	start(0, 0);
	map(0x8000000000000, 0x8000000000000, 0x8000000000000, RW);
	assert_run(0x8000000000000, 0x1000000000000, 8, 4, 0x600bfffffffffe61);
	judge_deinit(judge);
}

/* Hardware has an erratum with 512G: two of 256G, a level below. */
static void good_no_512g(void **state)
{
	(void)state;
	start(0, 0);
	map(0x8000000000, 0x8000000000, 0x8000000000, RW);
	for (uint64_t at = 0; at < 0x4000000000; at += 0x40000000) {
		assert_item(0x8000000000 + at, 2, 0x6000009ffffffe61);
		assert_item(0xc000000000 + at, 2, 0x600000dffffffe61);
	}
	assert_int_equal(step_at(0x8000000000, 2).size_lg2, 38);
	assert_int_equal(judge->leaves[38], 2);
	judge_deinit(judge);
}

/* 4K at the last OA, mapped at the last VA: level 5 has only VA bits 63:57. */
static void good_topmost_bits(void **state)
{
	static const unsigned indexes[] = { 511, 511, 511, 511, 511, 127 };

	(void)state;
	start(0, 0);
	map(0xfffffffffffff000, 0xffffffffff000, 0x1000, RW);
	assert_item(0xfffffffffffff000, 0, 0x600ffffffffff061);
	for (unsigned level = 0; level <= 5; level++)
		assert_int_equal(step_at(0xfffffffffffff000, level).index, indexes[level]);
	judge_deinit(judge);
}

/* ---- table pointers ---- */

static void good_table_pointers(void **state)
{
	static const uint64_t pointers[] = { 0, 0x6000000000006201, 0x6000000000005401,
					     0x6000000000004601, 0x6000000000003801,
					     0x6000000000002a01 };

	(void)state;
	start(0, 0);
	map(0, 0, 0x1000, PT_READ);
	for (unsigned level = 1; level <= 5; level++)
		assert_item(0, level, pointers[level]);
	assert_int_equal(judge->sim.device.root_pa, 0x1000);
	assert_int_equal(judge->sim.device.level, 5);
	judge_deinit(judge);
}

/* The highest PA of a table. */
static void good_topmost_pa(void **state)
{
	struct subject subject = { .ops = &pt_sim_amdv1, .hw = &hw_amdv1, .inv = &inv_amd };
	struct memory_config machine = { .tables = 64, .window = WINDOW_TOP };

	(void)state;
	judge_reset(judge, &subject, &mode_6, &machine);
	assert_int_equal(judge_init(judge), 0);
	map(0, 0, 0x1000, RW);
	assert_int_equal(judge->sim.device.root_pa, 0xffffffffff000);
	assert_item(0, 5, 0x600fffffffffea01);
	judge_deinit(judge);
}

/* A grown top points to the old one from item 0. */
static void good_growing(void **state)
{
	struct pt_config config = mode_6;

	(void)state;
	config.features |= PT_DYNAMIC_TOP;
	config.top_level = 0;
	start_with(&pt_sim_amdv1, &hw_amdv1, &config);
	map(0x1000, 0x12344000, 0x1000, RW);
	assert_int_equal(judge->sim.device.level, 0);
	map(0x200000, 0x12345000, 0x1000, RW);
	assert_int_equal(judge->sim.device.root_pa, 0x2000);
	assert_int_equal(judge->sim.device.level, 1);
	assert_item(0x1000, 1, 0x6000000000001201);
	map(0xfffffffffffff000, 0x12346000, 0x1000, RW);
	assert_int_equal(judge->sim.device.level, 5);
	assert_item(0x1000, 2, 0x6000000000002401);
	assert_item(0x1000, 0, 0x6000000012344061);
	judge_deinit(judge);
}

/* ---- features ---- */

/* FC in leaves, never in table pointers, where it is reserved. */
static void good_force_coherence(void **state)
{
	(void)state;
	start(PT_FORCE_COHERENCE, 0);
	map(0x1000, 0x12344000, 0x1000, RW);
	map(0x4000, 0x12344000, 0x4000, PT_READ | PT_MMIO);
	assert_item(0x1000, 0, 0x7000000012344061);
	assert_item(0x7000, 0, 0x3000000012345e21);
	assert_item(0x1000, 1, 0x6000000000006201);
	judge_deinit(judge);
}

/* The C-bit: in table pointers, in the device entry, and in leaves unless they are MMIO. */
static void good_encrypt_tables(void **state)
{
	(void)state;
	start(PT_ENCRYPT_TABLES, 40);
	map(0x1000, 0x12344000, 0x1000, RW);
	map(0x2000, 0x12344000, 0x1000, RW | PT_MMIO);
	map(0x4000, 0xfffffc0000, 0x4000, RW);
	map(0x8000, 0xfffffc0000, 0x4000, RW | PT_MMIO);
	assert_item(0x1000, 0, 0x6000010012344061);
	assert_item(0x2000, 0, 0x6000000012344061);
	assert_item(0x7000, 0, 0x600001fffffc1e61);
	assert_item(0xb000, 0, 0x600000fffffc1e61);
	assert_item(0x1000, 1, 0x6000010000006201);
	assert_item(0x1000, 5, 0x6000010000002a01);
	assert_int_equal(step_at(0x1000, 1).address, 0x6000);
	assert_int_equal(step_at(0x7000, 0).address, 0xfffffc0000);
	assert_int_equal(judge->sim.device.root_pa, 0x10000001000);
	judge_deinit(judge);
}

/* The lowest and the highest position. */
static void good_encrypt_positions(void **state)
{
	(void)state;
	start(PT_ENCRYPT_TABLES, 32);
	map(0x80000000, 0x80000000, 0x80000000, RW);
	assert_item(0x80000000, 2, 0x60000001bffffe61);
	judge_deinit(judge);
	start(PT_ENCRYPT_TABLES, 51);
	map(0x4000000000000, 0x4000000000000, 0x4000000000000, RW);
	assert_item(0x4000000000000, 4, 0x600dfffffffffe61);
	assert_int_equal(step_at(0x4000000000000, 4).size_lg2, 50);
	judge_deinit(judge);
}

/* ---- the mock: the address field holds address >> 11 ---- */

static void good_mock_leaves(void **state)
{
	(void)state;
	start_mock();
	map(0x0800, 0x12344800, 0x800, RW);
	assert_run(0x0800, 0x800, 1, 0, 0x6000000024689061);
	map(0x2000, 0x12345000, 0x1000, RW);
	assert_run(0x2000, 0x800, 2, 0, 0x600000002468ae61);
	map(0x4000, 0x12344000, 0x2000, PT_READ);
	assert_run(0x4000, 0x800, 4, 0, 0x2000000024689e21);
	map(0x100000, 0x12300000, 0x100000, RW);
	assert_run(0x100000, 0x100000, 1, 1, 0x6000000024600061);
	map(0x20000000, 0x20000000, 0x20000000, RW);
	assert_run(0x20000000, 0x20000000, 1, 2, 0x6000000040000061);
	judge_deinit(judge);
}

/* The mock has no erratum: a leaf of 256G is the own size of level 3. */
static void good_mock_large(void **state)
{
	(void)state;
	start_mock();
	map(0x4000000000, 0x4000000000, 0x4000000000, RW);
	assert_run(0x4000000000, 0x4000000000, 1, 3, 0x6000008000000061);
	map(0x4000000000000, 0x4000000000000, 0x4000000000000, RW);
	assert_run(0x4000000000000, 0x800000000000, 8, 4, 0x600bfffffffffe61);
	judge_deinit(judge);
}

static void good_mock_table_pointers(void **state)
{
	static const uint64_t pointers[] = { 0, 0x600000000000a201, 0x6000000000008401,
					     0x6000000000006601, 0x6000000000004801 };

	(void)state;
	start_mock();
	map(0xfffffffffff800, 0x7fffffffff800, 0x800, RW);
	assert_item(0xfffffffffff800, 0, 0x600ffffffffff061);
	for (unsigned level = 1; level <= 4; level++) {
		assert_item(0xfffffffffff800, level, pointers[level]);
		assert_int_equal(step_at(0xfffffffffff800, level).index, 511);
	}
	assert_int_equal(judge->sim.device.root_pa, 0x1000);
	judge_deinit(judge);
}

static void good_mock_encrypt_tables(void **state)
{
	struct pt_config config = mock_mode_5;

	(void)state;
	config.features |= PT_ENCRYPT_TABLES;
	config.oasz_lg2 = config.encrypt_bit = 40;
	start_with(&pt_sim_amdv1_mock, &hw_amdv1_mock, &config);
	map(0x800, 0x12344800, 0x800, RW);
	map(0x1000, 0x12344800, 0x800, RW | PT_MMIO);
	assert_item(0x800, 0, 0x6000020024689061);
	assert_item(0x1000, 0, 0x6000000024689061);
	assert_item(0x800, 4, 0x6000020000004801);
	assert_int_equal(judge->sim.device.root_pa, 0x10000001000);
	judge_deinit(judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_4k),
		cmocka_unit_test(good_permissions),
		cmocka_unit_test(bad_permissions),
		cmocka_unit_test(good_runs),
		cmocka_unit_test(good_default_sizes),
		cmocka_unit_test(good_largest),
		cmocka_unit_test(good_no_512g),
		cmocka_unit_test(good_topmost_bits),
		cmocka_unit_test(good_table_pointers),
		cmocka_unit_test(good_topmost_pa),
		cmocka_unit_test(good_growing),
		cmocka_unit_test(good_force_coherence),
		cmocka_unit_test(good_encrypt_tables),
		cmocka_unit_test(good_encrypt_positions),
		cmocka_unit_test(good_mock_leaves),
		cmocka_unit_test(good_mock_large),
		cmocka_unit_test(good_mock_table_pointers),
		cmocka_unit_test(good_mock_encrypt_tables),
	};

	return cmocka_run_group_tests_name("amdv1", tests, set_up, tear_down);
}
