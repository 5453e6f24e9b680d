/* Places of members. */
#ifndef _LINUX_STDDEF_H
#define _LINUX_STDDEF_H

#include <stddef.h>

#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

#endif
