/*
 * Tests of the invalidation commands of every architecture: encoders against decoders.
 *
 * Goal: what an encoder writes, read by the decoder that is written from the manual alone
 * (oracle/inv_<architecture>.c), makes hardware forget all that it must, by the right tags,
 * and little else. (The words themselves: inv_words_test.c.)
 * Method: every range of pages in small windows that lie where carries do, and ranges
 * between powers of two up to the whole address space, for every stage, granule, unit and
 * combination of levels, through one judge of a list of commands. The bad_ cases spoil good
 * lists, and the judge must say so.
 *
 * Little else: without range commands nothing but the range, in leaves where their level is
 * known, else in pages; with them less than twice the range, on the SMMU a sixteenth more.
 * The whole table goes only where no command can name the range (can_be_named).
 */
#define PT_WORLD sim
#include "core/stamp.h"
#include "oracle/inv.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WINDOW 64u
#define MOST_ADDRESSES 32 /* without range commands; more is the whole table */

PT_COMMANDS(none)
PT_COMMANDS(amd)
PT_COMMANDS(vtd)
PT_COMMANDS(riscv)
PT_COMMANDS(smmu)

/* One table of one kind, as the encoders know it; and by which tags it is known. */
struct table {
	const char *name;
	const struct inv_format *format;
	struct pt_fmt fmt;
	uint64_t features;
	bool by_domain, by_space;
	/* Units differ in: */
	bool ranges, nonleaf, masks;
};

#define TABLE(text, architecture, granule, index, ...)                                             \
	{                                                                                          \
		.name = text, .format = &inv_##architecture,                                       \
		.fmt = { .granule_lg2 = (granule),                                                 \
			 .index_lg2 = (index),                                                     \
			 .encode = PT_ENCODE(architecture),                                        \
			 .encode_entry = PT_ENCODE_ENTRY(architecture) },                          \
		__VA_ARGS__                                                                        \
	}
#define FIRST .fmt.first_stage = true, .by_space = true

static const struct table tables[] = {
	TABLE("none", none, 12, 9, .by_domain = false),
	TABLE("amd", amd, 12, 9, .by_domain = true),
	TABLE("amd, 2K pages", amd, 11, 9, .by_domain = true),
	TABLE("amd guest", amd, 12, 9, FIRST, .by_domain = true),
	TABLE("vtd", vtd, 12, 9, .by_domain = true, .masks = true),
	TABLE("vtd first stage", vtd, 12, 9, FIRST, .by_domain = true, .masks = true),
	TABLE("riscv second stage", riscv, 12, 9, .fmt.first_stage = true,
	      .features = PT_SECOND_STAGE, .by_domain = true, .ranges = true, .nonleaf = true),
	TABLE("riscv", riscv, 12, 9, FIRST, .ranges = true, .nonleaf = true),
	TABLE("smmu stage 2, 4K", smmu, 12, 9, .by_domain = true, .ranges = true),
	TABLE("smmu 4K", smmu, 12, 9, FIRST, .by_domain = true, .ranges = true),
	TABLE("smmu 16K", smmu, 14, 11, FIRST, .by_domain = true, .ranges = true),
	TABLE("smmu 64K", smmu, 16, 13, FIRST, .by_domain = true, .ranges = true),
	TABLE("smmu stage 2, 16K", smmu, 14, 11, .by_domain = true, .ranges = true),
	TABLE("smmu stage 2, 64K", smmu, 16, 13, .by_domain = true, .ranges = true),
};

struct list {
	struct pt_command commands[PT_MAX_COMMANDS];
	unsigned n;
};

static const struct pt *table_pt(const struct table *t)
{
	static struct pt pt;

	pt.features = t->features;
	return &pt;
}

static struct list encode(const struct table *t, const struct pt_unit *unit,
			  const struct pt_invalidation *inv)
{
	struct list list;

	memset(&list, 0xa5, sizeof(list));
	list.n = t->fmt.encode(&t->fmt, table_pt(t), unit, inv, list.commands);
	return list;
}

