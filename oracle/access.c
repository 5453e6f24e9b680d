/* Accesses to table memory: see access.h. */
#define ACCESS_BODIES
#include "oracle/access.h"

#ifdef WALKDIFF_TSAN

#include <sanitizer/tsan_interface.h>

void order_release(const void *p)
{
	__tsan_release((void *)(uintptr_t)p);
}

void order_acquire(const void *p)
{
	__tsan_acquire((void *)(uintptr_t)p);
}

/* The runtime's: what it is to be like, and what it calls. */
const char *__tsan_default_options(void);
void __tsan_on_report(void *report);

const char *__tsan_default_options(void)
{
	/* The harness's own memory is ordered by its one OS thread, which nobody told it. */
	return "ignore_interceptors_accesses=1:report_signal_unsafe=0:report_destroy_locked=0:"
	       "suppress_equal_stacks=0:suppress_equal_addresses=0:exitcode=0";
}

/* This the harness's one OS thread orders, too. */
#define UNWATCHED __attribute__((no_sanitize("thread")))

static bool raced;

UNWATCHED void __tsan_on_report(void *report)
{
	(void)report;
	raced = true;
}

UNWATCHED bool access_raced(void)
{
	bool was = raced;

	raced = false;
	return was;
}

#endif
