/*
 * Tests of the Armv8 stage 1 decoder. hw_armv8_s2_test.c has what both stages share.
 *
 * Goal: descriptors lead where the manual says for each granule and address size, and
 * every bit of stage 1 means what it says.
 * Method: worked descriptors as literals; runs, both halves of the VAs and restrictions
 * by tables through the walk driver, over a small memory.
 */
#include "oracle/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

extern const struct hw_format hw_armv8_s1_4k, hw_armv8_s1_16k, hw_armv8_s1_64k;
extern const struct hw_format hw_armv8_s2_4k, hw_armv8_s2_64k;

#define BIT(n) (UINT64_C(1) << (n))
#define NELEM(a) (sizeof(a) / sizeof(a[0]))

#define PAGE UINT64_C(0xf43) /* write-back, Inner Shareable, EL0 too, accessed, not global */
#define TABLE UINT64_C(0x003)
#define CONTIGUOUS BIT(52)

static const struct hw_format *const all[] = { &hw_armv8_s1_4k, &hw_armv8_s1_16k,
					       &hw_armv8_s1_64k };

/* Of the highest root, so that every level exists. */
static enum hw_fault decode(const struct hw_format *f, bool large_oa, uint64_t raw, unsigned level,
			    struct hw_item *item)
{
	struct hw_device dev = { .level = f->max_top,
				 .large_oa = large_oa,
				 .vasz_lg2 = 52,
				 .oasz_lg2 = large_oa ? 52 : 48 };

	return f->decode(f, &dev, raw, level, item);
}

/* Whole descriptors, as one would read them in a dump. */
static const struct {
	const struct hw_format *f;
	bool large_oa;
	unsigned level;
	uint64_t raw;
	unsigned size_lg2;
	uint64_t oa;
} worked_leaves[] = {
	{ &hw_armv8_s1_4k, false, 0, 0x0000000012345f43, 12, 0x12345000 },
	{ &hw_armv8_s1_4k, false, 0, 0x0000ffffffffff43, 12, 0xfffffffff000 },
	{ &hw_armv8_s1_4k, false, 1, 0x0000000012200f41, 21, 0x12200000 },
	{ &hw_armv8_s1_4k, false, 2, 0x0000000080000f41, 30, 0x80000000 },
	{ &hw_armv8_s1_4k, false, 0, 0x0010000012340f43, 16, 0x12340000 },
	{ &hw_armv8_s1_4k, false, 1, 0x0010000016000f41, 25, 0x16000000 },
	{ &hw_armv8_s1_4k, false, 2, 0x0010000c00000f41, 34, 0xc00000000 },
	{ &hw_armv8_s1_4k, true, 0, 0x0002123456789f43, 12, 0xe123456789000 },
	{ &hw_armv8_s1_4k, true, 0, 0x0001123456789d43, 12, 0x5123456789000 },
	{ &hw_armv8_s1_4k, true, 3, 0x0003008000000e41, 39, 0xb008000000000 },
	{ &hw_armv8_s1_16k, false, 0, 0x0000000012344f43, 14, 0x12344000 },
	{ &hw_armv8_s1_16k, false, 1, 0x0000000016000f41, 25, 0x16000000 },
	{ &hw_armv8_s1_16k, false, 0, 0x0010000012200f43, 21, 0x12200000 },
	{ &hw_armv8_s1_16k, false, 1, 0x0010000080000f41, 30, 0x80000000 },
	{ &hw_armv8_s1_16k, true, 0, 0x000212345678cf43, 14, 0xe12345678c000 },
	{ &hw_armv8_s1_16k, true, 2, 0x0001001000000c41, 36, 0x1001000000000 },
	{ &hw_armv8_s1_64k, false, 0, 0x0000000012340f43, 16, 0x12340000 },
	{ &hw_armv8_s1_64k, false, 1, 0x0000000060000f41, 29, 0x60000000 },
	{ &hw_armv8_s1_64k, false, 0, 0x0010000012200f43, 21, 0x12200000 },
	{ &hw_armv8_s1_64k, false, 1, 0x0010000c00000f41, 34, 0xc00000000 },
	{ &hw_armv8_s1_64k, true, 0, 0x000012345678ef43, 16, 0xe123456780000 },
	{ &hw_armv8_s1_64k, true, 1, 0x0000000060009f41, 29, 0x9000060000000 },
	{ &hw_armv8_s1_64k, true, 2, 0x00000c000000ff41, 42, 0xf0c0000000000 },
};

