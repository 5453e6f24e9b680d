/* What the two halves of walkdiff bench share: of page tables, and of the harness. */
#ifndef WALKDIFF_FUZZ_CMD_BENCH_H
#define WALKDIFF_FUZZ_CMD_BENCH_H

#include <jansson.h>

#include "fuzz/cmd.h"
#include "fuzz/subjects.h"

/* Ends the command when what is measured did not do what it should. */
void must(bool good, const char *what);

/* One row each, printed or (json) appended to `all`; in about so many seconds. */
void bench_harness(const struct format *f, double seconds, json_t *all, bool json);
void bench_races(const struct format *f, double seconds, json_t *all, bool json);
void bench_scheduler(const struct format *f, double seconds, json_t *all, bool json);

#endif
