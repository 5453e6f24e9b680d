/*
 * walkdiff exhaust: every sequence of operations on a format with few addresses.
 *
 * Operations are drawn from an alphabet. Two sequences that leave the same tables,
 * the same gather and the same refusals have the same future, so that the search
 * goes breadth first over states, each kept once with the operation that led to it:
 *
 *      state 0 --map--> state 1 --unmap--> state 7      (path of 7: map, unmap)
 *         |                \--map--> state 8
 *
 * When no operation leads to a new state any more, every sequence of any length
 * agrees with all judges; else every sequence up to the depth that was reached.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/cmd.h"
#include "fuzz/report.h"
#include "fuzz/subjects.h"

/* At most this many smallest leaves in the aperture. */
#define MAX_LEAVES 8
#define MAX_DEPTH 64

/* What the alphabet holds beside map and unmap of every range, and every cut. */
struct alphabet {
	const char *name;
	uint8_t vasz_less;	  /* aperture smaller than the variant's by this many doublings */
	uint64_t features;	  /* added to the variant's */
	bool gathers;		  /* sync is an operation of its own, else it follows what gathers */
	bool refuses;		  /* refuse the first or the second allocation */
	unsigned prots[2];	  /* 0: no second */
};

static const struct alphabet alphabets[] = {
	{ .name = "all ranges", .prots = { PT_READ | PT_WRITE } },
	{ .name = "all ranges, past the caches, with absence cached and levels told",
	  .features = PT_DMA_INCOHERENT | PT_NP_CACHE | PT_DETAILED_GATHER,
	  .prots = { PT_READ | PT_WRITE } },
	{ .name = "half the aperture, sync and refusals apart, two permissions",
	  .vasz_less = 1,
	  .gathers = true,
	  .refuses = true,
	  .prots = { PT_READ, PT_READ | PT_WRITE } },
};

#define NR_ALPHABETS (sizeof(alphabets) / sizeof(alphabets[0]))

struct state {
	uint64_t hash;
	uint32_t parent;
	uint16_t op;
	uint16_t depth;
};

struct search {
	struct judge *judge;
	struct program program; /* target, subject, config; ops is the alphabet */
	bool gathers;
	struct state *states;
	size_t nr, cap;
	uint32_t *table; /* hash of states, index + 1 */
	size_t places;
	uint64_t transitions;
	volatile uint32_t at_state; /* what runs now, for a report */
	volatile uint16_t at_op;
};

static void *grow(void *p, size_t bytes)
{
	void *grown = realloc(p, bytes);

	if (!grown) {
		complain("out of memory");
		exit(EXIT_UNUSABLE);
	}
	return grown;
}

/* ---- the alphabet ---- */

static void add_op(struct search *s, struct op op)
{
	program_insert(&s->program, s->program.nr, &op);
}

static void build_alphabet(struct search *s, const struct alphabet *a)
{
	uint64_t sizes = judge_sizes(s->program.subject.hw, &s->program.config);
	uint64_t page = sizes & -sizes, pages = (UINT64_C(1) << s->program.config.vasz_lg2) / page;

	s->program.nr = 0;
	for (uint64_t first = 0; first < pages; first++)
		for (uint64_t n = 1; first + n <= pages; n++) {
			uint64_t iova = first * page, len = n * page;

			add_op(s, (struct op){ .kind = OP_UNMAP, .args = { iova, len } });
			/* OAs that let large leaves fit, and OAs that do not. */
			for (uint64_t shift = 0; shift < 2; shift++)
				for (unsigned i = 0; i < 2 && a->prots[i]; i++)
					add_op(s, (struct op){ .kind = OP_MAP,
							       .prot = (uint8_t)a->prots[i],
							       .args = { iova,
									 iova + shift * page +
										 pages * page,
									 len } });
		}
	for (uint64_t at = 1; at < pages; at++)
		add_op(s, (struct op){ .kind = OP_CUT, .args = { at * page } });
	if (a->gathers)
		add_op(s, (struct op){ .kind = OP_SYNC });
	for (uint64_t n = 1; a->refuses && n <= 2; n++)
		add_op(s, (struct op){ .kind = OP_REFUSE, .args = { n, 1 } });
}

