/*
 * The simulated machine behind core/shim_sim.h: memory, the device entry, refused
 * allocations, and the counts that judges ask for. One machine a page table; it is
 * the env of init.
 */
#ifndef WALKDIFF_ORACLE_SIM_H
#define WALKDIFF_ORACLE_SIM_H

#include <setjmp.h>

#include "oracle/hw.h"
#include "oracle/memory.h"
#include "oracle/verdict.h"

/* An operation that needs more accesses than this does not end. */
#define SIM_MAX_ACCESSES (UINT64_C(1) << 27)

struct sim {
	struct memory *memory;
	struct hw_device device;
	struct verdict verdict;
	jmp_buf *out;		/* where a failed check goes; null: print and abort */

	uint32_t refuse_at;	/* refuse the n-th allocation from here, 0: none */
	uint32_t refuse_count;	/* and this many from there on */
	uint64_t allocations;	/* attempts since the reset */

	uint64_t changes;	/* of tables, their number, or the top, by software */

	/* Since the operation began: */
	uint64_t accesses;
	uint32_t refused;
	uint32_t invalidations;
	uint64_t invalidated_first, invalidated_last; /* of the last one */

	/* The page table object: the only shared memory outside tables. */
	const void *object;
	size_t object_size;
};

void sim_reset(struct sim *s, const struct memory_config *config, unsigned pa_lg2,
	       unsigned slot_lg2, const struct hw_device *device);
void sim_begin_operation(struct sim *s);
/* Likewise for a look by a judge: what the operation left in the counts stays. */
void sim_begin_look(struct sim *s);

/* Say no: records the verdict and leaves the run. */
_Noreturn __attribute__((format(printf, 3, 4))) void sim_fail(struct sim *s, enum check check,
							      const char *format, ...);
_Noreturn __attribute__((format(printf, 4, 5))) void
sim_fail_at(struct sim *s, enum check check, uint64_t iova, const char *format, ...);

/* Memory as this machine's walker sees it. */
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
