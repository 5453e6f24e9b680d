/*
 * A foreign implementation as judges see it: what it declares not to promise, by which
 * judging narrows, and the machine in the form of core/foreign.h.
 */
#ifndef WALKDIFF_ORACLE_FOREIGN_H
#define WALKDIFF_ORACLE_FOREIGN_H

#include "core/foreign.h"
#include "oracle/verdict.h"

/* What pt_ops.deviations may name, beside checks, which are off then; docs/FOREIGN.md. */
enum deviation {
	DEVIATES_ERRORS,	   /* where it must fail any error will do */
	DEVIATES_BOUNDS,	   /* what is refused whatever is mapped is not asked */
	DEVIATES_MAP_OVER,	   /* map is not asked where something is mapped */
	DEVIATES_UNMAP_WHOLE,	   /* unmap is asked of ranges alone that whole leaves fill */
	DEVIATES_GATHER,	   /* what a gather holds is its own affair */
	DEVIATES_KEEPS_TABLES,	   /* unmap may leave tables that it has emptied */
	DEVIATES_ATTRIBUTES,	   /* of a leaf address, size, read and write are promised */
	DEVIATES_PROT,		   /* of prot READ and WRITE alone are asked */
	DEVIATES_WRITE_ONLY,	   /* WRITE without READ is not asked */
	DEVIATES_TRANSLATE_LOCKED, /* translate and set_dirty take the range lock, too */
	DEVIATES_DECODE,	   /* tables that it has not written are not read: target decode is off */
	DEVIATIONS,
};

extern const char *const deviation_names[DEVIATIONS];

struct foreign {
	const char *name;	  /* of the module */
	bool hooked;		  /* every shared access goes through the host */
	uint32_t deviates;	  /* a bit each, of enum deviation */
	uint32_t off;		  /* checks that it deviates from, CHECK_BIT of each */
	const struct pt_ops *own; /* ours of the same format: encodes commands where it does not */
};

/* Fill deviates and off from what it declares; else the name that is none. */
const char *foreign_declare(struct foreign *f, const struct pt_deviation *deviations);

static inline bool foreign_deviates(const struct foreign *f, enum deviation d)
{
	return f && f->deviates >> d & 1;
}

/* ---- the machine, host.c ---- */

struct sim;

/* The functions of `sim` as a host. */
void sim_make_host(struct sim *s, struct pt_host *host);

/*
 * Of an implementation that is not hooked: tell the watch what it has stored since the last
 * look, as if table after table, those that nothing leads to yet before the others.
 */
void sim_catch_up(struct sim *s);

#endif
