/* walkdiff min: shrink a failing program; each candidate runs in a process of its own. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/cmd.h"
#include "fuzz/minimise.h"
#include "fuzz/refuse.h"
#include "fuzz/run_race.h"

/* A candidate that runs longer than this hangs. */
#define SECONDS 5
/* The exit code of a child for a check: no sanitizer's. */
#define EXIT_CHECK 128

struct options {
	struct source source;
	const char *output, *path;
	bool quiet, refuse_all;
	struct judge *judge;
	unsigned candidates;
};

static const struct argp_option option_list[] = {
	{ "output", 'o', "FILE", 0, "write the program there, not to standard output", 0 },
	{ "quiet", 'q', NULL, 0, "no progress", 0 },
	{ "refuse-all", 'r', NULL, 0, "it may also fail with one or two allocations refused", 0 },
	{ 0 },
};

/* Run a candidate in a child, so that any way to fail is one that can be compared. */
static int how_it_fails(void *ctx, const struct program *p)
{
	struct options *o = ctx;
	int status = 0;
	pid_t child;

	if (!o->quiet && isatty(2) && ++o->candidates % 16 == 0)
		fprintf(stderr, "\r%u candidates tried, %zu operations left ", o->candidates,
			p->nr);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct run_options plain = { .observer = NULL };
		struct refusal refused;
		struct run run;

		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		alarm(SECONDS);
		run = o->refuse_all ? run_with_refusals(o->judge, p, &plain, &refused, NULL) :
				      run_program(o->judge, p, NULL);
		_exit(run.verdict.check ? EXIT_CHECK + (int)run.verdict.check : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		complain("cannot run a candidate: %s", strerror(errno));
		exit(EXIT_UNUSABLE);
	}
	if (WIFSIGNALED(status))
		return FAILS_BY_SIGNAL + WTERMSIG(status);
	status = WEXITSTATUS(status);
	if (status > EXIT_CHECK && status < EXIT_CHECK + CHECKS)
		return status - EXIT_CHECK;
	return status ? FAILS_BY_EXIT + status : 0;
}

static void print_failure(int failure, char *text, size_t size)
{
	if (failure < CHECKS)
		snprintf(text, size, "%s", check_names[failure]);
	else if (failure == FAILS_BY_SIGNAL + SIGALRM)
		snprintf(text, size, "no end after %d s", SECONDS);
	else if (failure < FAILS_BY_EXIT)
		snprintf(text, size, "%s", strsignal(failure - FAILS_BY_SIGNAL));
	else
		snprintf(text, size, "exit code %d, a sanitizer's", failure - FAILS_BY_EXIT);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case 'r':
		o->refuse_all = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one file at a time");
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
	"Shrink a program that fails: fewer operations, a plainer configuration, smaller numbers, "
	"with the same check failing (or the same signal). Shrinking the result again changes "
	"nothing. Exit codes: 0 shrunk, 2 unusable input, 3 it does not fail.",
	NULL, NULL, NULL
};

/* The switches of a race in place of the strategy that made them, where they make it fail too. */
static void name_switches(struct options *o, struct program *p, int failure)
{
	struct program q = { 0 };

	if (p->target != TARGET_RACE || failure >= CHECKS ||
	    (p->nr && p->ops[0].kind == OP_SCHEDULE && p->ops[0].args[0] == STRATEGY_RAW))
		return;
	run_program(o->judge, p, NULL);
	program_copy(&q, p);
	race_repeat_by_switches(&q);
	if (how_it_fails(o, &q) == failure) {
		program_copy(p, &q);
		minimise(p, failure, how_it_fails, o);
	}
	program_free(&q);
}

/* A schedule that the seed of a race implies, in words, and first. */
static void name_schedule(struct program *p)
{
	struct schedule_config c = race_schedule_of(p, NULL);

	if (p->target == TARGET_RACE && c.strategy != STRATEGY_RAW)
		race_name_schedule(p, c.strategy, c.seed, c.depth);
}

/* Shrink the loaded program and write it; the exit code. */
static int shrink(struct options *o, struct program *p)
{
	int failure = how_it_fails(o, p);
	size_t before = p->nr;
	FILE *out = stdout;
	char how[64];

	if (!failure) {
		complain("%s: does not fail, nothing to shrink", o->path);
		return EXIT_INCONCLUSIVE;
	}
	print_failure(failure, how, sizeof(how));
	name_schedule(p);
	minimise(p, failure, how_it_fails, o);
	name_switches(o, p, failure);
	if (!o->quiet)
		fprintf(stderr, "%s%s: %s: %zu operations before, %zu after\n",
			isatty(2) ? "\r\033[K" : "", o->path, how, before, p->nr);
	if (o->output)
		out = fopen(o->output, "w");
	if (!out) {
		complain("%s: %s", o->output, strerror(errno));
		return EXIT_UNUSABLE;
	}
	fprintf(out, "# fails: %s\n", how);
	program_print(p, out);
	if (out != stdout && fclose(out)) {
		complain("%s: %s", o->output, strerror(errno));
		return EXIT_UNUSABLE;
	}
	return EXIT_AGREED;
}

int cmd_min(int argc, char **argv)
{
	struct options o = { .judge = NULL };
	struct program p = { 0 };
	int code = EXIT_UNUSABLE;

	parse_options(&argp, argc, argv, &o, &o.source);
	o.judge = judge_create(4096);
	if (!o.judge)
		complain("out of memory");
	else if (load_program(o.path, &o.source, &p))
		code = shrink(&o, &p);
	program_free(&p);
	judge_destroy(o.judge);
	return code;
}
