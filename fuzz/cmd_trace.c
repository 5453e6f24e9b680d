/* Reading traces and the options about them: see cmd_trace.h. */
#include "fuzz/cmd_trace.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/subjects.h"

/* ---- the file ---- */

#define MAX_LINE 8192		      /* the rest of a longer line is not read */
#define XZ_MEMORY (UINT64_C(1) << 30) /* that unpacking may take */

struct trace_file {
	const char *path;
	FILE *in;
	uint64_t size, consumed; /* bytes as they are in the file; size 0: not known */
	bool packed, at_end, damaged;
	const char *reason; /* damaged: why */
	lzma_stream xz;
	uint64_t line;
	char text[MAX_LINE];
	size_t nr, at; /* of what is unpacked */
	char unpacked[1 << 16];
	uint8_t raw[1 << 16];
};

static void cannot_read(struct trace_file *f, const char *reason)
{
	f->damaged = f->at_end = true;
	f->reason = reason;
}

/* More bytes of the file into f->raw; returns how many. */
static size_t read_raw(struct trace_file *f)
{
	size_t nr = fread(f->raw, 1, sizeof(f->raw), f->in);

	f->consumed += nr;
	if (ferror(f->in))
		cannot_read(f, strerror(errno));
	return nr;
}

static void begin(struct trace_file *f)
{
	static const uint8_t magic[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	f->consumed = f->line = 0;
	f->nr = f->at = 0;
	f->at_end = f->damaged = false;
	lzma_end(&f->xz);
	f->xz = (lzma_stream)LZMA_STREAM_INIT;
	f->xz.next_in = f->raw;
	f->xz.avail_in = read_raw(f);
	f->packed = f->xz.avail_in >= sizeof(magic) && !memcmp(f->raw, magic, sizeof(magic));
	if (f->packed && lzma_stream_decoder(&f->xz, XZ_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		cannot_read(f, "no memory to unpack it");
}

/* Read what is no plain file into one of our own. */
static bool keep(struct trace_file *f)
{
	FILE *copy = tmpfile();
	size_t nr;

	while (copy && (nr = read_raw(f)) > 0)
		if (fwrite(f->raw, 1, nr, copy) != nr)
			break;
	if (!copy || ferror(copy) || f->damaged || fseek(copy, 0, SEEK_SET)) {
		complain("%s: cannot keep it to read it twice: %s", f->path, strerror(errno));
		if (copy)
			fclose(copy);
		return false;
	}
	if (f->in != stdin)
		fclose(f->in);
	f->in = copy;
	return true;
}

static void close_file(struct trace_file *f)
{
	lzma_end(&f->xz);
	if (f->in && f->in != stdin)
		fclose(f->in);
	free(f);
}

static struct trace_file *open_file(const char *path, bool kept)
{
	struct trace_file *f = calloc(1, sizeof(*f));
	struct stat st;

	if (!f) {
		complain("%s: out of memory", path);
		return NULL;
	}
	f->path = path;
	f->in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	if (!f->in) {
		complain("%s: %s", path, strerror(errno));
		goto fail;
	}
	if (!fstat(fileno(f->in), &st) && S_ISREG(st.st_mode))
		f->size = (uint64_t)st.st_size;
	else if (kept && !keep(f))
		goto fail;
	begin(f);
	if (!f->damaged)
		return f;
	complain("%s: %s", path, f->reason);
fail:
	close_file(f);
	return NULL;
}

struct trace_file *trace_open(const char *path)
{
	return open_file(path, false);
}

struct trace_file *trace_open_kept(const char *path)
{
	return open_file(path, true);
}

static void unpack(struct trace_file *f)
{
	lzma_ret ret = LZMA_OK;

	f->xz.next_out = (uint8_t *)f->unpacked;
	f->xz.avail_out = sizeof(f->unpacked);
	while (ret == LZMA_OK && f->xz.avail_out == sizeof(f->unpacked) && !f->damaged) {
		if (!f->xz.avail_in) {
			f->xz.next_in = f->raw;
			f->xz.avail_in = read_raw(f);
		}
		ret = lzma_code(&f->xz, f->xz.avail_in ? LZMA_RUN : LZMA_FINISH);
	}
	f->nr = sizeof(f->unpacked) - f->xz.avail_out;
	if (ret == LZMA_STREAM_END)
		f->at_end = true;
	else if (ret == LZMA_MEMLIMIT_ERROR)
		cannot_read(f, "unpacking it takes more than 1 GiB of memory");
	else if (ret == LZMA_BUF_ERROR)
		cannot_read(f, "the xz data are cut off");
	else if (ret != LZMA_OK)
		cannot_read(f, "the xz data are damaged");
}

static void refill(struct trace_file *f)
{
	f->nr = f->at = 0;
	if (f->packed) {
		unpack(f);
		return;
	}
	if (!f->xz.avail_in)
		f->xz.avail_in = read_raw(f);
	f->nr = f->xz.avail_in;
	f->xz.avail_in = 0;
	memcpy(f->unpacked, f->raw, f->nr);
	f->at_end = f->at_end || !f->nr;
}

/* The next line into f->text, cut at its limit; false at the end. */
static bool read_line(struct trace_file *f)
{
	size_t len = 0;
	bool any = false;

	for (;;) {
		char *from = f->unpacked + f->at, *newline;
		size_t part = f->nr - f->at, room = MAX_LINE - 1 - len;

		if (!part) {
			if (f->at_end)
				break;
			refill(f);
			continue;
		}
		any = true;
		newline = memchr(from, '\n', part);
		if (newline)
			part = (size_t)(newline - from);
		memcpy(f->text + len, from, part < room ? part : room);
		len += part < room ? part : room;
		f->at += part + (newline != NULL);
		if (newline)
			break;
	}
	f->text[len] = '\0';
	f->line += any;
	return any;
}

bool trace_next(struct trace_file *f, struct trace_event *e)
{
	if (!read_line(f))
		return false;
	trace_parse(f->text, f->line, e);
	return true;
}

bool trace_rewind(struct trace_file *f)
{
	if (fseek(f->in, 0, SEEK_SET)) {
		complain("%s: cannot read it twice: %s", f->path, strerror(errno));
		return false;
	}
	begin(f);
	return true;
}

double trace_part(const struct trace_file *f)
{
	uint64_t waiting = f->packed ? f->xz.avail_in : f->nr - f->at;

	return f->size ? (double)(f->consumed - waiting) / (double)f->size : -1;
}

bool trace_close(struct trace_file *f)
{
	bool good = !f->damaged;

	if (!good)
		complain("%s:%" PRIu64 ": %s", f->path, f->line + 1, f->reason);
	close_file(f);
	return good;
}

/* ---- options ---- */

static const char *const prot_names[] = PT_PROT_NAMES;
#define NR_PROTS (sizeof(prot_names) / sizeof(prot_names[0]))

/* "READ|WRITE" as programs write it. */
static unsigned parse_prot(struct argp_state *state, const char *text)
{
	unsigned prot = 0;

	for (const char *at = text;;) {
		size_t len = strcspn(at, "|");
		unsigned i = 0;

		while (i < NR_PROTS &&
		       (strlen(prot_names[i]) != len || strncmp(prot_names[i], at, len)))
			i++;
		if (i == NR_PROTS)
			argp_error(state,
				   "--prot: '%.*s' is none of READ, WRITE, NOEXEC, CACHE, MMIO",
				   (int)len, at);
		prot |= 1u << i;
		at += len;
		if (!*at++)
			return prot;
	}
}

static uint64_t parse_mask(struct argp_state *state, const char *text)
{
	uint64_t mask;
	char *end;

	errno = 0;
	mask = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || !mask)
		argp_error(state, "--sizes: '%s' is no number from 1 on", text);
	return mask;
}

/* Traces use far more addresses than some formats have: the first of the widest aperture. */
static const char *default_format(void)
{
	const struct format *best = &formats[0];

	for (unsigned i = 1; i < nr_formats; i++)
		if (formats[i].subject.ops->variants[0].config.vasz_lg2 >
		    best->subject.ops->variants[0].config.vasz_lg2)
			best = &formats[i];
	return best->name;
}

/* The format and the variant by their names; the first variant is the default. */
static void find_table(struct argp_state *state, struct trace_options *o)
{
	const struct pt_ops *ops;
	unsigned i = 0;

	if (!find_subject(o->format, &o->subject))
		argp_error(state, "unknown format '%s'; walkdiff formats lists them", o->format);
	ops = o->subject.ops;
	while (o->variant && i < ops->nr_variants && strcmp(ops->variants[i].name, o->variant))
		i++;
	if (i == ops->nr_variants)
		argp_error(state, "%s has no variant '%s'; walkdiff formats lists them", o->format,
			   o->variant);
	o->variant = ops->variants[i].name;
	o->config = ops->variants[i].config;
	if (o->sizes)
		o->config.pgsize_bitmap = o->sizes;
	if (judge_predict_init(o->subject.hw, &o->config))
		argp_error(state, "%s, variant %s, has not all of the leaf sizes 0x%" PRIx64,
			   o->format, o->variant, o->sizes);
}

static const struct argp_option options[] = {
	{ "format", 'f', "NAME", 0,
	  "page-table format to run on (the first that has the widest aperture)", 0 },
	{ "variant", 'v', "NAME", 0, "its variant (its first)", 0 },
	{ "prot", 'p', "PROT", 0, "what every map allows (READ|WRITE): a trace does not say", 0 },
	{ "sizes", 'z', "MASK", 0,
	  "leaf sizes that may exist, the sum of their bytes, such as 0x40201000 (all)", 0 },
	{ "sync-every", 's', "N", 0,
	  "sync after every N-th unmap of a domain (1); 0: only at the end", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct trace_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*o = (struct trace_options){ .format = default_format(),
					     .prot = PT_READ | PT_WRITE,
					     .sync_every = 1 };
		return 0;
	case 'f':
		o->format = arg;
		return 0;
	case 'v':
		o->variant = arg;
		return 0;
	case 'p':
		o->prot = parse_prot(state, arg);
		return 0;
	case 'z':
		o->sizes = parse_mask(state, arg);
		return 0;
	case 's':
		o->sync_every = parse_count(state, "sync-every", arg, 0, UINT64_MAX);
		return 0;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state, "one FILE at a time");
		o->path = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which FILE? '-' is standard input");
		return 0;
	case ARGP_KEY_SUCCESS:
		find_table(state, o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp trace_argp = { .options = options, .parser = parse_option };

/* ---- reports ---- */

#define MAX_REPORTED 100

void report_malformed(const char *path, const struct trace_event *e, uint64_t *nr)
{
	++*nr;
	if (*nr <= MAX_REPORTED)
		complain("%s:%" PRIu64 ": %s", path, e->line, e->text);
	if (*nr == MAX_REPORTED)
		complain("%s: malformed lines from here on are only counted", path);
}
