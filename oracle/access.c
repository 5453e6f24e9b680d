/* Accesses to table memory: see access.h. */
#include "oracle/access.h"

#include <stdatomic.h>

#define ITEM(p) ((_Atomic(uint64_t) *)(uintptr_t)(p))

uint64_t access_load(const uint64_t *p, bool relaxed)
{
	if (relaxed)
		return atomic_load_explicit(ITEM(p), memory_order_relaxed);
	return atomic_load_explicit(ITEM(p), memory_order_acquire);
}

void access_store(uint64_t *p, uint64_t v, bool relaxed)
{
	if (relaxed)
		atomic_store_explicit(ITEM(p), v, memory_order_relaxed);
	else
		atomic_store_explicit(ITEM(p), v, memory_order_release);
}

bool access_exchange(uint64_t *p, uint64_t *old, uint64_t v, bool relaxed)
{
	if (relaxed)
		return atomic_compare_exchange_strong_explicit(ITEM(p), old, v, memory_order_relaxed,
							       memory_order_relaxed);
	return atomic_compare_exchange_strong_explicit(ITEM(p), old, v, memory_order_acq_rel,
						       memory_order_acquire);
}

#ifdef WALKDIFF_TSAN

#include <sanitizer/tsan_interface.h>

/* Not memset: of that ThreadSanitizer sees nothing, as the harness calls it, too. */
void access_fill(uint64_t *words, size_t nr, uint64_t v)
{
	for (volatile uint64_t *p = words; p < words + nr; p++)
		*p = v;
}

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

#else

void access_fill(uint64_t *words, size_t nr, uint64_t v)
{
	for (size_t i = 0; i < nr; i++)
		words[i] = v;
}

#endif
