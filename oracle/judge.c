/* The judges: one function an operation; see judge.h. */
#include <errno.h>
#include <inttypes.h>

#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

void begin(struct judge *j)
{
	sim_begin_operation(&j->sim);
	/* equivalent: logic-1: nobody asks what it remembers for nothing */
	if (j->sim.watch.on && !j->race.on)
		watch_remember(&j->sim.watch, &j->flat);
}

/* Nothing that must be gone is still cached. */
static void check_stale(struct judge *j, const char *when)
{
	static const char *const names[] = { "translation", "table pointer",
					     "absence of a mapping" };

	for (size_t i = 0; i < j->sim.dev.nr; i++) {
		struct stale s = j->sim.dev.stale[i];
		uint64_t at = s.first;

		/* What other threads have changed is in their gathers; of absence, at the end. */
		if (j->race.on && (&j->sim.threads[s.thread] != j->sim.t ||
				   s.kind == STALE_NOT_PRESENT))
			continue;
		/* That nothing is there is right while nothing is. */
		if (s.kind == STALE_NOT_PRESENT &&
		    /* equivalent: rel-1: whole pages */
		    (!flat_next(&j->flat, s.first, &at) || at > s.last))
			continue;
		sim_fail_at(&j->sim, CHECK_STALE, at,
			    "%s, a cache may still hold a %s of level %u for IOVA " HEX ".." HEX,
			    when, names[s.kind], s.level, s.first, s.last);
	}
}

/* Before the tables are compared: what memory does not hold, a walk would not find. */
static void check_memory(struct judge *j)
{
	/* equivalent: off-1: an item that translates address 0 translates 1, too */
	watch_memory(&j->sim, 0, UINT64_MAX, "when the operation returned");
}

/* With others in flight: what this operation has promised, and all of it when there is none. */
static void check_after_race(struct judge *j, uint64_t iova, uint64_t last)
{
	/* Where it changed nothing, the way there may be another's work. */
	if (j->race.changed)
		watch_memory(&j->sim, iova, last, "when the operation returned");
	j->race.changed = false;
	/* All of it was this operation's own until now, or (sync) it is one address. */
	if (SIM_SEES_ACCESSES && race_is_quiet(j, iova)) {
		probe(j, iova);
		probe(j, last);
	}
	if (SIM_SEES_ACCESSES && j->thorough && !j->sim.busy && !j->sim.syncs)
		judge_state(j);
	sim_event(&j->sim, EVENT_OPERATION, NULL);
}

void check_after(struct judge *j, uint64_t iova, uint64_t last)
{
	struct work work = j->sim.t->work; /* without that of the looks below */
	uint64_t bytes = flat_bytes(&j->flat);

	j->operations++;
	if (bytes > j->peak_bytes) /* equivalent: rel-1: it is that already */
		j->peak_bytes = bytes;
	if (j->race.on) {
		check_after_race(j, iova, last);
		return;
	}
	check_memory(j);
	if (j->thorough)
		judge_state(j);
	probe(j, iova);
	probe(j, last);
	if (iova)
		probe(j, iova - 1);
	if (last != UINT64_MAX)
		probe(j, last + 1);
	if (j->thorough)
		check_torn(j);
	check_work(j, &work);
}

int judge_init(struct judge *j)
{
	int want = judge_predict_init(j->subject.hw, &j->config), got;

	if (want && is_not_asked(j, DEVIATES_BOUNDS))
		return want;
	begin(j);
	got = j->subject.ops->init(j->pt, &j->config, judge_env(j));
	sim_end_operation(&j->sim); /* equivalent: drop-1: nothing of it is late */
	if (want == 0 && j->sim.t->refused)
		want = -ENOMEM;
	if (!is_result(j, got, want))
		sim_fail(&j->sim, CHECK_RESULT, "init returned %d, should be %d", got, want);
	if (got && j->sim.memory->nr_live)
		sim_fail(&j->sim, CHECK_LEDGER, "init failed and left %u tables",
			 j->sim.memory->nr_live);
	j->ready = got == 0;
	if (j->ready) {
		check_memory(j);
		if (j->sim.watch.on)
			check_stale(j, "after init");
		judge_state(j);
	}
	return got;
}

