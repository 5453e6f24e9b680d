/*
 * Weak memory: the stores that a thread has made and nobody else sees yet.
 *
 * With DEVICE_WEAK_STORES a relaxed store waits here, past later stores to other places,
 * until its thread does something that orders it (a release, a flush of its line, a
 * command), until there is no more room, or until chance has it. The thread itself sees
 * it at once; hardware and other threads when it reaches memory, which is when the watch
 * looks at it. Loads are never late: see docs/ORACLES.md.
 */
#ifndef WALKDIFF_ORACLE_STORES_H
#define WALKDIFF_ORACLE_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORES_HELD 8 /* by a thread, at most */ /* equivalent: off-1, off-2: as good a limit */

struct held_store {
	uint64_t *at;
	uint64_t value;
};

struct stores {
	struct held_store held[STORES_HELD]; /* in the order of the program */
	unsigned nr;
	uint64_t order; /* a number that a release makes larger */
};

struct sim;
struct slot;

/* All of the running thread. */
void stores_hold(struct sim *s, uint64_t *at, uint64_t value);
bool stores_find(const struct sim *s, const uint64_t *at, uint64_t *value);

/* Those to [first, first + bytes), to whole lines, reach memory; or all; or, by chance, one. */
void stores_reach(struct sim *s, const void *first, size_t bytes);
void stores_reach_all(struct sim *s);
void stores_reach_one(struct sim *s);

/* The zeroes of a new table reach memory when its thread releases, or flushes all of it. */
void stores_reach_table(struct sim *s, const void *first, size_t bytes);
bool stores_are_zeroes_late(const struct sim *s, const struct slot *slot);

#endif
