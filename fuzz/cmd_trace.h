/* What import and replay share: the file of a trace, and the table it is run on. */
#ifndef WALKDIFF_FUZZ_CMD_TRACE_H
#define WALKDIFF_FUZZ_CMD_TRACE_H

#include <argp.h>

#include "fuzz/cmd.h"
#include "fuzz/domains.h"

/* ---- the file: text, or xz (known by its first bytes) ---- */

struct trace_file;

/* "-": standard input. Null after one line on stderr. */
struct trace_file *trace_open(const char *path);

/* Likewise, for trace_rewind(): what is no plain file is copied into one that has no name. */
struct trace_file *trace_open_kept(const char *path);

/* Parse the next line into *e; false at the end, and where the file cannot be read on. */
bool trace_next(struct trace_file *f, struct trace_event *e);

/* Begin again. False after one line on stderr. */
bool trace_rewind(struct trace_file *f);

/* The part of the file (0..1) that has been read, or negative when its size is unknown. */
double trace_part(const struct trace_file *f);

/* False, after one line on stderr, when the file could not be read to its end. */
bool trace_close(struct trace_file *f);

/* ---- options ---- */

struct trace_options {
	const char *path;
	const char *format, *variant; /* names */
	struct subject subject;
	struct pt_config config;
	uint64_t sizes;	     /* leaf sizes, a bit each; 0: all that the variant has */
	unsigned prot;	     /* of enum pt_prot, for every map */
	uint64_t sync_every; /* a sync after every n-th unmap of a domain; 0: none */
};

/* The parser of these options and of FILE; its input is the options. */
extern const struct argp trace_argp;

/* ---- reports ---- */

/* "walkdiff: FILE:LINE: reason" for the malformed; after 100 only counted in *nr. */
void report_malformed(const char *path, const struct trace_event *e, uint64_t *nr);

#endif
