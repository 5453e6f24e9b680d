/*
 * What a race tells the engine beside code coverage: which place in core read what which
 * other place had written in another thread, and where a thread's operation came back to a
 * word that another had written meanwhile: the two places and the other's. A place is the
 * return address of the hook.
 */
#ifndef WALKDIFF_FUZZ_FEEDBACK_H
#define WALKDIFF_FUZZ_FEEDBACK_H

#include "oracle/sim.h"

/* Numbers below this are told; pairs of places share them by a hash. */
#define FEEDBACK_FEATURES 8192

/* Who is told; null: nobody, and nothing is kept. */
extern void (*feedback_listener)(unsigned n);

/* A race begins. */
void feedback_begin(void);

/* The thread goes on to do this. */
void feedback_event(unsigned thread, enum sim_event what, const volatile void *place,
		    const void *site);

#endif
