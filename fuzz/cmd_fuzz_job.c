/* A job of walkdiff fuzz: the files it has, and what is told of it when it is over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/cmd_fuzz.h"
#include "fuzz/cmd_seeds.h"

/* ---- files ---- */

/* Where two engines, or machines, work in one folder, each has files of its own. */
static char *own_path(const struct fuzz_options *o, const struct fuzz_job *job, const char *what)
{
	return path_of("%s/%s%s%s%s%s%s", o->work, job->name, o->engine == &engine_libfuzzer ? "" : ".",
		       o->engine == &engine_libfuzzer ? "" : o->engine->name, o->node ? "." : "",
		       o->node ? o->node : "", what);
}

char *fuzz_log_path(const struct fuzz_options *o, const struct fuzz_job *job)
{
	return own_path(o, job, ".log");
}

char *fuzz_tally_path(const struct fuzz_options *o, const struct fuzz_job *job, unsigned instance)
{
	char *what = path_of(".%u.tally", instance), *path = own_path(o, job, what);

	free(what);
	return path;
}

void fuzz_read_tally(const struct fuzz_options *o, struct fuzz_job *job, unsigned instance)
{
	char *path = fuzz_tally_path(o, job, instance);
	FILE *in = fopen(path, "rb");
	struct tally t;

	if (in && fread(&t, sizeof(t), 1, in) == 1) {
		job->tally.programs += t.programs;
		job->tally.operations += t.operations;
		job->tally.at_change += t.at_change;
		for (unsigned i = 0; i < TARGET_FEATURES; i++)
			job->tally.features[i] |= t.features[i];
	}
	if (in)
		fclose(in);
	free(path);
}

uint64_t fuzz_last_number(const char *text, const char *key)
{
	uint64_t value = 0;

	for (const char *at = text; (at = strstr(at, key)); at += strlen(key))
		value = strtoull(at + strlen(key) + strspn(at + strlen(key), " :"), NULL, 10);
	return value;
}

/* ---- what is told ---- */

static const char *refuse_option(const struct fuzz_options *o)
{
	return o->refuse_all ? " --refuse-all" : "";
}

/* Shrink the crash file to a text program beside it, and print that. */
static void shrink(const struct fuzz_options *o, const struct fuzz_job *job)
{
	char *text = path_of("%s.txt", job->crash), *data;
	size_t size;
	int status = 1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* An engine that knows nothing of programs may have changed what the bytes say they are for. */
		execl("/proc/self/exe", "walkdiff", "min", "--quiet", "--output", text, "--target",
		      target_names[job->target], "--format", job->format->name, job->crash,
		      o->refuse_all ? "--refuse-all" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) {
		printf("  shrunk:            %s repro%s%s %s\n", program_invocation_name,
		       foreign_option(), refuse_option(o), text);
		data = read_file(text, &size);
		for (char *line = data ? strtok(data, "\n") : NULL; line; line = strtok(NULL, "\n"))
			printf("    %s\n", line);
		free(data);
	}
	free(text);
}

void fuzz_print_failure(const struct fuzz_options *o, const struct fuzz_job *job)
{
	/* A judge's words, a sanitizer's, the engine's: the first that there are. */
	static const char *const marks[] = { "runtime error: ", "ERROR: " };
	char *path = fuzz_log_path(o, job), *text, *at;
	size_t size;

	text = read_file(path, &size);
	at = text;
	/* Not the line of a process that ended well. */
	while (at && (at = strstr(at, "walkdiff: ")) && !strncmp(at + 10, job->name, strlen(job->name)))
		at += 10;
	for (unsigned i = 0; text && !at && i < sizeof(marks) / sizeof(marks[0]); i++)
		at = strstr(text, marks[i]);
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at)
		printf("  %.*s\n", (int)strcspn(at, "\n"), at);
	if (!job->tally.programs)
		printf("  no program was run\n");
	else if (!job->features && !*job->crash)
		printf("  no feature of the target reached the engine\n");
	if (*job->crash) {
		printf("  to see it again:   %s repro%s%s --target %s --format %s %s\n",
		       program_invocation_name, foreign_option(), refuse_option(o), target_names[job->target],
		       job->format->name, job->crash);
		shrink(o, job);
	}
	printf("  the engine's log:  %s\n", path);
	free(text);
	free(path);
}

json_t *fuzz_job_json(const struct fuzz_options *o, const struct fuzz_job *job, bool good)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:s*}", "engine",
			 o->engine->name, "target", target_names[job->target], "format",
			 job->format->name, "passed", good, "seconds", job->took, "programs",
			 (json_int_t)job->tally.programs, "operations",
			 (json_int_t)job->tally.operations, "coverage", (json_int_t)job->coverage,
			 "features", (json_int_t)job->features, "corpus_added",
			 (json_int_t)job->added, "at_change", (json_int_t)job->tally.at_change, "crash",
			 *job->crash ? job->crash : NULL);
}
