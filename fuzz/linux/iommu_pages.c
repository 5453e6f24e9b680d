/*
 * drivers/iommu/iommu-pages.c of trees that have it, as far as io_pgtable calls
 * it. In 6.12 these are inline functions over alloc_pages().
 */
#include <linux/io-pgtable.h>
#include <linux/kernel.h>

#include <iommu-pages.h>

void *iommu_alloc_pages_node_sz(int nid, gfp_t gfp, size_t size)
{
	struct page *page = alloc_pages_node(nid, gfp, (unsigned)get_order(size));

	return page ? page_address(page) : NULL;
}

void iommu_free_pages(void *virt)
{
	if (virt)
		put_page(virt_to_page(virt));
}

int iommu_pages_start_incoherent(void *virt, struct device *dma_dev)
{
	return (int)dma_mapping_error(dma_dev, dma_map_single(dma_dev, virt, 0, DMA_TO_DEVICE));
}

void iommu_pages_free_incoherent(void *virt, struct device *dma_dev)
{
	(void)dma_dev;
	iommu_free_pages(virt);
}
