/* The judge of several threads: see race.h. */
#include "oracle/race.h"

#include <inttypes.h>
#include <string.h>

#include "oracle/access.h"
#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

static unsigned running(const struct judge *j)
{
	return (unsigned)(j->sim.t - j->sim.threads);
}

static bool overlaps(uint64_t first, uint64_t last, const struct race_op *op)
{
	return first <= op->last && last >= op->first;
}

/* ---- ranges ---- */

/* A thread that waits to enter. */
struct entry {
	struct judge *j;
	uint64_t first, last; /* as asked */
	unsigned thread;
};

/* first..last rounded out to whole leaves, as they are now. */
static void round_out(const struct judge *j, uint64_t *first, uint64_t *last)
{
	uint64_t leaf_va;
	const struct extent *e = flat_find(&j->flat, *first, &leaf_va);

	if (e)
		*first = leaf_va;
	e = flat_find(&j->flat, *last, &leaf_va);
	if (e)
		*last = leaf_va + last_below(e->size_lg2);
}

static bool may_enter(void *arg)
{
	const struct entry *e = arg;

	/* Others have whole leaves locked: who shares one with them overlaps as it is. */
	/* equivalent: rel-1: one more than there are, for a sanitizer to see */
	for (unsigned i = 0; i < SIM_THREADS; i++)
		if (i != e->thread && e->j->sim.threads[i].busy &&
		    overlaps(e->first, e->last, &e->j->race.ops[i]))
			return false;
	return true;
}

/* Those that are told apart. */
static unsigned nr_states(const struct race_watch *w)
{
	return w->nr < RACE_STATES ? w->nr : RACE_STATES; /* equivalent: rel-1: they are the same */
}

static void add_state(struct race_watch *w, const struct extent *e)
{
	struct race_state s = { 0 };

	if (e)
		s = (struct race_state){ true, e->oa + (w->va - e->va), e->prot };
	for (unsigned i = 0; i < nr_states(w); i++)
		if (w->states[i].mapped == s.mapped && w->states[i].oa == s.oa &&
		    w->states[i].prot == s.prot)
			return;
	if (w->nr < RACE_STATES)
		w->states[w->nr] = s;
	w->nr++;
}

/* What those who look now may see of va from here on. */
static void add_states(const struct judge *j, struct race_watch *w)
{
	uint64_t last;

	add_state(w, flat_find(&j->flat, w->va, &last));
	add_state(w, race_piece_at(j, w->va, &last));
	if (race_may_miss(j, w->va))
		add_state(w, NULL);
}

static void come_after_those_left(const struct judge *j, const struct race_op *op)
{
	/* equivalent: off-1, rel-1: but for mode tsan */
	for (unsigned i = 0; i < j->race.nr_left; i++)
		/* equivalent: negate-1: likewise */
		if (overlaps(j->race.left[i].first, j->race.left[i].last, op))
			order_acquire(&j->race.left[i]); /* equivalent: drop-1: likewise */
}

static void leave_range(struct judge *j, const struct race_op *op)
{
	struct race *r = &j->race;

	if (r->nr_left < RACE_LEFT)
		r->left[r->nr_left] = (struct race_left){ op->first, op->last };
	else
		r->left[0] = (struct race_left){ 0, UINT64_MAX };
	/* equivalent: off-1: but for mode tsan */
	order_release(&r->left[r->nr_left < RACE_LEFT ? r->nr_left++ : 0]);
}

void race_enter(struct judge *j, enum race_kind kind, uint64_t first, uint64_t last,
		const struct flat_mapping *m)
{
	/* equivalent: rel-1: they are the same */
	struct entry entry = { j, first, last < first ? first : last, running(j) };
	struct race_op *op = &j->race.ops[entry.thread];

	if (!j->race.on)
		return;
	sim_event(&j->sim, EVENT_OPERATION, NULL);
	if (!may_enter(&entry))
		j->sim.race->wait(j->sim.race->scheduler, may_enter, &entry);
	*op = (struct race_op){ .kind = kind, .first = entry.first, .last = entry.last,
				.gone_first = 1 }; /* equivalent: off-1: as empty */
	round_out(j, &op->first, &op->last);
	come_after_those_left(j, op); /* equivalent: drop-1: but for mode tsan */
	if (m)
		op->after = (struct extent){ .va = m->iova, .oa = m->oa, .count = m->len,
					     .prot = m->prot };
	if (kind == RACE_UNMAP &&
	    flat_predict_unmap(&j->flat, first, last - first + 1, &op->gone_last))
		op->gone_first = first;
	j->sim.t->busy = true;
	j->sim.busy++;
	for (unsigned i = 0; i < SIM_THREADS; i++)
		if (j->race.watches[i].on)
			add_states(j, &j->race.watches[i]);
}

