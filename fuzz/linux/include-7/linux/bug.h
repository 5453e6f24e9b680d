/* WARN_ON and BUG_ON. */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>

/* A warning is a verdict: nobody reads a log. */
#define WARN_ON(condition)                                 \
	({                                                 \
		bool __warn = !!(condition);               \
		if (__warn)                                \
			machine_fail("WARN_ON: " #condition); \
		__warn;                                    \
	})
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#define BUG_ON(condition) ((void)WARN_ON(condition))
#define BUG() machine_fail("BUG")

#endif
