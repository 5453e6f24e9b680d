/*
 * Tests of what every format writes, to the bit.
 *
 * Goal: the items in memory are those that the manuals' drawings give, so that neither
 * side of the comparison is the only one to say where a bit is.
 * Method: one literal table a format, worked by hand from the manual that its row names.
 * Each row maps one leaf on a machine whose tables lie beside each other from the bottom,
 * the root first, and reads its first item back.
 */
#include "formats/subjects_test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define R  PT_READ
#define W  PT_WRITE
#define RW (PT_READ | PT_WRITE)
#define NX PT_NOEXEC
#define WB PT_CACHE
#define IO PT_MMIO

#define K4   UINT64_C(0x1000)
#define K16  UINT64_C(0x4000)
#define K64  UINT64_C(0x10000)
#define M2   UINT64_C(0x200000)
#define M32  UINT64_C(0x2000000)
#define G1   UINT64_C(0x40000000)
#define G64  UINT64_C(0x1000000000)
#define G512 UINT64_C(0x8000000000)
#define T256 UINT64_C(0x1000000000000)

/* A leaf, mapped at the IOVA of its own size, in a variant with more features. */
struct value {
	const char *variant;
	uint64_t features;
	uint64_t oa, len;
	unsigned prot;
	uint64_t item;	  /* its first */
	uint64_t pointer; /* in the root, to the second table; 0: not looked at */
};

/* Three levels of two items: the first comment of oracle/hw_toy.c. */
static const struct value toy[] = {
	{ "fixed", 0, 0x12000, K4, R, 0x12017, 0x2001 },
	{ "fixed", 0, 0x12000, K4, RW, 0x1203f, 0x2001 },
	{ "fixed", 0, 0xfe000, 2 * K4, W, 0xfe03b, 0x2001 },
	{ "fixed", PT_DIRTY_TRACKING, 0x12000, K4, RW, 0x1200f, 0 },
	{ "fixed", PT_DMA_INCOHERENT, 0x12000, K4, R, 0x12017, 0x8000000000002001 },
};

/* AMD 48882, "I/O Page Tables for Host Translations"; amdv1_test.c has all of it. */
static const struct value amdv1[] = {
	{ "mode-4", 0, 0x12345000, K4, R, 0x2000000012345021, 0x6000000000002601 },
	{ "mode-4", 0, 0x12345000, K4, RW, 0x6000000012345061, 0 },
	{ "mode-4", 0, 0x12344000, K16, RW, 0x6000000012345e61, 0 },
	{ "mode-4", PT_FORCE_COHERENCE, 0x12200000, M2, W, 0x5000000012200061, 0 },
	{ "mode-4", PT_DIRTY_TRACKING, 0x12345000, K4, RW, 0x6000000012345001, 0 },
};

/* Likewise, the address field a place higher. */
static const struct value amdv1_mock[] = {
	{ "mode-5", 0, 0x12344800, K4 / 2, RW, 0x6000000024689061, 0x6000000000004801 },
	{ "mode-5", 0, 0x12345000, K4, RW, 0x600000002468ae61, 0 },
};

/* SDM volume 3, tables 4-14 to 4-20. */
static const struct value x86_64[] = {
	{ "4-level", 0, 0x12345000, K4, R, 0x12345025, 0x2027 },
	{ "4-level", 0, 0x12345000, K4, RW, 0x12345067, 0x2027 },
	{ "4-level", 0, 0xffffffffff000, K4, RW | NX | WB, 0x800ffffffffff067, 0 },
	{ "4-level", 0, 0xfee00000, K4, RW | IO, 0xfee0007f, 0 },
	{ "4-level", 0, 0x12200000, M2, RW, 0x122000e7, 0 },
	{ "5-level", 0, 0x80000000, G1, R | NX, 0x80000000800000a5, 0x2027 },
	{ "4-level", PT_DIRTY_TRACKING, 0x12345000, K4, RW, 0x12345027, 0 },
};

/* VT-d specification, "First-Stage Paging Entries". */
static const struct value vtdfs[] = {
	{ "4-level", 0, 0x12345000, K4, R, 0x12345025, 0x2027 },
	{ "4-level-39", 0, 0xfee00000, K4, RW | NX | IO, 0x80000000fee0007f, 0x2027 },
	{ "5-level", 0, 0x12200000, M2, RW, 0x122000e7, 0x2027 },
	{ "5-level", PT_DIRTY_TRACKING, 0x80000000, G1, RW, 0x800000a7, 0 },
	{ "4-level", PT_DMA_INCOHERENT, 0x12345000, K4, RW, 0x12345067, 0x0010000000002027 },
};