static void good_worked_leaves(void **state)
{
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < NELEM(worked_leaves); i++) {
		assert_int_equal(decode(worked_leaves[i].f, worked_leaves[i].large_oa,
					worked_leaves[i].raw, worked_leaves[i].level, &item),
				 HW_OK);
		assert_int_equal(item.kind, HW_LEAF);
		assert_int_equal(item.size_lg2, worked_leaves[i].size_lg2);
		assert_true(item.address == worked_leaves[i].oa);
		assert_int_equal(item.attrs.type, HW_WRITE_BACK);
		if (!item.counts_up)
			assert_true(item.item_oa == 0);
	}
}

static void good_worked_tables(void **state)
{
	static const struct {
		const struct hw_format *f;
		bool large_oa;
		uint64_t raw, pa;
	} good[] = {
		/* Bits 58:51 and 11:2 are ignored, but for 9:8 with LPA2. */
		{ &hw_armv8_s1_4k, false, 0x07f8fffffffffcff, 0xfffffffff000 },
		{ &hw_armv8_s1_4k, true, 0x07fa123456789fff, 0xe123456789000 },
		{ &hw_armv8_s1_16k, false, 0x07f8ffffffffcfff, 0xffffffffc000 },
		{ &hw_armv8_s1_16k, true, 0x000212345678c103, 0x612345678c000 },
		{ &hw_armv8_s1_64k, false, 0x07f8ffffffff0fff, 0xffffffff0000 },
		{ &hw_armv8_s1_64k, true, 0x07f812345678efff, 0xe123456780000 },
		{ &hw_armv8_s2_4k, true, 0x07fa123456789fff, 0xe123456789000 },
		{ &hw_armv8_s2_64k, true, 0x07f812345678efff, 0xe123456780000 },
	};
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		for (unsigned level = 1; level <= good[i].f->max_top; level++) {
			assert_int_equal(
				decode(good[i].f, good[i].large_oa, good[i].raw, level, &item),
				HW_OK);
			assert_int_equal(item.kind, HW_TABLE);
			assert_int_equal(item.next_level, level - 1);
			assert_true(item.address == good[i].pa);
			assert_true(item.attrs.read && item.attrs.write);
			assert_true(item.attrs.exec && item.attrs.exec_privileged && item.attrs.user);
		}
}

/* Parts of attributes. */
#define GLOBAL .read = true, .accessed = true, .global = true
#define ALL GLOBAL, .user = true
#define EXEC .exec = true, .exec_privileged = true
#define WRITE .write = true, .dirty = true
#define RWX ALL, WRITE, EXEC
#define WB .type = HW_WRITE_BACK

