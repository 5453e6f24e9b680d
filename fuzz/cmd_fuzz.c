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

#include "fuzz/cmd_seeds.h"
#include "fuzz/subjects.h"

/* The least that is worth the start of an engine. */
#define MIN_SECONDS 2
/* libFuzzer's exit code when it stopped at a crash. */
#define ENGINE_FOUND 77
/* An input of 128 operations. */
#define MAX_LEN "4128"

struct options {
	const char *target, *format, *engines, *seeds, *work;
	unsigned seconds, jobs;
	uint64_t seed;
	bool json, refuse_all;
};

/* One engine: a target and a format. */
struct job {
	char name[64];
	enum target target;
	const struct format *format;
	pid_t pid; /* 0: not started, -1: done */
	int status;
	double began, took;
	uint64_t programs, operations, coverage, features, added;
};

static const struct argp_option option_list[] = {
	{ "time", 's', "SECONDS", 0, "in all, shared by the engines (default 60); 2 each at least", 0 },
	{ "jobs", 'j', "N", 0, "engines at once (default: the cores there are)", 0 },
	{ "target", 't', "TARGET", 0, "only this one", 0 },
	{ "format", 'f', "FORMAT", 0, "only this one", 0 },
	{ "seed", 'r', "N", 0, "of the engines (default: from the clock)", 0 },
	{ "engines", 'e', "DIR", 0, "where the fuzzers are (default: beside this program)", 0 },
	{ "seeds", 'i', "DIR", 0, "programs to start from (default corpus)", 0 },
	{ "work", 'w', "DIR", 0, "for corpora, logs and crash files (default build/fuzz)", 0 },
	{ "refuse-all", 'R', NULL, 0,
	  "run each program of target ops again for each allocation it makes, with that one "
	  "refused, and for pairs of them", 0 },
	{ "without", 'x', "CHECKS", 0,
	  "judges that say nothing, by their names with commas between; to see what others see", 0 },
	{ "json", 'J', NULL, 0, "print JSON", 0 },
	{ 0 },
};

/* Ctrl-C: the engines get it too and stop by themselves. */
static volatile sig_atomic_t stopped;

static void on_interrupt(int sig)
{
	(void)sig;
	stopped = 1;
}

/* ---- running ---- */

static void start(const struct options *o, struct job *job, unsigned seconds)
{
	char *engine = path_of("%s/%s", o->engines, job->name);
	char *corpus = path_of("%s/corpus/%s", o->work, job->name);
	char *seeds = path_of("%s/seeds/%s", o->work, job->name);
	char *log = path_of("%s/%s.log", o->work, job->name);
	char *time = path_of("-max_total_time=%u", seconds);
	char *seed = path_of("-seed=%" PRIu64, o->seed);
	char *prefix = path_of("-artifact_prefix=%s/crashes/%s-", o->work, job->name);

	make_folder(corpus);
	make_folder(seeds);
	fflush(NULL);
	job->began = now_seconds();
	job->pid = fork();
	if (job->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);

		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(127);
		execl(engine, engine, time, seed, prefix, "-max_len=" MAX_LEN, "-timeout=10",
		      "-print_final_stats=1", "-reload=0", corpus, seeds, (char *)NULL);
		fprintf(stderr, "walkdiff: %s: %s\n", engine, strerror(errno));
		_exit(127);
	}
	free(engine);
	free(corpus);
	free(seeds);
	free(log);
	free(time);
	free(seed);
	free(prefix);
}

/* The number behind the last `key` in the text, or 0. */
static uint64_t last_number(const char *text, const char *key)
{
	uint64_t value = 0;

	for (const char *at = text; (at = strstr(at, key)); at += strlen(key))
		value = strtoull(at + strlen(key), NULL, 10);
	return value;
}

/* Read what the engine printed. */
static void read_log(const struct options *o, struct job *job)
{
	char *path = path_of("%s/%s.log", o->work, job->name);
	char *mark = path_of("walkdiff: %s: ", job->name);
	size_t size;
	char *text = read_file(path, &size), *at;

	if (text) {
		job->coverage = last_number(text, "cov: ");
		job->features = last_number(text, "ft: ");
		job->added = last_number(text, "stat::new_units_added:");
		at = strstr(text, mark);
		if (at)
			sscanf(at + strlen(mark), "%" SCNu64 " programs, %" SCNu64, &job->programs,
			       &job->operations);
	}
	free(text);
	free(mark);
	free(path);
}

