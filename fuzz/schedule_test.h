/* What tests of schedules share: a judge, and a scheduler to run threads by. */
#ifndef WALKDIFF_FUZZ_SCHEDULE_TEST_H
#define WALKDIFF_FUZZ_SCHEDULE_TEST_H

#include "fuzz/schedule.h"

static struct judge *judge;
static struct schedule *schedule;

static inline int set_up(void **state)
{
	(void)state;
	judge = judge_create(4);
	schedule = schedule_create();
	return judge && schedule ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	schedule_destroy(schedule);
	judge_destroy(judge);
	return 0;
}

#endif
