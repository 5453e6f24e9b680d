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

static void become(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		   unsigned seconds)
{
	char *engine = path_of("%s/%s", o->engines, job->name);
	char *queue = path_of("%s/afl/%s/main/queue", o->work, job->name); /* AFL++'s, if it ran */
	unsigned forks = o->instances > 1 ? o->instances : 0; /* it runs programs itself */

	setenv("WALKDIFF_TALLY", fuzz_tally_path(o, job, instance), 1);
	execl(engine, engine, path_of("-max_total_time=%u", seconds),
	      path_of("-seed=%" PRIu64, o->seed), path_of("-fork=%u", forks),
	      path_of("-artifact_prefix=%s/crashes/%s-", o->work, job->name),
	      path_of("-dict=%s/seeds/%s.dict", o->work, job->name),
	      "-max_len=" FUZZ_MAX_LEN, "-timeout=25", "-report_slow_units=1000", "-print_final_stats=1", "-reload=0",
	      path_of("%s/corpus/%s", o->work, job->name), path_of("%s/seeds/%s", o->work, job->name),
	      access(queue, R_OK) ? (char *)NULL : queue, (char *)NULL);
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

/* Between the first and the last line that tells how many there are. */
static uint64_t added_by_forks(const char *text)
{
	static const char key[] = " corp: ";
	const char *first = strstr(text, key);

	return first ? fuzz_last_number(text, key) - strtoull(first + strlen(key), NULL, 10) : 0;
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
		if (o->instances > 1)
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
