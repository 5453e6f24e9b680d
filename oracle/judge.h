/*
 * The judges: each operation is done through pt_ops, and everything it left behind
 * is compared with the flat map and with what hardware walks. An operation that
 * fails a check leaves by sim_fail().
 */
#ifndef WALKDIFF_ORACLE_JUDGE_H
#define WALKDIFF_ORACLE_JUDGE_H

#include "core/pt.h"
#include "oracle/flat.h"
#include "oracle/race.h"
#include "oracle/sim.h"

/* What is judged: an implementation, and the hardware it is for. */
struct subject {
	const struct pt_ops *ops;
	const struct hw_format *hw;
	const struct inv_format *inv; /* of the architecture whose commands ops encodes */
	const struct foreign *foreign; /* kept until the next reset; null: one of ours, compiled against the simulator */
};

/* A page table, its machine, and what should be in it. */
struct judge {
	/* Set by the caller, for the resets to come: */
	unsigned device_flags;	 /* enum device_flag */
	uint32_t off;		 /* checks that say nothing: CHECK_BIT of each */
	uint32_t deviates;	 /* a bit of enum deviation each, beside those of the implementation */

	struct subject subject;
	struct pt_config config; /* as the implementation takes it */
	struct sim sim;
	struct flat flat;
	struct hw_map map;	 /* the last enumeration */
	struct pt *pt;
	size_t pt_size;
	struct pt *encoder;	 /* foreign.own's, for its commands alone; null: not needed */
	bool ready;		 /* init succeeded, deinit has not run */
	bool thorough;		 /* enumerate the whole table after every operation */
	bool judged;		 /* all agreed when these were so: */
	uint64_t judged_tables, judged_flat, judged_gather;
	struct dirty_room {	 /* of each thread: a bitmap, and what should be in it */
		uint64_t *words, *want;
		void *cleaned;
	} dirty[SIM_THREADS];
	struct race race;
	uint64_t peak_bytes;	 /* mapped at once */
	uint64_t leaves[64];	 /* mapped in all, by size_lg2 */
	uint64_t operations;
};

/* The largest bitmap that judge_read_dirty is given. */
#define JUDGE_MAX_BITS 4096 /* not mutated: a choice */

/* The running thread's. */
static inline struct dirty_room *judge_dirty_room(struct judge *j)
{
	return &j->dirty[j->sim.t - j->sim.threads];
}

/* A judge with room for `tables` tables; null without memory. */
struct judge *judge_create(uint32_t tables);
void judge_destroy(struct judge *j);

/* Forget the last run. */
void judge_reset(struct judge *j, const struct subject *subject, const struct pt_config *config,
		 const struct memory_config *memory);

/* The env of init: the machine, in the form that the implementation knows. */
void *judge_env(struct judge *j);

/*
 * The operations. Each returns what the operation returned, once all judges agree;
 * what the implementation's deviations say is not to be asked of it is not done, and named in
 * sim.t->not_asked.
 */
int judge_init(struct judge *j);
int judge_map(struct judge *j, const struct pt_mapping *m, uint64_t *mapped);
uint64_t judge_unmap(struct judge *j, uint64_t iova, uint64_t len);
bool judge_translate(struct judge *j, uint64_t iova, uint64_t *oa);
enum hw_fault judge_dma(struct judge *j, uint64_t iova, enum hw_access access, uint64_t *oa);
int judge_read_dirty(struct judge *j, uint64_t iova, uint64_t len, unsigned flags,
		     const struct pt_bitmap *bitmap);
int judge_set_dirty(struct judge *j, uint64_t iova);
int judge_cut(struct judge *j, uint64_t iova);
void judge_sync(struct judge *j);
void judge_deinit(struct judge *j);

/* A cache lets go of the line, or the translation, of iova. */
void judge_evict(struct judge *j, uint64_t iova);

/* The whole table against the flat map and the ledger. */
void judge_state(struct judge *j);

/* The device as a configuration sets it up, without a root. */
struct hw_device judge_device(const struct pt_config *c);

/* What init must return for a configuration, when no memory is refused. */
int judge_predict_init(const struct hw_format *hw, const struct pt_config *c);

/* Features that a table for this hardware can have. */
uint64_t judge_features(const struct hw_format *hw);

/* Leaf sizes (bytes, a bit each) that a configuration leaves to map. */
uint64_t judge_sizes(const struct hw_format *hw, const struct pt_config *c);

#endif
