/*
 * Tests of the Armv8 stage 2 decoder, and of what both stages share: sizes, reserved bits,
 * set-ups and promises of all six formats.
 *
 * Goal: every descriptor that the manual forbids is refused for the right reason, every
 * bit of stage 2 means what the manual says, and concatenated roots are one root.
 * Method: loops over formats, levels and bits whose expectation is arithmetic on the
 * manual's text, worked descriptors as literals, and walks from concatenated roots.
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
extern const struct hw_format hw_armv8_s2_4k, hw_armv8_s2_16k, hw_armv8_s2_64k;

#define BIT(n) (UINT64_C(1) << (n))
#define NELEM(a) (sizeof(a) / sizeof(a[0]))

#define PAGE_1 UINT64_C(0xf43) /* stage 1: write-back, Inner Shareable, accessed */
#define PAGE UINT64_C(0x7ff)   /* stage 2: likewise */
#define TABLE UINT64_C(0x003)
#define CONTIGUOUS BIT(52)

#define ALL .user = true, .accessed = true /* parts of attributes */
#define EXEC .exec = true, .exec_privileged = true
#define RW ALL, .read = true, .write = true
#define RWX RW, .dirty = true, EXEC
#define WB .type = HW_WRITE_BACK
#define UNCACHED EXEC, .type = HW_UNCACHED

/* By stage, then by granule. */
static const struct hw_format *const all[] = {
	&hw_armv8_s1_4k, &hw_armv8_s1_16k, &hw_armv8_s1_64k,
	&hw_armv8_s2_4k, &hw_armv8_s2_16k, &hw_armv8_s2_64k
};

static struct hw_device device(unsigned level, unsigned vasz_lg2, unsigned oasz_lg2, bool large_oa)
{
	return (struct hw_device){ .level = (uint8_t)level, .vasz_lg2 = (uint8_t)vasz_lg2,
				   .oasz_lg2 = (uint8_t)oasz_lg2, .large_oa = large_oa };
}

/* Of the highest root, so that every level exists. */
static enum hw_fault fault_of(const struct hw_format *f, bool large, uint64_t raw, unsigned level)
{
	struct hw_device dev = device(f->max_top, 52, large ? 52 : 48, large);
	struct hw_item item;

	return f->decode(f, &dev, raw, level, &item);
}

/* A leaf at OA 0. */
static uint64_t plain_leaf(const struct hw_format *f, unsigned level)
{
	uint64_t page = f->can_upper_half ? PAGE_1 : PAGE;

	return level ? page ^ 2 : page;
}

static enum hw_fault leaf_fault(const struct hw_format *f, bool large, uint64_t set, unsigned level)
{
	return fault_of(f, large, plain_leaf(f, level) | set, level);
}

/* By granule: the highest level of leaves, without and with addresses of 52 bits; of runs. */
static const unsigned highest[3][2] = { { 2, 3 }, { 1, 2 }, { 1, 2 } };
static const unsigned last_run[3] = { 2, 1, 1 };

static void good_size_masks(void **state)
{
	static const uint64_t masks[3][4] = { { 0x11000, 0x2200000, 0x440000000, 0x8000000000 },
					      { 0x204000, 0x42000000, 0x1000000000 },
					      { 0x210000, 0x420000000, 0x40000000000 } };

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (unsigned large = 0; large < 2; large++)
			for (unsigned root = 1; root <= all[i]->max_top; root++) {
				/* The root is a whole table. */
				unsigned vasz = hw_item_lg2(all[i], root + 1);
				struct hw_device dev = device(root, vasz, 48, large);

				for (unsigned level = 0; level <= 4; level++) {
					bool leaf = level <= root && level <= highest[i % 3][large];

					assert_true(all[i]->sizes(all[i], &dev, level) ==
						    (leaf ? masks[i % 3][level] : 0));
				}
			}
}

/* A root of fewer items than a run has. */
static void good_small_root(void **state)
{
	static const uint8_t run_lg2[3] = { 4, 5, 5 };
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		const struct hw_format *f = all[i];
		unsigned item_lg2 = hw_item_lg2(f, 1);

		for (unsigned lg2 = 1; lg2 <= 8; lg2++) {
			struct hw_device dev = device(1, item_lg2 + lg2, 48, false);
			bool fits = lg2 >= run_lg2[i % 3];
			uint64_t leaf = plain_leaf(f, 1) | CONTIGUOUS;

			assert_int_equal(f->root_lg2(f, &dev), lg2);
			assert_true(f->sizes(f, &dev, 1) ==
				    (BIT(item_lg2) | (fits ? BIT(item_lg2 + run_lg2[i % 3]) : 0)));
			assert_int_equal(f->decode(f, &dev, leaf, 1, &item),
					 fits ? HW_OK : HW_BAD_SIZE);
			/* Below the root a run is never too large. */
			assert_int_equal(f->decode(f, &dev, leaf | 2, 0, &item), HW_OK);
		}
	}
}