/* What was written while the tables changed is dirty in what they are now. */
static void apply_writes(struct judge *j, const struct race_op *op)
{
	uint64_t leaf_va;

	for (unsigned i = 0; i < op->nr_writes && i < RACE_WRITES; i++)
		if (flat_find(&j->flat, op->writes[i], &leaf_va))
			flat_set_dirty(&j->flat, op->writes[i], true);
}

void race_leave(struct judge *j, bool changed)
{
	struct race_op *op = &j->race.ops[running(j)];

	if (!j->race.on)
		return;
	if (op->kind == RACE_MAP)
		apply_writes(j, op);
	j->race.changed = changed;
	leave_range(j, op);
	j->sim.t->busy = false;
	j->sim.busy--;
}

static const struct race_op *op_at(const struct judge *j, uint64_t va)
{
	/* equivalent: rel-1: one more than there are, for a sanitizer to see */
	for (unsigned i = 0; i < SIM_THREADS; i++)
		if (j->sim.threads[i].busy && overlaps(va, va, &j->race.ops[i]))
			return &j->race.ops[i];
	return NULL;
}

bool race_is_quiet(const struct judge *j, uint64_t va)
{
	return !op_at(j, va);
}

bool race_may_miss(const struct judge *j, uint64_t va)
{
	const struct race_op *op = op_at(j, va);

	return op && op->kind == RACE_CUT && j->subject.hw->breaks_before_make;
}

static void end_at(uint64_t end, uint64_t va, uint64_t *last)
{
	if (end >= va && end < *last) /* equivalent: rel-2: it is that already */
		*last = end;
}

/* Up to the next address at which an operation in flight begins or ends to matter. */
static void end_at_ops(const struct judge *j, uint64_t va, uint64_t *last)
{
	/* equivalent: rel-1: one more than there are, for a sanitizer to see */
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		const struct race_op *op = &j->race.ops[i];

		if (!j->sim.threads[i].busy)
			continue;
		end_at(op->gone_first - 1, va, last);
		end_at(op->gone_last, va, last);
		end_at(op->after.va - 1, va, last);
		end_at(op->after.va + (op->after.count - 1), va, last);
	}
}

const struct extent *race_piece_at(const struct judge *j, uint64_t va, uint64_t *last)
{
	const struct race_op *op = op_at(j, va);
	const struct extent *e = piece_at(&j->flat, va, last);

	end_at_ops(j, va, last);
	if (op && op->kind == RACE_MAP && !e && va >= op->after.va &&
	    va - op->after.va < op->after.count)
		return &op->after;
	if (op && op->kind == RACE_UNMAP && op->gone_first <= va && va <= op->gone_last)
		return NULL;
	return e;
}

/* ---- looking without a lock ---- */

void race_watch(struct judge *j, uint64_t va, bool sets_dirty)
{
	struct race_watch *w = &j->race.watches[running(j)];

	*w = (struct race_watch){ .on = true, .va = va, .sets_dirty = sets_dirty };
	add_states(j, w);
}

void race_unwatch(struct judge *j)
{
	j->race.watches[running(j)].on = false;
}

bool race_was_mapped(const struct judge *j, uint64_t oa)
{
	const struct race_watch *w = &j->race.watches[running(j)];

	for (unsigned i = 0; i < nr_states(w); i++)
		if (w->states[i].mapped && w->states[i].oa == oa)
			return true;
	return w->nr > RACE_STATES;
}

bool race_was_unmapped(const struct judge *j)
{
	const struct race_watch *w = &j->race.watches[running(j)];

	for (unsigned i = 0; i < nr_states(w); i++)
		if (!w->states[i].mapped)
			return true;
	return w->nr > RACE_STATES;
}

