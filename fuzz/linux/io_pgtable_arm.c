/*
 * Linux's io-pgtable-arm.c as an implementation of armv8_s1_* and armv8_s2_*, with a driver as
 * arm-smmu-v3 is.
 *
 * Levels: the kernel counts from the root's side (3 has the pages), the harness from the
 * pages. How many tables a stage-2 root is, is the kernel's own choice.
 */
#include "fuzz/linux/iommu_core.h"

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>

struct granule {
	unsigned lg2;
	unsigned long sizes; /* of leaves */
};

static const struct granule granule_4k = { 12, SZ_4K | SZ_2M | SZ_1G };
static const struct granule granule_16k = { 14, SZ_16K | SZ_32M };
static const struct granule granule_64k = { 16, SZ_64K | SZ_512M };

static unsigned bits_per_level(const struct granule *granule)
{
	return granule->lg2 - 3;
}

/* ---- the driver ---- */

static void flush_all(void *cookie)
{
	(void)cookie; /* only before the table goes, which hardware no longer walks then */
}

static void invalidate(struct pt *pt, uint64_t first, uint64_t last)
{
	struct pt_invalidation inv = { .first = first, .last = last, .leaf_levels = PT_ANY_LEVEL,
				       .table_levels = PT_ANY_LEVEL };

	shim_host()->invalidate(pt->host->ctx, &inv);
}

static void flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie)
{
	(void)granule;
	invalidate(cookie, iova, iova + (size - 1));
}

static void add_page(struct iommu_iotlb_gather *gather, unsigned long iova, size_t granule,
		     void *cookie)
{
	(void)cookie;
	core_gather_add(container_of(gather, struct core_gather, kernel), iova, granule);
}

static const struct iommu_flush_ops flush_ops = {
	.tlb_flush_all = flush_all,
	.tlb_flush_walk = flush_walk,
	.tlb_add_page = add_page,
};

static int same_prot(int iommu_prot)
{
	return iommu_prot;
}

/* Stage 1 has no bit against reading: IOMMU_WRITE alone would be both. */
static bool refuses_s1(unsigned prot)
{
	return !(prot & PT_READ);
}

static bool refuses_s2(unsigned prot)
{
	(void)prot;
	return false;
}

/* ---- configurations ---- */

/* What the levels up to `top` can hold. */
static unsigned long supported(const struct granule *granule, const struct pt_config *config)
{
	unsigned top_lg2 = granule->lg2 + bits_per_level(granule) * config->top_level;
	unsigned long sizes = granule->sizes;

	if (granule->lg2 == 16 && config->oasz_lg2 > 48)
		sizes |= 1UL << 42;
	return sizes & ((2UL << top_lg2) - 1);
}

static unsigned levels_of(const struct granule *granule, const struct pt_config *config)
{
	return DIV_ROUND_UP(config->vasz_lg2 - granule->lg2, bits_per_level(granule));
}

/* Of the VA, those that choose an item of the root while it is one table. */
static unsigned first_bits(const struct granule *granule, const struct pt_config *config)
{
	unsigned below = granule->lg2 + (levels_of(granule, config) - 1) * bits_per_level(granule);

	return config->vasz_lg2 - below;
}

#ifdef WALKDIFF_NEWEST

/* Later than 6.12: only where DDI 0487 (R_DXBSH, R_SRKBC) demands it. */
static bool concatenates(const struct granule *granule, unsigned levels, const struct pt_config *c)
{
	unsigned oas = c->oasz_lg2;

	if (granule->lg2 == 14)
		return levels == 4 ? oas == 48 || c->vasz_lg2 == 48 : levels == 3 && oas == 40;
	return granule->lg2 == 12 && levels == 4 && (oas == 40 || oas == 42);
}

#else

static bool concatenates(const struct granule *granule, unsigned levels, const struct pt_config *c)
{
	return levels == 4 && first_bits(granule, c) <= 4;
}

#endif

