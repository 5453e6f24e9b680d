/*
 * Linux's generic_pt (drivers/iommu/generic_pt) as a foreign implementation: its formats are
 * the kernel's own files (generic_pt_<format>.c), this is who calls them.
 *
 * It plays what stands around them in Linux, and no more than that:
 *
 *	drivers/iommu/iommu.c	iommu_map() and iommu_unmap_fast(), which pass a range on as
 *				it is
 *	the driver		pt_iommu_driver_ops, iotlb_sync, and the device entry, with the
 *				C-bit in the root's address; dirty_ops only where hardware
 *				tracks
 *	iommufd			the bitmap of read_and_clear_dirty
 *
 * One thing no caller in Linux does: lookups are readers, and a sync waits for them before it
 * frees. With that nothing else has to lock them out, so that they can be judged as ours are.
 */
#include "fuzz/linux/generic_pt.h"

#include "drivers/iommu/iommu-pages.h"
#include "fuzz/linux/generic_pt_deviations.h"
#include "fuzz/linux/generic_pt_fit.h"

#ifdef CONFIG_DEBUG_GENERIC_PT
#define GENERIC_PT_BUILD " with CONFIG_DEBUG_GENERIC_PT"
#else
#define GENERIC_PT_BUILD ""
#endif

/* Careful callers keep clear of what docs/FINDINGS.md tells of; in the strict build they do not. */
#ifdef WALKDIFF_STRICT
#define STRICT true
#else
#define STRICT false
#endif

struct pt {
	struct machine machine;
	const struct generic_format *format;
	spinlock_t top_lock;
	uint64_t root_bits; /* the C-bit, where the device entry has it */
	bool detailed, tracks_dirty, grows;
	struct device device;
	struct generic_table table;
};

/* What iommufd calls a bitmap is opaque to generic_pt. */
struct iova_bitmap {
	const struct pt_bitmap *bitmap;
};

static void enter(struct pt *pt)
{
	machine = &pt->machine;
}

static const struct pt_host *host_of(const struct pt *pt)
{
	return pt->machine.host;
}

static struct pt_iommu *iommu_of(struct pt *pt)
{
	return &pt->table.iommu;
}

/* ---- the driver ---- */

static void change_top(struct pt_iommu *iommu, phys_addr_t pa, unsigned int level)
{
	struct pt *pt = container_of(iommu, struct pt, table.iommu);

	host_of(pt)->change_top(host_of(pt)->ctx, pa | pt->root_bits, level);
	enter(pt);
}

static spinlock_t *get_top_lock(struct pt_iommu *iommu)
{
	return &container_of(iommu, struct pt, table.iommu)->top_lock;
}

static const struct pt_iommu_driver_ops driver_ops = {
	.change_top = change_top,
	.get_top_lock = get_top_lock,
};

/* Their bit n of the tables is for items of level n, ours for what those lead to. */
static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *g)
{
	struct pt *pt = container_of(domain, struct pt, table.iommu.domain);
	const struct pt_host *host = host_of(pt);
	struct pt_invalidation inv = {
		.first = g->start,
		.last = g->end,
		.leaf_levels = pt->detailed ? g->pt.leaf_levels_bitmap : PT_ANY_LEVEL,
		.table_levels = pt->detailed ? g->pt.table_levels_bitmap >> 1 : PT_ANY_LEVEL,
	};

	host->invalidate(host->ctx, &inv);
	enter(pt);
	if (iommu_pages_list_empty(&g->freelist))
		return;
	host->wait_for_readers(host->ctx);
	enter(pt);
	iommu_put_pages_list(&g->freelist);
}

static const struct iommu_domain_ops domain_ops = { .iotlb_sync = iotlb_sync };

/* ---- gathers: theirs is on the stack of an operation, and its list has a head there ---- */

static void open_gather(struct iommu_iotlb_gather *g, const struct pt_gather *gather)
{
	iommu_iotlb_gather_init(g);
	g->start = gather->first;
	g->end = gather->last;
	g->pt.leaf_levels_bitmap = gather->leaf_levels;
	g->pt.table_levels_bitmap = (u8)(gather->table_levels << 1);
	if (gather->tables)
		list_add_tail(&g->freelist.pages, (struct list_head *)gather->tables);
}

/* Take the head out of the ring, count what has come before the first that was there. */
static void close_gather(const struct pt *pt, struct iommu_iotlb_gather *g,
			 struct pt_gather *gather)
{
	struct list_head *head = &g->freelist.pages, *old = (struct list_head *)gather->tables, *l;
	uint32_t nr = 0;

