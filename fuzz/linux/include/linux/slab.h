/* kmalloc: of a heap inside the page table object, which is given back with it. */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/types.h>

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return shim_heap_alloc(size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? __builtin_memset(p, 0, size) : NULL;
}

#define kmalloc_obj(what, ...) ((typeof(what) *)kmalloc(sizeof(what), GFP_KERNEL))

static inline void kfree(const void *p)
{
	(void)p;
}

#endif
