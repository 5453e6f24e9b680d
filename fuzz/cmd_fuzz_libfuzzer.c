/* libFuzzer under walkdiff fuzz: one process, which forks instances, its log, its files of crashes. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/cmd_fuzz.h"
#include "fuzz/cmd_seeds.h"

/* Its exit code when it stopped at a crash. */
#define FOUND 77

static void prepare(const struct fuzz_options *o, const struct fuzz_job *job)
{
	char *corpus = path_of("%s/corpus/%s", o->work, job->name);
	char *seeds = path_of("%s/seeds/%s", o->work, job->name);
	char *tally = fuzz_tally_path(o, job, 0);

	make_folder(corpus);
	make_folder(seeds);
	unlink(tally);
	free(corpus);
	free(seeds);
	free(tally);
}

/* Before it forks libFuzzer passes over inputs that fail: here they are what was looked for. */
static void begin_well(const struct fuzz_options *o, const struct fuzz_job *job, const char *engine,
		       const char *prefix, const char *corpus, const char *seeds, const char *queue)
{
	char *tally = fuzz_tally_path(o, job, 0);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl(engine, engine, "-runs=0", prefix, "-max_len=" FUZZ_MAX_LEN, "-timeout=25", corpus,
		      seeds, queue, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		_exit(127);
	if (WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	unlink(tally); /* what it runs then is counted, not these */
	free(tally);
}

static void become(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		   unsigned seconds)
{
	char *engine = path_of("%s/%s", o->engines, job->name);
	char *queue = path_of("%s/afl/%s/main/queue", o->work, job->name); /* AFL++'s, if it ran */
	char *corpus = path_of("%s/corpus/%s", o->work, job->name);
	char *seeds = path_of("%s/seeds/%s", o->work, job->name);
	char *prefix = path_of("-artifact_prefix=%s/crashes/%s-", o->work, job->name);

	setenv("WALKDIFF_TALLY", fuzz_tally_path(o, job, instance), 1);
	if (access(queue, R_OK))
		queue = NULL;
	if (fuzz_forks(o))
		begin_well(o, job, engine, prefix, corpus, seeds, queue);
	/* Of forks each would begin with the same seed; and pass over what takes too much. */
	execl(engine, engine, path_of("-max_total_time=%u", seconds),
	      fuzz_forks(o) ? path_of("-fork=%u", o->instances) : path_of("-seed=%" PRIu64, o->seed),
	      prefix, path_of("-dict=%s/seeds/%s.dict", o->work, job->name), "-max_len=" FUZZ_MAX_LEN,
	      "-timeout=25", "-ignore_timeouts=0", "-ignore_ooms=0", "-report_slow_units=1000",
	      "-print_final_stats=1", "-reload=0", corpus, seeds, queue, (char *)NULL);
	fprintf(stderr, "walkdiff: %s: %s\n", engine, strerror(errno));
}

static bool found(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		  int status)
{
	(void)o;
	(void)job;
	(void)instance;
	return WIFEXITED(status) && WEXITSTATUS(status) == FOUND;
}

/* Between the first and the last line that tells how many there are, but for what a fork said that failed. */
static uint64_t added_by_forks(const char *text)
{
	static const char key[] = " corp: ";
	const char *first = strstr(text, "starting to fuzz in");
	uint64_t begin = 0, last;

	first = first ? strstr(first, key) : NULL;
	if (first)
		begin = strtoull(first + strlen(key), NULL, 10);
	last = first ? fuzz_last_number(first, key) : 0;
	return last > begin ? last - begin : 0;
}

static void read_log(const struct fuzz_options *o, struct fuzz_job *job)
{
	char *path = fuzz_log_path(o, job);
	size_t size;
	char *text = read_file(path, &size);
	const char *at = text ? strstr(text, "Test unit written to ") : NULL;

	fuzz_read_tally(o, job, 0);
	/* What the target set is of use when the engine looks there. */
	if (!text || !strstr(text, " Extra Counters"))
		memset(job->tally.features, 0, sizeof(job->tally.features));
	if (text) {
		job->coverage = fuzz_last_number(text, "cov: ");
		job->added = fuzz_last_number(text, "stat::new_units_added:");
		if (fuzz_forks(o))
			job->added = added_by_forks(text);
	}
	if (at) {
		at += strlen("Test unit written to ");
		snprintf(job->crash, sizeof(job->crash), "%.*s", (int)strcspn(at, "\n"), at);
	}
	free(text);
	free(path);
}

const struct fuzz_engine engine_libfuzzer = {
	.name = "libfuzzer",
	.least_seconds = 2,
	.forks = true,
	.prepare = prepare,
	.exec = become,
	.found = found,
	.read = read_log,
};
