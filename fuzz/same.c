/*
 * The routes of target same, and their comparison.
 *
 * The route as written tells what each operation did; the others do that in another
 * way. After every operation of theirs results and the addresses beside it are judged,
 * the whole table only at the end, and only after it has been compared: what goes
 * wrong in one route alone is then said so.
 */
#include "fuzz/same.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define HEX "0x%" PRIx64

/*
 * Tables that a split or a step may need beyond those of the route as written: a way to
 * either side of a split, and a way that stays, empty, where nothing covers it whole.
 */
#define MORE_TABLES (3u * PT_MAX_LEVELS)

static void *allocate(size_t nr, size_t size)
{
	void *p = calloc(nr + 1, size);

	if (!p) {
		fputs("walkdiff: out of memory for routes\n", stderr);
		abort();
	}
	return p;
}

struct same *same_create(const struct program *p)
{
	struct same *s = allocate(1, sizeof(*s));

	s->route = "written";
	s->steps = allocate(p->nr, sizeof(*s->steps));
	s->splits = allocate(p->nr, sizeof(*s->splits));
	return s;
}

void same_destroy(struct same *s)
{
	if (!s)
		return;
	free(s->steps);
	free(s->once);
	free(s->splits);
	free(s->written.leaves);
	free(s->written.tables);
	free(s->map.leaves);
	free(s->map.tables);
	free(s);
}

static void enumerate(struct judge *j, struct hw_map *out)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);

	hw_enumerate(j->subject.hw, &j->sim.device, &memory, j->sim.memory->nr_live + 1, out);
}

/* ---- the route as written ---- */

static void add_step(struct same *s, struct step step)
{
	s->steps[s->nr_steps++] = step;
}

static void write_map(struct same *s, struct judge *j, const struct op *op, long at,
		      struct outcome *o)
{
	const uint64_t *a = op->args;
	struct pt_mapping m = { .iova = a[0], .oa = a[1], .len = a[2], .prot = op->prot };

	o->err = judge_map(j, &m, &o->bytes);
	s->cut = o->err == -ENOMEM;
	if (o->bytes)
		add_step(s, (struct step){ .kind = OP_MAP,
					   .prot = op->prot,
					   .iova = m.iova,
					   .last = m.iova + (o->bytes - 1),
					   .oa = m.oa,
					   .op = at });
}

static void write_unmap(struct same *s, struct judge *j, const struct op *op, long at,
			struct outcome *o)
{
	struct step step = { .kind = OP_UNMAP, .iova = op->args[0], .op = at };
	bool any = flat_predict_unmap(&j->flat, op->args[0], op->args[1], &step.last);

	o->bytes = judge_unmap(j, op->args[0], op->args[1]);
	if (any && !j->sim.t->not_asked)
		add_step(s, step);
}

static void write_op(struct same *s, struct judge *j, const struct op *op, long at,
		     struct outcome *o)
{
	uint64_t smallest = j->flat.sizes & -j->flat.sizes;

	j->sim.t->not_asked = NULL;
	switch (op->kind) {
	case OP_MAP:
		write_map(s, j, op, at, o);
		break;
	case OP_UNMAP:
		write_unmap(s, j, op, at, o);
		break;
	case OP_SYNC:
		judge_sync(j);
		add_step(s, (struct step){ .kind = OP_SYNC, .op = at });
		break;
	case OP_SPLIT:
		s->splits[s->nr_splits++] = op->args[0] & ~(smallest - 1);
		break;
	default:
		break;
	}
	o->not_asked = j->sim.t->not_asked;
}

/* What is mapped at the end, in the fewest calls that can map it. */
static void plan_once(struct same *s, const struct flat *f, long op)
{
	s->once = allocate(f->nr, sizeof(*s->once));
	for (size_t i = 0; i < f->nr; i++) {
		const struct extent *e = &f->extents[i];
		uint64_t last = e->va + ((e->count << e->size_lg2) - 1);
		struct step *before = s->nr_once ? &s->once[s->nr_once - 1] : NULL;

		if (before && before->last + 1 == e->va && before->prot == e->prot &&
		    before->oa + (e->va - before->iova) == e->oa &&
		    flat_holds(f, before->iova, last))
			before->last = last;
		else
			s->once[s->nr_once++] = (struct step){ .kind = OP_MAP,
							       .prot = e->prot,
							       .iova = e->va,
							       .last = last,
							       .oa = e->oa,
							       .op = op };
	}
}

/* False when nothing can be compared with it: init refused. */
static bool run_written(struct same *s, struct judge *j, const struct program *p,
			const struct run_options *o, volatile long *at)
{
	struct outcome outcome = { .err = judge_init(j) };

	run_observe(j, o, p, -1, &outcome);
	if (outcome.err)
		return false;
	for (*at = 0; (size_t)*at < p->nr && !s->cut; ++*at) {
		j->thorough = o->thorough_every <= 1 || *at % o->thorough_every == 0;
		outcome = (struct outcome){ 0 };
		write_op(s, j, &p->ops[*at], *at, &outcome);
		run_observe(j, o, p, *at, &outcome);
	}
	*at = (long)p->nr;
	j->thorough = true;
	judge_state(j);
	enumerate(j, &s->written);
	plan_once(s, &j->flat, (long)p->nr);
	judge_deinit(j);
	return true;
}

