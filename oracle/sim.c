/* The hooks of core/shim_sim.h, for one thread of operations. */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Thread_local struct sim *sim_current;
bool sim_seen[SEEN_LINES];

const struct seen_line sim_seen_lines[] = {
#define SEEN_LINE(name, what) { #name, what },
#include "core/seen.def"
#undef SEEN_LINE
	{ NULL, NULL },
};

const char *const check_names[CHECKS] = {
	[CHECK_NONE] = "none",	   [CHECK_RESULT] = "result", [CHECK_FLAT] = "flat",
	[CHECK_WALK] = "walk",	   [CHECK_SHAPE] = "shape",   [CHECK_LEDGER] = "ledger",
	[CHECK_REFUSE] = "refuse", [CHECK_DIRTY] = "dirty",   [CHECK_WORK] = "work",
	[CHECK_BELIEF] = "belief", [CHECK_SAME] = "same",
};

void sim_reset(struct sim *s, const struct memory_config *config, unsigned pa_lg2,
	       unsigned slot_lg2, const struct hw_device *device)
{
	struct memory *memory = s->memory;

	memory_reset(memory, config, pa_lg2, slot_lg2);
	*s = (struct sim){ .memory = memory, .device = *device };
}

void sim_begin_look(struct sim *s)
{
	s->accesses = 0;
	sim_current = s;
}

void sim_begin_operation(struct sim *s)
{
	sim_begin_look(s);
	s->refused = 0;
	s->invalidations = 0;
}

static _Noreturn void fail(struct sim *s, enum check check, const char *format, va_list args)
{
	s->verdict.check = check;
	vsnprintf(s->verdict.text, sizeof(s->verdict.text), format, args);
	if (s->out)
		longjmp(*s->out, 1);
	fprintf(stderr, "walkdiff: %s: %s\n", check_names[check], s->verdict.text);
	abort();
}

_Noreturn void sim_fail(struct sim *s, enum check check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(s, check, format, args);
}

_Noreturn void sim_fail_at(struct sim *s, enum check check, uint64_t iova, const char *format, ...)
{
	va_list args;

	s->verdict.has_iova = true;
	s->verdict.iova = iova;
	va_start(args, format);
	fail(s, check, format, args);
}

struct hw_memory sim_hw_memory(struct sim *s)
{
	return (struct hw_memory){ .ctx = s->memory, .view = memory_view };
}

/* Every access: counted, and inside a live table or the page table object. */
static void check_access(struct sim *s, const pt_item *p)
{
	if (++s->accesses > SIM_MAX_ACCESSES)
		sim_fail(s, CHECK_WORK, "the operation does not end: %" PRIu64 " accesses",
			 s->accesses);
	if ((uintptr_t)p - (uintptr_t)s->object < s->object_size)
		return;
	if (!memory_slot_of(s->memory, (const void *)p))
		sim_fail(s, CHECK_LEDGER, "software accessed memory outside every live table");
}

uint64_t sim_load(void *env, const pt_item *p)
{
	check_access(env, p);
	return atomic_load_explicit(p, memory_order_acquire);
}

void sim_store(void *env, pt_item *p, uint64_t v)
{
	check_access(env, p);
	((struct sim *)env)->changes++;
	atomic_store_explicit(p, v, memory_order_release);
}

bool sim_cmpxchg(void *env, pt_item *p, uint64_t *old, uint64_t v)
{
	check_access(env, p);
	((struct sim *)env)->changes++;
	return atomic_compare_exchange_strong_explicit(p, old, v, memory_order_acq_rel,
						       memory_order_acquire);
}

/* True when this allocation is one that the program wants refused. */
static bool is_refused(struct sim *s)
{
	s->allocations++;
	if (!s->refuse_at)
		return false;
	if (s->refuse_at > 1) {
		s->refuse_at--;
		return false;
	}
	if (--s->refuse_count == 0)
		s->refuse_at = 0;
	return true;
}

pt_item *sim_table_alloc(void *env, size_t size, uint64_t *pa)
{
	struct sim *s = env;
	uint64_t *words = is_refused(s) ? NULL : memory_alloc(s->memory, size, pa);

	if (words)
		s->changes++;
	else
		s->refused++;
	return (pt_item *)words;
}

void sim_table_free(void *env, uint64_t pa, size_t size)
{
	struct sim *s = env;

	s->changes++;
	if (!memory_free(s->memory, pa, size))
		sim_fail(s, CHECK_LEDGER, "freed PA 0x%" PRIx64 ", where no table of %zu bytes is",
			 pa, size);
}

pt_item *sim_table(void *env, uint64_t pa)
{
	struct sim *s = env;
	const uint64_t *words = memory_view(s->memory, pa, sizeof(uint64_t));

	if (!words)
		sim_fail(s, CHECK_LEDGER, "software followed PA 0x%" PRIx64 ", where no table is",
			 pa);
	return (pt_item *)(uintptr_t)words;
}

void sim_invalidate(void *env, uint64_t first, uint64_t last)
{
	struct sim *s = env;

	if (first > last)
		sim_fail(s, CHECK_RESULT,
			 "invalidated the empty range 0x%" PRIx64 "..0x%" PRIx64, first, last);
	s->invalidations++;
	s->invalidated_first = first;
	s->invalidated_last = last;
}

void sim_change_top(void *env, uint64_t pa, unsigned level)
{
	struct sim *s = env;

	s->changes++;
	s->device.root_pa = pa;
	s->device.level = (uint8_t)level;
}

void sim_lock(void *env, shim_lock_t *lock)
{
	if (lock->held)
		sim_fail(env, CHECK_BELIEF, "took a lock that it holds");
	lock->held = true;
}

void sim_unlock(void *env, shim_lock_t *lock)
{
	if (!lock->held)
		sim_fail(env, CHECK_BELIEF, "released a lock that it does not hold");
	lock->held = false;
}

_Noreturn void sim_verify_failed(const char *cond, const char *file, int line)
{
	sim_fail(sim_current, CHECK_BELIEF, "%s:%d: belief broken: %s", file, line, cond);
}
