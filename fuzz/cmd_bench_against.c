/*
 * walkdiff bench --against: two implementations pair by pair in one run. In each round both do
 * the same, by turns first and second, so that what else the machine does meets both.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd_bench.h"
#include "fuzz/mutate.h"

/* ---- a machine where only the page table costs anything ---- */

static void *host_alloc(void *ctx, size_t size, uint64_t *pa)
{
	void *table = aligned_alloc(size < 4096 ? 4096 : size, size < 4096 ? 4096 : size);

	(void)ctx;
	if (table)
		memset(table, 0, size);
	*pa = (uint64_t)(uintptr_t)table;
	return table;
}

static void host_free(void *ctx, uint64_t pa, size_t size)
{
	(void)ctx;
	(void)size;
	free((void *)(uintptr_t)pa);
}

static void *host_table(void *ctx, uint64_t pa)
{
	(void)ctx;
	return (void *)(uintptr_t)pa;
}

static uint64_t host_pa(void *ctx, const void *place)
{
	(void)ctx;
	return (uint64_t)(uintptr_t)place;
}

static void host_invalidate(void *ctx, const struct pt_invalidation *inv)
{
	(void)ctx;
	(void)inv;
}

static void host_flush(void *ctx, const void *first, size_t bytes)
{
	(void)ctx;
	(void)first;
	(void)bytes;
}

static void host_change_top(void *ctx, uint64_t pa, unsigned level)
{
	(void)ctx;
	(void)pa;
	(void)level;
}

static void host_lock(void *ctx, struct pt_host_lock *lock)
{
	(void)ctx;
	lock->held = true;
}

static void host_unlock(void *ctx, struct pt_host_lock *lock)
{
	(void)ctx;
	lock->held = false;
}

static void host_nothing(void *ctx)
{
	(void)ctx;
}

static void host_fail(void *ctx, const char *what)
{
	(void)ctx;
	complain("bench: the implementation finds itself in error: %s", what);
	exit(EXIT_JUDGED);
}

static uint64_t host_load(void *ctx, const void *item)
{
	(void)ctx;
	return __atomic_load_n((const uint64_t *)item, __ATOMIC_ACQUIRE);
}

static void host_store(void *ctx, void *item, uint64_t v)
{
	(void)ctx;
	__atomic_store_n((uint64_t *)item, v, __ATOMIC_RELEASE);
}

