/* The device: see device.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle/flat.h"
#include "oracle/sim.h"

#define HEX "0x%" PRIx64

/* What the tags are matters to nobody, only that commands carry the same. */
#define DOMAIN 0x1357 /* not mutated: any number */
#define SPACE 0x2468 /* not mutated: any number */
#define DEVICE 0x00e8 /* not mutated: any number */
#define COMPLETION 0x1000 /* not mutated: nothing looks there */

unsigned device_units(const struct device *d)
{
	return d->flags & DEVICE_TWO_UNITS ? 2 : 1;
}

static uint8_t all_units(const struct device *d)
{
	return (uint8_t)((1u << device_units(d)) - 1);
}

/* not mutated: another draw is as good */
unsigned device_pick(struct device *d, unsigned n)
{
	uint64_t v = d->random += UINT64_C(0x9e3779b97f4a7c15);

	v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (unsigned)((v >> 32) % n);
}

bool device_chance(struct device *d, unsigned n)
{
	return device_pick(d, n) == 0;
}

void device_reset(struct device *d, unsigned flags, bool first_stage, uint64_t seed)
{
	struct stale *stale = d->stale;
	size_t cap = d->cap;
	struct stale before = { .last = UINT64_MAX, .level = UINT8_MAX };

	*d = (struct device){
		.flags = flags,
		.first_stage = first_stage,
		.random = seed,
		.stale = stale,
		.cap = cap,
		.unit = {
			.domain = DOMAIN,
			.space = SPACE,
			.device = DEVICE,
			.completion = COMPLETION,
			.ranges = flags & DEVICE_RANGES,
			.nonleaf = flags & DEVICE_NONLEAF,
			.max_mask_lg2 = flags & DEVICE_SMALL_MASK ? DEVICE_SMALL_MASK_LG2 :
								    DEVICE_FULL_MASK_LG2,
		},
	};
	/* Of the table that these tags belonged to before. */
	before.units = all_units(d);
	d->entry_units = all_units(d);
	device_add_stale(d, &before);
	before.kind = STALE_TABLE;
	device_add_stale(d, &before);
}

void device_free(struct device *d)
{
	free(d->stale);
}

static bool alike(const struct stale *a, const struct stale *b)
{
	return a->kind == b->kind && a->level == b->level && a->size_lg2 == b->size_lg2 &&
	       a->units == b->units && a->pa == b->pa && a->operation == b->operation &&
	       a->dirt_only == b->dirt_only;
}

static void append(struct device *d, const struct stale *s)
{
	struct stale copy = *s; /* may lie in the array that moves */

	if (d->nr == d->cap) {
		/* equivalent: off-1, off-3, off-4: it only moves at other times */
		d->cap = d->cap ? 2 * d->cap : 64;
		d->stale = realloc(d->stale, d->cap * sizeof(*d->stale));
		if (!d->stale) {
			/* equivalent: drop-1: words */
			fputs("walkdiff: out of memory for a device's caches\n", stderr);
			abort(); /* equivalent: drop-1: the next line crashes */
		}
	}
	d->stale[d->nr++] = copy;
}

void device_add_stale(struct device *d, const struct stale *s)
{
	struct stale new = *s, *last = d->nr ? &d->stale[d->nr - 1] : NULL;

	new.units = all_units(d);
	if (new.operation > d->newest) /* equivalent: rel-1: it is that already */
		d->newest = new.operation;
	/* One item after the other is what most stores are. */
	if (last && alike(last, &new)) {
		if (last->first <= new.first && new.last <= last->last)
			return;
		if (last->last + 1 == new.first && new.first) {
			last->last = new.last;
			return;
		}
	}
	append(d, &new);
}

const struct stale *device_find_left(const struct device *d, uint64_t operation, uint64_t first,
				     uint64_t last)
{
	/* Most operations that store entries have left none: that is asked at each of their stores. */
	for (size_t i = 0; operation <= d->newest && i < d->nr; i++) {
		const struct stale *s = &d->stale[i];

		if (s->kind != STALE_NOT_PRESENT && !s->dirt_only && s->operation == operation &&
		    s->first <= last && s->last >= first)
			return s;
	}
	return NULL;
}

const struct stale *device_find_way(const struct device *d, uint64_t pa)
{
	for (size_t i = 0; i < d->nr; i++)
		if (d->stale[i].kind == STALE_TABLE && d->stale[i].pa == pa)
			return &d->stale[i];
	return NULL;
}

bool device_writes_unseen(const struct device *d, uint64_t va)
{
	for (size_t i = 0; (d->flags & DEVICE_KEEPS_DIRTY) && i < d->nr; i++)
		if (d->stale[i].dirt_only && d->stale[i].first <= va && va <= d->stale[i].last)
			return true;
	return false;
}

