/* What the judges' own files share: predict.c, state.c, judge.c. */
#ifndef WALKDIFF_ORACLE_JUDGE_PARTS_H
#define WALKDIFF_ORACLE_JUDGE_PARTS_H

#include "oracle/judge.h"

/* The attributes of a leaf for prot in this configuration; false: cannot be expressed. */
bool promised_attrs(const struct judge *j, unsigned prot, struct hw_attrs *attrs);

/* The errors of map that do not depend on what is mapped, in the order promised; 0: none. */
int predict_map_error(const struct judge *j, const struct pt_mapping *m);

/* One address asked of all three: the flat map, software, hardware. */
void probe(struct judge *j, uint64_t va);

/* All judges after an operation on iova..last. */
void check_after(struct judge *j, uint64_t iova, uint64_t last);

#endif
