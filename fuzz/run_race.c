/* Running threads: see run_race.h. */
#include "fuzz/run_race.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/threads.h"

/* One is enough: fibers are made once, and a process runs one program at a time. */
static struct schedule *schedule;

struct race_run {
	struct judge *j;
	const struct program *p;
	const struct run_options *o;
	long at[SIM_THREADS]; /* the operation that each thread is in */
};

/* What runs, while it does. */
static const struct race_run *current;

long race_operation(unsigned thread)
{
	return current ? current->at[thread] : -1;
}

static void run_thread(void *ctx, unsigned thread)
{
	struct race_run *r = ctx;

	for (size_t i = 0; i < r->p->nr; i++) {
		const struct op *op = &r->p->ops[i];
		struct outcome outcome = { 0 };

		if (op->thread != thread || !op_has_thread(op->kind))
			continue;
		r->at[thread] = (long)i;
		run_op(r->j, op, &outcome);
		run_observe(r->j, r->o, r->p, (long)i, &outcome);
	}
}

enum strategy race_strategy_of(uint64_t seed)
{
	return (enum strategy)(seed % STRATEGY_RAW); /* all but raw, which needs switches */
}

struct schedule_config race_schedule_of(const struct program *p, struct forced_switch *switches)
{
	struct schedule_config c = { .strategy = race_strategy_of(p->memory.seed),
				     .seed = p->memory.seed,
				     .depth = 3,
				     .switches = switches };
	bool named = false;

	for (size_t i = 0; i < p->nr; i++) {
		const uint64_t *a = p->ops[i].args;

		if (p->ops[i].kind == OP_SWITCH && switches)
			switches[c.nr_switches++] = (struct forced_switch){ a[0], (uint32_t)a[1] };
		if (p->ops[i].kind != OP_SCHEDULE || named)
			continue;
		named = true;
		c.strategy = (enum strategy)a[0];
		c.seed = a[1];
		c.depth = a[2] > UINT32_MAX ? UINT32_MAX : (uint32_t)a[2];
	}
	return c;
}

/* All of them to their ends: the thread that has failed, or nr; above: one of them has. */
static unsigned run_threads(struct race_run *r, unsigned nr, const struct schedule_config *config)
{
#ifdef WALKDIFF_THREADS
	return threads_run(r->j, nr, config->seed, run_thread, r);
#else
	if (!schedule)
		schedule = schedule_create();
	if (!schedule)
		abort();
	if (schedule_run(schedule, r->j, nr, config, run_thread, r))
		return nr;
	return schedule_failed(schedule);
#endif
}

void run_race(struct judge *j, const struct program *p, const struct run_options *o,
	      volatile long *at)
{
	static struct forced_switch *switches; /* kept when a run is left */
	struct race_run r = { .j = j, .p = p, .o = o };
	struct schedule_config config;
	unsigned nr = program_threads(p), failed;

	free(switches);
	switches = calloc(p->nr + 1, sizeof(*switches));
	if (!switches)
		abort();
	config = race_schedule_of(p, switches);
	if (o->plan)
		o->plan(o->plan_ctx, &config);
	current = &r;
	failed = run_threads(&r, nr, &config);
	current = NULL;
	if (failed != nr) {
		*at = failed < nr ? r.at[failed] : (long)p->nr;
		sim_leave(&j->sim);
	}
	*at = (long)p->nr;
	race_sync(j, nr);
	j->thorough = true;
	judge_deinit(j);
}

const struct schedule *race_schedule(void)
{
	return schedule;
}

void race_name_schedule(struct program *p, enum strategy strategy, uint64_t seed, uint32_t depth)
{
	struct op op = { .kind = OP_SCHEDULE, .args = { strategy, seed, depth } };

	for (size_t i = p->nr; i--;)
		if (p->ops[i].kind == OP_SCHEDULE || p->ops[i].kind == OP_SWITCH)
			program_remove(p, i, 1);
	program_insert(p, 0, &op);
}

void race_repeat_by_switches(struct program *p)
{
	size_t nr;
	const struct forced_switch *made;

	if (!schedule)
		return;
	made = schedule_repeat(schedule, &nr);
	race_name_schedule(p, STRATEGY_RAW, 0, 0);
	for (size_t i = 0; i < nr; i++) {
		struct op op = { .kind = OP_SWITCH, .args = { made[i].after, made[i].to } };

		program_insert(p, i + 1, &op);
	}
}
