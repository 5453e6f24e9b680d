/* A configuration of ours as generic_pt takes it. */
#ifndef WALKDIFF_FUZZ_LINUX_GENERIC_PT_FIT_H
#define WALKDIFF_FUZZ_LINUX_GENERIC_PT_FIT_H

#include "fuzz/linux/generic_pt.h"

/* The nearest that pt_iommu_<format>_init() takes. */
void generic_fit(const struct generic_format *format, struct pt_config *config);

/* What to hand to it for one that has been fitted. */
struct pt_iommu_cfg generic_cfg(const struct generic_format *format,
				const struct pt_config *config);

#endif
