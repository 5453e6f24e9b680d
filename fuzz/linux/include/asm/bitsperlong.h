/* A word of the machine has 64 bits. */
#ifndef __ASM_BITSPERLONG_H
#define __ASM_BITSPERLONG_H

#define __BITS_PER_LONG 64
#define BITS_PER_LONG 64
#define __BITS_PER_LONG_LONG 64
#define BITS_PER_LONG_LONG 64

#endif
