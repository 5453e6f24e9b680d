/*
 * The judge of what hardware saw between two stores: at every address what was there before
 * the operation, or what is there after it; never a third. With several threads it judges
 * at every store, of which operations in flight may have changed what is where.
 */
#include <inttypes.h>

#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

const struct extent *piece_at(const struct flat *f, uint64_t va, uint64_t *last)
{
	const struct extent *found = NULL;

	*last = UINT64_MAX;
	for (size_t i = 0; i < f->nr; i++) {
		const struct extent *e = &f->extents[i];
		uint64_t end = e->va + ((e->count << e->size_lg2) - 1);

		if (end < va)
			continue;
		if (e->va <= va) {
			found = e;
			*last = end;
		} else {
			*last = e->va - 1;
		}
		break;
	}
	return found;
}

/* Is it what hardware saw at va, which lies inside the sight? */
static bool is_seen(const struct judge *j, const struct sight *s, uint64_t va,
		    const struct extent *e)
{
	struct hw_attrs want;

	if (!e || !s->mapped)
		return !e && !s->mapped;
	promised_attrs(j, e->prot, &want);
	if (s->oa + (va - s->first) != e->oa + (va - e->va))
		return false;
	if (deviates(j, DEVIATES_ATTRIBUTES))
		return s->attrs.read == want.read && s->attrs.write == want.write;
	return watch_same_rights(&s->attrs, &want);
}

static void check_sight(struct judge *j, const struct sight *s)
{
	const struct flat *before = j->race.on ? &j->flat : &j->sim.watch.before;
	uint64_t va = s->first;

	for (;;) {
		uint64_t last_before, last_after, last;
		const struct extent *old = piece_at(before, va, &last_before);
		const struct extent *new = j->race.on ? race_piece_at(j, va, &last_after) :
							piece_at(&j->flat, va, &last_after);

		if (!is_seen(j, s, va, old) && !is_seen(j, s, va, new))
			sim_fail_at(&j->sim, CHECK_TORN, va,
				    "in between, hardware could see IOVA " HEX " %s OA " HEX
				    "; before it was %s, after it is %s",
				    va, s->mapped ? "mapped to" : "unmapped,",
				    s->mapped ? s->oa + (va - s->first) : 0, /* not mutated: words */
				    old ? "mapped" : "unmapped", new ? "mapped" : "unmapped");
		/* equivalent: rel-1: they are the same */
		last = last_before < last_after ? last_before : last_after;
		if (last >= s->last)
			return;
		va = last + 1;
	}
}

void check_torn(struct judge *j)
{
	const struct watch *w = &j->sim.watch;

	/* equivalent: logic-1: what is not watched has no sights, what is off says nothing */
	if (!w->on || sim_is_off(&j->sim, CHECK_TORN))
		return;
	for (size_t i = 0; i < w->nr; i++)
		if (!w->sights[i].lost)
			check_sight(j, &w->sights[i]);
}
