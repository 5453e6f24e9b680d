/*
 * Everything the page table asks of the world, chosen at build time:
 * PT_WORLD is `fast` (C11 atomics and the user's allocator: the product), `sim` (every
 * access is a hook that the harness implements), `threads` (C11 atomics, and the harness's
 * hooks for the rest: the same judges over threads that really run at once) or `hosted` (every
 * access goes to the struct pt_host of core/foreign.h: a shared object, judged as foreign ones).
 *
 * `env` is the pointer given to init. Ordering, as C11 defines it: load acquires, store
 * releases, compare-exchange does both; those with _relaxed order nothing, and are for
 * items that lead nowhere: leaves, and tables that nobody else finds yet. One shim access
 * at most in a full expression, so that the order of events is the same under every
 * compiler (ci/house looks).
 */
#ifndef WALKDIFF_CORE_SHIM_H
#define WALKDIFF_CORE_SHIM_H

#include <stdatomic.h>

#include "core/pt.h"

/* One item of a table, or the word that holds the top. */
typedef _Atomic(uint64_t) pt_item;

#define PT_WORLD_fast 1 /* not mutated: any number */
#define PT_WORLD_sim 2 /* not mutated: any number */
#define PT_WORLD_threads 3 /* not mutated: any number */
#define PT_WORLD_hosted 4 /* not mutated: any number */
#define PT_PASTE_(a, b) a##b
#define PT_PASTE(a, b) PT_PASTE_(a, b)

/* A line that the corpus must reach, by its name in seen.def; nothing in the fast world. */
enum seen {
#define SEEN_LINE(name, what) SEEN_##name,
#include "core/seen.def"
#undef SEEN_LINE
	SEEN_LINES,
};
#define SEEN(name) shim_seen(SEEN_##name)

#if PT_PASTE(PT_WORLD_, PT_WORLD) == PT_WORLD_sim
#define PT_HOOKED_ACCESSES
#include "core/shim_sim.h"
#elif PT_PASTE(PT_WORLD_, PT_WORLD) == PT_WORLD_threads
#include "core/shim_sim.h"
#elif PT_PASTE(PT_WORLD_, PT_WORLD) == PT_WORLD_hosted
#include "core/shim_hosted.h"
#elif PT_PASTE(PT_WORLD_, PT_WORLD) == PT_WORLD_fast
#include "core/shim_fast.h"
#else
#error "PT_WORLD must be fast, sim, threads or hosted"
#endif

/*
 * The code's own belief, on in every mode but fast. One condition each, and
 * never about the contents of a table: any 64-bit value is a legal item.
 */
#ifdef WALKDIFF_VERIFY
#define VERIFY(cond) ((cond) ? (void)0 : shim_verify_failed(#cond, __FILE__, __LINE__))
#else
#define VERIFY(cond) ((void)0)
#endif

#endif
