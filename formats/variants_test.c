/*
 * Tests of the variants that formats list.
 *
 * Goal: a variant is what its name, and the manual, say: its levels, its aperture, its OAs.
 * Everything else takes a variant as it is; one with a level too many maps as well as before.
 * Method: one literal table, worked by hand. Of a format that is in it every variant is.
 */
#include "oracle/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EXTENSIONS (PT_NAPOT | PT_MEMORY_TYPES)

#define STAMP(stamp, file, architecture) extern const struct pt_ops pt_sim_##stamp;
#include "formats/formats.def"
#undef STAMP
#define STAMP(stamp, file, architecture) &pt_sim_##stamp,
static const struct pt_ops *const formats[] = {
#include "formats/formats.def"
};
#undef STAMP

/* PT_FLUSH_RANGE is in all of them. */
struct row {
	const char *format, *variant;
	uint64_t features;
	unsigned vasz_lg2, top_level, oasz_lg2;
};

static const struct row rows[] = {
	{ "toy", "fixed", 0, 15, 2, 20 },
	{ "toy", "growing", PT_DYNAMIC_TOP, 15, 0, 20 },
	{ "amdv1", "growing", PT_DYNAMIC_TOP | PT_FULL_VA, 64, 2, 52 },
	{ "amdv1", "growing-1", PT_DYNAMIC_TOP | PT_FULL_VA, 64, 0, 52 },
	{ "amdv1", "mode-6", PT_FULL_VA, 64, 5, 52 },
	{ "amdv1", "mode-5", 0, 57, 4, 52 },
	{ "amdv1", "mode-4", 0, 48, 3, 52 },
	{ "amdv1", "mode-3", 0, 39, 2, 52 },
	{ "amdv1", "mode-2", 0, 30, 1, 52 },
	{ "amdv1", "mode-1", 0, 21, 0, 52 },
	{ "amdv1_mock", "growing", PT_DYNAMIC_TOP, 56, 2, 51 },
	{ "amdv1_mock", "growing-1", PT_DYNAMIC_TOP, 56, 0, 51 },
	{ "amdv1_mock", "mode-5", 0, 56, 4, 51 },
	{ "amdv1_mock", "mode-4", 0, 47, 3, 51 },
	{ "amdv1_mock", "mode-3", 0, 38, 2, 51 },
	{ "amdv1_mock", "mode-2", 0, 29, 1, 51 },
	{ "amdv1_mock", "mode-1", 0, 20, 0, 51 },
	{ "x86_64", "4-level", PT_SIGN_EXTEND, 48, 3, 52 },
	{ "x86_64", "5-level", PT_SIGN_EXTEND, 57, 4, 52 },
	{ "x86_64", "4-level-47", 0, 47, 3, 52 },
	{ "x86_64", "5-level-56", 0, 56, 4, 52 },
	{ "vtdss", "4-level", 0, 48, 3, 52 },
	{ "vtdss", "3-level", 0, 39, 2, 52 },
	{ "vtdss", "5-level", 0, 57, 4, 52 },
	{ "vtdss", "4-level-39", 0, 39, 3, 52 },
	{ "vtdfs", "4-level", PT_SIGN_EXTEND, 48, 3, 52 },
	{ "vtdfs", "5-level", PT_SIGN_EXTEND, 57, 4, 52 },
	{ "vtdfs", "4-level-39", 0, 39, 3, 52 },
	{ "riscv64", "sv39", PT_SIGN_EXTEND, 39, 2, 56 },
	{ "riscv64", "sv48", PT_SIGN_EXTEND, 48, 3, 56 },
	{ "riscv64", "sv57", PT_SIGN_EXTEND, 57, 4, 56 },
	{ "riscv64", "sv48-napot-pbmt", PT_SIGN_EXTEND | EXTENSIONS, 48, 3, 56 },
	{ "riscv64", "sv39x4", PT_SECOND_STAGE, 41, 2, 56 },
	{ "riscv64", "sv48x4", PT_SECOND_STAGE, 50, 3, 56 },
	{ "riscv64", "sv57x4", PT_SECOND_STAGE, 59, 4, 56 },
	{ "riscv64", "sv39x4-napot-pbmt", PT_SECOND_STAGE | EXTENSIONS, 41, 2, 56 },
	{ "armv8_s1_4k", "48", 0, 48, 3, 48 },
	{ "armv8_s1_4k", "48-upper", PT_UPPER_HALF, 48, 3, 48 },
	{ "armv8_s1_4k", "39", 0, 39, 2, 48 },
	{ "armv8_s1_4k", "36-upper", PT_UPPER_HALF, 36, 2, 48 },
	{ "armv8_s1_4k", "52-lpa2", PT_LARGE_OA, 52, 4, 52 },
	{ "armv8_s1_4k", "52-lpa2-upper", PT_UPPER_HALF | PT_LARGE_OA, 52, 4, 52 },
	{ "armv8_s1_16k", "47", 0, 47, 2, 48 },
	{ "armv8_s1_16k", "48", 0, 48, 3, 48 },
	{ "armv8_s1_16k", "48-upper", PT_UPPER_HALF, 48, 3, 48 },
	{ "armv8_s1_16k", "36", 0, 36, 1, 48 },
	{ "armv8_s1_16k", "52-lpa2", PT_LARGE_OA, 52, 3, 52 },
	{ "armv8_s1_16k", "52-lpa2-upper", PT_UPPER_HALF | PT_LARGE_OA, 52, 3, 52 },
	{ "armv8_s1_64k", "48", 0, 48, 2, 48 },
	{ "armv8_s1_64k", "48-upper", PT_UPPER_HALF, 48, 2, 48 },
	{ "armv8_s1_64k", "42", 0, 42, 1, 48 },
	{ "armv8_s1_64k", "52-lpa", PT_LARGE_OA, 52, 2, 52 },
	{ "armv8_s1_64k", "52-lpa-upper", PT_UPPER_HALF | PT_LARGE_OA, 52, 2, 52 },
	{ "armv8_s2_4k", "48", 0, 48, 3, 48 },
	{ "armv8_s2_4k", "40", 0, 40, 2, 48 },
	{ "armv8_s2_4k", "43", 0, 43, 2, 48 },
	{ "armv8_s2_4k", "34", 0, 34, 1, 48 },
	{ "armv8_s2_4k", "52-lpa2", PT_LARGE_OA, 52, 4, 52 },
	{ "armv8_s2_16k", "48", 0, 48, 2, 48 },
	{ "armv8_s2_16k", "40", 0, 40, 2, 48 },
	{ "armv8_s2_16k", "40-low", 0, 40, 1, 48 },
	{ "armv8_s2_16k", "52-lpa2", PT_LARGE_OA, 52, 3, 52 },
	{ "armv8_s2_64k", "48", 0, 48, 2, 48 },
	{ "armv8_s2_64k", "46", 0, 46, 1, 48 },
	{ "armv8_s2_64k", "52-lpa", PT_LARGE_OA, 52, 2, 52 },
};

static const struct row *row_of(const char *format, const char *variant)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!strcmp(rows[i].format, format) &&
		    (!variant || !strcmp(rows[i].variant, variant)))
			return &rows[i];
	return NULL;
}

static void check_variant(const char *format, const struct pt_variant *v)
{
	const struct row *r = row_of(format, v->name);

	if (!r)
		fail_msg("%s: the variant %s is not here", format, v->name);
	assert_int_equal(v->config.features, PT_FLUSH_RANGE | r->features);
	assert_int_equal(v->config.vasz_lg2, r->vasz_lg2);
	assert_int_equal(v->config.top_level, r->top_level);
	assert_int_equal(v->config.oasz_lg2, r->oasz_lg2);
	assert_int_equal(v->config.pgsize_bitmap, 0);
	assert_int_equal(v->config.encrypt_bit, 0);
}

static void good_variants(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++)
		for (unsigned v = 0; v < formats[i]->nr_variants; v++)
			if (row_of(formats[i]->name, NULL)) {
				check_variant(formats[i]->name, &formats[i]->variants[v]);
				found++;
			}
	assert_int_equal(found, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_variants) };

	return cmocka_run_group_tests_name("variants", tests, NULL, NULL);
}
