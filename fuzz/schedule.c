/* The scheduler: see schedule.h. */
#include "fuzz/schedule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/feedback.h"
#include "fuzz/fiber.h"
#include "fuzz/mutate.h"
#include "oracle/access.h"

#define NOBODY SIM_THREADS

/*
 * Events since an operation ended after which every thread gets its turn; those that are too many
 * where nothing in memory changed; and in any case.
 */
#define PATIENCE (UINT64_C(1) << 21)
#define NO_END (4 * PATIENCE)
#define NEVER_ENDS (4 * NO_END)

const char *const strategy_names[STRATEGIES] = { "pct", "pos", "random", "raw" };

const char *const event_names[EVENTS] = {
	[EVENT_LOAD] = "load",
	[EVENT_STORE] = "store",
	[EVENT_CMPXCHG] = "compare-exchange",
	[EVENT_ALLOC] = "allocate",
	[EVENT_FREE] = "free",
	[EVENT_FLUSH] = "flush",
	[EVENT_INVALIDATE] = "invalidate",
	[EVENT_READER] = "readers",
	[EVENT_LOCK] = "lock",
	[EVENT_CHANGE_TOP] = "change the device entry",
	[EVENT_DEVICE] = "device",
	[EVENT_OPERATION] = "operation",
};

#define PCT_DEPTH 8

struct thread {
	struct schedule *schedule;
	struct fiber *fiber;
	unsigned number;
	bool ended;
	bool begun;
	bool (*is_ready)(void *arg); /* what it waits for; null: nothing */
	void *arg;
	/* What it does next. */
	enum sim_event what;
	const volatile void *place;
	uint64_t priority;
	jmp_buf out;
	struct schedule_event log[SCHEDULE_LOG];
	uint64_t logged;
};

struct schedule {
	struct fiber *main;
	struct thread threads[SIM_THREADS];
	unsigned nr, current; /* NOBODY: the caller */
	struct judge *judge;
	const struct schedule_config *config;
	void (*body)(void *ctx, unsigned thread);
	void *ctx;

	uint64_t random;
	uint64_t events, switches, digest;
	uint64_t progress; /* events when an operation last began or ended */
	/* Where that is long ago: events when the machine's `changes` last did, and they. */
	uint64_t changed, machine_changes;
	uint64_t changes[PCT_DEPTH]; /* pct: events at which priorities change */
	uint64_t lowest;	     /* pct: the priority of who falls next */
	size_t next_switch;	     /* raw */
	uint64_t last_switch;
	unsigned failed;
	bool giving_up;
	bool draws; /* config->then_random is over */
	struct forced_switch *made;
	size_t nr_made, cap_made;
};

/* ---- strategies ---- */

static bool can_run(const struct thread *t)
{
	return !t->ended && (!t->is_ready || t->is_ready(t->arg));
}

static unsigned highest(const struct schedule *s)
{
	unsigned best = NOBODY;

	for (unsigned i = 0; i < s->nr; i++)
		if (can_run(&s->threads[i]) &&
		    (best == NOBODY || s->threads[i].priority > s->threads[best].priority))
			best = i;
	return best;
}

static void pct_begin(struct schedule *s)
{
	unsigned depth = s->config->depth;

	if (depth > PCT_DEPTH)
		depth = PCT_DEPTH;
	/* Where they matter is not known: near the beginning as likely as in an octave later. */
	for (unsigned i = 0; i < PCT_DEPTH; i++) {
		unsigned octave = (unsigned)(next_random(&s->random) % 12);

		s->changes[i] = i + 1 < depth ?
					1 + next_random(&s->random) % (UINT64_C(1) << octave) : 0;
	}
	for (unsigned i = 0; i < s->nr; i++)
		s->threads[i].priority = PCT_DEPTH + next_random(&s->random) / 2;
	s->lowest = PCT_DEPTH;
}

