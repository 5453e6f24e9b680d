/*
 * The simulated machine behind core/shim_sim.h: memory, the device entry, refused
 * allocations, and the counts that judges ask for. One machine a page table; it is
 * the env of init.
 */
#ifndef WALKDIFF_ORACLE_SIM_H
#define WALKDIFF_ORACLE_SIM_H

#include <setjmp.h>

#include "oracle/device.h"
#include "oracle/foreign.h"
#include "oracle/hw.h"
#include "oracle/memory.h"
#include "oracle/stores.h"
#include "oracle/verdict.h"
#include "oracle/watch.h"

/* The threads world: accesses are no hooks, and judges that need them to be see nothing. */
#ifdef WALKDIFF_THREADS
#define SIM_SEES_ACCESSES false /* equivalent: bool-1: but for mode threads */
#else
#define SIM_SEES_ACCESSES true
#endif

/* An operation that needs more accesses than this does not end. */
/* equivalent: off-1, off-3, off-4: as good a limit */
#define SIM_MAX_ACCESSES (UINT64_C(1) << 27)

/* What is behind the hooks, and how it is set up. */
struct sim_config {
	const struct memory_config *memory;
	unsigned device_flags;	 /* enum device_flag */
	const struct pt_ops *ops;
	const struct foreign *foreign; /* null: it is compiled against these hooks */
	const struct hw_format *hw;
	const struct inv_format *inv;
	struct hw_device device; /* without a root */
	unsigned pa_lg2, slot_lg2;
	bool incoherent;	 /* walkers read memory past the CPU's caches */
	bool caches_not_present;
	uint32_t off;		 /* checks that say nothing, CHECK_BIT of each */
};

#define SIM_THREADS 4 /* equivalent: off-1: more room */

/* A thread of operations: what it keeps, and what its operation has done since it began. */
struct sim_thread {
	jmp_buf *out;		/* where a failed check goes; null: print and abort */
	struct pt_gather gather;
	uint32_t locks;		/* held now */
	uint64_t reads_since;	/* sim.events when it entered as a reader, 0: it is none */
	unsigned looks;		/* of judges, one within the other: no other thread comes between */
	bool busy;		/* in an operation that changes tables */
	const void *site;	/* in core, of its last access in a race */
	struct stores stores;	/* that nobody else sees yet */

	uint64_t operation;	/* its number */
	uint64_t accesses;
	uint32_t refused;
	uint32_t freed;		/* tables */
	uint32_t invalidations;
	struct pt_invalidation invalidated; /* the last one */
	const char *not_asked;	/* the deviation for which it has not been done; null: it has */
	struct work work;
};

/* What a thread is about to do, or has done. */
enum sim_event {
	EVENT_LOAD,
	EVENT_STORE,
	EVENT_CMPXCHG,
	EVENT_ALLOC,
	EVENT_FREE,
	EVENT_FLUSH,
	EVENT_INVALIDATE,
	EVENT_READER,
	EVENT_LOCK,
	EVENT_CHANGE_TOP,
	EVENT_DEVICE,
	EVENT_OPERATION, /* begins, or has ended */
	EVENTS,
};

/* Several threads: who goes on, and what to look at while they run. */
struct sim_race {
	void *scheduler;
	/* The thread that runs is about to do this at `place`: others may go first. */
	void (*event)(void *scheduler, enum sim_event what, const volatile void *place);
	/* Others go on until is_ready(arg) says so. */
	void (*wait)(void *scheduler, bool (*is_ready)(void *arg), void *arg);
	/* A device of the thread that runs has changed this item; or null. */
	void (*touched)(void *scheduler, const volatile void *place);
	void *judge;
	/* What hardware can see of a table has just changed: in watch.sights. */
	void (*seen)(void *judge);
	/* A compare-exchange has just succeeded. */
	void (*exchanged)(void *judge);
	/* The thread that runs has just seen this item of a table. */
	void (*loaded)(void *judge, const struct slot *slot, uint64_t item);
	/* Real threads, else null: see sim_take; a reader is inside, or no more; all before have left. */
	void (*take)(void *scheduler);
	void (*give)(void *scheduler);
	void (*reader)(void *scheduler, bool inside);
	void (*grace)(void *scheduler);
};

