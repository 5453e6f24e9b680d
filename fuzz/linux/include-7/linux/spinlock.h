/* Locks: the host's. */
#ifndef __LINUX_SPINLOCK_H
#define __LINUX_SPINLOCK_H

#include <linux/compiler.h>

typedef struct {
	struct pt_host_lock lock;
} spinlock_t;

#define spin_lock_irqsave(l, flags) ((flags) = 0, machine_lock(&(l)->lock))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), machine_unlock(&(l)->lock))

#endif
