/*
 * walkdiff bench: what the page table costs (the harness: cmd_bench_harness.c).
 *
 * Times depend on the machine, so that every figure is also a ratio to something
 * timed in the same rounds: single operations to one dependent load of a pointer
 * chase, calls of 256 leaves to 256 plain atomic stores. Medians over rounds.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd_bench.h"
#include "fuzz/mutate.h"

#define LEAVES 256
#define CHASE_WORDS (1u << 15) /* 256 KiB: like tables, larger than a first-level cache */

/* Keeps results from being optimised away. */
static volatile uint64_t sink;

/* ---- the references ---- */

static uint64_t *chase_words;

/* One random cycle through all words (Sattolo's algorithm). */
static void build_chase(void)
{
	uint64_t state = 1;

	chase_words = malloc(CHASE_WORDS * sizeof(*chase_words));
	if (!chase_words)
		abort();
	for (uint64_t i = 0; i < CHASE_WORDS; i++)
		chase_words[i] = i;
	for (uint64_t i = CHASE_WORDS - 1; i > 0; i--) {
		uint64_t k = next_random(&state) % i, v = chase_words[i];

		chase_words[i] = chase_words[k];
		chase_words[k] = v;
	}
}

static double time_chase(void)
{
	double began = now_seconds();
	uint64_t at = sink % CHASE_WORDS;

	for (unsigned i = 0; i < 4096; i++)
		at = chase_words[at];
	sink = at;
	return (now_seconds() - began) / 4096;
}

static double time_stores(void)
{
	static _Atomic(uint64_t) items[512];
	double began = now_seconds();

	for (unsigned n = 0; n < 16; n++)
		for (unsigned i = 0; i < LEAVES; i++)
			atomic_store_explicit(&items[i], n + i, memory_order_release);
	return (now_seconds() - began) / 16;
}

/* ---- the page table ---- */

const char *const bench_row_names[ROWS] = { "map 1 leaf", "unmap 1 leaf", "map 256 leaves",
					    "unmap 256 leaves", "translate" };

