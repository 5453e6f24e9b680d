/*
 * walkdiff why: the step of a race at which its failure became likely.
 *
 * The failing order is kept up to an event, and from there on who goes next is drawn, many
 * times: how many of these runs fail is how likely the failure was by then. It begins near
 * nothing, ends at 100 %, and the events at which it jumps are those that matter.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd.h"
#include "fuzz/mutate.h"
#include "fuzz/report.h"
#include "fuzz/run_race.h"

/* More events than this are looked at in steps, and closer where it jumps. */
#define MOST_POINTS 400

struct step {
	struct schedule_event event;
	unsigned thread;
	long op;	/* of the program, that the thread is in */
	double likely;	/* with all before it as it was, and it too; below 0: not looked at */
};

struct options {
	struct source source;
	const char *path, *svg;
	uint64_t runs;
	bool table;

	struct judge *judge;
	struct program program;
	enum check check;
	struct step *steps;
	size_t nr, cap;
	uint64_t then_random, then_seed;
	double at_first; /* likely, with no step kept */
	bool records;
};

static const struct argp_option option_list[] = {
	{ "runs", 'n', "N", 0, "continuations drawn at each event (default 100)", 0 },
	{ "svg", 'w', "FILE", 0, "draw it, too (needs gnuplot)", 0 },
	{ "table", 'T', NULL, 0,
	  "print every event, with tabs between: number, thread, operation, event, PA, likelihood "
	  "(empty: not looked at)", 0 },
	{ 0 },
};

static void note_step(void *ctx, unsigned thread, const struct schedule_event *e)
{
	struct options *o = ctx;

	if (o->nr == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 1024;
		o->steps = realloc(o->steps, o->cap * sizeof(*o->steps));
		if (!o->steps)
			abort();
	}
	o->steps[o->nr++] = (struct step){ *e, thread, race_operation(thread), -1 };
}

static void plan(void *ctx, struct schedule_config *c)
{
	struct options *o = ctx;

	if (o->records) {
		c->listener = note_step;
		c->ctx = o;
		return;
	}
	c->then_random = o->then_random;
	c->then_seed = o->then_seed;
}

static bool fails(struct options *o)
{
	struct run_options options = { .plan = plan, .plan_ctx = o };

	return run_program(o->judge, &o->program, &options).verdict.check == o->check;
}

/* How often of `runs` it fails when any thread goes on from an event on. */
static double draw_rest(struct options *o, uint64_t event)
{
	uint64_t failed = 0, random = event;

	o->then_random = event;
	for (uint64_t i = 0; i < o->runs; i++) {
		o->then_seed = next_random(&random);
		failed += fails(o);
	}
	return (double)failed / (double)o->runs;
}

/* How likely it is once step n has been made. */
static double likelihood(struct options *o, size_t n)
{
	if (o->steps[n].likely < 0)
		o->steps[n].likely = draw_rest(o, o->steps[n].event.number + 1);
	return o->steps[n].likely;
}

/* And before it. */
static double likelihood_before(struct options *o, size_t n)
{
	return n ? likelihood(o, n - 1) : o->at_first;
}

/* All events, or every so many of them. */
static size_t look_at_all(struct options *o)
{
	size_t stride = o->nr / MOST_POINTS + 1;

	o->at_first = draw_rest(o, 1);
	for (size_t i = 0; i < o->nr; i += stride)
		likelihood(o, i);
	likelihood(o, o->nr - 1);
	return stride;
}

/* The step at which it rises most. */
static size_t find_jump(struct options *o)
{
	size_t stride = look_at_all(o), best = 0, before = 0;
	double most = -2;

	for (size_t i = 0; i < o->nr; i++) {
		double rise;

		if (o->steps[i].likely < 0)
			continue;
		rise = o->steps[i].likely - (i ? o->steps[before].likely : o->at_first);
		if (rise > most) {
			most = rise;
			best = i;
		}
		before = i;
	}
	/* Closer: the events that were passed over. */
	for (size_t i = best < stride ? 0 : best - stride; i < best; i++)
		likelihood(o, i);
	most = -2;
	for (size_t i = best < stride ? 0 : best - stride; i < o->nr && o->steps[i].likely >= 0; i++) {
		double rise = o->steps[i].likely - likelihood_before(o, i);

		if (rise > most) {
			most = rise;
			best = i;
		}
	}
	return best;
}

/* ---- for people ---- */

static void print_event(const struct step *s, FILE *out)
{
	fprintf(out, "%s", event_names[s->event.what]);
	if (s->event.pa)
		fprintf(out, " of the item at PA 0x%" PRIx64, s->event.pa);
}

static void print_operation(const struct options *o, const struct step *s, FILE *out)
{
	if (s->op >= 0 && (size_t)s->op < o->program.nr)
		program_print_op(&o->program, &o->program.ops[s->op], out);
	fputc('\n', out);
}

static void print_steps(struct options *o, size_t jump)
{
	static const char bar[] = "####################";
	size_t first = jump < 8 ? 0 : jump - 8, last = jump + 8 < o->nr ? jump + 8 : o->nr - 1;

	printf("  event  thread  likely\n");
	for (size_t i = first; i <= last; i++) {
		const struct step *s = &o->steps[i];
		double likely = likelihood(o, i);

		printf("%s%6" PRIu64 "  %6u  %5.0f%%  %-20.*s  ", i == jump ? ">" : " ",
		       s->event.number, s->thread, likely * 100, (int)(likely * 20), bar);
		print_event(s, stdout);
		putchar('\n');
	}
}

