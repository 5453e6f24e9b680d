/* Pages of 4K, and addresses of tables as the machine has them. */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

#include <linux/compiler.h>
#include <linux/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

#define __va(pa) machine_pointer(pa)
#define __pa(place) machine_pa((const void *)(place))
#define virt_to_phys(place) machine_pa(place)
#define phys_to_virt(pa) machine_pointer(pa)

#endif