/* What the kernel makes of a VA width: as few levels as it needs, stage 2 one less if it can. */
static unsigned top_of(const struct granule *granule, const struct pt_config *config, bool stage_2)
{
	unsigned levels = levels_of(granule, config);

	if (stage_2 && concatenates(granule, levels, config))
		levels--;
	return levels - 1;
}

/* Widths of output addresses that TCR and VTCR can say. */
static unsigned oa_width(unsigned lg2)
{
	static const uint8_t widths[] = { 32, 36, 40, 42, 44, 48 };

	for (unsigned i = 0; i < ARRAY_SIZE(widths); i++)
		if (lg2 <= widths[i])
			return widths[i];
	return 52;
}

/* LPA2, contiguous leaves and hints of levels the kernel has not. */
static void fit(struct pt_config *config, const struct granule *granule, bool stage_2)
{
	uint64_t keep = PT_DMA_INCOHERENT | PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS |
			PT_FORCE_WRITEABLE;
	unsigned most;

	/* TTBR1 with dirty tracking nobody has: read_and_clear_dirty() refuses its addresses. */
	if (!stage_2)
		keep |= config->features & PT_UPPER_HALF ? PT_UPPER_HALF : PT_DIRTY_TRACKING;
	if (granule->lg2 == 16)
		keep |= PT_LARGE_OA;
	config->features &= keep;
	if (config->features & PT_DMA_INCOHERENT)
		config->features &= ~(uint64_t)PT_DIRTY_TRACKING;
	config->encrypt_bit = 0;
	most = config->features & PT_LARGE_OA ? 52 : 48;
	config->vasz_lg2 = min(config->vasz_lg2, (uint8_t)most);
	config->oasz_lg2 = (uint8_t)min(oa_width(config->oasz_lg2), most);
	/* The code takes 52 bits for LPA, whatever its caller thinks. */
	if (config->oasz_lg2 <= 48)
		config->features &= ~(uint64_t)PT_LARGE_OA;
	config->vasz_lg2 = min(config->vasz_lg2, (uint8_t)(config->features & PT_LARGE_OA ? 52 : 48));
	config->vasz_lg2 = max(config->vasz_lg2, (uint8_t)(granule->lg2 + bits_per_level(granule) + 1));
#ifdef WALKDIFF_NEWEST
	/* A root that would be more than sixteen tables is refused, and warned of: wider OAs have none. */
	if (stage_2 && concatenates(granule, levels_of(granule, config), config) &&
	    first_bits(granule, config) > 4)
		config->oasz_lg2 = 44;
#endif
	config->top_level = (uint8_t)top_of(granule, config, stage_2);
	core_fit(config, supported(granule, config));
}

static int alloc(struct pt *pt, const struct granule *granule, bool stage_2)
{
	const struct pt_config *config = &pt->config;
	struct io_pgtable_cfg cfg = {
		.quirks = (config->features & PT_UPPER_HALF ? IO_PGTABLE_QUIRK_ARM_TTBR1 : 0) |
			  (config->features & PT_DIRTY_TRACKING ? IO_PGTABLE_QUIRK_ARM_HD : 0),
		/* It finds the granule by the smallest. Its callers need not use that. */
		.pgsize_bitmap = config->pgsize_bitmap | 1UL << granule->lg2,
		.ias = config->vasz_lg2,
		.oas = config->oasz_lg2,
		.coherent_walk = !(config->features & PT_DMA_INCOHERENT),
		.tlb = &flush_ops,
	};

	/* Tables of a root with few items fill a granule, too. */
	shim_least_table((size_t)1 << granule->lg2);
	pt->ops = alloc_io_pgtable_ops(stage_2 ? ARM_64_LPAE_S2 : ARM_64_LPAE_S1, &cfg, pt);
	if (!pt->ops)
		return shim_was_refused() ? -ENOMEM : -EOPNOTSUPP;
	pt->pgsizes = config->pgsize_bitmap;
	shim_host()->change_top(pt->host->ctx,
				stage_2 ? cfg.arm_lpae_s2_cfg.vttbr : cfg.arm_lpae_s1_cfg.ttbr,
				config->top_level);
	return 0;
}

/* ---- six formats ---- */

