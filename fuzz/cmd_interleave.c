/* walkdiff interleave: every order of a race's events, but those that make no difference. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/cmd.h"
#include "fuzz/explore.h"
#include "fuzz/foreign.h"
#include "fuzz/report.h"
#include "fuzz/run_race.h"

struct options {
	struct source source;
	struct judge *judge;
	const char *output;
	uint64_t most;
	int code;
};

static const struct argp_option option_list[] = {
	{ "most", 'n', "N", 0,
	  "end a program after N runs (default 10000000); exit code 3 when orders are left", 0 },
	{ "output", 'w', "FILE", 0,
	  "write the first program that fails there, with the switches that make it fail", 0 },
	{ 0 },
};

static void write_found(struct options *o, struct program *p)
{
	FILE *out = o->output ? fopen(o->output, "w") : NULL;

	if (!o->output)
		return;
	race_repeat_by_switches(p);
	if (out)
		program_print(p, out);
	if (!out || fclose(out)) {
		complain("%s: cannot be written", o->output);
		o->code = EXIT_UNUSABLE;
	}
}

static void explore_it(void *ctx, struct schedule_config *c)
{
	c->strategy = STRATEGY_RANDOM; /* so that its switches are noted */
	c->chooser = explore_chooser(ctx);
}

/* The order that failed once more, for what its operations returned. */
static void report(struct options *o, struct program *p, const char *path, struct explore *e)
{
	struct history history = { 0 };
	struct run_options options = { .observer = history_observer, .ctx = &history,
				       .plan = explore_it, .plan_ctx = e };
	struct run run;

	explore_again(e);
	run = run_program(o->judge, p, &options);
	print_report(o->judge, p, &run, &history, NULL, stdout);
	history_free(&history);
	o->code = EXIT_JUDGED;
	write_found(o, p);
	if (o->output)
		printf("\nTo run it again:  %s repro%s %s\n", program_invocation_name,
		       foreign_option(), o->output);
	else
		printf("\nwalkdiff interleave --output FILE %s writes it with its switches.\n", path);
}

static void show_progress(const struct explore *e, uint64_t runs)
{
	if (runs % 4096 == 0 && isatty(2))
		fprintf(stderr, "\r%" PRIu64 " orders, %zu decisions deep ", explore_orders(e),
			explore_depth(e));
}

/* What a judge has said of another file weighs more; and what cannot be read more than what is left. */
static void give_up(struct options *o, int code)
{
	if (!o->code || (o->code == EXIT_INCONCLUSIVE && code == EXIT_UNUSABLE))
		o->code = code;
}

static void explore_program(struct options *o, struct program *p, const char *path)
{
	struct explore *e = explore_create();
	struct run_options options = { .plan = explore_it, .plan_ctx = e };
	uint64_t runs = 0;
	double begin = now_seconds();
	const bool late = p->device & DEVICE_WEAK_STORES;
	bool more = true;

	if (!e) {
		complain("out of memory");
		exit(EXIT_UNUSABLE);
	}
	while (more && runs < o->most) {
		struct run run = run_program(o->judge, p, &options);

		runs++;
		if (run.verdict.check != CHECK_NONE) {
			if (isatty(2))
				fputs("\r\033[K", stderr);
			report(o, p, path, e);
			explore_destroy(e);
			return;
		}
		if (run.op < 0) {
			complain("%s: none of its operations run: init is refused, or the implementation "
				 "promises nothing of races", path);
			give_up(o, EXIT_UNUSABLE);
			explore_destroy(e);
			return;
		}
		if (!race_schedule()) {
			complain("%s: in this build threads are the host's", path);
			exit(EXIT_UNUSABLE);
		}
		more = explore_next(e);
		show_progress(e, runs);
	}
	printf("%s%s: %" PRIu64 " orders, %" PRIu64 " runs more that had been had, %zu decisions "
	       "deep, %.1f s: %s\n",
	       isatty(2) ? "\r\033[K" : "", path, explore_orders(e), explore_repeated(e),
	       explore_depth(e), now_seconds() - begin,
	       more ? "not all" :
	       late ? "all of these, and all judges agree; but when a late store arrives is drawn "
		      "(WEAK_STORES)" :
		      "all, and all judges agree");
	if (more || late)
		give_up(o, EXIT_INCONCLUSIVE);
	explore_destroy(e);
}

static void run_path(struct options *o, const char *path)
{
	struct program p = { 0 };

	if (load_race(path, &o->source, &p))
		explore_program(o, &p, path);
	else
		give_up(o, EXIT_UNUSABLE);
	program_free(&p);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		o->most = parse_count(state, "most", arg, 1, UINT64_MAX);
		return 0;
	case 'w':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		run_path(o, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, "FILE...",
	"Run races in every order of their events, but for those that differ only in neighbours "
	"which do not touch each other (sleep sets). For small ones: orders multiply. The "
	"schedule that a program names is ignored. Exit codes: 0 all judges agree, 1 a judge says "
	"no, 2 unusable input, 3 orders are left, or stores are late as they are drawn.",
	NULL, NULL, NULL
};

int cmd_interleave(int argc, char **argv)
{
	struct options o = { .judge = judge_create(4096), .most = 10000000 };

	if (!o.judge) {
		complain("out of memory");
		return EXIT_UNUSABLE;
	}
	parse_options(&argp, argc, argv, &o, &o.source);
	judge_destroy(o.judge);
	return o.code;
}