static bool host_cmpxchg(void *ctx, void *item, uint64_t *old, uint64_t v)
{
	(void)ctx;
	return __atomic_compare_exchange_n((uint64_t *)item, old, v, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static const struct pt_host host = {
	.version = PT_ABI_VERSION, .size = sizeof(host), .table_alloc = host_alloc,
	.table_free = host_free, .table = host_table, .pa = host_pa, .invalidate = host_invalidate,
	.flush = host_flush, .change_top = host_change_top, .lock = host_lock, .unlock = host_unlock,
	.reader_enter = host_nothing, .reader_exit = host_nothing, .wait_for_readers = host_nothing,
	.load = host_load, .load_relaxed = host_load, .store = host_store,
	.store_relaxed = host_store, .cmpxchg = host_cmpxchg, .cmpxchg_relaxed = host_cmpxchg,
	.barrier = host_nothing, .fail = host_fail, .linear = true,
};

/* ---- page tables ---- */

/* The first variant that both take as it is, or as the other fits it. */
static bool common_config(const struct format *f, const struct pt_ops *other, uint64_t size,
			  struct pt_config *config)
{
	for (unsigned i = 0; i < f->fast->nr_variants; i++) {
		*config = f->fast->variants[i].config;
		config->pgsize_bitmap = size;
		if (other->fit)
			other->fit(config);
		if (config->pgsize_bitmap == size && !judge_predict_init(f->subject.hw, config))
			return true;
	}
	return false;
}

static void print_pair(const struct format *f, const struct bench *b, const char *row, double ours,
		       double theirs, json_t *all, bool json)
{
	if (json)
		json_array_append_new(all, json_pack("{s:s, s:i, s:s, s:f, s:f, s:f}", "format", f->name,
						     "leaf_lg2", b->size_lg2, "row", row, "ns", ours * 1e9,
						     "other_ns", theirs * 1e9, "ratio", ours / theirs));
	else
		printf("%-14s 2^%-3u %-18s %9.1f ns %9.1f ns %6.2f%s\n", f->name, b->size_lg2, row,
		       ours * 1e9, theirs * 1e9, ours / theirs, ours > theirs ? "  slower" : "");
}

static void bench_pair(const struct format *f, const struct pt_ops *other, unsigned level,
		       json_t *all, bool json)
{
	static double took[2][ROWS][ROUNDS];
	unsigned size_lg2 = hw_item_lg2(f->subject.hw, level);
	struct bench b[2] = { { .ops = f->fast, .size_lg2 = size_lg2 },
			      { .ops = other, .size_lg2 = size_lg2, .env = (void *)(uintptr_t)&host } };
	struct pt_config config;

	if (!common_config(f, other, UINT64_C(1) << size_lg2, &config)) {
		if (!json)
			printf("%-14s 2^%-3u no configuration that both take\n", f->name, size_lg2);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		bench_begin(&b[i], &config, f->subject.hw->index_lg2);
	for (unsigned n = 0; n < ROUNDS; n++)
		for (unsigned i = 0; i < 2; i++) {
			double once[ROWS];

			bench_round(&b[(n + i) % 2], once);
			for (unsigned row = 0; row < ROWS; row++)
				took[(n + i) % 2][row][n] = once[row];
		}
	for (unsigned i = 0; i < 2; i++)
		bench_end(&b[i]);
	for (unsigned row = 0; row < ROWS; row++)
		print_pair(f, &b[0], bench_row_names[row], bench_median(took[0][row]),
			   bench_median(took[1][row]), all, json);
}

/* ---- the harness ---- */

static double timed_run(struct judge *judge, const struct program *p, const struct subject *s)
{
	struct program mine = *p;
	double began = now_seconds();

	mine.subject = *s;
	run_program(judge, &mine, NULL);
	return now_seconds() - began;
}

/* The same programs on both, judged: how many in a second. */
static void bench_programs(const struct format *f, const struct subject *other, double seconds,
			   json_t *all, bool json)
{
	struct judge *judge = judge_create(4096);
	struct program p = { .target = TARGET_OPS, .subject = f->own };
	uint64_t programs = 0;
	double spent[2] = { 0, 0 };
	uint8_t none = 0;

	must(judge != NULL, "the arena");
	for (; spent[0] < seconds; programs++) {
		if (programs % 64 == 0)
			program_decode(&p, &none, 0);
		mutate_program(&p, programs, 32);
		for (unsigned i = 0; i < 2; i++)
			spent[(programs + i) % 2] +=
				timed_run(judge, &p, (programs + i) % 2 ? other : &f->own);
	}
	if (json)
		json_array_append_new(all, json_pack("{s:s, s:s, s:f, s:f, s:f}", "format", f->name, "row",
						     "ops", "programs_per_second",
						     (double)programs / spent[0],
						     "other_programs_per_second",
						     (double)programs / spent[1], "ratio",
						     spent[0] / spent[1]));
	else
		printf("%-14s target ops: ours %9.0f programs/s, theirs %9.0f, %.3f of ours\n", f->name,
		       (double)programs / spent[0], (double)programs / spent[1], spent[0] / spent[1]);
	program_free(&p);
	judge_destroy(judge);
}

bool bench_against(const struct format *f, struct foreign_object *o, const struct bench_against *a,
		   json_t *all)
{
	struct subject other = f->own;

	if (!foreign_replace(o, f->name, f->fast, &other))
		return false;
	/* A table must hold 256 leaves and one more. */
	for (unsigned level = 0; level < 3 && other.hw->index_lg2 > 8 && !a->harness; level++)
		bench_pair(f, other.ops, level, all, a->json);
	if (a->harness)
		bench_programs(f, &other, a->seconds, all, a->json);
	return true;
}
