/* The C-bit is the page table's, not the machine's: each has its own. */
#ifndef __MEM_ENCRYPT_H__
#define __MEM_ENCRYPT_H__

#include <linux/compiler.h>

#ifdef WALKDIFF_FAST
#define sme_me_mask machine_c_bit
#else
#define sme_me_mask (machine->c_bit)
#endif
#define __sme_set(x) ((x) | sme_me_mask)
#define __sme_clr(x) ((x) & ~sme_me_mask)

#endif
