/*
 * What a race tells the engine beside code coverage: which two places in core came to one
 * word, either to write it, the first in an operation that was still in flight; where a
 * thread's operation came back to a word that another had written meanwhile: the two places
 * and the other's; and whether anybody wrote to what an operation in flight was using, without
 * which a race is none. A place is the return address of the hook; a device that updates an
 * item has one, too.
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

/*
 * Since this was asked last, has a thread written to a word that an operation in flight of
 * another had read or written? Also true when no access was told: then nobody can say.
 */
bool feedback_met(void);

#endif
