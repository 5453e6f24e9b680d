/*
 * The accesses to table memory, in a file of their own: in mode tsan this, and core, is all that
 * ThreadSanitizer watches, and to it each fiber is a thread. What else orders threads is said
 * to it by order_release and order_acquire; it finds a plain access that races, and what is
 * published or read without the order it needs, also where the host keeps order.
 */
#ifndef WALKDIFF_ORACLE_ACCESS_H
#define WALKDIFF_ORACLE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t access_load(const uint64_t *p, bool relaxed);
void access_store(uint64_t *p, uint64_t v, bool relaxed);
/* True when *p was *old and is now v; else *old is what it was. */
bool access_exchange(uint64_t *p, uint64_t *old, uint64_t v, bool relaxed);
/* A table comes from, or goes to, an allocator: plain stores. */
void access_fill(uint64_t *words, size_t nr, uint64_t v);

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
