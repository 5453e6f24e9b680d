/* What is mapped: see areas.h. */
#include "fuzz/linux/areas.h"

#include <string.h>

/* The first area that ends at `va` or above. */
static unsigned find(const struct areas *a, uint64_t va)
{
	unsigned i = 0;

	while (i < a->nr && a->area[i].last < va)
		i++;
	return i;
}

/* In the place of the `n` areas from i on. */
static bool replace(struct areas *a, unsigned i, unsigned n, const struct area *new, unsigned nr)
{
	if (a->nr - n + nr > MAX_AREAS)
		return false;
	memmove(&a->area[i + nr], &a->area[i + n], (a->nr - i - n) * sizeof(*new));
	memcpy(&a->area[i], new, nr * sizeof(*new));
	a->nr = a->nr - n + nr;
	return true;
}

bool areas_add(struct areas *a, struct area new)
{
	unsigned i = find(a, new.first ? new.first - 1 : 0), n = 0;

	if (i < a->nr && a->area[i].last + 1 == new.first && a->area[i].page == new.page) {
		new.first = a->area[i].first;
		n++;
	} else if (i < a->nr && a->area[i].last < new.first) {
		i++;
	}
	if (i + n < a->nr && a->area[i + n].first - 1 == new.last && a->area[i + n].page == new.page) {
		new.last = a->area[i + n].last;
		n++;
	}
	return replace(a, i, n, &new, 1);
}

bool areas_remove(struct areas *a, struct area gone)
{
	unsigned i = find(a, gone.first);

	while (i < a->nr && a->area[i].first <= gone.last) {
		struct area old = a->area[i], rest[2];
		unsigned nr = 0;

		if (old.first < gone.first)
			rest[nr++] = (struct area){ old.first, gone.first - 1, old.page };
		if (old.last > gone.last)
			rest[nr++] = (struct area){ gone.last + 1, old.last, old.page };
		if (!replace(a, i, 1, rest, nr))
			return false;
		i += nr;
	}
	return true;
}

const struct area *areas_from(const struct areas *a, uint64_t va)
{
	unsigned i = find(a, va);

	return i < a->nr ? &a->area[i] : NULL;
}