static unsigned pct_pick(struct schedule *s)
{
	for (unsigned i = 0; i < PCT_DEPTH; i++)
		if (s->changes[i] == s->events && s->events && s->current != NOBODY)
			s->threads[s->current].priority = s->lowest--;
	return highest(s);
}

static bool writes(enum sim_event what)
{
	return what != EVENT_LOAD;
}

static unsigned pos_pick(struct schedule *s)
{
	unsigned next;
	const struct thread *t;

	if (s->current != NOBODY)
		s->threads[s->current].priority = next_random(&s->random);
	next = highest(s);
	if (next == NOBODY)
		return next;
	t = &s->threads[next];
	for (unsigned i = 0; i < s->nr; i++)
		if (i != next && s->threads[i].place == t->place &&
		    (writes(t->what) || writes(s->threads[i].what)))
			s->threads[i].priority = next_random(&s->random);
	return next;
}

static unsigned random_pick(struct schedule *s)
{
	unsigned can[SIM_THREADS], nr = 0;

	for (unsigned i = 0; i < s->nr; i++)
		if (can_run(&s->threads[i]))
			can[nr++] = i;
	return nr ? can[nr == 1 ? 0 : next_random(&s->random) % nr] : NOBODY;
}

/* The next that can run, beginning with `first`. */
static unsigned first_from(const struct schedule *s, unsigned first)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (can_run(&s->threads[(first + i) % s->nr]))
			return (first + i) % s->nr;
	return NOBODY;
}

static unsigned raw_pick(struct schedule *s)
{
	unsigned stays = s->current == NOBODY ? 0 : s->current;
	const struct forced_switch *f;

	if (s->next_switch == s->config->nr_switches)
		return first_from(s, stays);
	f = &s->config->switches[s->next_switch];
	if (s->events - s->last_switch >= f->after) {
		s->next_switch++;
		s->last_switch = s->events;
		stays = f->to % s->nr;
	}
	return first_from(s, stays);
}

static unsigned ask(struct schedule *s)
{
	struct choice c = { .nr = s->nr, .current = s->current == NOBODY ? s->nr : s->current };

	for (unsigned i = 0; i < s->nr; i++) {
		c.can |= (uint32_t)can_run(&s->threads[i]) << i;
		c.next[i].what = s->threads[i].what;
		c.next[i].place = s->threads[i].place;
	}
	return c.can ? s->config->chooser->choose(s->config->chooser->ctx, &c) : NOBODY;
}

static bool take_turns(const struct schedule *s)
{
	return s->events - s->progress >= PATIENCE;
}

static unsigned pick(struct schedule *s)
{
	if (take_turns(s))
		return first_from(s, s->current == NOBODY ? 0 : s->current + 1);
	if (s->config->chooser)
		return ask(s);
	if (s->config->then_random && s->events >= s->config->then_random) {
		if (!s->draws)
			s->random = s->config->then_seed;
		s->draws = true;
		return random_pick(s);
	}
	switch (s->config->strategy) {
	case STRATEGY_PCT:
		return pct_pick(s);
	case STRATEGY_POS:
		return pos_pick(s);
	case STRATEGY_RANDOM:
		return random_pick(s);
	default:
		return raw_pick(s);
	}
}

/* ---- running ---- */

/* For raw to repeat it: a switch that it would not make by itself, as it makes turns. */
static void note_switch(struct schedule *s, unsigned to)
{
	if (s->config->strategy == STRATEGY_RAW || to == NOBODY || take_turns(s) ||
	    to == first_from(s, s->current == NOBODY ? 0 : s->current))
		return;
	if (s->nr_made == s->cap_made) {
		s->cap_made = s->cap_made ? 2 * s->cap_made : 64;
		s->made = realloc(s->made, s->cap_made * sizeof(*s->made));
		if (!s->made)
			abort();
	}
	s->made[s->nr_made++] = (struct forced_switch){ s->events - s->last_switch, to };
	s->last_switch = s->events;
}

static void mix(struct schedule *s, uint64_t v)
{
	s->digest = digest_with(s->digest, v);
}