static void good_stage_1_bits(void **state)
{
	static const struct {
		uint64_t raw;
		struct hw_attrs attrs;
	} meaning[] = {
		{ 0x743, { RWX, WB } },
		{ 0xf43, { .read = true, .accessed = true, .user = true, WRITE, EXEC, WB } }, /* nG */
		{ 0x763, { RWX, WB } },		/* NS */
		{ 0xf880000000000743, { RWX, WB } }, /* software, ignored */
		{ 0x643, { RWX, WB } },		/* Outer Shareable */
		{ 0x543, { RWX } },
		{ 0x443, { RWX } }, /* Non-shareable write-back is not coherent */
		{ 0x647, { RWX, .type = HW_UNCACHED } },
		{ 0x747, { RWX } },
		{ 0x447, { RWX } },
		{ 0x64b, { RWX, .type = HW_DEVICE_MEMORY } },
		{ 0x44b, { RWX } },
		{ 0x64f, { RWX } },
		{ 0x653, { RWX } },
		{ 0x657, { RWX } },
		{ 0x65b, { RWX } },
		{ 0x65f, { RWX } },
		{ 0x7c3, { ALL, EXEC, WB } },
		{ 0x80000000007c3, { ALL, EXEC, .write = true, WB } },
		{ 0x8000000000743, { RWX, WB } },
		{ 0x60000000000743, { ALL, WRITE, WB } },
		{ 0x40000000000743, { ALL, WRITE, .exec_privileged = true, WB } },
		{ 0x20000000000743, { ALL, WRITE, .exec = true, WB } },
		{ 0x783, { GLOBAL, EXEC, WB } },
	};
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < NELEM(meaning); i++) {
		assert_int_equal(decode(&hw_armv8_s1_64k, true, meaning[i].raw, 0, &item), HW_OK);
		assert_memory_equal(&item.attrs, &meaning[i].attrs, sizeof(item.attrs));
	}
	/* With LPA2 bits 9:8 are address: every type is as MAIR says. */
	assert_int_equal(decode(&hw_armv8_s1_4k, true, 0x447, 0, &item), HW_OK);
	assert_int_equal(item.attrs.type, HW_UNCACHED);
}

/* Tables and what is in them: 128 pages from PA 0. */
static uint64_t memory[128 * 512];

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	return pa < sizeof(memory) && bytes <= sizeof(memory) - pa ? (uint64_t *)ctx + pa / 8
								   : NULL;
}

static const struct hw_memory mem = { .ctx = memory, .view = view };

static uint64_t *item_at(uint64_t table_pa, unsigned index)
{
	return &memory[table_pa / 8 + index];
}

/* A root of level 1 at 64K that leads to one table of level 0 at 128K. */
#define ROOT UINT64_C(0x10000)
#define TABLE_0 UINT64_C(0x20000)

static struct hw_device two_levels(const struct hw_format *f)
{
	struct hw_device dev = { .root_pa = ROOT, .level = 1, .oasz_lg2 = 48 };

	memset(memory, 0, sizeof(memory));
	*item_at(ROOT, 0) = TABLE_0 | TABLE;
	dev.vasz_lg2 = (uint8_t)(hw_item_lg2(f, 1) + 5);
	return dev;
}

/* What a table pointer takes away, its leaf cannot give back. */
static void good_table_restrictions(void **state)
{
	static const struct {
		unsigned bit;
		bool write, exec, exec_privileged, user;
	} takes[] = {
		{ 63, true, true, true, true },	 { 62, false, true, true, true },
		{ 61, true, true, true, false }, { 60, true, false, true, true },
		{ 59, true, true, false, true },
	};
	struct hw_walk w;
	struct hw_map map = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(takes); i++) {
		struct hw_device dev = two_levels(&hw_armv8_s1_4k);

		*item_at(ROOT, 0) |= BIT(takes[i].bit);
		*item_at(TABLE_0, 5) = 0x12345000 | PAGE;
		hw_walk(&hw_armv8_s1_4k, &dev, &mem, 0x5678, HW_READ, &w);
		assert_int_equal(w.fault, HW_OK);
		assert_true(w.oa == 0x12345678);
		assert_int_equal(w.leaf.attrs.write, takes[i].write);
		assert_int_equal(w.leaf.attrs.exec, takes[i].exec);
		assert_int_equal(w.leaf.attrs.exec_privileged, takes[i].exec_privileged);
		assert_int_equal(w.leaf.attrs.user, takes[i].user);
		hw_walk(&hw_armv8_s1_4k, &dev, &mem, 0x5678, HW_WRITE, &w);
		assert_int_equal(w.fault, takes[i].write ? HW_OK : HW_DENIED);
		hw_enumerate(&hw_armv8_s1_4k, &dev, &mem, 9, &map);
		assert_int_equal(map.fault, HW_OK);
		assert_int_equal(map.nr_leaves, 1);
		assert_memory_equal(&map.leaves[0].item.attrs, &w.leaf.attrs, sizeof(w.leaf.attrs));
	}
	free(map.leaves);
	free(map.tables);
}

