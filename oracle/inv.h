/*
 * What a command in an IOMMU's queue makes the device forget: the contract between the
 * device model and one file an architecture (inv_<architecture>.c), which is written from
 * the hardware manual alone. Nothing of core/ or formats/ is included here or there.
 */
#ifndef WALKDIFF_ORACLE_INV_H
#define WALKDIFF_ORACLE_INV_H

#include <stdbool.h>
#include <stdint.h>

/* What the unit that reads the command can do; what an architecture lacks is 0. */
struct inv_unit {
	bool ranges;	      /* one command can name a range (RISC-V S, SMMU RIL) */
	bool nonleaf;	      /* RISC-V: a command by address can reach table pointers (NL) */
	uint8_t max_mask_lg2; /* VT-d MAMV: pages (lg2) that one command can name */
};

enum inv_kind {
	INV_ILLEGAL,	  /* the unit stops with an error: `why` says which */
	INV_NOTHING,	  /* legal, and of no interest here */
	INV_TRANSLATIONS, /* cached translations, and paging-structure entries, go */
	INV_ENTRY,	  /* the cached device entry of `device` goes */
	INV_WAIT,	  /* completes when all commands before it have been carried out */
};

/* What one command does. Of a cached thing that fits all of these nothing is left. */
struct inv_effect {
	enum inv_kind kind;
	const char *why;	    /* INV_ILLEGAL */
	uint32_t device;	    /* INV_ENTRY */
	bool every_device;	    /* INV_ENTRY: of all devices */
	/* INV_TRANSLATIONS: */
	bool first_stage, second_stage; /* of which tables */
	bool by_domain, by_space;   /* only with these tags: */
	uint16_t domain;
	uint32_t space;
	uint64_t first, last;	    /* VAs; what overlaps them goes whole */
	bool tables;		    /* paging-structure entries too, not only leaves */
	uint8_t leaf_levels;	    /* bit n: leaves of level n (0: the lowest) */
	bool not_present;	    /* and what was cached as not present */
};

struct inv_format {
	const char *name;   /* the architecture, as formats.def has it */
	const char *manual; /* title and section of the command format */
	/* Any two words are a command; *out is written whole. */
	void (*decode)(const struct inv_unit *unit, const uint64_t word[2],
		       struct inv_effect *out);
};

/* One an architecture of formats.def. */
extern const struct inv_format inv_none, inv_amd, inv_vtd, inv_riscv, inv_smmu;

#endif