double bench_median(double *v)
{
	for (unsigned i = 1; i < ROUNDS; i++) /* insertion: ROUNDS is small */
		for (unsigned k = i; k && v[k] < v[k - 1]; k--) {
			double t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	return v[ROUNDS / 2];
}

void must(bool good, const char *what)
{
	if (good)
		return;
	complain("bench: %s did not do what it should", what);
	exit(EXIT_UNUSABLE);
}

/* One round: seconds a call of each row. */
void bench_round(const struct bench *b, double took[ROWS])
{
	uint64_t size = UINT64_C(1) << b->size_lg2, mapped = 0, removed = 0, oa = 0, sum = 0;
	struct pt_mapping m = { .iova = b->iova, .oa = b->oa, .len = size,
				.prot = PT_READ | PT_WRITE };
	struct pt_gather gather = PT_GATHER_EMPTY;
	double t[ROWS + 1];

	t[MAP_1] = now_seconds();
	for (unsigned i = 0; i < LEAVES; i++, m.iova += size, m.oa += size) {
		b->ops->map(b->pt, &m, &gather, &mapped);
		sum += mapped;
	}
	t[UNMAP_1] = now_seconds();
	for (unsigned i = 0; i < LEAVES; i++)
		removed += b->ops->unmap(b->pt, b->iova + i * size, size, &gather);
	must(sum == LEAVES * size && removed == sum, "map and unmap of 1 leaf");
	m = (struct pt_mapping){ b->iova, b->oa, LEAVES * size, PT_READ | PT_WRITE };
	t[MAP_256] = now_seconds();
	b->ops->map(b->pt, &m, &gather, &mapped);
	t[TRANSLATE] = now_seconds();
	for (unsigned i = 0; i < LEAVES; i++) {
		b->ops->translate(b->pt, b->iova + ((i * 37 + (sum & 1)) % LEAVES) * size, &oa);
		sum += oa;
	}
	sink = sum;
	t[UNMAP_256] = now_seconds();
	removed = b->ops->unmap(b->pt, b->iova, LEAVES * size, &gather);
	t[ROWS] = now_seconds();
	must(mapped == LEAVES * size && removed == mapped, "map and unmap of 256 leaves");
	took[MAP_1] = (t[UNMAP_1] - t[MAP_1]) / LEAVES;
	took[UNMAP_1] = (t[MAP_256] - t[UNMAP_1]) / LEAVES;
	took[MAP_256] = t[TRANSLATE] - t[MAP_256];
	took[TRANSLATE] = (t[UNMAP_256] - t[TRANSLATE]) / LEAVES;
	took[UNMAP_256] = t[ROWS] - t[UNMAP_256];
	b->ops->sync(b->pt, &gather);
}

void bench_begin(struct bench *b, const struct pt_config *config, unsigned index_lg2)
{
	uint64_t size = UINT64_C(1) << b->size_lg2, mapped;
	struct pt_gather gather = PT_GATHER_EMPTY;
	struct pt_mapping keeper = { .len = size, .prot = PT_READ };

	b->pt = aligned_alloc(64, (b->ops->size + 63) & ~(size_t)63);
	must(b->pt && !b->ops->init(b->pt, config, b->env), "init");
	/* A leaf beside the others keeps the tables: the cost of making them is not measured. */
	keeper.iova = (size << index_lg2) - size;
	must(b->ops->map(b->pt, &keeper, &gather, &mapped) == 0, "map");
	b->ops->sync(b->pt, &gather);
}

void bench_end(struct bench *b)
{
	b->ops->deinit(b->pt);
	free(b->pt);
}

struct result {
	double seconds[ROWS];
	double ratio[ROWS];
	double chase, stores;
};

static void measure(const struct bench *b, struct result *r)
{
	static double took[ROWS + 2][ROUNDS];

	for (unsigned n = 0; n < ROUNDS; n++) {
		double once[ROWS];

		bench_round(b, once);
		for (unsigned i = 0; i < ROWS; i++)
			took[i][n] = once[i];
		took[ROWS][n] = time_chase();
		took[ROWS + 1][n] = time_stores();
	}
	r->chase = bench_median(took[ROWS]);
	r->stores = bench_median(took[ROWS + 1]);
	for (unsigned i = 0; i < ROWS; i++) {
		bool many = i == MAP_256 || i == UNMAP_256;

		r->seconds[i] = bench_median(took[i]);
		r->ratio[i] = r->seconds[i] / (many ? r->stores : r->chase);
	}
}

/* Rows of one format and one leaf size. */
static struct result bench_size(const struct format *f, unsigned level, json_t *all, bool json)
{
	const struct hw_format *hw = f->subject.hw;
	struct bench b = { .ops = f->fast, .size_lg2 = hw_item_lg2(hw, level) };
	struct pt_config config = f->fast->variants[0].config;
	struct result r = { .chase = 0 };

	/* Only this size, so that 256 leaves are 256 items. */
	config.pgsize_bitmap = UINT64_C(1) << b.size_lg2;
	bench_begin(&b, &config, hw->index_lg2);
	measure(&b, &r);
	bench_end(&b);
	for (unsigned i = 0; i < ROWS; i++) {
		bool many = i == MAP_256 || i == UNMAP_256;

		if (json)
			json_array_append_new(all, json_pack("{s:s, s:i, s:s, s:f, s:f, s:s}", "format",
							     f->name, "leaf_lg2", b.size_lg2, "row",
							     bench_row_names[i], "ns", r.seconds[i] * 1e9,
							     "ratio", r.ratio[i], "to",
							     many ? "stores" : "load"));
		else
			printf("%-12s 2^%-3u %-18s %9.1f ns %7.2f x %s\n", f->name, b.size_lg2,
			       bench_row_names[i], r.seconds[i] * 1e9, r.ratio[i],
			       many ? "256 atomic stores" : "one dependent load");
	}
	return r;
}

struct options {
	const char *format, *against;
	struct foreign_object object; /* what --against has loaded */
	double seconds;
	bool json, harness;
};

static const struct argp_option option_list[] = {
	{ "format", 'f', "FORMAT", 0, "only this one", 0 },
	{ "seconds", 's', "S", 0, "for each row of the harness (default 1)", 0 },
	{ "json", 'j', NULL, 0, "print JSON", 0 },
	{ "harness", 'H', NULL, 0, "only the rows of the harness", 0 },
	{ "against", 'a', "FILE", 0,
	  "beside this shared object (docs/FOREIGN.md), pair by pair; the ratio is of our time to its", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char error[512];

	switch (key) {
	case 'f':
		o->format = arg;
		return 0;
	case 's':
		o->seconds = strtod(arg, NULL);
		if (!(o->seconds > 0))
			argp_error(state, "--seconds: '%s' is no number above 0", arg);
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'H':
		o->harness = true;
		return 0;
	case 'a':
		o->against = arg;
		if (foreign_load(&o->object, arg, error, sizeof(error)))
			return 0;
		complain("%s: %s", arg, error);
		exit(EXIT_UNUSABLE);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = { option_list, parse, NULL,
				  "Measure the page table (the fast world) and the harness. Build it "
				  "in mode fast: make bench.",
				  NULL, NULL, NULL };

int cmd_bench(int argc, char **argv)
{
	struct options o = { .seconds = 1 };
	json_t *all = json_array();
	struct result last = { .chase = 0 };
	unsigned done = 0;

	parse_options(&argp, argc, argv, &o, NULL);
	build_chase();
	for (unsigned i = 0; i < nr_formats && o.against; i++)
		if (!o.format || !strcmp(o.format, formats[i].name))
			done += bench_against(&formats[i], &o.object,
					      &(struct bench_against){ o.seconds, o.harness, o.json }, all);
	if (o.against && done && !o.json && !o.harness)
		printf("Medians of %d rounds; beside %s: ours, theirs, ours to theirs\n", ROUNDS,
		       o.object.module->name);
	for (unsigned i = 0; i < nr_formats; i++) {
		const struct hw_format *hw = formats[i].subject.hw;

		if (o.against || (o.format && strcmp(o.format, formats[i].name)))
			continue;
		done++;
		/* A table must hold 256 leaves and one more. */
		for (unsigned level = 0; level < 3 && hw->index_lg2 > 8 && !o.harness; level++)
			last = bench_size(&formats[i], level, all, o.json);
		bench_harness(&formats[i], o.seconds, all, o.json);
		bench_races(&formats[i], o.seconds, all, o.json);
	}
	if (done && !o.against)
		bench_scheduler(&formats[0], o.seconds, all, o.json);
	if (o.json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (last.chase > 0) {
		printf("Medians of %d rounds. In the last rows' rounds a dependent load took %.2f ns, "
		       "256 atomic stores %.1f ns\n",
		       ROUNDS, last.chase * 1e9, last.stores * 1e9);
	}
	json_decref(all);
	free(chase_words);
	if (!done) {
		complain("%s%sno format '%s'; walkdiff formats lists them", o.against ? o.against : "",
			 o.against ? ": " : "", o.format ? o.format : "of ours");
		return EXIT_UNUSABLE;
	}
	return EXIT_AGREED;
}
