/* What the files of the judges share. */
#ifndef WALKDIFF_ORACLE_JUDGE_PARTS_H
#define WALKDIFF_ORACLE_JUDGE_PARTS_H

#include "oracle/judge.h"

/* ---- foreign implementations, narrow.c: each notes in sim.t->not_asked what it answers true to ---- */

/* It declares that, or the caller does for it. */
bool deviates(const struct judge *j, enum deviation d);
bool is_not_asked(struct judge *j, enum deviation d);
/* It lacks the operation of this name. */
bool is_left_out(struct judge *j, bool present, const char *operation);
/* What it declares keeps one from asking that, now. */
bool map_is_not_asked(struct judge *j, const struct pt_mapping *m);
bool unmap_is_not_asked(struct judge *j, uint64_t iova, uint64_t len);
bool address_is_not_asked(struct judge *j, uint64_t iova);

/* The result is what it should be, as exactly as is promised. */
bool is_result(const struct judge *j, int got, int want);
/* Of prot, what is asked. */
unsigned asked_prot(const struct judge *j, unsigned prot);
/* A gather holds what it should, and as much is invalidated. */
bool gathers_are_compared(const struct judge *j);
/* In the gather of some thread something waits. */
bool any_gather_waits(const struct judge *j);

/* An operation begins. */
void begin(struct judge *j);

/* ---- gathers, gathered.c ---- */

/* The bit of the level that holds leaves of this size, as in struct pt_invalidation. */
uint8_t leaf_level_bit(const struct judge *j, unsigned size_lg2);

/* Bits of the levels of all leaves that the flat map has in first..last. */
uint8_t leaf_levels(const struct judge *j, uint64_t first, uint64_t last);

/*
 * What the gather must hold when `what` comes to it: a range apart may have been synced
 * first, or, where tables come too (table_levels), what was in a gather that is full.
 */
struct pt_gather predict_gather(struct judge *j, struct pt_gather g, struct pt_invalidation what);

/* The gather is as predicted, or sim_fail(). */
void check_gather(struct judge *j, const struct pt_gather *want, const char *operation);

/* Where hardware caches that nothing is mapped, what map mapped is gathered, too. */
void check_map_gather(struct judge *j, const struct pt_gather *before, const struct pt_mapping *m,
		      uint64_t mapped);

/* ---- the machine ---- */

/* What a flat map has at va, and up to where it goes on like that. */
const struct extent *piece_at(const struct flat *f, uint64_t va, uint64_t *last);

/* What hardware saw during the operation is what was, or is, there: torn.c. */
void check_torn(struct judge *j);

/* This was no more work than the operation needed: work.c. */
void check_work(struct judge *j, const struct work *w);

/* The attributes of a leaf for prot in this configuration; false: cannot be expressed. */
bool promised_attrs(const struct judge *j, unsigned prot, struct hw_attrs *attrs);

/* The errors of map that do not depend on what is mapped, in the order promised; 0: none. */
int predict_map_error(const struct judge *j, const struct pt_mapping *m);

/* One address asked of all three: the flat map, software, hardware. */
void probe(struct judge *j, uint64_t va);

/* All judges after an operation on iova..last. */
void check_after(struct judge *j, uint64_t iova, uint64_t last);

#endif
