/* Bits, counted. */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/types.h>

static inline unsigned int fls(unsigned int x)
{
	return x ? 32U - (unsigned int)__builtin_clz(x) : 0;
}

static inline unsigned int fls64(u64 x)
{
	return x ? 64U - (unsigned int)__builtin_clzll(x) : 0;
}

static inline unsigned int fls_long(unsigned long x)
{
	return fls64(x);
}

static inline unsigned int __fls(unsigned long x)
{
	return 63U - (unsigned int)__builtin_clzl(x);
}

static inline unsigned int __ffs(unsigned long x)
{
	return (unsigned int)__builtin_ctzl(x);
}

static inline unsigned int __ffs64(u64 x)
{
	return (unsigned int)__builtin_ctzll(x);
}

static inline unsigned int ffz(unsigned long x)
{
	return __ffs(~x);
}

#endif
