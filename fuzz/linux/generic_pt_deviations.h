/*
 * What Linux's generic_pt does not promise of what core/pt.h does, by format: to callers who
 * know of docs/FINDINGS.md, and to others.
 */
#ifndef WALKDIFF_FUZZ_LINUX_GENERIC_PT_DEVIATIONS_H
#define WALKDIFF_FUZZ_LINUX_GENERIC_PT_DEVIATIONS_H

#include "core/foreign.h"

#define BOUNDS                                                                                     \
	{ "bounds", "map_range() trusts its callers with alignment and the end of the OAs, and "   \
		    "so does iommu_map()" }
#define CLEANS_ALL                                                                                 \
	{ "work", "make_write_clean() stores into each item of a leaf, also where it is clean" }
#define ERRORS                                                                                     \
	{ "errors", "it looks at its arguments in another order" }
#define UNUSED_BITS                                                                                \
	{ "attributes", "accessed and dirty start clear: without tracking hardware ignores them" }
#define PROT                                                                                       \
	{ "prot", "set_prot() drops what the format has no bit for, and NOEXEC" }
#define OWN_TABLES                                                                                 \
	{ "decode", "it takes a table to be as it wrote it: no reserved bits, no sizes but its own" }
#define PAT_AS_ADDRESS                                                                             \
	{ "decode", "bit 12 of a large leaf, PAT, is read as address: it never sets it" }
#define READS_TOO                                                                                  \
	{ "write-only", "set_prot() allows reads with WRITE" }

#define LIST(...) __VA_ARGS__
#define DEVIATIONS(format, knowing, all)                                                           \
	static const struct pt_deviation format##_known[] = { knowing, all, { 0 } };               \
	static const struct pt_deviation format##_deviations[] = { ERRORS, all, { 0 } };

DEVIATIONS(amdv1, LIST(BOUNDS, CLEANS_ALL), LIST(UNUSED_BITS, PROT, OWN_TABLES))
DEVIATIONS(amdv1_mock, LIST(BOUNDS, CLEANS_ALL), LIST(UNUSED_BITS, PROT, OWN_TABLES))
DEVIATIONS(vtdss, BOUNDS, LIST(UNUSED_BITS, PROT, OWN_TABLES))
DEVIATIONS(x86_64, BOUNDS, LIST(PROT, PAT_AS_ADDRESS, READS_TOO))
DEVIATIONS(vtdfs, BOUNDS, LIST(PROT, PAT_AS_ADDRESS, READS_TOO))
DEVIATIONS(riscv64, BOUNDS, LIST(OWN_TABLES, READS_TOO))

#endif
