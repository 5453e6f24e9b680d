/* Of generic_pt: the kernel's file of this format as it is, and what the adaptor asks of it. */
#include "drivers/iommu/generic_pt/fmt/iommu_amdv1.c"

#define FORMAT amdv1
#define MIN_TOP_LEVEL 1
#define SET_TOP_LEVEL(cfg, level) ((cfg)->starting_level = (level))
#define FEATURES \
	{ PT_ENCRYPT_TABLES, BIT(PT_FEAT_AMDV1_ENCRYPT_TABLES) },       \
	{ PT_FORCE_COHERENCE, BIT(PT_FEAT_AMDV1_FORCE_COHERENCE) },
#include "fuzz/linux/generic_pt_format.h"
