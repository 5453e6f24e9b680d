/* What the kernel's headers expect of the compiler, and accesses that threads race on. */
#ifndef __LINUX_COMPILER_H
#define __LINUX_COMPILER_H

#include "fuzz/linux/machine.h"

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __maybe_unused __attribute__((unused))
#define __must_check
#define __compiletime_error(msg) __attribute__((error(msg)))
#define __user
#define __iomem
#define __force
#define __rcu
#define __percpu
#define __cold
#define __printf(a, b)
#define __counted_by(m)
#define __guarded_by(...)
#define __no_context_analysis
#define __context_unsafe(comment)
#define noinline __attribute__((noinline))
#define __attribute_const__ __attribute__((const))
#define __section(s)
#define __aligned(n) __attribute__((aligned(n)))
#define fallthrough __attribute__((fallthrough))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")

#define __is_constexpr(x) \
	(sizeof(int) == sizeof(*(8 ? ((void *)((long)(x) * 0L)) : (int *)8)))
#define statically_true(x) (__builtin_constant_p(x) && (x))
#define const_true(x) __builtin_choose_expr(__is_constexpr(x), x, 0)
#define is_signed_type(type) ((type)-1 < (type)1)
#define is_unsigned_type(type) ((type)-1 > (type)0)
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __must_be_array(a) 0
#define __native_word(t) (sizeof(t) <= sizeof(long))
#define __BUILD_BUG_ON_ZERO_MSG(e, msg, ...) \
	((int)sizeof(struct { _Static_assert(!(e), msg); int member; }) * 0)
#define __UNIQUE_ID_(prefix, n) __UNIQUE_ID_##prefix##n
#define __UNIQUE_ID__(prefix, n) __UNIQUE_ID_(prefix, n)
#define __UNIQUE_ID(prefix) __UNIQUE_ID__(prefix, __COUNTER__)
#define typeof __typeof__
#define auto __auto_type
#define __unqual_scalar_typeof(x) __typeof__(x)
#define __signed_scalar_typeof(x) __typeof__(x)

/* False only in code that no optimiser drops, so that this file needs none. */
#define compiletime_assert(condition, msg)                        \
	do {                                                      \
		if (__builtin_constant_p(condition) && !(condition)) \
			__builtin_trap();                         \
	} while (0)

/*
 * By type: items are u64 and the top is a uintptr_t, while the links of lists, which are no
 * table's, are pointers.
 */
#define READ_ONCE(x)                                              \
	_Generic((x),                                             \
		unsigned long: machine_load(&(x)),                \
		unsigned long long: machine_load(&(x)),           \
		default: *(const volatile __typeof__(x) *)&(x))

#define WRITE_ONCE(x, v)                                                     \
	_Generic((x),                                                        \
		unsigned long: machine_store(&(x), (unsigned long long)(v)), \
		unsigned long long: machine_store(&(x), (unsigned long long)(v)), \
		default: (void)(*(volatile __typeof__(x) *)&(x) = (v)))

#endif