#define LOCKED                                                                                     \
	{ "translate-locked", "iommu_iova_to_phys() takes no lock and no RCU: its callers keep "   \
			      "it from running beside an unmap of the same place" }
#define WHOLE                                                                                      \
	{ "unmap-whole", "iommu_unmap() is for what was mapped; anything else warns" }
#define OVER                                                                                       \
	{ "map-over", "\"We require an unmap first\": a map over something warns" }
#define KEEPS                                                                                      \
	{ "keeps-tables", "where leaves as large as a table's reach may not exist, tables stay" }
#define WORK                                                                                       \
	{ "work", "items that led to tables are cleared twice" }
#define DECODE                                                                                     \
	{ "decode", "of what the code does not write (no AF, reserved bits) it takes all for leaves" }
#define GATHER                                                                                     \
	{ "gather", "unmap_pages() invalidates and frees a table at once, by tlb_flush_walk()" }

static const struct pt_deviation deviations_s1[] = {
	LOCKED, WHOLE, OVER, GATHER, KEEPS, WORK, DECODE,
	{ "attributes", "MAIR: Linux has non-cacheable as attribute 0 and write-back as 1" },
	{ 0 },
};
static struct pt_deviation deviations_s2[] = {
	LOCKED, WHOLE, OVER, GATHER, KEEPS, WORK, DECODE,
	{ 0 }, /* room for one */
	{ 0 },
};

__attribute__((constructor(200))) static void skip_known(void)
{
	if (core_skips_known)
		deviations_s2[ARRAY_SIZE(deviations_s2) - 2] = (struct pt_deviation){
			"attributes", "docs/FINDINGS.md: without execution XN is 0b11, which allows it above EL0"
		};
}

#define FORMAT(stage, granule)                                                                     \
	static int alloc_s##stage##_##granule(struct pt *pt)                                       \
	{                                                                                          \
		return alloc(pt, &granule_##granule, stage == 2);                                  \
	}                                                                                          \
	static void fit_s##stage##_##granule(struct pt_config *config)                             \
	{                                                                                          \
		fit(config, &granule_##granule, stage == 2);                                       \
	}                                                                                          \
	static const struct core_driver driver_s##stage##_##granule = {                            \
		.alloc = alloc_s##stage##_##granule, .prot = same_prot, .gathers = true,           \
		.starts_dirty = true,                                                              \
		.refuses = refuses_s##stage,                                                       \
		.invalidate = invalidate, .fit = fit_s##stage##_##granule,                         \
	};                                                                                         \
	static int init_s##stage##_##granule(struct pt *pt, const struct pt_config *config,        \
					     void *env)                                            \
	{                                                                                          \
		return core_init(pt, config, env, &driver_s##stage##_##granule);                   \
	}                                                                                          \
	static const struct pt_ops s##stage##_##granule = {                                        \
		.name = "armv8_s" #stage "_" #granule, .size = sizeof(struct pt),                  \
		.init = init_s##stage##_##granule, .deinit = core_deinit, .map = core_map,         \
		.unmap = core_unmap, .translate = core_translate, .sync = core_sync,               \
		.read_dirty = stage == 1 ? iommufd_read_dirty : NULL,                              \
		.deviations = deviations_s##stage, .fit = fit_s##stage##_##granule,                \
	}

FORMAT(1, 4k);
FORMAT(1, 16k);
FORMAT(1, 64k);
FORMAT(2, 4k);
FORMAT(2, 16k);
FORMAT(2, 64k);

static const struct pt_ops *const all[] = { &s1_4k, &s1_16k, &s1_64k, &s2_4k, &s2_16k, &s2_64k };

extern const struct pt_module walkdiff_module;
__attribute__((visibility("default"))) const struct pt_module walkdiff_module = {
	.version = PT_ABI_VERSION,
	.ops_size = sizeof(struct pt_ops),
	.name = "Linux " WALKDIFF_LINUX " io-pgtable-arm",
#ifndef WALKDIFF_FAST
	.flags = PT_HOOKED,
#endif
	.nr_ops = ARRAY_SIZE(all),
	.ops = all,
};
