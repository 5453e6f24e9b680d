/* Pages: whole tables of the host's. What flags say of where and how long to look is ignored. */
#ifndef __LINUX_GFP_H
#define __LINUX_GFP_H

#include <linux/types.h>

#include "fuzz/linux/page.h"
#include "fuzz/linux/shim.h"

#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u
#define GFP_NOWAIT 0u
#define GFP_KERNEL_ACCOUNT 0u
#define __GFP_ZERO 1u
#define __GFP_HIGHMEM 2u
#define __GFP_COMP 4u
#define __GFP_NOWARN 8u

#define NUMA_NO_NODE (-1)

static inline struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	(void)gfp;
	return shim_pages_alloc(order);
}

static inline struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	(void)nid;
	return alloc_pages(gfp, order);
}

static inline void __free_pages(struct page *page, unsigned int order)
{
	(void)order;
	shim_pages_free(page);
}

static inline void put_page(struct page *page)
{
	shim_pages_free(page);
}

#endif
