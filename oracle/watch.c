/* The watch on table memory: see watch.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "oracle/sim.h"

#define HEX "0x%" PRIx64

bool watch_create(struct watch *w, const struct memory *m)
{
	void *p;

	w->words = m->bytes / sizeof(uint64_t);
	p = mmap(NULL, w->words * sizeof(*w->item_epochs), PROT_READ | PROT_WRITE,
		 /* equivalent: off-1, off-2: of no file */
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	w->item_epochs = p == MAP_FAILED ? NULL : p;
	return w->item_epochs;
}

/* not mutated: what is not freed is for LeakSanitizer to see; any order will do */
void watch_free(struct watch *w)
{
	if (w->item_epochs)
		munmap(w->item_epochs, w->words * sizeof(*w->item_epochs));
	free(w->sights);
	flat_free(&w->before);
}

void watch_reset(struct watch *w, bool on)
{
	w->on = on;
	w->has_before = false;
}

void watch_begin(struct sim *s)
{
	struct watch *w = &s->watch;

	w->epoch++;
	w->nr = 0;
	s->t->work = (struct work){ .tables = s->memory->nr_live };
}

void watch_remember(struct watch *w, const struct flat *f)
{
	struct extent *extents = w->before.extents;
	size_t cap = w->before.cap;

	if (w->has_before && w->before_changes == f->changes)
		return;
	if (cap < f->nr) {
		cap = f->cap;
		extents = realloc(extents, cap * sizeof(*extents));
		if (!extents)
			abort(); /* equivalent: drop-1: as long as there is memory */
	}
	w->before = *f;
	w->before.extents = extents;
	w->before.cap = cap;
	if (f->nr)
		memcpy(extents, f->extents, f->nr * sizeof(*extents));
	w->has_before = true; /* equivalent: bool-1: it is copied again */
	w->before_changes = f->changes;
}

/* ---- what hardware sees ---- */

bool watch_same_rights(const struct hw_attrs *a, const struct hw_attrs *b)
{
	return a->read == b->read && a->write == b->write && a->exec == b->exec &&
	       a->exec_privileged == b->exec_privileged && a->global == b->global &&
	       a->user == b->user && a->type == b->type && a->coherent == b->coherent &&
	       a->encrypted == b->encrypted && a->untranslated == b->untranslated;
}

static void add_sight(struct watch *w, const struct sight *new)
{
	struct sight *last = w->nr ? &w->sights[w->nr - 1] : NULL;

	/* One leaf after the other is what most stores are. */
	if (last && last->last + 1 == new->first && new->first && last->mapped == new->mapped &&
	    last->lost == new->lost &&
	    (!new->mapped || (last->oa + (new->first - last->first) == new->oa &&
			      watch_same_rights(&last->attrs, &new->attrs)))) {
		last->last = new->last;
		return;
	}
	if (w->nr == w->cap) {
		/* equivalent: off-1, off-3, off-4: as good a size */
		w->cap = w->cap ? 2 * w->cap : 64;
		w->sights = realloc(w->sights, w->cap * sizeof(*w->sights));
		if (!w->sights)
			abort(); /* equivalent: drop-1: as long as there is memory */
	}
	w->sights[w->nr++] = *new;
}

/* One item of a table, as hardware takes it. */
struct place {
	uint64_t first, last;	/* VAs that it translates */
	unsigned level, item_lg2;
};

static struct place place_of(const struct sim *s, const struct slot *slot, size_t index)
{
	struct place p = { .level = slot->level, .item_lg2 = hw_item_lg2(s->hw, slot->level) };

	p.first = hw_item_va(s->hw, &s->device, slot->va, slot->level, index);
	p.last = p.first + last_below(p.item_lg2);
	return p;
}

static size_t items_of(const struct slot *slot)
{
	return slot->size / sizeof(uint64_t);
}

static void see_leaf(struct watch *w, const struct place *p, const struct hw_item *item)
{
	struct sight new = { .first = p->first, .last = p->last, .mapped = true,
			     .attrs = item->attrs };

	/* The item of a run is at its own part of the leaf. */
	new.oa = item->address + (p->first & last_below(item->size_lg2));
	add_sight(w, &new);
}

static void see_nothing(struct watch *w, const struct place *p, bool lost)
{
	add_sight(w, &(struct sight){ .first = p->first, .last = p->last, .lost = lost });
}

/* ---- links ---- */

static void add_stale(struct sim *s, struct stale stale)
{
	stale.operation = s->t->operation;
	stale.thread = (uint8_t)(s->t - s->threads);
	device_add_stale(&s->dev, &stale);
}

static void leave_leaf(struct sim *s, const struct place *p, const struct hw_item *item,
		       bool dirt_only)
{
	add_stale(s, (struct stale){ .kind = STALE_LEAF,
				     .first = p->first,
				     .last = p->last,
				     .level = (uint8_t)p->level,
				     .size_lg2 = item->size_lg2,
				     .dirt_only = dirt_only });
}

