/* One fuzz target of one format, fixed at build time by TARGET and STAMP_NAME. */
#ifndef WALKDIFF_FUZZ_TARGET_H
#define WALKDIFF_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/feedback.h"
#include "fuzz/program.h"

/* The program that the target is for, with no operations yet. */
void target_begin(struct program *p);

/* The engines' contract: any bytes are a program; a failed check aborts with a report. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feedback of our own beside code coverage: a number below TARGET_FEATURES was seen. */
#define TARGET_FEEDBACK 2048 /* those of races begin here */
#define TARGET_FEATURES (TARGET_FEEDBACK + FEEDBACK_FEATURES)
void target_feature(unsigned n);
/* Likewise once more: the engine tells few times from many. */
void target_count(unsigned n);

#endif
