/* Pages of 4K, whatever the granule of the tables. */
#ifndef WALKDIFF_ASM_PAGE_H
#define WALKDIFF_ASM_PAGE_H

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

static inline int get_order(unsigned long size)
{
	return size > PAGE_SIZE ? 64 - __builtin_clzl(size - 1) - PAGE_SHIFT : 0;
}

#endif
