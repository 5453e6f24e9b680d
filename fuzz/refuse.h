/* Running a program again with its allocations refused, one at a time and in pairs. */
#ifndef WALKDIFF_FUZZ_REFUSE_H
#define WALKDIFF_FUZZ_REFUSE_H

#include "fuzz/run.h"

/* Which allocations of a program are refused, counted from 1; second 0: only the first. */
struct refusal {
	uint64_t first, second;
};

/*
 * The n-th refusal to try of a program that makes this many allocations, n counted from 0:
 * each alone, then pairs: all of them where there are few, else a sample that `seed` fixes.
 * False when there are no more.
 */
bool next_refusal(uint64_t allocations, uint64_t seed, uint64_t n, struct refusal *out);

/* The options of a run that is refused so. */
struct run_options refusing(const struct run_options *o, struct refusal r);

/*
 * Run a program, and again for every refusal until one fails: its run, and *failed is how it
 * was refused; of the program as it is both are 0. `operations`, if any, gets those judged
 * in all.
 */
struct run run_with_refusals(struct judge *j, const struct program *p, const struct run_options *o,
			     struct refusal *failed, uint64_t *operations);

/* "allocation 3" or "allocations 3 and 5". */
void print_refusal(struct refusal r, FILE *out);

#endif
