/* Enumerations that linux/iommu.h names. */
#ifndef _UAPI_IOMMUFD_H
#define _UAPI_IOMMUFD_H

enum iommu_hw_info_type { IOMMU_HW_INFO_TYPE_NONE };
enum iommu_hw_queue_type { IOMMU_HW_QUEUE_TYPE_DEFAULT };
enum iommu_viommu_type { IOMMU_VIOMMU_TYPE_DEFAULT };

#endif
