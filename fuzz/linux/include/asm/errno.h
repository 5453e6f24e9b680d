/* Where architectures could have numbers of their own. */
#ifndef WALKDIFF_ASM_ERRNO_H
#define WALKDIFF_ASM_ERRNO_H

#include <linux/errno.h>

#endif