/* ---- the other routes ---- */

static void do_piece(struct same *s, struct judge *j, const struct step *step, uint64_t first,
		     uint64_t last, volatile long *at)
{
	struct pt_mapping m = { .iova = first,
				.oa = step->oa + (first - step->iova),
				.len = last - first + 1,
				.prot = step->prot };
	uint64_t mapped;

	*at = step->op;
	if (step->kind == OP_SYNC)
		judge_sync(j);
	else if (step->kind == OP_UNMAP) /* 2^64 bytes are no length; the last leaf goes whole */
		judge_unmap(j, first, m.len ? m.len : UINT64_MAX);
	else
		s->cut = judge_map(j, &m, &mapped) == -ENOMEM;
}

static void do_steps(struct same *s, struct judge *j, const struct step *steps, size_t nr,
		     volatile long *at)
{
	for (size_t i = 0; i < nr && !s->cut; i++)
		do_piece(s, j, &steps[i], steps[i].iova, steps[i].last, at);
}

/* The last split inside iova..last, or iova when there is none. */
static uint64_t last_split(const struct same *s, uint64_t iova, uint64_t last)
{
	uint64_t at = iova;

	for (size_t i = 0; i < s->nr_splits; i++)
		if (s->splits[i] > at && s->splits[i] <= last)
			at = s->splits[i];
	return at;
}

/*
 * Each step in pieces that begin and end at splits, and the steps of a kind that
 * follow each other, which are of different addresses, in reverse.
 */
static void route_split(struct same *s, struct judge *j, volatile long *at)
{
	for (size_t begin = 0, end; begin < s->nr_steps && !s->cut; begin = end) {
		for (end = begin; end < s->nr_steps && s->steps[end].kind == s->steps[begin].kind;)
			end++;
		for (size_t i = end; i-- > begin && !s->cut;) {
			const struct step *step = &s->steps[i];
			uint64_t last = step->last, first;

			do {
				first = last_split(s, step->iova, last);
				do_piece(s, j, step, first, last, at);
				last = first - 1;
			} while (first != step->iova && !s->cut);
		}
	}
}

/* All of it, everything removed, and all of it again, in the tables that are left. */
static void route_again(struct same *s, struct judge *j, volatile long *at)
{
	do_steps(s, j, s->steps, s->nr_steps, at);
	for (size_t n = j->flat.nr; n; n--)
		judge_unmap(j, j->flat.extents[0].va,
			    j->flat.extents[0].count << j->flat.extents[0].size_lg2);
	judge_sync(j);
	do_steps(s, j, s->steps, s->nr_steps, at);
}

/* The end of the aperture first: a top that grows has grown before anything stays. */
static void route_far(struct same *s, struct judge *j, volatile long *at)
{
	uint64_t smallest = j->flat.sizes & -j->flat.sizes;
	uint64_t iova = j->flat.apertures[0].last - (smallest - 1), mapped;
	size_t i = 0;

	while (i < s->nr_steps && s->steps[i].kind != OP_MAP)
		i++;
	if (i < s->nr_steps) {
		struct pt_mapping m = { .iova = iova, .len = smallest, .prot = s->steps[i].prot };

		*at = s->steps[i].op;
		s->cut = judge_map(j, &m, &mapped) == -ENOMEM;
		judge_unmap(j, iova, smallest);
	}
	do_steps(s, j, s->steps, s->nr_steps, at);
}

/* Only what stays, and each range in one call. */
static void route_once(struct same *s, struct judge *j, volatile long *at)
{
	do_steps(s, j, s->once, s->nr_once, at);
}

static const struct route {
	const char *name;
	void (*go)(struct same *s, struct judge *j, volatile long *at);
	bool splits;	  /* leaves may be smaller where a split is */
	bool other_calls; /* leaf sizes are not comparable at all */
} routes[] = {
	{ "split", route_split, .splits = true },
	{ "again", route_again, .splits = false },
	{ "far", route_far, .splits = false },
	{ "once", route_once, .other_calls = true },
};

/* ---- comparing ---- */

static bool attrs_equal(const struct hw_attrs *a, const struct hw_attrs *b)
{
	return a->read == b->read && a->write == b->write && a->exec == b->exec &&
	       a->exec_privileged == b->exec_privileged && a->global == b->global &&
	       a->user == b->user && a->accessed == b->accessed && a->dirty == b->dirty &&
	       a->type == b->type && a->coherent == b->coherent && a->encrypted == b->encrypted &&
	       a->untranslated == b->untranslated;
}

static uint64_t last_of(const struct hw_leaf *l)
{
	return l->va + ((UINT64_C(1) << l->item.size_lg2) - 1);
}

/* Where in the order of VAs a comparison is in one of the maps. */
struct cursor {
	const struct hw_map *map;
	size_t i;
};

