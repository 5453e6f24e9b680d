/* The C-bit: set by the adaptor where the table's configuration has one. */
#ifndef WALKDIFF_ASM_MEM_ENCRYPT_H
#define WALKDIFF_ASM_MEM_ENCRYPT_H

#include <linux/types.h>

extern u64 sme_me_mask;

#endif
