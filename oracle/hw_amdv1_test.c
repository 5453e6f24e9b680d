/*
 * Tests of the AMDv1 hardware decoder and of its mock.
 *
 * Goal: every bit of an item means what the manual says, and every item that the manual
 * forbids is refused for the right reason.
 * Method: worked values as literals, then loops over sizes, reserved bits and levels whose
 * expectation is arithmetic on the manual's text, not the decoder's masks.
 */
#include "oracle/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

extern const struct hw_format hw_amdv1, hw_amdv1_mock;

#define BIT(n) (UINT64_C(1) << (n))

#define PR	    BIT(0)
#define RW	    (BIT(61) | BIT(62))
#define SIZED	    (PR | UINT64_C(7) << 9)
#define POINTER(to) (PR | ((uint64_t)(to) + 1) << 9)

static const struct hw_device plain;

static enum hw_fault decode_with(const struct hw_format *f, uint8_t encrypt_bit, uint64_t raw,
				 unsigned level, struct hw_item *item)
{
	struct hw_device dev = { .encrypt_bit = encrypt_bit };

	return f->decode(f, &dev, raw, level, item);
}

static enum hw_fault fault_of(uint64_t raw, unsigned level)
{
	struct hw_item item;

	return hw_amdv1.decode(&hw_amdv1, &plain, raw, level, &item);
}

static enum hw_fault mock_fault_of(uint64_t raw, unsigned level)
{
	struct hw_item item;

	return hw_amdv1_mock.decode(&hw_amdv1_mock, &plain, raw, level, &item);
}

/* Whole items, as one would read them in a dump. */
static void good_worked_leaves(void **state)
{
	static const struct {
		uint64_t raw;
		unsigned level, size_lg2;
		uint64_t oa;
	} good[] = {
		{ 0x6000000012344001, 0, 12, 0x12344000 },
		{ 0x6000000012344e01, 0, 13, 0x12344000 },
		{ 0x6000000012345e01, 0, 14, 0x12344000 },
		{ 0x6000000012343e01, 0, 15, 0x12340000 },
		{ 0x6000000012347e01, 0, 16, 0x12340000 },
		{ 0x6000000012200001, 1, 21, 0x12200000 },
		{ 0x60000000401ffe01, 1, 22, 0x40000000 },
		{ 0x6000000080000001, 2, 30, 0x80000000 },
		{ 0x6001000000000001, 4, 48, 0x1000000000000 },
		{ 0x600bfffffffffe01, 4, 51, 0x8000000000000 },
	};
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		enum hw_fault fault = hw_amdv1.decode(&hw_amdv1, &plain, good[i].raw,
						      good[i].level, &item);

		assert_int_equal(fault, HW_OK);
		assert_int_equal(item.kind, HW_LEAF);
		assert_int_equal(item.size_lg2, good[i].size_lg2);
		assert_true(item.address == good[i].oa);
		assert_true(item.attrs.read && item.attrs.write);
	}
}

/* The address field of a leaf of 2^size bytes at oa: ones from the granule up, then zero. */
static uint64_t sized(uint64_t oa, unsigned size_lg2)
{
	return oa | ((BIT(size_lg2 - 1) - 1) >> 12 << 12);
}

static void good_size_masks(void **state)
{
	static const uint64_t amdv1[6] = { 0x1ff000,	   0x3fe00000,	    0x7fc0000000,
					   0xff0000000000, 0xf000000000000, 0 };
	static const uint64_t mock[5] = { 0xff800, 0x1ff00000, 0x3fe0000000, 0x7fc000000000,
					  0x7800000000000 };

	(void)state;
	for (unsigned level = 0; level <= 5; level++)
		assert_true(hw_amdv1.sizes(&hw_amdv1, &plain, level) == amdv1[level]);
	for (unsigned level = 0; level <= 4; level++)
		assert_true(hw_amdv1_mock.sizes(&hw_amdv1_mock, &plain, level) == mock[level]);
}

