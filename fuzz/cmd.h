/* What the subcommands of walkdiff share: exit codes, finding formats, loading programs. */
#ifndef WALKDIFF_FUZZ_CMD_H
#define WALKDIFF_FUZZ_CMD_H

#include <argp.h>

#include "fuzz/run.h"

/* Exit codes, docs/REPRODUCING.md. */
enum {
	EXIT_AGREED = 0,	/* all well */
	EXIT_JUDGED = 1,	/* a judge says no */
	EXIT_UNUSABLE = 2,	/* unusable input or option */
	EXIT_INCONCLUSIVE = 3,
};

/* Tables that the command's machines can hold; programs ask for up to 4096. */
#define CMD_TABLES 65536

struct cmd {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what; /* a line for --help */
};

int cmd_bench(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_exhaust(int argc, char **argv);
int cmd_formats(int argc, char **argv);
int cmd_fuzz(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_interleave(int argc, char **argv);
int cmd_min(int argc, char **argv);
int cmd_random(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_repro(int argc, char **argv);
int cmd_seeds(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_why(int argc, char **argv);

/* Which target and format bytes are for that do not say so themselves; null: not given. */
struct source {
	const char *target, *format;
	bool skips; /* without a word, programs of formats that --impl has not: load_program leaves
		       them with target TARGETS */
};

/* Make a program one for it, where it says something; false after one line on stderr. */
bool choose_source(const struct source *source, struct program *p);

/*
 * Parse a subcommand's options. What is wrong with them is one line on stderr, and
 * the end of the command. With a source, --target and --format are understood too.
 */
void parse_options(const struct argp *argp, int argc, char **argv, void *input,
		   struct source *source);

/* "walkdiff: ..." on stderr, one line. */
void __attribute__((format(printf, 1, 2))) complain(const char *format, ...);

/*
 * Load a program from a file ("-": standard input), text or bytes. Bytes say in
 * their header which target and format they are for; the source, if any, goes
 * before it. False after one line on stderr.
 */
bool load_program(const char *path, const struct source *source, struct program *p);

/* The same, of target race alone. */
bool load_race(const char *path, const struct source *source, struct program *p);

/* A whole number from `least` to `most`; ends by argp_error() when it is none. */
uint64_t parse_count(struct argp_state *state, const char *option, const char *text,
		     uint64_t least, uint64_t most);

/* The whole file, with a 0 behind it; null after one line on stderr. The caller frees. */
char *read_file(const char *path, size_t *size);

/* Seconds since some time in the past. */
double now_seconds(void);

#endif
