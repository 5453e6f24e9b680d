/* walkdiff fuzz: every target and format, side by side on the cores there are. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/cmd_fuzz.h"
#include "fuzz/cmd_seeds.h"
#include "fuzz/subjects.h"

static const struct argp_option option_list[] = {
	{ "time", 's', "SECONDS", 0, "in all, shared by the engines (default 60); 2 each at least", 0 },
	{ "jobs", 'j', "N", 0, "engines at once (default: the cores there are)", 0 },
	{ "target", 't', "TARGET", 0, "only this one", 0 },
	{ "format", 'f', "FORMAT", 0, "only this one", 0 },
	{ "seed", 'r', "N", 0, "of the engines (default: from the clock)", 0 },
	{ "engine", 'n', "NAME", 0, "libfuzzer (default) or afl", 0 },
	{ "instances", 'I', "N", 0,
	  "so many of each target and format, sharing what they find (default 1)", 0 },
	{ "node", 'N', "NAME", 0,
	  "afl: this machine's name, where others share the folder afl: docs/CLUSTER.md", 0 },
	{ "mutators", 'm', "DIR", 0, "afl: where our mutators are (default: beside the fuzzers)", 0 },
	{ "engines", 'e', "DIR", 0, "where the fuzzers are (default: beside this program)", 0 },
	{ "seeds", 'i', "DIR", 0, "programs to start from (default corpus)", 0 },
	{ "work", 'w', "DIR", 0, "for corpora, logs and crash files (default build/fuzz, or with --impl build/fuzz-NAME)", 0 },
	{ "refuse-all", 'R', NULL, 0,
	  "run each program of target ops again for each allocation it makes, with that one "
	  "refused, and for pairs of them", 0 },
	{ "without", 'x', "CHECKS", 0,
	  "judges that say nothing, by their names with commas between; to see what others see", 0 },
	{ "json", 'J', NULL, 0, "print JSON", 0 },
	{ 0 },
};

#define NODE_CHARACTERS                                                                        \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* Ctrl-C: the engines get it too and stop by themselves. */
static volatile sig_atomic_t stopped;

static void on_interrupt(int sig)
{
	(void)sig;
	stopped = 1;
}

/* ---- results ---- */

/* All instances of a job have ended: its line. True when it passed. */
static bool finish(const struct fuzz_options *o, struct fuzz_job *job, json_t *all)
{
	bool good;

	job->took = now_seconds() - job->began;
	job->done = true;
	job->crash[0] = '\0';
	o->engine->read(o, job);
	job->features = 0;
	for (unsigned i = 0; i < TARGET_FEATURES; i++)
		job->features += job->tally.features[i];
	if (stopped && !*job->crash)
		return true;
	/* An engine that ran nothing, or that saw nothing of what the target told it, has not passed. */
	good = !job->failed && !*job->crash && job->tally.programs > 0 && job->features > 0;
	if (o->json) {
		json_array_append_new(all, fuzz_job_json(o, job, good));
		return good;
	}
	printf("%s%-20s %-4s %5.1f s %9" PRIu64 " programs %10" PRIu64 " operations %7.0f programs/s"
	       "  cov %5" PRIu64 "  features %4u  corpus +%" PRIu64,
	       isatty(2) ? "\r\033[K" : "", job->name, good ? "ok" : "FAIL", job->took,
	       job->tally.programs, job->tally.operations,
	       (double)job->tally.programs / job->took, job->coverage, job->features, job->added);
	if (job->tally.at_change)
		printf("  %.0f %% at the change", 100.0 * (double)job->tally.at_change / (double)job->tally.programs);
	putchar('\n');
	if (!good)
		fuzz_print_failure(o, job);
	return good;
}

static void show_progress(const struct fuzz_job *jobs, unsigned nr, double began, double budget)
{
	unsigned done = 0;

	if (!isatty(2))
		return;
	fprintf(stderr, "\r\033[K%.0f of %.0f s:", now_seconds() - began, budget);
	for (unsigned i = 0; i < nr; i++) {
		done += jobs[i].done;
		if (jobs[i].running)
			fprintf(stderr, " %s", jobs[i].name);
	}
	fprintf(stderr, " (%u of %u done)", done, nr);
}

/* ---- running ---- */

/* In a process of its own, which ends with it. */
static void become_engine(const struct fuzz_options *o, const struct fuzz_job *job,
			  unsigned instance, unsigned seconds, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | (instance ? O_APPEND : O_TRUNC), 0666);

	if (fuzz_forks(o))
		setpgid(0, 0);
	/* Until the engine has handlers of its own. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(127);
	o->engine->exec(o, job, instance, seconds);
	_exit(127);
}

static void start(const struct fuzz_options *o, struct fuzz_job *job, unsigned seconds)
{
	char *log = fuzz_log_path(o, job);

	o->engine->prepare(o, job);
	fflush(NULL);
	job->began = now_seconds();
	job->since = time(NULL);
	for (unsigned i = 0; i < (o->engine->forks ? 1 : o->instances); i++) {
		pid_t pid = fork();

		if (pid == 0)
			become_engine(o, job, i, seconds, log);
		if (pid > 0 && fuzz_forks(o))
			setpgid(pid, pid); /* whoever comes first */
		job->pids[i] = pid;
		job->running += pid > 0;
	}
	job->failed = !job->running;
	free(log);
}

