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
	static const struct pt_deviation format##_deviations[] = { __VA_ARGS__, { NULL, NULL } };
#endif

#define BOUNDS { "bounds", "map_range() trusts the IOMMU core, and the core its callers, with alignment and the end of the OAs" }
#define UNUSED_BITS { "attributes", "accessed and dirty start clear: without tracking hardware ignores them" }
#define PROT { "prot", "set_prot() drops what the format has no bit for, NOEXEC among it" }
#define OWN_TABLES { "decode", "it takes a table to be as it wrote it: no reserved bits, no sizes that it does not use" }
#define CLEANS_ALL { "work", "make_write_clean() stores into each item of a leaf, also where it is clean" }
#define READS_TOO { "write-only", "set_prot() allows reads with WRITE" }

DEVIATIONS(amdv1, BOUNDS, CLEANS_ALL, OWN_TABLES, UNUSED_BITS, PROT)
DEVIATIONS(amdv1_mock, BOUNDS, CLEANS_ALL, OWN_TABLES, UNUSED_BITS, PROT)
DEVIATIONS(vtdss, BOUNDS, OWN_TABLES, UNUSED_BITS, PROT)
DEVIATIONS(x86_64, BOUNDS, PROT, READS_TOO)
DEVIATIONS(vtdfs, BOUNDS, PROT, READS_TOO)
DEVIATIONS(riscv64, BOUNDS, OWN_TABLES, READS_TOO)

#endif
