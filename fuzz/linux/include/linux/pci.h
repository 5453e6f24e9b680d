/* PCI: what inline functions of drivers name. */
#ifndef LINUX_PCI_H
#define LINUX_PCI_H

#include <linux/device.h>
#include <linux/seqlock.h>
#include <linux/xarray.h>

#define PCI_VENDOR_ID_ATI 0x1002
#define PCI_DEVICE_ID_RD890_IOMMU 0x5a23

#define __iomem
#define __init

struct pci_bus;
struct pci_dev {
	unsigned short vendor, device;
	unsigned int devfn;
	struct pci_bus *bus;
	struct device dev;
};

static inline int pci_domain_nr(struct pci_bus *bus)
{
	(void)bus;
	return 0;
}

static inline u16 pci_dev_id(const struct pci_dev *dev)
{
	return (u16)dev->devfn;
}

struct ratelimit_state {
	int interval;
};

#endif