/* A process has ended; when it was an instance of the job, what becomes of the job. */
static bool end_instance(const struct fuzz_options *o, struct fuzz_job *job, pid_t pid, int status)
{
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	for (unsigned i = 0; i < o->instances; i++) {
		if (job->pids[i] != pid)
			continue;
		job->pids[i] = 0;
		job->running--;
		job->failed |= !good;
		/* One has found something: the others need not go on. */
		for (unsigned k = 0; k < o->instances && o->engine->found(o, job, i, status); k++)
			if (job->pids[k] > 0)
				kill(job->pids[k], SIGINT);
		return true;
	}
	return false;
}

/* Ctrl-C has reached the engines, too; what stops this process alone has not. Who forks waits for its own. */
static void stop_all(const struct fuzz_options *o, const struct fuzz_job *jobs, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		for (unsigned k = 0; k < FUZZ_INSTANCES; k++)
			if (jobs[i].pids[k] > 0)
				kill(fuzz_forks(o) ? -jobs[i].pids[k] : jobs[i].pids[k],
				     fuzz_forks(o) ? SIGTERM : SIGINT);
}

/* Run all jobs, o->jobs processes at a time; returns the exit code. */
static int run_jobs(const struct fuzz_options *o, struct fuzz_job *jobs, unsigned nr, json_t *all)
{
	unsigned at_once = o->jobs > o->instances ? o->jobs / o->instances : 1;
	double share = (double)o->seconds * at_once / nr, began = now_seconds();
	unsigned least = o->engine->least_seconds;
	unsigned seconds = share < least ? least : (unsigned)share;
	unsigned next = 0, running = 0;
	int code = EXIT_AGREED;

	while (next < nr || running > 0) {
		int status;
		pid_t pid;

		if (stopped && next < nr + 1)
			stop_all(o, jobs, nr);
		if (stopped)
			next = nr + 1;
		while (next < nr && running < at_once) {
			start(o, &jobs[next], seconds);
			running += jobs[next].running > 0;
			if (!jobs[next].running && !finish(o, &jobs[next], all))
				code = EXIT_JUDGED; /* no process was to be had */
			next++;
		}
		pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0) {
			show_progress(jobs, nr, began,
				      (double)((nr + at_once - 1) / at_once * seconds));
			usleep(100000);
			continue;
		}
		for (unsigned i = 0; i < nr; i++) {
			if (!end_instance(o, &jobs[i], pid, status) || jobs[i].running)
				continue;
			running--;
			if (!finish(o, &jobs[i], all))
				code = EXIT_JUDGED;
		}
	}
	return stopped && code == EXIT_AGREED ? EXIT_INCONCLUSIVE : code;
}

/* With a foreign implementation: its formats alone, and the targets that it promises something for. */
static bool is_judged(const struct format *f, enum target target)
{
	if (*foreign_option() && !f->subject.foreign)
		return false;
	return run_is_for(&f->subject, target);
}

/* Inputs are kept for their coverage: of one implementation. To free. */
static char *work_folder(void)
{
	const char *path = getenv(FOREIGN_VARIABLE);
	const char *name = path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (!name || !*name)
		return path_of("build/fuzz");
	return path_of("build/fuzz-%.*s", (int)strcspn(name, "."), name);
}

static unsigned find_jobs(const struct fuzz_options *o, struct fuzz_job *jobs)
{
	unsigned nr = 0;

	for (unsigned t = 0; t < TARGETS; t++)
		for (unsigned i = 0; i < nr_formats; i++) {
			struct fuzz_job *job = &jobs[nr];

			if ((o->target && strcmp(o->target, target_names[t])) ||
			    (o->format && strcmp(o->format, formats[i].name)) ||
			    !is_judged(&formats[i], (enum target)t))
				continue;
			*job = (struct fuzz_job){ .target = (enum target)t, .format = &formats[i] };
			snprintf(job->name, sizeof(job->name), "%s-%s", target_names[t],
				 formats[i].name);
			nr++;
		}
	return nr;
}

/* ---- options ---- */

