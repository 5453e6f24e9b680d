/*
 * What Linux's generic_pt does not promise of what core/pt.h does, by format. The strict build
 * (WALKDIFF_STRICT) admits nothing: findings are replayed with it.
 */
#ifndef WALKDIFF_FUZZ_LINUX_GENERIC_PT_DEVIATIONS_H
#define WALKDIFF_FUZZ_LINUX_GENERIC_PT_DEVIATIONS_H

#include "core/foreign.h"

#ifdef WALKDIFF_STRICT
#define DEVIATIONS(format, ...) static const struct pt_deviation *const format##_deviations = NULL;
#else
#define DEVIATIONS(format, ...)                                                 \
	static const struct pt_deviation format##_deviations[] = { __VA_ARGS__ \
								   { NULL, NULL } };
#endif

DEVIATIONS(amdv1, )
DEVIATIONS(amdv1_mock, )
DEVIATIONS(vtdss, )
DEVIATIONS(x86_64, )
DEVIATIONS(vtdfs, )
DEVIATIONS(riscv64, )

#endif
