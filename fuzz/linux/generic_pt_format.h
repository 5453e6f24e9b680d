/*
 * The tail of generic_pt_<format>.c, behind the kernel's own file of that format: what is
 * static in it, under one name. No include guard, and no use elsewhere.
 *
 *	FORMAT		ours
 *	MIN_TOP_LEVEL	that pt_iommu_<format>_init() takes
 *	SET_TOP_LEVEL	(cfg, level): into the member of the cfg that has it
 *	FEATURES	those of this format alone
 */
#include "fuzz/linux/generic_pt.h"

static_assert(sizeof(struct pt_iommu_table) == sizeof(struct generic_table));
static_assert(offsetof(struct generic_table, iommu) == 0);

static int NS(walkdiff_init)(struct generic_table *table, const struct pt_iommu_cfg *common,
			     unsigned int top_level)
{
	struct pt_iommu_table_cfg cfg = { .common = *common };

	SET_TOP_LEVEL(&cfg, top_level);
	return pt_iommu_init((struct pt_iommu_table *)table, &cfg, GFP_KERNEL);
}

/* The first half of pt_iommu_init(), as far as the root's allocation. */
static int NS(walkdiff_probe)(struct generic_table *table, const struct pt_iommu_cfg *common,
			      unsigned int top_level)
{
	struct pt_iommu_table_cfg cfg = { .common = *common };
	struct pt_iommu_table *t = (struct pt_iommu_table *)table;
	int ret;

	SET_TOP_LEVEL(&cfg, top_level);
	table->common.features = common->features;
	table->common.max_vasz_lg2 = common->hw_max_vasz_lg2;
	table->common.max_oasz_lg2 = common->hw_max_oasz_lg2;
	ret = pt_iommu_fmt_init(t, &cfg);
	if (ret)
		return ret;
	ret = pt_init_common(common_from_iommu(&t->iommu));
	if (ret)
		return ret;
	return pt_iommu_init_domain(&t->iommu, &t->iommu.domain);
}

static int NS(walkdiff_find)(struct pt_range *range, void *arg, unsigned int level,
			     struct pt_table_p *table)
{
	struct pt_state pts = pt_init(range, level, table);
	struct generic_leaf *leaf = arg;

	switch (pt_load_single_entry(&pts)) {
	case PT_ENTRY_TABLE:
		return pt_descend(&pts, arg, NS(walkdiff_find));
	case PT_ENTRY_OA:
		leaf->lg2 = pt_entry_oa_lg2sz(&pts);
		leaf->item = pts.entry;
		return 0;
	default:
		return -ENOENT;
	}
}

/* Writable is what has the bits that set_prot() adds for IOMMU_WRITE. */
static bool NS(walkdiff_leaf)(struct generic_table *table, u64 iova, struct generic_leaf *leaf)
{
	struct pt_range range = pt_make_range(&table->common, iova, iova);
	struct pt_write_attrs read = {}, both = {};

	if (pt_check_range(&range) || pt_walk_range(&range, NS(walkdiff_find), leaf))
		return false;
	leaf->is_writable = pt_iommu_set_prot(&table->common, &read, IOMMU_READ);
	pt_iommu_set_prot(&table->common, &both, IOMMU_READ | IOMMU_WRITE);
	leaf->is_writable |= !!(leaf->item & both.descriptor_bits & ~read.descriptor_bits);
	return true;
}

/* 1: something is mapped there. */
static int NS(walkdiff_any)(struct pt_range *range, void *arg, unsigned int level,
			    struct pt_table_p *table)
{
	struct pt_state pts = pt_init(range, level, table);

	for_each_pt_level_entry(&pts) {
		if (pts.type == PT_ENTRY_OA ||
		    (pts.type == PT_ENTRY_TABLE && pt_descend(&pts, arg, NS(walkdiff_any))))
			return 1;
	}
	return 0;
}

/* Something is mapped where the next leaf of this mapping would be. */
static bool NS(walkdiff_in_use)(struct generic_table *table, u64 iova, u64 last, u64 oa)
{
	unsigned int lg2 = pt_compute_best_pgsize(table->iommu.domain.pgsize_bitmap, iova, last, oa);
	struct pt_range range = pt_top_range(&table->common);

	if (!lg2 || iova > range.last_va)
		return false;
	range.va = iova;
	range.last_va = min(range.last_va, log2_set_mod_max(iova, lg2));
	return pt_walk_range(&range, NS(walkdiff_any), NULL);
}

static const struct generic_feature NS(walkdiff_features)[] = {
	{ PT_DYNAMIC_TOP, BIT(PT_FEAT_DYNAMIC_TOP) },
	{ PT_SIGN_EXTEND, BIT(PT_FEAT_SIGN_EXTEND) },
	{ PT_FULL_VA, BIT(PT_FEAT_FULL_VA) },
	{ PT_DMA_INCOHERENT, BIT(PT_FEAT_DMA_INCOHERENT) },
	{ PT_FLUSH_RANGE, BIT(PT_FEAT_FLUSH_RANGE) },
	{ PT_FLUSH_RANGE_NO_GAPS, BIT(PT_FEAT_FLUSH_RANGE_NO_GAPS) },
	{ PT_DETAILED_GATHER, BIT(PT_FEAT_DETAILED_GATHER) },
	FEATURES
	{ 0, 0 },
};

const struct generic_format CONCATENATE(generic_, FORMAT) = {
	.init = NS(walkdiff_init),
	.probe = NS(walkdiff_probe),
	.leaf = NS(walkdiff_leaf),
	.in_use = NS(walkdiff_in_use),
	.iova_to_phys = DOMAIN_NS(iova_to_phys),
	.read_and_clear_dirty = DOMAIN_NS(read_and_clear_dirty),
#ifdef pt_entry_make_write_dirty
	.set_dirty = NS(set_dirty),
#endif
#ifdef pt_entry_is_write_dirty
	.has_dirty = true,
#endif
	.supported = PT_SUPPORTED_FEATURES,
	.forced = PT_FORCE_ENABLED_FEATURES,
	.features = NS(walkdiff_features),
	.granule_lg2 = PT_GRANULE_LG2SZ,
	.min_top_level = MIN_TOP_LEVEL,
	.max_top_level = PT_MAX_TOP_LEVEL,
	.max_vasz_lg2 = PT_MAX_VA_ADDRESS_LG2,
	.max_oasz_lg2 = PT_MAX_OUTPUT_ADDRESS_LG2,
};
