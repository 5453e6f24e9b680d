/* walkdiff show: any program as text, or as bytes for an engine's corpus. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd.h"

struct options {
	struct source source;
	const char *output;
	bool bytes;
	int code;
};

static const struct argp_option option_list[] = {
	{ "bytes", 'b', NULL, 0, "write bytes, not text", 0 },
	{ "output", 'o', "FILE", 0, "write there instead of to standard output", 0 },
	{ 0 },
};

static bool write_bytes(const struct program *p, FILE *out)
{
	size_t room = RECORD_SIZE * (p->nr + 1);
	uint8_t *data = malloc(room);
	bool good = false;

	if (data)
		good = fwrite(data, 1, program_encode(p, data, room), out) == room;
	free(data);
	return good;
}

static void show(struct options *o, const char *path)
{
	struct program p = { 0 };
	FILE *out = stdout;
	bool good = load_program(path, &o->source, &p);

	if (good && o->output)
		out = fopen(o->output, "wb");
	if (good && (!out || (o->bytes && !write_bytes(&p, out)))) {
		complain("%s: %s", o->output ? o->output : "standard output", strerror(errno));
		good = false;
	} else if (good && !o->bytes) {
		program_print(&p, out);
	}
	if (out && out != stdout && fclose(out)) {
		complain("%s: %s", o->output, strerror(errno));
		good = false;
	}
	if (!good)
		o->code = EXIT_UNUSABLE;
	program_free(&p);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'b':
		o->bytes = true;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one file at a time");
		show(o, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, "FILE",
	"Print a program (text or bytes) as text with every value spelled out, or with --bytes as "
	"the bytes that fuzzing engines read. Nothing is lost either way.",
	NULL, NULL, NULL
};

int cmd_show(int argc, char **argv)
{
	struct options o = { 0 };

	parse_options(&argp, argc, argv, &o, &o.source);
	return o.code;
}
