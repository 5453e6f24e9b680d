/*
 * The minimiser: operations out in ever smaller runs, switches of a race that change
 * nothing, then the configuration towards the plainest, then each number downward; again
 * until nothing gives.
 */
#include "fuzz/minimise.h"

#include "fuzz/schedule.h"

struct search {
	struct program *best;
	struct program candidate;
	int failure;
	failure_fn *fails;
	void *ctx;
	bool changed;
	bool searches; /* a race: for other schedules that fail, too */
};

/* Schedules that a race is tried under, when its own no longer leads to the failure. */
#define SCHEDULES 6

static bool still_fails(struct search *s)
{
	struct program *c = &s->candidate;
	enum strategy strategy = c->nr && c->ops[0].kind == OP_SCHEDULE ?
					 (enum strategy)c->ops[0].args[0] : STRATEGY_RAW;

	if (s->fails(s->ctx, c) == s->failure)
		return true;
	if (!s->searches || c->target != TARGET_RACE || strategy == STRATEGY_RAW)
		return false;
	for (uint64_t seed = 1; seed <= SCHEDULES; seed++) {
		c->ops[0].args[1] = seed;
		if (s->fails(s->ctx, c) == s->failure)
			return true;
	}
	return false;
}

/* Keep the candidate if it is a change and still fails the same way. */
static bool keep(struct search *s)
{
	if (program_equal(&s->candidate, s->best) || !still_fails(s))
		return false;
	program_copy(s->best, &s->candidate);
	s->changed = true;
	return true;
}

static struct program *candidate(struct search *s)
{
	program_copy(&s->candidate, s->best);
	return &s->candidate;
}

static void drop_ops(struct search *s)
{
	for (size_t run = s->best->nr; run; run /= 2)
		for (size_t at = 0; at < s->best->nr;) {
			size_t left = s->best->nr - at;

			program_remove(candidate(s), at, run < left ? run : left);
			if (!keep(s))
				at += run;
		}
}

/*
 * A switch out whose events the next waits for, too: that comes where it came, which is one event
 * later at least.
 */
static void join_switches(struct search *s)
{
	for (size_t at = 0; at + 1 < s->best->nr;) {
		struct op *op = &candidate(s)->ops[at];
		bool kept = false;

		if (op[0].kind == OP_SWITCH && op[1].kind == OP_SWITCH) {
			op[1].args[0] = op[0].args[0] + (op[1].args[0] ? op[1].args[0] : 1);
			program_remove(&s->candidate, at, 1);
			kept = keep(s);
		}
		at += !kept;
	}
}

/* Smaller numbers to try for v, in order: the first that works is kept, and tried again. */
static unsigned smaller(uint64_t v, uint64_t out[8])
{
	unsigned n = 0, top = v ? 63 - (unsigned)__builtin_clzll(v) : 0;

	if (!v)
		return 0;
	out[n++] = 0;
	if (v > 1)
		out[n++] = 1;
	if (v > 0x1000)
		out[n++] = 0x1000;
	out[n++] = v >> (top / 2 + 1);
	out[n++] = v & ~(UINT64_C(1) << top);
	out[n++] = v >> 1;
	out[n++] = v & (v - 1);
	out[n++] = v - 1;
	return n;
}

/* Try smaller values of *field (which lies in the candidate) until none works. */
static void shrink_number(struct search *s, uint64_t *(*field)(struct program *, size_t, unsigned),
			  size_t op, unsigned arg)
{
	bool again = true;

	while (again) {
		uint64_t values[8], v = *field(s->best, op, arg);
		unsigned n = smaller(v, values);

		again = false;
		for (unsigned i = 0; i < n && !again; i++) {
			if (values[i] >= v)
				continue;
			*field(candidate(s), op, arg) = values[i];
			again = keep(s);
		}
	}
}

static uint64_t *op_arg(struct program *p, size_t op, unsigned arg)
{
	return &p->ops[op].args[arg];
}

/* Fewer threads, and lower numbers. */
static void shrink_thread(struct search *s, size_t op)
{
	for (uint8_t thread = 0; thread < s->best->ops[op].thread; thread++) {
		candidate(s)->ops[op].thread = thread;
		if (keep(s))
			return;
	}
}

static uint64_t *config_number(struct program *p, size_t op, unsigned arg)
{
	(void)op;
	return arg == 0 ? &p->config.pgsize_bitmap : &p->memory.seed;
}

static void shrink_prot(struct search *s, size_t op)
{
	for (unsigned bit = 5; bit--;) {
		struct program *c = candidate(s);

		if (!(c->ops[op].prot >> bit & 1))
			continue;
		c->ops[op].prot &= (uint8_t) ~(1u << bit);
		keep(s);
	}
}

static void shrink_config(struct search *s)
{
	const struct pt_ops *ops = s->best->subject.ops;
	struct memory_config plain = { .tables = 64, .window = WINDOW_SPREAD };
	bool is_variant = false;

	/* A variant that has a name, the first that does; once there, stay. */
	for (unsigned i = 0; i < ops->nr_variants && !is_variant; i++) {
		struct program *c = candidate(s);

		c->config = ops->variants[i].config;
		is_variant = program_equal(c, s->best) || keep(s);
	}
	for (unsigned bit = 0; bit < 64 && !is_variant; bit++) {
		candidate(s)->config.features &= ~(UINT64_C(1) << bit);
		keep(s);
	}
	if (!is_variant)
		shrink_number(s, config_number, 0, 0);
	for (unsigned bit = 0; bit < 8; bit++) {
		candidate(s)->device &= (uint8_t) ~(1u << bit);
		keep(s);
	}
	candidate(s)->refuse_init = 0;
	keep(s);
	candidate(s)->memory = plain;
	if (!keep(s)) {
		candidate(s)->memory.tables = plain.tables;
		if (s->best->memory.tables > plain.tables)
			keep(s);
		shrink_number(s, config_number, 0, 1);
	}
}

void minimise(struct program *p, int failure, failure_fn *fails, void *ctx)
{
	struct search s = { .best = p, .failure = failure, .fails = fails, .ctx = ctx };

	do {
		s.changed = false;
		s.searches = true;
		drop_ops(&s);
		s.searches = false;
		join_switches(&s);
		shrink_config(&s);
		for (size_t op = 0; op < p->nr; op++) {
			shrink_prot(&s, op);
			shrink_thread(&s, op);
			for (unsigned arg = 0; arg < OP_MAX_ARGS; arg++)
				if (op_shapes[p->ops[op].kind].args[arg].name)
					shrink_number(&s, op_arg, op, arg);
		}
	} while (s.changed);
	program_free(&s.candidate);
}