struct sim {
	struct memory *memory;
	struct hw_device device; /* the entry that a walk starts from */
	struct device dev;	 /* and what is cached of it, and of what it leads to */
	struct watch watch;
	const struct pt_ops *ops;
	const struct foreign *foreign;
	struct pt_host host;	/* of a foreign implementation */
	bool sees_accesses;	/* each store is told by a hook, not found by sim_catch_up() */
	const struct hw_format *hw;
	const struct inv_format *inv;
	const struct pt_ops *encoder; /* who makes commands of invalidations, */
	const struct pt *encodes_for; /* of which table */
	bool caches_not_present;
	uint32_t off;
	struct sim_thread threads[SIM_THREADS];
	struct sim_thread *t;	/* the one that runs */
	struct sim_race *race;	/* what several threads need; null: there is one */
	uint64_t operations;	/* begun since the reset */
	uint64_t events;	/* of unlinking, and of readers: their order */
	uint64_t waited_at;	/* what was unlinked before, no reader can be in */
	uint32_t busy;		/* threads in an operation that changes tables */
	uint32_t syncs;		/* threads in a sync */
	bool top_is_set;	/* init has come so far */
	bool ending;		/* deinit: hardware and readers are gone */
	struct verdict verdict;

	uint32_t refuse_at;	/* refuse the n-th allocation from here, 0: none */
	uint32_t refuse_count;	/* and this many from there on */
	uint32_t refuse_then;	/* and then one, this many after the last of them; 0: none */
	uint64_t allocations;	/* attempts since the reset */

	uint64_t changes;	/* of tables, their number, or the top, by software */
	uint64_t digest;	/* of the run, in order: what core did, and what it returned */

	/* The page table object: the only shared memory outside tables. */
	const void *object;
	size_t object_size;
};

/* Memory behind it, with room for `tables` tables; false without. */
bool sim_create(struct sim *s, uint32_t tables);
void sim_destroy(struct sim *s);
void sim_reset(struct sim *s, const struct sim_config *config);
void sim_begin_operation(struct sim *s);

/* Core's from here to the end of the operation. */
void sim_run_operation(struct sim *s);

/* It has returned: whoever is told so sees what it stored. */
void sim_end_operation(struct sim *s);

/*
 * Where threads really run at once, the machine and its judges are one thread's at a time:
 * hooks take them and give them back, so does each part of the other's between. A thread
 * that has them may take them again.
 */
static inline struct sim *sim_take(void *env)
{
	struct sim *s = env;

	if (s->race && s->race->take)
		s->race->take(s->race->scheduler);
	return s;
}

static inline void sim_give(struct sim *s)
{
	if (s->race && s->race->give)
		s->race->give(s->race->scheduler);
}

/* The item at `at`, of a live table or (slot null) not, was `old`, and has just become v. */
void sim_note_store(struct sim *s, struct slot *slot, uint64_t *at, uint64_t old, uint64_t v);

/* Memory has v at `at`, in a live table or in the page table object. */
void sim_write(struct sim *s, uint64_t *at, uint64_t v, bool relaxed);

/* Something is about to happen that other threads may come before. */
void sim_event(struct sim *s, enum sim_event what, const volatile void *place);

/* A device updates an item of a live table; false when that is `old` no more. */
bool sim_touch(struct sim *s, uint64_t table_pa, uint32_t index, uint64_t old, uint64_t item);

/* A digest that has had v, too. */
/* not mutated: any digest is as good */
static inline uint64_t digest_with(uint64_t digest, uint64_t v)
{
	digest = (digest ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return digest ^ digest >> 32;
}

/* No other thread is in an operation that changes tables. */
static inline bool sim_is_alone(const struct sim *s)
{
	return s->busy == s->t->busy;
}

/*
 * Likewise for a look by a judge: what the operation left in the counts stays. Until it has
 * ended no event of the thread's is one, so that no other comes between.
 */
void sim_begin_look(struct sim *s);
void sim_end_look(struct sim *s);

/* Say no: records the verdict and leaves the run; returns when that check is off. */
__attribute__((format(printf, 3, 4))) void sim_fail(struct sim *s, enum check check,
						    const char *format, ...);
__attribute__((format(printf, 4, 5))) void sim_fail_at(struct sim *s, enum check check,
						       uint64_t iova, const char *format, ...);

/* Likewise where nothing could go on: also when the check is off. */
_Noreturn __attribute__((format(printf, 3, 4))) void sim_stop(struct sim *s, enum check check,
							      const char *format, ...);

/* Leave the run with the verdict that there is. */
_Noreturn void sim_leave(struct sim *s);

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