/* ---- the judge: what is wrong with a list of commands, NULL: nothing ---- */

struct forgotten {
	struct inv_effect effects[PT_MAX_COMMANDS]; /* on translations of this table */
	unsigned n;
};

static const char *decode(const struct table *t, const struct pt_unit *unit,
			  const struct list *list, struct forgotten *out)
{
	struct inv_unit hardware = { unit->ranges, unit->nonleaf, unit->max_mask_lg2 };
	bool first = PT_IS_FIRST_STAGE(&t->fmt, table_pt(t));
	struct inv_effect e = { .kind = INV_NOTHING };

	out->n = 0;
	if (list->n > MOST_ADDRESSES + 1)
		return "too many commands";
	for (unsigned i = 0; i < list->n; i++) {
		t->format->decode(&hardware, list->commands[i].word, &e);
		if (e.kind == INV_ILLEGAL)
			return e.why;
		if (e.kind == INV_ENTRY)
			return "a device entry goes";
		if (e.kind != INV_TRANSLATIONS || !(first ? e.first_stage : e.second_stage))
			continue;
		if (e.by_domain != t->by_domain || (e.by_domain && e.domain != unit->domain))
			return "of another domain";
		if (e.by_space != t->by_space || (e.by_space && e.space != unit->space))
			return "of another space";
		out->effects[out->n++] = e;
	}
	return e.kind == INV_WAIT ? NULL : "the last command does not wait";
}

/*
 * Does every VA of the range lie in an effect on leaves of this level, or on pointers to
 * tables of this level? What it overlaps goes whole: items of 2^lg2 bytes.
 */
static bool covers(const struct forgotten *all, const struct pt_invalidation *inv, unsigned lg2,
		   bool pointers, unsigned level)
{
	uint64_t at = inv->first, mask = low_mask(lg2);
	bool farther;

	do {
		farther = false;
		for (unsigned i = 0; i < all->n; i++) {
			const struct inv_effect *e = &all->effects[i];

			if (pointers ? !e->tables : !(e->leaf_levels >> level & 1))
				continue;
			if ((e->first & ~mask) > at || (e->last | mask) < at)
				continue;
			if ((e->last | mask) >= inv->last)
				return true;
			at = (e->last | mask) + 1;
			farther = true;
		}
	} while (farther);
	return false;
}

/* Bytes (lg2) of the leaves where only one level of them is concerned, else of a page. */
static unsigned grain_lg2(const struct table *t, const struct pt_unit *unit,
			  const struct pt_invalidation *inv)
{
	unsigned page = t->fmt.granule_lg2 < 12 ? 12 : t->fmt.granule_lg2;
	unsigned level = align_lg2(inv->leaf_levels), leaf = item_lg2(&t->fmt, level);

	if (inv->table_levels || leaf >= 64 || inv->leaf_levels != BIT(level))
		return page;
	return t->format == &inv_smmu || (t->ranges && !unit->ranges) ? leaf : page;
}

static bool can_be_named(const struct table *t, const struct pt_unit *unit,
			 const struct pt_invalidation *inv)
{
	unsigned grain = grain_lg2(t, unit, inv);
	uint64_t grains = (inv->last >> grain) - (inv->first >> grain) + 1;

	if (t->format == &inv_none)
		return inv->last >> 12 < UINT32_MAX;
	if (t->format == &inv_amd)
		return grains <= BIT(39);
	if (t->format == &inv_vtd)
		return grains <= BIT(unit->max_mask_lg2 > 51 ? 51 : unit->max_mask_lg2);
	if (t->format == &inv_riscv && inv->table_levels && !unit->nonleaf)
		return false;
	if (t->format == &inv_riscv && unit->ranges)
		return grains <= BIT(51);
	if (t->format == &inv_smmu && t->by_space && inv->first >> 63 != inv->last >> 63)
		return false;
	if (t->format == &inv_smmu && !t->by_space && inv->last >> 52)
		return false;
	if (unit->ranges)
		return grains << (grain - t->fmt.granule_lg2) <= BIT(36);
	return grains <= MOST_ADDRESSES;
}

