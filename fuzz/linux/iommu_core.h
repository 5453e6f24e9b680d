/*
 * The kernel around an io_pgtable: what its IOMMU core (drivers/iommu/iommu.c), iommufd and a
 * driver do, so that the page table is asked as it is in a kernel.
 *
 *	iommufd, dma-iommu	ask nothing of what is outside the aperture, or overflows
 *	IOMMU core		refuses what is not aligned; cuts a request into pages of one size
 *	driver			struct core_driver: an adaptor's
 */
#ifndef WALKDIFF_FUZZ_LINUX_IOMMU_CORE_H
#define WALKDIFF_FUZZ_LINUX_IOMMU_CORE_H

#include <linux/io-pgtable.h>

#include "core/foreign.h"
#include "fuzz/linux/areas.h"
#include "fuzz/linux/shim.h"

/* What a driver adds. */
struct core_driver {
	/* Make pt->ops, of a configuration that fit() has seen, and set pt->pgsizes. 0 or an errno. */
	int (*alloc)(struct pt *pt);
	/* What the driver's map makes of IOMMU_READ and so on. */
	int (*prot)(int iommu_prot);
	/* enum pt_prot that the kernel's callers do not ask, and the code would widen. Or null. */
	bool (*refuses)(unsigned prot);
	/* unmap_pages() adds to the gather that it is handed, by a callback; else the core does. */
	bool gathers;
	void (*invalidate)(struct pt *pt, uint64_t first, uint64_t last);
	/* What may be written is dirty from the start, until iommufd clears it. */
	bool starts_dirty;
	/* Or null: what a map ends with that knows (core_skips_known). */
	void (*end_map)(struct pt *pt);
	/* Before each operation: globals that the code reads. Or null. */
	void (*enter)(struct pt *pt);
	void (*fit)(struct pt_config *config);
};

/* One page table: core/pt.h leaves open what is in it. */
struct pt {
	const struct pt_host *host;
	const struct core_driver *driver;
	struct pt_config config;
	unsigned long pgsizes; /* the domain's pgsize_bitmap */
	struct io_pgtable_ops *ops;
	struct areas areas;    /* with PT_DIRTY_TRACKING */
	_Alignas(64) char heap[2048]; /* what the driver has: its domain, or kmalloc's memory */
};

/* The kernel's gather, and whose it is. */
struct core_gather {
	struct iommu_iotlb_gather kernel;
	struct pt *pt;
};

/*
 * WALKDIFF_LINUX_KNOWN=skip: do not ask what docs/FINDINGS.md tells of, or as a caller would
 * who knows, so that something else can be found.
 */
extern bool core_skips_known;

/* For fit(): leaf sizes out of those supported, one kind of flush. */
void core_fit(struct pt_config *config, unsigned long supported);

/* As iommu_iotlb_gather_add_page() does, but that sizes may be mixed. */
void core_gather_add(struct core_gather *g, unsigned long iova, size_t size);

int core_init(struct pt *pt, const struct pt_config *config, void *env,
	      const struct core_driver *driver);
void core_deinit(struct pt *pt);
int core_map(struct pt *pt, const struct pt_mapping *m, struct pt_gather *gather,
	     uint64_t *mapped);
uint64_t core_unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather);
bool core_translate(struct pt *pt, uint64_t iova, uint64_t *oa);
void core_sync(struct pt *pt, struct pt_gather *gather);

/* ---- what both parts need ---- */

void core_enter(struct pt *pt);
/* Both inclusive. */
bool core_in_aperture(const struct pt *pt, uint64_t first, uint64_t last);
bool core_overflows(uint64_t first, uint64_t len);
unsigned long core_smallest(const struct pt *pt);
void core_open_gather(struct core_gather *g, struct pt *pt, const struct pt_gather *gather);
void core_close_gather(const struct core_gather *g, struct pt_gather *gather);

/* ---- iommufd.c ---- */

/* With PT_DIRTY_TRACKING: it has mapped (areas_add), or unmapped, this. */
void iommufd_note(struct pt *pt, bool (*how)(struct areas *, struct area), uint64_t iova,
		  uint64_t len, uint64_t page);
/* As it does when tracking begins: what was mapped until then is clean. */
void iommufd_clear_dirty(struct pt *pt, uint64_t iova, uint64_t len, struct core_gather *g);
int iommufd_read_dirty(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
		       const struct pt_bitmap *bitmap, struct pt_gather *gather);

#endif
