/*
 * The scheduler: threads of operations as fibers on one OS thread. Before every event of
 * the simulated machine it decides, by a strategy that the program names, who goes on: the
 * same program runs the same way, to the last event.
 *
 *   pct     threads have priorities, the highest goes on; at depth - 1 random events the
 *           one that runs falls below all others (Burckhardt et al., ASPLOS 2010)
 *   pos     every event gets a random priority, the highest goes on; events that race with
 *           the one that went get new ones (Yuan, Yang, Gu, CAV 2018)
 *   random  any, at every event
 *   raw     the thread that runs goes on, but for the switches that the program lists
 */
#ifndef WALKDIFF_FUZZ_SCHEDULE_H
#define WALKDIFF_FUZZ_SCHEDULE_H

#include "oracle/judge.h"

enum strategy { STRATEGY_PCT, STRATEGY_POS, STRATEGY_RANDOM, STRATEGY_RAW, STRATEGIES };

extern const char *const strategy_names[STRATEGIES];
extern const char *const event_names[EVENTS];

/* After so many events since the switch before, go on with that thread, if it can. */
struct forced_switch {
	uint64_t after;
	uint32_t to;
};

/* Where the running thread is, for whoever watches. */
struct schedule_event {
	uint64_t number; /* of all events of the run */
	enum sim_event what;
	uint64_t pa;  /* of the item, where it is one of a table; else 0 */
};

/* A decision: which threads can run, and what each does next. */
struct choice {
	unsigned nr, current; /* nr: none runs yet, or that one has ended */
	uint32_t can;	      /* a bit each */
	struct {
		enum sim_event what;
		const volatile void *place;
	} next[SIM_THREADS];
};

/* Decides in a strategy's place: returns one of those that can run. */
struct chooser {
	unsigned (*choose)(void *ctx, const struct choice *c);
	void *ctx;
};

struct schedule_config {
	enum strategy strategy;
	uint64_t seed;
	uint32_t depth; /* pct: 1.. */
	const struct forced_switch *switches; /* raw */
	size_t nr_switches;
	const struct chooser *chooser; /* or null */
	/* From this event on (0: never) any thread, drawn by then_seed, instead. */
	uint64_t then_random, then_seed;
	/* Told of each event when its thread goes on; or null. */
	void (*listener)(void *ctx, unsigned thread, const struct schedule_event *e);
	void *ctx;
};

#define SCHEDULE_LOG 16 /* the last events of each thread that are remembered */

struct schedule;

/* Null without memory. One serves for many runs. */
struct schedule *schedule_create(void);
void schedule_destroy(struct schedule *s);

/*
 * Run threads 0..nr-1 until all have ended: body(ctx, i) on a stack of its own each, between
 * race_begin() and race_end() of the judge. False when one has left by sim_fail(): the
 * verdict is in the judge, the others have been given up.
 */
bool schedule_run(struct schedule *s, struct judge *j, unsigned nr,
		  const struct schedule_config *config, void (*body)(void *ctx, unsigned thread),
		  void *ctx);

/* Of the last run: the thread that failed; events; switches; a number that two runs share when alike. */
unsigned schedule_failed(const struct schedule *s);
uint64_t schedule_events(const struct schedule *s);
uint64_t schedule_switches(const struct schedule *s);
uint64_t schedule_digest(const struct schedule *s);

/* The switches of the last run, as STRATEGY_RAW would repeat it; they stay until the next. */
const struct forced_switch *schedule_repeat(const struct schedule *s, size_t *nr);

/* The last events of a thread, the n-th from the end (0: the last); false where there is none. */
bool schedule_last_event(const struct schedule *s, unsigned thread, unsigned n,
			 struct schedule_event *out);

#endif
