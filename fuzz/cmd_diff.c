/*
 * walkdiff diff: one program on two implementations. Results, and what hardware walks after
 * each operation, are compared; both are judged as well. What differs is said even where all
 * judges agree with both.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/cmd.h"
#include "fuzz/mutate.h"
#include "fuzz/report.h"
#include "fuzz/subjects.h"

#define SIDES 2
#define TABLES 64 /* the machine of each; one that is full ends the comparison */

/* An implementation, and what it did. */
struct side {
	const char *name;
	struct pt_ops ops; /* less those that the other lacks */
	struct subject subject;
	uint32_t deviates; /* a bit of enum deviation each; the other's are its judge's */
	struct judge *judge;
	struct history history;
	uint64_t *states;  /* of the tables, after init and after each operation */
	size_t nr_states, cap_states;
	struct hw_map map; /* as it was last looked at */
	long stop;	   /* look no further than after this operation */
};

struct options {
	struct source source;
	const char *against;
	struct foreign_object object; /* what --against has loaded */
	struct side sides[SIDES];
	uint64_t programs, seed, ops;
	uint64_t compared, operations;
	int code;
};

static const struct argp_option option_list[] = {
	{ "against", 'a', "FILE", 0, "the other implementation (default: ours)", 0 },
	{ "random", 'n', "N", 0, "compare N random programs of --format, after those of files", 0 },
	{ "seed", 's', "N", 0, "of the draw (default 1)", 0 },
	{ "ops", 'o', "N", 0, "operations a random program, at most (default 16)", 0 },
	{ 0 },
};

/* ---- running ---- */

/* A leaf as one number: of its attributes those that both promise. */
static uint64_t digest_of_leaf(const struct side *s, const struct hw_leaf *leaf)
{
	bool has_attrs = !((s->deviates | s->judge->deviates) >> DEVIATES_ATTRIBUTES & 1);
	const struct hw_attrs few = { .read = leaf->item.attrs.read, .write = leaf->item.attrs.write };
	const uint8_t *attrs = (const uint8_t *)(has_attrs ? &leaf->item.attrs : &few);
	uint64_t v = leaf->va ^ leaf->item.address * 3 ^ leaf->item.size_lg2;

	for (size_t k = 0; k < sizeof(few); k++)
		v = v * 31 + attrs[k];
	return next_random(&v);
}

/* What hardware finds, as one number. */
static uint64_t digest_of(const struct side *s)
{
	uint64_t digest = s->map.fault;

	for (size_t i = 0; i < s->map.nr_leaves; i++) {
		digest += digest_of_leaf(s, &s->map.leaves[i]);
		digest = next_random(&digest);
	}
	return digest;
}

static void look(void *ctx, const struct program *p, long op, const struct outcome *o)
{
	struct side *s = ctx;
	struct hw_memory memory = sim_hw_memory(&s->judge->sim);

	if (op > s->stop)
		return;
	history_observer(&s->history, p, op, o);
	if (s->nr_states == s->cap_states) {
		s->cap_states = 2 * s->cap_states + 64;
		s->states = realloc(s->states, s->cap_states * sizeof(*s->states));
		if (!s->states)
			abort();
	}
	if (!s->judge->ready) {
		s->states[s->nr_states++] = 0;
		return;
	}
	hw_enumerate(s->subject.hw, &s->judge->sim.device, &memory,
		     s->judge->sim.memory->nr_live + 1, &s->map);
	s->states[s->nr_states++] = digest_of(s);
}

/* Run it on one side up to the end, or look at what it is after operation `stop`. */
static struct run run_side(struct side *s, const struct program *p, long stop)
{
	struct run_options options = { .observer = look, .ctx = s };
	struct program mine = *p;

	mine.subject = s->subject;
	s->stop = stop;
	s->nr_states = 0;
	s->history.nr = 0;
	return run_program(s->judge, &mine, &options);
}

/* ---- telling ---- */

static void print_result(const struct side *s, const struct op *op, size_t at)
{
	print_outcome(op, op ? &s->history.outcomes[at] : &s->history.init, stdout);
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->err == b->err && a->bytes == b->bytes && a->mapped == b->mapped &&
	       (!a->mapped || a->oa == b->oa);
}

static void print_leaf(const struct side *s, const struct hw_leaf *leaf)
{
	const struct hw_attrs *a;

	printf("  %s: ", s->name);
	if (!leaf) {
		puts("nothing");
		return;
	}
	a = &leaf->item.attrs;
	printf("IOVA 0x%" PRIx64 " to OA 0x%" PRIx64 ", 2^%u bytes, read %d, write %d, exec %d, user %d, "
	       "global %d, accessed %d, dirty %d, type %d, coherent %d, encrypted %d\n",
	       leaf->va, leaf->item.address, leaf->item.size_lg2, a->read, a->write, a->exec, a->user,
	       a->global, a->accessed, a->dirty, a->type, a->coherent, a->encrypted);
}