/* Hardware no longer finds the table at pa, nor what lies below, but may remember the way. */
static void unlink_table(struct sim *s, const struct place *p, uint64_t pa)
{
	struct slot *slot = memory_slot(s->memory, pa);
	const uint64_t *items;

	if (!slot || !slot->linked)
		return;
	add_stale(s, (struct stale){ .kind = STALE_TABLE,
				     .first = p->first,
				     .last = p->last,
				     .pa = pa,
				     .level = slot->level,
				     .size_lg2 = (uint8_t)p->item_lg2 });
	slot->linked = false;
	s->t->work.unlinked++;
	slot->unlinked_at = ++s->events;
	items = memory_words(s->memory, slot);
	for (size_t i = 0; i < items_of(slot); i++) {
		struct place below;
		struct hw_item item;

		if (!items[i] ||
		    hw_decode(s->hw, &s->device, items[i], slot->level, &item) != HW_OK)
			continue;
		below = place_of(s, slot, i);
		if (item.kind == HW_TABLE)
			unlink_table(s, &below, item.address);
		else
			leave_leaf(s, &below, &item, false);
	}
}

/* Does hardware that has cached `old` take it for something that `new` is not? */
static bool means_the_same(const struct hw_item *old, const struct hw_item *new)
{
	return old->kind == new->kind && old->address == new->address &&
	       old->next_level == new->next_level && old->size_lg2 == new->size_lg2 &&
	       watch_same_rights(&old->attrs, &new->attrs);
}

/* Has memory what the CPU has, as far as hardware reads it? */
static bool is_in_memory(struct sim *s, uint64_t cpu, uint64_t memory, unsigned level)
{
	struct hw_item want, got;
	enum hw_fault fault;

	if (cpu == memory)
		return true;
	fault = hw_decode(s->hw, &s->device, cpu, level, &want);
	return hw_decode(s->hw, &s->device, memory, level, &got) == fault &&
	       (fault != HW_OK || means_the_same(&want, &got));
}

static void check_linked(struct sim *s, const struct place *p, const struct slot *slot)
{
	const uint64_t *cpu = memory_words(s->memory, slot);
	const uint64_t *memory = memory_hw_view(s->memory, slot->pa, slot->size);

	for (size_t i = 0; i < items_of(slot); i++)
		if (!is_in_memory(s, cpu[i], memory[i], slot->level))
			sim_fail_at(s, CHECK_COHERENT, p->first,
				    "the table of level %u at PA " HEX " is linked before memory has "
				    "its item %zu", slot->level, slot->pa, i);
}

/* As large as hardware reads it; a root of fewer items is as large as other tables. */
static void check_size(struct sim *s, const struct place *p, const struct slot *slot)
{
	unsigned items_lg2 = hw_items_lg2(s->hw, &s->device, slot->level);
	/* equivalent: rel-1: they are the same */
	size_t size = sizeof(uint64_t) << (items_lg2 > s->hw->index_lg2 ? items_lg2 :
									  s->hw->index_lg2);

	if (slot->size != size)
		sim_fail_at(s, CHECK_LEDGER, p->first,
			    "the table of level %u at PA " HEX " has %u bytes, should have %zu",
			    slot->level, slot->pa, slot->size, size);
}

/* Hardware finds the table at pa from now on: all of it must be in memory. */
static void link_table(struct sim *s, const struct place *p, uint64_t pa, unsigned level)
{
	struct slot *slot = memory_slot(s->memory, pa);
	const uint64_t *items;

	if (!slot || slot->linked)
		return; /* a walk says what is wrong with it */
	slot->linked = slot->was_linked = true;
	slot->va = p->first;
	slot->level = (uint8_t)level;
	check_size(s, p, slot);
	if (stores_are_zeroes_late(s, slot))
		sim_fail_at(s, CHECK_TORN, p->first,
			    "the table of level %u at PA " HEX " is linked while the zeroes that "
			    "it was made of may not have reached memory",
			    slot->level, slot->pa);
	if (s->memory->incoherent)
		check_linked(s, p, slot);
	items = memory_words(s->memory, slot);
	for (size_t i = 0; i < items_of(slot); i++) {
		struct place below = place_of(s, slot, i);
		struct hw_item item;

		/* equivalent: off-1: sights of nothing are joined */
		while (!items[i] && i + 1 < items_of(slot) && !items[i + 1])
			i++;
		below.last = place_of(s, slot, i).last;
		if (hw_decode(s->hw, &s->device, items[i], level, &item) != HW_OK)
			see_nothing(&s->watch, &below, false);
		else if (item.kind == HW_TABLE)
			link_table(s, &below, item.address, item.next_level);
		else
			see_leaf(&s->watch, &below, &item);
	}
}

