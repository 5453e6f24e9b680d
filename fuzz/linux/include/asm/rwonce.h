/* READ_ONCE and WRITE_ONCE: of 8 bytes through the host, in hooked builds. */
#ifndef WALKDIFF_ASM_RWONCE_H
#define WALKDIFF_ASM_RWONCE_H

#include "fuzz/linux/shim.h"

#define __READ_ONCE(x) (*(const volatile __unqual_scalar_typeof(x) *)&(x))
#define __WRITE_ONCE(x, val) (*(volatile typeof(x) *)&(x) = (val))

#ifdef WALKDIFF_FAST

#define READ_ONCE(x) __READ_ONCE(x)
#define WRITE_ONCE(x, val) \
	do { \
		__WRITE_ONCE(x, val); \
	} while (0)

#else

#define READ_ONCE(x) \
	__builtin_choose_expr(sizeof(x) == 8, \
			      ({ \
				      uint64_t __once = shim_load_relaxed(&(x)); \
				      *(typeof(x) *)&__once; \
			      }), \
			      __READ_ONCE(x))
#define WRITE_ONCE(x, val) \
	do { \
		union { \
			typeof(x) value; \
			uint64_t word; \
		} __once = { .value = (val) }; \
		if (sizeof(x) == 8) \
			shim_store_relaxed(&(x), __once.word); \
		else \
			__WRITE_ONCE(x, __once.value); \
	} while (0)

#endif

#endif