	for (l = head->next; l != head && l != old; l = l->next)
		nr++;
	*gather = (struct pt_gather){
		.first = g->start,
		.last = g->end,
		.tables = list_empty(head) ? 0 : (uintptr_t)head->next,
		.nr_tables = l == head ? nr : nr + gather->nr_tables,
		.leaf_levels = pt->detailed ? g->pt.leaf_levels_bitmap : 0,
		.table_levels = pt->detailed ? g->pt.table_levels_bitmap >> 1 : 0,
	};
	__list_del_entry(head);
}

/* ---- operations ---- */

static int init(struct pt *pt, const struct generic_format *format, const struct pt_config *config,
		void *env)
{
	struct pt_iommu_cfg cfg = generic_cfg(format, config);
	struct iommu_domain *domain = &pt->table.iommu.domain;
	uintptr_t top;
	int ret;

	memset(pt, 0, sizeof(*pt));
	pt->format = format;
	pt->machine.host = env;
	pt->detailed = config->features & PT_DETAILED_GATHER;
	pt->grows = config->features & PT_DYNAMIC_TOP;
	pt->tracks_dirty = config->features & PT_DIRTY_TRACKING;
	if (config->features & PT_ENCRYPT_TABLES) {
		/* The field of addresses begins at bit 12 of an item, whatever the granule. */
		pt->root_bits = UINT64_C(1) << config->encrypt_bit;
		pt->machine.c_bit = pt->root_bits << (12 - format->granule_lg2);
	}
	enter(pt);
	domain->ops = &domain_ops;
	pt->table.iommu.iommu_device = &pt->device;
	pt->table.iommu.driver_ops = &driver_ops;
	pt->table.iommu.nid = NUMA_NO_NODE;
	pt->machine.own = &pt->table.common.top_of_table;
	ret = format->init(&pt->table, &cfg, config->top_level);
	pt->machine.own = NULL;
	if (ret)
		return ret;
	/* As drivers do with what their hardware lacks. */
	if (config->pgsize_bitmap)
		domain->pgsize_bitmap &= config->pgsize_bitmap;
	top = READ_ONCE(pt->table.common.top_of_table);
	change_top(iommu_of(pt), machine_pa((void *)(top & ~(uintptr_t)PT_TOP_LEVEL_MASK)),
		   top & PT_TOP_LEVEL_MASK);
	return 0;
}

static void deinit(struct pt *pt)
{
	enter(pt);
	pt_iommu_deinit(iommu_of(pt));
}

static unsigned int iommu_prot(unsigned prot)
{
	return (prot & PT_READ ? IOMMU_READ : 0) | (prot & PT_WRITE ? IOMMU_WRITE : 0) |
	       (prot & PT_NOEXEC ? IOMMU_NOEXEC : 0) | (prot & PT_CACHE ? IOMMU_CACHE : 0) |
	       (prot & PT_MMIO ? IOMMU_MMIO : 0);
}

static int map(struct pt *pt, const struct pt_mapping *m, struct pt_gather *gather,
	       uint64_t *mapped)
{
	size_t done = 0;
	int ret;

	(void)gather;
	*mapped = 0;
	/* map_range() says so, too, but with a warning: no caller may ask it. */
	if (!(m->prot & (PT_READ | PT_WRITE)))
		return -EINVAL;
	enter(pt);
	ret = iommu_of(pt)->ops->map_range(iommu_of(pt), m->iova, m->oa, m->len,
					   iommu_prot(m->prot), GFP_KERNEL, &done);
	*mapped = done;
	return ret;
}

/*
 * The last that the root reaches now. iommufd asks for what is mapped, never for nothing, and
 * read_and_clear_dirty() fails for what a growing top does not reach yet.
 */
static uint64_t reached(struct pt *pt)
{
	unsigned level = pt->table.common.top_of_table & PT_TOP_LEVEL_MASK;
	unsigned end_lg2 = pt->format->granule_lg2 + 9 * (level + 1);

	return pt->grows && end_lg2 < 64 ? (UINT64_C(1) << end_lg2) - 1 : UINT64_MAX;
}

/* The adaptor's own look: who calls in Linux would know. */
static bool find_leaf(struct pt *pt, uint64_t iova, struct generic_leaf *leaf)
{
	struct machine m = pt->machine;
	bool found;

	m.own = &pt->table.common.top_of_table;
	machine = &m;
	found = pt->format->leaf(&pt->table, iova, leaf);
	enter(pt);
	return found;
}