/* The thread `next` goes on; returns when the one that calls does. */
static void go_on(struct schedule *s, unsigned next)
{
	unsigned was = s->current;
	struct fiber *from = was == NOBODY ? s->main : s->threads[was].fiber;

	note_switch(s, next);
	if (next != NOBODY) {
		s->judge->sim.t = &s->judge->sim.threads[next];
		s->threads[next].is_ready = NULL;
		s->threads[next].begun = true;
	}
	if (next == was)
		return;
	s->switches++;
	s->current = next;
	fiber_switch(from, next == NOBODY ? s->main : s->threads[next].fiber);
}

static void leave_if_given_up(struct schedule *s, unsigned self)
{
	if (s->giving_up)
		longjmp(s->threads[self].out, 1);
}

/* A long map changes item after item, and ends. */
static bool is_livelock(struct schedule *s)
{
	uint64_t since = s->events - s->progress;

	if (since <= PATIENCE)
		return false;
	if (s->machine_changes != s->judge->sim.changes) {
		s->machine_changes = s->judge->sim.changes;
		s->changed = s->events;
	}
	return since > NO_END && (s->events - s->changed > NO_END || since > NEVER_ENDS);
}

/* Take the decision for the event that the running thread has come to. */
static void decide(struct schedule *s)
{
	unsigned self = s->current, next = pick(s);

	if (next == NOBODY)
		sim_stop(&s->judge->sim, CHECK_RACE,
			 "deadlock: every thread that has not ended waits for another");
	if (is_livelock(s))
		sim_stop(&s->judge->sim, CHECK_RACE,
			 "livelock: %" PRIu64 " events, most of them by turns, and no operation ended",
			 s->events - s->progress);
	go_on(s, next);
	leave_if_given_up(s, self);
}

static uint64_t pa_of(const struct schedule *s, const volatile void *place)
{
	struct memory *m = s->judge->sim.memory;
	const void *p = (const void *)(uintptr_t)place;
	const struct slot *slot = p ? memory_slot_of(m, p) : NULL;

	return slot ? memory_pa_of(m, slot, place) : 0;
}

static void event(void *scheduler, enum sim_event what, const volatile void *place)
{
	struct schedule *s = scheduler;
	struct thread *t = &s->threads[s->current];

	if (s->current == NOBODY)
		return;
	t->what = what;
	t->place = place;
	s->events++;
	if (what == EVENT_OPERATION)
		s->progress = s->events;
	decide(s);
	t->log[t->logged % SCHEDULE_LOG] =
		(struct schedule_event){ s->events, what, pa_of(s, place) };
	feedback_event(t->number, what, t->log[t->logged % SCHEDULE_LOG].pa,
		       s->judge->sim.t->site);
	mix(s, t->number << 8 | (unsigned)what);
	if (s->config->listener)
		s->config->listener(s->config->ctx, t->number, &t->log[t->logged % SCHEDULE_LOG]);
	mix(s, t->log[t->logged++ % SCHEDULE_LOG].pa);
}

static void touched(void *scheduler, const volatile void *place)
{
	struct schedule *s = scheduler;

	feedback_event(s->current, EVENT_STORE, pa_of(s, place), __builtin_return_address(0));
}

static void wait(void *scheduler, bool (*is_ready)(void *arg), void *arg)
{
	struct schedule *s = scheduler;
	unsigned self = s->current;

	do {
		s->threads[self].is_ready = is_ready;
		s->threads[self].arg = arg;
		s->events++;
		decide(s);
	} while (!is_ready(arg));
}

static void job(void *arg)
{
	struct thread *t = arg;
	struct schedule *s = t->schedule;

	order_acquire(s);
	s->judge->sim.t->out = &t->out;
	if (!setjmp(t->out)) {
		s->body(s->ctx, t->number);
	} else if (!s->giving_up) {
		s->giving_up = true;
		s->failed = t->number;
	}
	t->ended = true;
	s->current = NOBODY;
	order_release(&s->ctx);
}

