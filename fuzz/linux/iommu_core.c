/* The kernel around an io_pgtable: see iommu_core.h. */
#include "fuzz/linux/iommu_core.h"

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>

bool core_skips_known;

char *getenv(const char *name);

__attribute__((constructor(150))) static void choose(void)
{
	const char *known = getenv("WALKDIFF_LINUX_KNOWN");

	core_skips_known = known && !__builtin_strcmp(known, "skip");
}

void core_enter(struct pt *pt)
{
	if (pt->driver->enter)
		pt->driver->enter(pt);
}

void core_fit(struct pt_config *config, unsigned long supported)
{
	const uint64_t flushes = PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS;
	unsigned long sizes = config->pgsize_bitmap & supported;

	if (!(config->features & flushes) || !(~config->features & flushes))
		config->features ^= PT_FLUSH_RANGE;
	if (!sizes || __ffs(sizes) > config->oasz_lg2 || __ffs(sizes) > config->vasz_lg2)
		sizes = supported;
	config->pgsize_bitmap = sizes;
	config->oasz_lg2 = max(config->oasz_lg2, (uint8_t)__ffs(sizes));
	config->vasz_lg2 = max(config->vasz_lg2, (uint8_t)__ffs(sizes));
}

static bool same_config(const struct pt_config *a, const struct pt_config *b)
{
	return a->features == b->features && a->pgsize_bitmap == b->pgsize_bitmap &&
	       a->vasz_lg2 == b->vasz_lg2 && a->top_level == b->top_level &&
	       a->oasz_lg2 == b->oasz_lg2 && a->encrypt_bit == b->encrypt_bit;
}

int core_init(struct pt *pt, const struct pt_config *config, void *env,
	      const struct core_driver *driver)
{
	struct pt_config fitting = *config;
	int error;

	driver->fit(&fitting);
	if (!same_config(&fitting, config))
		return -EOPNOTSUPP;
	pt->host = env;
	pt->driver = driver;
	pt->config = *config;
	pt->areas.nr = 0;
	__builtin_memset(pt->heap, 0, sizeof(pt->heap));
	shim_begin(pt->host, pt->heap, sizeof(pt->heap));
	core_enter(pt);
	error = driver->alloc(pt);
	shim_settle();
	return error;
}

void core_deinit(struct pt *pt)
{
	core_enter(pt);
	free_io_pgtable_ops(pt->ops);
	shim_settle();
}

/* ---- gathers ---- */

static void invalidate(struct core_gather *g)
{
	if (g->kernel.start <= g->kernel.end)
		g->pt->driver->invalidate(g->pt, g->kernel.start, g->kernel.end);
	iommu_iotlb_gather_init(&g->kernel);
}

/* The kernel's own takes a gather that ends with the last address for disjoint from everything. */
static bool is_disjoint(struct iommu_iotlb_gather *gather, unsigned long iova, size_t size)
{
	if (core_skips_known && gather->end == ULONG_MAX)
		return iova + (size - 1) < gather->start - 1;
	return iommu_iotlb_gather_is_disjoint(gather, iova, size);
}

void core_gather_add(struct core_gather *g, unsigned long iova, size_t size)
{
	if (g->pt->config.features & PT_FLUSH_RANGE_NO_GAPS &&
	    is_disjoint(&g->kernel, iova, size))
		invalidate(g);
	iommu_iotlb_gather_add_range(&g->kernel, iova, size);
}

void core_open_gather(struct core_gather *g, struct pt *pt, const struct pt_gather *gather)
{
	g->pt = pt;
	iommu_iotlb_gather_init(&g->kernel);
	if (gather->first <= gather->last) {
		g->kernel.start = gather->first;
		g->kernel.end = gather->last;
	}
}

void core_close_gather(const struct core_gather *g, struct pt_gather *gather)
{
	*gather = PT_GATHER_EMPTY;
	if (g->kernel.start <= g->kernel.end) {
		gather->first = g->kernel.start;
		gather->last = g->kernel.end;
	}
	shim_settle();
}

void core_sync(struct pt *pt, struct pt_gather *gather)
{
	struct core_gather g;

	core_enter(pt);
	core_open_gather(&g, pt, gather);
	invalidate(&g);
	core_close_gather(&g, gather);
}

/* ---- what callers ask for ---- */

/* iommufd keeps to the geometry of the domain. */
bool core_in_aperture(const struct pt *pt, uint64_t first, uint64_t last)
{
	uint64_t size;

	if (pt->config.vasz_lg2 == 64)
		return true;
	size = UINT64_C(1) << pt->config.vasz_lg2;
	return pt->config.features & PT_UPPER_HALF ? first >= -size : last < size;
}

bool core_overflows(uint64_t first, uint64_t len)
{
	return first + (len - 1) < first;
}

unsigned long core_smallest(const struct pt *pt)
{
	return 1UL << __ffs(pt->pgsizes);
}

