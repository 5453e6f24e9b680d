/* What the two halves of walkdiff bench share: of page tables, and of the harness. */
#ifndef WALKDIFF_FUZZ_CMD_BENCH_H
#define WALKDIFF_FUZZ_CMD_BENCH_H

#include <jansson.h>

#include "fuzz/cmd.h"
#include "fuzz/subjects.h"

/* Ends the command when what is measured did not do what it should. */
void must(bool good, const char *what);

/* ---- page tables, cmd_bench.c ---- */

#define ROUNDS 101

enum row { MAP_1, UNMAP_1, MAP_256, UNMAP_256, TRANSLATE, ROWS };

extern const char *const bench_row_names[ROWS];

struct bench {
	const struct pt_ops *ops;
	void *env;
	struct pt *pt;
	unsigned size_lg2;
	uint64_t iova, oa;
};

/* A table of this configuration, with a leaf that keeps its tables; the rows once; its end. */
void bench_begin(struct bench *b, const struct pt_config *config, unsigned index_lg2);
void bench_round(const struct bench *b, double took[ROWS]);
void bench_end(struct bench *b);

/* Of ROUNDS values, which it sorts. */
double bench_median(double *v);

/* ---- with another implementation, cmd_bench_against.c ---- */

struct bench_against {
	double seconds;
	bool harness, json;
};

/* Rows of the page table, or of the harness; false when it has not this format. */
bool bench_against(const struct format *f, struct foreign_object *o, const struct bench_against *a,
		   json_t *all);

/* ---- the harness, cmd_bench_harness.c ---- */

/* One row each, printed or (json) appended to `all`; in about so many seconds. */
void bench_harness(const struct format *f, double seconds, json_t *all, bool json);
void bench_races(const struct format *f, double seconds, json_t *all, bool json);
void bench_scheduler(const struct format *f, double seconds, json_t *all, bool json);

#endif
