/*
 * Tests of how much one invalidation command can name.
 *
 * Goal: each way to say a size, at every size, every granularity, and what a unit without
 * the ability refuses.
 * Method: loops over all values of the fields; the expectation is counted up bit by bit or
 * taken from tables written down here.
 */
#include "oracle/inv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RANDOM_VA UINT64_C(0x5a3c96e1d2b4f000)
#define NR_NUM	  32
#define NR_SCALE  32

static struct inv_effect decode(const struct inv_format *f, const struct inv_unit *unit,
				uint64_t word0, uint64_t word1)
{
	struct inv_effect e;

	f->decode(unit, (const uint64_t[2]){ word0, word1 }, &e);
	return e;
}

/* The aligned block of 2^lg2 bytes around va. */
static void assert_block(const struct inv_effect *e, uint64_t va, unsigned lg2)
{
	uint64_t first = va, last = va;

	for (unsigned bit = 0; bit < lg2; bit++) {
		first &= ~(UINT64_C(1) << bit);
		last |= UINT64_C(1) << bit;
	}
	assert_int_equal(e->kind, INV_TRANSLATIONS);
	assert_true(e->first == first && e->last == last);
}

/* An address that says 2^lg2 bytes by its ones: from bit 12 up to a zero at bit lg2 - 1. */
static uint64_t say_size(uint64_t va, unsigned lg2)
{
	for (unsigned bit = 12; bit < lg2 - 1; bit++)
		va |= UINT64_C(1) << bit;
	return va & ~(UINT64_C(1) << (lg2 - 1));
}

static void good_size_in_address(void **state)
{
	static const struct inv_unit unit = { .ranges = true };
	struct inv_effect e;

	(void)state;
	for (unsigned lg2 = 13; lg2 <= 64; lg2++) {
		uint64_t va = say_size(RANDOM_VA, lg2);

		e = decode(&inv_amd, &unit, 0x3000000000000000, va | 1);
		assert_block(&e, RANDOM_VA, lg2);
		e = decode(&inv_riscv, &unit, 0x401, va >> 2 | 0x200);
		assert_block(&e, RANDOM_VA, lg2);
		e = decode(&inv_riscv, &unit, 0x200000481, va >> 2 | 0x200);
		assert_block(&e, RANDOM_VA, lg2);
	}
	e = decode(&inv_amd, &unit, 0x3000000000000000, RANDOM_VA);
	assert_block(&e, RANDOM_VA, 12);
	e = decode(&inv_riscv, &unit, 0x401, RANDOM_VA >> 2);
	assert_block(&e, RANDOM_VA, 12);
}

/* AM: up to MAMV in an IOTLB Invalidate, up to all of its six bits in a PASID-based one. */
static void good_address_mask(void **state)
{
	struct inv_unit unit = { .max_mask_lg2 = 0 };
	struct inv_effect e;

	(void)state;
	for (unsigned mamv = 0; mamv < 64; mamv++)
		for (unsigned am = 0; am < 64; am++) {
			unsigned lg2 = am < 52 ? 12 + am : 64;

			unit.max_mask_lg2 = (uint8_t)mamv;
			e = decode(&inv_vtd, &unit, 0x36, RANDOM_VA | am);
			assert_block(&e, RANDOM_VA, lg2);
			e = decode(&inv_vtd, &unit, 0x32, RANDOM_VA | am);
			if (am <= mamv)
				assert_block(&e, RANDOM_VA, lg2);
			else
				assert_int_equal(e.kind, INV_ILLEGAL);
		}
}

/* The type, bits 11:9 and 3:0, and the values of G that are legal with it. */
static void bad_granularities(void **state)
{
	static const struct inv_unit unit = { .ranges = false };
	static const char *const legal[128] = {
		[1] = "123",  [2] = "123", [3] = "0",	[4] = "01",
		[5] = "0123", [6] = "23",  [7] = "013", [8] = "0123",
	};

	(void)state;
	for (uint64_t type = 0; type < 128; type++)
		for (unsigned g = 0; g < 4; g++) {
			uint64_t word0 = (type >> 4) << 9 | g << 4 | (type & 0xf);
			struct inv_effect e = decode(&inv_vtd, &unit, word0, 0);
			bool good = legal[type] && strchr(legal[type], (int)('0' + g));

			assert_int_equal(e.kind != INV_ILLEGAL, good);
		}
}

/* Bytes (lg2) of a leaf, by TG and TTL; with TTL 0 what Address is aligned to. */
static const unsigned leaf_lg2[4][4] = {
	[1] = { 12, 30, 21, 12 },
	[2] = { 14, 0, 25, 14 }, /* TTL 1 is reserved */
	[3] = { 16, 42, 29, 16 },
};
static const unsigned leaf_levels[4] = { 0xff, 1 << 2, 1 << 1, 1 << 0 };

static uint64_t range_word0(unsigned num, unsigned scale)
{
	return 0x13 | num << 12 | scale << 20;
}