/* In the order of docs/OPERATIONS.md. */
static int check_mapping(const struct pt *pt, const struct pt_mapping *m)
{
	if (!m->len || !(m->prot & (PT_READ | PT_WRITE)))
		return -EINVAL;
	if (pt->config.features & PT_FORCE_WRITEABLE && !(m->prot & PT_WRITE))
		return -EINVAL;
	if (pt->driver->refuses && pt->driver->refuses(m->prot))
		return -EOPNOTSUPP;
	if (core_overflows(m->iova, m->len) || core_overflows(m->oa, m->len))
		return -EOVERFLOW;
	if ((m->iova | m->oa | m->len) & (core_smallest(pt) - 1))
		return -ENXIO;
	if (pt->config.oasz_lg2 < 64 && (m->oa + (m->len - 1)) >> pt->config.oasz_lg2)
		return -ERANGE;
	return core_in_aperture(pt, m->iova, m->iova + (m->len - 1)) ? 0 : -ERANGE;
}

/*
 * The largest page that begins here, both in `iova` and `paddr`, and how many of them there
 * are before a larger one can be used: iommu_pgsize() of drivers/iommu/iommu.c.
 */
static size_t page_size(const struct pt *pt, unsigned long iova, unsigned long paddr, size_t size,
			size_t *count)
{
	unsigned long fit = pt->pgsizes & GENMASK(__fls(size), 0), larger;
	size_t page, next, offset;

	if (iova | paddr)
		fit &= GENMASK(__ffs(iova | paddr), 0);
	BUG_ON(!fit);
	page = 1UL << __fls(fit);
	larger = pt->pgsizes & ~(page | (page - 1));
	if (larger) {
		next = 1UL << __ffs(larger);
		offset = next - (iova & (next - 1));
		if (!((iova ^ paddr) & (next - 1)) && offset + next >= offset &&
		    offset + next <= size)
			size = offset;
	}
	*count = size / page;
	return page;
}

/* dma-iommu maps what is a device's without IOMMU_CACHE. */
static int iommu_prot(unsigned prot)
{
	int to = 0;

	to |= prot & PT_READ ? IOMMU_READ : 0;
	to |= prot & PT_WRITE ? IOMMU_WRITE : 0;
	to |= prot & PT_NOEXEC ? IOMMU_NOEXEC : 0;
	to |= prot & PT_CACHE && !(prot & PT_MMIO) ? IOMMU_CACHE : 0;
	to |= prot & PT_MMIO ? IOMMU_MMIO : 0;
	return to;
}

/* iommu_map(), but that it takes nothing away again after an error. */
int core_map(struct pt *pt, const struct pt_mapping *m, struct pt_gather *gather, uint64_t *mapped)
{
	int prot = pt->driver->prot(iommu_prot(m->prot));
	int error = check_mapping(pt, m);
	struct core_gather g;

	*mapped = 0;
	if (error)
		return error;
	core_enter(pt);
	core_open_gather(&g, pt, gather);
	while (!error && *mapped < m->len) {
		size_t count, now = 0;
		size_t page = page_size(pt, m->iova + *mapped, m->oa + *mapped, m->len - *mapped,
					&count);

		if (core_skips_known)
			count = min(count, (size_t)INT_MAX);
		error = pt->ops->map_pages(pt->ops, m->iova + *mapped, m->oa + *mapped, page, count,
					   prot, GFP_KERNEL, &now);
		/* The core would go back, or ask for the same for ever. */
		if (now > page * count || (!error && !now))
			shim_fail("map_pages() says that it mapped more than it was asked, or nothing");
		iommufd_note(pt, areas_add, m->iova + *mapped, now, page);
		*mapped += now;
	}
	if (*mapped && pt->config.features & PT_DIRTY_TRACKING && pt->driver->starts_dirty)
		iommufd_clear_dirty(pt, m->iova, *mapped, &g);
	if (core_skips_known && pt->driver->end_map)
		pt->driver->end_map(pt);
	/* iotlb_sync_map(), put off until the sync. */
	if (*mapped && pt->config.features & PT_NP_CACHE)
		core_gather_add(&g, m->iova, *mapped);
	core_close_gather(&g, gather);
	return error == -EEXIST ? -EADDRINUSE : error;
}

/* iommu_unmap_fast() */
uint64_t core_unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather)
{
	struct core_gather g;
	uint64_t removed = 0;
	size_t now = 1;

	if (!len || core_overflows(iova, len) || !core_in_aperture(pt, iova, iova + (len - 1)))
		return 0;
	if ((iova | len) & (core_smallest(pt) - 1))
		return 0;
	core_enter(pt);
	core_open_gather(&g, pt, gather);
	while (now && removed < len) {
		size_t count, page = page_size(pt, iova + removed, iova + removed, len - removed,
					       &count);

		if (core_skips_known)
			count = min(count, (size_t)INT_MAX);
		now = pt->ops->unmap_pages(pt->ops, iova + removed, page, count, &g.kernel);
		if (now && !pt->driver->gathers)
			core_gather_add(&g, iova + removed, now);
		removed += now;
	}
	iommufd_note(pt, areas_remove, iova, removed, 0);
	core_close_gather(&g, gather);
	return removed;
}

/* 0 is both "unmapped" and an address: where it may be either, the next byte tells. */
bool core_translate(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	uint64_t to, skipped = core_skips_known && iova == UINT64_MAX;
	bool is;

	if (!core_in_aperture(pt, iova, iova))
		return false;
	core_enter(pt);
	to = pt->ops->iova_to_phys(pt->ops, iova - skipped);
	is = to || (!skipped && pt->ops->iova_to_phys(pt->ops, iova ^ 1));
	to += skipped;
	shim_settle();
	if (is)
		*oa = to;
	return is;
}
