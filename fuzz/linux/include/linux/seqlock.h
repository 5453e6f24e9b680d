/*
 * Sequence counters. The counter is a word of its own, so that hooked builds, where each access
 * to it goes through the host (shim_share), see it change. The kernel's writers hold a spinlock
 * and are not preempted, and readers spin for that moment; here a writer may be stopped for
 * long, so that a reader who finds it writing waits for its lock, which the adaptor names.
 */
#ifndef __LINUX_SEQLOCK_H
#define __LINUX_SEQLOCK_H

#include <linux/kernel.h>
#include <linux/spinlock.h>

#include <asm/barrier.h>

typedef struct {
	u64 sequence;
	struct pt_host_lock *lock;
} seqcount_t;

static inline void seqcount_init(seqcount_t *s)
{
	s->sequence = 0;
	s->lock = NULL;
}

static inline void shim_await_writer(const seqcount_t *s)
{
#ifdef WALKDIFF_FAST
	cpu_relax();
#else
	shim_lock(s->lock);
	shim_unlock(s->lock);
#endif
}

static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	u64 sequence;

	while ((sequence = READ_ONCE(s->sequence)) & 1)
		shim_await_writer(s);
	smp_rmb();
	return (unsigned int)sequence;
}

static inline int read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	smp_rmb();
	return (unsigned int)READ_ONCE(s->sequence) != start;
}

static inline void write_seqcount_begin(seqcount_t *s)
{
	WRITE_ONCE(s->sequence, s->sequence + 1);
	smp_wmb();
}

static inline void write_seqcount_end(seqcount_t *s)
{
	smp_wmb();
	WRITE_ONCE(s->sequence, s->sequence + 1);
}

#endif
