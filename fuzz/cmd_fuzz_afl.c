/* AFL++ under walkdiff fuzz: instances that share what they find through a folder. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/cmd_fuzz.h"
#include "fuzz/cmd_seeds.h"

#define RUN_AT_ONCE 100 /* inputs, by one process */

/*
 * An instance's name in the shared folder. One in all of a cluster is the main one: the first
 * of the machine that was given no name.
 */
static char *name_of(const struct fuzz_options *o, unsigned instance)
{
	if (o->node)
		return path_of("%s_%u", o->node, instance);
	return instance ? path_of("secondary_%u", instance) : path_of("main");
}

static char *folder_of(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		       const char *what)
{
	char *name = name_of(o, instance);
	char *folder = path_of("%s/afl/%s/%s/%s", o->work, job->name, name, what);

	free(name);
	return folder;
}

/* A file under another name, too: a link, or where a link cannot be a copy. False after a line. */
static bool give(const char *file, const char *other)
{
	bool good;
	size_t size;
	FILE *out;
	char *data;

	if (!link(file, other) || errno == EEXIST)
		return true;
	data = read_file(file, &size);
	if (!data)
		return false;
	out = fopen(other, "wb");
	good = out && fwrite(data, 1, size, out) == size;
	if (out && fclose(out))
		good = false;
	if (!good) {
		complain("%s: %s", other, strerror(errno));
		unlink(other); /* half of it */
	}
	free(data);
	return good;
}

/* libFuzzer's inputs, too, are where AFL++ begins: one folder for all. */
static void share(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *file = path_of("%s/%s", from, entry->d_name);
		char *other = path_of("%s/%s", to, entry->d_name);

		if (*entry->d_name != '.' && !give(file, other))
			exit(EXIT_UNUSABLE);
		free(file);
		free(other);
	}
	if (dir)
		closedir(dir);
}

static char *failing_seed_path(const struct fuzz_options *o, const struct fuzz_job *job)
{
	return path_of("%s/crashes/%s-afl-seed%s%s", o->work, job->name, o->node ? "-" : "",
		       o->node ? o->node : "");
}

/* What AFL++ begins with: of a node its own. */
static char *begin_path(const struct fuzz_options *o, const struct fuzz_job *job)
{
	return path_of("%s/afl-begin%s%s/%s", o->work, o->node ? "-" : "", o->node ? o->node : "",
		       job->name);
}

static void prepare(const struct fuzz_options *o, const struct fuzz_job *job)
{
	char *failing = failing_seed_path(o, job);
	char *begin = begin_path(o, job);
	char *corpus = path_of("%s/corpus/%s", o->work, job->name);
	char *seeds = path_of("%s/seeds/%s", o->work, job->name);
	char *sync = path_of("%s/afl/%s", o->work, job->name);

	make_folder(begin);
	empty_folder(begin);
	make_folder(sync);
	share(seeds, begin);
	share(corpus, begin);
	for (unsigned i = 0; i < o->instances; i++) {
		char *tally = fuzz_tally_path(o, job, i);

		unlink(tally);
		free(tally);
	}
	unlink(failing);
	free(failing);
	free(begin);
	free(corpus);
	free(seeds);
	free(sync);
}