/* Each size at each level, written both ways. */
static void good_every_size(void **state)
{
	struct hw_item item;

	(void)state;
	for (unsigned level = 0; level <= 5; level++) {
		unsigned item_lg2 = 12 + 9 * level;

		for (unsigned lg2 = 13; lg2 <= 53; lg2++) {
			bool fits = lg2 > item_lg2 && lg2 < item_lg2 + 9 && lg2 <= 51;
			uint64_t oa = lg2 < 51 ? BIT(51) | BIT(lg2) : 0;
			enum hw_fault fault = decode_with(&hw_amdv1, 0, SIZED | sized(oa, lg2),
							  level, &item);

			assert_int_equal(fault, fits ? HW_OK : HW_BAD_SIZE);
			if (!fits)
				continue;
			assert_int_equal(item.size_lg2, lg2);
			assert_true(item.address == oa);
		}
		if (level == 3 || level == 5) {
			assert_int_equal(fault_of(PR, level), HW_BAD_SIZE);
			continue;
		}
		assert_int_equal(decode_with(&hw_amdv1, 0, PR | BIT(51), level, &item), HW_OK);
		assert_int_equal(item.size_lg2, item_lg2);
		assert_true(item.address == BIT(51));
	}
}

/* Neither execution nor privilege is known to this format. */
#define ALWAYS .exec = true, .exec_privileged = true, .user = true

static void good_leaf_bits(void **state)
{
	static const unsigned ignored[] = { 1, 2, 3, 4, 7, 8, 63 };
	static const struct {
		unsigned bit;
		struct hw_attrs attrs;
	} meaning[] = {
		{ 5, { .accessed = true, ALWAYS } },	  { 6, { .dirty = true, ALWAYS } },
		{ 59, { .untranslated = true, ALWAYS } }, { 60, { .coherent = true, ALWAYS } },
		{ 61, { .read = true, ALWAYS } },	  { 62, { .write = true, ALWAYS } },
	};
	struct hw_attrs none = { .exec = true, .exec_privileged = true, .user = true };
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(meaning) / sizeof(meaning[0]); i++) {
		decode_with(&hw_amdv1, 0, PR | BIT(meaning[i].bit), 0, &item);
		assert_int_equal(item.kind, HW_LEAF);
		assert_memory_equal(&item.attrs, &meaning[i].attrs, sizeof(item.attrs));
	}
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		decode_with(&hw_amdv1, 0, PR | BIT(ignored[i]), 0, &item);
		assert_int_equal(item.kind, HW_LEAF);
		assert_true(item.address == 0);
		assert_memory_equal(&item.attrs, &none, sizeof(none));
	}
}

static void good_pointer_bits(void **state)
{
	static const unsigned ignored[] = { 1, 2, 3, 4, 5, 6, 7, 8, 63 };
	struct hw_attrs none = { .exec = true, .exec_privileged = true, .user = true };
	struct hw_item item;

	(void)state;
	decode_with(&hw_amdv1, 0, 0x600fedcba9876a01, 5, &item);
	assert_int_equal(item.kind, HW_TABLE);
	assert_int_equal(item.next_level, 4);
	assert_true(item.address == 0xfedcba9876000);
	assert_true(item.attrs.read && item.attrs.write);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		decode_with(&hw_amdv1, 0, POINTER(0) | BIT(ignored[i]), 1, &item);
		assert_int_equal(item.kind, HW_TABLE);
		assert_true(item.address == 0);
		assert_memory_equal(&item.attrs, &none, sizeof(none));
	}
	decode_with(&hw_amdv1, 0, POINTER(0) | BIT(61), 1, &item);
	assert_true(item.attrs.read && !item.attrs.write);
}

static void bad_not_present(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 5; level++) {
		assert_int_equal(fault_of(0, level), HW_NOT_PRESENT);
		assert_int_equal(fault_of(UINT64_MAX - 1, level), HW_NOT_PRESENT);
		assert_int_equal(mock_fault_of(UINT64_MAX - 1, level), HW_NOT_PRESENT);
	}
}

static void bad_reserved_bits(void **state)
{
	(void)state;
	for (unsigned bit = 52; bit <= 60; bit++) {
		enum hw_fault leaf = bit <= 58 ? HW_RESERVED : HW_OK;

		assert_int_equal(fault_of(PR | RW | BIT(bit), 0), leaf);
		assert_int_equal(fault_of(SIZED | RW | BIT(bit), 0), leaf);
		assert_int_equal(fault_of(POINTER(0) | RW | BIT(bit), 1), HW_RESERVED);
		assert_int_equal(mock_fault_of(PR | BIT(bit), 0), leaf);
		assert_int_equal(mock_fault_of(POINTER(0) | BIT(bit), 1), HW_RESERVED);
	}
}

