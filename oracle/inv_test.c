/*
 * Tests of the decoders of invalidation commands.
 *
 * Goal: every bit of a command means what the manual says, and every bit that means nothing
 * is illegal.
 * Method: whole commands as literals, worked out from the manuals, against the effect as
 * text; then loops over bits, opcodes and sizes, whose expectation is arithmetic on the
 * manual's text or a mask written down here, not the decoder's.
 *
 * An effect as text: "illegal", "nothing", "wait", "entry e8" or "entry all", and
 *
 *	12 d1357 s2468 12345000..12345fff tables leaves ff
 *
 * for translations of stages 1 and 2 with domain 0x1357 and space 0x2468.
 */
#include "oracle/inv.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ALL	 UINT64_MAX
#define WHOLE	 "0..ffffffffffffffff tables leaves ff"
#define PAGE	 "12345000..12345fff "

static const struct inv_unit full = { .ranges = true, .nonleaf = true, .max_mask_lg2 = 52 };
static const struct inv_unit bare = { .ranges = false };

/* The effect, which must have been written whole. */
static struct inv_effect decode(const struct inv_format *f, const struct inv_unit *unit,
				uint64_t word0, uint64_t word1)
{
	const uint64_t word[2] = { word0, word1 };
	struct inv_effect e;

	memset(&e, 0xa5, sizeof(e));
	f->decode(unit, word, &e);
	assert_int_equal(e.kind == INV_ILLEGAL, e.why && *e.why);
	if (e.kind != INV_TRANSLATIONS)
		assert_false(e.first_stage || e.second_stage || e.tables || e.leaf_levels ||
			     e.not_present || e.first || e.last);
	if (e.kind != INV_ENTRY)
		assert_false(e.device || e.every_device);
	return e;
}

static bool is_legal(const struct inv_format *f, const struct inv_unit *unit, uint64_t word0,
		     uint64_t word1)
{
	return decode(f, unit, word0, word1).kind != INV_ILLEGAL;
}

static void print_tags(const struct inv_effect *e, char *buf, size_t len)
{
	char domain[16] = "", space[16] = "";

	assert_true(e->by_domain || !e->domain);
	assert_true(e->by_space || !e->space);
	if (e->by_domain)
		snprintf(domain, sizeof(domain), " d%x", e->domain);
	if (e->by_space)
		snprintf(space, sizeof(space), " s%x", e->space);
	snprintf(buf, len, "%s%s", domain, space);
}

static void print(const struct inv_effect *e, char *buf, size_t len)
{
	static const char *const kinds[] = { "illegal", "nothing", "", "", "wait" };
	char tags[32], device[16] = "all";

	print_tags(e, tags, sizeof(tags));
	if (e->kind == INV_ENTRY) {
		if (!e->every_device)
			snprintf(device, sizeof(device), "%x", e->device);
		snprintf(buf, len, "entry %s%s", device, tags);
	} else if (e->kind == INV_TRANSLATIONS) {
		assert_true(e->not_present);
		snprintf(buf, len, "%s%s%s %" PRIx64 "..%" PRIx64 "%s leaves %x",
			 e->first_stage ? "1" : "", e->second_stage ? "2" : "", tags, e->first,
			 e->last, e->tables ? " tables" : "", e->leaf_levels);
	} else {
		snprintf(buf, len, "%s%s", kinds[e->kind], tags);
	}
}

struct worked {
	uint64_t word[2];
	const char *effect;
};

static void check_worked(const struct inv_format *f, const struct worked *w, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct inv_effect e = decode(f, &full, w[i].word[0], w[i].word[1]);
		char have[128];

		print(&e, have, sizeof(have));
		if (strcmp(have, w[i].effect))
			fail_msg("%" PRIx64 " %" PRIx64 " is '%s', not '%s'", w[i].word[0],
				 w[i].word[1], have, w[i].effect);
	}
}

static void good_none(void **state)
{
	static const struct worked worked[] = {
		{ { 0x01ff01, 0x0001234600012345 }, "12 12345000..12346fff tables leaves ff" },
		{ { 0x008001, 0x0001234500012345 }, "12 " PAGE "leaves 80" },
		{ { 0x80ff01, 0xffffffff00000000 }, "12 " WHOLE },
		{ { 0x000001, 0xfffffffefffffffe }, "12 fffffffe000..fffffffefff leaves 0" },
		{ { 0x0001, 0x0001234400012345 }, "illegal" },
		{ { 0xffffffff00000002, 0 }, "entry ffffffff" },
		{ { 0x0000000000000003, 0 }, "wait" },
	};

	(void)state;
	check_worked(&inv_none, worked, COUNT(worked));
}

