/* Bits, one by one. The atomic ones are compare-exchanges of the whole word. */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/types.h>

#include <asm/bitsperlong.h>

#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)

#define __ffs(word) ((unsigned long)__builtin_ctzl(word))
#define __fls(word) ((unsigned long)(63 - __builtin_clzl(word)))
#define ffz(word) __ffs(~(unsigned long)(word))
#define ffs(x) __builtin_ffs(x)
#define __ffs64(word) __ffs(word)

static __always_inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static __always_inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static __always_inline int fls_long(unsigned long x)
{
	return fls64(x);
}

static inline bool test_bit(unsigned long nr, const volatile unsigned long *bits)
{
	return READ_ONCE(bits[nr / BITS_PER_LONG]) >> nr % BITS_PER_LONG & 1;
}

/* What the word was; the bits of `set` are on then, those of `clear` off. */
static inline unsigned long shim_change_bits(volatile unsigned long *word, unsigned long set,
					     unsigned long clear)
{
	unsigned long old = READ_ONCE(*word);

	while (!try_cmpxchg64(word, &old, (old | set) & ~clear))
		;
	return old;
}

static inline void set_bit(unsigned long nr, volatile unsigned long *bits)
{
	shim_change_bits(&bits[nr / BITS_PER_LONG], BIT_MASK(nr), 0);
}

static inline void clear_bit(unsigned long nr, volatile unsigned long *bits)
{
	shim_change_bits(&bits[nr / BITS_PER_LONG], 0, BIT_MASK(nr));
}

static inline bool test_and_set_bit(unsigned long nr, volatile unsigned long *bits)
{
	return shim_change_bits(&bits[nr / BITS_PER_LONG], BIT_MASK(nr), 0) & BIT_MASK(nr);
}

static inline bool test_and_clear_bit(unsigned long nr, volatile unsigned long *bits)
{
	return shim_change_bits(&bits[nr / BITS_PER_LONG], 0, BIT_MASK(nr)) & BIT_MASK(nr);
}

#endif
