/* A device is only handed on; its members are those that inline functions of iommu.h name. */
#ifndef _DEVICE_H_
#define _DEVICE_H_

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>

struct dev_iommu;

struct device {
	struct dev_iommu *iommu;
};

struct bus_type;
struct notifier_block;
struct work_struct {
	struct list_head entry;
};

#define dev_to_node(dev) ((void)(dev), NUMA_NO_NODE)

#endif