static void good_amd(void **state)
{
	static const struct worked worked[] = {
		{ { 0x1000000012345009, 0x1122334455667788 }, "wait" },
		{ { 0x1000000000000002, 0 }, "wait" },
		{ { 0x1000000000000007, 0 }, "wait" },
		{ { 0x1000000012345008, 0 }, "nothing" }, /* signals nothing */
		{ { 0x1000000000000004, 0 }, "nothing" },
		{ { 0x20000000000000e8, 0 }, "entry e8" },
		{ { 0x200000000000ffff, 0 }, "entry ffff" },
		{ { 0x3000135700000000, 0x0000000012345000 }, "2 d1357 " PAGE "leaves ff" },
		{ { 0x3000135700002468, 0x0000000012345002 }, "2 d1357 " PAGE "tables leaves ff" },
		{ { 0x3000135700002468, 0x0000000012345006 },
		  "1 d1357 s2468 " PAGE "tables leaves ff" },
		{ { 0x3000ffff000fffff, 0x7ffffffffffff007 }, "1 dffff sfffff " WHOLE },
		{ { 0x3000135700000000, 0x7ffffffffffff003 }, "2 d1357 " WHOLE },
		{ { 0x3000135700000000, 0x0000000012345001 },
		  "2 d1357 12344000..12347fff leaves ff" },
		{ { 0x3000135700000000, 0x00000000400ff001 },
		  "2 d1357 40000000..401fffff leaves ff" },
		{ { 0x3000135700000000, 0xfffffffffffff000 },
		  "2 d1357 fffffffffffff000..ffffffffffffffff leaves ff" },
		{ { 0x3000135700000000, 0xfffffffffffff001 }, "illegal" },
		{ { 0x40000000000000e8, 0 }, "nothing" },
		{ { 0x50000000000000e8, 0 }, "nothing" },
		{ { 0x60000000000000e8, 0 }, "nothing" },
		{ { 0x70000000000000e8, 0 }, "nothing" },
		{ { 0x8000000000000000, 0 }, "12 " WHOLE },
	};

	(void)state;
	check_worked(&inv_amd, worked, COUNT(worked));
}

static void good_vtd(void **state)
{
	static const struct worked worked[] = {
		{ { 0x0000000000000011, 0 }, "entry all" },
		{ { 0x0000000013570021, 0 }, "entry all d1357" },
		{ { 0x000300e813570031, 0 }, "entry e8 d1357" },
		{ { 0x0000ffffffff0031, 0 }, "entry ffff dffff" },
		{ { 0x0000000013570012, 0x0000000012345049 }, "12 " WHOLE },
		{ { 0x0000000013570022, 0x000000001234507f }, "12 d1357 " WHOLE },
		{ { 0x0000000013570032, 0x0000000012345000 }, "12 d1357 " PAGE "tables leaves ff" },
		{ { 0x00000000135700f2, 0x0000000012345040 }, "12 d1357 " PAGE "leaves ff" },
		{ { 0x0000000013570032, 0xfffffffffffff040 },
		  "12 d1357 fffffffffffff000..ffffffffffffffff leaves ff" },
		{ { 0x0000000013570032, 0x0000000012345049 },
		  "12 d1357 12200000..123fffff leaves ff" },
		{ { 0x0000000013570032, 0x0000000012345034 }, "12 d1357 " WHOLE },
		{ { 0x0000000013570032, 0x0000000012345035 }, "illegal" },
		{ { 0x000000e800000003, 0x0000000012345001 }, "nothing" },
		{ { 0x0000000000000004, 0 }, "nothing" },
		{ { 0x0000000100000025, 0x0000000012345004 }, "wait" },
		{ { 0x0000000000000015, 0 }, "wait" },
		{ { 0x0000000100000075, 0x0000000012345004 }, "wait" },
		{ { 0x0000000100000005, 0x0000000012345004 }, "nothing" }, /* signals nothing */
		{ { 0x0000000000000045, 0 }, "nothing" },
		{ { 0x0000246813570026, 0x0000000012345040 }, "1 d1357 s2468 " WHOLE },
		{ { 0x0000246813570036, 0x0000000012345000 },
		  "1 d1357 s2468 " PAGE "tables leaves ff" },
		{ { 0x0000246813570036, 0x0000000012345049 },
		  "1 d1357 s2468 12200000..123fffff leaves ff" },
		{ { 0x000fffffffff0036, 0x000000001234503f }, "1 dffff sfffff " WHOLE },
		{ { 0x0000246813570007, 0 }, "entry all d1357" },
		{ { 0x0000246813570017, 0 }, "entry all d1357 s2468" },
		{ { 0x0000246813570037, 0 }, "entry all" },
		{ { 0x0000000000e80008, 0 }, "nothing" },
	};

	(void)state;
	check_worked(&inv_vtd, worked, COUNT(worked));
}

