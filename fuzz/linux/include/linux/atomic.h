/*
 * Atomic operations. Of 8 bytes through the host, in hooked builds; nothing that page-table
 * code exchanges is of another size.
 */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <asm/barrier.h>

#ifdef WALKDIFF_FAST

#define shim_try_cmpxchg(order, p, oldp, new) \
	__atomic_compare_exchange_n(p, oldp, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#else

#define shim_try_cmpxchg(order, p, oldp, new) \
	({ \
		_Static_assert(sizeof(*(p)) == 8, "only words are exchanged"); \
		uint64_t __old = (uint64_t)*(oldp); \
		bool __done = shim_cmpxchg##order(p, &__old, (uint64_t)(new)); \
		*(oldp) = (typeof(*(oldp)))__old; \
		__done; \
	})

#endif

#define try_cmpxchg64(p, oldp, new) shim_try_cmpxchg(, p, oldp, new)
#define try_cmpxchg64_acquire(p, oldp, new) shim_try_cmpxchg(, p, oldp, new)
#define try_cmpxchg64_release(p, oldp, new) shim_try_cmpxchg(, p, oldp, new)
#define try_cmpxchg64_relaxed(p, oldp, new) shim_try_cmpxchg(_relaxed, p, oldp, new)
#define try_cmpxchg(p, oldp, new) shim_try_cmpxchg(, p, oldp, new)
#define try_cmpxchg_release(p, oldp, new) shim_try_cmpxchg(, p, oldp, new)
#define try_cmpxchg_relaxed(p, oldp, new) shim_try_cmpxchg(_relaxed, p, oldp, new)

#define shim_old_cmpxchg(try, p, old, new) \
	({ \
		typeof(*(p)) __was = (old); \
		try(p, &__was, (typeof(*(p)))(new)); \
		__was; \
	})
#define cmpxchg64(p, old, new) shim_old_cmpxchg(try_cmpxchg64, p, old, new)
#define cmpxchg64_acquire(p, old, new) shim_old_cmpxchg(try_cmpxchg64, p, old, new)
#define cmpxchg64_release(p, old, new) shim_old_cmpxchg(try_cmpxchg64, p, old, new)
#define cmpxchg64_relaxed(p, old, new) shim_old_cmpxchg(try_cmpxchg64_relaxed, p, old, new)
#define cmpxchg(p, old, new) shim_old_cmpxchg(try_cmpxchg64, p, old, new)

/* Counters of the kernel's own: no table's, and of no thread's but this one. */
static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_set(atomic_t *v, int i)
{
	v->counter = i;
}

#endif
