/*
 * Tests of the judge of dirt at the edges.
 *
 * Goal: it asks for the bits, and the errors, that were promised at every edge: of leaves, of
 * the aperture, of the address space, of the bitmap; and it writes nothing behind that.
 * Method: honest sequences at the edges, which it must not complain of; liars, see liar.h, who
 * lie in one bit or one error.
 */
#include "oracle/liar.h"

#include <errno.h>

extern const struct pt_ops pt_sim_toy, pt_sim_riscv64;
extern const struct hw_format hw_toy, hw_riscv64;

#define PAGE UINT64_C(0x1000)
#define TOY(feature)                                                                               \
	{ &pt_sim_toy, &hw_toy, &inv_none, NULL }, {                                               \
		.features = (feature), .pgsize_bitmap = PAGE, .vasz_lg2 = 15, .top_level = 2,      \
		.oasz_lg2 = 20                                                                     \
	}

static uint64_t *words(void)
{
	return judge_dirty_room(judge)->words;
}

/* The first word of the bitmap of so many bits, each for 2^granule_lg2 bytes. */
static uint64_t read_bits(uint64_t base, unsigned granule_lg2, uint64_t bits, uint64_t iova,
			  uint64_t len)
{
	struct pt_bitmap b = { .base = base, .granule_lg2 = (uint8_t)granule_lg2, .bits = bits,
			       .words = words() };

	assert_int_equal(judge_read_dirty(judge, iova, len, PT_NO_CLEAR, &b), 0);
	return words()[0];
}

/* ---- edges ---- */

/* Of three pages the second is dirty. */
static void dirty_one_of_three(void)
{
	judge_init(judge);
	map(0, 0x41000, 3 * PAGE);
	judge_set_dirty(judge, PAGE);
}

static void ask_of_single_bytes(void)
{
	dirty_one_of_three();
	assert_int_equal(read_bits(0, 12, 8, PAGE, 1), 2);
	assert_int_equal(read_bits(0, 12, 8, 2 * PAGE - 1, 1), 2);
	assert_int_equal(read_bits(0, 12, 8, PAGE - 1, 1), 0);
	assert_int_equal(read_bits(0, 12, 8, 2 * PAGE, 1), 0);
	assert_int_equal(read_bits(0, 12, 8, 0, 1), 0);
	/* Each bit for one byte: up to the leaf, and from inside it. */
	assert_int_equal(read_bits(PAGE - 8, 0, 8, 0, 3 * PAGE), 0);
	assert_int_equal(read_bits(PAGE - 4, 0, 8, 0, 3 * PAGE), 0xf0);
	assert_int_equal(read_bits(2 * PAGE - 4, 0, 8, 0, 3 * PAGE), 0x0f);
	judge_deinit(judge);
}

/* What was dirty has gone from the end of what is mapped. */
static void ask_of_what_has_gone(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	map(4 * PAGE, 0x45000, PAGE);
	judge_set_dirty(judge, 4 * PAGE);
	judge_unmap(judge, 4 * PAGE, PAGE);
	assert_int_equal(read_bits(0, 12, 8, 0, 8 * PAGE), 0);
	judge_deinit(judge);
}

/* The last page that there is; of the bitmap four bits lie beyond it. */
static void ask_at_the_end(void)
{
	uint64_t last_page = UINT64_MAX - (PAGE - 1), base = UINT64_MAX - (16 * PAGE - 1);

	judge_init(judge);
	map(last_page, 0x41000, PAGE);
	judge_set_dirty(judge, last_page);
	assert_int_equal(read_bits(base, 12, 20, base, 16 * PAGE), 1u << 15);
	judge_deinit(judge);
}

/* In the gather is the page behind the one that is cleaned: no gap, nothing to sync before. */
static void clean_before_the_gathered(void)
{
	struct pt_bitmap b = { .granule_lg2 = 12, .bits = 8, .words = words() };

	judge_init(judge);
	map(0, 0x41000, 3 * PAGE);
	judge_set_dirty(judge, 0);
	judge_unmap(judge, PAGE, PAGE);
	assert_int_equal(judge_read_dirty(judge, 0, PAGE, 0, &b), 0);
	assert_int_equal(judge->sim.t->gather.first, 0);
	assert_int_equal(judge->sim.t->gather.last, 2 * PAGE - 1);
	judge_deinit(judge);
}

/* Of the words it uses what bits need, and one more. */
static void use_no_other_words(void)
{
	uint64_t mine[] = { 0, 0, 0x1234 };
	struct pt_bitmap b = { .granule_lg2 = 12, .bits = 63, .words = mine };

	dirty_one_of_three();
	assert_int_equal(judge_read_dirty(judge, 0, 8 * PAGE, 0, &b), 0);
	assert_int_equal(mine[0], 2);
	assert_int_equal(mine[2], 0x1234);
	judge_deinit(judge);
}

#define TRACKS (PT_FLUSH_RANGE | PT_DIRTY_TRACKING)
#define TRACKS_NO_GAPS (PT_FLUSH_RANGE_NO_GAPS | PT_DIRTY_TRACKING)

