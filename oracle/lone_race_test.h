/*
 * A race of one thread, for the tests of the judges: its events are counted, and at a chosen
 * one another thread does something.
 */
#ifndef WALKDIFF_ORACLE_LONE_RACE_TEST_H
#define WALKDIFF_ORACLE_LONE_RACE_TEST_H

#include "oracle/liar.h"

static struct {
	unsigned nr[EVENTS], total;
	enum sim_event last;
	void (*other)(void); /* what thread 1 does at event number `at` */
	unsigned at;
	int depth; /* of takes not given back */
} sched;

static inline void event(void *scheduler, enum sim_event what, const volatile void *place)
{
	void (*other)(void) = sched.other;

	(void)scheduler;
	(void)place;
	sched.nr[what]++;
	sched.last = what;
	if (!other || sched.total++ != sched.at)
		return;
	sched.other = NULL;
	judge->sim.threads[1].out = judge->sim.threads[0].out;
	judge->sim.t = &judge->sim.threads[1];
	other();
	judge->sim.t = &judge->sim.threads[0];
}

static inline void wait_for(void *scheduler, bool (*is_ready)(void *arg), void *arg)
{
	(void)scheduler;
	(void)is_ready;
	(void)arg;
	fail_msg("nobody lets it go on");
}

static inline void begin_race(void)
{
	memset(&sched, 0, sizeof(sched));
	sched.at = 1; /* event 0 is that an operation begins */
	memset(&judge->race.hooks, 0, sizeof(judge->race.hooks));
	judge->race.hooks.event = event;
	judge->race.hooks.wait = wait_for;
	race_begin(judge);
}

#endif
