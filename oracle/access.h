/*
 * The accesses to table memory, in a file of their own: in mode tsan this, and core, is all that
 * ThreadSanitizer watches, and to it each fiber is a thread. What else orders threads is said
 * to it by order_release and order_acquire; it finds a plain access that races, and what is
 * published or read without the order it needs, also where the host keeps order.
 */
#ifndef WALKDIFF_ORACLE_ACCESS_H
#define WALKDIFF_ORACLE_ACCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * With ThreadSanitizer they are calls into access.c, which it watches; else they are inline, and
 * in the simulator of one OS thread, whose accesses are in order whatever they say.
 */
#ifdef WALKDIFF_TSAN
#define ACCESS
uint64_t access_load(const uint64_t *p, bool relaxed);
void access_store(uint64_t *p, uint64_t v, bool relaxed);
bool access_exchange(uint64_t *p, uint64_t *old, uint64_t v, bool relaxed);
void access_fill(uint64_t *words, size_t bytes, int v);
#else
#define ACCESS static inline
#endif

#if !defined(WALKDIFF_TSAN) || defined(ACCESS_BODIES)

#define ACCESS_ITEM(p) ((_Atomic(uint64_t) *)(uintptr_t)(p))

ACCESS uint64_t access_load(const uint64_t *p, bool relaxed)
{
	if (relaxed) /* equivalent: negate-1: but for mode tsan */
		return atomic_load_explicit(ACCESS_ITEM(p), memory_order_relaxed);
	/* equivalent: relaxed-1: but for mode tsan */
	return atomic_load_explicit(ACCESS_ITEM(p), memory_order_acquire);
}

ACCESS void access_store(uint64_t *p, uint64_t v, bool relaxed)
{
	if (relaxed) /* equivalent: negate-1: but for mode tsan */
		atomic_store_explicit(ACCESS_ITEM(p), v, memory_order_relaxed);
	else
		/* equivalent: relaxed-1: but for mode tsan */
		atomic_store_explicit(ACCESS_ITEM(p), v, memory_order_release);
}

/* True when *p was *old and is now v; else *old is what it was. */
ACCESS bool access_exchange(uint64_t *p, uint64_t *old, uint64_t v, bool relaxed)
{
	if (relaxed) /* equivalent: negate-1: but for mode tsan */
		return atomic_compare_exchange_strong_explicit(ACCESS_ITEM(p), old, v, memory_order_relaxed,
							       memory_order_relaxed);
	/* equivalent: relaxed-1: but for mode tsan */
	return atomic_compare_exchange_strong_explicit(ACCESS_ITEM(p), old, v, memory_order_acq_rel,
						       /* equivalent: relaxed-1: likewise */
						       memory_order_acquire);
}

/* A table comes from, or goes to, an allocator: plain stores, of one byte's value everywhere. */
ACCESS void access_fill(uint64_t *words, size_t bytes, int v)
{
#ifdef WALKDIFF_TSAN
	/* Not memset: of that ThreadSanitizer sees nothing, as the harness calls it, too. */
	for (volatile uint64_t *p = words; p < words + bytes / sizeof(*p); p++)
		*p = (uint64_t)v * (UINT64_MAX / UINT8_MAX);
#else
	memset(words, v, bytes);
#endif
}

#endif

#ifdef WALKDIFF_TSAN
/* What its thread has done so far is seen by those who then acquire `p`, any address. */
void order_release(const void *p);
void order_acquire(const void *p);
/* A data race has been reported since this was last asked. */
bool access_raced(void);
#else
#define order_release(p) ((void)(p))
#define order_acquire(p) ((void)(p))
#define access_raced() false
#endif

#endif
