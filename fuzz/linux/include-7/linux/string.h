/* Strings and runs of items. */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <string.h>

#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* Runs of items are filled by it: hardware may walk meanwhile, item by item. */
static inline void *memset64(u64 *item, u64 v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		WRITE_ONCE(item[i], v);
	return item;
}

#define memset_after(object, v, member)                              \
	memset((char *)(object) + offsetofend(__typeof__(*(object)), member), v, \
	       sizeof(*(object)) - offsetofend(__typeof__(*(object)), member))

#endif
