/*
 * Tests of which configurations a format takes.
 *
 * Goal: init takes what hardware can do and nothing beyond: widths, levels, leaf sizes,
 * positions of the C-bit, features. What is refused has the error that is promised.
 * Method: each variant with one field, or two that limit each other, of every value; the
 * judge predicts what init returns from the hardware's description.
 */
#include "formats/subjects_test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_LG2 66u /* of widths tried; no format has more than 64 */
#define MAX_TOP 8u  /* of levels tried; a top has 3 bits for its level */

static struct judge *judge;
static unsigned nr_taken, nr_refused;

/* Init, which the judge compares with what it predicts, and leave again. */
static void try_config(const struct subject *s, const struct pt_config *c)
{
	static const struct memory_config machine = { .tables = 4 };
	jmp_buf out;

	judge_reset(judge, s, c, &machine);
	judge->sim.t->out = &out;
	if (setjmp(out))
		fail_msg("%s, vasz_lg2=%u top_level=%u oasz_lg2=%u encrypt_bit=%u"
			 " pgsize_bitmap=0x%" PRIx64 " features=0x%" PRIx64 ": %s",
			 s->ops->name, judge->config.vasz_lg2, judge->config.top_level,
			 judge->config.oasz_lg2, judge->config.encrypt_bit,
			 judge->config.pgsize_bitmap, judge->config.features,
			 judge->sim.verdict.text);
	if (judge_init(judge)) {
		nr_refused++;
		return;
	}
	nr_taken++;
	judge_deinit(judge);
}

/* Each width, with each level of the top. */
static void try_levels(const struct subject *s, struct pt_config c)
{
	for (unsigned top = 0; top < MAX_TOP; top++)
		for (unsigned lg2 = 0; lg2 < MAX_LG2; lg2++) {
			c.top_level = (uint8_t)top;
			c.vasz_lg2 = (uint8_t)lg2;
			try_config(s, &c);
		}
}

/* Each leaf size alone: with each VA width, each OA width, each level of the top. */
static void try_sizes(const struct subject *s, const struct pt_config *plain)
{
	for (unsigned size = 0; size < 64; size++) {
		struct pt_config c = *plain;

		c.pgsize_bitmap = UINT64_C(1) << size;
		for (unsigned lg2 = 0; lg2 < MAX_LG2; lg2++) {
			c.vasz_lg2 = (uint8_t)lg2;
			try_config(s, &c);
		}
		c.vasz_lg2 = plain->vasz_lg2;
		for (unsigned lg2 = 0; lg2 < MAX_LG2; lg2++) {
			c.oasz_lg2 = (uint8_t)lg2;
			try_config(s, &c);
		}
		c.oasz_lg2 = plain->oasz_lg2;
		for (unsigned top = 0; top < MAX_TOP; top++) {
			c.top_level = (uint8_t)top;
			try_config(s, &c);
		}
	}
}

static void try_encrypt_bits(const struct subject *s, struct pt_config c)
{
	unsigned widest = c.oasz_lg2;

	c.features |= PT_ENCRYPT_TABLES;
	for (unsigned bit = 0; bit < 64; bit++) {
		c.encrypt_bit = (uint8_t)bit;
		c.oasz_lg2 = (uint8_t)widest;
		try_config(s, &c);
		c.oasz_lg2 = (uint8_t)(bit < widest ? bit : widest);
		try_config(s, &c);
	}
}

static void try_features(const struct subject *s, const struct pt_config *plain)
{
	for (unsigned a = 0; a < 64; a++)
		for (unsigned b = a; b < 64; b++) {
			struct pt_config c = *plain;

			c.features ^= UINT64_C(1) << a;
			if (b > a)
				c.features ^= UINT64_C(1) << b;
			try_config(s, &c);
		}
}

static void for_variants(void (*try)(const struct subject *, const struct pt_config *))
{
	nr_taken = nr_refused = 0;
	for (unsigned i = 0; i < COUNT(subjects); i++)
		for (unsigned v = 0; v < subjects[i].ops->nr_variants; v++)
			try(&subjects[i], &subjects[i].ops->variants[v].config);
	assert_true(nr_taken > COUNT(subjects) && nr_refused > COUNT(subjects));
}

static void try_widths(const struct subject *s, const struct pt_config *plain)
{
	struct pt_config c = *plain;

	try_levels(s, c);
	for (unsigned lg2 = 0; lg2 < MAX_LG2; lg2++) {
		c.oasz_lg2 = (uint8_t)lg2;
		try_config(s, &c);
	}
	try_encrypt_bits(s, *plain);
}

static void good_widths(void **state)
{
	(void)state;
	for_variants(try_widths);
}

static void good_sizes(void **state)
{
	(void)state;
	for_variants(try_sizes);
}

static void good_features(void **state)
{
	(void)state;
	for_variants(try_features);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_widths),
		cmocka_unit_test(good_sizes),
		cmocka_unit_test(good_features),
	};
	int failed;

	judge = judge_create(4);
	if (!judge)
		return 2;
	failed = cmocka_run_group_tests_name("limits", tests, NULL, NULL);
	judge_destroy(judge);
	return failed;
}
