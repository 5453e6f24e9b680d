/*
 * Goal: the judge of dirt can say no. Method: the toy format's operations, wrapped so that
 * read_dirty or set_dirty misbehaves in one way each; the documented check must fire.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/judge.h"

extern const struct pt_ops pt_sim_toy;
extern const struct hw_format hw_toy;

enum fault {
	NONE,
	REPORTS_NOTHING,
	REPORTS_TOO_MUCH,
	WRITES_BEHIND_THE_END,
	CLEANS_NOTHING,
	CLEANS_WITHOUT_REPORT,
	GATHERS_NOTHING,
	WRONG_ERROR,
	SETS_NOTHING,
	FAULTS,
};

static enum fault fault;

static int broken_read_dirty(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
			     const struct pt_bitmap *bitmap, struct pt_gather *gather)
{
	struct pt_gather before = *gather;
	int err;

	if (fault == CLEANS_NOTHING)
		flags |= PT_NO_CLEAR;
	err = pt_sim_toy.read_dirty(pt, iova, len, flags, bitmap, gather);
	if (fault == REPORTS_NOTHING || fault == CLEANS_WITHOUT_REPORT)
		bitmap->words[0] = 0;
	if (fault == REPORTS_TOO_MUCH)
		bitmap->words[0] |= 1u << 3;
	if (fault == WRITES_BEHIND_THE_END)
		bitmap->words[(bitmap->bits + 63) / 64] = 1;
	if (fault == GATHERS_NOTHING)
		*gather = before;
	return fault == WRONG_ERROR ? -ERANGE : err;
}

static int broken_set_dirty(struct pt *pt, uint64_t iova)
{
	return fault == SETS_NOTHING ? 0 : pt_sim_toy.set_dirty(pt, iova);
}

/* Two leaves, of which the second gets dirty, and a report; the check that fired. */
static enum check run(void)
{
	struct pt_ops ops = pt_sim_toy;
	struct subject subject = { &ops, &hw_toy, &inv_none, NULL };
	struct pt_config config = { .features = PT_FLUSH_RANGE | PT_DIRTY_TRACKING,
				    .pgsize_bitmap = 0x1000,
				    .vasz_lg2 = 15,
				    .top_level = 2,
				    .oasz_lg2 = 20 };
	struct memory_config memory = { .tables = 64 };
	struct pt_mapping m = { .iova = 0, .oa = 0, .len = 0x2000, .prot = PT_READ | PT_WRITE };
	struct judge *j = judge_create(64);
	volatile enum check check;
	uint64_t mapped;
	jmp_buf out;

	assert_non_null(j);
	ops.read_dirty = broken_read_dirty;
	ops.set_dirty = broken_set_dirty;
	judge_reset(j, &subject, &config, &memory);
	j->sim.t->out = &out;
	if (!setjmp(out)) {
		struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 64,
					    .words = judge_dirty_room(j)->words };

		judge_init(j);
		judge_map(j, &m, &mapped);
		judge_set_dirty(j, 0x1000);
		judge_read_dirty(j, 0, 0x2000, 0, &bitmap);
		judge_deinit(j);
	}
	check = j->sim.verdict.check;
	judge_destroy(j);
	return check;
}

static void good_toy(void **state)
{
	(void)state;
	fault = NONE;
	assert_int_equal(run(), CHECK_NONE);
}

static void bad_each(void **state)
{
	static const enum check want[FAULTS] = {
		[REPORTS_NOTHING] = CHECK_DIRTY,       [REPORTS_TOO_MUCH] = CHECK_DIRTY,
		[WRITES_BEHIND_THE_END] = CHECK_DIRTY, [CLEANS_NOTHING] = CHECK_DIRTY,
		[CLEANS_WITHOUT_REPORT] = CHECK_DIRTY, [GATHERS_NOTHING] = CHECK_DIRTY,
		[WRONG_ERROR] = CHECK_RESULT,	       [SETS_NOTHING] = CHECK_WALK,
	};

	(void)state;
	for (fault = NONE + 1; fault < FAULTS; fault++)
		assert_int_equal(run(), want[fault]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_toy),
		cmocka_unit_test(bad_each),
	};

	return cmocka_run_group_tests_name("judge_dirty", tests, NULL, NULL);
}
