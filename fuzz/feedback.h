/*
 * What a race tells the engine beside code coverage: which two places in core came to one
 * word, either to write it, the first in an operation that was still in flight; where a
 * thread's operation came back to a word that another had written meanwhile: the two places
 * and the other's; and whether anybody wrote to what an operation in flight was using, without
 * which a race is none. A place is the return address of the hook; a device that updates an
 * item has one, too. To write is to store or to try an exchange. An operation is in flight
 * until it ends; one that takes no range, which ends in no event, until its thread's next one that
 * does: in another order what it read might have changed under it.
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

/* The thread goes on to do this, to the item at this PA (0: the page table object). */
void feedback_event(unsigned thread, enum sim_event what, uint64_t pa, const void *site);

/*
 * Since this was asked last, has a thread written to a word that an operation in flight of
 * another had read or written? Also true when no access was told: then nobody can say.
 */
bool feedback_met(void);

#endif
