/*
 * Tests of the judge of the whole table.
 *
 * Goal: each thing that it compares is compared, and each address that it should ask about it
 * asks about.
 * Method: tables, gathers and the flat map are changed by hand behind its back; and a translate
 * that notes what it is asked.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/judge_parts.h"
#include "oracle/liar.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)
#define TOY_A UINT64_C(0x10) /* of hw_toy.c */
#define TOY_W UINT64_C(0x08)

static uint64_t asked[64];
static size_t nr_asked;

static bool translate_and_note(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	assert_true(nr_asked < COUNT(asked));
	asked[nr_asked++] = iova;
	return pt_sim_toy.translate(pt, iova, oa);
}

/* A table that the judge has agreed with. */
static void begin_with(uint32_t off, uint64_t iova, uint64_t nr_pages)
{
	static struct pt_ops ops;
	const struct subject subject = { &ops, &hw_toy, &inv_none, NULL };
	const struct pt_config config = { .features = PT_FLUSH_RANGE, .vasz_lg2 = 15,
					  .top_level = 2, .oasz_lg2 = 20 };
	const struct memory_config machine = { .seed = 1, .tables = LIAR_TABLES };

	ops = pt_sim_toy;
	ops.translate = translate_and_note;
	judge->off = off;
	judge->deviates = 0;
	nr_asked = 0;
	judge_reset(judge, &subject, &config, &machine);
	judge->thorough = false;
	judge_init(judge);
	/* At an odd page from where it is: no leaf is larger. */
	map(iova, iova + 0x41000, nr_pages * PAGE);
	nr_asked = 0;
	judge_state(judge);
	assert_true(judge->judged);
}

static void look(void)
{
	judge_state(judge);
}

static void assert_says(const char *words)
{
	if (!strstr(judge->sim.verdict.text, words))
		fail_msg("should say '%s', says '%s'", words, judge->sim.verdict.text);
}

/* ---- leaves ---- */

static void write_item(uint64_t iova, uint64_t flips)
{
	uint64_t *at = item_at(iova, 0);

	sim_write(&judge->sim, at, *at ^ flips, false);
}

static void bad_leaf(void **state)
{
	(void)state;
	begin_with(0, 0, 1);
	write_item(0, 2 * PAGE);
	assert_int_equal(check_of(look), CHECK_WALK);
	begin_with(0, 0, 1);
	write_item(0, TOY_A);
	assert_int_equal(check_of(look), CHECK_WALK);
	assert_says("accessed");
}

/* Who promises no attributes promises read and write. */
static void good_deviates(void **state)
{
	(void)state;
	begin_with(0, 0, 1);
	judge->deviates = 1u << DEVIATES_ATTRIBUTES;
	write_item(0, TOY_A);
	assert_int_equal(check_of(look), CHECK_NONE);
	write_item(0, TOY_W);
	assert_int_equal(check_of(look), CHECK_WALK);
	assert_says("write");
	judge->deviates = 0;
}

static void probe_0(void)
{
	probe(judge, 0);
}

/* Software and hardware are each asked. */
static void bad_probe(void **state)
{
	(void)state;
	begin_with(0, 0, 1);
	assert_int_equal(check_of(probe_0), CHECK_NONE);
	write_item(0, 2 * PAGE);
	assert_int_equal(check_of(probe_0), CHECK_FLAT);
	judge->sim.off = CHECK_BIT(CHECK_FLAT);
	assert_int_equal(check_of(probe_0), CHECK_WALK);
}

/* ---- tables ---- */

/* One that nothing leads to, while others wait in the gather. */
static void bad_leak(void **state)
{
	char words[80];
	uint64_t pa;

	(void)state;
	begin_with(0, 0, 2);
	judge_unmap(judge, 0, 2 * PAGE);
	assert_int_equal(judge->sim.t->gather.nr_tables, 1);
	assert_int_equal(check_of(look), CHECK_NONE);
	assert_non_null(sim_table_alloc(&judge->sim, 16, &pa));
	assert_int_equal(check_of(look), CHECK_LEDGER);
	snprintf(words, sizeof(words), "the table at PA 0x%" PRIx64 " is leaked", pa);
	assert_says(words);
	assert_says("is leaked: 4 allocated, 3 accounted for");
}

