/*
 * iommufd around an io_pgtable: it knows what it has mapped, and reads the dirt of that alone.
 * See iommu_core.h.
 */
#include "fuzz/linux/iommu_core.h"

#include <linux/kernel.h>

void iommufd_note(struct pt *pt, bool (*how)(struct areas *, struct area), uint64_t iova,
		  uint64_t len, uint64_t page)
{
	if (len && pt->config.features & PT_DIRTY_TRACKING &&
	    !how(&pt->areas, (struct area){ iova, iova + (len - 1), page }))
		shim_fail("more areas than MAX_AREAS");
}

void iommufd_clear_dirty(struct pt *pt, uint64_t iova, uint64_t len, struct core_gather *g)
{
	struct iommu_dirty_bitmap dirty = { .gather = &g->kernel };

	if (pt->ops->read_and_clear_dirty(pt->ops, iova, len, 0, &dirty))
		shim_fail("read_and_clear_dirty() of what was mapped fails");
}

/* Ours: the kernel's is of user memory. */
struct iova_bitmap {
	const struct pt_bitmap *to;
};

void iova_bitmap_set(struct iova_bitmap *bitmap, unsigned long iova, size_t length)
{
	const struct pt_bitmap *to = bitmap->to;
	uint64_t last = iova + (length - 1), bit, end;

	if (last < to->base)
		return;
	bit = iova < to->base ? 0 : (iova - to->base) >> to->granule_lg2;
	end = (last - to->base) >> to->granule_lg2;
	for (; bit <= end && bit < to->bits; bit++)
		to->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

static int check_dirty(const struct pt *pt, uint64_t iova, uint64_t len,
		       const struct pt_bitmap *bitmap)
{
	if (!(pt->config.features & PT_DIRTY_TRACKING))
		return -EOPNOTSUPP;
	if (bitmap->granule_lg2 > 63 || !bitmap->bits)
		return -EINVAL;
	if (!len)
		return 0;
	if (core_overflows(iova, len))
		return -EOVERFLOW;
	return core_in_aperture(pt, iova, iova + (len - 1)) ? 0 : -ERANGE;
}

/* The granules of a bitmap: iommufd's always reaches over what it asks for. */
static struct area reach(const struct pt_bitmap *bitmap)
{
	uint64_t most = UINT64_MAX >> bitmap->granule_lg2, more = bitmap->bits - 1;
	struct area all = { .first = bitmap->base };

	all.last = all.first + ((more < most ? more : most) << bitmap->granule_lg2);
	all.last += (UINT64_C(1) << bitmap->granule_lg2) - 1;
	if (more > most || all.last < all.first)
		all.last = UINT64_MAX;
	return all;
}

static struct area both(struct area a, struct area b)
{
	return (struct area){ max(a.first, b.first), min(a.last, b.last), a.page };
}

/* As iommufd asks: whole pages, and a bitmap of pages that holds them all. */
static bool is_iommufds(const struct pt *pt, struct area range, const struct pt_bitmap *bitmap)
{
	struct area all = reach(bitmap);
	uint64_t page = core_smallest(pt);

	return !((range.first | (range.last + 1)) & (page - 1)) &&
	       !(all.first & (page - 1)) && UINT64_C(1) << bitmap->granule_lg2 >= page &&
	       range.first >= all.first && range.last <= all.last;
}

/* What of an area is asked for in one call, from `at` on: all of it, or one leaf. */
static struct area piece_from(const struct area *mapped, uint64_t at, struct area range,
			      bool one_leaf)
{
	struct area piece = both(*mapped, range);

	piece.first = max(piece.first, at);
	if (one_leaf) {
		piece.first = mapped->first + ((piece.first - mapped->first) & -mapped->page);
		piece.last = piece.first + (mapped->page - 1);
	}
	return piece;
}

/*
 * What iommufd may ask is asked as it does. What it never does is asked leaf by leaf, and a
 * leaf that is not reported whole is not cleared.
 */
int iommufd_read_dirty(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
		    const struct pt_bitmap *bitmap, struct pt_gather *gather)
{
	struct area range = { .first = iova, .last = iova + (len - 1) }, piece;
	struct iova_bitmap to = { bitmap };
	const struct area *mapped;
	struct core_gather g;
	uint64_t at = iova;
	int error = check_dirty(pt, iova, len, bitmap);
	bool careful;

	if (error || !len)
		return error;
	careful = core_skips_known || !is_iommufds(pt, range, bitmap);
	core_enter(pt);
	core_open_gather(&g, pt, gather);
	while (!error && at <= range.last && (mapped = areas_from(&pt->areas, at)) &&
	       mapped->first <= range.last) {
		struct iommu_dirty_bitmap dirty = { .bitmap = &to };
		bool clears = !(flags & PT_NO_CLEAR);

		piece = piece_from(mapped, at, range, careful);
		if (careful && (piece.first < reach(bitmap).first || piece.last > reach(bitmap).last))
			clears = false;
		dirty.gather = clears ? &g.kernel : NULL;
		error = pt->ops->read_and_clear_dirty(pt->ops, piece.first,
						      piece.last - piece.first + 1,
						      clears ? 0 : IOMMU_DIRTY_NO_CLEAR, &dirty);
		if (piece.last == UINT64_MAX)
			break;
		at = piece.last + 1;
	}
	core_close_gather(&g, gather);
	return error;
}
