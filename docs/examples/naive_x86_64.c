/*
 * An x86-64 page table as one would write it first, to be judged by walkdiff.
 *
 * Goal: all that a foreign object needs, in one file that includes nothing of the project but
 * the ABI. Correct, and naive: one thread, plain accesses, a walk from the root for each leaf.
 * Format: Intel SDM vol. 3, 4.5, "4-Level Paging and 5-Level Paging".
 *
 * FAULT=1, 2 or 3 plants a fault: docs/FOREIGN.md tells what the run says of each.
 */
#include <errno.h>

#include "core/foreign.h"

#ifndef FAULT
#define FAULT 0
#endif
#define P (1ull << 0)
#define RW (1ull << 1)
#define US (1ull << 2)
#define PWT (1ull << 3)
#define PCD (1ull << 4)
#define A (1ull << 5)
#define D (1ull << 6)
#define PS (1ull << 7)
#define XD (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull

#define ITEMS 512u
#define TABLE_SIZE 4096u
#define SIZES (1ull << 12 | 1ull << 21 | 1ull << 30)
#define FEATURES (PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS)

struct pt {
	const struct pt_host *host;
	uint64_t root_pa, sizes;
	unsigned top_level, vasz_lg2, oasz_lg2;
};

static unsigned item_lg2(unsigned level)
{
	return 12 + 9 * level;
}

static uint64_t last_below(unsigned lg2)
{
	return lg2 >= 64 ? UINT64_MAX : (1ull << lg2) - 1;
}

static uint64_t *table_at(const struct pt *pt, uint64_t pa)
{
	return pt->host->table(pt->host->ctx, pa);
}

static bool is_table(uint64_t item, unsigned level)
{
	return level && (item & (P | PS)) == P;
}

/* Of the table of that level at pa. */
static uint64_t *item_of(const struct pt *pt, uint64_t pa, uint64_t va, unsigned level)
{
	return &table_at(pt, pa)[(va >> item_lg2(level)) % ITEMS];
}

/* The item that decides about va: a leaf, or the empty one that ends the walk. */
static uint64_t *find(const struct pt *pt, uint64_t va, unsigned *level)
{
	uint64_t *item = item_of(pt, pt->root_pa, va, *level = pt->top_level);

	while (is_table(*item, *level))
		item = item_of(pt, *item & ADDRESS, va, --*level);
	return item;
}

/* ---- configuration ---- */

static void fit(struct pt_config *c)
{
	c->features &= FEATURES;
	if (c->features == FEATURES || !c->features)
		c->features = PT_FLUSH_RANGE;
	c->top_level = c->top_level == 4 ? 4 : 3;
	if (c->vasz_lg2 < item_lg2(c->top_level) || c->vasz_lg2 > item_lg2(c->top_level + 1))
		c->vasz_lg2 = (uint8_t)item_lg2(c->top_level + 1);
	if (c->oasz_lg2 < 30 || c->oasz_lg2 > 52)
		c->oasz_lg2 = 52;
	c->pgsize_bitmap &= SIZES;
}

static int init(struct pt *pt, const struct pt_config *c, void *env)
{
	*pt = (struct pt){ .host = env,
			   .sizes = c->pgsize_bitmap ? c->pgsize_bitmap : SIZES,
			   .top_level = c->top_level,
			   .vasz_lg2 = c->vasz_lg2,
			   .oasz_lg2 = c->oasz_lg2 };
	if (!pt->host->table_alloc(pt->host->ctx, TABLE_SIZE, &pt->root_pa))
		return -ENOMEM;
	pt->host->change_top(pt->host->ctx, pt->root_pa, pt->top_level);
	return 0;
}

static void free_subtree(struct pt *pt, uint64_t pa, unsigned level)
{
	for (unsigned i = 0; level && i < ITEMS; i++)
		if (is_table(table_at(pt, pa)[i], level))
			free_subtree(pt, table_at(pt, pa)[i] & ADDRESS, level - 1);
	pt->host->table_free(pt->host->ctx, pa, TABLE_SIZE);
}

static void deinit(struct pt *pt)
{
	free_subtree(pt, pt->root_pa, pt->top_level);
}

/* ---- taking tables away ---- */

static bool is_empty(const struct pt *pt, uint64_t pa, unsigned level)
{
	const uint64_t *items = table_at(pt, pa);

	for (unsigned i = 0; i < ITEMS; i++)
		if ((items[i] & P) && (!is_table(items[i], level) ||
				       !is_empty(pt, items[i] & ADDRESS, level - 1)))
			return false;
	return true;
}

/* The item leads to an empty table: take it and all below it away, for good when this returns. */
static void remove_table(struct pt *pt, uint64_t *item, uint64_t va, unsigned level)
{
	uint64_t first = va & ~last_below(item_lg2(level)), pa = *item & ADDRESS;
	struct pt_invalidation inv = { first, first + last_below(item_lg2(level)), PT_ANY_LEVEL,
				       PT_ANY_LEVEL };

	*item = 0;
	if (FAULT != 2) /* else hardware may still walk it */
		pt->host->invalidate(pt->host->ctx, &inv);
	pt->host->wait_for_readers(pt->host->ctx);
	free_subtree(pt, pa, level - 1);
}

/* Of a table whose first VA is va: remove the tables below that first..last covers whole. */
static void remove_covered(struct pt *pt, uint64_t pa, unsigned level, uint64_t va, uint64_t first,
			   uint64_t last)
{
	uint64_t *items = table_at(pt, pa), size = 1ull << item_lg2(level);

	for (unsigned i = 0; level && i < ITEMS; i++, va += size) {
		uint64_t end = va + (size - 1);

		if (end < first || va > last || !is_table(items[i], level))
			continue;
		if (first <= va && end <= last)
			remove_table(pt, &items[i], va, level);
		else
			remove_covered(pt, items[i] & ADDRESS, level - 1, va, first, last);
	}
}