/* Does the target run these, one after the other? What it says goes where ours does. */
static bool runs_well(const struct fuzz_options *o, const struct fuzz_job *job, char **inputs,
		      unsigned nr)
{
	char *argv[RUN_AT_ONCE + 2] = { path_of("%s/%s", o->engines, job->name) };
	int status = 1;
	pid_t pid;

	memcpy(argv + 1, inputs, nr * sizeof(*inputs));
	pid = fork();
	if (pid == 0) {
		alarm(30 + nr);
		execv(argv[0], argv);
		_exit(127);
	}
	free(argv[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* A folder's files, as paths; to free. The number of them. */
static unsigned list_inputs(const char *folder, char ***paths)
{
	struct dirent **names;
	int nr = scandir(folder, &names, NULL, alphasort);
	unsigned count = 0;

	*paths = calloc(nr > 0 ? (size_t)nr : 1, sizeof(**paths));
	if (!*paths)
		abort();
	for (int i = 0; i < nr; i++) {
		if (*names[i]->d_name != '.')
			(*paths)[count++] = path_of("%s/%s", folder, names[i]->d_name);
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
	return count;
}

/* False when an input of the folder fails: then it is kept. */
static bool all_run_well(const struct fuzz_options *o, const struct fuzz_job *job,
			 const char *folder)
{
	char **inputs;
	unsigned nr = list_inputs(folder, &inputs), many;

	for (unsigned at = 0; at < nr; at += many) {
		char *failing = failing_seed_path(o, job);

		many = nr - at < RUN_AT_ONCE ? nr - at : RUN_AT_ONCE;
		if (runs_well(o, job, inputs + at, many))
			continue;
		for (unsigned i = at; i < at + many; i++) {
			if (runs_well(o, job, inputs + i, 1))
				continue;
			give(inputs[i], failing);
			return false;
		}
	}
	return true;
}

/* AFL++ passes over inputs that fail before it begins: here they are what was looked for. */
static bool begins_well(const struct fuzz_options *o, const struct fuzz_job *job)
{
	char *begin = begin_path(o, job);
	char *queue = folder_of(o, job, 0, "queue"), *tally = fuzz_tally_path(o, job, 0);
	bool good = all_run_well(o, job, begin) && all_run_well(o, job, queue);

	if (good)
		unlink(tally); /* AFL++'s programs are counted, not these */
	free(begin);
	free(queue);
	free(tally);
	return good;
}

static void become(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		   unsigned seconds)
{
	/* Of instances that share what they find, each has another opinion of what is worth more. */
	static const char *const schedules[] = { "fast", "explore", "rare", "coe", "exploit" };
	static const char *const environment[] = {
		"AFL_NO_UI", "AFL_NO_AFFINITY", "AFL_SKIP_CPUFREQ", "AFL_NO_COLOR",
		"AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "AFL_AUTORESUME", "AFL_BENCH_UNTIL_CRASH",
		"AFL_IMPORT_FIRST", "AFL_SYNC_TIME", /* minutes */
		"AFL_FAST_CAL", /* an input runs the same code again: three runs tell its time */
	};
	const char *main = instance == 0 && !o->node ? "-M" : "-S";

	for (unsigned i = 0; i < sizeof(environment) / sizeof(environment[0]); i++)
		setenv(environment[i], "1", 1);
	setenv("AFL_CUSTOM_MUTATOR_LIBRARY", path_of("%s/%s.so", o->mutators, job->name), 1);
	setenv("WALKDIFF_TALLY", fuzz_tally_path(o, job, instance), 1);
	if (instance == 0 && !begins_well(o, job))
		_exit(EXIT_JUDGED);
	execlp("afl-fuzz", "afl-fuzz", "-i", begin_path(o, job), "-o",
	       path_of("%s/afl/%s", o->work, job->name), main, name_of(o, instance), "-V",
	       path_of("%u", seconds), "-s", path_of("%" PRIu64, o->seed + instance), "-p",
	       schedules[instance % 5], "-G", FUZZ_MAX_LEN, "-m", "none", "-t", "25000", "-x",
	       path_of("%s/seeds/%s.dict", o->work, job->name), "--",
	       path_of("%s/%s", o->engines, job->name), (char *)NULL);
	fprintf(stderr, "walkdiff: afl-fuzz: %s\n", strerror(errno));
}

/* The first input that this run left in a folder of AFL++'s, or null. To free. */
static char *first_input(const struct fuzz_options *o, const struct fuzz_job *job,
			 unsigned instance, const char *what)
{
	char *folder = folder_of(o, job, instance, what), *first = NULL, **inputs;
	unsigned nr = list_inputs(folder, &inputs);
	struct stat file;

	for (unsigned i = 0; i < nr; i++) {
		if (!first && strstr(inputs[i], "/id:") && !stat(inputs[i], &file) &&
		    file.st_mtime >= job->since)
			first = path_of("%s", inputs[i]);
		free(inputs[i]);
	}
	free(inputs);
	free(folder);
	return first;
}

static char *failing_input(const struct fuzz_options *o, const struct fuzz_job *job,
			   unsigned instance)
{
	char *path = first_input(o, job, instance, "crashes");

	return path ? path : first_input(o, job, instance, "hangs");
}

static bool found(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		  int status)
{
	char *path = failing_input(o, job, instance), *seed = failing_seed_path(o, job);
	bool is_found = path || !access(seed, R_OK);

	(void)status;
	free(path);
	free(seed);
	return is_found;
}

/* What the target says of the input, in the job's log, where AFL++ has left nothing of it. */
static void run_again(const struct fuzz_options *o, const struct fuzz_job *job)
{
	char *log = fuzz_log_path(o, job), *crash = path_of("%s", job->crash);
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!freopen(log, "a", stdout) || dup2(fileno(stdout), 2) < 0)
			_exit(127);
		_exit(!runs_well(o, job, &crash, 1));
	}
	waitpid(pid, NULL, 0);
	free(log);
	free(crash);
}

/* A crash of AFL++'s, by a name that a shell takes as it is, beside those of other engines. */
static void keep_crash(const struct fuzz_options *o, struct fuzz_job *job, const char *path,
		       unsigned instance)
{
	char *name = name_of(o, instance);

	snprintf(job->crash, sizeof(job->crash), "%s/crashes/%s-afl-%s", o->work, job->name, name);
	unlink(job->crash);
	if (!give(path, job->crash))
		snprintf(job->crash, sizeof(job->crash), "%s", path); /* where AFL++ has it */
	free(name);
	run_again(o, job);
}

static void read_stats(const struct fuzz_options *o, struct fuzz_job *job)
{
	char *seed = failing_seed_path(o, job);

	if (!access(seed, R_OK))
		snprintf(job->crash, sizeof(job->crash), "%s", seed);
	free(seed);
	for (unsigned i = 0; i < o->instances; i++) {
		char *path = folder_of(o, job, i, "fuzzer_stats"), *text = NULL, *crash;
		size_t size;
		uint64_t edges;

		fuzz_read_tally(o, job, i);
		if (!access(path, R_OK))
			text = read_file(path, &size);
		job->failed |= !text;
		edges = text ? fuzz_last_number(text, "edges_found") : 0;
		/* What the target set is of use when AFL++'s map has places for it. */
		if (!text || fuzz_last_number(text, "total_edges") <= TARGET_FEATURES)
			memset(job->tally.features, 0, sizeof(job->tally.features));
		if (edges > job->coverage)
			job->coverage = edges;
		job->added += text ? fuzz_last_number(text, "corpus_found") : 0;
		crash = failing_input(o, job, i);
		if (crash && !*job->crash)
			keep_crash(o, job, crash, i);
		free(crash);
		free(text);
		free(path);
	}
}

const struct fuzz_engine engine_afl = {
	.name = "afl",
	.least_seconds = 4,
	.prepare = prepare,
	.exec = become,
	.found = found,
	.read = read_stats,
};
