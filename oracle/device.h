/*
 * The device behind the page table: its entry, which is all that a walk starts from, and
 * what its caches may hold.
 *
 * The worst that an architecture allows is assumed: hardware walks, and caches what it
 * finds, at every moment, translations and paging-structure entries both, and lets nothing
 * go until an invalidation covers it. So all that a walk finds now is cached, which needs no
 * list; what is kept is a list of *stale* things: what a walk found once and finds no more.
 */
#ifndef WALKDIFF_ORACLE_DEVICE_H
#define WALKDIFF_ORACLE_DEVICE_H

#include <stddef.h>

#include "core/pt.h"
#include "oracle/inv.h"

/* What the machine is like beside its memory; of a program, a bit each. */
enum device_flag {
	DEVICE_RANGES = 1 << 0,	      /* invalidation commands may name ranges (RISC-V S, SMMU RIL) */
	DEVICE_NONLEAF = 1 << 1,      /* those by address may reach table pointers (RISC-V NL) */
	DEVICE_SMALL_MASK = 1 << 2,   /* at most 2^DEVICE_SMALL_MASK_LG2 pages a command (VT-d MAMV) */
	DEVICE_TWO_UNITS = 1 << 3,    /* two IOMMUs walk the table */
	DEVICE_QUEUE_ERRORS = 1 << 4, /* now and then a unit takes nothing of what is submitted */
	DEVICE_WRITES_BACK = 1 << 5,  /* caches write lines back on their own, now and then */
	DEVICE_KEEPS_DIRTY = 1 << 6,  /* writes go through a cached dirty translation, while it is there */
	DEVICE_WEAK_STORES = 1 << 7,  /* the CPU's relaxed stores are seen late, in any order */
};
#define DEVICE_FLAGS ((unsigned)(2 * DEVICE_WEAK_STORES - 1))
#define DEVICE_SMALL_MASK_LG2 3 /* not mutated: any that is small */
#define DEVICE_FULL_MASK_LG2 52 /* not mutated: any that is large */

#define DEVICE_FLAG_NAMES                                                          \
	{                                                                          \
		"RANGES", "NONLEAF", "SMALL_MASK", "TWO_UNITS", "QUEUE_ERRORS",    \
			"WRITES_BACK", "KEEPS_DIRTY", "WEAK_STORES"                \
	}

#define DEVICE_UNITS 2 /* equivalent: off-1: as good a number */

enum stale_kind { STALE_LEAF, STALE_TABLE, STALE_NOT_PRESENT };

/* Of VAs first..last, what some units may still hold. */
struct stale {
	uint64_t first, last;
	uint64_t pa;	  /* STALE_TABLE: where it leads */
	uint64_t operation; /* number of that which made it stale */
	uint8_t kind;	  /* enum stale_kind */
	uint8_t level;	  /* of the leaf, the table, or the item that held nothing */
	uint8_t size_lg2; /* cached in pieces of this size: one goes whole */
	uint8_t units;	  /* a bit each */
	uint8_t thread;	  /* whose operation it was */
	bool dirt_only;	  /* a leaf that is as it was, but for its dirt */
};

struct device {
	unsigned flags;	       /* enum device_flag */
	bool first_stage;      /* how its translations are tagged */
	struct pt_unit unit;   /* tags and abilities, as software knows them */
	uint64_t entry[2];     /* in memory: root PA, level, valid; the domain */
	uint8_t entry_units;   /* units that may still use the entry as it was before */
	struct stale *stale;
	size_t nr, cap;
	uint64_t newest;       /* the last operation that has made something stale */
	uint64_t submissions;
	uint64_t random;       /* of errors and write-backs */
};

struct sim;

/* An entry that leads nowhere, and caches that hold anything under the same tags. */
void device_reset(struct device *d, unsigned flags, bool first_stage, uint64_t seed);
void device_free(struct device *d);

/* How many units there are. */
unsigned device_units(const struct device *d);

/* One of 0..n-1, by a sequence that the seed fixes. */
unsigned device_pick(struct device *d, unsigned n);

/* True once in `n` times, by a sequence that the seed fixes. */
bool device_chance(struct device *d, unsigned n);

/* Units may hold this from now on; nothing when a cached piece could say nothing wrong. */
void device_add_stale(struct device *d, const struct stale *s);

/* A leaf (not its dirt alone) or table that this operation made stale in first..last; or null. */
const struct stale *device_find_left(const struct device *d, uint64_t operation, uint64_t first,
				     uint64_t last);

/* A cached table pointer that leads to the table at pa; null: none. */
const struct stale *device_find_way(const struct device *d, uint64_t pa);

/* A write at va goes through a translation that is cached as dirty: nothing is noted. */
bool device_writes_unseen(const struct device *d, uint64_t va);

/* Caches let go of what they hold of va. */
void device_evict(struct device *d, uint64_t va);

/*
 * Put commands into the queue of a unit, which carries them out, and wait for the last.
 * False when the unit took none of them. Illegal ones leave by sim_fail().
 */
bool device_submit(struct sim *s, unsigned unit, const struct pt_command *commands, unsigned nr);

/* Store one word of the device entry; hardware may read it right after. */
void device_store_entry(struct sim *s, unsigned word, uint64_t value);

/* ---- the modelled driver, driver.c: what lies between a page table and the device ---- */

/* Make every unit forget; complete when it returns. */
void driver_invalidate(struct sim *s, const struct pt_invalidation *inv);

/* Make the device entry lead to this root. */
void driver_change_top(struct sim *s, uint64_t pa, unsigned level);

#endif
