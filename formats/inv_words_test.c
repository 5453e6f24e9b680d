/*
 * Tests of what the invalidation commands of every architecture are, word for word.
 *
 * Goal: the words are those that the manual's drawing has, and a list for a device entry
 * removes the entry first, then all that was cached by the tags, then waits.
 * Method: literals, worked by hand from the manuals that formats/inv_*.c name; lists for
 * device entries are read by the decoder, too. All other ranges: inv_test.c.
 */
#define PT_WORLD sim
#include "core/stamp.h"
#include "oracle/inv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

PT_COMMANDS(none)
PT_COMMANDS(amd)
PT_COMMANDS(vtd)
PT_COMMANDS(riscv)
PT_COMMANDS(smmu)

struct table {
	const struct inv_format *format;
	struct pt_fmt fmt;
	uint64_t features;
};

#define TABLE(architecture, granule, index, ...)                                                   \
	{                                                                                          \
		&inv_##architecture,                                                               \
			{ .encode = PT_ENCODE(architecture),                                       \
			  .encode_entry = PT_ENCODE_ENTRY(architecture),                           \
			  .granule_lg2 = (granule),                                                \
			  .index_lg2 = (index) },                                                  \
			__VA_ARGS__                                                                \
	}
#define FIRST .fmt.first_stage = true

static const struct table none = TABLE(none, 12, 9, 0);
static const struct table amd = TABLE(amd, 12, 9, 0);
static const struct table amd_2k = TABLE(amd, 11, 9, 0);
static const struct table amd_guest = TABLE(amd, 12, 9, FIRST);
static const struct table vtd = TABLE(vtd, 12, 9, 0);
static const struct table vtd_first = TABLE(vtd, 12, 9, FIRST);
static const struct table riscv = TABLE(riscv, 12, 9, FIRST);
static const struct table riscv_second = TABLE(riscv, 12, 9, FIRST, .features = PT_SECOND_STAGE);
static const struct table smmu = TABLE(smmu, 12, 9, FIRST);
static const struct table smmu_16k = TABLE(smmu, 14, 11, FIRST);
static const struct table smmu_64k = TABLE(smmu, 16, 13, FIRST);
static const struct table smmu_second = TABLE(smmu, 12, 9, 0);

struct literal {
	const struct table *table;
	struct pt_unit unit;
	struct pt_invalidation inv;
	uint64_t words[6][2]; /* until a low word of 0, which no command has */
};

/* clang-format off */
#define CASE(subject, able, range, ...) { &(subject), able, range, { __VA_ARGS__ } }
#define UNIT(...)                                                                                  \
	{                                                                                          \
		.domain = 0x1234, .space = 0x5678, .device = 0xabcd, .completion = 0x8000,         \
		__VA_ARGS__                                                                        \
	}
/* Tags and addresses of all ones. */
#define ONES(space_, device_)                                                                      \
	{                                                                                          \
		.domain = 0xffff, .space = (space_), .device = (device_),                          \
		.completion = UINT64_C(0xffffffffffff8),                                           \
	}
#define INV(first, last, leaf_levels, table_levels) { first, last, leaf_levels, table_levels }
#define W(low, high) { UINT64_C(low), UINT64_C(high) }
/* clang-format on */

#define NO_RANGES UNIT(.nonleaf = false)
#define RANGES UNIT(.ranges = true)
#define NONLEAF UNIT(.nonleaf = true)
#define MASK(n) UNIT(.max_mask_lg2 = (n))
/* The address of a completion as large as the field that holds it, bits 63:2. */
#define FAR                                                                                        \
	{                                                                                          \
		.domain = 0x1234, .completion = UINT64_C(0xfffffffffffffffc)                       \
	}
/* More than any field holds: what is beyond its own is left out, and is in no other. */
#define TOO_MUCH                                                                                   \
	{                                                                                          \
		.domain = 0x1234, .space = UINT32_MAX, .device = UINT32_MAX,                       \
		.completion = UINT64_MAX                                                           \
	}
/* 2^63 bytes: the largest block but the whole. */
#define HALF INV(0, 0x7fffffffffffffff, 1, 0)

