/* Interrupts: members of structures that page-table code does not look into. */
#ifndef LINUX_MSI_H
#define LINUX_MSI_H

#include <linux/types.h>

struct msi_desc;
struct msi_msg {
	u32 address_lo, address_hi, data;
};

#endif