bool race_was_writable(const struct judge *j, bool writable)
{
	const struct race_watch *w = &j->race.watches[running(j)];

	for (unsigned i = 0; i < nr_states(w); i++)
		if (w->states[i].mapped && !(w->states[i].prot & PT_WRITE) == !writable)
			return true;
	return w->nr > RACE_STATES;
}

bool race_was_dirty(const struct judge *j)
{
	/* Accesses of real threads are not looked at. */
	return j->race.watches[running(j)].is_dirty || j->race.hooks.take;
}

/* ---- dirt ---- */

void race_wrote(struct judge *j, uint64_t va)
{
	uint64_t leaf_va;

	if (flat_find(&j->flat, va, &leaf_va))
		flat_set_dirty(&j->flat, va, true);
	/* equivalent: rel-1: one more than there are, for a sanitizer to see */
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		struct race_op *op = &j->race.ops[i];

		if (!j->sim.threads[i].busy || !overlaps(va, va, op))
			continue;
		if (op->nr_writes < RACE_WRITES)
			op->writes[op->nr_writes] = va;
		op->nr_writes++;
	}
}

unsigned race_nr_writes(const struct judge *j)
{
	return j->race.on ? j->race.ops[running(j)].nr_writes : 0;
}

void race_believe_dirt(struct judge *j, uint64_t va)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);
	uint64_t leaf_va, step;
	const struct extent *e = flat_find(&j->flat, va, &leaf_va);
	bool dirty = false;
	struct hw_walk walk;

	if (!e)
		return;
	/* equivalent: rel-1: an item is more than a byte */
	for (uint64_t at = leaf_va; at - leaf_va <= last_below(e->size_lg2); at += step) {
		hw_walk(j->subject.hw, &j->sim.device, &memory, at, HW_PROBE, &walk);
		if (walk.fault != HW_OK)
			return; /* the state judge has words for it */
		dirty |= walk.leaf.attrs.dirty;
		/* Each item of a run may have been written. */
		/* equivalent: shift-2: each is looked at twice */
		step = UINT64_C(1) << hw_item_lg2(j->subject.hw,
						  /* equivalent: off-2, sign-1: more often; what is beyond a sanitizer sees */
						  walk.steps[walk.nr_steps - 1].level);
	}
	flat_set_dirty(&j->flat, va, dirty);
}

/* ---- what the machine tells ---- */

static void seen(void *ctx)
{
	struct judge *j = ctx;

	check_torn(j);
	j->sim.watch.nr = 0;
}

static void exchanged(void *ctx)
{
	struct judge *j = ctx;
	struct race_watch *w = &j->race.watches[running(j)];

	if (!w->on || !w->sets_dirty)
		return;
	race_wrote(j, w->va);
	w->is_dirty = true;
}

static void loaded(void *ctx, const struct slot *slot, uint64_t item)
{
	struct judge *j = ctx;
	struct race_watch *w = &j->race.watches[running(j)];
	struct hw_item decoded;

	if (w->on && w->sets_dirty &&
	    hw_decode(j->subject.hw, &j->sim.device, item, slot->level, &decoded) == HW_OK)
		w->is_dirty |= decoded.kind == HW_LEAF && decoded.attrs.dirty;
}

void race_begin(struct judge *j)
{
	memset(j->race.ops, 0, sizeof(j->race.ops));
	memset(j->race.watches, 0, sizeof(j->race.watches));
	j->race.nr_left = 0;
	j->race.hooks.judge = j;
	j->race.hooks.seen = seen;
	j->race.hooks.exchanged = exchanged;
	j->race.hooks.loaded = loaded;
	j->race.on = true;
	j->sim.race = &j->race.hooks;
}

void race_end(struct judge *j)
{
	j->race.on = false;
	j->sim.race = NULL;
}

void race_sync(struct judge *j, unsigned nr)
{
	jmp_buf *out = j->sim.t->out;

	j->race.on = true; /* what is stale is still each thread's own */
	for (unsigned i = 1; i < nr; i++) {
		j->sim.t = &j->sim.threads[i];
		j->sim.t->out = out;
		judge_sync(j);
	}
	j->race.on = false;
	j->sim.t = &j->sim.threads[0];
}