static void good_edges(void **state)
{
	static const struct scene scenes[] = {
		{ TOY(TRACKS), 0, ask_of_single_bytes },
		{ TOY(TRACKS), 0, ask_of_what_has_gone },
		{ TOY(TRACKS_NO_GAPS), 0, clean_before_the_gathered },
		{ TOY(TRACKS), 0, use_no_other_words },
		{ { &pt_sim_riscv64, &hw_riscv64, &inv_riscv, NULL },
		  { TRACKS | PT_SIGN_EXTEND, 0, 39, 2, 56, 0 }, 0, ask_at_the_end },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scenes); i++)
		assert_string_equal(play(&scenes[i], scenes[i].subject.ops, 0).text, "");
}

/* ---- liars ---- */

static void report(void)
{
	struct pt_bitmap b = { .granule_lg2 = 12, .bits = 64, .words = words() };

	dirty_one_of_three();
	judge_read_dirty(judge, 0, 3 * PAGE, 0, &b);
	judge_read_dirty(judge, 7 * PAGE, 2 * PAGE, 0, &b); /* beyond the aperture */
}

READ_DIRTY(reports_a_clean_page, b->words[0] |= 1)
READ_DIRTY(writes_right_behind, b->words[1] |= 1)
READ_DIRTY(writes_far_behind, b->words[2] |= UINT64_C(1) << 63)
READ_DIRTY(accepts_anything, err = 0)
READ_DIRTY(gathers_from_before, if (!err) g->first -= PAGE)
READ_DIRTY(gathers_further, if (!err) g->last += PAGE)
READ_DIRTY(gathers_levels, if (!err) g->leaf_levels |= 2)
READ_DIRTY(loses_the_last, if (!err) *item_at(2 * PAGE, 0) = 0)

static void report_unseen(void)
{
	struct pt_bitmap b = { .granule_lg2 = 12, .bits = 64, .words = words() };

	dirty_one_of_three();
	judge->thorough = false;
	judge_read_dirty(judge, 0, 3 * PAGE, 0, &b);
}

static const struct scene unseen = { TOY(TRACKS), 0, report_unseen };
static const struct scene reports = { TOY(TRACKS), 0, report };

static const struct liar liars[] = {
	LIAR(reports, read_dirty, reports_a_clean_page, DIRTY, "left bit 0 of the bitmap set", NONE),
	LIAR(reports, read_dirty, writes_right_behind, DIRTY, "left bit 64 of the bitmap set", NONE),
	LIAR(reports, read_dirty, writes_far_behind, DIRTY, "left bit 191 of the bitmap set", NONE),
	LIAR(reports, read_dirty, accepts_anything, RESULT, "read_dirty returned 0", NONE),
	LIAR(reports, read_dirty, gathers_from_before, DIRTY, "read_dirty gathered", NONE),
	LIAR(reports, read_dirty, gathers_further, DIRTY, "read_dirty gathered", NONE),
	LIAR(reports, read_dirty, gathers_levels, DIRTY, "read_dirty gathered", NONE),
	LIAR(unseen, read_dirty, loses_the_last, FLAT, "should be mapped", WALK),
};

static void bad_liars(void **state)
{
	(void)state;
	check_liars(liars, COUNT(liars));
	check_scenes(liars, COUNT(liars));
}

/* ---- what is not asked ---- */

static int fails_if_asked(struct pt *pt, uint64_t iova)
{
	(void)pt;
	fail_msg("set_dirty was asked of 0x%llx", (unsigned long long)iova);
	return 0;
}

static void ask_of_what_it_lacks(void)
{
	struct pt_bitmap b = { .granule_lg2 = 12, .bits = 64, .words = words() };

	judge_init(judge);
	assert_int_equal(judge_read_dirty(judge, 0, PAGE, 0, &b), 0);
	assert_string_equal(judge->sim.t->not_asked, "read_dirty");
}

static void ask_in_vain(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	if (judge->config.features & PT_DIRTY_TRACKING)
		assert_int_equal(judge_set_dirty(judge, 8 * PAGE), -EOPNOTSUPP);
	else
		assert_int_equal(judge_set_dirty(judge, 0), -EOPNOTSUPP);
	assert_non_null(judge->sim.t->not_asked);
}

/* Where nothing that is refused anyway is asked: without tracking nothing, with it what is beyond. */
static void good_not_asked(void **state)
{
	static const struct scene tracks = { TOY(TRACKS), 0, ask_in_vain };
	static const struct scene lacks = { TOY(TRACKS), 0, ask_of_what_it_lacks };
	static const struct scene plain = { TOY(PT_FLUSH_RANGE), 0, ask_in_vain };
	struct pt_ops ops = *tracks.subject.ops;

	(void)state;
	ops.read_dirty = NULL;
	assert_int_equal(play(&lacks, &ops, 0).check, CHECK_NONE);
	ops.set_dirty = fails_if_asked;
	judge->deviates = 1u << DEVIATES_BOUNDS;
	assert_int_equal(play(&tracks, &ops, 0).check, CHECK_NONE);
	assert_int_equal(play(&plain, &ops, 0).check, CHECK_NONE);
	judge->deviates = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_edges),
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(good_not_asked),
	};

	return cmocka_run_group_tests_name("judge_dirty_edges", tests, set_up, tear_down);
}
