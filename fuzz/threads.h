/*
 * Threads of operations as threads of the host, in the threads world: core runs at once on
 * all of them, and so do its accesses to tables; the machine and the judges are one
 * thread's at a time. The order is the host's, so what fails need not fail again.
 */
#ifndef WALKDIFF_FUZZ_THREADS_H
#define WALKDIFF_FUZZ_THREADS_H

#include "oracle/judge.h"

/*
 * Run threads 0..nr-1 until all have ended: body(ctx, i), between race_begin() and race_end()
 * of the judge; `seed` is of where they dawdle. Returns the thread that has left by
 * sim_fail(), with the verdict in the judge and the others given up, or nr.
 */
unsigned threads_run(struct judge *j, unsigned nr, uint64_t seed,
		     void (*body)(void *ctx, unsigned thread), void *ctx);

#endif
