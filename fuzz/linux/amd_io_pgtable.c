/*
 * Linux's amd/io_pgtable.c as an implementation of amdv1, and amd/io_pgtable_v2.c of x86_64,
 * with the parts of amd/iommu.c and amd/init.c that they call.
 */
#include "fuzz/linux/iommu_core.h"

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include <amd/amd_iommu_types.h>

#include <amd/amd_iommu.h>

_Static_assert(sizeof(struct protection_domain) <= sizeof(((struct pt *)0)->heap),
	       "the domain is in the heap");

/* ---- globals of amd/init.c ---- */

u64 sme_me_mask;
unsigned long amd_iommu_pgsize_bitmap = AMD_IOMMU_PGSIZES;
int amd_iommu_gpt_level;

/* ---- the driver ---- */

static struct protection_domain *domain_of(struct pt *pt)
{
	return (struct protection_domain *)pt->heap;
}

static struct pt *pt_of(struct protection_domain *domain)
{
	return container_of((char(*)[sizeof(((struct pt *)0)->heap)])domain, struct pt, heap);
}

void amd_iommu_domain_flush_pages(struct protection_domain *domain, u64 address, size_t size)
{
	struct pt_invalidation inv = { .first = address, .last = address + (size - 1),
				       .leaf_levels = PT_ANY_LEVEL, .table_levels = PT_ANY_LEVEL };

	shim_host()->invalidate(pt_of(domain)->host->ctx, &inv);
}

void amd_iommu_update_and_flush_device_table(struct protection_domain *domain)
{
	shim_host()->change_top(pt_of(domain)->host->ctx, __sme_set(virt_to_phys(domain->iop.root)),
				(unsigned)domain->iop.mode - 1);
}

static void invalidate(struct pt *pt, uint64_t first, uint64_t last)
{
	struct protection_domain *domain = domain_of(pt);
	unsigned long flags;

	spin_lock_irqsave(&domain->lock, flags);
	amd_iommu_domain_flush_pages(domain, first, last - first + 1);
	spin_unlock_irqrestore(&domain->lock, flags);
}

/* amd_iommu_map_pages(): the code has bits of its own, and none of the rest. */
static int amd_prot(int iommu_prot)
{
	int prot = 0;

	prot |= iommu_prot & IOMMU_READ ? IOMMU_PROT_IR : 0;
	prot |= iommu_prot & IOMMU_WRITE ? IOMMU_PROT_IW : 0;
	return prot;
}

/* protection_domain_alloc() */
static struct protection_domain *new_domain(struct pt *pt, enum io_pgtable_fmt format)
{
	struct protection_domain *domain = domain_of(pt);

	spin_lock_init(&domain->lock);
	domain->iop.pgtbl.cfg.amd.nid = NUMA_NO_NODE;
	domain->pd_mode = format == AMD_IOMMU_V1 ? PD_MODE_V1 : PD_MODE_V2;
	pt->ops = alloc_io_pgtable_ops(format, &domain->iop.pgtbl.cfg, domain);
	return pt->ops ? domain : NULL;
}

/* What is present in x86_64 can be read: IOMMU_WRITE alone would be both. */
static bool refuses_v2(unsigned prot)
{
	return !(prot & PT_READ);
}

/* ---- amdv1 ---- */

static void enter_v1(struct pt *pt)
{
	sme_me_mask = pt->config.features & PT_ENCRYPT_TABLES ? 1ULL << pt->config.encrypt_bit : 0;
}

/* It begins with three levels, and grows. All leaves force coherence. */
static void fit_v1(struct pt_config *config)
{
	config->features &= PT_FULL_VA | PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS |
			    PT_DIRTY_TRACKING | PT_ENCRYPT_TABLES | PT_FORCE_WRITEABLE | PT_NP_CACHE;
	config->features |= PT_DYNAMIC_TOP | PT_FORCE_COHERENCE;
	config->top_level = PAGE_MODE_3_LEVEL - 1;
	config->vasz_lg2 = (uint8_t)clamp((int)config->vasz_lg2, PM_LEVEL_SHIFT(PAGE_MODE_2_LEVEL), 64);
	config->oasz_lg2 = min(config->oasz_lg2, (uint8_t)IOMMU_OUT_ADDR_BIT_SIZE);
	config->features &= ~(uint64_t)PT_FULL_VA;
	if (config->vasz_lg2 == 64)
		config->features |= PT_FULL_VA;
	if (config->encrypt_bit < 32 || config->encrypt_bit > 51)
		config->features &= ~(uint64_t)PT_ENCRYPT_TABLES;
	if (config->features & PT_ENCRYPT_TABLES)
		config->oasz_lg2 = min(config->oasz_lg2, config->encrypt_bit);
	/* What flushes without gaps is a virtual machine's IOMMU, which offers no dirty tracking. */
	if (config->features & PT_DIRTY_TRACKING)
		config->features = (config->features & ~(uint64_t)PT_FLUSH_RANGE_NO_GAPS) | PT_FLUSH_RANGE;
	core_fit(config, AMD_IOMMU_PGSIZES);
}

static int alloc_v1(struct pt *pt)
{
	struct protection_domain *domain = new_domain(pt, AMD_IOMMU_V1);

	if (!domain)
		return -ENOMEM;
	pt->pgsizes = pt->config.pgsize_bitmap;
	/* The root, its level, and the counter of both. */
	domain->iop.seqcount.lock = &domain->lock.lock;
	shim_share(&domain->iop.seqcount, sizeof(u64));
	shim_share(&domain->iop.mode, sizeof(u64) + sizeof(domain->iop.root));
	amd_iommu_update_and_flush_device_table(domain);
	return 0;
}