static void good_riscv(void **state)
{
	static const struct worked worked[] = {
		{ { 0x0000000000000001, 0 }, "1 " WHOLE },
		{ { 0x00000001fffff001, 0 }, "1 sfffff " WHOLE },
		{ { 0x0000000402468001, 0x00000000048d1600 }, "1 " WHOLE }, /* no AV */
		{ { 0x0000000002468401, 0x00000000048d1400 }, "1 " PAGE "leaves ff" },
		{ { 0x0000000102468401, 0x00000000048d1400 }, "1 s2468 " PAGE "leaves ff" },
		{ { 0x0000000502468401, 0x00000000048d1400 }, "1 s2468 " PAGE "tables leaves ff" },
		{ { 0x0000000102468401, 0x00000000048d1600 },
		  "1 s2468 12344000..12347fff leaves ff" },
		{ { 0x0000000502468401, 0x1ffffffffffffe00 }, "1 s2468 " WHOLE },
		{ { 0x0000000102468401, 0x3ffffffffffffe00 }, "illegal" },
		{ { 0x0135700302468401, 0x00000000048d1400 }, "nothing" }, /* GV: two stages */
		{ { 0x0135700000000481, 0x3ffffffffffffe00 }, "2 " WHOLE },
		{ { 0x0ffff00200000081, 0x00000000048d1400 }, "2 dffff " WHOLE },
		{ { 0x0135700202468481, 0x00000000048d1400 }, "2 d1357 " PAGE "leaves ff" },
		{ { 0x0135700600000481, 0x00000000048d1600 },
		  "2 d1357 12344000..12347fff tables leaves ff" },
		{ { 0x0135700302468081, 0 }, "illegal" }, /* GVMA with PSCV */
		{ { 0x0000000000000002, 0 }, "wait" },
		{ { 0x1122334400003402, 0x00000000048d1401 }, "wait" },
		{ { 0x0000e80200000003, 0 }, "entry e8" },
		{ { 0xffffff0200000003, 0 }, "entry ffffff" },
		{ { 0x0000e80000000003, 0 }, "entry all" },
		{ { 0x0000e80202468003, 0 }, "illegal" }, /* PID of INVAL_DDT */
		{ { 0x0000e80202468083, 0 }, "nothing" },
		{ { 0x0000e80002468083, 0 }, "illegal" }, /* INVAL_PDT without DV */
		{ { 0x0000e80000000004, ALL }, "nothing" },
		{ { 0x0000000000000084, ALL }, "nothing" },
	};

	(void)state;
	check_worked(&inv_riscv, worked, COUNT(worked));
}

