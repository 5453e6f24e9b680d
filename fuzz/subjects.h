/* Every format that formats.def lists: implementation and hardware walker. */
#ifndef WALKDIFF_FUZZ_SUBJECTS_H
#define WALKDIFF_FUZZ_SUBJECTS_H

#include "oracle/judge.h"

struct format {
	const char *name;
	const char *file;	    /* formats/file.c, oracle/hw_file.c */
	const char *architecture;   /* of its invalidation commands */
	struct subject subject;	    /* under judges: the sim world, or that of threads */
	const struct pt_ops *fast;  /* the product */
};

extern const struct format formats[];
extern const unsigned nr_formats;

/* False when there is no such format. */
bool find_subject(const char *name, struct subject *out);

#endif