/* ---- states ---- */

static uint64_t hash_word(uint64_t h, uint64_t v)
{
	v = (h ^ v) * UINT64_C(0xff51afd7ed558ccd);
	return v ^ v >> 32;
}

/*
 * The tables without their PAs: what hardware enumerates, level by level, is all
 * that later operations can depend on, with the gather and the refusal to come.
 */
static uint64_t hash_state(const struct judge *j)
{
	uint64_t h = hash_word(j->map.nr_tables, j->sim.device.level);

	for (size_t i = 0; i < j->map.nr_tables; i++)
		h = hash_word(hash_word(h, j->map.tables[i].va), j->map.tables[i].level);
	for (size_t i = 0; i < j->map.nr_leaves; i++) {
		const struct hw_leaf *l = &j->map.leaves[i];

		h = hash_word(hash_word(h, l->va), l->item.address);
		h = hash_word(h, (uint64_t)l->item.size_lg2 << 8 | l->item.attrs.write);
	}
	h = hash_word(hash_word(h, j->sim.t->gather.first), j->sim.t->gather.last);
	h = hash_word(h, (uint64_t)j->sim.t->gather.leaf_levels << 8 | j->sim.t->gather.table_levels);
	return hash_word(h, (uint64_t)j->sim.refuse_at << 8 | (j->sim.t->gather.tables != 0));
}

/* True when the state is new; then it is kept. */
static bool keep_state(struct search *s, uint64_t hash, uint32_t parent, uint16_t op,
		       uint16_t depth)
{
	size_t at;

	if (2 * (s->nr + 1) > s->places) {
		s->places = s->places ? 2 * s->places : 1024;
		s->table = grow(s->table, s->places * sizeof(*s->table));
		memset(s->table, 0, s->places * sizeof(*s->table));
		for (size_t i = 0; i < s->nr; i++) {
			at = s->states[i].hash % s->places;
			while (s->table[at])
				at = (at + 1) % s->places;
			s->table[at] = (uint32_t)i + 1;
		}
	}
	for (at = hash % s->places; s->table[at]; at = (at + 1) % s->places)
		if (s->states[s->table[at] - 1].hash == hash)
			return false;
	if (s->nr == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1024;
		s->states = grow(s->states, s->cap * sizeof(*s->states));
	}
	s->table[at] = (uint32_t)s->nr + 1;
	s->states[s->nr++] = (struct state){ hash, parent, op, depth };
	return true;
}

/* ---- the search ---- */

/* The operations that lead to a state, in order; returns how many. */
static unsigned path_to(const struct search *s, uint32_t state, uint16_t path[MAX_DEPTH])
{
	unsigned nr = s->states[state].depth;

	for (unsigned i = nr; i--; state = s->states[state].parent)
		path[i] = s->states[state].op;
	return nr;
}

/* An operation that gathers, where sync is none of its own. */
static bool syncs_after(const struct search *s, const struct op *op)
{
	bool map_gathers = s->program.config.features & PT_NP_CACHE;

	return !s->gathers && (op->kind == OP_UNMAP || op->kind == OP_CUT ||
			       (op->kind == OP_MAP && map_gathers));
}