/* Does more go than should, where commands could name the range? */
static const char *waste(const struct table *t, const struct pt_unit *unit,
			 const struct pt_invalidation *inv, const struct forgotten *all)
{
	unsigned grain = grain_lg2(t, unit, inv);
	uint64_t asked = (inv->last >> grain) - (inv->first >> grain) + 1, sum = 0;
	uint64_t limit = 2 * asked - 1;

	if (t->format == &inv_smmu)
		limit = asked + asked / 16;
	if (t->format == &inv_none || (t->ranges && !unit->ranges))
		limit = asked;
	for (unsigned i = 0; i < all->n; i++) {
		const struct inv_effect *e = &all->effects[i];

		sum += (e->last >> grain) - (e->first >> grain) + 1;
		if (e->tables && !inv->table_levels)
			return "pointers go without need";
	}
	return sum > limit ? "too much goes" : NULL;
}

static const char *judge(const struct table *t, const struct pt_unit *unit,
			 const struct pt_invalidation *inv, const struct list *list)
{
	struct forgotten all;
	const char *wrong = decode(t, unit, list, &all);

	for (unsigned level = 0; !wrong && level < PT_MAX_LEVELS; level++) {
		unsigned lg2 = item_lg2(&t->fmt, level), above = item_lg2(&t->fmt, level + 1);

		if (inv->leaf_levels >> level & 1 && lg2 < 64 &&
		    !covers(&all, inv, lg2, false, level))
			wrong = "leaves stay";
		if (inv->table_levels >> level & 1 &&
		    !covers(&all, inv, above < 64 ? above : 64, true, level))
			wrong = "pointers stay";
	}
	if (!wrong && can_be_named(t, unit, inv))
		wrong = waste(t, unit, inv, &all);
	return wrong;
}

/* ---- ranges ---- */

/* Of the units that this table's commands tell apart: false when there is no more. */
static bool next_unit(const struct table *t, struct pt_unit *unit)
{
	static const uint8_t masks[] = { 0, 2, 9, 18, 63 };

	for (unsigned i = 0; t->masks && i + 1 < COUNT(masks); i++)
		if (unit->max_mask_lg2 == masks[i]) {
			unit->max_mask_lg2 = masks[i + 1];
			return true;
		}
	unit->max_mask_lg2 = 0;
	if (t->ranges && !unit->ranges)
		return unit->ranges = true;
	unit->ranges = false;
	if (t->nonleaf && !unit->nonleaf)
		return unit->nonleaf = true;
	return false;
}

static const struct pt_unit plain = { .domain = 0x1234, .space = 0x5678, .completion = 0x8000 };

/* Leaves and pointers: of levels known, only the one, any. */
static const uint8_t hints[][2] = {
	{ BIT(7), 0 },		{ BIT(2), BIT(0) },
	{ BIT(0), 0 },		{ BIT(1), 0 },
	{ BIT(2), 0 },		{ BIT(3), 0 },
	{ BIT(0) | BIT(1), 0 }, { PT_ANY_LEVEL, 0 },
	{ 0, BIT(0) },		{ BIT(0), BIT(0) | BIT(1) },
	{ BIT(1), BIT(2) },	{ PT_ANY_LEVEL, PT_ANY_LEVEL },
};

static void try_range(const struct table *t, const struct pt_unit *unit, uint64_t first,
		      uint64_t last)
{
	for (unsigned i = 0; i < COUNT(hints); i++) {
		struct pt_invalidation inv = { first, last, hints[i][0], hints[i][1] };
		struct list list = encode(t, unit, &inv);
		const char *wrong = judge(t, unit, &inv, &list);

		if (wrong)
			fail_msg("%s: 0x%" PRIx64 "..0x%" PRIx64 " leaves 0x%x pointers 0x%x"
				 " (ranges %d, nonleaf %d, mask %u): %s",
				 t->name, first, last, hints[i][0], hints[i][1], unit->ranges,
				 unit->nonleaf, unit->max_mask_lg2, wrong);
	}
}

