/* Target same: one map, reached by different routes, must end the same. */
#ifndef WALKDIFF_FUZZ_SAME_H
#define WALKDIFF_FUZZ_SAME_H

#include "fuzz/run.h"

/* A step of the route as written that changed something: what the others do too. */
struct step {
	enum op_kind kind;	 /* OP_MAP, OP_UNMAP, OP_SYNC */
	unsigned prot;
	uint64_t iova, last, oa; /* what was mapped or removed */
	long op;		 /* of the program */
};

struct same {
	const char *route;	 /* the one at work */
	uint64_t operations;	 /* judged in the routes before it */
	unsigned compared;	 /* routes held against the one as written */
	bool cut;		 /* memory ended in this route */
	struct step *steps, *once;
	size_t nr_steps, nr_once;
	uint64_t *splits;
	size_t nr_splits;
	struct hw_map written, map; /* the last enumerations of that route and of this */
};

/* For one run of a program; the routes' names are in docs/LANGUAGE.md. */
struct same *same_create(const struct program *p);
void same_destroy(struct same *s);

/*
 * Run every route on the judge, which has been reset for the first. *at is the
 * operation at work; a failed check leaves by the judge's way out.
 */
void same_run(struct same *s, struct judge *j, const struct program *p,
	      const struct run_options *o, volatile long *at);

#endif
