/*
 * Invalidation: what hardware must forget, and the commands that tell an IOMMU so.
 *
 * A gather says what; pt_ops.encode turns it into the commands of the architecture
 * (formats/inv_<architecture>.c). Whoever drives the hardware puts them into its
 * command queue, in their order, and waits until the last has completed.
 */
#ifndef WALKDIFF_CORE_INV_H
#define WALKDIFF_CORE_INV_H

#include <stdbool.h>
#include <stdint.h>

/* What hardware must forget of one page table. */
struct pt_invalidation {
	uint64_t first, last; /* VAs, inclusive; first <= last */
	/*
	 * Bit n: leaves of level n in there were removed or changed; pointers to tables of
	 * level n were. All ones: not known. No table_levels: the way to the leaves is as
	 * it was. Without DETAILED_GATHER both are all ones.
	 */
	uint8_t leaf_levels, table_levels;
};

#define PT_ANY_LEVEL UINT8_MAX

/* One IOMMU, as far as its commands depend on it; what an architecture lacks is 0. */
struct pt_unit {
	uint16_t domain;      /* AMD DomainID, VT-d DID, RISC-V GSCID, SMMU VMID */
	uint32_t space;	      /* first stage: AMD and VT-d PASID, RISC-V PSCID (20 bits), SMMU ASID (16) */
	uint32_t device;      /* whose device entry it is: AMD DeviceID, VT-d SID, RISC-V DID, SMMU SID */
	bool ranges;	      /* one command can name a range (RISC-V S, SMMU RIL) */
	bool nonleaf;	      /* RISC-V: a command by address can reach table pointers (NL) */
	uint8_t max_mask_lg2; /* VT-d MAMV: pages (lg2) that one command can name */
	uint64_t completion;  /* AMD and VT-d: PA, aligned to 8, that the last command stores to;
				 below 2^52, not 0 */
};

/* As it stands in the command queue, low word first. */
struct pt_command {
	uint64_t word[2];
};

/* The most that one invalidation takes; what would need more names the whole table. */
#define PT_MAX_COMMANDS 64 /* equivalent: off-1, off-2: no architecture needs so many */

#endif
