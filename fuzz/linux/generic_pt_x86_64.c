/* Of generic_pt: the kernel's file of this format as it is, and what the adaptor asks of it. */
#include "drivers/iommu/generic_pt/fmt/iommu_x86_64.c"

#define FORMAT x86_64
#define MIN_TOP_LEVEL 3
#define SET_TOP_LEVEL(cfg, level) ((cfg)->top_level = (level))
#define FEATURES /* encryption is not in our x86_64 */
#include "fuzz/linux/generic_pt_format.h"