/* The first leaf that only one of them has like that. */
static void print_leaves(const struct side *a, const struct side *b)
{
	size_t i = 0;
	const struct hw_leaf *x, *y;

	for (;; i++) {
		x = i < a->map.nr_leaves ? &a->map.leaves[i] : NULL;
		y = i < b->map.nr_leaves ? &b->map.leaves[i] : NULL;
		if (!x || !y || digest_of_leaf(a, x) != digest_of_leaf(b, y))
			break;
	}
	puts("The first leaf that hardware finds otherwise:");
	print_leaf(a, x);
	print_leaf(b, y);
}

static void print_difference(struct options *o, const struct program *p, const char *name, long at)
{
	struct side *a = &o->sides[0], *b = &o->sides[1];
	bool results = at < 0 ? a->history.init.err != b->history.init.err :
		       !same_outcome(&a->history.outcomes[at], &b->history.outcomes[at]);

	printf("walkdiff: %s: %s differ after operation %ld\n\n", name,
	       results ? "results" : "the tables", at + 1);
	program_print_head(p, stdout);
	for (long i = -1; i <= at; i++) {
		const struct op *op = i < 0 ? NULL : &p->ops[i];

		if (op)
			program_print_op(p, op, stdout);
		fputs(op ? "   # " : "# init: ", stdout);
		print_result(a, op, (size_t)i);
		if (i == at && results) {
			printf(" (%s), ", a->name);
			print_result(b, op, (size_t)i);
			printf(" (%s)", b->name);
		}
		putchar('\n');
	}
	run_side(a, p, at);
	run_side(b, p, at);
	if (a->nr_states && b->nr_states &&
	    a->states[a->nr_states - 1] != b->states[b->nr_states - 1])
		print_leaves(a, b);
	putchar('\n');
}

/* ---- comparing ---- */

/* Each needs as many tables as it likes: the operations before one has no memory. */
static size_t comparable(const struct side *s)
{
	size_t nr = 1;

	while (nr < s->nr_states && s->history.outcomes[nr - 1].err != -ENOMEM)
		nr++;
	return nr;
}

/* The first operation after which they differ (-1: init), or -2. */
static long first_difference(const struct side *a, const struct side *b)
{
	size_t nr = comparable(a) < comparable(b) ? comparable(a) : comparable(b);

	for (size_t i = 0; i < nr; i++) {
		bool same = i ? same_outcome(&a->history.outcomes[i - 1], &b->history.outcomes[i - 1]) :
				a->history.init.err == b->history.init.err;

		if (!same || a->states[i] != b->states[i])
			return (long)i - 1;
	}
	return -2;
}

/* What is compared must be the same for both: their configuration, and memory enough. */
static void make_common(const struct options *o, struct program *p)
{
	p->refuse_init = 0;
	p->memory.tables = TABLES;
	for (unsigned n = 0; n < 2 * SIDES; n++)
		if (o->sides[n % SIDES].ops.fit)
			o->sides[n % SIDES].ops.fit(&p->config);
	for (size_t i = p->nr; i--;)
		if (p->ops[i].kind == OP_REFUSE)
			program_remove(p, i, 1);
}

static void compare(struct options *o, struct program *p, const char *name)
{
	long at;

	make_common(o, p);
	o->compared++;
	for (unsigned i = 0; i < SIDES; i++) {
		struct side *s = &o->sides[i];
		struct run run = run_side(s, p, (long)p->nr);

		o->operations += run.operations;
		if (run.verdict.check == CHECK_NONE)
			continue;
		o->code = EXIT_JUDGED;
		printf("walkdiff: %s: of %s a judge says no\n", name, s->name);
		print_report(s->judge, p, &run, &s->history, NULL, stdout);
		return;
	}
	at = first_difference(&o->sides[0], &o->sides[1]);
	if (at == -2)
		return;
	o->code = EXIT_JUDGED;
	print_difference(o, p, name, at);
}

/* ---- setting up ---- */

/* Both are asked what both promise: each lacks what the other lacks. */
static void make_alike(struct side *a, struct side *b)
{
	for (unsigned n = 0; n < SIDES; n++) {
		struct side *s = n ? b : a, *other = n ? a : b;

		if (!other->subject.ops->cut)
			s->ops.cut = NULL;
		if (!other->subject.ops->read_dirty)
			s->ops.read_dirty = NULL;
		if (!other->subject.ops->set_dirty)
			s->ops.set_dirty = NULL;
		s->deviates = s->subject.foreign ? s->subject.foreign->deviates : 0;
		s->judge->deviates = other->subject.foreign ? other->subject.foreign->deviates : 0;
	}
	a->subject.ops = &a->ops;
	b->subject.ops = &b->ops;
}

