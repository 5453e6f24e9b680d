/* Stores on their way to memory: see stores.h. */
#include <string.h>

#include "oracle/sim.h"

static void reach(struct sim *s, unsigned i)
{
	struct stores *held = &s->t->stores;
	struct held_store store = held->held[i];

	held->nr--;
	memmove(&held->held[i], &held->held[i + 1], (held->nr - i) * sizeof(store));
	sim_write(s, store.at, store.value, true); /* equivalent: bool-1: but for mode tsan */
}

void stores_reach_one(struct sim *s)
{
	reach(s, device_pick(&s->dev, s->t->stores.nr));
}

bool stores_find(const struct sim *s, const uint64_t *at, uint64_t *value)
{
	const struct stores *held = &s->t->stores;

	for (unsigned i = 0; i < held->nr; i++)
		if (held->held[i].at == at) {
			*value = held->held[i].value;
			return true;
		}
	return false;
}

void stores_hold(struct sim *s, uint64_t *at, uint64_t value)
{
	struct stores *held = &s->t->stores;

	/* Of two to one place the first is seen first. */
	stores_reach(s, at, 0);
	if (held->nr == STORES_HELD)
		stores_reach_one(s);
	held->held[held->nr++] = (struct held_store){ at, value };
}

void stores_reach(struct sim *s, const void *first, size_t bytes)
{
	const uintptr_t line = ((uintptr_t)1 << MEMORY_LINE_LG2) - 1;
	uintptr_t from = (uintptr_t)first, to = from + bytes;

	if (bytes) {
		from &= ~line;
		to = (to + line) & ~line;
	} else {
		to = from + 1; /* equivalent: off-1: a word is more */
	}
	for (unsigned i = 0; i < s->t->stores.nr;)
		if ((uintptr_t)s->t->stores.held[i].at - from < to - from)
			reach(s, i);
		else
			i++;
}

void stores_reach_all(struct sim *s)
{
	while (s->t->stores.nr)
		reach(s, 0);
	s->t->stores.order++;
}

void stores_reach_table(struct sim *s, const void *first, size_t bytes)
{
	struct slot *slot = memory_slot_of(s->memory, first);

	if (slot && bytes >= slot->size)
		slot->zeroed_at = 0;
}

bool stores_are_zeroes_late(const struct sim *s, const struct slot *slot)
{
	return slot->zeroed_at && slot->zeroed_at == s->threads[slot->zeroed_by].stores.order;
}