#define ALL INV(0, UINT64_MAX, PT_ANY_LEVEL, PT_ANY_LEVEL)
#define ALL_LEAVES INV(0, UINT64_MAX, PT_ANY_LEVEL, 0)

#define AMD_FENCE W(0x1000000000000004, 0)
#define AMD_DONE W(0x1000000000008005, 1)
#define VTD_DONE W(0x100000065, 0x8000)
#define AMD_DONE_AT_ONES W(0x100ffffffffffffd, 1)
#define VTD_DONE_AT_ONES W(0x100000065, 0xffffffffffff8)
#define RISCV_DONE W(0x3002, 0)
#define SMMU_DONE W(0x46, 0)

static const struct literal literals[] = {
	CASE(none, UNIT(), INV(0x5000, 0x7fff, 1, 2), W(0x20101, 0x700000005), W(3, 0)),
	CASE(none, UNIT(), ALL, W(0xffff01, 0xffffffff00000000), W(3, 0)),

	CASE(amd, UNIT(), INV(0x5000, 0x5fff, 1, 0), W(0x3000123400000000, 0x5000), AMD_DONE),
	CASE(amd, UNIT(), INV(0x4000, 0x5fff, 1, 2), W(0x3000123400000000, 0x4003), AMD_DONE),
	CASE(amd, UNIT(), INV(0x5000, 0x7fff, 1, 0), W(0x3000123400000000, 0x5001), AMD_DONE),
	CASE(amd, UNIT(), INV(0x200000, 0x3fffff, 2, 0), W(0x3000123400000000, 0x2ff001), AMD_DONE),
	/* Three pages around a boundary are not a block of 256. */
	CASE(amd, UNIT(), INV(0x17f000, 0x181fff, 1, 0), W(0x3000123400000000, 0x17f000),
	     W(0x3000123400000000, 0x180001), AMD_DONE),
	/* The largest block, and the next. */
	CASE(amd, UNIT(), INV(0, 0x7ffffffffffff, 1, 0), W(0x3000123400000000, 0x3fffffffff001),
	     AMD_DONE),
	CASE(amd, UNIT(), INV(0, 0xfffffffffffff, 1, 0), W(0x3000123400000000, 0x7ffffffffffff001),
	     AMD_DONE),
	CASE(amd, UNIT(), ALL, W(0x3000123400000000, 0x7ffffffffffff003), AMD_DONE),
	CASE(amd_2k, UNIT(), INV(0x4800, 0x57ff, 1, 0), W(0x3000123400000000, 0x4001), AMD_DONE),
	CASE(amd_guest, UNIT(), INV(0xffff800000000000, 0xffff800000000fff, 1, 0),
	     W(0x3000123400005678, 0xffff800000000004), AMD_DONE),
	CASE(amd_guest, ONES(0xfffff, 0xffff), INV(0x5000, 0x5fff, 1, 0),
	     W(0x3000ffff000fffff, 0x5004), AMD_DONE_AT_ONES),

	CASE(amd_guest, TOO_MUCH, INV(0x5000, 0x5fff, 1, 0), W(0x30001234000fffff, 0x5004),
	     AMD_DONE_AT_ONES),

	CASE(vtd, MASK(9), INV(0x5000, 0x7fff, 1, 0), W(0x123400f2, 0x4042), VTD_DONE),
	CASE(vtd, MASK(9), INV(0x5000, 0x5fff, 1, 1), W(0x123400f2, 0x5000), VTD_DONE),
	CASE(vtd, MASK(63), HALF, W(0x123400f2, 0x73), VTD_DONE),
	CASE(vtd, MASK(9), INV(0x17f000, 0x181fff, 1, 0), W(0x123400f2, 0x17f040),
	     W(0x123400f2, 0x180041), VTD_DONE),
	CASE(vtd, MASK(9), INV(0x200000, 0x3fffff, 0, 1), W(0x123400f2, 0x200009), VTD_DONE),
	CASE(vtd, MASK(8), INV(0x200000, 0x3fffff, 2, 0), W(0x123400e2, 0), VTD_DONE),
	CASE(vtd, FAR, INV(0x5000, 0x5fff, 1, 0), W(0x123400f2, 0x5040),
	     W(0x100000065, 0xfffffffffffffffc)),
	CASE(vtd, TOO_MUCH, INV(0x5000, 0x5fff, 1, 0), W(0x123400f2, 0x5040),
	     W(0x100000065, 0xfffffffffffffffc)),
	CASE(vtd_first, MASK(1), INV(0x6000, 0x7fff, 1, 0), W(0x567812340036, 0x6041), VTD_DONE),
	CASE(vtd_first, MASK(63), ALL, W(0x567812340026, 0), VTD_DONE),
	CASE(vtd_first, TOO_MUCH, INV(0x5000, 0x5fff, 1, 0), W(0xfffff12340036, 0x5040),
	     W(0x100000065, 0xfffffffffffffffc)),
	CASE(vtd_first, ONES(0xfffff, 0xffff), INV(0x5000, 0x5fff, 1, 0), W(0xfffffffff0036, 0x5040),
	     VTD_DONE_AT_ONES),

	CASE(riscv_second, NO_RANGES, INV(0x5000, 0x6fff, 1, 0), W(0x0123400200000481, 0x1400),
	     W(0x0123400200000481, 0x1800), RISCV_DONE),
	CASE(riscv_second, NO_RANGES, INV(0x5000, 0x5fff, 1, 1), W(0x0123400200000081, 0),
	     RISCV_DONE),
	CASE(riscv_second, NONLEAF, INV(0x5000, 0x5fff, 1, 1), W(0x0123400600000481, 0x1400),
	     RISCV_DONE),
	CASE(riscv, NO_RANGES, INV(0xffffffc000000000, 0xffffffc0003fffff, 2, 0),
	     W(0x105678401, 0x3ffffff000000000), W(0x105678401, 0x3ffffff000080000), RISCV_DONE),
	CASE(riscv, RANGES, INV(0x4000, 0x7fff, 1, 0), W(0x105678401, 0x1600), RISCV_DONE),
	/* A page each: two levels of leaves, a level of leaves and one of tables. */
	CASE(riscv, NO_RANGES, INV(0x200000, 0x201fff, 6, 0), W(0x105678401, 0x80000),
	     W(0x105678401, 0x80400), RISCV_DONE),
	CASE(riscv, NONLEAF, INV(0x200000, 0x201fff, 2, 1), W(0x505678401, 0x80000),
	     W(0x505678401, 0x80400), RISCV_DONE),
	/* 33 pages. */
	CASE(riscv, NO_RANGES, INV(0x100000, 0x120fff, 1, 0), W(0x105678001, 0), RISCV_DONE),
	CASE(riscv, RANGES, HALF, W(0x105678401, 0xffffffffffffe00), RISCV_DONE),
	CASE(riscv, TOO_MUCH, INV(0x5000, 0x5fff, 1, 0), W(0x1fffff401, 0x1400), RISCV_DONE),
	CASE(riscv, RANGES, ALL_LEAVES, W(0x105678001, 0), RISCV_DONE),
	CASE(riscv, RANGES, ALL, W(0x105678001, 0), RISCV_DONE),
	CASE(riscv, ONES(0xfffff, 0xffffff), INV(0x5000, 0x5fff, 1, 0), W(0x1fffff401, 0x1400),
	     RISCV_DONE),
	CASE(riscv_second, ONES(0xfffff, 0xffffff), INV(0x5000, 0x5fff, 1, 0),
	     W(0x0ffff00200000481, 0x1400), RISCV_DONE),

	CASE(smmu, NO_RANGES, INV(0x5000, 0x6fff, 1, 0), W(0x5678123400000012, 0x5001),
	     W(0x5678123400000012, 0x6001), SMMU_DONE),
	CASE(smmu, RANGES, INV(0x5000, 0x5fff, 1, 0), W(0x5678123400000012, 0x5701), SMMU_DONE),
	/* One granule of any level: TG without a range or a TTL would be illegal. */
	CASE(smmu, RANGES, INV(0x5000, 0x5fff, 3, 0), W(0x5678123400000012, 0x5001), SMMU_DONE),
	CASE(smmu, RANGES, INV(0x200000, 0x3fffff, 2, 0), W(0x567812340041f012, 0x200601),
	     SMMU_DONE),
	CASE(smmu, RANGES, INV(0x5000, 0x5fff, 1, 1), W(0x5678123400000012, 0x5000), SMMU_DONE),
	/* 33 granules. */
	CASE(smmu, NO_RANGES, INV(0x100000, 0x120fff, 1, 0), W(0x5678123400000011, 0), SMMU_DONE),
	/* 2^36 granules are the largest range, and one more. */
	CASE(smmu, RANGES, INV(0, 0xffffffffffff, 3, 0), W(0x5678123401f1f012, 0x401), SMMU_DONE),
	CASE(smmu, RANGES, INV(0, 0x1000000000fff, 3, 0), W(0x5678123400000011, 0), SMMU_DONE),
	CASE(smmu, NO_RANGES, INV(0xffff800000000000, 0xffff800000000fff, 1, 0),
	     W(0x5678123400000012, 0xffff800000000001), SMMU_DONE),
	/* A range does not reach from one half into the other. */
	CASE(smmu, RANGES, INV(0x7ffffffffffff000, 0x8000000000000fff, 1, 0),
	     W(0x5678123400000011, 0), SMMU_DONE),
	/* No TTL: 64G leaves of 16K granules, and 512G leaves. One: 4T leaves of 64K granules. */
	CASE(smmu_16k, RANGES, INV(0, 0xfffffffff, 4, 0), W(0x567812340111f012, 0x801), SMMU_DONE),
	CASE(smmu, RANGES, INV(0, 0x7fffffffff, 8, 0), W(0x567812340161f012, 0x401), SMMU_DONE),
	CASE(smmu_64k, RANGES, INV(0, 0x3ffffffffff, 4, 0), W(0x567812340151f012, 0xd01),
	     SMMU_DONE),
	CASE(smmu, NO_RANGES, ALL, W(0x5678123400000011, 0), SMMU_DONE),
	CASE(smmu, ONES(0xffff, 0xffffffff), INV(0x5000, 0x5fff, 1, 0),
	     W(0xffffffff00000012, 0x5001), SMMU_DONE),
	CASE(smmu_second, RANGES, INV(0x5000, 0x7fff, 1, 1), W(0x12340000202a, 0x5400), SMMU_DONE),
	/* The last IPA of 52 bits, and the one after it. */
	CASE(smmu_second, NO_RANGES, INV(0xffffffffff000, 0xfffffffffffff, 1, 0),
	     W(0x12340000002a, 0xffffffffff001), SMMU_DONE),
	CASE(smmu_second, NO_RANGES, INV(0x10000000000000, 0x10000000000fff, 1, 0),
	     W(0x123400000028, 0), SMMU_DONE),
	CASE(smmu_second, RANGES, ALL, W(0x123400000028, 0), SMMU_DONE),
};