static void explain(struct options *o, const struct run *run, size_t jump)
{
	const struct step *s = &o->steps[jump];

	printf("walkdiff: %s: %s\n\n", check_names[o->check], run->verdict.text);
	printf("The failure became likely when thread %u went on to %s", s->thread,
	       s->event.pa ? "" : "its ");
	print_event(s, stdout);
	puts(",");
	printf("in its operation:  ");
	print_operation(o, s, stdout);
	printf("Of %" PRIu64 " continuations %.0f%% failed before it, %.0f%% with it; of any order %.0f%%. "
	       "Event %" PRIu64 " of %" PRIu64 ".\n\n",
	       o->runs, likelihood_before(o, jump) * 100, s->likely * 100, o->at_first * 100,
	       s->event.number, o->steps[o->nr - 1].event.number);
	print_steps(o, jump);
}

static void print_table(const struct options *o)
{
	puts("event\tthread\toperation\twhat\tpa\tlikely");
	for (size_t i = 0; i < o->nr; i++) {
		const struct step *s = &o->steps[i];

		printf("%" PRIu64 "\t%u\t%ld\t%s\t0x%" PRIx64 "\t", s->event.number, s->thread, s->op,
		       event_names[s->event.what], s->event.pa);
		if (s->likely >= 0)
			printf("%.3f", s->likely);
		putchar('\n');
	}
}

/* The likelihood above, what each thread did below; the jump marked in both. */
static bool draw(const struct options *o, size_t jump)
{
	FILE *out = popen("gnuplot 2>/dev/null", "w");

	if (!out)
		return false;
	fprintf(out,
		"set terminal svg size 900,420 background 'white'\nset output '%s'\n"
		"set multiplot layout 2,1\nset lmargin 10\nset rmargin 3\nunset key\n"
		"set xrange [0:%" PRIu64 "]\n"
		"set arrow 1 from %" PRIu64 ", graph 0 to %" PRIu64 ", graph 1 nohead lc 'red' dt 2\n"
		"set title \"%s, by event; it became likely at %" PRIu64 "\" noenhanced\n"
		"set yrange [0:100]\nset ylabel 'likely, %%'\nset grid y\n"
		"plot '-' with steps lw 2 lc 'black'\n",
		o->svg, o->steps[o->nr - 1].event.number + 1, o->steps[jump].event.number,
		o->steps[jump].event.number, check_names[o->check], o->steps[jump].event.number);
	for (size_t i = 0; i < o->nr; i++)
		if (o->steps[i].likely >= 0)
			fprintf(out, "%" PRIu64 " %f\n", o->steps[i].event.number,
				o->steps[i].likely * 100);
	fprintf(out,
		"e\nunset title\nset xlabel 'event'\nset ylabel 'thread'\nset yrange [%u.5:-0.5]\n"
		"set ytics 1\nplot '-' with points pt 7 ps 0.3 lc 'gray40', "
		"'-' with points pt 5 ps 0.5 lc 'blue'\n",
		program_threads(&o->program) - 1);
	for (unsigned writes = 0; writes < 2; writes++) {
		for (size_t i = 0; i < o->nr; i++)
			if ((o->steps[i].event.what != EVENT_LOAD) == writes)
				fprintf(out, "%" PRIu64 " %u\n", o->steps[i].event.number,
					o->steps[i].thread);
		fprintf(out, "e\n");
	}
	fprintf(out, "unset multiplot\n");
	return pclose(out) == 0;
}

static int why(struct options *o)
{
	struct run_options options = { .plan = plan, .plan_ctx = o };
	struct run run;
	size_t jump;

	o->records = true;
	run = run_program(o->judge, &o->program, &options);
	o->records = false;
	if (run.verdict.check == CHECK_NONE || !o->nr) {
		complain("%s: does not fail%s", o->path,
			 run.verdict.check == CHECK_NONE ? "" : " in a race");
		return EXIT_INCONCLUSIVE;
	}
	o->check = run.verdict.check;
	jump = find_jump(o);
	if (o->table)
		print_table(o);
	else
		explain(o, &run, jump);
	if (o->svg && !draw(o, jump)) {
		complain("%s: cannot be drawn; is gnuplot there? apt-get install gnuplot-nox", o->svg);
		return EXIT_UNUSABLE;
	}
	return EXIT_AGREED;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		o->runs = parse_count(state, "runs", arg, 1, 100000);
		return 0;
	case 'w':
		if (strpbrk(arg, "'\n"))
			argp_error(state, "--svg: no ' in its name, please");
		o->svg = arg;
		return 0;
	case 'T':
		o->table = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "'%s' is too much: one file", arg);
		o->path = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, "FILE",
	"Tell at which step the failure of a race became likely: its order of events is kept up to "
	"each event, and continued at random. Exit codes: 0 told, 2 unusable input, 3 it does not "
	"fail.",
	NULL, NULL, NULL
};

int cmd_why(int argc, char **argv)
{
	struct options o = { .runs = 100 };
	int code = EXIT_UNUSABLE;

	parse_options(&argp, argc, argv, &o, &o.source);
	o.judge = judge_create(4096);
	if (!o.judge)
		complain("out of memory");
	else if (load_race(o.path, &o.source, &o.program))
		code = why(&o);
	program_free(&o.program);
	free(o.steps);
	judge_destroy(o.judge);
	return code;
}
