/* Only named in prototypes, and in a mapper that page-table code does not call. */
#ifndef _LINUX_SCATTERLIST_H
#define _LINUX_SCATTERLIST_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>

struct scatterlist;
struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents, orig_nents;
};

#endif
