/*
 * The page table as its users see it: configuration, operations, results.
 *
 * A user fills a struct pt_config (usually from a named variant of the format),
 * calls init, then map / unmap / translate, and sync on every gather it handed
 * in before it reuses what was unmapped. docs/OPERATIONS.md has the promises in
 * full; errors are negative errno values and share no type with results.
 *
 * Context: the caller holds a range lock over the VAs of an operation, rounded
 * out to whole leaves. Operations on disjoint ranges run together; translate
 * takes no lock.
 */
#ifndef WALKDIFF_CORE_PT_H
#define WALKDIFF_CORE_PT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/inv.h"

#define PT_MAX_LEVELS 6 /* equivalent: off-1: more room */

/* What a mapping allows; at least one of READ and WRITE. */
enum pt_prot {
	PT_READ = 1 << 0,
	PT_WRITE = 1 << 1,
	PT_NOEXEC = 1 << 2,
	PT_CACHE = 1 << 3, /* the device's accesses are cache-coherent */
	PT_MMIO = 1 << 4,  /* the OA is a device's, not memory */
};

/* Features of one table, chosen at init. One bit each; names in PT_FEATURE_NAMES. */
enum pt_feature {
	PT_DYNAMIC_TOP = 1 << 0,	 /* map grows the top as VAs need it */
	PT_SIGN_EXTEND = 1 << 1,	 /* two apertures, lower and upper */
	PT_FULL_VA = 1 << 2,		 /* the aperture is all 64 bits; set exactly when vasz_lg2 == 64 */
	PT_DMA_INCOHERENT = 1 << 3,	 /* the walker reads memory, not CPU caches */
	PT_FLUSH_RANGE = 1 << 4,	 /* a gather is one range, gaps allowed */
	PT_FLUSH_RANGE_NO_GAPS = 1 << 5, /* only what changed is invalidated */
	PT_DETAILED_GATHER = 1 << 6,	 /* a gather also tells levels */
	PT_DIRTY_TRACKING = 1 << 7,	 /* writable leaves start clean */
	PT_FORCE_COHERENCE = 1 << 8,	 /* every leaf forces coherent accesses */
	PT_ENCRYPT_TABLES = 1 << 9,	 /* encrypt_bit in table pointers, and in leaves but MMIO */
	PT_FORCE_WRITEABLE = 1 << 10,	 /* read-only mappings are refused */
	PT_UPPER_HALF = 1 << 11,	 /* the aperture is the last 2^vasz_lg2 VAs (TTBR1) */
	PT_SECOND_STAGE = 1 << 12,	 /* where one format has both: translate guest addresses */
	PT_LARGE_OA = 1 << 13,		 /* the encoding for OAs of 52 bits (Armv8 LPA, LPA2) */
	PT_NAPOT = 1 << 14,		 /* contiguous leaves (RISC-V Svnapot) */
	PT_MEMORY_TYPES = 1 << 15,	 /* leaves say how memory is cached (RISC-V Svpbmt) */
	PT_NP_CACHE = 1 << 16,		 /* hardware caches that nothing is mapped (AMD NpCache, VT-d
					    caching mode): what map maps is gathered, too */
};

#define PT_ALL_FEATURES ((uint64_t)(2 * PT_NP_CACHE - 1)) /* the last one, and all before */

#define PT_PROT_NAMES                                                          \
	{                                                                      \
		"READ", "WRITE", "NOEXEC", "CACHE", "MMIO"                     \
	}
#define PT_FEATURE_NAMES                                                       \
	{                                                                      \
		"DYNAMIC_TOP", "SIGN_EXTEND", "FULL_VA", "DMA_INCOHERENT",     \
			"FLUSH_RANGE", "FLUSH_RANGE_NO_GAPS",                  \
			"DETAILED_GATHER", "DIRTY_TRACKING",                   \
			"FORCE_COHERENCE", "ENCRYPT_TABLES", "FORCE_WRITEABLE", \
			"UPPER_HALF", "SECOND_STAGE", "LARGE_OA", "NAPOT",     \
			"MEMORY_TYPES", "NP_CACHE"                             \
	}

