/*
 * walkdiff import: one domain of a recorded trace as a program, or as a series of
 * programs each of which stands alone. Two passes: the first counts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd_trace.h"

#define PROGRAM_TABLES 4096 /* the most that a program may ask for */

struct import {
	struct trace_options o;
	const char *output;   /* "-": stdout */
	uint64_t ops;	      /* at most, of one program */
	unsigned domain;      /* from 0; NO_DOMAIN: the busiest */
	uint64_t from, until; /* lines, inclusive */

	struct trace_file *file;
	struct domains domains;
	struct trace_event event;
	uint64_t malformed;
	uint64_t counted[MAX_DOMAINS]; /* operations that its programs need */
	uint64_t unsynced[MAX_DOMAINS];

	FILE *out;
	char name[4096];
	unsigned programs;
	uint64_t written, left; /* operations: in this program, to come */
};

/* ---- reading ---- */

/* What an operation of the trace becomes: itself, and perhaps a sync. */
static unsigned ops_of(struct import *im, unsigned domain)
{
	if (im->event.kind != TRACE_UNMAP || ++im->unsynced[domain] != im->o.sync_every)
		return 1;
	im->unsynced[domain] = 0;
	return 2;
}

/* The next event up to --until; false at the end. */
static bool next_event(struct import *im)
{
	return trace_next(im->file, &im->event) && im->event.line <= im->until;
}

/* The first pass. */
static void count(struct import *im)
{
	while (next_event(im)) {
		unsigned domain = domains_take(&im->domains, &im->event).domain;

		if (im->event.kind == TRACE_MALFORMED)
			report_malformed(im->o.path, &im->event, &im->malformed);
		if (domain != NO_DOMAIN && im->event.line >= im->from)
			im->counted[domain] += ops_of(im, domain);
	}
}

static unsigned busiest(const struct import *im)
{
	unsigned best = 0;

	for (unsigned i = 1; i < im->domains.nr; i++)
		if (im->counted[i] > im->counted[best])
			best = i;
	return best;
}

/* False, after one line on stderr, when there is nothing to import. */
static bool choose_domain(struct import *im)
{
	const char *path = im->o.path;
	unsigned nr = im->domains.nr;

	if (im->domain == NO_DOMAIN)
		im->domain = busiest(im);
	if (!nr)
		complain("%s: no map and no unmap in it", path);
	else if (im->domain >= nr)
		complain("%s: there is no domain %u, the last is %u", path, im->domain + 1, nr);
	else if (!im->counted[im->domain])
		complain("%s: no operation of domain %u in these lines", path, im->domain + 1);
	else if (im->counted[im->domain] > im->ops && !strcmp(im->output, "-"))
		complain("%s: %" PRIu64 " operations are several programs: give --output, or more "
			 "--ops",
			 path, im->counted[im->domain]);
	else
		return true;
	return false;
}

/* Which domains there are, for who wants another. */
static void list_domains(const struct import *im)
{
	for (unsigned i = 0; im->domains.nr > 1 && i < im->domains.nr; i++)
		complain("%s: domain %u: operations: %" PRIu64 "%s", im->o.path, i + 1,
			 im->counted[i], i == im->domain ? ", imported" : "");
}

/* ---- writing ---- */

static bool end_program(struct import *im)
{
	bool good = !im->out || !(fflush(im->out) || ferror(im->out));

	if (im->out && im->out != stdout)
		good = !fclose(im->out) && good;
	im->out = NULL;
	if (!good)
		complain("%s: %s", im->name, strerror(errno));
	return good;
}

static bool open_output(struct import *im, bool series)
{
	int len;

	if (series)
		len = snprintf(im->name, sizeof(im->name), "%s-%04u.txt", im->output, im->programs);
	else
		len = snprintf(im->name, sizeof(im->name), "%s", im->output);
	if (len < 0 || (size_t)len >= sizeof(im->name)) {
		complain("--output is too long");
		return false;
	}
	im->out = strcmp(im->output, "-") ? fopen(im->name, "w") : stdout;
	if (!im->out)
		complain("%s: %s", im->name, strerror(errno));
	return im->out;
}

/* Text into a comment: one line, printable. */
static void print_comment(const struct import *im, const char *text)
{
	for (const char *c = text; *c; c++)
		fputc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, im->out);
	fputc('\n', im->out);
}

static void print_op(const struct import *im, struct op op)
{
	program_print_op(&(struct program){ .target = TARGET_OPS }, &op, im->out);
	fputc('\n', im->out);
}

static struct op map_op(const struct import *im, uint64_t iova, uint64_t oa, uint64_t len)
{
	return (struct op){ .kind = OP_MAP,
			    .prot = (uint8_t)im->o.prot,
			    .args = { iova, oa, len } };
}

/* Map again what is live where the program begins: after `line`. */
static void print_live(const struct import *im, uint64_t line)
{
	const struct domain *m = &im->domains.domain[im->domain];

	if (!m->nr)
		return;
	fprintf(im->out, "# the next %zu are what was live after line %" PRIu64 "\n", m->nr, line);
	for (size_t i = 0; i < m->nr; i++)
		print_op(im, map_op(im, m->live[i].iova, m->live[i].oa, m->live[i].len));
	fputs("# from here on as recorded\n", im->out);
}

