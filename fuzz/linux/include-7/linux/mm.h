/* Pages of tables, and folios, which are the same here. See pages.c. */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <asm/page.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm_types.h>

struct folio *folio_alloc(unsigned int order);
struct folio *virt_to_folio(const void *table);
void folio_put(struct folio *folio);

static inline void *folio_address(const struct folio *folio)
{
	return folio->page.address;
}

static inline unsigned int folio_order(const struct folio *folio)
{
	return folio->page.order;
}

static inline unsigned long folio_nr_pages(const struct folio *folio)
{
	return 1UL << folio->page.order;
}

static inline unsigned int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : 64U - (unsigned int)__builtin_clzl((size - 1) >> PAGE_SHIFT);
}

#define __folio_alloc_node(gfp, order, nid) folio_alloc(order)
#define numa_mem_id() 0
#define mod_node_page_state(node, item, n) ((void)(n))
#define lruvec_stat_mod_folio(folio, item, n) ((void)(n))

#endif
