/*
 * Between the adaptor (generic_pt.c) and a format of Linux's generic_pt (generic_pt_<format>.c):
 * what the kernel's file of that format exports or keeps static, and what it calls our features.
 */
#ifndef WALKDIFF_FUZZ_LINUX_GENERIC_PT_H
#define WALKDIFF_FUZZ_LINUX_GENERIC_PT_H

#include <linux/generic_pt/iommu.h>

#include "core/foreign.h"

/*
 * WALKDIFF_LINUX_KNOWN=skip: callers know of what docs/FINDINGS.md tells, and keep clear of it, so
 * that something else is found.
 */
extern bool generic_skips_known;

/* All formats have this shape: the domain, and behind it what the walk needs. */
struct generic_table {
	struct pt_iommu iommu;
	struct pt_common common;
};

/* A feature of ours, and the bit of pt_common.features that is the same. */
struct generic_feature {
	uint64_t ours;
	unsigned theirs;
};

struct generic_leaf {
	u64 item;
	unsigned lg2; /* of its size */
	bool is_writable;
};

struct generic_format {
	/* Every struct pt_iommu_<format>_cfg is this. top_level is unused where the VA tells it. */
	int (*init)(struct generic_table *table, const struct pt_iommu_cfg *cfg,
		    unsigned top_level);
	/* What init would leave in common and pgsize_bitmap; asks for no memory. */
	int (*probe)(struct generic_table *table, const struct pt_iommu_cfg *cfg,
		     unsigned top_level);
	/* The leaf that translates iova, for callers that must know what they have mapped. */
	bool (*leaf)(struct generic_table *table, u64 iova, struct generic_leaf *leaf);
	/* Something is mapped where the next leaf from here to last would be. */
	bool (*in_use)(struct generic_table *table, u64 iova, u64 last, u64 oa);
	phys_addr_t (*iova_to_phys)(struct iommu_domain *domain, dma_addr_t iova);
	int (*read_and_clear_dirty)(struct iommu_domain *domain, unsigned long iova, size_t size,
				    unsigned long flags, struct iommu_dirty_bitmap *dirty);
	int (*set_dirty)(struct pt_iommu *iommu, dma_addr_t iova); /* null: has none */
	unsigned supported, forced; /* PT_SUPPORTED_FEATURES, PT_FORCE_ENABLED_FEATURES */
	const struct generic_feature *features; /* ends with ours == 0 */
	uint8_t granule_lg2, min_top_level, max_top_level, max_vasz_lg2, max_oasz_lg2;
	bool has_dirty;
};

extern const struct generic_format generic_amdv1, generic_amdv1_mock, generic_vtdss,
	generic_x86_64, generic_riscv64;

#endif