static const char *refuse_option(const struct options *o)
{
	return o->refuse_all ? " --refuse-all" : "";
}

/* Shrink a crash file to a text program beside it, and print that. */
static void shrink(const struct options *o, const char *crash)
{
	char *text = path_of("%s.txt", crash), *data;
	size_t size;
	int status = 1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "walkdiff", "min", "--quiet", "--output", text, crash,
		      o->refuse_all ? "--refuse-all" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) {
		printf("  shrunk:            %s repro%s %s\n", program_invocation_name,
		       refuse_option(o), text);
		data = read_file(text, &size);
		for (char *line = data ? strtok(data, "\n") : NULL; line; line = strtok(NULL, "\n"))
			printf("    %s\n", line);
		free(data);
	}
	free(text);
}

/* The verdict of a failed engine, from its log, and what to do with it. */
static void print_failure(const struct options *o, const struct job *job)
{
	/* A judge's words, a sanitizer's, the engine's: the first that there are. */
	static const char *const marks[] = { "runtime error: ", "ERROR: " };
	char *path = path_of("%s/%s.log", o->work, job->name), *text, *at;
	size_t size;

	text = read_file(path, &size);
	at = text ? strstr(text, "\nwalkdiff: ") : NULL;
	if (at)
		at++;
	for (unsigned i = 0; text && !at && i < sizeof(marks) / sizeof(marks[0]); i++)
		at = strstr(text, marks[i]);
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at)
		printf("  %.*s\n", (int)strcspn(at, "\n"), at);
	at = text ? strstr(text, "Test unit written to ") : NULL;
	if (at) {
		at += strlen("Test unit written to ");
		at[strcspn(at, "\n")] = '\0';
		printf("  to see it again:   %s repro%s %s\n", program_invocation_name,
		       refuse_option(o), at);
		shrink(o, at);
	}
	printf("  the engine's log:  %s\n", path);
	free(text);
	free(path);
}

static json_t *job_json(const struct job *job, bool good)
{
	return json_pack("{s:s, s:s, s:b, s:f, s:I, s:I, s:I, s:I, s:I}", "target",
			 target_names[job->target], "format", job->format->name, "passed", good,
			 "seconds", job->took, "programs", (json_int_t)job->programs, "operations",
			 (json_int_t)job->operations, "coverage", (json_int_t)job->coverage,
			 "features", (json_int_t)job->features, "corpus_added",
			 (json_int_t)job->added);
}

/* An engine has ended: its line. True when it passed. */
static bool finish(const struct options *o, struct job *job, json_t *all)
{
	bool good = WIFEXITED(job->status) && WEXITSTATUS(job->status) == 0;

	job->took = now_seconds() - job->began;
	job->pid = -1;
	read_log(o, job);
	good = good && job->programs > 0; /* an engine that ran nothing has not passed */
	if (stopped && !(WIFEXITED(job->status) && WEXITSTATUS(job->status) == ENGINE_FOUND))
		return true;
	if (o->json) {
		json_array_append_new(all, job_json(job, good));
		return good;
	}
	printf("%s%-20s %-4s %5.1f s %9" PRIu64 " programs %10" PRIu64 " operations %7.0f programs/s"
	       "  cov %5" PRIu64 " ft %5" PRIu64 "  +%" PRIu64 " corpus\n",
	       isatty(2) ? "\r\033[K" : "", job->name, good ? "ok" : "FAIL", job->took,
	       job->programs, job->operations, (double)job->programs / job->took, job->coverage,
	       job->features, job->added);
	if (!good)
		print_failure(o, job);
	return good;
}

static void show_progress(const struct job *jobs, unsigned nr, double began, double budget)
{
	unsigned done = 0;

	if (!isatty(2))
		return;
	fprintf(stderr, "\r\033[K%.0f of %.0f s:", now_seconds() - began, budget);
	for (unsigned i = 0; i < nr; i++) {
		done += jobs[i].pid == -1;
		if (jobs[i].pid > 0)
			fprintf(stderr, " %s", jobs[i].name);
	}
	fprintf(stderr, " (%u of %u done)", done, nr);
}

