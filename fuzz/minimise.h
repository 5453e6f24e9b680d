/* Shrinking a failing program while it keeps failing in the same way. */
#ifndef WALKDIFF_FUZZ_MINIMISE_H
#define WALKDIFF_FUZZ_MINIMISE_H

#include "fuzz/program.h"

/* How a program fails: an enum check, or FAILS_BY_SIGNAL + n, or FAILS_BY_EXIT + n, or 0: not at all. */
#define FAILS_BY_SIGNAL 64
#define FAILS_BY_EXIT 256 /* + the code that the process ended with, as a sanitizer's */

/* Answers how a candidate fails. */
typedef int failure_fn(void *ctx, const struct program *p);

/*
 * Shrink p to a program that fails(ctx) in the way `failure`, and of which no
 * single reduction known here does so: a second call changes nothing.
 */
void minimise(struct program *p, int failure, failure_fn *fails, void *ctx);

#endif
