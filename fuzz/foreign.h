/* Shared objects to judge in the place of ours: loading one, and surviving it. */
#ifndef WALKDIFF_FUZZ_FOREIGN_H
#define WALKDIFF_FUZZ_FOREIGN_H

#include <stdio.h>

#include "oracle/judge.h"

/* Names the object where no option does; what the command starts inherits it. */
#define FOREIGN_VARIABLE "WALKDIFF_IMPL"

/* An object; `ops` as judges use them, each with what judges must know of it. */
struct foreign_object {
	char *path;
	const struct pt_module *module;
	struct pt_ops *ops;
	struct foreign *foreign;
};

/*
 * Load it; true, or false with one line in `error` (without the path), also when it is no
 * object of this ABI, or declares what nobody knows. It is never unloaded.
 */
bool foreign_load(struct foreign_object *o, const char *path, char *error, size_t size);

/* Judge its implementation of this format in the place of `own`; false when it has none. */
bool foreign_replace(struct foreign_object *o, const char *format, const struct pt_ops *own,
		     struct subject *subject);

/* In `all`, which begins empty, what any of several formats deviates in. */
void foreign_add(struct foreign *all, const struct foreign *one);

/* Null, or empty: nothing to tell. ", of NAME, which deviates in a, b" */
void foreign_print_closing(const struct foreign *f, FILE *out);

/* " --impl PATH" for a line to paste, or "". */
const char *foreign_option(void);

/* Lines that name it, with the reasons of what it deviates in. */
void foreign_print(const struct foreign_object *o, FILE *out);

/*
 * Between these two a signal that the implementation has raised, or a library that it called, and
 * a run that does not end, leave the run with a verdict. Nothing where s->foreign is null.
 */
void foreign_guard(struct sim *s);
void foreign_unguard(void);

#endif