static const struct literal entries[] = {
	CASE(none, UNIT(), ALL, W(0xabcd00000002, 0), W(0xffff01, 0xffffffff00000000), W(3, 0)),
	CASE(amd, UNIT(), ALL, W(0x200000000000abcd, 0), AMD_FENCE,
	     W(0x3000123400000000, 0x7ffffffffffff003), AMD_DONE),
	CASE(amd_guest, UNIT(), ALL, W(0x200000000000abcd, 0), AMD_FENCE,
	     W(0x3000123400005678, 0x7ffffffffffff007), AMD_DONE),
	CASE(vtd, UNIT(), ALL, W(0xabcd12340031, 0), W(0x123400e2, 0), VTD_DONE),
	CASE(vtd_first, UNIT(), ALL, W(0xabcd12340031, 0), W(0x12340007, 0), W(0x123400e2, 0),
	     VTD_DONE),
	CASE(riscv, UNIT(), ALL, W(0x00abcd0200000003, 0), RISCV_DONE, W(0x105678001, 0),
	     RISCV_DONE),
	CASE(riscv_second, UNIT(), ALL, W(0x00abcd0200000003, 0), RISCV_DONE,
	     W(0x0123400200000001, 0), W(0x0123400200000081, 0), RISCV_DONE),
	CASE(smmu, UNIT(), ALL, W(0xabcd00000003, 1), W(0xabcd00000005, 1), SMMU_DONE,
	     W(0x5678123400000011, 0), SMMU_DONE),
	CASE(smmu_second, UNIT(), ALL, W(0xabcd00000003, 1), SMMU_DONE, W(0x123400000028, 0),
	     SMMU_DONE),
	CASE(amd_guest, ONES(0xfffff, 0xffff), ALL, W(0x200000000000ffff, 0), AMD_FENCE,
	     W(0x3000ffff000fffff, 0x7ffffffffffff007), AMD_DONE_AT_ONES),
	CASE(riscv, ONES(0xfffff, 0xffffff), ALL, W(0xffffff0200000003, 0), RISCV_DONE,
	     W(0x1fffff001, 0), RISCV_DONE),
	CASE(smmu, ONES(0xffff, 0xffffffff), ALL, W(0xffffffff00000003, 1),
	     W(0xffffffff00000005, 1), SMMU_DONE, W(0xffffffff00000011, 0), SMMU_DONE),
};