struct pt_config {
	uint64_t features;	/* of enum pt_feature */
	uint64_t pgsize_bitmap; /* leaf sizes in bytes that may exist; 0: all the format has */
	uint8_t vasz_lg2;	/* the aperture: VAs below 2^vasz_lg2; SIGN_EXTEND: half of that from
				   0 up and half from the end down; UPPER_HALF: all from the end down */
	uint8_t top_level;	/* the level of the root table at first */
	uint8_t oasz_lg2;	/* OAs are below 2^oasz_lg2 */
	uint8_t encrypt_bit;	/* with PT_ENCRYPT_TABLES: which address bit */
};

/* A configuration that hardware knows by a name. */
struct pt_variant {
	const char *name;
	struct pt_config config;
};

struct pt_mapping {
	uint64_t iova, oa, len; /* bytes */
	unsigned prot;		/* of enum pt_prot */
};

/*
 * What must be invalidated before unmapped memory is reused, and the tables to
 * free after that. Start from PT_GATHER_EMPTY; hand to sync; empty again.
 */
struct pt_gather {
	uint64_t first, last; /* VAs, inclusive; first > last: nothing */
	uint64_t tables;      /* PA of the first table to free, 0: none */
	uint32_t nr_tables;   /* how many there are */
	/* With PT_DETAILED_GATHER, as in struct pt_invalidation; without, 0. */
	uint8_t leaf_levels, table_levels;
};

/* Where more tables than this would wait for a sync, those that do are synced first. */
#define PT_GATHER_TABLES 32 /* not mutated: how many is a choice */

#define PT_GATHER_EMPTY ((struct pt_gather){ .first = UINT64_MAX })

/* Flags of read_dirty. */
enum pt_dirty_flags {
	PT_NO_CLEAR = 1 << 0, /* what is dirty stays so */
};

/* Bit n is for the VAs from base + (n << granule_lg2) on; granule_lg2 <= 63. */
struct pt_bitmap {
	uint64_t base;
	unsigned granule_lg2;
	uint64_t bits;	 /* how many, >= 1 */
	uint64_t *words; /* bit n is bit n % 64 of word n / 64; only ever set */
};

/* What the device entry must hold for hardware to walk this table. */
struct pt_top {
	uint64_t pa;
	unsigned level;
};

/* One level of a software walk, for reports. */
enum pt_kind { PT_EMPTY, PT_TABLE, PT_LEAF };

struct pt_step {
	unsigned level;
	unsigned index;
	uint64_t item;	  /* as it is in memory */
	enum pt_kind kind;
	uint64_t address; /* PA of the next table, or OA of the leaf's start */
	unsigned size_lg2; /* of the leaf */
};

struct pt; /* one page table; pt_ops.size bytes, aligned to 64 */

/* What an implementation does not promise, and why: judges narrow by the name, docs/FOREIGN.md. */
struct pt_deviation {
	const char *name, *why;
};

/*
 * An implementation of one format. All functions may be called from any thread. A foreign one
 * (core/foreign.h) may leave out, as null: variants, read_dirty, set_dirty, cut, encode and
 * encode_entry (both or none), top, explain; what a gather's `tables` means is its own affair.
 */
struct pt_ops {
	const char *name;
	size_t size;
	const struct pt_variant *variants;
	unsigned nr_variants;

	/*
	 * Make pt an empty table. env is handed to the shim untouched. 0, or:
	 * -EOPNOTSUPP a feature, size or width that the format does not have;
	 * -EINVAL a combination that means nothing; -ENOMEM. On error nothing is
	 * held.
	 */
	int (*init)(struct pt *pt, const struct pt_config *config, void *env);

	/* Free every table. No operation runs, hardware no longer walks, no gather waits. */
	void (*deinit)(struct pt *pt);