/*
 * "It should be called with IOVA ranges that match those passed to map_pages": who does so never
 * asks for what no leaf begins at, for which unmap_range() says 0, too, but gathers; nor for what
 * a growing top does not reach yet, for which it says 0 whatever is mapped before.
 */
static bool is_unmapped_by(struct pt *pt, uint64_t iova)
{
	struct generic_leaf leaf;

	if (STRICT)
		return true;
	return find_leaf(pt, iova, &leaf) &&
	       !(iova & ((UINT64_C(1) << leaf.lg2) - 1));
}

static uint64_t unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather)
{
	struct iommu_iotlb_gather g;
	size_t done;

	enter(pt);
	if (!is_unmapped_by(pt, iova))
		return 0;
	if (!STRICT && len && iova + (len - 1) > reached(pt) && iova + (len - 1) >= iova)
		len = reached(pt) - iova + 1;
	open_gather(&g, gather);
	done = iommu_of(pt)->ops->unmap_range(iommu_of(pt), iova, len, &g);
	close_gather(pt, &g, gather);
	return done;
}

static void sync(struct pt *pt, struct pt_gather *gather)
{
	struct iommu_iotlb_gather g;

	enter(pt);
	open_gather(&g, gather);
	iommu_iotlb_sync(&iommu_of(pt)->domain, &g);
	*gather = PT_GATHER_EMPTY;
}

/* 0 is no mapping, and also OA 0: there the byte behind it tells. */
static bool look_up(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	struct iommu_domain *domain = &iommu_of(pt)->domain;

	*oa = pt->format->iova_to_phys(domain, iova);
	if (*oa || iova & 1)
		return *oa;
	*oa = pt->format->iova_to_phys(domain, iova | 1);
	return *oa ? (*oa)--, true : false;
}

static bool translate(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	uint64_t found;
	bool is_mapped;

	enter(pt);
	host_of(pt)->reader_enter(host_of(pt)->ctx);
	enter(pt);
	is_mapped = look_up(pt, iova, &found);
	host_of(pt)->reader_exit(host_of(pt)->ctx);
	if (is_mapped)
		*oa = found;
	return is_mapped;
}

/*
 * As drivers/iommu/iommufd/iova_bitmap.c: of what reaches beyond the bitmap the part inside is
 * recorded; nothing of what begins before it (but that a careful caller asks apart, see below).
 */