static void choose_engine(struct argp_state *state, struct fuzz_options *o, const char *name)
{
	static const struct fuzz_engine *const engines[] = { &engine_libfuzzer, &engine_afl };

	for (unsigned i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (!strcmp(name, engines[i]->name)) {
			o->engine = engines[i];
			return;
		}
	argp_error(state, "--engine: '%s' is neither libfuzzer nor afl", name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct fuzz_options *o = state->input;
	uint32_t off;

	switch (key) {
	case 'n':
		choose_engine(state, o, arg);
		return 0;
	case 'I':
		o->instances = (unsigned)parse_count(state, "instances", arg, 1, FUZZ_INSTANCES);
		return 0;
	case 'N':
		if (strspn(arg, NODE_CHARACTERS) != strlen(arg) || !*arg || strlen(arg) > 20)
			argp_error(state, "--node: '%s' is not 1 to 20 letters, digits and _", arg);
		o->node = arg;
		return 0;
	case 'm':
		o->mutators = arg;
		return 0;
	case ARGP_KEY_END:
		if (o->engine != &engine_afl && (o->node || o->mutators))
			argp_error(state, "--node and --mutators are for --engine afl");
		return 0;
	case 's':
		o->seconds = (unsigned)parse_count(state, "time", arg, 1, 100000000);
		return 0;
	case 'j':
		o->jobs = (unsigned)parse_count(state, "jobs", arg, 1, 4096);
		return 0;
	case 'r':
		o->seed = parse_count(state, "seed", arg, 1, UINT32_MAX); /* libFuzzer's are 32 bits */
		return 0;
	case 't':
		o->target = arg;
		return 0;
	case 'f':
		o->format = arg;
		return 0;
	case 'e':
		o->engines = arg;
		return 0;
	case 'i':
		o->seeds = arg;
		return 0;
	case 'w':
		o->work = arg;
		return 0;
	case 'R':
		o->refuse_all = true;
		setenv("WALKDIFF_REFUSE", "all", 1); /* the engines read it */
		return 0;
	case 'x':
		if (!parse_checks(arg, &off))
			argp_error(state, "--without: '%s' are not judges to do without", arg);
		setenv("WALKDIFF_WITHOUT", arg, 1);
		return 0;
	case 'J':
		o->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, NULL,
	"Fuzz every target of every format with libFuzzer or AFL++; a failure is shrunk and printed. Exit "
	"codes: 0 the time is over and nothing failed, 1 something failed, 2 unusable option, "
	"3 interrupted.",
	NULL, NULL, NULL
};

static void print_sums(const struct fuzz_options *o, const struct fuzz_job *jobs, unsigned nr,
		       double seconds, int code)
{
	struct foreign judged = { 0 };
	uint64_t programs = 0, operations = 0;

	for (unsigned i = 0; i < nr; i++) {
		foreign_add(&judged, jobs[i].format->subject.foreign);
		programs += jobs[i].tally.programs;
		operations += jobs[i].tally.operations;
	}
	printf("%u engines, %" PRIu64 " programs, %" PRIu64 " operations in %.0f s", nr, programs,
	       operations, seconds);
	if (!fuzz_forks(o))
		printf(", seed %" PRIu64, o->seed);
	foreign_print_closing(&judged, stdout);
	printf(": %s\n", code == EXIT_AGREED	    ? "no failure" :
			 code == EXIT_INCONCLUSIVE ? "stopped before the time was over" :
						     "FAILURES, see above");
}

int cmd_fuzz(int argc, char **argv)
{
	static char self[PATH_MAX];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct fuzz_options o = { .seconds = 60,
			     .jobs = cores > 0 ? (unsigned)cores : 1,
			     .seeds = "corpus",
			     .engine = &engine_libfuzzer,
			     .instances = 1,
			     .seed = (uint64_t)time(NULL) };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct fuzz_job *jobs = calloc((size_t)TARGETS * nr_formats, sizeof(*jobs));
	json_t *all = json_array();
	double began = now_seconds();
	unsigned nr;
	char *crashes, *planted, *folder;
	int code;

	if (n > 0)
		*strrchr(self, '/') = '\0';
	o.engines = self;
	parse_options(&argp, argc, argv, &o, NULL);
	folder = work_folder();
	if (!o.work)
		o.work = folder;
	if (!o.mutators)
		o.mutators = o.engines;
	nr = jobs ? find_jobs(&o, jobs) : 0;
	if (!nr) {
		complain("no target '%s' of format '%s'; walkdiff formats lists the formats",
			 o.target ? o.target : "any", o.format ? o.format : "any");
		return EXIT_UNUSABLE;
	}
	for (const char *const *at = (const char *const[]){ o.seeds, o.engines, NULL }; *at; at++)
		if (access(*at, R_OK | X_OK)) {
			complain("%s: %s", *at, strerror(errno));
			return EXIT_UNUSABLE;
		}
	crashes = path_of("%s/crashes", o.work);
	make_folder(crashes);
	planted = path_of("%s/seeds", o.work);
	plant_seeds(o.seeds, planted);
	free(planted);
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	code = run_jobs(&o, jobs, nr, all);
	if (o.json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_sums(&o, jobs, nr, now_seconds() - began, code);
	}
	json_decref(all);
	free(crashes);
	free(folder);
	free(jobs);
	return code;
}