/* Of devices that there cannot be, as is said above of TOO_MUCH. */
static const struct literal too_much[] = {
	CASE(amd, TOO_MUCH, ALL, W(0x200000000000ffff, 0), AMD_FENCE,
	     W(0x3000123400000000, 0x7ffffffffffff003), AMD_DONE_AT_ONES),
	CASE(vtd, TOO_MUCH, ALL, W(0xffff12340031, 0), W(0x123400e2, 0),
	     W(0x100000065, 0xfffffffffffffffc)),
};

static const struct pt *table_pt(const struct table *t)
{
	static struct pt pt;

	pt.features = t->features;
	return &pt;
}

static void expect(const struct literal *l, const struct pt_command *commands, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(commands[i].word[0], l->words[i][0]);
		assert_int_equal(commands[i].word[1], l->words[i][1]);
	}
	assert_int_equal(l->words[n][0], 0);
}

static void good_words(void **state)
{
	struct pt_command commands[PT_MAX_COMMANDS];

	(void)state;
	for (unsigned i = 0; i < COUNT(literals); i++) {
		const struct literal *l = &literals[i];
		const struct table *t = l->table;

		expect(l, commands,
		       t->fmt.encode(&t->fmt, table_pt(t), &l->unit, &l->inv, commands));
	}
}

