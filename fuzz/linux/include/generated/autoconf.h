/* The configuration of the kernel whose page-table code this is: a large x86-64 machine. */
#ifndef WALKDIFF_GENERATED_AUTOCONF_H
#define WALKDIFF_GENERATED_AUTOCONF_H

#define CONFIG_64BIT 1
#define CONFIG_SMP 1
#define CONFIG_PHYS_ADDR_T_64BIT 1
#define CONFIG_ARCH_DMA_ADDR_T_64BIT 1
#define CONFIG_PAGE_SHIFT 12
#define CONFIG_IOMMU_API 1
#define CONFIG_IOMMU_IO_PGTABLE 1
#define CONFIG_IOMMUFD_DRIVER 1
#define CONFIG_ARCH_HAS_MEM_ENCRYPT 1
#define CONFIG_AMD_MEM_ENCRYPT 1

/* What each object is built with, ci/linux says. */
#ifdef WALKDIFF_LPAE
#define CONFIG_IOMMU_IO_PGTABLE_LPAE 1
#endif
#ifdef WALKDIFF_AMD
#define CONFIG_AMD_IOMMU 1
#endif

#endif
