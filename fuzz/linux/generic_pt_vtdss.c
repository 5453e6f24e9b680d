/* Of generic_pt: the kernel's file of this format as it is, and what the adaptor asks of it. */
#include "drivers/iommu/generic_pt/fmt/iommu_vtdss.c"

#define FORMAT vtdss
#define MIN_TOP_LEVEL 2
#define SET_TOP_LEVEL(cfg, level) ((cfg)->top_level = (level))
#define FEATURES \
	{ PT_FORCE_COHERENCE, BIT(PT_FEAT_VTDSS_FORCE_COHERENCE) },     \
	{ PT_FORCE_WRITEABLE, BIT(PT_FEAT_VTDSS_FORCE_WRITEABLE) },
#include "fuzz/linux/generic_pt_format.h"
