/* One fuzz target of one format, fixed at build time by TARGET and STAMP_NAME. */
#ifndef WALKDIFF_FUZZ_TARGET_H
#define WALKDIFF_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/feedback.h"
#include "fuzz/program.h"

/* The program that the target is for, with no operations yet. */
void target_begin(struct program *p);

/*
 * The engines' contract: any bytes are a program; a failed check aborts with a report. -1: not to be
 * kept: of races that are none, or of what is not about the change that is asked about
 * (ci/mark-change), most.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where functions that a change touches note that they ran; null: none is marked, or no feedback. */
extern unsigned char *target_change;

/* Feedback of our own beside code coverage: features, numbered below TARGET_FEATURES. */
#define TARGET_FEEDBACK 2048 /* those of races begin here */
#define TARGET_FEATURES (TARGET_FEEDBACK + FEEDBACK_FEATURES)

/* Where the engine looks, after a program, whether it was seen. */
uint8_t *target_counter(unsigned feature);

/*
 * What a target has done. Kept in the file that the environment's WALKDIFF_TALLY names, which
 * outlives the target whatever ends it, where there is one; of forks together.
 */
struct tally {
	uint64_t programs, operations;
	uint64_t at_change; /* programs that ran a function of the change, where these are marked */
	uint8_t features[TARGET_FEATURES]; /* 1: was seen, and the engine's counter took it */
};

#endif
