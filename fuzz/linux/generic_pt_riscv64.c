/* Of generic_pt: the kernel's file of this format as it is, and what the adaptor asks of it. */
#include "drivers/iommu/generic_pt/fmt/iommu_riscv64.c"

#define FORMAT riscv64
#define MIN_TOP_LEVEL 2
#define SET_TOP_LEVEL(cfg, level) ((void)(level)) /* the width of the VA tells it */
#define FEATURES \
	{ PT_NAPOT, BIT(PT_FEAT_RISCV_SVNAPOT_64K) },                   \
	{ PT_MEMORY_TYPES, BIT(PT_FEAT_RISCV_SVPBMT) },
#include "fuzz/linux/generic_pt_format.h"