/* A run of 2^lg2 pages, whose items are one run's length into the table of level 0. */
static struct hw_device with_run(const struct hw_format *f, unsigned lg2, uint64_t oa)
{
	struct hw_device dev = two_levels(f);

	for (unsigned i = 0; i < 1U << lg2; i++)
		*item_at(TABLE_0, (1U << lg2) + i) =
			(oa + ((uint64_t)i << f->granule_lg2)) | PAGE | CONTIGUOUS;
	return dev;
}

static const unsigned run_lg2[] = { 4, 7, 5 };

static void good_runs(void **state)
{
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (uint64_t oa = 0; oa <= 0x12000000; oa += 0x12000000) {
			unsigned size_lg2 = all[i]->granule_lg2 + run_lg2[i];
			uint64_t last = (UINT64_C(2) << size_lg2) - 1;
			struct hw_device dev = with_run(all[i], run_lg2[i], oa);

			/* Dirty may be written down in any one item. */
			*item_at(TABLE_0, 1U << run_lg2[i]) |= BIT(7) | BIT(51);
			for (unsigned k = 1; k < 1U << run_lg2[i]; k++)
				*item_at(TABLE_0, (1U << run_lg2[i]) + k) |=
					BIT(51) | (k == 3 ? 0 : BIT(7));
			hw_enumerate(all[i], &dev, &mem, 9, &map);
			assert_int_equal(map.fault, HW_OK);
			assert_false(map.run_broken);
			assert_int_equal(map.nr_leaves, 1);
			assert_true(map.leaves[0].va == BIT(size_lg2));
			assert_true(map.leaves[0].item.address == oa);
			assert_int_equal(map.leaves[0].item.size_lg2, size_lg2);
			assert_true(map.leaves[0].item.attrs.dirty);
			hw_walk(all[i], &dev, &mem, last, HW_WRITE, &w);
			assert_int_equal(w.fault, HW_OK);
			assert_true(w.oa == oa + BIT(size_lg2) - 1);
			assert_true(w.leaf.counts_up);
			assert_true(w.leaf.item_oa ==
				    oa + BIT(size_lg2) - BIT(all[i]->granule_lg2));
		}
	free(map.leaves);
	free(map.tables);
}

/* A root of as many items as a run has: all of it is one leaf. */
static void good_run_fills_root(void **state)
{
	static const unsigned root_lg2[] = { 4, 5, 5 };
	struct hw_map map = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct hw_device dev = two_levels(all[i]);
		unsigned item_lg2 = hw_item_lg2(all[i], 1), size_lg2 = item_lg2 + root_lg2[i];

		dev.vasz_lg2 = (uint8_t)size_lg2;
		for (unsigned k = 0; k < 1U << root_lg2[i]; k++)
			*item_at(ROOT, k) = (uint64_t)k << item_lg2 | (PAGE ^ 2) | CONTIGUOUS;
		hw_enumerate(all[i], &dev, &mem, 9, &map);
		assert_int_equal(map.fault, HW_OK);
		assert_false(map.run_broken);
		assert_int_equal(map.nr_leaves, 1);
		assert_int_equal(map.leaves[0].item.size_lg2, size_lg2);
	}
	free(map.leaves);
	free(map.tables);
}

