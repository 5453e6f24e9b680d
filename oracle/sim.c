/* The simulated machine: set up, operations of its threads, looks of judges, and what they say. */
#include "oracle/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Thread_local struct sim *sim_current;

const char *const check_names[CHECKS] = {
	[CHECK_NONE] = "none",	   [CHECK_RESULT] = "result", [CHECK_FLAT] = "flat",
	[CHECK_WALK] = "walk",	   [CHECK_SHAPE] = "shape",   [CHECK_LEDGER] = "ledger",
	[CHECK_REFUSE] = "refuse", [CHECK_DIRTY] = "dirty",   [CHECK_WORK] = "work",
	[CHECK_BELIEF] = "belief", [CHECK_SAME] = "same",     [CHECK_STALE] = "stale",
	[CHECK_TORN] = "torn",	   [CHECK_COHERENT] = "coherent",
	[CHECK_RACE] = "race",	   [CHECK_CRASH] = "crash",
};

bool sim_create(struct sim *s, uint32_t tables)
{
	s->memory = memory_create(tables);
	s->t = &s->threads[0]; /* equivalent: off-1: a reset begins with the first */
	return s->memory && watch_create(&s->watch, s->memory);
}

/* not mutated: what is not freed is for LeakSanitizer to see; any order will do */
void sim_destroy(struct sim *s)
{
	memory_destroy(s->memory);
	watch_free(&s->watch);
	device_free(&s->dev);
}

void sim_reset(struct sim *s, const struct sim_config *c)
{
	const uint32_t watched = CHECK_BIT(CHECK_STALE) | CHECK_BIT(CHECK_TORN) |
				 CHECK_BIT(CHECK_COHERENT) | CHECK_BIT(CHECK_WORK) |
				 CHECK_BIT(CHECK_LEDGER);
	struct memory *memory = s->memory;
	struct device dev = s->dev;
	struct watch watch = s->watch;

	if (c->foreign && !c->foreign->hooked && !memory_keep_seen(memory))
		abort(); /* equivalent: drop-1: as long as there is memory */
	memory_reset(memory, c->memory, c->pa_lg2, c->slot_lg2);
	memory->incoherent = c->incoherent && SIM_SEES_ACCESSES;
	device_reset(&dev, c->device_flags, c->hw->first_stage && !c->device.second_stage,
		     c->memory->seed);
	watch_reset(&watch, SIM_SEES_ACCESSES && (c->off & watched) != watched);
	*s = (struct sim){
		.memory = memory,
		.device = c->device,
		.dev = dev,
		.watch = watch,
		.ops = c->ops,
		.foreign = c->foreign,
		.sees_accesses = !c->foreign || c->foreign->hooked,
		.hw = c->hw,
		.inv = c->inv,
		.caches_not_present = c->caches_not_present,
		.digest = s->digest,
		.off = c->off | (SIM_SEES_ACCESSES ? 0 : CHECK_BIT(CHECK_DIRTY)),
	};
	for (unsigned i = 0; i < SIM_THREADS; i++)
		s->threads[i].gather = PT_GATHER_EMPTY;
	s->t = &s->threads[0];
	if (c->foreign)
		sim_make_host(s, &s->host);
}

void sim_begin_look(struct sim *s)
{
	stores_reach_all(s); /* equivalent: swap-1: it counts none */
	s->t->accesses = 0; /* equivalent: off-1: as good a limit */
	s->t->looks++;
	sim_current = s;
}

void sim_end_look(struct sim *s)
{
	s->t->looks--;
}

void sim_begin_operation(struct sim *s)
{
	sim_begin_look(s);
	s->t->looks = 0; /* also one that has failed */
	s->t->operation = ++s->operations;
	s->t->refused = 0;
	s->t->freed = 0;
	s->t->invalidations = 0;
	watch_begin(s);
}

void sim_run_operation(struct sim *s)
{
	sim_give(s);
}

void sim_end_operation(struct sim *s)
{
	sim_take(s);
	stores_reach_all(s);
	sim_catch_up(s);
}

_Noreturn void sim_leave(struct sim *s)
{
	if (s->t->out)
		longjmp(*s->t->out, 1); /* equivalent: off-1, off-2: setjmp does not return 0 */
	fprintf(stderr, "walkdiff: %s: %s\n", check_names[s->verdict.check], s->verdict.text);
	abort();
}

static _Noreturn void leave(struct sim *s, enum check check, const char *format, va_list args)
{
	s->verdict.check = check;
	vsnprintf(s->verdict.text, sizeof(s->verdict.text), format, args);
	/* equivalent: drop-1: what a _Noreturn function does that returns is undefined */
	sim_leave(s);
}

void sim_fail(struct sim *s, enum check check, const char *format, ...)
{
	va_list args;

	if (sim_is_off(s, check))
		return;
	va_start(args, format);
	leave(s, check, format, args);
}

void sim_fail_at(struct sim *s, enum check check, uint64_t iova, const char *format, ...)
{
	va_list args;

	if (sim_is_off(s, check))
		return;
	s->verdict.has_iova = true;
	s->verdict.iova = iova;
	va_start(args, format);
	leave(s, check, format, args);
}

_Noreturn void sim_stop(struct sim *s, enum check check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	leave(s, check, format, args);
}

struct hw_memory sim_hw_memory(struct sim *s)
{
	return (struct hw_memory){ .ctx = s->memory, .view = memory_hw_view };
}

bool sim_touch(struct sim *s, uint64_t table_pa, uint32_t index, uint64_t old, uint64_t item)
{
	/* equivalent: off-2: less of the same table */
	const uint64_t *words = memory_view(s->memory, table_pa, (index + (size_t)1) * sizeof(item));

	s->changes++;
	/* By no thread: not one of access.h's. */
	/* equivalent: bool-1: who calls tries again */
	if (!__atomic_compare_exchange_n((uint64_t *)(uintptr_t)&words[index], &old, item, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return false;
	/* Who is not told of each access could make nothing of one. */
	if (s->race && s->race->touched && s->sees_accesses)
		s->race->touched(s->race->scheduler, &words[index]);
	if (!s->sees_accesses)
		memory_seen(s->memory, words)[index] = item;
	return true;
}
