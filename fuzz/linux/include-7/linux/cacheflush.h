/* How x86 writes tables back. */
#ifndef _LINUX_CACHEFLUSH_H
#define _LINUX_CACHEFLUSH_H

#include <linux/compiler.h>

#define clflush_cache_range(first, bytes) machine_flush(first, bytes)

#endif
