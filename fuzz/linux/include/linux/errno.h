/* The numbers from the kernel's own list, so that no header of the C library is asked. */
#ifndef _LINUX_ERRNO_H
#define _LINUX_ERRNO_H

#include <uapi/asm-generic/errno.h>

#define ENOTSUPP 524

#endif