/* What map said against what the flat map and the refusals allow. */
static void check_map_result(struct judge *j, const struct pt_mapping *m, int err, uint64_t mapped)
{
	struct flat_mapping fm = { .iova = m->iova, .oa = m->oa, .len = m->len, .prot = m->prot };
	struct prediction want = { predict_map_error(j, m), 0 };

	if (mapped > m->len)
		sim_stop(&j->sim, CHECK_RESULT, "map of " HEX " bytes says mapped " HEX, m->len, mapped);
	if (err == -ENOMEM && !want.err) {
		if (!j->sim.t->refused)
			sim_fail_at(&j->sim, CHECK_REFUSE, m->iova,
				    "map returned ENOMEM, but no allocation was refused");
		want = flat_predict_map(&j->flat, &fm, mapped);
		/* Nor is there anything in the way of the next leaf: that would go before. */
		/* equivalent: rel-2: then it fails below, too */
		if (!want.err && want.mapped == mapped && mapped < m->len &&
		    flat_predict_map(&j->flat, &fm, mapped + 1).err) /* equivalent: off-1: none is a byte */
			want.err = -EADDRINUSE;
		if (want.err || want.mapped != mapped || mapped >= m->len)
			sim_fail_at(&j->sim, CHECK_REFUSE, m->iova,
				    "map was refused memory and says mapped " HEX
				    ", no boundary that it can have reached (%d, " HEX ")",
				    mapped, want.err, want.mapped);
		return;
	}
	/* One leaf further than map says it went is enough to know whether it should have. */
	if (!want.err)
		want = flat_predict_map(&j->flat, &fm, mapped + 1); /* equivalent: off-1: likewise */
	if (!is_result(j, err, want.err) || mapped != want.mapped)
		sim_fail_at(&j->sim, CHECK_RESULT, m->iova + want.mapped,
			    "map returned %d, mapped " HEX "; should be %d, mapped %s" HEX, err,
			    mapped, want.err,
			    want.err || want.mapped == m->len ? "" : "at least ", /* not mutated: words */
			    want.mapped);
}

/* Empty tables that made way for a leaf: caches have forgotten them when map returns. */
static void check_replaced(struct judge *j)
{
	for (size_t i = 0; i < j->sim.dev.nr; i++) {
		const struct stale *s = &j->sim.dev.stale[i];

		if (s->kind == STALE_TABLE && s->operation == j->sim.t->operation)
			sim_fail_at(&j->sim, CHECK_STALE, s->first,
				    "map returned while a cached table pointer may still lead to PA "
				    HEX, s->pa);
	}
}

static int map_as_asked(struct judge *j, const struct pt_mapping *m, uint64_t *mapped)
{
	struct flat_mapping fm = { .iova = m->iova, .oa = m->oa, .len = m->len, .prot = m->prot };
	struct pt_gather *gather = &j->sim.t->gather, before = *gather;
	int err;

	*mapped = 0;
	/* equivalent: off-1: a byte less is of the same page */
	race_enter(j, RACE_MAP, m->iova, m->iova + (m->len - 1),
		   predict_map_error(j, m) ? NULL : &fm);
	if (map_is_not_asked(j, m)) {
		race_leave(j, false);
		return 0;
	}
	*mapped = UINT64_MAX; /* it must be written, also on error */
	begin(j);
	sim_run_operation(&j->sim);
	err = j->subject.ops->map(j->pt, m, gather, mapped);
	sim_end_operation(&j->sim);
	check_map_result(j, m, err, *mapped);
	flat_map(&j->flat, &fm, *mapped, j->leaves);
	race_leave(j, *mapped);
	check_map_gather(j, &before, m, *mapped);
	check_replaced(j);
	check_after(j, m->iova, *mapped ? m->iova + (*mapped - 1) : m->iova);
	return err;
}

int judge_map(struct judge *j, const struct pt_mapping *m, uint64_t *mapped)
{
	struct pt_mapping asked = *m;

	asked.prot = asked_prot(j, m->prot);
	return map_as_asked(j, &asked, mapped);
}

/* No table remains reachable that the removed bytes cover. */
static void check_covered_tables(struct judge *j, uint64_t first, uint64_t last)
{
	for (size_t i = 1; i < j->map.nr_tables; i++) {
		const struct hw_table *t = &j->map.tables[i];
		uint64_t reach = last_below(hw_item_lg2(j->subject.hw, t->level + 1u));

		if (t->va >= first && t->va + reach <= last)
			sim_fail_at(&j->sim, CHECK_LEDGER, t->va,
				    "unmap of IOVA " HEX ".." HEX
				    " left the table of level %u that it covers",
				    first, last, t->level);
	}
}

