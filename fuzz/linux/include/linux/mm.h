/* Addresses of memory, which is tables alone. */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mem_encrypt.h>

#include <asm/page.h>

static inline phys_addr_t virt_to_phys(const volatile void *place)
{
	return shim_pa((const void *)place);
}

static inline void *phys_to_virt(phys_addr_t pa)
{
	return shim_pointer(pa);
}

#define __pa(place) virt_to_phys((const void *)(place))
#define __va(pa) phys_to_virt(pa)

static inline struct page *virt_to_page(const void *place)
{
	return shim_page_of(place);
}

/* Only to be told apart: a folio is its head page. */
struct folio;

#define virt_to_folio(place) ((struct folio *)virt_to_page(place))

static inline void *page_address(const struct page *page)
{
	return page->address;
}

#endif
