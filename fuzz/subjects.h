/* Every format that formats.def lists: implementation and hardware walker. */
#ifndef WALKDIFF_FUZZ_SUBJECTS_H
#define WALKDIFF_FUZZ_SUBJECTS_H

#include "fuzz/foreign.h"

struct format {
	const char *name;
	const char *file;	    /* formats/file.c, oracle/hw_file.c */
	const char *architecture;   /* of its invalidation commands */
	struct subject subject;	    /* under judges: the sim world, or that of threads; or a foreign one */
	struct subject own;	    /* ours under judges, whatever subject is */
	const struct pt_ops *fast;  /* the product */
};

extern struct format formats[];
extern const unsigned nr_formats;

/* Judge what it has in the place of ours, from now on; false: not all of it is of formats here. */
bool judge_foreign(struct foreign_object *o);

/* False when there is no such format. */
bool find_subject(const char *name, struct subject *out);

#endif
