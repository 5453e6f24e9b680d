/*
 * The judge of dirt: what read_dirty must report, clean and gather, worked out from the
 * flat map a granule at a time.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

/* A leaf of an extent. */
struct leaf_range {
	uint64_t first, last;
	unsigned size_lg2;
};

/* True when bit n of the bitmap stands for bytes, and some of them lie in first..last. */
static bool granule_overlaps(const struct pt_bitmap *b, uint64_t n, struct leaf_range leaf)
{
	uint64_t first, last;

	if (n > (UINT64_MAX - b->base) >> b->granule_lg2)
		return false; /* beyond the address space */
	first = b->base + (n << b->granule_lg2);
	last = first + last_below(b->granule_lg2);
	if (last < first)
		last = UINT64_MAX;
	return first <= leaf.last && last >= leaf.first;
}

/* True when every byte of the leaf has a bit. */
static bool is_reported_whole(const struct pt_bitmap *b, struct leaf_range leaf)
{
	return leaf.first >= b->base && (leaf.last - b->base) >> b->granule_lg2 < b->bits;
}

/* Marks in `words` what must be reported; returns the leaves that must become clean. */
static struct leaf_range *predict_dirty(const struct judge *j, struct leaf_range asked,
					unsigned flags, const struct pt_bitmap *b,
					uint64_t *words, size_t *nr)
{
	struct leaf_range *cleaned = NULL;

	*nr = 0;
	for (size_t i = 0; i < j->flat.nr; i++) {
		const struct extent *e = &j->flat.extents[i];

		for (uint64_t k = 0; e->dirty && k < e->count; k++) {
			/* equivalent: off-1: set below */
			struct leaf_range leaf = { e->va + (k << e->size_lg2), 0, e->size_lg2 };

			leaf.last = leaf.first + last_below(e->size_lg2);
			if (leaf.first > asked.last || leaf.last < asked.first)
				continue;
			for (uint64_t n = 0; n < b->bits; n++)
				if (granule_overlaps(b, n, leaf))
					words[n / 64] |= UINT64_C(1) << n % 64;
			if ((flags & PT_NO_CLEAR) || !is_reported_whole(b, leaf))
				continue;
			/* equivalent: off-1: more room */
			cleaned = realloc(cleaned, (*nr + 1) * sizeof(*cleaned));
			if (!cleaned)
				abort(); /* equivalent: drop-1: the next line crashes */
			cleaned[(*nr)++] = leaf;
		}
	}
	return cleaned;
}

static int predict_error(const struct judge *j, uint64_t iova, uint64_t len,
			 const struct pt_bitmap *b)
{
	if (!(j->config.features & PT_DIRTY_TRACKING))
		return -EOPNOTSUPP;
	if (b->granule_lg2 > 63 || !b->bits)
		return -EINVAL;
	if (len && len - 1 > UINT64_MAX - iova)
		return -EOVERFLOW;
	if (len && !flat_holds(&j->flat, iova, iova + (len - 1)))
		return -ERANGE;
	return 0;
}

/* Ranges gathered one after the other: what is left, and what had to be synced before. */
static void check_gathered(struct judge *j, struct pt_gather g, const struct leaf_range *cleaned,
			   size_t nr)
{
	bool no_gaps = j->config.features & PT_FLUSH_RANGE_NO_GAPS;
	bool detailed = j->config.features & PT_DETAILED_GATHER;
	uint32_t synced = 0;

	for (size_t i = 0; i < nr; i++) {
		bool empty = g.first > g.last; /* equivalent: rel-1: a byte is no leaf */
		bool apart = !empty &&
			     /* equivalent: rel-1, off-1: a gap is pages */
			     ((g.last < cleaned[i].first && cleaned[i].first - g.last > 1) ||
			      /* equivalent: rel-1, off-1: none apart when equal; a gap is pages */
			      (cleaned[i].last < g.first && g.first - cleaned[i].last > 1));

		if (apart && no_gaps) {
			synced++;
			g = PT_GATHER_EMPTY;
		}
		if (cleaned[i].first < g.first) /* equivalent: rel-1: it is that already */
			g.first = cleaned[i].first;
		if (cleaned[i].last > g.last) /* equivalent: rel-1: likewise */
			g.last = cleaned[i].last;
		if (detailed)
			g.leaf_levels |= leaf_level_bit(j, cleaned[i].size_lg2);
	}
	if (!gathers_are_compared(j))
		return;
	if (j->sim.t->gather.first != g.first || j->sim.t->gather.last != g.last ||
	    j->sim.t->gather.leaf_levels != g.leaf_levels || j->sim.t->invalidations != synced)
		sim_fail(&j->sim, CHECK_DIRTY,
			 "read_dirty gathered " HEX ".." HEX " after %u invalidations, should be "
			 HEX ".." HEX " after %u",
			 j->sim.t->gather.first, j->sim.t->gather.last, j->sim.t->invalidations, g.first, g.last,
			 synced);
}

