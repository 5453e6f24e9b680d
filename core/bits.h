/* Bits, fields and powers of two on 64-bit values, for core and formats. */
#ifndef WALKDIFF_CORE_BITS_H
#define WALKDIFF_CORE_BITS_H

#include <stdint.h>

#define BIT(n) (UINT64_C(1) << (n))

/* Bits hi..lo inclusive, 63 >= hi >= lo >= 0. */
#define BITS(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

/* All bits below n, 0 <= n <= 64: the last address of a region of 2^n bytes at 0. */
static inline uint64_t low_mask(unsigned n)
{
	return n >= 64 ? ~UINT64_C(0) : BIT(n) - 1;
}

/* Exponent of the highest bit set; v != 0. */
static inline unsigned floor_lg2(uint64_t v)
{
	return 63 - (unsigned)__builtin_clzll(v);
}

/* Exponent of the lowest bit set, 64 when v == 0: what v is aligned to. */
static inline unsigned align_lg2(uint64_t v)
{
	return v ? (unsigned)__builtin_ctzll(v) : 64;
}

/* Exponent of the smallest aligned power of two that holds first..last; first <= last. */
static inline unsigned block_lg2(uint64_t first, uint64_t last)
{
	return first == last ? 0 : floor_lg2(first ^ last) + 1;
}

/*
 * Where the first of the aligned blocks ends that first..last is covered with: at last when
 * one of less than twice the range is around it, else with the half in which first lies.
 */
static inline uint64_t first_block_end(uint64_t first, uint64_t last)
{
	unsigned lg2 = block_lg2(first, last);

	if (lg2 == 0 || lg2 == floor_lg2(last - first) + 1)
		return last;
	return (last & ~low_mask(lg2 - 1)) - 1;
}

#endif
