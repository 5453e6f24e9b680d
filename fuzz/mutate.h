/* Changing programs by operations: what every fuzzing engine's mutator calls. */
#ifndef WALKDIFF_FUZZ_MUTATE_H
#define WALKDIFF_FUZZ_MUTATE_H

#include "fuzz/program.h"

/* A few random changes, or another schedule; the same for the same seed. At most max_ops operations remain. */
void mutate_program(struct program *p, uint64_t seed, size_t max_ops);

/* The beginning of `p` and the end of `other`, in p. */
void splice_program(struct program *p, const struct program *other, uint64_t seed, size_t max_ops);

/* A configuration that mostly makes sense, and 2..max_ops operations as an engine's bytes would be. */
void draw_program(struct program *p, uint64_t max_ops, uint64_t *state);

/* A pseudo-random sequence (SplitMix64). */
uint64_t next_random(uint64_t *state);

#endif
