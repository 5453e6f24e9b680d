/* Nothing of it is asked. */
#ifndef _LINUX_LINKAGE_H
#define _LINUX_LINKAGE_H

#endif
