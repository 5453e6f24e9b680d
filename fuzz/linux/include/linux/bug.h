/* A kernel that warns has found an error, its own or a caller's: the run fails. */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>

#include "fuzz/linux/shim.h"

#define SHIM_TEXT_(x) #x
#define SHIM_TEXT(x) SHIM_TEXT_(x)
#define SHIM_PLACE " at " __FILE_NAME__ ":" SHIM_TEXT(__LINE__)

#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif

#define BUG() shim_fail("BUG" SHIM_PLACE)
#define BUG_ON(cond) \
	do { \
		if (unlikely(cond)) \
			shim_fail("BUG_ON(" #cond ")" SHIM_PLACE); \
	} while (0)

#define WARN_ON(cond) \
	({ \
		bool __cond = !!(cond); \
		if (unlikely(__cond)) \
			shim_fail("WARN_ON(" #cond ")" SHIM_PLACE); \
		__cond; \
	})
#define WARN_ON_ONCE(cond) WARN_ON(cond)
#define WARN(cond, ...) WARN_ON(cond)
#define WARN_ONCE(cond, ...) WARN_ON(cond)

#define VM_BUG_ON(cond) BUG_ON(cond)
#define VM_WARN_ON(cond) WARN_ON(cond)

#endif
