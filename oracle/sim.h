/*
 * The simulated machine behind core/shim_sim.h: memory, the device entry, refused
 * allocations, and the counts that judges ask for. One machine a page table; it is
 * the env of init.
 */
#ifndef WALKDIFF_ORACLE_SIM_H
#define WALKDIFF_ORACLE_SIM_H

#include <setjmp.h>

#include "oracle/device.h"
#include "oracle/hw.h"
#include "oracle/memory.h"
#include "oracle/verdict.h"
#include "oracle/watch.h"

/* An operation that needs more accesses than this does not end. */
#define SIM_MAX_ACCESSES (UINT64_C(1) << 27)

/* What is behind the hooks, and how it is set up. */
struct sim_config {
	const struct memory_config *memory;
	unsigned device_flags;	 /* enum device_flag */
	const struct pt_ops *ops;
	const struct hw_format *hw;
	const struct inv_format *inv;
	struct hw_device device; /* without a root */
	unsigned pa_lg2, slot_lg2;
	bool incoherent;	 /* walkers read memory past the CPU's caches */
	bool caches_not_present;
	uint32_t off;		 /* checks that say nothing, CHECK_BIT of each */
};

struct sim {
	struct memory *memory;
	struct hw_device device; /* the entry that a walk starts from */
	struct device dev;	 /* and what is cached of it, and of what it leads to */
	struct watch watch;
	const struct pt_ops *ops;
	const struct hw_format *hw;
	const struct inv_format *inv;
	bool caches_not_present;
	uint32_t off;
	uint64_t operation;	/* since the reset: their number */
	uint64_t events;	/* of unlinking, and of waiting for readers: their order */
	uint64_t waited_at;
	uint32_t readers;	/* inside now */
	uint32_t locks;		/* held now */
	bool top_is_set;	/* init has come so far */
	bool ending;		/* deinit: hardware and readers are gone */
	struct verdict verdict;
	jmp_buf *out;		/* where a failed check goes; null: print and abort */

	uint32_t refuse_at;	/* refuse the n-th allocation from here, 0: none */
	uint32_t refuse_count;	/* and this many from there on */
	uint32_t refuse_then;	/* and then one, this many after the last of them; 0: none */
	uint64_t allocations;	/* attempts since the reset */

	uint64_t changes;	/* of tables, their number, or the top, by software */

	/* Since the operation began: */
	uint64_t accesses;
	uint32_t refused;
	uint32_t freed;		/* tables */
	uint32_t invalidations;
	struct pt_invalidation invalidated; /* the last one */

	/* The page table object: the only shared memory outside tables. */
	const void *object;
	size_t object_size;
};

/* Memory behind it, with room for `tables` tables; false without. */
bool sim_create(struct sim *s, uint32_t tables);
void sim_destroy(struct sim *s);
void sim_reset(struct sim *s, const struct sim_config *config);
void sim_begin_operation(struct sim *s);
/* Likewise for a look by a judge: what the operation left in the counts stays. */
void sim_begin_look(struct sim *s);

/* Say no: records the verdict and leaves the run; returns when that check is off. */
__attribute__((format(printf, 3, 4))) void sim_fail(struct sim *s, enum check check,
						    const char *format, ...);
__attribute__((format(printf, 4, 5))) void sim_fail_at(struct sim *s, enum check check,
						       uint64_t iova, const char *format, ...);

/* Likewise where nothing could go on: also when the check is off. */
_Noreturn __attribute__((format(printf, 3, 4))) void sim_stop(struct sim *s, enum check check,
							      const char *format, ...);

static inline bool sim_is_off(const struct sim *s, enum check check)
{
	return s->off & CHECK_BIT(check);
}

/* Memory as this machine's walker sees it, past the CPU's caches where it must. */
struct hw_memory sim_hw_memory(struct sim *s);

/* Lines of core that runs must reach (core/seen.def), ends with name null; hit or not. */
struct seen_line {
	const char *name, *what;
};
extern const struct seen_line sim_seen_lines[];
extern bool sim_seen[];

/* The machine that a VERIFY without env belongs to. One machine runs at a time a thread. */
extern _Thread_local struct sim *sim_current;

#endif
