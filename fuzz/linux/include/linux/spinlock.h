/* The host's locks. Interrupts and preemption there are none. */
#ifndef __LINUX_SPINLOCK_H
#define __LINUX_SPINLOCK_H

#include <linux/kernel.h>

#include "fuzz/linux/shim.h"

typedef struct {
	struct pt_host_lock lock;
} spinlock_t, raw_spinlock_t;

#define spin_lock_init(l) ((void)(*(l) = (spinlock_t){ .lock = { .held = false } }))

static inline void spin_lock(spinlock_t *l)
{
	shim_lock(&l->lock);
}

static inline void spin_unlock(spinlock_t *l)
{
	shim_unlock(&l->lock);
}

#define spin_lock_irqsave(l, flags) ((flags) = 0, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), spin_unlock(l))
#define lockdep_assert_held(l) ((void)(l))

#endif
