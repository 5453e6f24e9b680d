/* Barriers: all of them are full ones. */
#ifndef __ASM_BARRIER_H
#define __ASM_BARRIER_H

#include <linux/compiler.h>

#define smp_mb() machine_barrier()
#define smp_wmb() machine_barrier()
#define dma_wmb() machine_barrier()
#define wmb() machine_barrier()
#define smp_store_release(p, v) (*(volatile __typeof__(*(p)) *)(p) = (v))
#define smp_load_acquire(p) (*(const volatile __typeof__(*(p)) *)(p))

#endif
