/* For tests that take every format: what formats.def lists, as subjects of the judges. */
#ifndef WALKDIFF_FORMATS_SUBJECTS_TEST_H
#define WALKDIFF_FORMATS_SUBJECTS_TEST_H

#include "oracle/judge.h"

#define STAMP(stamp, file, architecture)                                                           \
	extern const struct pt_ops pt_sim_##stamp;                                                 \
	extern const struct hw_format hw_##stamp;
#include "formats/formats.def"
#undef STAMP
#define STAMP(stamp, file, architecture) { &pt_sim_##stamp, &hw_##stamp, &inv_##architecture, NULL },
static const struct subject subjects[] = {
#include "formats/formats.def"
};
#undef STAMP

#endif