/* Of leaves written meanwhile, by devices or set_dirty, the n-th; false where there is none. */
static bool late_leaf(const struct judge *j, unsigned n, struct leaf_range *leaf)
{
	const struct race_op *op = &j->race.ops[j->sim.t - j->sim.threads];
	const struct extent *e;

	if (n >= race_nr_writes(j) || n >= RACE_WRITES)
		return false;
	e = flat_find(&j->flat, op->writes[n], &leaf->first);
	leaf->last = leaf->first; /* gone meanwhile: none of its bits matters */
	if (e)
		leaf->last = leaf->first + last_below(e->size_lg2);
	return true;
}

/* May the bit be set or not, for what was written meanwhile? */
static bool is_late(const struct judge *j, const struct pt_bitmap *b, uint64_t n)
{
	struct leaf_range leaf;

	if (race_nr_writes(j) > RACE_WRITES)
		return true;
	/* equivalent: rel-1: no granule is beyond them */
	for (unsigned i = 0; n < b->bits && late_leaf(j, i, &leaf); i++)
		if (granule_overlaps(b, n, leaf))
			return true;
	return false;
}

static bool is_reported(const struct pt_bitmap *b, struct leaf_range leaf)
{
	for (uint64_t n = 0; n < b->bits; n++) /* equivalent: rel-1: the leaf ends before */
		if (granule_overlaps(b, n, leaf) && !(b->words[n / 64] >> n % 64 & 1))
			return false;
	return true;
}

/* A write was reported, or its leaf is still dirty; whether before or after the clear is open. */
static void believe_late_leaves(struct judge *j, const struct pt_bitmap *b, unsigned flags)
{
	struct leaf_range leaf;

	for (unsigned i = 0; late_leaf(j, i, &leaf); i++)
		if (!(flags & PT_NO_CLEAR) && is_reported_whole(b, leaf) && is_reported(b, leaf))
			race_believe_dirt(j, leaf.first);
}

/* Every bit that should be there, and no other, also behind the end. */
static void check_bits(struct judge *j, const struct pt_bitmap *b, const uint64_t *want)
{
	for (uint64_t n = 0; n < (b->bits / 64 + 2) * 64; n++) {
		bool got = b->words[n / 64] >> n % 64 & 1, due = want[n / 64] >> n % 64 & 1;

		if (got != due && !(got && is_late(j, b, n)))
			sim_fail(&j->sim, CHECK_DIRTY,
				 "read_dirty left bit %" PRIu64 " of the bitmap %s, should be %s "
				 "(base " HEX ", granule 2^%u, %" PRIu64 " bits)",
				 n, got ? "set" : "clear", due ? "set" : "clear", b->base,
				 b->granule_lg2, b->bits);
	}
}

int judge_read_dirty(struct judge *j, uint64_t iova, uint64_t len, unsigned flags,
		     const struct pt_bitmap *bitmap)
{
	struct dirty_room *room = judge_dirty_room(j);
	int want_err = predict_error(j, iova, len, bitmap), err;
	size_t words = bitmap->bits / 64 + 2, nr = 0;
	/* equivalent: off-3: nobody asks for its size */
	struct leaf_range asked = { iova, iova + (len - 1), 0 }, *cleaned = NULL;
	struct pt_gather *gather = &j->sim.t->gather, before = *gather;

	if (is_left_out(j, j->subject.ops->read_dirty, "read_dirty") ||
	    (want_err && is_not_asked(j, DEVIATES_BOUNDS)))
		return want_err;
	memset(room->want, 0, words * sizeof(*room->want));
	memset(bitmap->words, 0, words * sizeof(*room->want));
	race_enter(j, RACE_READ_DIRTY, asked.first, asked.last, NULL);
	if (!want_err && len)
		cleaned = predict_dirty(j, asked, flags, bitmap, room->want, &nr);
	for (size_t i = 0; i < nr; i++)
		flat_set_dirty(&j->flat, cleaned[i].first, false);
	room->cleaned = cleaned; /* freed by the next reset when a check leaves */
	begin(j);
	sim_run_operation(&j->sim);
	err = j->subject.ops->read_dirty(j->pt, iova, len, flags, bitmap, gather);
	sim_end_operation(&j->sim);
	if (!is_result(j, err, want_err))
		sim_fail_at(&j->sim, CHECK_RESULT, iova, "read_dirty returned %d, should be %d",
			    err, want_err);
	check_bits(j, bitmap, room->want);
	believe_late_leaves(j, bitmap, flags);
	if (!race_nr_writes(j))
		check_gathered(j, before, cleaned, nr);
	free(cleaned); /* equivalent: drop-1, swap-1: a leak; nobody looks in between */
	room->cleaned = NULL;
	race_leave(j, false);
	/* equivalent: logic-1: where nothing has changed, it only probes elsewhere */
	check_after(j, iova, err || !len ? iova : asked.last);
	return err;
}

