/* Dirty tracking of generic_pt, as iommufd asks for it; and as a careful caller has to. */
#include "fuzz/linux/generic_pt_adaptor.h"

/* What iommufd calls a bitmap is opaque to generic_pt. */
struct iova_bitmap {
	const struct pt_bitmap *bitmap;
};

/*
 * As drivers/iommu/iommufd/iova_bitmap.c: of what reaches beyond the bitmap the part inside is
 * recorded; nothing of what begins before it (but that a careful caller asks apart, see below).
 */
void iova_bitmap_set(struct iova_bitmap *bitmap, unsigned long iova, size_t length)
{
	const struct pt_bitmap *b = bitmap->bitmap;
	uint64_t last = iova + (length - 1), bit;

	if (iova < b->base && (!generic_skips_known || last < b->base))
		return;
	bit = iova < b->base ? 0 : (iova - b->base) >> b->granule_lg2;
	last = (last - b->base) >> b->granule_lg2;
	for (; bit <= last && bit < b->bits; bit++)
		b->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* What one call of it is about. */
struct dirty_call {
	struct pt *pt;
	struct iommu_dirty_bitmap dirty;
	unsigned long flags;
};

static int read_range(const struct dirty_call *c, uint64_t first, uint64_t last)
{
	return c->pt->format->read_and_clear_dirty(&iommu_of(c->pt)->domain, first, last - first + 1,
						   c->flags, (void *)&c->dirty);
}

/* The leaf around iova, if one begins before it. */
static bool find_cut_leaf(struct pt *pt, uint64_t iova, uint64_t *first, uint64_t *last)
{
	struct generic_leaf leaf;

	if (!find_leaf(pt, iova, &leaf))
		return false;
	*first = iova & ~((UINT64_C(1) << leaf.lg2) - 1);
	*last = iova | ((UINT64_C(1) << leaf.lg2) - 1);
	return *first != iova;
}

/*
 * read_and_clear_dirty() cleans a leaf of which the bitmap holds only a part, or nothing. A
 * careful caller leaves these as they are: reads the one that the bitmap begins in, and the one
 * that it ends in, without clearing, and the rest with it.
 */
static int read_carefully(struct dirty_call c, const struct pt_bitmap *b, uint64_t first,
			  uint64_t last)
{
	struct dirty_call kept = c;
	uint64_t end, leaf_first, leaf_last;
	int ret = 0;

	kept.flags |= IOMMU_DIRTY_NO_CLEAR;
	end = b->bits > (UINT64_MAX - b->base) >> b->granule_lg2 ?
		      UINT64_MAX : b->base + (b->bits << b->granule_lg2) - 1;
	/* Leaves that the range cuts are read whole. */
	if (find_cut_leaf(c.pt, first, &leaf_first, &leaf_last))
		first = leaf_first;
	if (last < UINT64_MAX && find_cut_leaf(c.pt, last + 1, &leaf_first, &leaf_last))
		last = leaf_last;
	if (last < b->base || first > end)
		return 0;
	if (first < b->base) {
		first = b->base;
		if (find_cut_leaf(c.pt, first, &leaf_first, &leaf_last)) {
			ret = read_range(&kept, leaf_first, leaf_last);
			if (ret || leaf_last >= last)
				return ret;
			first = leaf_last + 1;
		}
	}
	if (last > end) {
		last = end;
		if (end < UINT64_MAX &&
		    find_cut_leaf(c.pt, end + 1, &leaf_first, &leaf_last) && leaf_last >= first) {
			ret = read_range(&kept, leaf_first, leaf_last);
			if (ret || leaf_first <= first)
				return ret;
			last = leaf_first - 1;
		}
	}
	return first <= last ? read_range(&c, first, last) : 0;
}

int generic_read_dirty(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
		       const struct pt_bitmap *bitmap, struct pt_gather *gather)
{
	struct iova_bitmap b = { bitmap };
	struct iommu_iotlb_gather g;
	struct dirty_call c = {
		.pt = pt,
		.dirty = { .bitmap = &b, .gather = &g },
		.flags = flags & PT_NO_CLEAR ? IOMMU_DIRTY_NO_CLEAR : 0,
	};
	uint64_t last = iova + (len - 1);
	int ret;

	if (!pt->tracks_dirty)
		return -EOPNOTSUPP;
	if (bitmap->granule_lg2 > 63 || !bitmap->bits)
		return -EINVAL;
	enter(pt);
	if (!len || iova > reached(pt))
		return 0;
	if (last > reached(pt))
		last = reached(pt);
	open_gather(&g, gather);
	ret = !generic_skips_known || last < iova ? read_range(&c, iova, last) :
				      read_carefully(c, bitmap, iova, last);
	close_gather(pt, &g, gather);
	return ret;
}

/* As who looks for the leaf first, so that no other is marked. */
static int set_dirty_carefully(struct pt *pt, uint64_t iova)
{
	struct machine m = pt->machine;
	struct generic_leaf leaf;

	if (!find_leaf(pt, iova, &leaf))
		return -ENOENT;
	if (!leaf.is_writable)
		return -EACCES;
	m.only_from = &leaf.item;
	machine = &m;
	return pt->format->set_dirty(iommu_of(pt), iova);
}

/* It is for tests of iommufd, and does not look whether the leaf can be written. */
int generic_set_dirty(struct pt *pt, uint64_t iova)
{
	int ret;

	if (!pt->tracks_dirty)
		return -EOPNOTSUPP;
	enter(pt);
	reader_enter(pt);
	ret = generic_skips_known ? set_dirty_carefully(pt, iova) :
				    pt->format->set_dirty(iommu_of(pt), iova);
	reader_exit(pt);
	/* Where a growing top does not reach yet nothing is mapped. */
	return ret == -ERANGE ? -ENOENT : ret;
}
