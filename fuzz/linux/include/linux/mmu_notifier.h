/* Only members of structures. */
#ifndef _LINUX_MMU_NOTIFIER_H
#define _LINUX_MMU_NOTIFIER_H

#include <linux/list.h>

struct mmu_notifier {
	struct hlist_node hlist;
};

#endif