/* VT-d specification, "Second-Stage Paging Entries". */
static const struct value vtdss[] = {
	{ "4-level", 0, 0x12345000, K4, R, 0x12345101, 0x2003 },
	{ "4-level", 0, 0x12345000, K4, W, 0x12345302, 0 },
	{ "3-level", 0, 0xffffffffff000, K4, RW | WB | IO, 0x000ffffffffff303, 0x2003 },
	{ "5-level", 0, 0x12200000, M2, RW, 0x12200383, 0x2003 },
	{ "4-level", PT_FORCE_COHERENCE, 0x80000000, G1, R, 0x80000981, 0 },
	{ "4-level", PT_DIRTY_TRACKING, 0x12345000, K4, RW, 0x12345103, 0 },
	{ "4-level", PT_DMA_INCOHERENT, 0x12345000, K4, R, 0x12345101, 0x0010000000002003 },
};

/* RISC-V Privileged Architecture: Sv39 and on, Svnapot, Svpbmt. */
static const struct value riscv64[] = {
	{ "sv39", 0, 0x12345000, K4, R, 0x048d145b, 0x801 },
	{ "sv39", 0, 0x12345000, K4, RW, 0x048d14df, 0x801 },
	{ "sv48", 0, 0xfffffffffff000, K4, RW | NX, 0x003ffffffffffcd7, 0x801 },
	{ "sv39", 0, 0x12200000, M2, RW, 0x048800df, 0 },
	{ "sv39x4", 0, 0x80000000, G1, R, 0x2000005b, 0 },
	{ "sv48", 0, G512, G512, RW, 0x00000020000000df, 0 },
	{ "sv57", 0, T256, T256, R | NX, 0x0000400000000053, 0 },
	{ "sv48-napot-pbmt", 0, 0x12340000, K64, RW | WB, 0x80000000048d20df, 0x801 },
	{ "sv48-napot-pbmt", 0, 0x12345000, K4, R, 0x20000000048d145b, 0x801 },
	{ "sv39x4-napot-pbmt", 0, 0x12345000, K4, R | IO, 0x40000000048d145b, 0 },
	{ "sv57x4", PT_DIRTY_TRACKING, 0x12345000, K4, RW, 0x048d145f, 0 },
	{ "sv39", PT_DMA_INCOHERENT, 0x12345000, K4, R, 0x048d145b, 0x901 },
};

/* Arm DDI 0487, D8.3, stage 1, granule 4K: MAIR has write-back, non-cacheable, device. */
static const struct value armv8_s1_4k[] = {
	{ "48", 0, 0x12345000, K4, R, 0x12345ec7, 0x2003 },
	{ "48", 0, 0x12345000, K4, RW | WB, 0x12345f43, 0x2003 },
	{ "48", 0, 0x12345000, K4, RW | IO, 0x12345e4b, 0 },
	{ "39", 0, 0xfffffffff000, K4, R | WB | NX, 0x0060ffffffffffc3, 0x2003 },
	{ "48", 0, 0x12340000, K64, RW | WB, 0x0010000012340f43, 0 },
	{ "48", 0, 0x12200000, M2, RW | WB, 0x12200f41, 0 },
	{ "52-lpa2", 0, 0xe123456789000, K4, RW | WB, 0x0002123456789f43, 0x2003 },
	{ "52-lpa2", 0, 0xb008000000000, G512, R, 0x0003008000000ec5, 0 },
	{ "52-lpa2", 0, 0x12345000, K4, R, 0x12345cc7, 0 },
	{ "48", PT_DIRTY_TRACKING, 0x12345000, K4, RW | WB, 0x0008000012345fc3, 0 },
	{ "48", PT_DMA_INCOHERENT, 0x12345000, K4, RW | WB, 0x12345f43, 0x0080000000002003 },
};

static const struct value armv8_s1_16k[] = {
	{ "47", 0, 0x12344000, K16, RW | WB, 0x12344f43, 0x8003 },
	{ "48", 0, 0x12200000, M2, R | WB, 0x0010000012200fc3, 0x8003 },
	{ "47", 0, 0x16000000, M32, RW | WB, 0x16000f41, 0 },
	{ "47", 0, G1, G1, RW | WB, 0x0010000040000f41, 0 },
	{ "52-lpa2", 0, 0xe12345678c000, K16, RW | WB, 0x000212345678cf43, 0x8003 },
	{ "52-lpa2", 0, 0x1001000000000, G64, RW | WB, 0x0001001000000c41, 0 },
};

static const struct value armv8_s1_64k[] = {
	{ "48", 0, 0x12340000, K64, RW | WB, 0x12340f43, 0x20003 },
	{ "48", 0, 0x12200000, M2, RW | WB, 0x0010000012200f43, 0x20003 },
	{ "42", 0, 0x60000000, G1 / 2, R | IO | NX, 0x0060000060000ec9, 0 },
	{ "52-lpa", 0, 0xe123456780000, K64, RW | WB, 0x000012345678ef43, 0x20003 },
	{ "52-lpa", 0, 0xf0c0000000000, 1024 * G1 * 4, RW, 0x00000c000000fe45, 0 },
};

