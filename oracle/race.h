/*
 * The judge of several threads: what may be seen while operations are in flight.
 *
 * The caller's contract makes it simple: operations whose ranges overlap wait for each
 * other (race_enter), so of every VA at most one operation in flight changes what is there.
 * Until that has returned, who looks without a lock may see it before or after; of all
 * other VAs exactly what the flat map says.
 */
#ifndef WALKDIFF_ORACLE_RACE_H
#define WALKDIFF_ORACLE_RACE_H

#include "oracle/flat.h"
#include "oracle/sim.h"

enum race_kind {
	RACE_MAP,
	RACE_UNMAP,
	RACE_CUT,
	RACE_READ_DIRTY,
};

/* More writes of devices than this into one operation's range: any leaf may have been. */
#define RACE_WRITES 32 /* equivalent: off-1, off-2: as good a limit */

/* An operation in flight, or one that waits for its range. */
struct race_op {
	enum race_kind kind;
	uint64_t first, last;	  /* locked: what it was asked, rounded out to whole leaves */
	struct extent after;	  /* RACE_MAP: what will be there, if nothing is in its way */
	uint64_t gone_first, gone_last; /* RACE_UNMAP: what goes; nothing: first > last */
	uint64_t writes[RACE_WRITES]; /* VAs that devices, or set_dirty, have written meanwhile */
	unsigned nr_writes;
};

/* What one VA has been since a thread began to look at it without a lock. */
#define RACE_STATES 16 /* equivalent: off-1, off-2: as good a limit */

struct race_state {
	bool mapped;
	uint64_t oa;
	unsigned prot;
};

struct race_watch {
	bool on;
	bool sets_dirty;	/* it is set_dirty that looks */
	bool is_dirty;		/* and it has marked the leaf, or found it marked */
	uint64_t va;
	struct race_state states[RACE_STATES];
	unsigned nr;		/* above RACE_STATES: anything may have been there */
};

/* Who locks a range comes after those who have left it: for ThreadSanitizer, operation by operation. */
#define RACE_LEFT 256 /* equivalent: off-1, off-2: as good a limit */

struct race_left {
	uint64_t first, last;
};

struct race {
	bool on;		/* threads run */
	bool changed;		/* by the operation that has just left, and is still to be judged */
	struct race_op ops[SIM_THREADS];
	struct race_watch watches[SIM_THREADS];
	struct race_left left[RACE_LEFT]; /* the first: also those that there is no room for */
	unsigned nr_left;
	struct sim_race hooks;
};

struct judge;

/* Several threads from now on, or one again. The caller has set hooks.event and hooks.wait, perhaps hooks.touched. */
void race_begin(struct judge *j);
void race_end(struct judge *j);

/* Threads have ended: sync what each of the first nr has gathered, but for the first. */
void race_sync(struct judge *j, unsigned nr);

/*
 * The running thread is about to change tables between first and last: returns when no other
 * is inside that, rounded out to whole leaves. Nothing to wait for with one thread. `m` is
 * what RACE_MAP maps, else null.
 */
void race_enter(struct judge *j, enum race_kind kind, uint64_t first, uint64_t last,
		const struct flat_mapping *m);
/* It has returned, and the flat map says what it did: changed it, or not. */
void race_leave(struct judge *j, bool changed);

/* True when no operation in flight may change what is at va. */
bool race_is_quiet(const struct judge *j, uint64_t va);

/* What is at va once the operation in flight there has ended, like flat's pieces (torn.c). */
const struct extent *race_piece_at(const struct judge *j, uint64_t va, uint64_t *last);

/* May nothing be there while the operation in flight goes on: break-before-make. */
bool race_may_miss(const struct judge *j, uint64_t va);

/* The running thread looks at va without a lock, from now on. */
void race_watch(struct judge *j, uint64_t va, bool sets_dirty);

/* Stops looking. True when this has been there at some moment meanwhile. */
bool race_was_mapped(const struct judge *j, uint64_t oa);
bool race_was_unmapped(const struct judge *j);
bool race_was_writable(const struct judge *j, bool writable);
/* The running thread has marked the leaf it watches, or seen an item of a leaf that was marked. */
bool race_was_dirty(const struct judge *j);
void race_unwatch(struct judge *j);

/* A device, or set_dirty, has written at va. */
void race_wrote(struct judge *j, uint64_t va);

/* The writes into the running thread's operation: how many; more than RACE_WRITES: unknown. */
unsigned race_nr_writes(const struct judge *j);

/* Take the dirt of the leaf at va from the tables: either is right. */
void race_believe_dirt(struct judge *j, uint64_t va);

#endif
