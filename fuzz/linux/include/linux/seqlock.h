/*
 * Sequence counters. The counter is a word of its own, so that hooked builds, where each access
 * to it goes through the host (shim_share), see it change.
 */
#ifndef __LINUX_SEQLOCK_H
#define __LINUX_SEQLOCK_H

#include <linux/kernel.h>
#include <linux/spinlock.h>

#include <asm/barrier.h>

typedef struct {
	u64 sequence;
} seqcount_t;

#define seqcount_init(s) ((void)((s)->sequence = 0))

static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	u64 sequence;

	while ((sequence = READ_ONCE(s->sequence)) & 1)
		cpu_relax();
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