/* The caller's: whoever can, until all have ended. */
static void run_all(struct schedule *s)
{
	for (;;) {
		unsigned next;

		s->events++;
		next = s->giving_up ? NOBODY : pick(s);
		if (next == NOBODY)
			break;
		mix(s, next);
		go_on(s, next);
	}
	for (unsigned i = 0; i < s->nr && !s->giving_up; i++)
		if (!s->threads[i].ended) {
			s->giving_up = true;
			s->failed = i;
			s->judge->sim.verdict.check = CHECK_RACE;
			snprintf(s->judge->sim.verdict.text, sizeof(s->judge->sim.verdict.text),
				 "deadlock: every thread that has not ended waits for another");
		}
	/* Out of their operations, so that their stacks are free again. */
	for (unsigned i = 0; i < s->nr; i++)
		if (!s->threads[i].ended && s->threads[i].begun)
			go_on(s, i);
}

bool schedule_run(struct schedule *s, struct judge *j, unsigned nr,
		  const struct schedule_config *config, void (*body)(void *ctx, unsigned thread),
		  void *ctx)
{
	jmp_buf *out = j->sim.t->out;

	s->judge = j;
	s->nr = nr;
	s->current = NOBODY;
	s->config = config;
	s->body = body;
	s->ctx = ctx;
	s->random = config->seed;
	s->events = s->progress = s->switches = s->digest = s->lowest = s->last_switch = 0;
	s->changed = s->machine_changes = 0;
	s->next_switch = s->nr_made = 0;
	s->giving_up = s->draws = false;
	s->failed = NOBODY;
	for (unsigned i = 0; i < nr; i++) {
		struct thread *t = &s->threads[i];

		t->ended = t->begun = false;
		t->is_ready = NULL;
		t->what = EVENT_OPERATION;
		t->place = NULL;
		t->logged = 0;
		t->priority = next_random(&s->random);
	}
	if (config->strategy == STRATEGY_PCT)
		pct_begin(s);
	j->race.hooks.scheduler = s;
	j->race.hooks.event = event;
	j->race.hooks.wait = wait;
	j->race.hooks.touched = touched;
	race_begin(j);
	feedback_begin();
	order_release(s);
	run_all(s);
	order_acquire(&s->ctx);
	race_end(j);
	j->sim.t = &j->sim.threads[0];
	j->sim.t->out = out;
	return !s->giving_up;
}

unsigned schedule_failed(const struct schedule *s)
{
	return s->failed;
}

uint64_t schedule_events(const struct schedule *s)
{
	return s->events;
}

uint64_t schedule_switches(const struct schedule *s)
{
	return s->switches;
}

uint64_t schedule_digest(const struct schedule *s)
{
	return s->digest;
}

const struct forced_switch *schedule_repeat(const struct schedule *s, size_t *nr)
{
	*nr = s->nr_made;
	return s->made;
}

bool schedule_last_event(const struct schedule *s, unsigned thread, unsigned n,
			 struct schedule_event *out)
{
	const struct thread *t = &s->threads[thread];

	if (thread >= s->nr || n >= SCHEDULE_LOG || n >= t->logged)
		return false;
	*out = t->log[(t->logged - 1 - n) % SCHEDULE_LOG];
	return true;
}

struct schedule *schedule_create(void)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->main = fiber_of_caller();
	for (unsigned i = 0; s->main && i < SIM_THREADS; i++) {
		struct thread *t = &s->threads[i];

		t->schedule = s;
		t->number = i;
		t->fiber = fiber_create(job, t, s->main);
	}
	for (unsigned i = 0; i < SIM_THREADS; i++)
		if (!s->threads[i].fiber) {
			schedule_destroy(s);
			return NULL;
		}
	return s;
}

void schedule_destroy(struct schedule *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SIM_THREADS; i++)
		fiber_destroy(s->threads[i].fiber);
	fiber_destroy(s->main);
	free(s->made);
	free(s);
}
