/* Target race: a program's threads under its schedule. */
#ifndef WALKDIFF_FUZZ_RUN_RACE_H
#define WALKDIFF_FUZZ_RUN_RACE_H

#include "fuzz/run.h"
#include "fuzz/schedule.h"

/* Runs what init has set up; leaves by sim_fail() of the judge, with *at the operation. */
void run_race(struct judge *j, const struct program *p, const struct run_options *o,
	      volatile long *at);

/* The strategy that a seed picks. */
enum strategy race_strategy_of(uint64_t seed);

/*
 * The schedule that a program names, or, where it names none, the one that the seed of its
 * memory picks. Room for p->nr switches, or null: without them.
 */
struct schedule_config race_schedule_of(const struct program *p, struct forced_switch *switches);

/* The operation that a thread of the race that runs now is in; -1: no race runs. */
long race_operation(unsigned thread);

/* Of the last race: for reports. Null where threads are the host's. */
const struct schedule *race_schedule(void);

/* Give a program this schedule, first, in place of what it says of one. */
void race_name_schedule(struct program *p, enum strategy strategy, uint64_t seed, uint32_t depth);

/* Replace the schedule of a program by the switches that the last race, which it was, made. */
void race_repeat_by_switches(struct program *p);

#endif