/* Do an operation again that was judged before: only its effects. */
static void redo(struct search *s, const struct op *op)
{
	struct judge *j = s->judge;
	const uint64_t *a = op->args;
	struct pt_mapping m = { .iova = a[0], .oa = a[1], .len = a[2], .prot = op->prot };
	struct flat_mapping fm = { .iova = a[0], .oa = a[1], .len = a[2], .prot = op->prot };
	uint64_t mapped, leaf_va;

	sim_begin_operation(&j->sim);
	switch (op->kind) {
	case OP_MAP:
		j->subject.ops->map(j->pt, &m, &j->sim.t->gather, &mapped);
		flat_map(&j->flat, &fm, mapped, j->leaves);
		break;
	case OP_UNMAP:
		j->subject.ops->unmap(j->pt, a[0], a[1], &j->sim.t->gather);
		flat_unmap(&j->flat, a[0], a[1]);
		break;
	case OP_CUT:
		if (!j->subject.ops->cut(j->pt, a[0], &j->sim.t->gather) &&
		    flat_find(&j->flat, a[0], &leaf_va) && leaf_va != a[0])
			flat_cut(&j->flat, a[0]);
		break;
	case OP_SYNC:
		j->subject.ops->sync(j->pt, &j->sim.t->gather);
		break;
	default:
		j->sim.refuse_at = (uint32_t)a[0];
		j->sim.refuse_count = 1;
	}
	if (syncs_after(s, op)) {
		sim_begin_operation(&j->sim);
		j->subject.ops->sync(j->pt, &j->sim.t->gather);
	}
}

static void judge_op(struct search *s, const struct op *op)
{
	struct judge *j = s->judge;
	const uint64_t *a = op->args;
	struct pt_mapping m = { .iova = a[0], .oa = a[1], .len = a[2], .prot = op->prot };
	uint64_t mapped;

	switch (op->kind) {
	case OP_MAP:
		judge_map(j, &m, &mapped);
		break;
	case OP_UNMAP:
		judge_unmap(j, a[0], a[1]);
		break;
	case OP_CUT:
		judge_cut(j, a[0]);
		break;
	case OP_SYNC:
		judge_sync(j);
		break;
	default:
		redo(s, op);
		judge_state(j);
	}
	if (syncs_after(s, op))
		judge_sync(j);
}

static void restart(struct search *s, const uint16_t *path, unsigned nr)
{
	const struct program *p = &s->program;
	struct judge *j = s->judge;
	jmp_buf *out = j->sim.t->out;

	judge_reset(j, &p->subject, &p->config, &p->memory);
	j->sim.t->out = out;
	sim_begin_operation(&j->sim);
	j->subject.ops->init(j->pt, &j->config, judge_env(j));
	j->ready = true;
	for (unsigned i = 0; i < nr; i++)
		redo(s, &p->ops[path[i]]);
}

/* Every operation of the alphabet, from one state on. */
static void expand(struct search *s, uint32_t state)
{
	uint16_t path[MAX_DEPTH], depth = s->states[state].depth;
	unsigned nr = path_to(s, state, path);

	for (uint16_t op = 0; op < s->program.nr; op++) {
		s->at_state = state;
		s->at_op = op;
		restart(s, path, nr);
		judge_op(s, &s->program.ops[op]);
		s->transitions++;
		keep_state(s, hash_state(s->judge), state, op, (uint16_t)(depth + 1));
	}
}

/* The sequence that failed, as a program of its own, run again with its report. */
static void report(struct search *s)
{
	struct program p = s->program;
	struct history history = { 0 };
	struct run_options options = { .observer = history_observer, .ctx = &history };
	uint16_t path[MAX_DEPTH];
	unsigned nr = path_to(s, s->at_state, path);
	struct op sync = { .kind = OP_SYNC };
	struct run run;

	p.ops = NULL;
	p.nr = p.cap = 0;
	for (unsigned i = 0; i <= nr; i++) {
		const struct op *op = &s->program.ops[i < nr ? path[i] : s->at_op];

		program_insert(&p, p.nr, op);
		if (syncs_after(s, op))
			program_insert(&p, p.nr, &sync);
	}
	run = run_program(s->judge, &p, &options);
	print_report(s->judge, &p, &run, &history, NULL, stdout);
	history_free(&history);
	program_free(&p);
}

