/*
 * Barriers. The host has one kind, a full one: what an architecture's weaker ones leave open
 * is not explored. Reads are in order of themselves (the host holds back stores alone), so
 * that the ones between reads order nothing.
 */
#ifndef WALKDIFF_ASM_BARRIER_H
#define WALKDIFF_ASM_BARRIER_H

#include <linux/compiler.h>

#ifdef WALKDIFF_FAST

#define mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define wmb() barrier()

/* As on x86: loads acquire and stores release. */
#define smp_load_acquire(p) \
	({ \
		typeof(*(p)) __got = READ_ONCE(*(p)); \
		barrier(); \
		__got; \
	})
#define smp_store_release(p, v) \
	do { \
		barrier(); \
		WRITE_ONCE(*(p), v); \
	} while (0)

#else

#define mb() shim_barrier()
#define wmb() shim_barrier()

#define smp_load_acquire(p) \
	__builtin_choose_expr(sizeof(*(p)) == 8, \
			      ({ \
				      uint64_t __got = shim_load(p); \
				      *(typeof(*(p)) *)&__got; \
			      }), \
			      ({ \
				      typeof(*(p)) __got = READ_ONCE(*(p)); \
				      barrier(); \
				      __got; \
			      }))
#define smp_store_release(p, v) \
	do { \
		union { \
			typeof(*(p)) value; \
			uint64_t word; \
		} __put = { .value = (v) }; \
		if (sizeof(*(p)) == 8) \
			shim_store(p, __put.word); \
		else \
			__atomic_store_n(p, __put.value, __ATOMIC_RELEASE); \
	} while (0)

#endif

#define rmb() barrier()
#define dma_wmb() wmb()
#define dma_rmb() rmb()
#define smp_mb() mb()
#define smp_wmb() wmb()
#define smp_rmb() rmb()
#define smp_mb__before_atomic() mb()
#define smp_mb__after_atomic() mb()

#endif
