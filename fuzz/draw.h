/*
 * Drawing arguments from bytes: small hot sets and large cold ones, both ends of the
 * aperture, powers of two, leaf sizes, what earlier operations used.
 */
#ifndef WALKDIFF_FUZZ_DRAW_H
#define WALKDIFF_FUZZ_DRAW_H

#include "fuzz/program.h"

/* What a program's addresses are drawn from. */
struct range {
	uint64_t sizes;	   /* leaf sizes that may exist */
	uint64_t smallest; /* of them */
	uint64_t last_va, last_oa;
};

struct range range_of(const struct program *p);

/* What has been drawn for the same operation: a length leans on it, an OA on both. */
struct drawn {
	uint64_t iova, len;
};

/* Form 0 is v itself; the others choose a set, and v a member of it. */
uint64_t draw_arg(const struct program *p, const struct range *r, const struct drawn *d,
		  enum arg_kind kind, unsigned form, uint64_t v);

/* A small argument; with form 0 (of the first argument) it is v itself, as far as it fits. */
uint64_t draw_small(const struct range *r, enum arg_kind kind, unsigned form, uint64_t v);

#endif
