/*
 * The ABI of foreign implementations: what a shared object exports to be judged, and the
 * machine that it is given.
 *
 * The object exports one symbol, `const struct pt_module walkdiff_module`. Everything that
 * its operations (core/pt.h, struct pt_ops) ask of the world they ask of the struct pt_host
 * that init is given as env: where tables live, who invalidates, who waits. Nothing else of
 * the project has to be included, compiled or linked. docs/FOREIGN.md tells the whole
 * contract, and how to build an object that fuzzers get coverage from.
 *
 * Stable: a member is never moved, removed or given another meaning while PT_ABI_VERSION
 * stays. New ones are appended; the sizes in both structures say which there are.
 */
#ifndef WALKDIFF_CORE_FOREIGN_H
#define WALKDIFF_CORE_FOREIGN_H

#include "core/pt.h"

#define PT_ABI_VERSION 1 /* not mutated: both sides have it from here */
#define PT_MODULE_SYMBOL "walkdiff_module"

/* A lock of the host's. All zeroes: free. */
struct pt_host_lock {
	bool held;
};

/*
 * The machine. Valid from init until deinit has returned. Any function may not return: the
 * run is over then, and the page table is never heard of again. Other threads may go first
 * in each of them.
 */
struct pt_host {
	uint32_t version; /* PT_ABI_VERSION */
	uint32_t size;	  /* sizeof(struct pt_host) of the host */
	void *ctx;	  /* first argument of every function */

	/*
	 * A zeroed table of `size` bytes, a power of two, aligned to that and to 4096, and its
	 * PA; null when refused. PAs are drawn, and tell nothing about pointers.
	 */
	void *(*table_alloc)(void *ctx, size_t size, uint64_t *pa);
	/* Of a table that hardware, caches and readers have left. */
	void (*table_free)(void *ctx, uint64_t pa, size_t size);
	/* The table at pa: the run fails where there is none. */
	void *(*table)(void *ctx, uint64_t pa);
	/* The PA of a place inside a table; the run fails where there is none. */
	uint64_t (*pa)(void *ctx, const void *place);

	/* Make every cache forget; complete when it returns. */
	void (*invalidate)(void *ctx, const struct pt_invalidation *inv);
	/* With PT_DMA_INCOHERENT: write these bytes of a table back to memory. */
	void (*flush)(void *ctx, const void *first, size_t bytes);
	/* Make the device entry lead to this root; what was cached by the old one is gone then. */
	void (*change_top)(void *ctx, uint64_t pa, unsigned level);

	/* No memory may be asked for while a lock is held. */
	void (*lock)(void *ctx, struct pt_host_lock *lock);
	void (*unlock)(void *ctx, struct pt_host_lock *lock);

	/*
	 * Between these two no table is freed that could be reached before: for translate and
	 * set_dirty, which run beside everything. wait_for_readers returns when all that had
	 * entered have left.
	 */
	void (*reader_enter)(void *ctx);
	void (*reader_exit)(void *ctx);
	void (*wait_for_readers)(void *ctx);

	/*
	 * Accesses to items of tables, and to words of the page table object that threads share,
	 * as C11 orders them: load acquires, store releases, compare-exchange does both;
	 * _relaxed orders nothing. To be used for all of them, or (PT_HOOKED unset) for none.
	 */
	uint64_t (*load)(void *ctx, const void *item);
	uint64_t (*load_relaxed)(void *ctx, const void *item);
	void (*store)(void *ctx, void *item, uint64_t v);
	void (*store_relaxed)(void *ctx, void *item, uint64_t v);
	/* True when it was *old and is v now; else *old is what it was. */
	bool (*cmpxchg)(void *ctx, void *item, uint64_t *old, uint64_t v);
	bool (*cmpxchg_relaxed)(void *ctx, void *item, uint64_t *old, uint64_t v);
	/* What was stored before is seen before what is stored after, also by devices. */
	void (*barrier)(void *ctx);

	/* The implementation finds itself in error: `what` is the verdict. Does not return. */
	void (*fail)(void *ctx, const char *what);

	/*
	 * Benchmarks set it, judges never: a table's address is its PA plus pa_offset, so that
	 * table() and pa() need not be asked.
	 */
	bool linear;
	uint64_t pa_offset;
};

enum pt_module_flag {
	PT_HOOKED = 1 << 0, /* every shared access goes through the host */
};

/*
 * Implementations, one for each format that the object has: pt_ops.name is one of those
 * that `walkdiff formats` lists. pt_ops.init takes the const struct pt_host * as its env.
 */
struct pt_module {
	uint32_t version;  /* PT_ABI_VERSION */
	uint32_t ops_size; /* sizeof(struct pt_ops) when it was compiled */
	const char *name;  /* of what it is, for reports: "Linux 6.12 io-pgtable-arm" */
	uint32_t flags;	   /* of enum pt_module_flag */
	uint32_t nr_ops;
	const struct pt_ops *const *ops;
};

#endif