/* Valid = 0, a block at level 0, and AF = 0, which hardware does not set in the model. */
static void bad_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		const struct hw_format *f = all[i];

		for (unsigned level = 0; level <= f->max_top; level++) {
			assert_int_equal(fault_of(f, false, 0, level), HW_NOT_PRESENT);
			assert_int_equal(fault_of(f, false, 2, level), HW_NOT_PRESENT);
			assert_int_equal(fault_of(f, true, ~BIT(0), level), HW_NOT_PRESENT);
		}
		assert_int_equal(fault_of(f, false, plain_leaf(f, 1), 0), HW_NOT_PRESENT);
		assert_int_equal(fault_of(f, true, plain_leaf(f, 0) ^ BIT(10), 0), HW_ACCESS_FLAG);
		assert_int_equal(fault_of(f, true, plain_leaf(f, 1) ^ BIT(10), 1), HW_ACCESS_FLAG);
	}
}

static void bad_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (unsigned large = 0; large < 2; large++)
			for (unsigned level = 0; level <= all[i]->max_top; level++) {
				bool leaf = level <= highest[i % 3][large];
				bool run = level <= last_run[i % 3];

				assert_int_equal(leaf_fault(all[i], large, 0, level),
						 leaf ? HW_OK : HW_BAD_SIZE);
				assert_int_equal(leaf_fault(all[i], large, CONTIGUOUS, level),
						 run ? HW_OK : HW_BAD_SIZE);
			}
}

/* Bits 50:48 and what the address leaves free above bit 11; no others. */
static void bad_reserved_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (unsigned large = 0; large < 2; large++)
			for (unsigned n = 12; n <= 58; n++) {
				bool lpa = large && i % 3 == 2, lpa2 = large && i % 3 != 2;
				bool low = n < all[i]->granule_lg2 && !lpa;
				bool high = n == 50 || ((n == 48 || n == 49) && !lpa2);
				enum hw_fault want = low || high ? HW_RESERVED : HW_OK;

				assert_int_equal(leaf_fault(all[i], large, BIT(n), 0), want);
				assert_int_equal(fault_of(all[i], large, TABLE | BIT(n), 1), want);
			}
}

static void bad_misaligned(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (unsigned bit = all[i]->granule_lg2; bit < 48; bit++)
			assert_int_equal(leaf_fault(all[i], true, BIT(bit), 1),
					 bit < hw_item_lg2(all[i], 1) ? HW_MISALIGNED : HW_OK);
}

/* An output address beyond what the device was told; tables are not held to it. */
static void bad_output_size(void **state)
{
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (unsigned oasz = 32; oasz < 48; oasz++) {
			const struct hw_format *f = all[i];
			struct hw_device dev = device(2, 44, oasz, false);
			uint64_t page = plain_leaf(f, 0), over = page | BIT(oasz);

			assert_int_equal(f->decode(f, &dev, over, 0, &item), HW_RESERVED);
			assert_int_equal(f->decode(f, &dev, page | BIT(oasz - 1), 0, &item), HW_OK);
			assert_int_equal(f->decode(f, &dev, TABLE | BIT(oasz), 1, &item), HW_OK);
		}
}