/* Of stale[i] units let go of the pieces in first..last; what is left takes its place. */
static void let_go(struct device *d, size_t i, uint8_t units, uint64_t first, uint64_t last)
{
	struct stale s = d->stale[i], part;

	d->stale[i] = d->stale[--d->nr];
	if (s.first < first) {
		part = s;
		part.last = first - 1;
		append(d, &part);
	}
	if (s.last > last) {
		part = s;
		part.first = last + 1;
		append(d, &part);
	}
	if (s.units & ~units) {
		part = s;
		part.units &= (uint8_t)~units;
		/* equivalent: rel-1: it is that already */
		if (part.first < first)
			part.first = first;
		if (part.last > last) /* equivalent: rel-1: likewise */
			part.last = last;
		append(d, &part);
	}
}

/* Pieces that overlap first..last of all that `goes` agrees to. */
static void forget(struct device *d, uint8_t units, uint64_t first, uint64_t last,
		   bool (*goes)(const struct stale *s, const struct inv_effect *e),
		   const struct inv_effect *e)
{
	for (size_t i = d->nr; i--;) {
		struct stale s = d->stale[i];
		uint64_t piece = last_below(s.size_lg2);

		if (!(s.units & units) || s.first > (last | piece) || s.last < (first & ~piece) ||
		    (goes && !goes(&s, e)))
			continue;
		let_go(d, i, units, first & ~piece, last | piece);
	}
}

void device_evict(struct device *d, uint64_t va)
{
	forget(d, all_units(d), va, va, NULL, NULL);
}

static bool is_reached(const struct stale *s, const struct inv_effect *e)
{
	switch (s->kind) {
	case STALE_LEAF:
		return s->level == UINT8_MAX ? e->leaf_levels == UINT8_MAX :
					       e->leaf_levels >> s->level & 1;
	case STALE_TABLE:
		return e->tables;
	default: /* an item that holds nothing is a leaf at level 0, above it a way on */
		return e->not_present && (s->level == 0 || e->tables);
	}
}

static bool has_our_tags(const struct device *d, const struct inv_effect *e)
{
	return (d->first_stage ? e->first_stage : e->second_stage) &&
	       (!e->by_domain || e->domain == d->unit.domain) &&
	       (!e->by_space || (d->first_stage && e->space == d->unit.space));
}

static void carry_out(struct device *d, uint8_t unit, const struct inv_effect *e)
{
	if (e->kind == INV_ENTRY && (e->every_device || e->device == d->unit.device))
		d->entry_units &= (uint8_t)~unit;
	if (e->kind == INV_TRANSLATIONS && has_our_tags(d, e))
		forget(d, unit, e->first, e->last, is_reached, e);
}

bool device_submit(struct sim *s, unsigned unit, const struct pt_command *commands, unsigned nr)
{
	struct device *d = &s->dev;
	struct inv_unit can = { .ranges = d->unit.ranges,
				.nonleaf = d->unit.nonleaf,
				.max_mask_lg2 = d->unit.max_mask_lg2 };
	struct inv_effect effects[PT_MAX_COMMANDS];
	unsigned done = 0;

	d->submissions++;
	/* equivalent: off-1: as good a share */
	if ((d->flags & DEVICE_QUEUE_ERRORS) && device_chance(d, 4))
		return false;
	for (unsigned i = 0; i < nr; i++) {
		s->inv->decode(&can, commands[i].word, &effects[i]);
		if (effects[i].kind == INV_ILLEGAL)
			sim_fail(s, CHECK_STALE, "the command " HEX " " HEX " is illegal: %s",
				 commands[i].word[0], commands[i].word[1], effects[i].why);
		/* Commands may wait in the queue until something waits for them. */
		/* equivalent: rel-2: what waits does nothing else */
		for (; effects[i].kind == INV_WAIT && done < i; done++)
			carry_out(d, (uint8_t)(1u << unit), &effects[done]);
	}
	return true;
}

void device_store_entry(struct sim *s, unsigned word, uint64_t value)
{
	struct device *d = &s->dev;
	uint64_t root;

	if (word == 0 && value != d->entry[0])
		d->entry_units = all_units(d);
	d->entry[word] = value;
	root = d->entry[0];
	if (!(root & 1))
		return;
	if (d->entry[1] != d->unit.domain)
		sim_fail(s, CHECK_TORN,
			 "the device entry leads to PA " HEX " while its domain is " HEX,
			 root & ~UINT64_C(0xfff), d->entry[1]);
	s->device.root_pa = root & ~UINT64_C(0xfff);
	s->device.level = root >> 1 & 7;
}