/* What it stored, or found, has been seen by hooks. */
static bool was_marked(const struct judge *j)
{
	return !j->sim.sees_accesses || race_was_dirty(j);
}

/* While others change what is there: as it was at some moment between begin and end. */
static int set_dirty_unlocked(struct judge *j, uint64_t iova)
{
	/* equivalent: logic-1: without hooks nobody comes in between, and none says so */
	const bool sees = SIM_SEES_ACCESSES && j->sim.sees_accesses;
	uint64_t changes = j->sim.changes;
	int got;

	race_watch(j, iova, true);
	begin(j); /* equivalent: drop-1: nothing is asked that it begins */
	sim_run_operation(&j->sim);
	got = j->subject.ops->set_dirty(j->pt, iova);
	sim_end_operation(&j->sim);
	if (!(got == -ENOENT && race_was_unmapped(j)) &&
	    !(got == -EACCES && race_was_writable(j, false)) &&
	    !((got == 0 || got == -EAGAIN) && race_was_writable(j, true)))
		sim_fail_at(&j->sim, CHECK_RACE, iova,
			    "set_dirty returned %d, for which there was no reason meanwhile", got);
	if (got == -EAGAIN && sees && j->sim.changes == changes)
		sim_fail_at(&j->sim, CHECK_RACE, iova,
			    "set_dirty returned %d, and nothing had changed meanwhile", got);
	if (!got && !was_marked(j))
		sim_fail_at(&j->sim, CHECK_RACE, iova,
			    "set_dirty returned 0, and neither marked the leaf nor found it dirty");
	race_unwatch(j);
	j->operations++;
	return got;
}

/* Nothing changes what is there meanwhile: the caller keeps it from that. */
static int set_dirty_locked(struct judge *j, uint64_t iova)
{
	int err;

	race_enter(j, RACE_READ_DIRTY, iova, iova, NULL);
	err = set_dirty_unlocked(j, iova);
	race_leave(j, false);
	return err;
}

int judge_set_dirty(struct judge *j, uint64_t iova)
{
	bool tracks = j->config.features & PT_DIRTY_TRACKING;
	uint64_t leaf_va;
	const struct extent *e = flat_find(&j->flat, iova, &leaf_va);
	int want = 0, got;

	if (is_left_out(j, j->subject.ops->set_dirty, "set_dirty") ||
	    (!tracks && is_not_asked(j, DEVIATES_BOUNDS)) || address_is_not_asked(j, iova))
		return -EOPNOTSUPP;
	if (j->race.on && tracks && deviates(j, DEVIATES_TRANSLATE_LOCKED))
		return set_dirty_locked(j, iova);
	if (j->race.on && tracks)
		return set_dirty_unlocked(j, iova);
	if (!tracks)
		want = -EOPNOTSUPP;
	else if (!e)
		want = -ENOENT;
	else if (!(e->prot & PT_WRITE))
		want = -EACCES;
	begin(j);
	got = j->subject.ops->set_dirty(j->pt, iova);
	sim_end_operation(&j->sim); /* equivalent: drop-1: nothing of it is late */
	if (!is_result(j, got, want))
		sim_fail_at(&j->sim, CHECK_RESULT, iova, "set_dirty returned %d, should be %d", got,
			    want);
	if (!got)
		flat_set_dirty(&j->flat, iova, true);
	check_after(j, iova, iova);
	return got;
}