static void good_stage_2_bits(void **state)
{
	static const struct {
		uint64_t raw;
		struct hw_attrs attrs;
	} meaning[] = {
		{ 0x7ff, { RWX, WB } },
		{ 0xff800000000007ff, { RWX, WB } }, /* software, ignored */
		{ 0x6ff, { RWX, WB } },
		{ 0x5ff, { RWX } },
		{ 0x4ff, { RWX } },
		{ 0x6d7, { RWX, .type = HW_UNCACHED } },
		{ 0x7d7, { RWX } },
		{ 0x6c7, { RWX, .type = HW_DEVICE_MEMORY } },
		{ 0x7c7, { RWX } },
		{ 0x6c3, { RWX } }, /* Device-nGnRnE: not promised to anyone */
		{ 0x73f, { ALL, EXEC, WB } },
		{ 0x77f, { ALL, .read = true, EXEC, WB } },
		{ 0x7bf, { ALL, .write = true, .dirty = true, EXEC, WB } },
		{ 0x800000000077f, { RW, EXEC, WB } },
		{ 0x800000000073f, { ALL, .write = true, EXEC, WB } },
		{ 0x80000000007ff, { RWX, WB } },
		{ 0x200000000007ff, { RW, .dirty = true, .exec = true, WB } }, /* EL0 only */
		{ 0x400000000007ff, { RW, .dirty = true, WB } },
		{ 0x600000000007ff, { RW, .dirty = true, .exec_privileged = true, WB } },
	};
	const struct hw_format *f = &hw_armv8_s2_4k;
	struct hw_device dev = device(1, 30, 48, false), lpa2 = device(1, 30, 52, true);
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < NELEM(meaning); i++) {
		assert_int_equal(f->decode(f, &dev, meaning[i].raw, 0, &item), HW_OK);
		assert_memory_equal(&item.attrs, &meaning[i].attrs, sizeof(item.attrs));
	}
	/* With LPA2 bits 9:8 are address: the type is as MemAttr says. */
	assert_int_equal(f->decode(f, &lpa2, 0x5d7, 0, &item), HW_OK);
	assert_int_equal(item.attrs.type, HW_UNCACHED);
	assert_true(item.address == BIT(50));
}

/* Table pointers of stage 2 restrict nothing, and a leaf has no nG. */
static void bad_stage_2_reserved(void **state)
{
	(void)state;
	for (size_t i = 3; i < NELEM(all); i++) {
		for (unsigned bit = 59; bit <= 63; bit++)
			assert_int_equal(fault_of(all[i], false, TABLE | BIT(bit), 1), HW_RESERVED);
		assert_int_equal(fault_of(all[i], false, PAGE | BIT(11), 0), HW_RESERVED);
		assert_int_equal(fault_of(all[i], false, TABLE | BIT(11), 1), HW_OK);
	}
}

/* Every width with every level: one table, or up to 16 at stage 2. */
static void check_setups(const struct hw_format *f, unsigned level, bool large)
{
	bool no_such_root = !f->can_upper_half && f->granule_lg2 == 14 && level == 3 && !large;
	unsigned first = hw_item_lg2(f, level) + 1;
	unsigned last = hw_item_lg2(f, level + 1) + (f->can_upper_half ? 0 : 4);

	for (unsigned vasz = 12; vasz <= 52; vasz++)
		for (unsigned oasz = 32; oasz <= 52; oasz += 4) {
			struct hw_device dev = device(level, vasz, oasz, large);
			bool good = vasz >= first && vasz <= last && !no_such_root &&
				    (large || (vasz <= 48 && oasz <= 48));

			assert_int_equal(f->setup(f, &dev), good ? HW_POSSIBLE : HW_MEANINGLESS);
		}
}

static void good_setups(void **state)
{
	static const struct {
		const struct hw_format *f;
		struct hw_device dev;
		enum hw_setup want;
	} worked[] = {
#define DEV(l, va, oa, large) { .level = l, .vasz_lg2 = va, .oasz_lg2 = oa, .large_oa = large }
		{ &hw_armv8_s1_4k, DEV(3, 48, 52, false), HW_MEANINGLESS },
		{ &hw_armv8_s1_4k, DEV(4, 52, 48, false), HW_MEANINGLESS },
		{ &hw_armv8_s1_4k, DEV(4, 52, 52, true), HW_POSSIBLE },
		{ &hw_armv8_s1_16k, DEV(3, 48, 48, false), HW_POSSIBLE },
		{ &hw_armv8_s2_16k, DEV(3, 48, 48, false), HW_MEANINGLESS },
		{ &hw_armv8_s2_16k, DEV(2, 48, 48, false), HW_POSSIBLE },
		{ &hw_armv8_s2_4k, DEV(2, 43, 48, false), HW_POSSIBLE },
		{ &hw_armv8_s2_4k, DEV(2, 44, 48, false), HW_MEANINGLESS },
		{ &hw_armv8_s2_4k, DEV(3, 52, 52, true), HW_POSSIBLE },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(worked); i++)
		assert_int_equal(worked[i].f->setup(worked[i].f, &worked[i].dev), worked[i].want);
	for (size_t i = 0; i < NELEM(all); i++)
		for (unsigned level = 1; level <= all[i]->max_top; level++)
			for (unsigned large = 0; large < 2; large++)
				check_setups(all[i], level, large);
}