/* False when a judge says no. */
static bool search_all(struct search *s, unsigned max_depth)
{
	bool shows = isatty(2);
	jmp_buf out;

	s->judge->sim.t->out = &out;
	if (setjmp(out)) {
		s->judge->sim.t->out = NULL;
		report(s);
		return false;
	}
	restart(s, NULL, 0);
	judge_state(s->judge);
	keep_state(s, hash_state(s->judge), 0, 0, 0);
	for (uint32_t state = 0; state < s->nr && s->states[state].depth < max_depth; state++) {
		expand(s, state);
		if (shows && state % 1024 == 0)
			fprintf(stderr, "\rdepth %u, %zu states, %" PRIu64 " operations judged",
				s->states[state].depth, s->nr, s->transitions);
	}
	if (shows)
		fputs("\r\033[K", stderr);
	s->judge->sim.t->out = NULL;
	return true;
}

/* One variant of one format with one alphabet; false when a judge says no. */
static bool exhaust(struct search *s, const struct format *f, const struct pt_variant *v,
		    const struct alphabet *a, unsigned max_depth)
{
	double began = now_seconds();
	unsigned depth;
	bool good;

	s->program.subject = f->subject;
	s->program.config = v->config;
	s->program.memory = (struct memory_config){ .tables = 64 };
	s->program.config.features |= a->features;
	s->program.config.vasz_lg2 = (uint8_t)(v->config.vasz_lg2 - a->vasz_less);
	s->gathers = a->gathers;
	s->nr = s->places = 0;
	s->transitions = 0;
	build_alphabet(s, a);
	good = search_all(s, max_depth);
	if (!good)
		return false;
	depth = s->states[s->nr - 1].depth;
	printf("%s %s, %s: %zu operations, %zu states, %" PRIu64 " steps judged in %.1f s: ",
	       f->name, v->name, a->name, s->program.nr, s->nr, s->transitions,
	       now_seconds() - began);
	if (depth < max_depth)
		printf("every sequence of any length agrees (closed at %u)\n", depth);
	else
		printf("every sequence of up to %u agrees\n", max_depth);
	return true;
}

struct options {
	const char *format;
	unsigned depth;
};

static const struct argp_option option_list[] = {
	{ "format", 'f', "FORMAT", 0, "only this one (default: all that are small enough)", 0 },
	{ "depth", 'd', "N", 0, "sequences of up to N operations (default 40, at most 64)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char *end;

	switch (key) {
	case 'f':
		o->format = arg;
		return 0;
	case 'd':
		o->depth = (unsigned)strtoul(arg, &end, 10);
		if (*end || o->depth < 1 || o->depth > MAX_DEPTH)
			argp_error(state, "--depth: a number from 1 to %d", MAX_DEPTH);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, NULL,
	"Try every sequence of operations on formats with an aperture of at most 8 leaves.", NULL,
	NULL, NULL
};

int cmd_exhaust(int argc, char **argv)
{
	struct options o = { .depth = 40 };
	struct search s = { .judge = judge_create(64) };
	unsigned tried = 0;
	bool good = true;

	parse_options(&argp, argc, argv, &o, NULL);
	for (unsigned i = 0; s.judge && i < nr_formats; i++) {
		const struct format *f = &formats[i];
		const struct hw_format *hw = f->subject.hw;
		const struct pt_ops *ops = f->subject.ops;

		if ((o.format && strcmp(o.format, f->name)) ||
		    UINT64_C(1) << (hw->max_vasz_lg2 - 1) >> hw->granule_lg2 > MAX_LEAVES / 2)
			continue;
		if (f->subject.foreign &&
		    (f->subject.foreign->deviates || f->subject.foreign->off || !ops->cut)) {
			complain("%s: exhaust is for implementations that promise everything",
				 f->subject.foreign->name);
			break;
		}
		for (unsigned v = 0; good && v < ops->nr_variants; v++)
			for (unsigned a = 0; good && a < NR_ALPHABETS; a++, tried++)
				good = exhaust(&s, f, &ops->variants[v], &alphabets[a], o.depth);
	}
	free(s.states);
	free(s.table);
	program_free(&s.program);
	judge_destroy(s.judge);
	if (!tried) {
		complain("tried no format '%s' that is small enough", o.format ? o.format : "");
		return EXIT_UNUSABLE;
	}
	return good ? EXIT_AGREED : EXIT_JUDGED;
}
