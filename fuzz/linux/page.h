/*
 * struct page, one for each 4K of a table. Members before `head` have the order and the size
 * that overlays of the kernel (struct ioptdesc) assert.
 */
#ifndef WALKDIFF_FUZZ_LINUX_PAGE_H
#define WALKDIFF_FUZZ_LINUX_PAGE_H

#include "fuzz/linux/include/linux/types.h"

struct page {
	unsigned long flags;
	struct list_head lru;
	void *mapping;
	unsigned long __folio_index;
	unsigned long private;
	unsigned int page_type;
	atomic_t _refcount;
	unsigned long memcg_data;

	struct page *head; /* the first one of its table */
	void *address;
	u64 pa;
	unsigned int order; /* of the head: how many pages there are, lg2 */
	bool live;
	struct page *next_at, *next_pa; /* in the chains of shim.c */
};

#endif