/* A root of up to 16 tables of 64K at PA 1M, and one table of level 0 at 64K. */
#define ROOT UINT64_C(0x100000)
#define TABLE_0 UINT64_C(0x10000)
static uint64_t memory[0x200000 / 8];

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	return pa + bytes <= sizeof(memory) ? (uint64_t *)ctx + pa / 8 : NULL;
}

/* Tables 0..15 are one table: the index runs on from each into the next. */
static void good_concatenated_roots(void **state)
{
	struct hw_memory mem = { .ctx = memory, .view = view };
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	for (size_t i = 3; i < NELEM(all); i++)
		for (unsigned more = 1; more <= 4; more++) {
			const struct hw_format *f = all[i];
			unsigned item_lg2 = hw_item_lg2(f, 1), items_lg2 = f->index_lg2 + more;
			struct hw_device dev = device(1, item_lg2 + items_lg2, 48, false);
			/* The third item of the second table. */
			uint64_t index = BIT(f->index_lg2) + 2, va = index << item_lg2;

			dev.root_pa = ROOT;
			memset(memory, 0, sizeof(memory));
			memory[ROOT / 8 + index] = TABLE_0 | TABLE;
			memory[ROOT / 8 + BIT(items_lg2) - 1] = plain_leaf(f, 1);
			memory[TABLE_0 / 8 + 3] = 0x12340000 | PAGE;
			hw_walk(f, &dev, &mem, va + 3 * BIT(f->granule_lg2) + 0x678, HW_WRITE, &w);
			assert_int_equal(w.fault, HW_OK);
			assert_true(w.oa == 0x12340678);
			hw_walk(f, &dev, &mem, BIT(dev.vasz_lg2), HW_READ, &w);
			assert_int_equal(w.fault, HW_VA_TOO_WIDE);
			hw_enumerate(f, &dev, &mem, 9, &map);
			assert_int_equal(map.fault, HW_OK);
			assert_int_equal(map.nr_leaves, 2);
			assert_true(map.leaves[0].va == va + 3 * BIT(f->granule_lg2));
			assert_true(map.leaves[1].va == BIT(dev.vasz_lg2) - BIT(item_lg2));
			assert_int_equal(map.leaves[1].item.size_lg2, item_lg2);
		}
	free(map.leaves);
	free(map.tables);
}

static void good_promises(void **state)
{
	static const struct {
		struct hw_request ask;
		struct hw_attrs get;
	} good[] = {
		{ { .read = true }, { ALL, .read = true, UNCACHED } },
		{ { .read = true, .cache = true }, { ALL, .read = true, EXEC, WB } },
		{ { .read = true, .cache = true, .mmio = true, .noexec = true },
		  { ALL, .read = true, .type = HW_DEVICE_MEMORY } },
		{ { .read = true, .write = true },
		  { ALL, .read = true, .write = true, .dirty = true, UNCACHED } },
		{ { .read = true, .write = true, .dirty_tracking = true },
		  { ALL, .read = true, .write = true, UNCACHED } },
		{ { .read = true, .force_coherence = true, .encrypt = true },
		  { ALL, .read = true, UNCACHED } },
		/* Stage 2 only. */
		{ { .write = true }, { ALL, .write = true, .dirty = true, UNCACHED } },
	};
	struct hw_attrs attrs;

	(void)state;
	for (size_t f = 0; f < NELEM(all); f++)
		for (size_t i = 0; i < NELEM(good); i++) {
			bool can = good[i].ask.read || !all[f]->can_upper_half;

			assert_int_equal(all[f]->promise(all[f], &good[i].ask, &attrs), can);
			if (can)
				assert_memory_equal(&attrs, &good[i].get, sizeof(attrs));
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_size_masks),
		cmocka_unit_test(good_small_root),
		cmocka_unit_test(bad_absent),
		cmocka_unit_test(bad_sizes),
		cmocka_unit_test(bad_reserved_bits),
		cmocka_unit_test(bad_misaligned),
		cmocka_unit_test(bad_output_size),
		cmocka_unit_test(good_stage_2_bits),
		cmocka_unit_test(bad_stage_2_reserved),
		cmocka_unit_test(good_setups),
		cmocka_unit_test(good_concatenated_roots),
		cmocka_unit_test(good_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
