/*
 * walkdiff random: programs drawn one by one, with no engine and no memory of what they
 * reached. What it measures is how many a strategy needs until a judge says no.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd.h"
#include "fuzz/mutate.h"
#include "fuzz/run_race.h"
#include "fuzz/subjects.h"

#define MAX_OPS 256

struct options {
	struct source source;
	const char *output;
	uint64_t programs, seed, ops;
	bool has_strategy;
	enum strategy strategy;
	struct program *races; /* whose schedules alone are drawn, if any */
	size_t nr_races;
};

static const struct argp_option option_list[] = {
	{ "programs", 'n', "N", 0, "how many, at most (default 100000)", 0 },
	{ "seed", 's', "N", 0, "of the draw (default 1): the same programs each time", 0 },
	{ "ops", 'o', "N", 0, "operations a program, at most (default 16)", 0 },
	{ "strategy", 'S', "NAME", 0, "of races: pct, pos, random; default: drawn as well", 0 },
	{ "race", 'r', "FILE", 0,
	  "draw only schedules, of this race; may be given again: then of any of them", 0 },
	{ "output", 'w', "FILE", 0, "write the first program that fails there, as text", 0 },
	{ 0 },
};

/* A race whose schedules are to be drawn; false after one line on stderr. */
static bool add_race(struct options *o, const char *path)
{
	struct program p = { 0 };

	if (!load_race(path, &o->source, &p))
		return false;
	o->races = realloc(o->races, (o->nr_races + 1) * sizeof(*o->races));
	if (!o->races)
		abort();
	o->races[o->nr_races++] = p;
	return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		o->programs = parse_count(state, "programs", arg, 1, UINT64_MAX);
		return 0;
	case 's':
		o->seed = parse_count(state, "seed", arg, 1, UINT64_MAX);
		return 0;
	case 'o':
		o->ops = parse_count(state, "ops", arg, 1, MAX_OPS);
		return 0;
	case 'w':
		o->output = arg;
		return 0;
	case 'r':
		if (!add_race(o, arg))
			exit(EXIT_UNUSABLE);
		return 0;
	case 'S':
		o->has_strategy = true;
		for (o->strategy = 0; o->strategy < STRATEGY_RAW; o->strategy++)
			if (!strcmp(strategy_names[o->strategy], arg))
				return 0;
		argp_error(state, "--strategy: '%s' is none of pct, pos, random", arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, NULL,
	"Run random programs of a target and format (default ops, of the first format there is) through "
	"all judges until one says no. Prints how many it took. Exit codes: 0 all judges agree, "
	"1 a judge says no, 2 unusable option, 3 an implementation declares that it does not promise what "
	"the target is about.",
	NULL, NULL, NULL
};

static void draw_schedule(struct program *p, const struct options *o, uint64_t seed,
			  uint64_t *state)
{
	enum strategy strategy = o->has_strategy ? o->strategy : race_strategy_of(seed);

	race_name_schedule(p, strategy, seed, (uint32_t)(2 + next_random(state) % 3));
}

static int write_program(const struct program *p, const char *path)
{
	FILE *out = fopen(path, "w");

	if (out)
		program_print(p, out);
	if (!out || fclose(out)) {
		complain("%s: cannot be written", path);
		return EXIT_UNUSABLE;
	}
	return EXIT_JUDGED;
}

int cmd_random(int argc, char **argv)
{
	struct options o = { .programs = 100000, .seed = 1, .ops = 16 };
	struct judge *judge = judge_create(CMD_TABLES);
	struct program p = { .target = TARGET_OPS, .subject = formats[0].subject };
	uint64_t state, operations = 0, n;
	int code = EXIT_AGREED;
	double begin;

	parse_options(&argp, argc, argv, &o, &o.source);
	if (!judge || !choose_source(&o.source, &p)) {
		judge_destroy(judge);
		return EXIT_UNUSABLE;
	}
	if (!run_is_for(&p.subject, p.target)) {
		complain("%s promises nothing that target %s is about", p.subject.foreign->name,
			 target_names[p.target]);
		judge_destroy(judge);
		return EXIT_INCONCLUSIVE;
	}
	state = o.seed;
	begin = now_seconds();
	for (n = 1; n <= o.programs && !code; n++) {
		struct run run;

		if (o.nr_races) {
			program_copy(&p, &o.races[next_random(&state) % o.nr_races]);
			draw_schedule(&p, &o, next_random(&state), &state);
		} else {
			draw_program(&p, o.ops, &state);
			if (p.target == TARGET_RACE)
				draw_schedule(&p, &o, race_schedule_of(&p, NULL).seed, &state);
		}
		run = run_program(judge, &p, NULL);
		operations += run.operations;
		if (run.verdict.check == CHECK_NONE)
			continue;
		code = EXIT_JUDGED;
		printf("walkdiff: %s: %s\n", check_names[run.verdict.check], run.verdict.text);
		if (o.output)
			code = write_program(&p, o.output);
	}
	printf("%s-%s: %" PRIu64 " programs, %" PRIu64 " operations, %.1f s",
	       target_names[p.target], p.subject.ops->name, n - 1, operations,
	       now_seconds() - begin);
	foreign_print_closing(p.subject.foreign, stdout);
	puts(code == EXIT_AGREED ? ": all judges agree" : ": a judge says no");
	for (size_t i = 0; i < o.nr_races; i++)
		program_free(&o.races[i]);
	free(o.races);
	program_free(&p);
	judge_destroy(judge);
	return code;
}
