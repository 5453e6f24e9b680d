/* What the subcommands share: see cmd.h. */
#include "fuzz/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz/subjects.h"

void complain(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("walkdiff: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* ---- options ---- */

static const struct argp_option source_options[] = {
	{ "target", 't', "TARGET", 0, "what bytes that do not say it are for (ops, decode, same, race)", 0 },
	{ "format", 'f', "FORMAT", 0, "likewise; walkdiff formats lists them", 0 },
	{ 0 },
};

#define OPTION_IMPL 256 /* no letter: those are the subcommands' own */

static const struct argp_option impl_options[] = {
	{ "impl", OPTION_IMPL, "FILE", 0,
	  "judge what this shared object has, in the place of ours (docs/FOREIGN.md); also from the "
	  "environment, " FOREIGN_VARIABLE, -2 },
	{ 0 },
};

/* Of all that is judged from here on; ends with one line when it cannot be. */
static void use_impl(const char *path)
{
	static struct foreign_object object;
	char error[512];

	if (object.path && !strcmp(object.path, path))
		return;
	if (object.path) {
		complain("--impl %s: %s is judged already; one at a time", path, object.path);
		exit(EXIT_UNUSABLE);
	}
	if (!foreign_load(&object, path, error, sizeof(error))) {
		complain("%s: %s", path, error);
		exit(EXIT_UNUSABLE);
	}
	if (!judge_foreign(&object)) {
		complain("%s: has an implementation of a format that is none of ours; walkdiff formats "
			 "lists them", path);
		exit(EXIT_UNUSABLE);
	}
	setenv(FOREIGN_VARIABLE, path, 1);
	foreign_print(&object, stderr);
}

static error_t parse_impl(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != OPTION_IMPL)
		return ARGP_ERR_UNKNOWN;
	use_impl(arg);
	return 0;
}

static const struct argp impl_argp = { impl_options, parse_impl, NULL, NULL, NULL, NULL, NULL };

/* argp ends its messages with a second line about --help: only the first is shown. */
static FILE *argp_errors;
static char *argp_message;

static void print_argp_message(void)
{
	fflush(argp_errors);
	if (argp_message && *argp_message && strncmp(argp_message, "Try ", 4))
		fprintf(stderr, "%.*s\n", (int)strcspn(argp_message, "\n"), argp_message);
}

struct outer {
	void *input;
	struct source *source;
};

static error_t parse_outer(int key, char *arg, struct argp_state *state)
{
	static size_t length;
	struct outer *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[1] = o->input;
		argp_errors = open_memstream(&argp_message, &length);
		if (argp_errors && !atexit(print_argp_message))
			state->err_stream = argp_errors;
		return 0;
	case 't':
		o->source->target = arg;
		return 0;
	case 'f':
		o->source->format = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void parse_options(const struct argp *argp, int argc, char **argv, void *input,
		   struct source *source)
{
	struct argp_child children[] = { { &impl_argp, 0, NULL, -1 }, { argp, 0, NULL, 0 }, { 0 } };
	struct argp outer = { .options = source ? source_options : NULL,
			      .parser = parse_outer,
			      .children = children };
	struct outer inputs = { input, source };
	const char *impl = getenv(FOREIGN_VARIABLE);

	if (impl && *impl)
		use_impl(impl);
	argp_parse(&outer, argc, argv, 0, NULL, &inputs);
}

double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

char *read_file(const char *path, size_t *size)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	char *data = NULL;
	size_t cap = 0;

	*size = 0;
	while (in && !ferror(in) && !feof(in)) {
		char *grown;

		cap = cap ? 2 * cap : 4096;
		grown = realloc(data, cap + 1);
		if (!grown) {
			errno = ENOMEM;
			break;
		}
		data = grown;
		*size += fread(data + *size, 1, cap - *size, in);
	}
	if (!in || ferror(in) || !feof(in)) {
		complain("%s: %s", path, strerror(errno));
		free(data);
		data = NULL;
	} else {
		data[*size] = '\0';
	}
	if (in && in != stdin)
		fclose(in);
	return data;
}

/* Which program the header of these bytes says it is. */
static bool read_tag(const char *data, size_t size, struct program *p)
{
	const uint8_t *h = (const uint8_t *)data;
	uint32_t tag;

	if (size < 4)
		return false;
	tag = (uint32_t)h[0] | (uint32_t)h[1] << 8 | (uint32_t)h[2] << 16 | (uint32_t)h[3] << 24;
	for (unsigned t = 0; t < TARGETS; t++)
		for (unsigned i = 0; i < nr_formats; i++)
			if (program_tag((enum target)t, formats[i].name) == tag) {
				p->target = (enum target)t;
				p->subject = formats[i].subject;
				return true;
			}
	return false;
}

/* With --impl, only what it has is judged: nobody wants to know of ours then. */
static bool is_judged(const char *where, const struct program *p)
{
	if (!*foreign_option() || p->subject.foreign)
		return true;
	complain("%s%sformat %s is not among those of %s", where, *where ? ": " : "",
		 p->subject.ops->name, getenv(FOREIGN_VARIABLE));
	return false;
}

static bool apply_source(const struct source *source, struct program *p)
{
	unsigned t = 0;

	while (source->target && t < TARGETS && strcmp(target_names[t], source->target))
		t++;
	if (t == TARGETS) {
		complain("unknown target '%s'", source->target);
		return false;
	}
	if (source->target)
		p->target = (enum target)t;
	if (source->format && !find_subject(source->format, &p->subject)) {
		complain("unknown format '%s'; walkdiff formats lists them", source->format);
		return false;
	}
	return true;
}

bool choose_source(const struct source *source, struct program *p)
{
	return apply_source(source, p) && is_judged("", p);
}

static bool load_bytes(const char *path, const char *data, size_t size,
		       const struct source *source, struct program *p)
{
	static const struct source none;

	if (!source)
		source = &none;
	if (!read_tag(data, size, p) && !(source->target && source->format)) {
		complain("%s: these bytes do not say what they are for: give --target and --format",
			 path);
		return false;
	}
	if (!apply_source(source, p))
		return false;
	program_decode(p, (const uint8_t *)data, size);
	return true;
}

bool load_program(const char *path, const struct source *source, struct program *p)
{
	struct text_error error;
	size_t size;
	char *data = read_file(path, &size);
	bool good;

	if (!data)
		return false;
	if (program_is_text(data, size)) {
		good = program_parse(p, data, find_subject, &error);
		if (!good)
			complain("%s:%u: %s", path, error.line, error.reason);
	} else {
		good = load_bytes(path, data, size, source, p);
	}
	free(data);
	if (good && source && source->skips && *foreign_option() && !p->subject.foreign) {
		p->target = TARGETS;
		return false;
	}
	return good && (!source || is_judged(path, p)); /* without: it is not to be run */
}

bool load_race(const char *path, const struct source *source, struct program *p)
{
	if (!load_program(path, source, p))
		return false;
	if (p->target == TARGET_RACE)
		return true;
	complain("%s: is of target %s, not race", path, target_names[p->target]);
	return false;
}

uint64_t parse_count(struct argp_state *state, const char *option, const char *text,
		     uint64_t least, uint64_t most)
{
	uint64_t count;
	char *end;

	errno = 0;
	count = strtoull(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && count >= least && count <= most)
		return count;
	if (most == UINT64_MAX)
		argp_error(state, "--%s: '%s' is no whole number from %" PRIu64 " on", option, text,
			   least);
	argp_error(state, "--%s: '%s' is no whole number from %" PRIu64 " to %" PRIu64, option, text,
		   least, most);
	return least;
}