/* Stage 2: MemAttr, S2AP, XN. */
static const struct value armv8_s2_4k[] = {
	{ "48", 0, 0x12345000, K4, R, 0x12345657, 0 },
	{ "48", 0, 0x12345000, K4, W | WB, 0x123457bf, 0 },
	{ "48", 0, 0x12345000, K4, RW | WB, 0x123457ff, 0 },
	{ "48", 0, 0x12345000, K4, RW | IO | NX, 0x00400000123456c7, 0 },
	{ "40", 0, 0x12200000, M2, RW | WB, 0x122007fd, 0 },
	{ "52-lpa2", 0, 0xe123456789000, K4, RW | WB, 0x00021234567897ff, 0 },
	{ "48", PT_DIRTY_TRACKING, 0x12345000, K4, RW | WB, 0x000800001234577f, 0 },
};

static const struct value armv8_s2_16k[] = {
	{ "48", 0, 0x12344000, K16, RW | WB, 0x123447ff, 0 },
	{ "40", 0, 0x12200000, M2, RW, 0x00100000122006d7, 0 },
	{ "52-lpa2", 0, 0x612345678c000, K16, RW | WB, 0x000212345678c5ff, 0 },
};

static const struct value armv8_s2_64k[] = {
	{ "48", 0, 0x12340000, K64, RW | WB, 0x123407ff, 0x20003 },
	{ "46", 0, 0x60000000, G1 / 2, RW | WB, 0x600007fd, 0 },
	{ "52-lpa", 0, 0xe123456780000, K64, R | WB, 0x000012345678e77f, 0x20003 },
};

static const struct table {
	const char *stamp;
	const struct value *values;
	size_t nr;
} tables[] = {
#define TABLE(stamp) { #stamp, stamp, COUNT(stamp) }
	TABLE(toy),	     TABLE(amdv1),	  TABLE(amdv1_mock),   TABLE(x86_64),
	TABLE(vtdfs),	     TABLE(vtdss),	  TABLE(riscv64),      TABLE(armv8_s1_4k),
	TABLE(armv8_s1_16k), TABLE(armv8_s1_64k), TABLE(armv8_s2_4k),  TABLE(armv8_s2_16k),
	TABLE(armv8_s2_64k),
#undef TABLE
};

static struct judge *judge;

static struct pt_config config_of(const struct subject *s, const struct value *v)
{
	for (unsigned i = 0; i < s->ops->nr_variants; i++)
		if (!strcmp(s->ops->variants[i].name, v->variant)) {
			struct pt_config c = s->ops->variants[i].config;

			c.features |= v->features;
			return c;
		}
	fail_msg("%s has no variant %s", s->ops->name, v->variant);
	return (struct pt_config){ 0 };
}

static void check_value(const struct subject *s, const struct value *v)
{
	static const struct memory_config machine = { .tables = 64, .window = WINDOW_BOTTOM };
	struct pt_mapping m = { .iova = v->len, .oa = v->oa, .len = v->len, .prot = v->prot };
	struct pt_step steps[PT_MAX_LEVELS];
	struct pt_config c = config_of(s, v);
	uint64_t mapped;
	unsigned nr;

	judge_reset(judge, s, &c, &machine);
	assert_int_equal(judge_init(judge), 0);
	assert_int_equal(judge_map(judge, &m, &mapped), 0);
	assert_int_equal(judge->leaves[__builtin_ctzll(v->len)], 1);
	nr = s->ops->explain(judge->pt, m.iova, steps);
	assert_true(nr > 0);
	if (steps[nr - 1].item != v->item)
		fail_msg("%s %s, oa=0x%" PRIx64 " prot=0x%x: item 0x%016" PRIx64
			 ", should be 0x%016" PRIx64,
			 s->ops->name, v->variant, v->oa, v->prot, steps[nr - 1].item, v->item);
	if (v->pointer && steps[0].item != v->pointer)
		fail_msg("%s %s: pointer 0x%016" PRIx64 ", should be 0x%016" PRIx64, s->ops->name,
			 v->variant, steps[0].item, v->pointer);
	judge_deinit(judge);
}

static const struct table *table_of(const char *stamp)
{
	for (size_t i = 0; i < COUNT(tables); i++)
		if (!strcmp(tables[i].stamp, stamp))
			return &tables[i];
	fail_msg("%s has no table of values here", stamp);
	return NULL;
}

static void good_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(subjects); i++) {
		const struct table *t = table_of(subjects[i].ops->name);

		for (size_t k = 0; k < t->nr; k++)
			check_value(&subjects[i], &t->values[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_values) };
	int failed;

	judge = judge_create(64);
	if (!judge)
		return 2;
	failed = cmocka_run_group_tests_name("values", tests, NULL, NULL);
	judge_destroy(judge);
	return failed;
}