static void good_smmu(void **state)
{
	static const struct worked worked[] = {
		{ { 0x000000e800000003, 1 }, "entry e8" },
		{ { 0x000000e800000004, 3 }, "entry e8" },
		{ { 0x000000e800000004, 31 }, "entry all" },
		{ { 0x000000e800000005, 0 }, "entry e8" },
		{ { 0x000000e900000005, 0 }, "entry e9" },
		{ { 0x000000e800001005, 0 }, "nothing" }, /* SubstreamID 1 */
		{ { 0x000000e880000005, 0 }, "nothing" },
		{ { 0xffffffff00000006, 0 }, "entry ffffffff" },
		{ { 0x0000135700000010, 0 }, "1 d1357 " WHOLE },
		{ { 0xffffffff00000011, 0 }, "1 dffff sffff " WHOLE },
		{ { 0x2468135700000012, 0x12345000 }, "1 d1357 s2468 " PAGE "tables leaves ff" },
		{ { 0x2468135700000012, 0x12345001 }, "1 d1357 s2468 " PAGE "leaves ff" },
		{ { 0x0000135700000013, 0x12345001 }, "1 d1357 " PAGE "leaves ff" },
		{ { 0x0000135700000028, 0 }, "12 d1357 " WHOLE },
		{ { 0x000013570000002a, 0x12345000 }, "2 d1357 " PAGE "tables leaves ff" },
		{ { 0x0000000000000030, 0 }, "12 " WHOLE },
		/* 3 << 3 pages of 4K. */
		{ { 0x2468135700302012, 0x12345400 },
		  "1 d1357 s2468 12345000..1235cfff tables leaves ff" },
		/* One page of 4K at level 3; 2 << 9 pages of 4K at level 2; one 1G at level 1. */
		{ { 0x000013570000002a, 0x12345700 }, "2 d1357 " PAGE "tables leaves 1" },
		{ { 0x0000135700901013, 0x12200600 }, "1 d1357 12200000..125fffff leaves 2" },
		{ { 0x0000135701200013, 0x40000501 }, "1 d1357 40000000..7fffffff leaves 4" },
		{ { 0x0000135700000013, 0x12344b01 }, "1 d1357 12344000..12347fff leaves 1" },
		{ { 0x0000135700000013, 0x12340f01 }, "1 d1357 12340000..1234ffff leaves 1" },
		{ { 0x0000135701f1f013, 0xfffffffffffff401 },
		  "1 d1357 fffffffffffff000..ffffffffffffffff leaves ff" },
		{ { 0x0000000000000046, 0 }, "wait" },
		{ { 0x112233440fc01046, 0x12345004 }, "wait" },
		{ { 0x0000000000002046, 0 }, "wait" },
		{ { 0x0000000000003046, 0 }, "illegal" },
		{ { 0x0000000000000001, 0 }, "nothing" },
		{ { 0x000000e800000040, 0x34 }, "nothing" },
	};

	(void)state;
	check_worked(&inv_smmu, worked, COUNT(worked));
}

/* A legal command, and of its bits those that may be changed alone, and those that name it. */
static const struct shape {
	const struct inv_format *f;
	uint64_t word[2], free[2], coded;
} shapes[] = {
	{ &inv_none, { 1, 0xffffffff00000000 }, { 0xffff00, ALL }, 0xff },
	{ &inv_none, { 2, 0 }, { 0xffffffff00000000, 0 }, 0xff },
	{ &inv_none, { 3, 0 }, { 0, 0 }, 0xff },
#define AMD(opcode, free0, free1) \
	{ &inv_amd, { UINT64_C(opcode) << 60, 0 }, { free0, free1 }, UINT64_C(0xf) << 60 }
	AMD(1, 0x000fffffffffffff, ALL),
	AMD(2, 0x000000000000ffff, 0),
	AMD(3, 0x0000ffff000fffff, 0xfffffffffffff007),
	AMD(4, 0x0fffffffffffffff, 0xfffffffffffff035),
	AMD(5, 0x000000000000ffff, 0),
	AMD(6, 0x000fffffff00ffff, 0xfffffffffffff015),
	AMD(7, 0x000fffff0000ffff, 0x0000ffff00000004),
	AMD(8, 0, 0),
	{ &inv_vtd, { 0x31, 0 }, { 0x0003ffffffff0000, 0 }, 0xe3f },
	{ &inv_vtd, { 0x32, 0 }, { 0x00000000ffff00c0, 0xfffffffffffff07f }, 0xe3f },
	{ &inv_vtd, { 0x03, 0 }, { 0x0000ffff001f0000, 0xfffffffffffff001 }, 0xe0f },
	{ &inv_vtd, { 0x04, 0 }, { 0x0000fffff8000010, 0 }, 0xe0f },
	{ &inv_vtd, { 0x25, 0 }, { 0xffffffff00000070, 0xfffffffffffffffc }, 0xe0f },
	{ &inv_vtd, { 0x26, 0 }, { 0x000fffffffff0000, 0xfffffffffffff07f }, 0xe3f },
	{ &inv_vtd, { 0x37, 0 }, { 0x000fffffffff0000, 0 }, 0xe3f },
	{ &inv_vtd, { 0x08, 0 }, { 0x000fffffffff01f0, 0xfffffffffffff801 }, 0xe0f },
	{ &inv_riscv, { 0x01, 0 }, { 0x0ffff007fffff400, 0x3ffffffffffffe00 }, 0x3ff },
	{ &inv_riscv, { 0x81, 0 }, { 0x0ffff006fffff400, 0x3ffffffffffffe00 }, 0x3ff },
	{ &inv_riscv, { 0x02, 0 }, { 0xffffffff00003400, 0x3fffffffffffffff }, 0x3ff },
	{ &inv_riscv, { 0x03, 0 }, { 0xffffff0200000000, 0 }, 0x3ff },
	{ &inv_riscv, { 0x200000083, 0 }, { 0xffffff00fffff000, 0 }, 0x2000003ff },
	{ &inv_riscv, { 0x04, 0 }, { 0xffffff03fffff000, ALL }, 0x3ff },
	{ &inv_riscv, { 0x84, 0 }, { 0xffffff03fffff000, ALL }, 0x3ff },
#define SMMU(opcode, free0, free1) { &inv_smmu, { opcode, 0 }, { free0, free1 }, 0xff }
	SMMU(0x01, 0xfffffffffffffb00, ALL),
	SMMU(0x02, 0xfffffffffffffb00, ALL),
	SMMU(0x03, 0xffffffff00000000, 1),
	SMMU(0x04, 0xffffffff00000000, 0x1f),
	SMMU(0x05, 0xfffffffffffff000, 1),
	SMMU(0x06, 0xffffffff00000000, 0),
	SMMU(0x10, 0x0000ffff00000000, 0),
	SMMU(0x11, 0xffffffff00000000, 0),
	/* By address: SCALE, NUM and TTL are not legal without TG, nor TG without them. */
	SMMU(0x12, 0xffffffff00000000, 0xfffffffffffff001),
	SMMU(0x13, 0x0000ffff00000000, 0xfffffffffffff001),
	SMMU(0x28, 0x0000ffff00000000, 0),
	SMMU(0x2a, 0x0000ffff00000000, 0x000ffffffffff001),
	SMMU(0x30, 0, 0),
	SMMU(0x40, 0xfffffffffffffb00, ALL),
	SMMU(0x41, 0xfffffffffffffb00, ALL),
	SMMU(0x44, 0xfffffffffffffb00, ALL),
	SMMU(0x45, 0xfffffffffffffb00, ALL),
	SMMU(0x46, 0xffffffff0fc03000, 0x000ffffffffffffc),
};