static void try_small_ranges(const struct table *t, const struct pt_unit *unit)
{
	unsigned lg2 = t->fmt.granule_lg2;
	uint64_t half = (uint64_t)WINDOW / 2 << lg2;
	const uint64_t starts[] = {
		0,
		UINT64_C(0x160) << lg2,
		BIT(21) - half,
		BIT(39) - half,
		BIT(52) - half,
		BIT(63) - half,
		UINT64_C(0xffff800000000000),
		0 - 2 * half,
	};

	for (unsigned w = 0; w < COUNT(starts); w++)
		for (uint64_t i = 0; i < WINDOW; i++)
			for (uint64_t j = i; j < WINDOW; j++)
				try_range(t, unit, starts[w] + (i << lg2),
					  starts[w] + (j << lg2) + low_mask(lg2));
}

/* From a power of two, or a page below, to the end of one, or a page beyond. */
static void try_large_ranges(const struct table *t, const struct pt_unit *unit)
{
	uint64_t page = BIT(t->fmt.granule_lg2);

	for (unsigned a = t->fmt.granule_lg2; a < 64; a++)
		for (unsigned b = a + 1; b <= 64; b++)
			for (unsigned i = 0; i < (b < 64 ? 4u : 2u); i++)
				try_range(t, unit, BIT(a) - (i & 1) * page,
					  low_mask(b) + (i >> 1) * page);
	try_range(t, unit, 0, UINT64_MAX);
}

static void for_all(void (*try)(const struct table *, const struct pt_unit *))
{
	for (unsigned i = 0; i < COUNT(tables); i++) {
		struct pt_unit unit = plain;

		do
			try(&tables[i], &unit);
		while (next_unit(&tables[i], &unit));
	}
}

static void good_every_small_range(void **state)
{
	(void)state;
	for_all(try_small_ranges);
}

static void good_every_large_range(void **state)
{
	(void)state;
	for_all(try_large_ranges);
}

/* ---- the judge can say no ---- */

/* Good commands, but for another table or range, or with one spoilt. */
static void try_spoilt(const struct table *t, const struct pt_unit *unit)
{
	const struct pt_invalidation inv = { 0x100000, 0x13ffff, BIT(0), 0 };
	const struct pt_invalidation more = { 0x100000, low_mask(40), BIT(0), 0 };
	const struct pt_invalidation less = { 0x100000, 0x10ffff, BIT(0), 0 };
	const struct pt_invalidation pointers = { 0x100000, 0x13ffff, BIT(0), BIT(0) };
	struct pt_unit other = *unit;
	struct list list = encode(t, unit, &inv);

	assert_null(judge(t, unit, &inv, &list));
	other.domain += t->by_domain;
	other.space += t->by_space;
	if (t->by_domain || t->by_space)
		assert_non_null(judge(t, &other, &inv, &list));
	if (can_be_named(t, unit, &inv)) {
		assert_string_equal(judge(t, unit, &more, &list), "leaves stay");
		assert_string_equal(judge(t, unit, &less, &list), "too much goes");
		assert_string_equal(judge(t, unit, &pointers, &list), "pointers stay");
		list = encode(t, unit, &pointers);
		assert_string_equal(judge(t, unit, &inv, &list), "pointers go without need");
		list = encode(t, unit, &inv);
	}
	list.n--;
	assert_string_equal(judge(t, unit, &inv, &list), "the last command does not wait");
	list.commands[list.n++] = (struct pt_command){ { UINT64_MAX, UINT64_MAX } };
	assert_non_null(judge(t, unit, &inv, &list));
}

static void bad_lists(void **state)
{
	(void)state;
	for_all(try_spoilt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_every_small_range),
		cmocka_unit_test(good_every_large_range),
		cmocka_unit_test(bad_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