static void bad_pointer_levels(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 5; level++)
		for (unsigned to = 0; to <= 5; to++) {
			enum hw_fault want = to < level ? HW_OK : HW_BAD_LEVEL;

			assert_int_equal(fault_of(POINTER(to) | RW, level), want);
			if (level <= 4)
				assert_int_equal(mock_fault_of(POINTER(to) | RW, level), want);
		}
}

static void bad_misaligned(void **state)
{
	(void)state;
	for (unsigned level = 1; level <= 4; level++)
		for (unsigned bit = 12; bit < 12 + 9 * level && level != 3; bit++)
			assert_int_equal(fault_of(PR | BIT(bit), level), HW_MISALIGNED);
	assert_int_equal(mock_fault_of(PR | BIT(12), 1), HW_MISALIGNED);
	assert_int_equal(mock_fault_of(PR | BIT(20), 1), HW_MISALIGNED);
	assert_int_equal(mock_fault_of(PR | BIT(21), 1), HW_OK);
}

/* The C-bit is reported and stripped, also where it continues the ones of a size. */
static void good_c_bit(void **state)
{
	struct hw_item item;

	(void)state;
	for (uint8_t c = 32; c <= 51; c++) {
		decode_with(&hw_amdv1, c, PR | 0x12345000 | BIT(c), 0, &item);
		assert_true(item.attrs.encrypted && item.address == 0x12345000);
		decode_with(&hw_amdv1, c, PR | 0x12345000, 0, &item);
		assert_false(item.attrs.encrypted);
		decode_with(&hw_amdv1, c, POINTER(0) | 0x12345000 | BIT(c), 1, &item);
		assert_true(item.attrs.encrypted && item.address == 0x12345000);
	}
	for (uint8_t c = 39; c <= 50; c++) {
		if (c == 47)
			continue; /* 2^48 is the default size of level 4 */
		decode_with(&hw_amdv1, c, SIZED | sized(0, c + 1U) | BIT(c), c < 47 ? 3 : 4, &item);
		assert_int_equal(item.kind, HW_LEAF);
		assert_int_equal(item.size_lg2, c + 1);
		assert_true(item.attrs.encrypted && item.address == 0);
	}
	decode_with(&hw_amdv1, 0, PR | 0x12345000 | BIT(51), 0, &item);
	assert_true(!item.attrs.encrypted && item.address == (0x12345000 | BIT(51)));
}

/* The mock's field holds address >> 11: an address is shifted left by one. */
static void good_mock_worked(void **state)
{
	struct hw_item item;

	(void)state;
	decode_with(&hw_amdv1_mock, 0, 0x6000000024689001, 0, &item);
	assert_true(item.address == 0x12344800 && item.size_lg2 == 11);
	decode_with(&hw_amdv1_mock, 0, 0x600000002468ae01, 0, &item);
	assert_true(item.address == 0x12345000 && item.size_lg2 == 12);
	decode_with(&hw_amdv1_mock, 0, 0x6000000024689e01, 0, &item);
	assert_true(item.address == 0x12344000 && item.size_lg2 == 13);
	decode_with(&hw_amdv1_mock, 0, 0x600ffdb97530e201, 1, &item);
	assert_int_equal(item.kind, HW_TABLE);
	assert_true(item.address == 0x7fedcba987000);
	for (uint8_t c = 32; c <= 50; c++) {
		decode_with(&hw_amdv1_mock, c, 0x6000000024689001 | BIT(c + 1), 0, &item);
		assert_true(item.address == 0x12344800 && item.attrs.encrypted);
	}
}

