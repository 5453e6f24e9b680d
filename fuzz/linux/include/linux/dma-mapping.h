/* The streaming DMA API for tables: bus addresses are PAs, and what is synced is flushed. */
#ifndef _LINUX_DMA_MAPPING_H
#define _LINUX_DMA_MAPPING_H

#include <linux/device.h>
#include <linux/mm.h>

enum dma_data_direction {
	DMA_BIDIRECTIONAL = 0,
	DMA_TO_DEVICE = 1,
	DMA_FROM_DEVICE = 2,
	DMA_NONE = 3,
};

/* All of the table, which may be larger than the code asked for: hardware reads no less. */
static inline dma_addr_t dma_map_single(struct device *dev, void *table, size_t size,
					enum dma_data_direction to)
{
	(void)dev;
	(void)size;
	(void)to;
	shim_flush_table(table);
	return virt_to_phys(table);
}

static inline void dma_unmap_single(struct device *dev, dma_addr_t addr, size_t size,
				    enum dma_data_direction to)
{
	(void)dev;
	(void)addr;
	(void)size;
	(void)to;
}

static inline int dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	(void)dev;
	(void)addr;
	return 0;
}

static inline void dma_sync_single_for_device(struct device *dev, dma_addr_t addr, size_t size,
					      enum dma_data_direction to)
{
	(void)dev;
	(void)to;
	shim_flush(addr, size);
}

#endif
