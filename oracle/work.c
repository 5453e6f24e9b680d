/*
 * The judge of work: what an operation did, against the most that it can need.
 *
 * docs/ORACLES.md has the bounds in words. They are not tight, and need not be: a lost
 * fast path or a lost batch makes work grow with the leaves, not with the tables.
 */
#include <inttypes.h>

#include "oracle/judge_parts.h"

/* Reads of the top that a step of its growth may take: before, under the lock, after. */
#define GROWTH 4

/* Tables that there were, or that it asked for. */
static uint64_t tables(const struct work *w)
{
	return (uint64_t)w->tables + w->allocations;
}

/*
 * Items stored into twice: where an empty table makes way, or break-before-make asks for it,
 * and to say that the flush of a table pointer is done.
 */
static uint64_t again(const struct judge *j, const struct work *w)
{
	return tables(w) + (j->subject.hw->breaks_before_make ? w->cleared : 0);
}

void check_work(struct judge *j, const struct work *w)
{
	uint64_t levels = j->sim.device.level + UINT64_C(1);
	/* Down from the top once, and for each table that the range comes to, or comes back to. */
	uint64_t descents = 2 + 2 * tables(w) + (j->config.features & PT_DYNAMIC_TOP ? GROWTH * levels : 0);
	/* A table pointer a level each time, and each table twice that is taken apart. */
	uint64_t follows = levels * descents + 2 * tables(w);

	/* equivalent: logic-1: but for mode threads; what is off says nothing */
	if (!j->sim.watch.on || sim_is_off(&j->sim, CHECK_WORK))
		return;
	if (w->descents > descents)
		sim_fail(&j->sim, CHECK_WORK, "read the top %" PRIu64 " times, where %" PRIu64
			 " are enough", w->descents, descents);
	if (w->follows > follows)
		sim_fail(&j->sim, CHECK_WORK, "followed %" PRIu64 " table pointers, where %" PRIu64
			 " are enough", w->follows, follows);
	if (w->in_vain)
		sim_fail(&j->sim, CHECK_WORK, "stored %" PRIu64 " times what was there already",
			 w->in_vain);
	if (w->again > again(j, w))
		sim_fail(&j->sim, CHECK_WORK, "stored %" PRIu64 " times more than once into an item, "
			 "where %" PRIu64 " are enough", w->again, again(j, w));
	if (w->flushes_in_vain)
		sim_fail(&j->sim, CHECK_WORK, "flushed %" PRIu64 " lines that held nothing new",
			 w->flushes_in_vain);
}
