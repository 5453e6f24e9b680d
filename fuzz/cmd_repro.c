/* walkdiff repro: run programs or crash files through all judges, report a failure. */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/cmd.h"
#include "fuzz/cmd_bits.h"
#include "fuzz/refuse.h"
#include "fuzz/report.h"

struct options {
	struct source source;
	bool quiet, refuse_all, seen;
	uint32_t thorough_every, times;
	struct judge *judge;
	struct bits *bits;	/* one a format, with --bits */
	uint64_t bits_changes;	/* sim.changes when last looked at */
	uint64_t programs, runs, operations, skipped;
	uint64_t digest;	/* of all runs, whatever their order */
	struct run last;
	int code;
};

static const struct argp_option option_list[] = {
	{ "quiet", 'q', NULL, 0, "only failures and the closing line", 0 },
	{ "refuse-all", 'r', NULL, 0,
	  "run each program once more for each allocation it makes, with that one refused, and "
	  "for pairs of them", 0 },
	{ "without", 'w', "CHECKS", 0,
	  "judges that say nothing, by their names with commas between; to see what others see", 0 },
	{ "thorough-every", 'e', "N", 0,
	  "compare the whole table after every N-th operation only (default 1), and at the end; "
	  "for long programs", 0 },
	{ "times", 'n', "N", 0,
	  "run each program N times (default 1); a program that then went another way, or failed "
	  "otherwise, than before is an error, but for races of real threads, which run until one "
	  "fails", 0 },
	{ "seen", 's', NULL, 0,
	  "list the lines of core (core/seen.def) that none of the programs reached; exit code 3 "
	  "when there are any", 0 },
	{ "bits", 'b', NULL, 0,
	  "list, for each format, the bits of items that programs of target ops never had set, and "
	  "never clear; exit code 3 when one of an address, or a permission, is among them", 0 },
	{ 0 },
};

/* What observes a run. */
struct observer {
	struct options *options;
	struct history history;
};

/* Notes what an operation returned, and with --bits what it left in the tables. */
static void watch_observer(void *ctx, const struct program *p, long op, const struct outcome *out)
{
	struct observer *w = ctx;
	struct options *o = w->options;

	history_observer(&w->history, p, op, out);
	if (!o->bits || p->target != TARGET_OPS)
		return;
	if (op < 0 ? out->err != 0 : o->judge->sim.changes == o->bits_changes)
		return;
	o->bits_changes = o->judge->sim.changes;
	bits_look(o->bits, o->judge);
}

/* One run; prints the report of a failure, unless it was told before. True when all judges agree. */
static bool run_once(struct options *o, const struct program *p, const char *path,
		     struct refusal refuse, bool is_told)
{
	struct observer watch = { .options = o };
	struct run_options options = { .observer = watch_observer,
				       .ctx = &watch,
				       .thorough_every = o->thorough_every };
	struct run run;
	bool good;

	options = refusing(&options, refuse);
	run = run_program(o->judge, p, &options);
	good = run.verdict.check == CHECK_NONE;
	o->runs++;
	o->operations += run.operations;
	o->last = run;
	o->digest += run.digest;
	if (!good && is_told) {
		/* Who called knows it. */
	} else if (!good) {
		if (refuse.first) {
			printf("%s: with ", path);
			print_refusal(refuse, stdout);
			puts(" of the program refused");
		}
		print_report(o->judge, p, &run, &watch.history, path, stdout);
		o->code = EXIT_JUDGED;
	} else if (!o->quiet && !refuse.first) {
		print_history(p, &run, &watch.history, stdout);
		printf("# all judges agree: %s, %" PRIu64 " operations", path, run.operations);
		foreign_print_closing(p->subject.foreign, stdout);
		if (run.digest)
			printf(", digest %016" PRIx64, run.digest);
		puts("\n");
	}
	history_free(&watch.history);
	return good;
}

#ifdef WALKDIFF_TSAN
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif

static bool is_alike(const struct run *a, const struct run *b)
{
	return a->digest == b->digest && a->op == b->op && a->verdict.check == b->verdict.check &&
	       !strcmp(a->verdict.text, b->verdict.text);
}