/* Whoever has made the root higher has told the device table when the lock is free. */
static void await_device_table(struct pt *pt)
{
	unsigned long flags;

	spin_lock_irqsave(&domain_of(pt)->lock, flags);
	spin_unlock_irqrestore(&domain_of(pt)->lock, flags);
}

static const struct core_driver driver_v1 = {
	.alloc = alloc_v1, .prot = amd_prot, .invalidate = invalidate,
	.end_map = await_device_table, .enter = enter_v1, .fit = fit_v1,
};

static int init_v1(struct pt *pt, const struct pt_config *config, void *env)
{
	return core_init(pt, config, env, &driver_v1);
}

/* ---- x86_64 ---- */

static void enter_v2(struct pt *pt)
{
	sme_me_mask = 0;
	amd_iommu_gpt_level = pt->config.top_level + 1;
}

/* The aperture is the lower half. */
static void fit_v2(struct pt_config *config)
{
	unsigned end_lg2;

	config->features &= PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE;
	config->top_level = (uint8_t)(config->top_level < PAGE_MODE_5_LEVEL - 1 ? 3 : 4);
	end_lg2 = PM_LEVEL_SHIFT(config->top_level + 1);
	config->vasz_lg2 = (uint8_t)clamp((unsigned)config->vasz_lg2, end_lg2 - 9, end_lg2 - 1);
	config->oasz_lg2 = (uint8_t)min(config->oasz_lg2, (uint8_t)52);
	config->encrypt_bit = 0;
	core_fit(config, AMD_IOMMU_PGSIZES_V2);
}

static void invalidate_all(void *pt)
{
	invalidate(pt, 0, UINT64_MAX);
}

static int alloc_v2(struct pt *pt)
{
	struct protection_domain *domain = new_domain(pt, AMD_IOMMU_V2);

	if (!domain)
		return -ENOMEM;
	pt->pgsizes = pt->config.pgsize_bitmap;
	shim_host()->change_top(pt->host->ctx, virt_to_phys(domain->iop.pgd), pt->config.top_level);
	if (core_skips_known)
		shim_before_free(invalidate_all, pt);
	return 0;
}

static const struct core_driver driver_v2 = {
	.alloc = alloc_v2, .prot = amd_prot, .refuses = refuses_v2,
	.invalidate = invalidate, .enter = enter_v2, .fit = fit_v2,
};

static void deinit_v2(struct pt *pt)
{
	shim_before_free(NULL, NULL);
	core_deinit(pt);
}

static int init_v2(struct pt *pt, const struct pt_config *config, void *env)
{
	return core_init(pt, config, env, &driver_v2);
}

/* ---- the module ---- */

#define LOCKED                                                                                     \
	{ "translate-locked", "iommu_iova_to_phys() takes no lock and no RCU: its callers keep "   \
			      "it from running beside an unmap of the same place" }
#define WHOLE                                                                                      \
	{ "unmap-whole", "iommu_unmap() is for what was mapped: an empty item of 4K counts as "    \
			 "removed" }
#define OVER                                                                                       \
	{ "map-over", "map_pages() replaces what is there, and invalidates it" }
#define KEEPS                                                                                      \
	{ "keeps-tables", "unmap_pages() takes leaves out, never tables" }
#define WORK                                                                                       \
	{ "work", "each page is looked for from the root on" }
#define PROT                                                                                       \
	{ "prot", "the driver hands on IOMMU_READ and IOMMU_WRITE alone" }

#define APART                                                                                      \
	{ "gather", "amd_iommu_unmap_pages() adds each size of pages apart: a range may be synced " \
		    "in two" }

static const struct pt_deviation deviations_v1[] = {
	LOCKED, WHOLE, OVER, KEEPS, WORK, PROT, APART,
	{ "decode", "it takes a table to be as it wrote it" },
	{ "attributes", "A and D are left clear, also where nobody tracks dirt" },
	{ 0 },
};
static const struct pt_deviation deviations_v2[] = {
	LOCKED, WHOLE, OVER, KEEPS, WORK, PROT, APART,
	{ "attributes", "D is set in leaves that are not writable, too" },
	{ "decode", "bit 7 of a 4K leaf is PAT: the code, which never sets it, takes it for an error" },
	{ 0 },
};

static const struct pt_ops amdv1 = {
	.name = "amdv1", .size = sizeof(struct pt), .init = init_v1, .deinit = core_deinit,
	.map = core_map, .unmap = core_unmap, .translate = core_translate,
	.read_dirty = iommufd_read_dirty, .sync = core_sync, .deviations = deviations_v1, .fit = fit_v1,
};
static const struct pt_ops x86_64 = {
	.name = "x86_64", .size = sizeof(struct pt), .init = init_v2, .deinit = deinit_v2,
	.map = core_map, .unmap = core_unmap, .translate = core_translate, .sync = core_sync,
	.deviations = deviations_v2, .fit = fit_v2,
};

static const struct pt_ops *const all[] = { &amdv1, &x86_64 };

extern const struct pt_module walkdiff_module;
__attribute__((visibility("default"))) const struct pt_module walkdiff_module = {
	.version = PT_ABI_VERSION,
	.ops_size = sizeof(struct pt_ops),
	.name = "Linux " WALKDIFF_LINUX " AMD io_pgtable",
#ifndef WALKDIFF_FAST
	.flags = PT_HOOKED,
#endif
	.nr_ops = ARRAY_SIZE(all),
	.ops = all,
};