/* Which tables wait in a foreign gather nobody can see, only how many. */
static void good_foreign_gather(void **state)
{
	static const struct foreign foreign = { .hooked = true };

	(void)state;
	begin_with(0, 0, 2);
	judge_unmap(judge, 0, 2 * PAGE);
	judge->subject.foreign = &foreign;
	judge->judged = false;
	assert_int_equal(check_of(look), CHECK_NONE);
	judge->sim.t->gather.nr_tables = 0;
	judge->judged = false;
	assert_int_equal(check_of(look), CHECK_LEDGER);
	assert_says("is leaked: 3 allocated, 2 accounted for");
	judge->subject.foreign = NULL;
}

static void bad_gather(void **state)
{
	(void)state;
	begin_with(0, 0, 1);
	judge->sim.t->gather.tables = UINT64_C(0x123456000);
	judge->sim.t->gather.nr_tables = 1;
	assert_int_equal(check_of(look), CHECK_LEDGER);
	assert_says("in the gather, but not allocated");
	begin_with(0, 0, 2);
	judge_unmap(judge, 0, 2 * PAGE);
	judge->sim.t->gather.nr_tables++;
	assert_int_equal(check_of(look), CHECK_LEDGER);
	assert_says("1 tables are in the gather, which says 2");
}

/* A table is found twice, though no more are allocated than are found. */
static void bad_second_way(void **state)
{
	uint64_t *at;

	(void)state;
	begin_with(CHECK_BIT(CHECK_WALK), 0, 1);
	at = item_at(0, 1);
	sim_write(&judge->sim, at + 1, at[0], false);
	assert_int_equal(check_of(look), CHECK_LEDGER);
	assert_says("reachable a second time");
}

/* ---- which addresses ---- */

static bool was_asked(uint64_t iova)
{
	for (size_t i = 0; i < nr_asked; i++)
		if (asked[i] == iova)
			return true;
	return false;
}

/* The ends of what is mapped, the bytes beside them, and a leaf inside: each in its turn. */
static void good_probes(void **state)
{
	unsigned pages = 0;

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		unsigned inside = 0;

		begin_with(0, PAGE, 3);
		judge->operations = 3 + turn;
		judge->judged = false;
		nr_asked = 0;
		judge_state(judge);
		assert_int_equal(judge->flat.nr, 1);
		assert_int_equal(judge->flat.extents[0].count, 3);
		assert_true(was_asked(PAGE - 1));
		assert_true(was_asked(PAGE));
		assert_true(was_asked(4 * PAGE - 1));
		assert_true(was_asked(4 * PAGE));
		for (size_t i = 0; i < nr_asked; i++) {
			if (asked[i] <= PAGE || asked[i] >= 4 * PAGE - 1)
				continue;
			inside++;
			pages |= 1u << asked[i] / PAGE;
		}
		assert_int_equal(inside, 1);
	}
	assert_int_equal(pages, 0xe);
}

/* At the ends of the aperture there is nothing beside. */
static void good_probes_at_ends(void **state)
{
	(void)state;
	begin_with(0, 0, 1);
	assert_true(was_asked(0) && was_asked(PAGE - 1) && was_asked(PAGE));
	assert_false(was_asked(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_leaf),	cmocka_unit_test(good_deviates),
		cmocka_unit_test(bad_probe),	cmocka_unit_test(bad_leak),
		cmocka_unit_test(good_foreign_gather),
		cmocka_unit_test(bad_gather),	cmocka_unit_test(bad_second_way),
		cmocka_unit_test(good_probes),	cmocka_unit_test(good_probes_at_ends),
	};

	return cmocka_run_group_tests_name("state", tests, set_up, tear_down);
}
