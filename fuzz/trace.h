/*
 * One line of a recorded kernel trace: ftrace's text of the events iommu:map and
 * iommu:unmap, and of probes that name domains. docs/TRACES.md is the reference.
 */
#ifndef WALKDIFF_FUZZ_TRACE_H
#define WALKDIFF_FUZZ_TRACE_H

#include <stdint.h>

enum trace_kind {
	TRACE_OTHER,	 /* nothing to replay: a comment, another event */
	TRACE_MAP,	 /* written after a map that succeeded */
	TRACE_UNMAP,	 /* written after an unmap */
	TRACE_DOM_MAP,	 /* names the domain of a map line that follows */
	TRACE_DOM_UNMAP, /* likewise of an unmap line */
	TRACE_MARK,	 /* a note that somebody wrote into the trace */
	TRACE_LOST,	 /* the kernel dropped events here */
	TRACE_MALFORMED, /* names one of the events, but cannot be one */
};

struct trace_event {
	enum trace_kind kind;
	uint64_t line;		/* from 1 */
	uint64_t task;		/* process number in the first column; 0: none there */
	uint64_t iova, oa, len; /* bytes; oa is the line's paddr */
	uint64_t removed;	/* UNMAP: the line's unmapped_size */
	uint64_t domain;	/* DOM_*: the kernel's pointer, only a name here */
	char text[120];		/* MARK: the note; MALFORMED: the reason */
};

/* Parse one line, without its end; *e is written whole. */
void trace_parse(const char *text, uint64_t line, struct trace_event *e);

#endif