static void good_mock_every_size(void **state)
{
	struct hw_item item;

	(void)state;
	for (unsigned level = 0; level <= 4; level++) {
		unsigned item_lg2 = 11 + 9 * level;

		for (unsigned lg2 = 12; lg2 <= 52; lg2++) {
			bool fits = lg2 > item_lg2 && lg2 < item_lg2 + 9 && lg2 <= 50;
			enum hw_fault fault = decode_with(&hw_amdv1_mock, 0,
							  SIZED | sized(0, lg2 + 1), level, &item);

			assert_int_equal(fault, fits ? HW_OK : HW_BAD_SIZE);
			if (fits)
				assert_int_equal(item.size_lg2, lg2);
		}
		assert_int_equal(decode_with(&hw_amdv1_mock, 0, PR, level, &item), HW_OK);
		assert_int_equal(item.size_lg2, item_lg2);
	}
}

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	uint64_t(*tables)[512] = ctx;

	return bytes == 4096 && pa >> 12 < 2 ? tables[pa >> 12] : NULL;
}

/* 2K a page, 512 items a table: 20 bits are decoded below the second level. */
static void good_mock_walk(void **state)
{
	static uint64_t tables[2][512];
	struct hw_memory mem = { .ctx = tables, .view = view };
	struct hw_device dev = { .root_pa = 0, .level = 4 };
	struct hw_walk w;

	(void)state;
	tables[0][511] = POINTER(0) | RW | 0x1000 << 1;
	tables[1][3] = 0x6000000024689001;
	hw_walk(&hw_amdv1_mock, &dev, &mem, (UINT64_C(511) << 47) + 0x1fff, HW_WRITE, &w);
	assert_int_equal(w.fault, HW_OK);
	assert_true(w.oa == 0x12344fff);
	hw_walk(&hw_amdv1_mock, &dev, &mem, (UINT64_C(511) << 47) + 0x101fff, HW_WRITE, &w);
	assert_int_equal(w.fault, HW_SKIPPED_VA);
	hw_walk(&hw_amdv1_mock, &dev, &mem, BIT(56), HW_WRITE, &w);
	assert_int_equal(w.fault, HW_VA_TOO_WIDE);
	dev.level = 5;
	hw_walk(&hw_amdv1_mock, &dev, &mem, 0, HW_WRITE, &w);
	assert_int_equal(w.fault, HW_BAD_LEVEL);
}

static void good_promises(void **state)
{
	static const struct {
		struct hw_request ask;
		struct hw_attrs get;
	} good[] = {
		{ { .read = true }, { .read = true, .accessed = true, ALWAYS } },
		{ { .read = true, .dirty_tracking = true }, { .read = true, .accessed = true, ALWAYS } },
		{ { .write = true }, { .write = true, .accessed = true, .dirty = true, ALWAYS } },
		{ { .write = true, .dirty_tracking = true }, { .write = true, ALWAYS } },
		{ { .force_coherence = true }, { .coherent = true, .accessed = true, ALWAYS } },
		{ { .encrypt = true }, { .encrypted = true, .accessed = true, ALWAYS } },
		{ { .encrypt = true, .mmio = true }, { .accessed = true, ALWAYS } },
		{ { .cache = true, .mmio = true }, { .accessed = true, ALWAYS } },
	};
	struct hw_request noexec = { .read = true, .noexec = true };
	struct hw_attrs attrs;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(hw_amdv1.promise(&hw_amdv1, &good[i].ask, &attrs));
		assert_memory_equal(&attrs, &good[i].get, sizeof(attrs));
	}
	assert_false(hw_amdv1.promise(&hw_amdv1, &noexec, &attrs));
}

static void good_describe(void **state)
{
	char buf[128];

	(void)state;
	hw_describe(&hw_amdv1, 0x7000000012345e41, buf, sizeof(buf));
	assert_string_equal(buf, "IW=1 IR=1 FC=1 U=0 Address=0x12345 NextLevel=7 D=1 A=0 PR=1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_worked_leaves),
		cmocka_unit_test(good_size_masks),
		cmocka_unit_test(good_every_size),
		cmocka_unit_test(good_leaf_bits),
		cmocka_unit_test(good_pointer_bits),
		cmocka_unit_test(bad_not_present),
		cmocka_unit_test(bad_reserved_bits),
		cmocka_unit_test(bad_pointer_levels),
		cmocka_unit_test(bad_misaligned),
		cmocka_unit_test(good_c_bit),
		cmocka_unit_test(good_mock_worked),
		cmocka_unit_test(good_mock_every_size),
		cmocka_unit_test(good_mock_walk),
		cmocka_unit_test(good_promises),
		cmocka_unit_test(good_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
