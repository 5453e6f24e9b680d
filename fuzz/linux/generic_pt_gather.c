/* Gathers: Linux's in an operation, ours between them; and what a driver does to sync one. */
#include "fuzz/linux/generic_pt_adaptor.h"

#include "drivers/iommu/iommu-pages.h"

/*
 * Their levels are in the low bytes of the word, those of a gather that was handed in stay apart
 * above them: nobody but us reads pgsize. Their bit n of the tables is for items of level n, ours
 * for what those lead to.
 */
#define LEAF_LEVELS(g) ((uint8_t)((g)->pt.leaf_levels_bitmap | (g)->pgsize >> 16))
#define TABLE_LEVELS(g) ((uint8_t)((g)->pt.table_levels_bitmap >> 1 | (g)->pgsize >> 24))
#define HANDED_IN(leaf, table) ((size_t)(leaf) << 16 | (size_t)(table) << 24)

static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *g)
{
	struct pt *pt = container_of(domain, struct pt, table.iommu.domain);
	const struct pt_host *host = host_of(pt);
	struct pt_invalidation inv = {
		.first = g->start,
		.last = g->end,
		.leaf_levels = pt->detailed ? LEAF_LEVELS(g) : PT_ANY_LEVEL,
		.table_levels = pt->detailed ? TABLE_LEVELS(g) : PT_ANY_LEVEL,
	};

	host->invalidate(host->ctx, &inv);
	enter(pt);
	if (iommu_pages_list_empty(&g->freelist))
		return;
	host->wait_for_readers(host->ctx);
	enter(pt);
	iommu_put_pages_list(&g->freelist);
}

const struct iommu_domain_ops generic_domain_ops = { .iotlb_sync = iotlb_sync };

void open_gather(struct iommu_iotlb_gather *g, const struct pt_gather *gather)
{
	iommu_iotlb_gather_init(g);
	g->start = gather->first;
	g->end = gather->last;
	g->pgsize = HANDED_IN(gather->leaf_levels, gather->table_levels);
	if (gather->tables)
		list_add_tail(&g->freelist.pages, (struct list_head *)gather->tables);
}

/* How many tables there are before the first that was handed in; *old: whether that is there. */
static uint32_t new_tables(const struct iommu_iotlb_gather *g, const struct pt_gather *gather,
			   bool *old)
{
	const struct list_head *head = &g->freelist.pages, *l;
	uint32_t nr = 0;

	for (l = head->next; l != head && l != (struct list_head *)gather->tables; l = l->next)
		nr++;
	*old = l != head;
	return nr;
}

/* Our caller's rule, which Linux has not: where too many tables would wait, those before go. */
static void sync_handed_in(struct pt *pt, struct iommu_iotlb_gather *g, struct pt_gather *gather)
{
	struct iommu_iotlb_gather before;
	LIST_HEAD(ours);

	list_cut_before(&ours, &g->freelist.pages, (struct list_head *)gather->tables);
	list_del_init(&g->freelist.pages);
	open_gather(&before, gather);
	iotlb_sync(&iommu_of(pt)->domain, &before);
	list_splice_init(&ours, &g->freelist.pages);
	g->pgsize &= 0xffff;
	*gather = PT_GATHER_EMPTY;
}

/* Takes the head out of the ring. */
void close_gather(struct pt *pt, struct iommu_iotlb_gather *g, struct pt_gather *gather)
{
	struct list_head *head = &g->freelist.pages;
	bool old;
	uint32_t nr = new_tables(g, gather, &old);

	*gather = (struct pt_gather){
		.first = g->start,
		.last = g->end,
		.tables = list_empty(head) ? 0 : (uintptr_t)head->next,
		.nr_tables = old ? nr + gather->nr_tables : nr,
		.leaf_levels = pt->detailed ? LEAF_LEVELS(g) : 0,
		.table_levels = pt->detailed ? TABLE_LEVELS(g) : 0,
	};
	__list_del_entry(head);
}

/* Our sync of one gather, where the other is apart from it; else both become one. */
static void add_gather(struct pt *pt, struct pt_gather *gather, struct pt_gather *more)
{
	bool apart = more->last != UINT64_MAX && more->last + 1 < gather->first;
	struct iommu_iotlb_gather g, m;

	open_gather(&g, gather);
	if (apart || (gather->last != UINT64_MAX && more->first > gather->last + 1) ||
	    (gather->nr_tables && more->nr_tables &&
	     gather->nr_tables + more->nr_tables > PT_GATHER_TABLES)) {
		iotlb_sync(&iommu_of(pt)->domain, &g);
		*gather = *more;
		return;
	}
	open_gather(&m, more);
	g.start = min(g.start, m.start);
	g.end = max(g.end, m.end);
	g.pgsize |= m.pgsize;
	iommu_pages_list_splice(&m.freelist, &g.freelist);
	close_gather(pt, &g, gather);
}

static uint64_t unmap_into(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather)
{
	struct iommu_iotlb_gather g;
	uint32_t nr;
	size_t done;
	bool old;

	open_gather(&g, gather);
	done = iommu_of(pt)->ops->unmap_range(iommu_of(pt), iova, len, &g);
	nr = new_tables(&g, gather, &old);
	if (old && nr && nr + gather->nr_tables > PT_GATHER_TABLES) {
		sync_handed_in(pt, &g, gather);
		g.start = iova;
		g.end = iova + (done - 1);
	}
	close_gather(pt, &g, gather);
	return done;
}

/*
 * Where either range ends with the address space, iommu_iotlb_gather_is_disjoint() takes what
 * touches for apart (docs/FINDINGS.md): careful callers put the two together themselves.
 */
uint64_t unmap_and_gather(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather)
{
	struct pt_gather apart = PT_GATHER_EMPTY;
	uint64_t done;

	if (!generic_skips_known || !pt->no_gaps || gather->first > gather->last ||
	    (gather->last != UINT64_MAX && iova + (len - 1) != UINT64_MAX))
		return unmap_into(pt, iova, len, gather);
	done = unmap_into(pt, iova, len, &apart);
	add_gather(pt, gather, &apart);
	return done;
}
