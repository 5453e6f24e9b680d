/*
 * What hardware sees: the contract between the walk driver (hw.c) and one file a
 * format (hw_<format>.c), which is written from the hardware manual alone and is
 * the readable specification of the format. Nothing of core/ or formats/ is
 * included here or there: a fault in a shared mask would hide itself.
 */
#ifndef WALKDIFF_ORACLE_HW_H
#define WALKDIFF_ORACLE_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HW_MAX_LEVELS 6 /* equivalent: off-1: more room */
#define HW_MAX_CONCATENATED_LG2 4 /* a root is of at most this many tables (lg2) */

/* Memory as the walker reads it. */
struct hw_memory {
	void *ctx;
	/* `bytes` of a table at pa (aligned to 8), or null: no memory answers there. */
	const uint64_t *(*view)(void *ctx, uint64_t pa, size_t bytes);
};

/*
 * The device entry and the registers behind it: all that a walk starts from. The
 * root is set by init and change_top only, the rest is how the machine is set up.
 */
struct hw_device {
	uint64_t root_pa;
	uint8_t level;	     /* of the root table; 0 holds only leaves */
	uint8_t encrypt_bit; /* address bit that memory strips (C-bit); 0: none */
	uint8_t vasz_lg2;    /* the width that hardware was told (Arm TxSZ, VT-d MGAW) */
	uint8_t oasz_lg2;    /* the width of output addresses that it was told (Arm PS) */
	bool sign_extend;    /* VAs are canonical: the bits above the root's reach are copies of its highest */
	bool upper_half;     /* this root is for VAs whose high bits are all ones (Arm TTBR1) */
	bool second_stage;   /* RISC-V: iohgatp, not iosatp */
	bool large_oa;	     /* Arm: LPA (64K granule), LPA2 */
	bool napot;	     /* RISC-V: Svnapot */
	bool memory_types;   /* RISC-V: Svpbmt */
	bool sets_dirty;     /* hardware sets accessed and dirty by itself */
};

enum hw_fault {
	HW_OK,
	HW_NOT_PRESENT,	 /* nothing is mapped: the only fault that an unmapped VA may have */
	HW_RESERVED,	 /* a bit that must be zero is set */
	HW_BAD_LEVEL,	 /* a table pointer where none may be, or to a level not below */
	HW_BAD_SIZE,	 /* a leaf of a size that this level cannot hold */
	HW_MISALIGNED,	 /* a leaf whose address is not aligned to its size */
	HW_SKIPPED_VA,	 /* VA bits of skipped levels are not zero */
	HW_VA_TOO_WIDE,	 /* VA bits above the root table's reach are not zero */
	HW_NO_MEMORY,	 /* a table pointer leads to no table */
	HW_DENIED,	 /* mapped, but not for this access */
	HW_NOT_CANONICAL, /* VA bits that must be copies of one another are not */
	HW_ACCESS_FLAG,	 /* not yet accessed, and hardware does not say so by itself */
	HW_FAULTS,
};

extern const char *const hw_fault_names[HW_FAULTS];

enum hw_memory_type { HW_MEMORY_UNSAID, HW_WRITE_BACK, HW_UNCACHED, HW_DEVICE_MEMORY };

/* The meaning of a leaf, in terms that all architectures share. Bytes only: no padding. */
struct hw_attrs {
	bool read, write;
	bool exec, exec_privileged; /* without and with privilege, which Arm tells apart */
	bool user;	/* accesses without privilege are allowed */
	bool global;	/* for all address spaces, not for one */
	bool accessed, dirty;
	uint8_t type;	/* enum hw_memory_type */
	bool coherent;	/* accesses are forced coherent (AMD FC, VT-d SNP) */
	bool encrypted; /* the C-bit is set in the leaf's address */
	bool untranslated; /* AMD U: only untranslated requests, in an ATS answer */
};

/* One item, decoded. */
struct hw_item {
	enum { HW_EMPTY, HW_TABLE, HW_LEAF } kind;
	uint64_t address;   /* PA of the next table, or OA of the whole leaf's start; C-bit stripped */
	uint8_t next_level; /* TABLE */
	uint8_t size_lg2;   /* LEAF: of the whole leaf, all items of its run */
	bool counts_up;	    /* LEAF: the items of its run hold consecutive OAs (Arm), not all the same */
	uint64_t item_oa;   /* LEAF that counts up: OA of this very item; else 0 */
	struct hw_attrs attrs; /* TABLE: read, write and encrypted only */
};

/* What a mapping asks for, and what the table was configured to do with it. */
struct hw_request {
	bool read, write, noexec, cache, mmio;
	bool force_coherence, encrypt, dirty_tracking, memory_types;
};

/* One field of an item, for reports. */
struct hw_field {
	uint8_t hi, lo;
	const char *name;
};

/* A device's set-up: possible, not offered by the hardware, or without meaning. */
enum hw_setup { HW_POSSIBLE, HW_UNSUPPORTED, HW_MEANINGLESS };