/* Run all jobs, o->jobs at a time; returns the exit code. */
static int run_jobs(const struct options *o, struct job *jobs, unsigned nr, json_t *all)
{
	double share = (double)o->seconds * o->jobs / nr, began = now_seconds();
	unsigned seconds = share < MIN_SECONDS ? MIN_SECONDS : (unsigned)share;
	unsigned next = 0, running = 0;
	int code = EXIT_AGREED;

	while (next < nr || running) {
		int status;
		pid_t pid;

		if (stopped)
			next = nr;
		while (next < nr && running < o->jobs) {
			start(o, &jobs[next++], seconds);
			running++;
		}
		pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0) {
			show_progress(jobs, nr, began, (double)((nr + o->jobs - 1) / o->jobs * seconds));
			usleep(100000);
			continue;
		}
		for (unsigned i = 0; i < nr; i++)
			if (jobs[i].pid == pid) {
				jobs[i].status = status;
				running--;
				if (!finish(o, &jobs[i], all))
					code = EXIT_JUDGED;
			}
	}
	return stopped && code == EXIT_AGREED ? EXIT_INCONCLUSIVE : code;
}

static unsigned find_jobs(const struct options *o, struct job *jobs)
{
	unsigned nr = 0;

	for (unsigned t = 0; t < TARGETS; t++)
		for (unsigned i = 0; i < nr_formats; i++) {
			struct job *job = &jobs[nr];

			if ((o->target && strcmp(o->target, target_names[t])) ||
			    (o->format && strcmp(o->format, formats[i].name)))
				continue;
			*job = (struct job){ .target = (enum target)t, .format = &formats[i] };
			snprintf(job->name, sizeof(job->name), "%s-%s", target_names[t],
				 formats[i].name);
			nr++;
		}
	return nr;
}

/* ---- options ---- */

static unsigned number(struct argp_state *state, const char *name, const char *arg)
{
	char *end;
	unsigned long v = strtoul(arg, &end, 10);

	if (*end || end == arg || *arg == '-' || v < 1 || v > 100000000)
		argp_error(state, "--%s: '%s' is no number from 1 on", name, arg);
	return (unsigned)v;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	uint32_t off;

	switch (key) {
	case 's':
		o->seconds = number(state, "time", arg);
		return 0;
	case 'j':
		o->jobs = number(state, "jobs", arg);
		return 0;
	case 'r':
		o->seed = number(state, "seed", arg);
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
	"Fuzz every target of every format with libFuzzer; a failure is shrunk and printed. Exit "
	"codes: 0 the time is over and nothing failed, 1 something failed, 2 unusable option, "
	"3 interrupted.",
	NULL, NULL, NULL
};

int cmd_fuzz(int argc, char **argv)
{
	static char self[PATH_MAX];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o = { .seconds = 60,
			     .jobs = cores > 0 ? (unsigned)cores : 1,
			     .seeds = "corpus",
			     .work = "build/fuzz",
			     .seed = (uint64_t)time(NULL) };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct job *jobs = calloc((size_t)TARGETS * nr_formats, sizeof(*jobs));
	json_t *all = json_array();
	uint64_t programs = 0, operations = 0;
	double began = now_seconds();
	unsigned nr;
	char *crashes;
	int code;

	if (n > 0)
		*strrchr(self, '/') = '\0';
	o.engines = self;
	parse_options(&argp, argc, argv, &o, NULL);
	nr = jobs ? find_jobs(&o, jobs) : 0;
	if (!nr) {
		complain("no target '%s' of format '%s'; walkdiff formats lists the formats",
			 o.target ? o.target : "any", o.format ? o.format : "any");
		return EXIT_UNUSABLE;
	}
	for (const char *const *folder = (const char *const[]){ o.seeds, o.engines, NULL }; *folder;
	     folder++)
		if (access(*folder, R_OK | X_OK)) {
			complain("%s: %s", *folder, strerror(errno));
			return EXIT_UNUSABLE;
		}
	crashes = path_of("%s/crashes", o.work);
	make_folder(crashes);
	plant_seeds(o.seeds, o.work);
	signal(SIGINT, on_interrupt);
	code = run_jobs(&o, jobs, nr, all);
	for (unsigned i = 0; i < nr; i++) {
		programs += jobs[i].programs;
		operations += jobs[i].operations;
	}
	if (o.json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		printf("%u engines, %" PRIu64 " programs, %" PRIu64 " operations in %.0f s, seed %" PRIu64
		       ": %s\n",
		       nr, programs, operations, now_seconds() - began, o.seed,
		       code == EXIT_AGREED	? "no failure" :
		       code == EXIT_INCONCLUSIVE ? "stopped before the time was over" :
						   "FAILURES, see above");
	}
	json_decref(all);
	free(crashes);
	free(jobs);
	return code;
}
