/* Members that linux/iommu.h names. */
#ifndef _LINUX_SCATTERLIST_H
#define _LINUX_SCATTERLIST_H

struct scatterlist;

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents, orig_nents;
};

#endif
