/*
 * Which page table a recorded operation belongs to, and what is live in each
 * while a trace is read. The map and unmap lines name no domain: docs/TRACES.md
 * tells how it is found.
 */
#ifndef WALKDIFF_FUZZ_DOMAINS_H
#define WALKDIFF_FUZZ_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "fuzz/trace.h"

#define MAX_DOMAINS 64
#define NO_DOMAIN MAX_DOMAINS

/* What is left of one map line. */
struct live {
	uint64_t iova, oa, len;
	bool unlike; /* the page table under test holds something else here: not to be compared */
};

struct domain {
	uint64_t name;	   /* of the last probe that named it; 0: none */
	struct live *live; /* by IOVA, none overlaps another */
	size_t nr, cap;
};

/* A probe's line whose map or unmap line has not come yet. */
struct expected {
	enum trace_kind kind; /* of the line to come */
	uint64_t task, iova, oa, len, name;
};

#define MAX_EXPECTED 64
#define TASK_PLACES 256

/* Where a task mapped last. */
struct task_domain {
	uint64_t task;
	unsigned domain;
	bool mapped;
};

/* Starts as all zeroes. */
struct domains {
	struct domain domain[MAX_DOMAINS];
	unsigned nr;
	unsigned recent;			 /* of the last map */
	struct task_domain by_task[TASK_PLACES]; /* a task's place may be another's */
	struct expected expected[MAX_EXPECTED];
	unsigned nr_expected;
};

/* Where an operation goes. */
struct place {
	unsigned domain; /* NO_DOMAIN: the event is no operation */
	bool unlike;	 /* UNMAP: some of it was marked by domains_unlike() */
};

/*
 * Take in the next event of the trace. A probe's name is kept; what a MAP or UNMAP
 * says is made live, or no longer live, in the domain that it is found to be of. One
 * that would need more than MAX_DOMAINS becomes TRACE_MALFORMED.
 */
struct place domains_take(struct domains *d, struct trace_event *e);

/* The page table under test does not hold what is live in first..last. */
void domains_unlike(struct domains *d, unsigned domain, uint64_t first, uint64_t last);

void domains_free(struct domains *d);

#endif