/* The leaf that maps va or the first after it; null: none. va never falls. */
static const struct hw_leaf *seek(struct cursor *c, uint64_t va)
{
	while (c->i < c->map->nr_leaves && last_of(&c->map->leaves[c->i]) < va)
		c->i++;
	return c->i < c->map->nr_leaves ? &c->map->leaves[c->i] : NULL;
}

static void describe(const struct hw_leaf *l, uint64_t va, char text[160])
{
	struct hw_attrs a;

	if (!l || l->va > va) {
		snprintf(text, 160, "nowhere");
		return;
	}
	a = l->item.attrs;
	snprintf(text, 160,
		 "to OA " HEX " (read %d, write %d, exec %d, exec_privileged %d, user %d, accessed %d, dirty %d, type %u, "
		 "coherent %d, encrypted %d, untranslated %d, global %d)",
		 l->item.address + (va - l->va), a.read, a.write, a.exec, a.exec_privileged, a.user, a.accessed,
		 a.dirty, (unsigned)a.type, a.coherent, a.encrypted, a.untranslated,
		 a.global);
}

static void say_no(struct same *s, struct judge *j, uint64_t va, const struct hw_leaf *w,
			     const struct hw_leaf *r)
{
	char written[160], here[160];

	describe(w, va, written);
	describe(r, va, here);
	sim_fail_at(&j->sim, CHECK_SAME, va, "by route %s IOVA " HEX " goes %s, as written %s",
		    s->route, va, here, written);
}

/* The same OA and attributes at every VA, whatever the leaves that lead there. */
static void compare_translations(struct same *s, struct judge *j)
{
	struct cursor written = { &s->written, 0 }, here = { &s->map, 0 };
	uint64_t va = 0, last;

	do {
		const struct hw_leaf *w = seek(&written, va), *r = seek(&here, va);
		uint64_t begin_w = w ? w->va : UINT64_MAX, begin_r = r ? r->va : UINT64_MAX;

		if (!w && !r)
			return;
		if (begin_w > va && begin_r > va) /* the next address where anything is */
			va = begin_w < begin_r ? begin_w : begin_r;
		if (begin_w > va || begin_r > va ||
		    w->item.address + (va - w->va) != r->item.address + (va - r->va) ||
		    !attrs_equal(&w->item.attrs, &r->item.attrs)) {
			say_no(s, j, va, w, r);
			return;
		}
		last = last_of(w) < last_of(r) ? last_of(w) : last_of(r);
		va = last + 1;
	} while (last != UINT64_MAX);
}

/*
 * A leaf is as large as the call lets it be. So each leaf of the route as written
 * that no split lies inside is one here, too.
 */
static void compare_sizes(struct same *s, struct judge *j, bool splits)
{
	struct cursor here = { &s->map, 0 };

	for (size_t i = 0; i < s->written.nr_leaves; i++) {
		const struct hw_leaf *w = &s->written.leaves[i], *r = seek(&here, w->va);

		if (splits && last_split(s, w->va, last_of(w)) != w->va)
			continue;
		if (r->va != w->va || r->item.size_lg2 != w->item.size_lg2)
			sim_fail_at(&j->sim, CHECK_SAME, w->va,
				    "by route %s IOVA " HEX " is in a leaf of 2^%u bytes at " HEX
				    ", as written of 2^%u at " HEX,
				    s->route, w->va, r->item.size_lg2, r->va, w->item.size_lg2,
				    w->va);
	}
}

static void run_route(struct same *s, struct judge *j, const struct program *p,
		      const struct route *route, volatile long *at)
{
	struct memory_config memory = p->memory;
	jmp_buf *out = j->sim.t->out;
	bool roomy;

	s->operations += j->operations;
	s->route = route->name;
	s->cut = false;
	memory.seed += (uint64_t)(route - routes) + 1; /* no route depends on where tables lie */
	memory.tables += (uint32_t)(s->nr_splits + s->nr_steps + 6) * MORE_TABLES;
	*at = -1;
	judge_reset(j, &p->subject, &p->config, &memory);
	j->sim.t->out = out;
	roomy = j->sim.memory->config.tables == memory.tables; /* the machine has as many */
	if (judge_init(j))
		return;
	j->thorough = false;
	route->go(s, j, at);
	/* Pieces may need any number of tables, where a leaf size between is not allowed. */
	if (s->cut && roomy && !route->splits)
		sim_fail(&j->sim, CHECK_SAME, "route %s ran out of %u tables, as written %u are enough",
			 s->route, memory.tables, p->memory.tables);
	*at = (long)p->nr;
	enumerate(j, &s->map);
	if (!s->cut && s->map.fault == HW_OK && !sim_is_off(&j->sim, CHECK_SAME)) { /* a fault is judged below */
		s->compared++;
		compare_translations(s, j);
		if (!route->other_calls)
			compare_sizes(s, j, route->splits);
	}
	j->thorough = true;
	judge_state(j);
	judge_deinit(j);
}

void same_run(struct same *s, struct judge *j, const struct program *p,
	      const struct run_options *o, volatile long *at)
{
	if (!run_written(s, j, p, o, at))
		return;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		run_route(s, j, p, &routes[i], at);
}
