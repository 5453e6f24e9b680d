/* Compare-exchanges of items. */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>

/* The host has no exchange that only releases: this one acquires, too. */
#define try_cmpxchg64(item, old, v) machine_cmpxchg(item, old, v)
#define try_cmpxchg64_release(item, old, v) machine_cmpxchg(item, old, v)
#define try_cmpxchg_release(item, old, v) (machine_fail("items of 32 bits"), false)

#endif
