/* A replay at work, and its summary. */
#ifndef WALKDIFF_FUZZ_CMD_REPLAY_H
#define WALKDIFF_FUZZ_CMD_REPLAY_H

#include "fuzz/cmd_trace.h"

#define MAX_NOTED 8

/* Lines that returned an error or another value than the trace: all counted, the first kept. */
struct noted {
	uint64_t count;
	struct {
		uint64_t line;
		char text[80];
	} first[MAX_NOTED];
};

/* One page table of the replay. */
struct table {
	struct judge *judge;
	uint64_t unsynced;  /* unmaps since the last sync */
	uint64_t unchecked; /* operations since the whole table was compared */
};

struct replay {
	struct trace_options o;
	uint64_t thorough_every;
	bool json, quiet;

	struct trace_file *file;
	struct domains domains;
	struct table tables[MAX_DOMAINS];
	struct trace_event event; /* the line at work */
	jmp_buf out;		  /* where a judge that says no goes */
	struct judge *failed;
	bool unusable;

	uint64_t malformed, maps, unmaps, lost;
	uint64_t uncompared;	/* unmaps of what the table does not hold as the trace does */
	uint64_t larger_leaves; /* unmaps that a leaf larger than the recorder's made different */
	uint64_t mapped, mapped_peak; /* bytes, in all domains */
	uint64_t nr_tables, tables_peak;
	struct noted errors, mismatches;
	uint64_t left_bytes;
	unsigned left_domains;
	double began, seconds, shown;
};

/* Judged so far, in all domains. */
uint64_t replay_operations(const struct replay *r);

/* The summary on stdout: a table, or one JSON object with --json. */
void replay_summarise(const struct replay *r);

#endif
