/* The flat map: see flat.h. */
#include "oracle/flat.h"

#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void flat_reset(struct flat *f, uint64_t sizes, unsigned vasz_lg2, enum flat_aperture where,
		uint64_t last_oa)
{
	f->nr = 0;
	f->changes = 0;
	f->sizes = sizes;
	f->apertures[0].first = 0;
	f->apertures[0].last = last_below(vasz_lg2);
	f->apertures[1].first = 1; /* equivalent: off-3: as empty */
	f->apertures[1].last = 0;
	if (where == FLAT_HIGH) {
		f->apertures[0].first = ~last_below(vasz_lg2);
		f->apertures[0].last = UINT64_MAX;
	}
	if (where == FLAT_BOTH_ENDS && vasz_lg2 > 0) {
		f->apertures[0].last = last_below(vasz_lg2 - 1);
		f->apertures[1].first = ~last_below(vasz_lg2 - 1);
		f->apertures[1].last = UINT64_MAX;
	}
	f->last_oa = last_oa;
}

bool flat_holds(const struct flat *f, uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < 2; i++)
		if (first >= f->apertures[i].first && last <= f->apertures[i].last &&
		    first <= last)
			return true;
	return false;
}

void flat_free(struct flat *f)
{
	free(f->extents);
	*f = (struct flat){ 0 };
}

static uint64_t size_of(const struct extent *e)
{
	return UINT64_C(1) << e->size_lg2;
}

static uint64_t last_of(const struct extent *e)
{
	return e->va + (e->count * size_of(e) - 1);
}

bool flat_next(const struct flat *f, uint64_t va, uint64_t *at)
{
	for (size_t i = 0; i < f->nr; i++) {
		const struct extent *e = &f->extents[i];

		if (last_of(e) >= va) {
			*at = e->va > va ? e->va : va; /* equivalent: rel-1: they are the same */
			return true;
		}
	}
	return false;
}

/* The largest size that iova and oa are aligned to and that len can hold. */
static unsigned greedy_lg2(const struct flat *f, uint64_t iova, uint64_t oa, uint64_t len)
{
	unsigned best = 64; /* equivalent: off-1, off-2: some size always fits */

	/* Beyond the first size that does not fit, none does. */
	for (unsigned lg2 = 0; lg2 < 64; lg2++) {
		uint64_t size = UINT64_C(1) << lg2;

		if (((iova | oa) & (size - 1)) != 0 || size > len)
			break;
		if (f->sizes & size)
			best = lg2;
	}
	return best;
}

struct prediction flat_predict_map(const struct flat *f, const struct flat_mapping *m,
				   uint64_t limit)
{
	struct prediction p = { 0, 0 };
	uint64_t taken = 0; /* equivalent: off-1: read when it was set */
	bool any = flat_next(f, m->iova, &taken);

	while (p.mapped < m->len && p.mapped < limit) {
		unsigned lg2 = greedy_lg2(f, m->iova + p.mapped, m->oa + p.mapped,
					  m->len - p.mapped);
		uint64_t last = m->iova + p.mapped + ((UINT64_C(1) << lg2) - 1);

		if (any && taken <= last) {
			p.err = -EADDRINUSE;
			break;
		}
		p.mapped += UINT64_C(1) << lg2;
	}
	return p;
}

static void insert(struct flat *f, size_t at, struct extent e)
{
	if (f->nr == f->cap) {
		/* equivalent: off-1, off-3, off-4: it only moves at other times */
		size_t cap = f->cap ? 2 * f->cap : 64;
		struct extent *grown = realloc(f->extents, cap * sizeof(*grown));

		if (!grown) {
			/* equivalent: drop-1: words */
			fputs("walkdiff: out of memory for the flat map\n", stderr);
			abort(); /* equivalent: drop-1: it crashes then */
		}
		f->extents = grown;
		f->cap = cap;
	}
	memmove(&f->extents[at + 1], &f->extents[at], (f->nr - at) * sizeof(e));
	f->extents[at] = e;
	f->nr++;
}

static void remove_at(struct flat *f, size_t at)
{
	f->nr--;
	memmove(&f->extents[at], &f->extents[at + 1], (f->nr - at) * sizeof(f->extents[0]));
}

/* True when b is what would come next in a. */
static bool continues(const struct extent *a, const struct extent *b)
{
	return a->size_lg2 == b->size_lg2 && a->prot == b->prot && a->dirty == b->dirty &&
	       last_of(a) + 1 == b->va &&
	       a->oa + a->count * size_of(a) == b->oa;
}

static void add_leaf(struct flat *f, struct extent leaf)
{
	size_t at = 0;

	/* equivalent: rel-2: nothing is mapped where a leaf comes */
	while (at < f->nr && f->extents[at].va < leaf.va)
		at++;
	if (at > 0 && continues(&f->extents[at - 1], &leaf)) {
		f->extents[--at].count++;
	} else {
		insert(f, at, leaf);
	}
	if (at + 1 < f->nr && continues(&f->extents[at], &f->extents[at + 1])) {
		f->extents[at].count += f->extents[at + 1].count;
		remove_at(f, at + 1);
	}
}

