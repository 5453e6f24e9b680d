/* Real threads: see threads.h. */
#include "fuzz/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <urcu/urcu-memb.h>

#include "fuzz/mutate.h"
#include "oracle/access.h"

#define PATIENCE 20 /* seconds that a thread may wait for others */

struct threads;

struct thread {
	struct threads *all;
	pthread_t id;
	unsigned number;
	uint64_t random;
	bool reads; /* inside, as liburcu has it */
	jmp_buf out;
};

struct threads {
	struct judge *j;
	unsigned nr, come; /* come: of those that have begun */
	void (*body)(void *ctx, unsigned thread);
	void *ctx;
	bool taken;
	bool giving_up;
	unsigned failed;
	struct thread threads[SIM_THREADS];
};

/* How often this thread has taken the machine and not given it back; 0: core runs. */
static _Thread_local unsigned holds;
static _Thread_local struct thread *self;

/*
 * Not one of pthread.h's locks: to ThreadSanitizer it must order nothing, and it does not, as
 * it watches core alone. Everything in it is seen by who has it next.
 */
static void lock(struct threads *all)
{
	while (__atomic_exchange_n(&all->taken, true, __ATOMIC_ACQUIRE))
		sched_yield();
	all->j->sim.t = &all->j->sim.threads[self->number];
}

static void unlock(struct threads *all)
{
	__atomic_store_n(&all->taken, false, __ATOMIC_RELEASE);
}

static void take(void *scheduler)
{
	struct threads *all = scheduler;

	if (holds++)
		return;
	if (next_random(&self->random) % 8 == 0)
		sched_yield();
	lock(all);
	if (all->giving_up)
		longjmp(self->out, 1);
}

static void give(void *scheduler)
{
	if (--holds == 0)
		unlock(scheduler);
}

/* Others go on, and may come before what this thread does next. */
static void step_back(struct threads *all)
{
	unlock(all);
	sched_yield();
	lock(all);
	if (all->giving_up)
		longjmp(self->out, 1);
}

static void event(void *scheduler, enum sim_event what, const volatile void *place)
{
	(void)what;
	(void)place;
	if (next_random(&self->random) % 16 == 0)
		step_back(scheduler);
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void wait(void *scheduler, bool (*is_ready)(void *arg), void *arg)
{
	struct threads *all = scheduler;
	uint64_t ended = all->j->operations;
	time_t begin = seconds();

	while (!is_ready(arg)) {
		/* While others end operations they get on. */
		if (ended != all->j->operations)
			begin = seconds();
		ended = all->j->operations;
		if (seconds() - begin > PATIENCE)
			sim_stop(&all->j->sim, CHECK_RACE,
				 "deadlock: thread %u has waited for others for %d s", self->number,
				 PATIENCE);
		step_back(all);
	}
}

static void reader(void *scheduler, bool inside)
{
	(void)scheduler;
	self->reads = inside;
	if (inside)
		urcu_memb_read_lock();
	else
		urcu_memb_read_unlock();
}

static void grace(void *scheduler)
{
	struct threads *all = scheduler;

	unlock(all);
	urcu_memb_synchronize_rcu();
	lock(all);
	if (all->giving_up)
		longjmp(self->out, 1);
}

static void *job(void *arg)
{
	struct thread *t = arg;
	struct threads *all = t->all;

	self = t;
	urcu_memb_register_thread();
	/* All of them at once, as far as the host has processors. */
	__atomic_add_fetch(&all->come, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&all->come, __ATOMIC_RELAXED) < all->nr)
		sched_yield();
	all->j->sim.threads[t->number].out = &t->out;
	holds = 1;
	lock(all);
	if (!setjmp(t->out)) {
		all->body(all->ctx, t->number);
	} else {
		if (!all->giving_up) {
			all->giving_up = true;
			all->failed = t->number;
		}
		if (t->reads)
			urcu_memb_read_unlock();
	}
	holds = 0;
	unlock(all);
	urcu_memb_unregister_thread();
	return NULL;
}

unsigned threads_run(struct judge *j, unsigned nr, uint64_t seed,
		     void (*body)(void *ctx, unsigned thread), void *ctx)
{
	struct threads all = { .j = j, .nr = nr, .body = body, .ctx = ctx, .failed = nr };
	jmp_buf *out = j->sim.t->out;

	j->race.hooks = (struct sim_race){ .scheduler = &all, .event = event, .wait = wait,
					   .take = take, .give = give, .reader = reader,
					   .grace = grace };
	race_begin(j);
	for (unsigned i = 0; i < nr; i++) {
		struct thread *t = &all.threads[i];

		t->all = &all;
		t->number = i;
		t->random = next_random(&seed);
		if (pthread_create(&t->id, NULL, job, t))
			abort();
	}
	for (unsigned i = 0; i < nr; i++)
		pthread_join(all.threads[i].id, NULL);
	race_end(j);
	j->sim.t = &j->sim.threads[0];
	j->sim.t->out = out;
	if (access_raced() && !all.giving_up) {
		j->sim.verdict.check = CHECK_RACE;
		snprintf(j->sim.verdict.text, sizeof(j->sim.verdict.text),
			 "a data race: ThreadSanitizer's report above says of which accesses");
		return nr + 1;
	}
	return all.failed;
}