uint64_t judge_unmap(struct judge *j, uint64_t iova, uint64_t len)
{
	struct pt_gather *mine = &j->sim.t->gather, gather = *mine;
	struct pt_invalidation what = { .first = iova };
	uint64_t last = iova, want = 0, got;
	bool any;

	race_enter(j, RACE_UNMAP, iova, iova + (len - 1), NULL);
	if (unmap_is_not_asked(j, iova, len)) {
		race_leave(j, false);
		return 0;
	}
	any = flat_predict_unmap(&j->flat, iova, len, &last);
	if (any)
		want = last - iova + 1; /* 0 when that is 2^64 bytes */
	what.last = last;
	what.table_levels = PT_ANY_LEVEL;
	if (any)
		what.leaf_levels = leaf_levels(j, iova, last);
	begin(j);
	sim_run_operation(&j->sim);
	got = j->subject.ops->unmap(j->pt, iova, len, mine);
	sim_end_operation(&j->sim);
	if (got != want)
		sim_fail_at(&j->sim, CHECK_RESULT, iova,
			    "unmap returned " HEX ", should be " HEX, got, want);
	if (any && gathers_are_compared(j))
		gather = predict_gather(j, gather, what);
	check_gather(j, &gather, "unmap");
	flat_unmap(&j->flat, iova, len);
	race_leave(j, any);
	check_after(j, iova, last);
	if (any && j->thorough && !j->race.on &&
	    !deviates(j, DEVIATES_KEEPS_TABLES))
		check_covered_tables(j, iova, last);
	return got;
}

/* While others change what is there: as it was at some moment between begin and end. */
static bool translate_unlocked(struct judge *j, uint64_t iova, uint64_t *oa)
{
	bool mapped;

	race_watch(j, iova, false); /* equivalent: bool-1: nobody asks it of dirt */
	begin(j); /* equivalent: drop-1: nothing is asked that it begins */
	sim_run_operation(&j->sim);
	mapped = j->subject.ops->translate(j->pt, iova, oa);
	sim_end_operation(&j->sim);
	if (mapped ? !race_was_mapped(j, *oa) : !race_was_unmapped(j))
		sim_fail_at(&j->sim, CHECK_RACE, iova,
			    "translate of IOVA " HEX " says %s OA " HEX
			    ", which it was at no moment meanwhile",
			    /* not mutated: words */
			    iova, mapped ? "mapped," : "unmapped,", mapped ? *oa : 0);
	race_unwatch(j);
	return mapped;
}

/* Nothing changes what is there meanwhile: the caller keeps it from that. */
static bool translate_locked(struct judge *j, uint64_t iova, uint64_t *oa)
{
	bool mapped;

	race_enter(j, RACE_READ_DIRTY, iova, iova, NULL);
	mapped = translate_unlocked(j, iova, oa);
	race_leave(j, false);
	return mapped;
}

bool judge_translate(struct judge *j, uint64_t iova, uint64_t *oa)
{
	j->operations++;
	if (address_is_not_asked(j, iova))
		return false; /* equivalent: bool-1: nor is this */
	if (j->race.on && deviates(j, DEVIATES_TRANSLATE_LOCKED))
		return translate_locked(j, iova, oa);
	if (j->race.on)
		return translate_unlocked(j, iova, oa);
	probe(j, iova);
	begin(j); /* equivalent: drop-1: nothing is asked that it begins */
	return j->subject.ops->translate(j->pt, iova, oa);
}

/* What cut must return when no memory is refused, in the order promised. */
static int predict_cut(const struct judge *j, uint64_t iova, uint64_t *leaf_va)
{
	uint64_t smallest = j->flat.sizes & -j->flat.sizes;
	const struct extent *e = flat_find(&j->flat, iova, leaf_va);

	if (!flat_holds(&j->flat, iova, iova))
		return -ERANGE;
	if (iova % smallest)
		return -ENXIO;
	if (!e)
		return -ENOENT;
	return 0;
}

/*
 * What was dirty before is dirty in all parts; what was written meanwhile in that part at
 * least, and in others as the tables have it.
 */
static void cut_with_writes(struct judge *j, uint64_t iova, uint64_t first, uint64_t last,
			    bool dirty)
{
	unsigned nr = race_nr_writes(j);
	const uint64_t *writes = j->race.ops[j->sim.t - j->sim.threads].writes;

	flat_cut(&j->flat, iova);
	if (!nr || dirty)
		return;
	/* equivalent: off-1, rel-2: set below; a last address begins no leaf */
	for (uint64_t at = first, leaf_va = 0; at >= first && at <= last;) {
		race_believe_dirt(j, at);
		/* equivalent: shift-2: it believes each twice */
		at += UINT64_C(1) << flat_find(&j->flat, at, &leaf_va)->size_lg2;
	}
	for (unsigned i = 0; i < nr && i < RACE_WRITES; i++)
		flat_set_dirty(&j->flat, writes[i], true);
}