void flat_map(struct flat *f, const struct flat_mapping *m, uint64_t mapped, uint64_t leaves[64])
{
	for (uint64_t done = 0; done < mapped;) {
		unsigned lg2 = greedy_lg2(f, m->iova + done, m->oa + done, m->len - done);

		add_leaf(f, (struct extent){ .va = m->iova + done,
					     .oa = m->oa + done,
					     .count = 1,
					     .size_lg2 = (uint8_t)lg2,
					     .prot = m->prot });
		leaves[lg2]++;
		f->changes++;
		done += UINT64_C(1) << lg2;
	}
}

const struct extent *flat_find(const struct flat *f, uint64_t va, uint64_t *leaf_va)
{
	for (size_t i = 0; i < f->nr; i++) {
		const struct extent *e = &f->extents[i];

		if (va - e->va <= last_of(e) - e->va) { /* wraps where va is below */
			*leaf_va = va & ~(size_of(e) - 1);
			return e;
		}
	}
	return NULL;
}

bool flat_predict_unmap(const struct flat *f, uint64_t iova, uint64_t len, uint64_t *last)
{
	uint64_t asked = iova + (len - 1);
	bool any = false;

	if (len == 0 || asked < iova || !flat_holds(f, iova, asked))
		return false;
	for (size_t i = 0; i < f->nr; i++) {
		const struct extent *e = &f->extents[i];
		uint64_t at = any ? *last + 1 : iova, before, leaves, size = size_of(e);

		if (last_of(e) < at)
			continue;
		/* At a gap, inside a leaf, or past the end: nothing more goes. */
		if (e->va > at || at % size || (any && *last >= asked))
			break;
		before = (at - e->va) / size;
		leaves = (asked - at) / size + 1;
		if (leaves > e->count - before) /* equivalent: rel-1: it is that already */
			leaves = e->count - before;
		*last = at + (leaves * size - 1);
		any = true;
	}
	return any;
}

void flat_unmap(struct flat *f, uint64_t iova, uint64_t len)
{
	uint64_t last = 0; /* equivalent: off-1: read when it was set */
	bool any = flat_predict_unmap(f, iova, len, &last);

	f->changes += any;
	for (size_t i = 0; any && i < f->nr;) {
		struct extent e = f->extents[i], after = e;
		uint64_t before;

		if (last_of(&e) < iova || e.va > last) {
			i++;
			continue;
		}
		remove_at(f, i);
		if (e.va < iova) {
			before = (iova - e.va) / size_of(&e);
			e.count = before;
			insert(f, i++, e);
		}
		if (last_of(&after) > last) {
			before = (last - after.va) / size_of(&after) + 1;
			after.va += before * size_of(&after);
			after.oa += before * size_of(&after);
			after.count -= before;
			insert(f, i++, after);
		}
	}
}

/* Leaves as map would place them, over first..first+len-1 of a leaf that was taken out. */
static void add_part(struct flat *f, struct extent leaf, uint64_t len)
{
	while (len) {
		unsigned lg2 = greedy_lg2(f, leaf.va, leaf.oa, len);

		leaf.size_lg2 = (uint8_t)lg2;
		add_leaf(f, leaf);
		leaf.va += UINT64_C(1) << lg2;
		leaf.oa += UINT64_C(1) << lg2;
		len -= UINT64_C(1) << lg2;
	}
}

void flat_cut(struct flat *f, uint64_t va)
{
	uint64_t leaf_va = 0, size; /* equivalent: off-1: set by what follows */
	struct extent leaf = *flat_find(f, va, &leaf_va), rest;

	size = size_of(&leaf);
	leaf.oa += leaf_va - leaf.va;
	leaf.va = leaf_va;
	leaf.count = 1;
	rest = leaf;
	rest.va = va;
	rest.oa += va - leaf_va;
	flat_unmap(f, leaf_va, 1); /* equivalent: off-1: one byte could not be cut */
	add_part(f, leaf, va - leaf_va);
	add_part(f, rest, leaf_va + size - va);
	f->changes++;
}

void flat_set_dirty(struct flat *f, uint64_t va, bool dirty)
{
	uint64_t leaf_va = 0; /* equivalent: off-1: set by what follows */
	const struct extent *found = flat_find(f, va, &leaf_va);
	struct extent leaf = *found;

	if (found->dirty == dirty)
		return;
	leaf.oa += leaf_va - leaf.va;
	leaf.va = leaf_va;
	leaf.count = 1;
	leaf.dirty = dirty;
	flat_unmap(f, leaf_va, 1);
	add_leaf(f, leaf);
	f->changes++;
}

uint64_t flat_bytes(const struct flat *f)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < f->nr; i++)
		bytes += f->extents[i].count * size_of(&f->extents[i]);
	return bytes;
}
