/* What is not asked of a foreign implementation, nor compared: by what it deviates. */
#include "oracle/judge_parts.h"

bool deviates(const struct judge *j, enum deviation d)
{
	return j->deviates >> d & 1 || foreign_deviates(j->subject.foreign, d);
}

bool is_not_asked(struct judge *j, enum deviation d)
{
	if (!deviates(j, d))
		return false;
	j->sim.t->not_asked = deviation_names[d];
	return true;
}

bool is_left_out(struct judge *j, bool present, const char *operation)
{
	if (!present)
		j->sim.t->not_asked = operation;
	return !present;
}

bool is_result(const struct judge *j, int got, int want)
{
	return got == want ||
	       (got < 0 && want < 0 && deviates(j, DEVIATES_ERRORS));
}

static bool any_mapped(const struct judge *j, uint64_t first, uint64_t last)
{
	uint64_t at;

	return flat_next(&j->flat, first, &at) && at <= last; /* equivalent: rel-1: whole pages */
}

bool map_is_not_asked(struct judge *j, const struct pt_mapping *m)
{
	if (predict_map_error(j, m))
		return is_not_asked(j, DEVIATES_BOUNDS);
	if (!(m->prot & PT_READ) && is_not_asked(j, DEVIATES_WRITE_ONLY))
		return true;
	/* equivalent: off-1: whole pages */
	return any_mapped(j, m->iova, m->iova + (m->len - 1)) &&
	       is_not_asked(j, DEVIATES_MAP_OVER);
}

bool unmap_is_not_asked(struct judge *j, uint64_t iova, uint64_t len)
{
	uint64_t last = iova + (len - 1), reached;

	if (!len || !flat_holds(&j->flat, iova, last))
		return is_not_asked(j, DEVIATES_BOUNDS);
	if (flat_predict_unmap(&j->flat, iova, len, &reached) && reached == last)
		return false;
	return is_not_asked(j, DEVIATES_UNMAP_WHOLE);
}

bool address_is_not_asked(struct judge *j, uint64_t iova)
{
	return !flat_holds(&j->flat, iova, iova) && is_not_asked(j, DEVIATES_BOUNDS);
}

unsigned asked_prot(const struct judge *j, unsigned prot)
{
	if (deviates(j, DEVIATES_PROT))
		return prot & (PT_READ | PT_WRITE);
	return prot;
}

bool gathers_are_compared(const struct judge *j)
{
	return !deviates(j, DEVIATES_GATHER);
}

bool any_gather_waits(const struct judge *j)
{
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		const struct pt_gather *g = &j->sim.threads[i].gather;

		if (g->first <= g->last || g->nr_tables)
			return true;
	}
	return false;
}
