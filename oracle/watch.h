/*
 * The watch: what each store into a table means to hardware that may walk right then.
 *
 * It knows of every table whether a walk reaches it and which VAs it translates, and so
 * of every store which VAs it changes: only they are looked at. What a store takes away
 * becomes stale in the device's caches; what it lets hardware see is kept until the
 * operation has ended, when it is known what should have been seen.
 */
#ifndef WALKDIFF_ORACLE_WATCH_H
#define WALKDIFF_ORACLE_WATCH_H

#include "oracle/device.h"
#include "oracle/flat.h"
#include "oracle/hw.h"
#include "oracle/memory.h"

/* What hardware could see of first..last during an operation. */
struct sight {
	uint64_t first, last;
	uint64_t oa;		/* of first, when mapped */
	struct hw_attrs attrs;
	bool mapped;
	bool lost;		/* nothing, in between: architecture allows it for this store */
};

/* Work that an operation did, counted since it began. */
struct work {
	uint64_t descents;	/* times the top was read */
	uint64_t follows;	/* table pointers followed */
	uint64_t stores;	/* into tables that hardware reaches */
	uint64_t in_vain;	/* of those: the item held that already */
	uint64_t again;		/* of those: a second one into the same item */
	uint32_t unlinked;	/* tables that a walk reaches no more */
	uint64_t cleared;	/* items that hold nothing since one of them */
	uint64_t flushes_in_vain; /* lines flushed that held nothing new */
	uint32_t allocations;	/* tried */
	uint32_t tables;	/* live when it began */
};

struct watch {
	bool on;
	uint32_t epoch;		/* of the operation, for item_epochs */
	uint32_t *item_epochs;	/* a word of memory each: the last operation that stored there */
	size_t words;
	struct sight *sights;
	size_t nr, cap;
	struct flat before;	/* the flat map when the operation began */
	uint64_t before_changes;
	bool has_before;
};

struct sim;

bool watch_create(struct watch *w, const struct memory *m);
void watch_free(struct watch *w);
void watch_reset(struct watch *w, bool on);

/* The same to who walks: all but accessed and dirty. */
bool watch_same_rights(const struct hw_attrs *a, const struct hw_attrs *b);

/* An operation begins: forget what was seen, count anew. */
void watch_begin(struct sim *s);

/* The item at `at` in a live table was `old` and is now `new`. */
void watch_store(struct sim *s, struct slot *slot, const uint64_t *at, uint64_t old, uint64_t new);

/* The device entry leads to this root now. */
void watch_root(struct sim *s, uint64_t pa, unsigned level);

/* All of the items that hardware finds on its way to first..last is in memory, or sim_fail(). */
void watch_memory(struct sim *s, uint64_t first, uint64_t last, const char *when);

/* Remember the flat map, for what hardware may see during the operation that begins. */
void watch_remember(struct watch *w, const struct flat *f);

#endif