/* Each item of a run, spoilt in every way. */
static void bad_runs(void **state)
{
	struct hw_map map = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		unsigned len = 1U << run_lg2[i];
		uint64_t page = BIT(all[i]->granule_lg2);
		struct hw_device dev = with_run(all[i], run_lg2[i], 0x12000000 + page);

		/* Consecutive, but not aligned to the run. */
		hw_enumerate(all[i], &dev, &mem, 9, &map);
		assert_true(map.fault == HW_OK && map.run_broken);
		/* OA 0 is as good as any other. */
		for (uint64_t oa = 0; oa <= 0x12000000; oa += 0x12000000)
			for (unsigned k = 0; k < len; k++) {
				const uint64_t spoils[] = {
					0,	   /* missing */
					oa | PAGE, /* not of the run */
					(oa + (k ^ 1) * page) | PAGE |
						CONTIGUOUS, /* not consecutive */
					(oa + (len + k) * page) | PAGE | CONTIGUOUS,
					(oa + k * page) | PAGE | BIT(7) | CONTIGUOUS,
				};

				for (size_t s = 0; s < NELEM(spoils); s++) {
					dev = with_run(all[i], run_lg2[i], oa);
					*item_at(TABLE_0, len + k) = spoils[s];
					hw_enumerate(all[i], &dev, &mem, 9, &map);
					assert_true(map.fault == HW_OK && map.run_broken);
				}
			}
	}
	free(map.leaves);
	free(map.tables);
}

/* TTBR1: all bits above TxSZ are ones. */
static void good_upper_half(void **state)
{
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct hw_device dev = two_levels(all[i]);
		uint64_t page = BIT(all[i]->granule_lg2), reach = BIT(dev.vasz_lg2);

		dev.upper_half = true;
		*item_at(ROOT, 31) = TABLE_0 | TABLE;
		*item_at(TABLE_0, 1) = 0x12340000 | PAGE;
		hw_walk(all[i], &dev, &mem, -reach + page + 0x678, HW_WRITE, &w);
		assert_int_equal(w.fault, HW_OK);
		assert_true(w.oa == 0x12340678);
		hw_walk(all[i], &dev, &mem, -BIT(hw_item_lg2(all[i], 1)) + page, HW_WRITE, &w);
		assert_int_equal(w.fault, HW_OK);
		hw_walk(all[i], &dev, &mem, page, HW_READ, &w);
		assert_int_equal(w.fault, HW_VA_TOO_WIDE);
		hw_walk(all[i], &dev, &mem, -reach - 1, HW_READ, &w);
		assert_int_equal(w.fault, HW_VA_TOO_WIDE);
		hw_walk(all[i], &dev, &mem, (-reach + page) ^ BIT(63), HW_READ, &w);
		assert_int_equal(w.fault, HW_VA_TOO_WIDE);
		hw_enumerate(all[i], &dev, &mem, 9, &map);
		assert_int_equal(map.fault, HW_OK);
		assert_int_equal(map.nr_leaves, 2);
		assert_true(map.leaves[0].va == -reach + page);
		assert_true(map.leaves[1].va == -BIT(hw_item_lg2(all[i], 1)) + page);
		/* The same root as TTBR0. */
		dev.upper_half = false;
		hw_walk(all[i], &dev, &mem, page, HW_READ, &w);
		assert_int_equal(w.fault, HW_OK);
		hw_walk(all[i], &dev, &mem, reach + page, HW_READ, &w);
		assert_int_equal(w.fault, HW_VA_TOO_WIDE);
	}
	free(map.leaves);
	free(map.tables);
}

static void good_describe(void **state)
{
	char buf[256];

	(void)state;
	hw_describe(&hw_armv8_s1_4k, 0x7c78000012345fe7, buf, sizeof(buf));
	assert_string_equal(buf,
			    "NSTable=0 APTable=3 XNTable=1 PXNTable=1 UXN=1 PXN=1 Contiguous=1 "
			    "DBM=1 Address=0x12345 nG=1 AF=1 SH=3 AP=3 NS=1 AttrIndx=1 Type=1 "
			    "Valid=1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_worked_leaves), cmocka_unit_test(good_worked_tables),
		cmocka_unit_test(good_stage_1_bits),  cmocka_unit_test(good_table_restrictions),
		cmocka_unit_test(good_runs),	      cmocka_unit_test(good_run_fills_root),
		cmocka_unit_test(bad_runs),	      cmocka_unit_test(good_upper_half),
		cmocka_unit_test(good_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
