/* How memory may be asked for: the host decides. */
#ifndef __LINUX_GFP_H
#define __LINUX_GFP_H

#include <linux/types.h>

#define GFP_KERNEL 1u
#define GFP_ATOMIC 2u
#define __GFP_ZERO 4u
#define __GFP_HIGHMEM 8u
#define NUMA_NO_NODE (-1)

#endif
