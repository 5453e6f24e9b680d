/*
 * The page table object of the adaptor to generic_pt, and what its parts ask of each other:
 * generic_pt.c (operations), generic_pt_gather.c, generic_pt_dirty.c.
 */
#ifndef WALKDIFF_FUZZ_LINUX_GENERIC_PT_ADAPTOR_H
#define WALKDIFF_FUZZ_LINUX_GENERIC_PT_ADAPTOR_H

#include "fuzz/linux/generic_pt.h"

struct pt {
	struct machine machine;
	const struct generic_format *format;
	spinlock_t top_lock;
	uint64_t root_bits; /* the C-bit, where the device entry has it */
	bool detailed, no_gaps, tracks_dirty, grows;
	struct device device;
	struct generic_table table;
};

/* An operation begins, or the host has let others run: this is the machine from here on. */
static inline void enter(struct pt *pt)
{
	machine = &pt->machine;
}

static inline const struct pt_host *host_of(const struct pt *pt)
{
	return pt->machine.host;
}

static inline struct pt_iommu *iommu_of(struct pt *pt)
{
	return &pt->table.iommu;
}

/* What no caller in Linux does: see generic_pt.c. Nor is it measured. */
static inline void reader_enter(struct pt *pt)
{
#ifndef WALKDIFF_FAST
	host_of(pt)->reader_enter(host_of(pt)->ctx);
#endif
	enter(pt);
}

static inline void reader_exit(struct pt *pt)
{
	enter(pt);
#ifndef WALKDIFF_FAST
	host_of(pt)->reader_exit(host_of(pt)->ctx);
#endif
}

/*
 * The last that the root reaches now. iommufd asks for what is mapped, never for nothing, and
 * read_and_clear_dirty() fails for what a growing top does not reach yet.
 */
uint64_t reached(struct pt *pt);

/* The adaptor's own look: who calls in Linux would know. */
bool find_leaf(struct pt *pt, uint64_t iova, struct generic_leaf *leaf);

/* ---- generic_pt_gather.c ---- */

extern const struct iommu_domain_ops generic_domain_ops;

/*
 * Linux's gather, on the stack of an operation, of what is in ours; and back. Between them
 * neither is copied: a list has its head in it.
 */
void open_gather(struct iommu_iotlb_gather *g, const struct pt_gather *gather);
void close_gather(struct pt *pt, struct iommu_iotlb_gather *g, struct pt_gather *gather);

/* unmap_range(), and what our caller's rules for gathers add to Linux's. */
uint64_t unmap_and_gather(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *gather);

/* ---- generic_pt_dirty.c: as pt_ops has them ---- */

int generic_read_dirty(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
		       const struct pt_bitmap *bitmap, struct pt_gather *gather);
int generic_set_dirty(struct pt *pt, uint64_t iova);

#endif