static bool begin_program(struct import *im, uint64_t line)
{
	bool series = im->counted[im->domain] > im->ops;
	const struct program head = {
		.target = TARGET_OPS,
		.subject = im->o.subject,
		.config = im->o.config,
		.memory = { .tables = PROGRAM_TABLES },
	};

	im->programs++;
	im->written = 0;
	if (!open_output(im, series))
		return false;
	program_print_head(&head, im->out);
	fprintf(im->out, "# domain %u from line %" PRIu64 " on", im->domain + 1, line + 1);
	if (series)
		fprintf(im->out, ", program %u of a series", im->programs);
	fputs(", of the trace ", im->out);
	print_comment(im, im->o.path);
	print_live(im, line);
	return true;
}

/* An operation of the domain; then the next program, when this one has no room for another. */
static bool write_operation(struct import *im)
{
	const struct trace_event *e = &im->event;
	unsigned ops = ops_of(im, im->domain);

	if (e->kind == TRACE_MAP)
		print_op(im, map_op(im, e->iova, e->oa, e->len));
	else
		print_op(im, (struct op){ .kind = OP_UNMAP, .args = { e->iova, e->len } });
	if (ops == 2)
		print_op(im, (struct op){ .kind = OP_SYNC });
	im->written += ops;
	im->left -= ops;
	if (im->written + 2 <= im->ops || im->left <= im->ops - im->written)
		return !ferror(im->out) || end_program(im);
	return end_program(im) && begin_program(im, e->line);
}

/* The second pass. */
static bool write_programs(struct import *im)
{
	bool good = true;

	domains_free(&im->domains);
	memset(im->unsynced, 0, sizeof(im->unsynced));
	im->left = im->counted[im->domain];
	while (good && im->left && next_event(im)) {
		bool wanted = im->event.line >= im->from;

		if (wanted && !im->programs)
			good = begin_program(im, im->event.line - 1);
		if (good && wanted && im->event.kind == TRACE_MARK) {
			fprintf(im->out, "# line %" PRIu64 ": ", im->event.line);
			print_comment(im, im->event.text);
		}
		if (domains_take(&im->domains, &im->event).domain == im->domain && wanted && good)
			good = write_operation(im);
	}
	return end_program(im) && good;
}

/* ---- the command ---- */

enum { KEY_FROM = 256, KEY_OPS, KEY_UNTIL };

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0,
	  "where to ('-': standard output); with several programs FILE-0001.txt and so on", 0 },
	{ "ops", KEY_OPS, "N", 0,
	  "at most N operations of the trace a program (1000000), besides the maps at the head of "
	  "each that restore what is live there",
	  0 },
	{ "domain", 'd', "N", 0, "the domain to import, from 1 (that of most operations)", 0 },
	{ "from", KEY_FROM, "LINE", 0, "begin at this line, with what is live there", 0 },
	{ "until", KEY_UNTIL, "LINE", 0, "end with this line", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct import *im = state->input;
	uint64_t domain;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &im->o;
		return 0;
	case 'o':
		im->output = arg;
		return 0;
	case 'd':
		domain = parse_count(state, "domain", arg, 1, UINT64_MAX);
		im->domain = domain <= MAX_DOMAINS ? (unsigned)domain - 1 : MAX_DOMAINS + 1;
		return 0;
	case KEY_OPS:
		im->ops = parse_count(state, "ops", arg, 2, UINT64_MAX);
		return 0;
	case KEY_FROM:
		im->from = parse_count(state, "from", arg, 1, UINT64_MAX);
		return 0;
	case KEY_UNTIL:
		im->until = parse_count(state, "until", arg, 1, UINT64_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Both passes; the exit code. */
static int import_trace(struct import *im)
{
	count(im);
	if (!choose_domain(im))
		return EXIT_UNUSABLE;
	list_domains(im);
	if (!trace_rewind(im->file) || !write_programs(im) || im->malformed)
		return EXIT_UNUSABLE;
	return EXIT_AGREED;
}

int cmd_import(int argc, char **argv)
{
	static const struct argp_child children[] = { { &trace_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE",
		.doc = "Turn a recorded kernel trace (ftrace text of iommu:map and iommu:unmap, "
		       "plain or xz; '-' is standard input) into a program, or a series of them.",
		.children = children,
	};
	struct import *im = calloc(1, sizeof(*im));
	int code = EXIT_UNUSABLE;

	if (!im)
		abort();
	im->output = "-";
	im->ops = 1000000;
	im->domain = NO_DOMAIN;
	im->from = 1;
	im->until = UINT64_MAX;
	parse_options(&argp, argc, argv, im, NULL);
	im->file = trace_open_kept(im->o.path);
	if (im->file) {
		code = import_trace(im);
		if (!trace_close(im->file))
			code = EXIT_UNUSABLE;
	}
	domains_free(&im->domains);
	free(im);
	return code;
}
