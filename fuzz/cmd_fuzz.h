/* walkdiff fuzz: what it asks of a fuzzing engine. */
#ifndef WALKDIFF_FUZZ_CMD_FUZZ_H
#define WALKDIFF_FUZZ_CMD_FUZZ_H

#include <jansson.h>
#include <limits.h>
#include <sys/types.h>
#include <time.h>

#include "fuzz/subjects.h"
#include "fuzz/target.h"

/* An input of 128 operations. */
#define FUZZ_MAX_LEN "4128"
/* Of one target and format at a time. */
#define FUZZ_INSTANCES 64

struct fuzz_engine;

struct fuzz_options {
	const char *target, *format, *engines, *mutators, *seeds, *work, *node;
	const struct fuzz_engine *engine;
	unsigned seconds, jobs, instances;
	uint64_t seed;
	bool json, refuse_all;
};

/* A target and a format, and the processes that fuzz them together. */
struct fuzz_job {
	char name[64];
	enum target target;
	const struct format *format;
	pid_t pids[FUZZ_INSTANCES];
	unsigned running; /* of them */
	bool done, failed;
	double began, took;
	time_t since; /* by the clock that files have */
	/* What its engine reads when it has ended. */
	struct tally tally;
	unsigned features;
	uint64_t coverage, added;
	char crash[PATH_MAX]; /* the file of an input that fails; "": none */
};

struct fuzz_engine {
	const char *name;
	unsigned least_seconds; /* that are worth its start */
	bool forks; /* one process of it runs all instances */
	/* Before any instance starts. */
	void (*prepare)(const struct fuzz_options *o, const struct fuzz_job *job);
	/* Become the engine; returns, after a line, when that cannot be. */
	void (*exec)(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		     unsigned seconds);
	/* Has that instance, which ended so, found an input that fails? */
	bool (*found)(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance,
		      int status);
	/* When all have ended. */
	void (*read)(const struct fuzz_options *o, struct fuzz_job *job);
};

extern const struct fuzz_engine engine_libfuzzer, engine_afl;

/* One process forks the instances: it is the first of a group of its own. */
static inline bool fuzz_forks(const struct fuzz_options *o)
{
	return o->engine->forks && o->instances > 1;
}

/* The log of a job's engine. To free. */
char *fuzz_log_path(const struct fuzz_options *o, const struct fuzz_job *job);

/* The file that an instance's target tells what it has done, made anew. To free. */
char *fuzz_tally_path(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance);

/* Add what is in that file to the job's. */
void fuzz_read_tally(const struct fuzz_options *o, struct fuzz_job *job, unsigned instance);

/* The verdict of a failed job, from its log, and what to do with it; its crash is shrunk. */
void fuzz_print_failure(const struct fuzz_options *o, const struct fuzz_job *job);

json_t *fuzz_job_json(const struct fuzz_options *o, const struct fuzz_job *job, bool good);

/* The number behind the last `key` in a text, or 0. */
uint64_t fuzz_last_number(const char *text, const char *key);

#endif