/* The two sides of this format; ends with one line where there are not two. */
static void choose_sides(struct options *o, const char *format)
{
	struct format *f = formats;
	struct side *a = &o->sides[0], *b = &o->sides[1];

	if (a->name && !strcmp(a->ops.name, format))
		return;
	while (strcmp(f->name, format))
		f++;
	a->subject = f->subject;
	b->subject = f->own;
	if (o->against && !foreign_replace(&o->object, format, f->fast, &b->subject)) {
		complain("%s: has no implementation of %s", o->against, format);
		exit(EXIT_UNUSABLE);
	}
	if (a->subject.ops == b->subject.ops) {
		complain("%s: there is nothing to compare with; --impl names one", format);
		exit(EXIT_UNUSABLE);
	}
	for (unsigned i = 0; i < SIDES; i++) {
		struct side *s = &o->sides[i];

		s->name = s->subject.foreign ? s->subject.foreign->name : "walkdiff";
		s->ops = *s->subject.ops;
	}
	make_alike(a, b);
}

static void compare_file(struct options *o, const char *path)
{
	struct program p = { 0 };

	if (!load_program(path, &o->source, &p)) {
		o->code = EXIT_UNUSABLE;
	} else if (p.target != TARGET_OPS) {
		complain("%s: is of target %s; only ops can be compared step by step", path,
			 target_names[p.target]);
		o->code = EXIT_UNUSABLE;
	} else {
		choose_sides(o, p.subject.ops->name);
		compare(o, &p, path);
	}
	program_free(&p);
}

static void compare_random(struct options *o)
{
	struct program p = { .target = TARGET_OPS, .subject = formats[0].subject };
	uint64_t state = o->seed;
	char name[64];

	if (!choose_source(&o->source, &p))
		exit(EXIT_UNUSABLE);
	p.target = TARGET_OPS;
	choose_sides(o, p.subject.ops->name);
	for (uint64_t n = 1; n <= o->programs && !o->code; n++) {
		draw_program(&p, o->ops, &state);
		snprintf(name, sizeof(name), "program %" PRIu64 " of seed %" PRIu64, n, o->seed);
		compare(o, &p, name);
	}
	program_free(&p);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char error[512];

	switch (key) {
	case 'a':
		o->against = arg;
		if (foreign_load(&o->object, arg, error, sizeof(error))) {
			foreign_print(&o->object, stderr);
			return 0;
		}
		complain("%s: %s", arg, error);
		exit(EXIT_UNUSABLE);
	case 'n':
		o->programs = parse_count(state, "random", arg, 1, UINT64_MAX);
		return 0;
	case 's':
		o->seed = parse_count(state, "seed", arg, 1, UINT64_MAX);
		return 0;
	case 'o':
		o->ops = parse_count(state, "ops", arg, 1, 256);
		return 0;
	case ARGP_KEY_ARG:
		compare_file(o, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (!o->programs)
			argp_error(state, "which file, or --random of how many?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, "[FILE...]",
	"Run programs of target ops on two implementations, that of --impl and that of --against (or "
	"ours), and tell where their results differ, or what hardware finds in their tables. Both are "
	"judged, too. Refused allocations are left out, and what comes after a full machine: each "
	"allocates in its own way; so are attributes of leaves that one of them declares not to promise. "
	"Exit codes: 0 no difference, 1 a difference or a judge's no, 2 unusable input or option.",
	NULL, NULL, NULL
};

int cmd_diff(int argc, char **argv)
{
	struct options o = { .seed = 1, .ops = 16 };

	for (unsigned i = 0; i < SIDES; i++) {
		o.sides[i].judge = judge_create(TABLES);
		if (!o.sides[i].judge) {
			complain("out of memory");
			return EXIT_UNUSABLE;
		}
	}
	parse_options(&argp, argc, argv, &o, &o.source);
	if (o.programs && o.code != EXIT_UNUSABLE)
		compare_random(&o);
	printf("%" PRIu64 " programs, %" PRIu64 " operations on %s and %s: %s\n", o.compared,
	       o.operations, o.sides[0].name ? o.sides[0].name : "nothing",
	       o.sides[1].name ? o.sides[1].name : "nothing",
	       o.code == EXIT_JUDGED ? "they differ" :
	       o.code		     ? "not all was compared" :
				       "no difference");
	for (unsigned i = 0; i < SIDES; i++) {
		struct side *s = &o.sides[i];

		history_free(&s->history);
		free(s->states);
		free(s->map.leaves);
		free(s->map.tables);
		judge_destroy(s->judge);
	}
	return o.code;
}