/* ---- operations ---- */

static int check_map(const struct pt *pt, const struct pt_mapping *m)
{
	uint64_t smallest = pt->sizes & -pt->sizes, more = m->len - 1;

	if (!m->len || !(m->prot & (PT_READ | PT_WRITE)))
		return -EINVAL;
	if (!(m->prot & PT_READ)) /* what may be written may be read */
		return -EOPNOTSUPP;
	if (m->iova + more < m->iova || m->oa + more < m->oa)
		return -EOVERFLOW;
	if ((m->iova | m->oa | m->len) % smallest)
		return -ENXIO;
	if (m->oa + more > last_below(pt->oasz_lg2) || m->iova + more > last_below(pt->vasz_lg2))
		return -ERANGE;
	return 0;
}

/* The level of the largest leaf that fits there. */
static unsigned best_level(const struct pt *pt, uint64_t iova, uint64_t oa, uint64_t len)
{
	for (unsigned level = 2;; level--)
		if ((pt->sizes >> item_lg2(level) & 1) && len >= 1ull << item_lg2(level) &&
		    !((iova | oa) & last_below(item_lg2(level))))
			return level;
}

/* The item of that level, with the tables that lead to it. */
static int make_way(struct pt *pt, uint64_t va, unsigned level, uint64_t **item)
{
	uint64_t pa;

	*item = item_of(pt, pt->root_pa, va, pt->top_level);
	for (unsigned at = pt->top_level; at > level; at--) {
		if ((**item & P) && !is_table(**item, at))
			return -EADDRINUSE;
		if (!**item) {
			uint64_t *made = pt->host->table_alloc(pt->host->ctx, TABLE_SIZE, &pa);

			if (FAULT == 3)
				made[0] = 0; /* null when memory is refused */
			if (!made)
				return -ENOMEM;
			**item = pa | P | RW | US | A;
		}
		*item = item_of(pt, **item & ADDRESS, va, at - 1);
	}
	return 0;
}

static int map(struct pt *pt, const struct pt_mapping *m, struct pt_gather *gather, uint64_t *mapped)
{
	int err = check_map(pt, m);
	uint64_t attrs = P | US | A | (m->prot & PT_WRITE ? RW | D : 0) |
			 (m->prot & PT_NOEXEC ? XD : 0) | (m->prot & PT_MMIO ? PCD | PWT : 0);

	(void)gather;
	for (*mapped = 0; !err && *mapped < m->len;) {
		uint64_t va = m->iova + *mapped, oa = m->oa + *mapped, *item;
		unsigned level = best_level(pt, va, oa, m->len - *mapped);

		err = make_way(pt, va, level, &item);
		if (err)
			break;
		if (is_table(*item, level) && is_empty(pt, *item & ADDRESS, level - 1))
			remove_table(pt, item, va, level);
		if (*item & P)
			return -EADDRINUSE;
		*item = oa | attrs | (level ? PS : 0);
		*mapped += 1ull << item_lg2(level);
	}
	return err;
}

static uint64_t unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather)
{
	uint64_t last = iova + (len - 1), at = iova;

	if (!len || last < iova || last > last_below(pt->vasz_lg2))
		return 0;
	while (at >= iova && at <= last) {
		unsigned level;
		uint64_t *item = find(pt, at, &level);

		if (!(*item & P) || at & last_below(item_lg2(level)))
			break;
		*item = 0;
		at += 1ull << item_lg2(level);
	}
	if (at == iova)
		return 0;
	if (iova < gather->first)
		gather->first = iova;
	if (at - 1 > gather->last)
		gather->last = at - 1;
	remove_covered(pt, pt->root_pa, pt->top_level, 0, iova, at - 1);
	return at - iova;
}

static bool translate(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	uint64_t item;
	unsigned level;

	if (iova > last_below(pt->vasz_lg2))
		return false;
	item = *find(pt, iova, &level);
	*oa = item & ADDRESS & ~last_below(item_lg2(level)); /* bit 12 of a large leaf is PAT */
	*oa |= iova & last_below(item_lg2(FAULT == 1 ? 0 : level));
	return item & P;
}

static void sync(struct pt *pt, struct pt_gather *gather)
{
	struct pt_invalidation inv = { gather->first, gather->last, PT_ANY_LEVEL, PT_ANY_LEVEL };

	if (gather->first <= gather->last)
		pt->host->invalidate(pt->host->ctx, &inv);
	*gather = PT_GATHER_EMPTY;
}

static const struct pt_deviation deviations[] = {
	{ "race", "no lock and no atomic access: one thread at a time" },
	{ "gather", "one range for all, gaps or not, and tables go within the operation" },
	{ 0 },
};

static const struct pt_ops x86_64 = {
	.name = "x86_64", .size = sizeof(struct pt), .fit = fit, .init = init, .deinit = deinit,
	.map = map, .unmap = unmap, .translate = translate, .sync = sync, .deviations = deviations
};
static const struct pt_ops *const all[] = { &x86_64 };

extern const struct pt_module walkdiff_module;
const struct pt_module walkdiff_module = { .version = PT_ABI_VERSION, .nr_ops = 1, .ops = all,
					   .ops_size = sizeof(struct pt_ops),
					   .name = "a naive x86-64 table" };