void watch_root(struct sim *s, uint64_t pa, unsigned level)
{
	struct place p = { .level = level };

	if (s->device.encrypt_bit)
		pa &= ~(UINT64_C(1) << s->device.encrypt_bit);
	if (s->device.upper_half)
		p.first = ~last_below(hw_item_lg2(s->hw, level) +
				      hw_items_lg2(s->hw, &s->device, level));
	link_table(s, &p, pa, level);
}

/* ---- stores ---- */

static void leave(struct sim *s, const struct place *p, const struct hw_item *old)
{
	if (old->kind == HW_TABLE)
		unlink_table(s, p, old->address);
	else if (old->kind == HW_LEAF)
		leave_leaf(s, p, old, false);
	else if (s->caches_not_present)
		add_stale(s, (struct stale){ .kind = STALE_NOT_PRESENT,
					     .first = p->first,
					     .last = p->last,
					     .level = (uint8_t)p->level,
					     .size_lg2 = (uint8_t)p->item_lg2 });
}

/* Arm, D8 "break-before-make": what this operation took away must be gone from all caches. */
static void check_break(struct sim *s, const struct place *p)
{
	const struct stale *old = s->hw->breaks_before_make ?
		device_find_left(&s->dev, s->t->operation, p->first, p->last) : NULL;

	if (old)
		sim_fail_at(s, CHECK_STALE, p->first,
			    "a live entry was replaced while caches may hold the %s it was, of "
			    "IOVA " HEX ".." HEX,
			    old->kind == STALE_LEAF ? "leaf" : "table", old->first, old->last);
}

static void arrive(struct sim *s, const struct place *p, const struct hw_item *old,
		   const struct hw_item *new)
{
	if (new->kind == HW_EMPTY)
		s->t->work.cleared++;
	else
		check_break(s, p);
	if (new->kind == HW_TABLE)
		link_table(s, p, new->address, new->next_level);
	else if (new->kind == HW_LEAF)
		see_leaf(&s->watch, p, new);
	else
		see_nothing(&s->watch, p, old->kind == HW_LEAF && s->hw->breaks_before_make);
}

static void count_store(struct sim *s, const uint64_t *at, uint64_t old, uint64_t new)
{
	struct watch *w = &s->watch;
	uint32_t *epoch = &w->item_epochs[at - s->memory->words];

	s->t->work.stores++;
	s->t->work.in_vain += old == new;
	s->t->work.again += *epoch == w->epoch;
	*epoch = w->epoch;
}

void watch_store(struct sim *s, struct slot *slot, const uint64_t *at, uint64_t old, uint64_t new)
{
	struct hw_item before, after;
	struct place p;

	if (s->memory->incoherent)
		memory_note_write(s->memory, at);
	if (!s->watch.on || !slot->linked || s->memory->wild)
		return;
	count_store(s, at, old, new);
	/* An item that makes a fault leads nowhere; the walk judge has its own words for it. */
	if (hw_decode(s->hw, &s->device, old, slot->level, &before) != HW_OK)
		before = (struct hw_item){ .kind = HW_EMPTY };
	if (hw_decode(s->hw, &s->device, new, slot->level, &after) != HW_OK)
		after = (struct hw_item){ .kind = HW_EMPTY };
	p = place_of(s, slot, (size_t)(at - memory_words(s->memory, slot)));
	if (!means_the_same(&before, &after)) {
		leave(s, &p, &before);
		arrive(s, &p, &before, &after);
	} else if ((before.attrs.dirty && !after.attrs.dirty) ||
		   (before.attrs.accessed && !after.attrs.accessed)) {
		leave_leaf(s, &p, &before, true);
	}
	if (s->race)
		s->race->seen(s->race->judge);
}

/* ---- memory ---- */

struct difference {
	struct sim *s;
	uint64_t first, last; /* what matters */
	const char *when;
};

static void check_difference(void *ctx, struct slot *slot, const uint64_t *cpu,
			     const uint64_t *memory)
{
	struct difference *d = ctx;
	struct sim *s = d->s;
	struct place p;

	/* What hardware ignores need not be there. */
	if (!slot->linked || is_in_memory(s, *cpu, *memory, slot->level))
		return;
	p = place_of(s, slot, (size_t)(cpu - memory_words(s->memory, slot)));
	if (p.first > d->last || p.last < d->first)
		return;
	sim_fail_at(s, CHECK_COHERENT, p.first,
		    "%s, memory has " HEX " for the item of level %u at IOVA " HEX
		    ", the CPU's cache " HEX,
		    d->when, *memory, slot->level, p.first, *cpu);
}

void watch_memory(struct sim *s, uint64_t first, uint64_t last, const char *when)
{
	if (s->watch.on && s->memory->incoherent && !s->memory->wild)
		memory_each_difference(s->memory, check_difference,
				       &(struct difference){ s, first, last, when });
}