int judge_cut(struct judge *j, uint64_t iova)
{
	uint64_t leaf_va = iova, last = iova;
	struct pt_gather *mine = &j->sim.t->gather, gather = *mine;
	struct pt_invalidation what = { 0 }; /* equivalent: off-1: set below */
	bool changes, dirty;
	int want, got;

	if (is_left_out(j, j->subject.ops->cut, "cut"))
		return -EOPNOTSUPP;
	race_enter(j, RACE_CUT, iova, iova, NULL);
	want = predict_cut(j, iova, &leaf_va);
	dirty = want == 0 && flat_find(&j->flat, iova, &last)->dirty;
	last = iova;
	begin(j);
	sim_run_operation(&j->sim);
	got = j->subject.ops->cut(j->pt, iova, mine);
	sim_end_operation(&j->sim);
	if (got == -ENOMEM && !j->sim.t->refused)
		sim_fail_at(&j->sim, CHECK_REFUSE, iova,
			    "cut returned ENOMEM, but no allocation was refused");
	if (want == 0 && leaf_va != iova && got == -ENOMEM)
		want = got;
	if (!is_result(j, got, want))
		sim_fail_at(&j->sim, CHECK_RESULT, iova, "cut returned %d, should be %d", got,
			    want);
	changes = got == 0 && leaf_va != iova;
	if (changes) {
		uint64_t found;
		unsigned size_lg2 = flat_find(&j->flat, iova, &found)->size_lg2;

		last = leaf_va + last_below(size_lg2);
		what = (struct pt_invalidation){ .first = leaf_va, .last = last,
						 .leaf_levels = leaf_level_bit(j, size_lg2) };
		cut_with_writes(j, iova, leaf_va, last, dirty);
	}
	race_leave(j, changes);
	/* With break-before-make the invalidation is complete when cut returns. */
	if (!gathers_are_compared(j)) {
		/* What is stale is for check_after to say. */
	} else if (changes && j->subject.hw->breaks_before_make) {
		if (j->sim.t->invalidations != 1 || j->sim.t->invalidated.first != leaf_va ||
		    j->sim.t->invalidated.last != last)
			sim_fail_at(&j->sim, CHECK_RESULT, iova,
				    "cut made %u invalidations, should be one, of " HEX ".." HEX,
				    j->sim.t->invalidations, leaf_va, last);
	} else if (changes) {
		gather = predict_gather(j, gather, what);
	}
	check_gather(j, &gather, "cut");
	check_after(j, changes ? leaf_va : iova, last);
	return got;
}

void judge_sync(struct judge *j)
{
	struct pt_gather *mine = &j->sim.t->gather, before = *mine, empty = PT_GATHER_EMPTY;
	bool any = before.first <= before.last; /* equivalent: rel-1: whole pages */

	j->operations++;
	begin(j);
	j->sim.syncs++;
	sim_run_operation(&j->sim);
	j->subject.ops->sync(j->pt, mine);
	sim_end_operation(&j->sim);
	j->sim.syncs--;
	check_gather(j, &empty, "sync");
	if (mine->tables || mine->first <= mine->last)
		sim_fail(&j->sim, CHECK_LEDGER, "sync left %s in the gather",
			 mine->tables ? "tables" : "a range");
	if (gathers_are_compared(j) &&
	    (j->sim.t->invalidations != any ||
	    (any && (j->sim.t->invalidated.first != before.first ||
		     j->sim.t->invalidated.last != before.last))))
		sim_fail(&j->sim, CHECK_RESULT,
			 "sync of " HEX ".." HEX " made %u invalidations, the last of " HEX ".." HEX,
			 before.first, before.last, j->sim.t->invalidations, j->sim.t->invalidated.first,
			 j->sim.t->invalidated.last);
	if (!j->race.on)
		check_memory(j);
	if (j->sim.watch.on)
		check_stale(j, "after sync");
	if (j->race.on) {
		check_after_race(j, before.first, before.first);
		return;
	}
	check_work(j, &j->sim.t->work);
	if (j->thorough) {
		judge_state(j);
		check_torn(j);
	}
}

void judge_deinit(struct judge *j)
{
	if (!j->ready)
		return;
	judge_sync(j); /* equivalent: swap-1: it does not ask */
	j->ready = false;
	begin(j); /* equivalent: drop-1: nothing is asked that it begins */
	j->sim.ending = true;
	j->subject.ops->deinit(j->pt);
	if (j->sim.memory->nr_live)
		sim_fail(&j->sim, CHECK_LEDGER, "deinit left %u tables", j->sim.memory->nr_live);
}