	/*
	 * Map [iova, iova+len) to [oa, oa+len) with the largest leaves that fit.
	 * *mapped is the bytes mapped, also on error: the leaves before stay.
	 * Checked in this order: -EINVAL, -EOPNOTSUPP (prot), -EOVERFLOW, -ENXIO
	 * (alignment), -ERANGE (OA), -ERANGE (VA), -EADDRINUSE, -ENOMEM.
	 */
	int (*map)(struct pt *pt, const struct pt_mapping *m, struct pt_gather *gather,
		   uint64_t *mapped);

	/*
	 * Remove whole leaves from iova on, while the next one is mapped and begins
	 * inside the range. Returns the bytes removed; 0 when nothing begins at iova.
	 */
	uint64_t (*unmap)(struct pt *pt, uint64_t iova, uint64_t len,
			  struct pt_gather *gather);

	/* True when iova is mapped; then *oa is where to. Takes no lock. */
	bool (*translate)(struct pt *pt, uint64_t iova, uint64_t *oa);

	/*
	 * Set the bits of every leaf that overlaps [iova, iova+len) and that a device has
	 * written, whole, as far as the bitmap reaches. Then it is clean and gathered,
	 * unless PT_NO_CLEAR, or it was not reported whole. -EOPNOTSUPP without
	 * PT_DIRTY_TRACKING, -EINVAL (bitmap), -EOVERFLOW, -ERANGE outside the aperture.
	 * The caller syncs before it reads what it was told of.
	 */
	int (*read_dirty)(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
			  const struct pt_bitmap *bitmap, struct pt_gather *gather);

	/*
	 * As if a device had written at iova. -EOPNOTSUPP without PT_DIRTY_TRACKING,
	 * -ENOENT unmapped, -EACCES not writable, -EAGAIN when hardware or another thread
	 * changed the leaf meanwhile. Takes no lock.
	 */
	int (*set_dirty)(struct pt *pt, uint64_t iova);

	/*
	 * Make iova the boundary of a leaf: the one around it becomes what map would place
	 * in its two parts, with OA, prot and dirt kept, while it goes on to translate
	 * (but where the architecture needs break-before-make). 0, also when it is one
	 * already; -ERANGE outside the aperture, -ENXIO not a multiple of the smallest
	 * size, -ENOENT unmapped, -EOPNOTSUPP no smaller leaf, -ENOMEM: nothing changed.
	 */
	int (*cut)(struct pt *pt, uint64_t iova, struct pt_gather *gather);

	/* Invalidate what the gather holds, wait for readers, then free its tables. */
	void (*sync)(struct pt *pt, struct pt_gather *gather);

	/*
	 * The commands for one invalidation of this table, the last of which completes when
	 * all have been carried out; and those for a device entry that has begun to lead to
	 * this table, or to a new top: the entry, and all that was cached by its tags.
	 * Return how many. Any thread, any lock.
	 */
	unsigned (*encode)(const struct pt *pt, const struct pt_unit *unit,
			   const struct pt_invalidation *inv,
			   struct pt_command commands[PT_MAX_COMMANDS]);
	unsigned (*encode_entry)(const struct pt *pt, const struct pt_unit *unit,
				 struct pt_command commands[PT_MAX_COMMANDS]);

	struct pt_top (*top)(struct pt *pt);

	/* The software walk to iova, for people; returns the steps written. */
	unsigned (*explain)(struct pt *pt, uint64_t iova,
			    struct pt_step steps[PT_MAX_LEVELS]);

	/* ---- of foreign implementations alone ---- */

	/* What is not promised; the last one has a null name. Null: everything is. */
	const struct pt_deviation *deviations;

	/*
	 * Change a configuration to one that init takes, the nearest there is: judges expect
	 * what that configuration promises. Null: init takes whatever the format has.
	 */
	void (*fit)(struct pt_config *config);
};

#endif
