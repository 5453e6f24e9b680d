/*
 * Fibers: stacks that one OS thread runs by turns, each until it hands over to another.
 *
 * Known to AddressSanitizer, and to ThreadSanitizer as threads that nothing orders but what
 * they do themselves. A fiber is made once and given one job after the other: its stack,
 * and what sanitizers keep of it, stay.
 */
#ifndef WALKDIFF_FUZZ_FIBER_H
#define WALKDIFF_FUZZ_FIBER_H

#include <stddef.h>

struct fiber;

/* The stack that the caller runs on, as a fiber to come back to; null without memory. */
struct fiber *fiber_of_caller(void);

/*
 * A fiber with a stack of its own. Each time it is switched to after its job has ended it
 * begins job(arg) again; when a job returns, fiber `home` goes on. Null without memory.
 */
struct fiber *fiber_create(void (*job)(void *arg), void *arg, struct fiber *home);

/* Not the one that runs; a job that has begun is given up, with what it holds. */
void fiber_destroy(struct fiber *f);

/* Go on in `to`; returns when another fiber switches back to `from`, which is the caller. */
void fiber_switch(struct fiber *from, struct fiber *to);

#endif