/* A format as its manual describes it. All data is constant. */
struct hw_format {
	const char *name;
	const char *manual;	     /* title and section of the entry format */
	uint8_t granule_lg2;	     /* bytes (lg2) that an item of level 0 translates */
	uint8_t index_lg2;	     /* items (lg2) of a table below the root */
	uint8_t min_top, max_top;    /* levels that a root may have */
	uint8_t max_vasz_lg2, max_oasz_lg2, max_pa_lg2;
	uint8_t encrypt_lo, encrypt_hi; /* C-bit positions that fit the address field; 0, 0: none */
	bool grows;		     /* the root may change its level while devices run */
	bool forces_coherence;	     /* a leaf can force coherent accesses */
	bool can_sign_extend, can_upper_half, can_second_stage, can_large_oa, can_napot,
		can_memory_types;    /* the fields of hw_device that it knows */
	bool breaks_before_make;     /* a live leaf may not change its size in one store */
	bool first_stage;	     /* cached by address space, but for can_second_stage */
	bool may_be_incoherent;	     /* there are units that read memory past the CPU's caches */
	bool may_cache_not_present;  /* and that cache that an item is not present */
	bool limits_va;		     /* VAs of vasz_lg2 bits and more fault, whatever the levels */
	uint8_t alignment_lg2;	     /* tables are aligned to this at least; 0: to 4K */

	/* Leaf sizes (bytes, a bit each) that a table of this level can hold on this device. */
	uint64_t (*sizes)(const struct hw_format *f, const struct hw_device *dev, unsigned level);

	/* Items (lg2) of the root, where neither index_lg2 nor the VA width says; or null. */
	unsigned (*root_lg2)(const struct hw_format *f, const struct hw_device *dev);

	/* Does such a device exist? Asked after the limits above. Null: they say it all. */
	enum hw_setup (*setup)(const struct hw_format *f, const struct hw_device *dev);

	/*
	 * Decode one item of a table of this level. Every bit that hardware reads is
	 * either in *out or makes a fault; HW_OK with kind EMPTY is not returned:
	 * an item that is not present is HW_NOT_PRESENT.
	 */
	enum hw_fault (*decode)(const struct hw_format *f, const struct hw_device *dev,
				uint64_t raw, unsigned level, struct hw_item *out);

	/*
	 * The attributes of a leaf that answers the request; false when the format
	 * cannot express it. This is the promise that the walk is held against.
	 */
	bool (*promise)(const struct hw_format *f, const struct hw_request *req,
			struct hw_attrs *out);

	/* A leaf's item after an access that it allows, by hardware that sets_dirty. */
	uint64_t (*touch)(const struct hw_format *f, uint64_t raw, bool write);

	const struct hw_field *fields; /* of an item, high to low, ends with name null */
};

/* ---- the driver, hw.c ---- */

struct hw_step {
	uint8_t level;
	uint32_t index;
	uint64_t table_pa;
	uint64_t raw;
	struct hw_item item;
	enum hw_fault fault;
};

struct hw_walk {
	enum hw_fault fault;
	uint64_t oa;		/* where va itself goes; 0: nowhere */
	struct hw_item leaf;	/* of the last step; attrs.read, write are those of the whole walk */
	unsigned nr_steps;
	struct hw_step steps[HW_MAX_LEVELS];
};

/* Bytes (lg2) that one item of this level translates. */
unsigned hw_item_lg2(const struct hw_format *f, unsigned level);

/* Items (lg2) of a table of this level under the device's root. */
unsigned hw_items_lg2(const struct hw_format *f, const struct hw_device *dev, unsigned level);

/* Bits (lg2 of the end) of PAs that this device can walk to. */
unsigned hw_pa_lg2(const struct hw_format *f, const struct hw_device *dev);

enum hw_access { HW_PROBE, HW_READ, HW_WRITE };

/* Translate one VA as a device's access would be. HW_PROBE asks for no permission. */
void hw_walk(const struct hw_format *f, const struct hw_device *dev,
	     const struct hw_memory *mem, uint64_t va, enum hw_access access,
	     struct hw_walk *out);

/* The first VA of item i of a table; in the root's upper half it continues the sign. */
uint64_t hw_item_va(const struct hw_format *f, const struct hw_device *dev, uint64_t table_va,
		    unsigned level, size_t i);

/* Decode an item as a walk does; not present for a raw value of 0. */
enum hw_fault hw_decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			unsigned level, struct hw_item *out);

/* One leaf of an enumeration: a whole run where the format has runs. */
struct hw_leaf {
	uint64_t va;
	struct hw_item item; /* attrs: read, write ANDed down the walk; accessed, dirty ORed over the run */
	uint8_t level;
};

struct hw_table {
	uint64_t pa;
	uint64_t va;	/* first VA it translates */
	uint8_t level;
	bool encrypted; /* the pointer to it carries the C-bit; the root: as the device has it */
};

/* Everything a walker can reach, in the order of VAs. The caller frees the arrays. */
struct hw_map {
	struct hw_leaf *leaves;
	size_t nr_leaves, cap_leaves;
	struct hw_table *tables; /* the root first, then in the order found */
	size_t nr_tables, cap_tables;
	/* The first thing that is wrong, or HW_OK: an item with a fault, or a run not uniform. */
	enum hw_fault fault;
	uint64_t fault_va, fault_raw;
	unsigned fault_level;
	bool run_broken; /* with HW_OK: the items of a run at fault_va differ */
};

/*
 * Enumerate the whole table. Stops at the first fault other than HW_NOT_PRESENT,
 * and at max_tables (a table that points at itself is not possible: levels fall).
 */
void hw_enumerate(const struct hw_format *f, const struct hw_device *dev,
		  const struct hw_memory *mem, size_t max_tables, struct hw_map *out);

/* "FC=1 IR=1 IW=0 ..." of an item, into buf. */
void hw_describe(const struct hw_format *f, uint64_t raw, char *buf, size_t len);

#endif