/* With --times, the runs after the first: alike, where the simulator decides who goes on. */
static bool run_again(struct options *o, const struct program *p, const char *path)
{
	struct refusal refuse = { 0, 0 };
	const struct run first = o->last;
	const uint64_t before = o->digest - first.digest;
	const bool good = first.verdict.check == CHECK_NONE;
	/* Real threads need not; and ThreadSanitizer tells of a place once. */
	const bool fails_again = first.digest && !UNDER_TSAN;

	for (uint32_t n = 1; n < o->times && (good || fails_again); n++) {
		o->digest = before;
		run_once(o, p, path, refuse, !good);
		if (is_alike(&o->last, &first))
			continue;
		if (first.digest)
			complain("%s: run %" PRIu32 " went another way: digest %016" PRIx64
				 ", before it %016" PRIx64 ": %s", path, n + 1, o->last.digest, first.digest,
				 o->last.verdict.check ? o->last.verdict.text : "all judges agree");
		o->code = EXIT_JUDGED;
		return false;
	}
	if (!good && fails_again && o->times > 1)
		printf("# failed alike %" PRIu32 " times of %" PRIu32 "\n\n", o->times, o->times);
	return good;
}

static void run_file(struct options *o, const char *path)
{
	struct program p = { 0 };
	struct refusal refuse = { 0, 0 };
	uint64_t allocations;
	bool good;

	if (!load_program(path, &o->source, &p)) {
		if (p.target == TARGETS)
			o->skipped++;
		else if (!o->code)
			o->code = EXIT_UNUSABLE;
		program_free(&p);
		return;
	}
	o->programs++;
	run_once(o, &p, path, refuse, false);
	allocations = o->judge->sim.allocations;
	good = run_again(o, &p, path);
	for (uint64_t n = 0; good && o->refuse_all &&
			     next_refusal(allocations, p.memory.seed, n, &refuse); n++)
		good = run_once(o, &p, path, refuse, false);
	program_free(&p);
}

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void run_path(struct options *o, const char *path)
{
	struct stat st;
	struct dirent **names;
	int nr;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		run_file(o, path);
		return;
	}
	nr = scandir(path, &names, is_visible, alphasort);
	for (int i = 0; i < nr; i++) {
		char *file;

		if (asprintf(&file, "%s/%s", path, names[i]->d_name) >= 0) {
			o->source.skips = true; /* of whole folders */
			run_path(o, file);
			o->source.skips = false;
			free(file);
		}
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'q':
		o->quiet = true;
		return 0;
	case 'r':
		o->refuse_all = true;
		return 0;
	case 'e':
		o->thorough_every = (uint32_t)parse_count(state, "thorough-every", arg, 1, UINT32_MAX);
		return 0;
	case 'n':
		o->times = (uint32_t)parse_count(state, "times", arg, 1, UINT32_MAX);
		return 0;
	case 'w':
		if (!parse_checks(arg, &o->judge->off))
			argp_error(state, "--without: '%s' are not judges to do without", arg);
		return 0;
	case 's':
		o->seen = true;
		return 0;
	case 'b':
		if (!o->bits)
			o->bits = calloc(nr_formats, sizeof(*o->bits));
		if (!o->bits)
			argp_failure(state, EXIT_UNUSABLE, 0, "out of memory");
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
	"Run programs (text, or bytes as a fuzzing engine leaves them; folders whole) through all "
	"judges. Exit codes: 0 all judges agree, 1 a judge says no, 2 unusable input.",
	NULL, NULL, NULL
};

static void print_unseen(struct options *o)
{
	unsigned unseen = 0, nr = 0;

	for (; sim_seen_lines[nr].name; nr++)
		if (!sim_seen[nr]) {
			printf("not reached: %s (%s)\n", sim_seen_lines[nr].name,
			       sim_seen_lines[nr].what);
			unseen++;
		}
	printf("%u of %u lines reached\n", nr - unseen, nr);
	if (unseen && !o->code)
		o->code = EXIT_INCONCLUSIVE;
}

int cmd_repro(int argc, char **argv)
{
	struct options o = { .judge = judge_create(CMD_TABLES) };

	if (!o.judge) {
		complain("out of memory");
		return EXIT_UNUSABLE;
	}
	parse_options(&argp, argc, argv, &o, &o.source);
	if (!o.programs && !o.code) {
		complain("no program in there");
		o.code = EXIT_UNUSABLE;
	}
	if (o.programs > 1 || o.refuse_all || o.times > 1)
		printf("%" PRIu64 " programs, %" PRIu64 " runs, %" PRIu64 " operations: %s\n",
		       o.programs, o.runs, o.operations,
		       o.code == EXIT_JUDGED ? "a judge says no" : "all judges agree");
	if (o.skipped)
		printf("%" PRIu64 " programs were left out: of formats that are not those of %s\n", o.skipped,
		       getenv(FOREIGN_VARIABLE));
	if (o.programs > 1 && o.digest)
		printf("digest: %016" PRIx64 "\n", o.digest);
	if (o.seen)
		print_unseen(&o);
	if (o.bits && bits_print(o.bits, stdout) && !o.code)
		o.code = EXIT_INCONCLUSIVE;
	free(o.bits);
	judge_destroy(o.judge);
	return o.code;
}
