/*
 * What is mapped, as iommufd knows it: it asks page tables for the dirt of what it has mapped,
 * and of nothing else.
 */
#ifndef WALKDIFF_FUZZ_LINUX_AREAS_H
#define WALKDIFF_FUZZ_LINUX_AREAS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_AREAS 512

/* Both inclusive; mapped with pages of one size, which areas that are asked for need not say. */
struct area {
	uint64_t first, last, page;
};

/* In the order of addresses; those that are side by side have pages of other sizes. */
struct areas {
	unsigned nr;
	struct area area[MAX_AREAS];
};

/* False when there are too many. What is added was in no area. */
bool areas_add(struct areas *a, struct area new);
bool areas_remove(struct areas *a, struct area gone);
/* The first area that ends at `va` or above; null when none does. */
const struct area *areas_from(const struct areas *a, uint64_t va);

#endif