/* NUM + 1 granules, times 2^SCALE, from an aligned VA on. */
static void check_smmu_range(unsigned tg, unsigned ttl, unsigned num, unsigned scale, bool leaf)
{
	static const struct inv_unit unit = { .ranges = true };
	uint64_t va = RANDOM_VA >> leaf_lg2[tg][ttl] << leaf_lg2[tg][ttl], granules = num + 1;
	struct inv_effect e = decode(&inv_smmu, &unit, range_word0(num, scale),
				     va | tg << 10 | ttl << 8 | leaf);

	if (!leaf_lg2[tg][ttl] || (!num && !scale && !ttl)) {
		assert_int_equal(e.kind, INV_ILLEGAL);
		return;
	}
	assert_int_equal(e.kind, INV_TRANSLATIONS);
	assert_true(e.first == va);
	assert_true(e.last == va + (granules << scale << leaf_lg2[tg][0]) - 1);
	assert_int_equal(e.leaf_levels, leaf_levels[ttl]);
	assert_int_equal(e.tables, !leaf && (ttl == 0 || ttl == 3));
}

static void good_smmu_ranges(void **state)
{
	(void)state;
	for (unsigned tg = 1; tg < 4; tg++)
		for (unsigned n = 0; n < 4 * NR_NUM * NR_SCALE; n++) {
			check_smmu_range(tg, n % 4, n / 4 % NR_NUM, n / 4 / NR_NUM, false);
			check_smmu_range(tg, n % 4, n / 4 % NR_NUM, n / 4 / NR_NUM, true);
		}
}

/* Up to the end of the address space, not around it. */
static void good_smmu_range_ends(void **state)
{
	static const struct inv_unit unit = { .ranges = true };

	(void)state;
	for (unsigned scale = 0; scale < NR_SCALE; scale++) {
		struct inv_effect e = decode(&inv_smmu, &unit, range_word0(1, scale),
					     UINT64_C(0xffffffffffff0000) | 3 << 10);

		assert_true(e.first == 0xffffffffffff0000 && e.last == UINT64_MAX);
	}
}

static void bad_smmu_unaligned(void **state)
{
	static const struct inv_unit unit = { .ranges = true };

	(void)state;
	for (unsigned tg = 1; tg < 4; tg++)
		for (unsigned ttl = 0; ttl < 4; ttl++)
			for (unsigned bit = 12; bit < 64; bit++) {
				uint64_t va = UINT64_C(1) << bit;
				struct inv_effect e = decode(&inv_smmu, &unit, range_word0(1, 0),
							     va | tg << 10 | ttl << 8);
				bool good = leaf_lg2[tg][ttl] && bit >= leaf_lg2[tg][ttl];

				assert_int_equal(e.kind, good ? INV_TRANSLATIONS : INV_ILLEGAL);
			}
}

/* SCALE, NUM and TTL are reserved without TG. */
static void bad_smmu_range_without_granule(void **state)
{
	static const struct inv_unit unit = { .ranges = true };

	(void)state;
	for (unsigned ttl = 0; ttl < 4; ttl++)
		for (unsigned n = 0; n < NR_NUM * NR_SCALE; n++) {
			struct inv_effect e = decode(&inv_smmu, &unit,
						     range_word0(n % NR_NUM, n / NR_NUM), ttl << 8);

			assert_int_equal(e.kind, n || ttl ? INV_ILLEGAL : INV_TRANSLATIONS);
		}
}

/* What a unit cannot do is a reserved bit; it refuses nothing else. */
static void bad_without_ability(void **state)
{
	static const struct {
		const struct inv_format *f;
		uint64_t word[2];
		bool ranges, nonleaf;
	} needs[] = {
		{ &inv_riscv, { 0x401, 0 }, false, false },
		{ &inv_riscv, { 0x401, 0x200 }, true, false },
		{ &inv_riscv, { 0x001, 0x200 }, true, false }, /* ignored, but reserved */
		{ &inv_riscv, { 0x481, 0x200 }, true, false },
		{ &inv_riscv, { 0x400000401, 0 }, false, true },
		{ &inv_riscv, { 0x400000001, 0 }, false, true },
		{ &inv_riscv, { 0x400000481, 0x200 }, true, true },
		{ &inv_smmu, { 0x12, 0x001 }, false, false },
		{ &inv_smmu, { 0x12, 0x700 }, true, false },
		{ &inv_smmu, { 0x1013, 0x400 }, true, false },
		{ &inv_smmu, { 0x10002a, 0x800 }, true, false },
		{ &inv_amd, { 0x3000000000000000, 1 }, false, false },
	};

	(void)state;
	for (unsigned n = 0; n < 4 * sizeof(needs) / sizeof(needs[0]); n++) {
		struct inv_unit unit = { .ranges = n & 1, .nonleaf = n & 2 };
		bool good = unit.ranges >= needs[n / 4].ranges &&
			    unit.nonleaf >= needs[n / 4].nonleaf;
		struct inv_effect e = decode(needs[n / 4].f, &unit, needs[n / 4].word[0],
					     needs[n / 4].word[1]);

		assert_int_equal(e.kind, good ? INV_TRANSLATIONS : INV_ILLEGAL);
		assert_int_equal(!good, e.why && *e.why);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_size_in_address),
		cmocka_unit_test(good_address_mask),
		cmocka_unit_test(bad_granularities),
		cmocka_unit_test(good_smmu_ranges),
		cmocka_unit_test(good_smmu_range_ends),
		cmocka_unit_test(bad_smmu_unaligned),
		cmocka_unit_test(bad_smmu_range_without_granule),
		cmocka_unit_test(bad_without_ability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
