/* Running a program through its judges. */
#ifndef WALKDIFF_FUZZ_RUN_H
#define WALKDIFF_FUZZ_RUN_H

#include "fuzz/program.h"

/* What an operation returned, for people. */
struct outcome {
	int err;	/* map, init */
	uint64_t bytes; /* map, unmap */
	bool mapped;	/* translate, probe, dma */
	uint64_t oa;
	bool missing;	/* it has not ended */
	bool skipped;	/* decode: map and unmap do nothing once memory is wild */
	const char *not_asked; /* the deviation for which it was not done, or null */
};

/* Called after each operation that all judges agreed on; op -1 is init, nr is deinit. */
typedef void run_observer(void *ctx, const struct program *p, long op, const struct outcome *o);

struct run {
	struct verdict verdict; /* CHECK_NONE: all well */
	long op;		/* the operation that failed; -1 init, nr deinit */
	uint64_t operations;	/* judged */
	const char *route;	/* same: the one that failed, or the last; else null */
	unsigned compared;	/* same: routes held against the one as written */
	uint64_t digest;	/* runs that share it were alike; 0: of real threads that race */
};

struct schedule_config; /* fuzz/schedule.h */

struct run_options {
	run_observer *observer; /* or null */
	void *ctx;
	uint32_t thorough_every; /* enumerate the whole table after every n-th operation; 0: each */
	uint64_t refuse_at;	 /* refuse this allocation of the whole program, 0: none */
	uint64_t refuse_then;	 /* and the one so many after it, 0: none */
	/* race: change the schedule that the program names; or null */
	void (*plan)(void *plan_ctx, struct schedule_config *c);
	void *plan_ctx;
};

/* "stale,torn" as CHECK_BITs; false when one is no check, or one without which nothing goes on. */
bool parse_checks(const char *names, uint32_t *checks);

/* False when a foreign implementation declares that it does not promise what the target is about. */
bool run_is_for(const struct subject *s, enum target target);

/* Run it, or (see run_is_for) nothing of it. The judge keeps the state of the end, for reports. */
struct run run_program(struct judge *j, const struct program *p, const struct run_options *o);

/* One operation of target ops or race, and what it returned. */
void run_op(struct judge *j, const struct op *op, struct outcome *o);

/* An operation has ended, which all judges agreed on: in the digest, and to the observer. */
void run_observe(struct judge *j, const struct run_options *o, const struct program *p, long op,
		 const struct outcome *outcome);

/* "0, mapped 0x1000" and the like. */
void print_outcome(const struct op *op, const struct outcome *o, FILE *out);

#endif
