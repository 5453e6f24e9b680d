/* A failure as a person meets it. */
#ifndef WALKDIFF_FUZZ_REPORT_H
#define WALKDIFF_FUZZ_REPORT_H

#include "fuzz/run.h"

/* What every operation of a run returned, in order; the observer appends. */
struct history {
	struct outcome init;
	struct outcome *outcomes;
	size_t nr, cap;
};

run_observer history_observer; /* ctx: struct history */
void history_free(struct history *h);

/* The program as text, with the result of each operation as a comment. */
void print_history(const struct program *p, const struct run *run, const struct history *h,
		   FILE *out);

/*
 * The failed check, the program with results, and the first address that differs
 * with the hardware's and the software's walk level by level. The judge holds the
 * state of the end of the run. `path` is how to run it again, or null.
 */
void print_report(struct judge *j, const struct program *p, const struct run *run,
		  const struct history *h, const char *path, FILE *out);

#endif