static void bad_reserved_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct shape *s = &shapes[i];

		assert_true(is_legal(s->f, &full, s->word[0], s->word[1]));
		assert_true(is_legal(s->f, &bare, s->word[0], s->word[1]));
		for (unsigned bit = 0; bit < 128; bit++) {
			uint64_t set = UINT64_C(1) << bit % 64;
			uint64_t word0 = s->word[0] ^ (bit < 64 ? set : 0);
			uint64_t word1 = s->word[1] ^ (bit < 64 ? 0 : set);
			bool is_free = s->free[bit / 64] & set;

			if (bit < 64 && (s->coded & set))
				continue;
			assert_int_equal(is_legal(s->f, &full, word0, word1), is_free);
			if (!is_free)
				assert_false(is_legal(s->f, &bare, word0, word1));
		}
	}
}

/* Ranges, and pages of a size or a level, need range invalidation. */
static void bad_smmu_ranges(void **state)
{
	static const uint64_t commands[][2] = {
		{ 0x2468135700302012, 0x12345400 },
		{ 0x000013570000002a, 0x12345700 },
		{ 0x0000135701200013, 0x40000501 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++) {
		assert_true(is_legal(&inv_smmu, &full, commands[i][0], commands[i][1]));
		assert_false(is_legal(&inv_smmu, &bare, commands[i][0], commands[i][1]));
	}
}

/* Every value of the bits that name a command, the rest zero: those with a shape are legal. */
static void bad_opcodes(void **state)
{
	static const struct {
		const struct inv_format *f;
		unsigned lg2, shift;
	} names[] = { { &inv_none, 8, 0 }, { &inv_amd, 4, 60 }, { &inv_vtd, 12, 0 },
		      { &inv_riscv, 10, 0 }, { &inv_smmu, 8, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		for (uint64_t n = 0; n < UINT64_C(1) << names[i].lg2; n++) {
			uint64_t word0 = n << names[i].shift;
			bool known = false;

			for (size_t j = 0; j < COUNT(shapes); j++)
				known |= shapes[j].f == names[i].f &&
					 !((shapes[j].word[0] ^ word0) & shapes[j].coded);
			if (names[i].f == &inv_vtd || word0 == 0x83)
				continue; /* G: see inv_range_test.c; DV of INVAL_PDT */
			assert_int_equal(is_legal(names[i].f, &full, word0, 0), known);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_none),
		cmocka_unit_test(good_amd),
		cmocka_unit_test(good_vtd),
		cmocka_unit_test(good_riscv),
		cmocka_unit_test(good_smmu),
		cmocka_unit_test(bad_reserved_bits),
		cmocka_unit_test(bad_smmu_ranges),
		cmocka_unit_test(bad_opcodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