/* The entry of the device, before anything is said of translations; then all of these. */
static void read_entry(const struct table *t, const struct pt_unit *unit,
		       const struct pt_command *commands, unsigned n)
{
	const struct inv_unit hardware = { .max_mask_lg2 = unit->max_mask_lg2 };
	bool entry = false, translations = false;
	struct inv_effect e = { .kind = INV_NOTHING };

	for (unsigned i = 0; i < n; i++) {
		t->format->decode(&hardware, commands[i].word, &e);
		assert_int_not_equal(e.kind, INV_ILLEGAL);
		if (e.kind == INV_ENTRY) {
			assert_false(translations);
			entry |= !e.every_device && e.device == unit->device;
		}
		if (e.kind != INV_TRANSLATIONS)
			continue;
		assert_true(!e.by_domain || e.domain == unit->domain);
		assert_true(!e.by_space || e.space == unit->space);
		translations |=
			e.first == 0 && e.last == UINT64_MAX && e.tables &&
			e.leaf_levels == PT_ANY_LEVEL &&
			(PT_IS_FIRST_STAGE(&t->fmt, table_pt(t)) ? e.first_stage : e.second_stage);
	}
	assert_true(entry && translations);
	assert_int_equal(e.kind, INV_WAIT);
}

static void good_entries(void **state)
{
	struct pt_command commands[PT_MAX_COMMANDS];
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < COUNT(entries); i++) {
		const struct literal *l = &entries[i];

		n = l->table->fmt.encode_entry(&l->table->fmt, table_pt(l->table), &l->unit,
					       commands);
		expect(l, commands, n);
		read_entry(l->table, &l->unit, commands, n);
	}
}

static void good_too_much(void **state)
{
	struct pt_command commands[PT_MAX_COMMANDS];

	(void)state;
	for (unsigned i = 0; i < COUNT(too_much); i++) {
		const struct literal *l = &too_much[i];
		const struct table *t = l->table;

		expect(l, commands,
		       t->fmt.encode_entry(&t->fmt, table_pt(t), &l->unit, commands));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_words),
		cmocka_unit_test(good_entries),
		cmocka_unit_test(good_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
