/* The rows of walkdiff bench that are about the harness: see cmd_bench.h. */
#include "fuzz/cmd_bench.h"

#include <inttypes.h>

#include "fuzz/mutate.h"
#include "fuzz/run_race.h"

/* All judges but those of what is mapped, and where to. */
#define BUT_FLAT_AND_WALK                                                          \
	(~(CHECK_BIT(CHECK_RESULT) | CHECK_BIT(CHECK_FLAT) | CHECK_BIT(CHECK_WALK) | \
	   CHECK_BIT(CHECK_BELIEF)))

/* One run of a program, and the seconds that it took. */
static uint64_t timed_run(struct judge *judge, const struct program *p, uint32_t off, double *spent)
{
	double began = now_seconds();
	uint64_t operations;

	judge->off = off;
	operations = run_program(judge, p, NULL).operations;
	*spent += now_seconds() - began;
	return operations;
}

/*
 * Programs that a mutator would make, the same in every run, each with all judges and with
 * few, by turns first and second.
 */
void bench_harness(const struct format *f, double seconds, json_t *all, bool json)
{
	struct judge *judge = judge_create(4096);
	struct program p = { .target = TARGET_OPS, .subject = f->subject };
	uint64_t programs = 0, operations = 0;
	uint8_t none = 0;
	double spent = 0, few = 0;

	must(judge != NULL, "the arena");
	while (spent < seconds) {
		if (programs % 64 == 0)
			program_decode(&p, &none, 0);
		mutate_program(&p, programs, 32);
		if (programs % 2)
			timed_run(judge, &p, BUT_FLAT_AND_WALK, &few);
		operations += timed_run(judge, &p, 0, &spent);
		if (programs % 2 == 0)
			timed_run(judge, &p, BUT_FLAT_AND_WALK, &few);
		programs++;
	}
	if (json)
		json_array_append_new(all, json_pack("{s:s, s:s, s:f, s:f, s:f}", "format", f->name,
						     "row", "ops", "programs_per_second",
						     (double)programs / spent,
						     "operations_per_second",
						     (double)operations / spent,
						     "to_flat_and_walk_only", few / spent));
	else
		printf("%-12s target ops: %9.0f programs/s, %10.0f judged operations/s, %.2f of flat and "
		       "walk only\n", f->name, (double)programs / spent, (double)operations / spent,
		       few / spent);
	program_free(&p);
	judge_destroy(judge);
}

/* Races likewise: how many programs, and what their threads do before each may go on. */
void bench_races(const struct format *f, double seconds, json_t *all, bool json)
{
	struct judge *judge = judge_create(4096);
	struct program p = { .target = TARGET_RACE, .subject = f->subject };
	uint64_t programs = 0, events = 0, switches = 0;
	uint8_t none = 0;
	double spent = 0;

	must(judge != NULL, "the arena");
	while (spent < seconds) {
		if (programs % 64 == 0)
			program_decode(&p, &none, 0);
		mutate_program(&p, programs, 32);
		timed_run(judge, &p, 0, &spent);
		if (race_schedule()) {
			events += schedule_events(race_schedule());
			switches += schedule_switches(race_schedule());
		}
		programs++;
	}
	if (json)
		json_array_append_new(all, json_pack("{s:s, s:s, s:f, s:f, s:f}", "format", f->name,
						     "row", "race", "programs_per_second",
						     (double)programs / spent, "events_per_second",
						     (double)events / spent, "switches_per_second",
						     (double)switches / spent));
	else
		printf("%-12s target race: %8.0f programs/s, %10.0f events/s, %9.0f switches/s\n",
		       f->name, (double)programs / spent, (double)events / spent,
		       (double)switches / spent);
	program_free(&p);
	judge_destroy(judge);
}

#define IDLE_EVENTS 1000000

static void come_to_events(void *ctx, unsigned thread)
{
	struct judge *j = ctx;

	(void)thread;
	for (unsigned i = 0; i < IDLE_EVENTS / SIM_THREADS; i++)
		sim_event(&j->sim, i % 64 ? EVENT_LOAD : EVENT_OPERATION, NULL);
}

/* The scheduler alone: threads that do nothing between events, the next drawn at each. */
void bench_scheduler(const struct format *f, double seconds, json_t *all, bool json)
{
	struct judge *judge = judge_create(4);
	struct schedule *schedule = schedule_create();
	struct schedule_config config = { .strategy = STRATEGY_RANDOM, .seed = 1 };
	uint64_t switches = 0;
	double spent = 0;

	must(judge && schedule, "the scheduler");
	judge_reset(judge, &f->subject, &f->subject.ops->variants[0].config,
		    &(struct memory_config){ .tables = 4 });
	while (spent < seconds) {
		double began = now_seconds();

		must(schedule_run(schedule, judge, SIM_THREADS, &config, come_to_events, judge),
		     "idle threads");
		spent += now_seconds() - began;
		switches += schedule_switches(schedule);
	}
	if (json)
		json_array_append_new(all, json_pack("{s:s, s:f}", "row", "scheduler",
						     "switches_per_second",
						     (double)switches / spent));
	else
		printf("scheduler    alone:       %10.0f switches/s\n", (double)switches / spent);
	schedule_destroy(schedule);
	judge_destroy(judge);
}
