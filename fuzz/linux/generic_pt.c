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
#include "fuzz/linux/generic_pt_adaptor.h"

#include "fuzz/linux/generic_pt_deviations.h"
#include "fuzz/linux/generic_pt_fit.h"

#ifdef CONFIG_DEBUG_GENERIC_PT
#define GENERIC_PT_BUILD " with CONFIG_DEBUG_GENERIC_PT"
#else
#define GENERIC_PT_BUILD ""
#endif

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
	pt->no_gaps = config->features & PT_FLUSH_RANGE_NO_GAPS;
	pt->tracks_dirty = config->features & PT_DIRTY_TRACKING;
	if (config->features & PT_ENCRYPT_TABLES) {
		/* The field of addresses begins at bit 12 of an item, whatever the granule. */
		pt->root_bits = UINT64_C(1) << config->encrypt_bit;
		pt->machine.c_bit = pt->root_bits << (12 - format->granule_lg2);
	}
	machine_begin(&pt->machine);
	domain->ops = &generic_domain_ops;
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

/*
 * A root for all of the range is allocated before anybody looks whether its first leaf has room:
 * of two things in the way Linux tells of memory then, and we of what is mapped.
 */
static bool is_in_use(struct pt *pt, const struct pt_mapping *m, uint64_t done)
{
	struct machine look = pt->machine;
	bool found;

	look.own = &pt->table.common.top_of_table;
	machine = &look;
	found = pt->format->in_use(&pt->table, m->iova + done, m->iova + (m->len - 1),
				   m->oa + done);
	enter(pt);
	return found;
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
	if (ret == -ENOMEM && pt->grows && is_in_use(pt, m, done))
		return -EADDRINUSE;
	return ret;
}

uint64_t reached(struct pt *pt)
{
	unsigned level = pt->table.common.top_of_table & PT_TOP_LEVEL_MASK;
	unsigned end_lg2 = pt->format->granule_lg2 + 9 * (level + 1);

	return pt->grows && end_lg2 < 64 ? (UINT64_C(1) << end_lg2) - 1 : UINT64_MAX;
}

bool find_leaf(struct pt *pt, uint64_t iova, struct generic_leaf *leaf)
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
 * asks for
 *
 *	what no leaf begins at		unmap_range() says 0, too, but gathers
 *	what the top does not reach	it says 0, whatever is mapped before
 *	a part of the leaf that ends	it takes the leaf, as ours does, but leaves the table,
 *	a table, as the last one	which the range alone does not cover
 *
 * False: nothing is to be unmapped.
 */
static bool as_mapped(struct pt *pt, uint64_t iova, uint64_t *len)
{
	uint64_t last = iova + (*len - 1), end, table = UINT64_C(1) << (pt->format->granule_lg2 + 9);
	struct generic_leaf leaf;

	if (!*len || last < iova || !find_leaf(pt, iova, &leaf) ||
	    iova & ((UINT64_C(1) << leaf.lg2) - 1))
		return false;
	if (last > reached(pt))
		last = reached(pt);
	if (find_leaf(pt, last, &leaf)) {
		end = last | ((UINT64_C(1) << leaf.lg2) - 1);
		if (!((end + 1) & (table - 1)) && end - iova + 1)
			last = end;
	}
	*len = last - iova + 1;
	return true;
}

static uint64_t unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather)
{
	enter(pt);
	if (generic_skips_known && !as_mapped(pt, iova, &len))
		return 0;
	return unmap_and_gather(pt, iova, len, gather);
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
	reader_enter(pt);
	is_mapped = look_up(pt, iova, &found);
	reader_exit(pt);
	if (is_mapped)
		*oa = found;
	return is_mapped;
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
	static struct pt_ops format_##_ops = {                                              \
		.name = #format_, .size = sizeof(struct pt), .init = format_##_init,              \
		.deinit = deinit, .map = map, .unmap = unmap, .translate = translate,             \
		.sync = sync, .fit = format_##_fit, .deviations = format_##_deviations,           \
		__VA_ARGS__                                                                       \
	};

#define DIRTY .read_dirty = generic_read_dirty, .set_dirty = generic_set_dirty

OPS(amdv1, generic_amdv1, DIRTY)
OPS(amdv1_mock, generic_amdv1_mock, DIRTY)
OPS(vtdss, generic_vtdss, DIRTY)
OPS(x86_64, generic_x86_64, )
OPS(vtdfs, generic_x86_64, )
OPS(riscv64, generic_riscv64, )

bool generic_skips_known;

char *getenv(const char *name);

__attribute__((constructor)) static void choose_callers(void)
{
	const char *known = getenv("WALKDIFF_LINUX_KNOWN");

	generic_skips_known = known && !strcmp(known, "skip");
	if (!generic_skips_known)
		return;
	amdv1_ops.deviations = amdv1_known;
	amdv1_mock_ops.deviations = amdv1_mock_known;
	vtdss_ops.deviations = vtdss_known;
	x86_64_ops.deviations = x86_64_known;
	vtdfs_ops.deviations = vtdfs_known;
	riscv64_ops.deviations = riscv64_known;
}

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
