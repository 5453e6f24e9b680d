/*
 * Every interleaving of a race: a depth-first search over the scheduler's decisions that runs
 * the program once for each, with sleep sets (Godefroid, Partial-Order Methods, LNCS 1032,
 * 1996, chapter 5): of the orders that differ only in neighbours which do not touch each other one is run.
 *
 * Two events touch each other when one may change what the other does or what a judge
 * sees: everything but loads does, as hardware looks after each; a load touches a write of
 * the same word, a device, which writes where it notes an access, and what frees a table.
 */
#ifndef WALKDIFF_FUZZ_EXPLORE_H
#define WALKDIFF_FUZZ_EXPLORE_H

#include "fuzz/schedule.h"

struct explore;

/* Null without memory. */
struct explore *explore_create(void);
void explore_destroy(struct explore *e);

/* What decides for the next run of the program. */
const struct chooser *explore_chooser(const struct explore *e);

/* The next run is to be as the last, since which explore_next has not been called. */
void explore_again(struct explore *e);

/*
 * The program has run by it. True when there is another run to make; false when each order has
 * been had.
 */
bool explore_next(struct explore *e);

/* Runs whose order no other had, and those that turned out to have been had before. */
uint64_t explore_orders(const struct explore *e);
uint64_t explore_repeated(const struct explore *e);

/* The most decisions a run has had. */
size_t explore_depth(const struct explore *e);

#endif
