/* What linux/iommu.h names, and nobody here opens. */
#ifndef _LINUX_DEVICE_H
#define _LINUX_DEVICE_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device {
	struct dev_iommu *iommu;
};

struct mutex {
	int unused;
};

struct work_struct {
	int unused;
};

struct device_driver;
struct bus_type;

#endif
