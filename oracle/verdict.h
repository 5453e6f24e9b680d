/* What a judge says when it says no: the check, the words, the address. */
#ifndef WALKDIFF_ORACLE_VERDICT_H
#define WALKDIFF_ORACLE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* The promises that are checked; names in check_names, meanings in docs/ORACLES.md. */
enum check {
	CHECK_NONE,
	CHECK_RESULT, /* a returned value or count is not the one the flat map predicts */
	CHECK_FLAT,   /* software translate disagrees with the flat map */
	CHECK_WALK,   /* the hardware walk disagrees with the flat map */
	CHECK_SHAPE,  /* a leaf has not the size that map promises, or a run is not uniform */
	CHECK_LEDGER, /* tables leaked, freed twice, freed early, or touched after */
	CHECK_REFUSE, /* wrong behaviour when an allocation is refused */
	CHECK_DIRTY,  /* a device's write is not reported, or something else is */
	CHECK_STALE,  /* hardware may still hold what it should have forgotten */
	CHECK_COHERENT, /* memory does not hold what the CPU wrote when it must */
	CHECK_TORN,   /* between two stores a walk sees neither the old nor the new */
	CHECK_WORK,   /* an operation does more than it needs to, or does not end */
	CHECK_BELIEF, /* a VERIFY of the code itself */
	CHECK_SAME,   /* two routes to one map end differently */
	CHECK_RACE,   /* no order of the operations in flight explains it, or they do not end */
	CHECK_CRASH,  /* a foreign implementation did something that ends a process */
	CHECKS,
};

/* The bit of a check in a mask of them. */
#define CHECK_BIT(check) (UINT32_C(1) << (check)) /* not mutated: any bits */

extern const char *const check_names[CHECKS];

struct verdict {
	enum check check; /* CHECK_NONE: all judges agree */
	bool has_iova;
	uint64_t iova;	  /* the first address that differs */
	char text[480];
};

#endif
