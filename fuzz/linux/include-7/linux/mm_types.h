/* struct page, of each table's first 4K; the kernel's struct ioptdesc is laid over it. */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/types.h>

typedef unsigned long pgoff_t;

struct page {
	unsigned long flags;
	struct list_head lru;
	void *mapping;
	union {
		unsigned long index;
		struct page *next_of_chunk;
	};
	unsigned long private;
	unsigned int page_type;
	atomic_t _refcount;
	/* Ours, behind what is laid over: */
	void *address;
	unsigned int order;
};

struct folio {
	struct page page;
};

#endif