void iova_bitmap_set(struct iova_bitmap *bitmap, unsigned long iova, size_t length)
{
	const struct pt_bitmap *b = bitmap->bitmap;
	uint64_t last = iova + (length - 1), bit;

	if (iova < b->base && (STRICT || last < b->base))
		return;
	bit = iova < b->base ? 0 : (iova - b->base) >> b->granule_lg2;
	last = (last - b->base) >> b->granule_lg2;
	for (; bit <= last && bit < b->bits; bit++)
		b->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* What one call of it is about. */
struct dirty_call {
	struct pt *pt;
	struct iommu_dirty_bitmap dirty;
	unsigned long flags;
};

static int read_range(const struct dirty_call *c, uint64_t first, uint64_t last)
{
	return c->pt->format->read_and_clear_dirty(&iommu_of(c->pt)->domain, first, last - first + 1,
						   c->flags, (void *)&c->dirty);
}

/* The leaf around iova, if one begins before it. */
static bool find_cut_leaf(struct pt *pt, uint64_t iova, uint64_t *first, uint64_t *last)
{
	struct generic_leaf leaf;

	if (!find_leaf(pt, iova, &leaf))
		return false;
	*first = iova & ~((UINT64_C(1) << leaf.lg2) - 1);
	*last = iova | ((UINT64_C(1) << leaf.lg2) - 1);
	return *first != iova;
}

/*
 * read_and_clear_dirty() cleans a leaf of which the bitmap holds only a part, or nothing. A
 * careful caller leaves these as they are: reads the one that the bitmap begins in, and the one
 * that it ends in, without clearing, and the rest with it.
 */
static int read_carefully(struct dirty_call c, const struct pt_bitmap *b, uint64_t first,
			  uint64_t last)
{
	struct dirty_call kept = c;
	uint64_t end, leaf_first, leaf_last;
	int ret = 0;

	kept.flags |= IOMMU_DIRTY_NO_CLEAR;
	end = b->bits > (UINT64_MAX - b->base) >> b->granule_lg2 ?
		      UINT64_MAX : b->base + (b->bits << b->granule_lg2) - 1;
	/* Leaves that the range cuts are read whole. */
	if (find_cut_leaf(c.pt, first, &leaf_first, &leaf_last))
		first = leaf_first;
	if (find_cut_leaf(c.pt, last, &leaf_first, &leaf_last))
		last = leaf_last;
	if (last < b->base || first > end)
		return 0;
	if (first < b->base) {
		first = b->base;
		if (find_cut_leaf(c.pt, first, &leaf_first, &leaf_last)) {
			ret = read_range(&kept, leaf_first, leaf_last);
			if (ret || leaf_last >= last)
				return ret;
			first = leaf_last + 1;
		}
	}
	if (last > end) {
		last = end;
		if (end < UINT64_MAX &&
		    find_cut_leaf(c.pt, end + 1, &leaf_first, &leaf_last) && leaf_last >= first) {
			ret = read_range(&kept, leaf_first, leaf_last);
			if (ret || leaf_first <= first)
				return ret;
			last = leaf_first - 1;
		}
	}
	return first <= last ? read_range(&c, first, last) : 0;
}

static int read_dirty(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
		      const struct pt_bitmap *bitmap, struct pt_gather *gather)
{
	struct iova_bitmap b = { bitmap };
	struct iommu_iotlb_gather g;
	struct dirty_call c = {
		.pt = pt,
		.dirty = { .bitmap = &b, .gather = &g },
		.flags = flags & PT_NO_CLEAR ? IOMMU_DIRTY_NO_CLEAR : 0,
	};
	uint64_t last = iova + (len - 1);
	int ret;

	if (!pt->tracks_dirty)
		return -EOPNOTSUPP;
	if (bitmap->granule_lg2 > 63 || !bitmap->bits)
		return -EINVAL;
	enter(pt);
	if (!len || iova > reached(pt))
		return 0;
	if (last > reached(pt))
		last = reached(pt);
	open_gather(&g, gather);
	ret = STRICT || last < iova ? read_range(&c, iova, last) :
				      read_carefully(c, bitmap, iova, last);
	close_gather(pt, &g, gather);
	return ret;
}

/* It is for tests of iommufd, and does not look whether the leaf can be written. */
static int set_dirty(struct pt *pt, uint64_t iova)
{
	struct generic_leaf leaf;
	int ret;

	if (!pt->tracks_dirty)
		return -EOPNOTSUPP;
	enter(pt);
	host_of(pt)->reader_enter(host_of(pt)->ctx);
	enter(pt);
	if (find_leaf(pt, iova, &leaf) && !leaf.is_writable)
		ret = -EACCES;
	else
		ret = pt->format->set_dirty(iommu_of(pt), iova);
	host_of(pt)->reader_exit(host_of(pt)->ctx);
	/* Where a growing top does not reach yet nothing is mapped. */
	return ret == -ERANGE ? -ENOENT : ret;
}

/* ---- the object ---- */

#define OPS(format_, generic_, ...)                                                               \
	static int format_##_init(struct pt *pt, const struct pt_config *config, void *env)       \
	{                                                                                         \
		return init(pt, &generic_, config, env);                                          \
	}                                                                                         \
	static void format_##_fit(struct pt_config *config)                                       \
	{                                                                                         \
		generic_fit(&generic_, config);                                                   \
	}                                                                                         \
	static const struct pt_ops format_##_ops = {                                              \
		.name = #format_, .size = sizeof(struct pt), .init = format_##_init,              \
		.deinit = deinit, .map = map, .unmap = unmap, .translate = translate,             \
		.sync = sync, .fit = format_##_fit, .deviations = format_##_deviations,           \
		__VA_ARGS__                                                                       \
	};

#define DIRTY .read_dirty = read_dirty, .set_dirty = set_dirty

OPS(amdv1, generic_amdv1, DIRTY)
OPS(amdv1_mock, generic_amdv1_mock, DIRTY)
OPS(vtdss, generic_vtdss, DIRTY)
OPS(x86_64, generic_x86_64, )
OPS(vtdfs, generic_x86_64, )
OPS(riscv64, generic_riscv64, )

static const struct pt_ops *const all[] = {
	&amdv1_ops, &amdv1_mock_ops, &vtdss_ops, &x86_64_ops, &vtdfs_ops, &riscv64_ops,
};

extern const struct pt_module walkdiff_module __attribute__((visibility("default")));

const struct pt_module walkdiff_module = {
	.version = PT_ABI_VERSION,
	.ops_size = sizeof(struct pt_ops),
	.name = "Linux " LINUX_VERSION " generic_pt" GENERIC_PT_BUILD,
#ifndef WALKDIFF_FAST
	.flags = PT_HOOKED,
#endif
	.nr_ops = sizeof(all) / sizeof(all[0]),
	.ops = all,
};
