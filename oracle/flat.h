/*
 * The flat map: what should be mapped, as a list.
 *
 * Slow on purpose. Every question is one loop over the list, so that a reader can
 * see it is right; nothing here is shared with core/ or formats/, and no table is
 * involved.
 */
#ifndef WALKDIFF_ORACLE_FLAT_H
#define WALKDIFF_ORACLE_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count` leaves of 2^size_lg2 bytes, one after the other in VA and in OA. */
struct extent {
	uint64_t va, oa;
	uint64_t count;
	uint8_t size_lg2;
	unsigned prot; /* as the mapping asked */
	bool dirty;    /* a device has written each of them since it was last asked */
};

struct flat {
	struct extent *extents; /* by VA; none touches another with the same size, prot and run of OA */
	size_t nr, cap;
	uint64_t changes;	/* while it stands, so does the map */
	uint64_t sizes;		/* leaf sizes (bytes, a bit each) that may exist */
	struct {
		uint64_t first, last;
	} apertures[2];		/* the second is empty (first > last) but with sign extension */
	uint64_t last_oa;
};

/* What an operation must do. */
struct prediction {
	int err;	 /* 0 or a negative errno */
	uint64_t mapped; /* bytes */
};

struct flat_mapping {
	uint64_t iova, oa, len;
	unsigned prot;
};

/* The last address below 2^lg2, lg2 <= 64. */
static inline uint64_t last_below(unsigned lg2)
{
	return lg2 >= 64 ? UINT64_MAX : (UINT64_C(1) << lg2) - 1;
}

/* The VA width, and where its addresses lie. */
enum flat_aperture { FLAT_LOW, FLAT_BOTH_ENDS, FLAT_HIGH };

void flat_reset(struct flat *f, uint64_t sizes, unsigned vasz_lg2, enum flat_aperture where,
		uint64_t last_oa);

/* True when first..last lies inside one aperture. */
bool flat_holds(const struct flat *f, uint64_t first, uint64_t last);

void flat_free(struct flat *f);

/*
 * What map returns when it is refused no memory. Walks at most to `limit` bytes:
 * with a smaller limit the prediction is {0, m} for the first boundary m of the
 * greedy sequence at or after it, unless something is in the way before.
 */
struct prediction flat_predict_map(const struct flat *f, const struct flat_mapping *m,
				   uint64_t limit);

/*
 * Record the leaves of the first `mapped` bytes of m: a boundary of the greedy
 * sequence. Adds to leaves[lg2] the number of leaves of 2^lg2 bytes.
 */
void flat_map(struct flat *f, const struct flat_mapping *m, uint64_t mapped, uint64_t leaves[64]);

/*
 * Whether unmap of [iova, iova+len) removes anything, and then the last VA that it
 * removes; flat_unmap also forgets what goes.
 */
bool flat_predict_unmap(const struct flat *f, uint64_t iova, uint64_t len, uint64_t *last);
void flat_unmap(struct flat *f, uint64_t iova, uint64_t len);

/* The first mapped VA at or after va, as *at; false when there is none. */
bool flat_next(const struct flat *f, uint64_t va, uint64_t *at);

/* The extent that maps va, or null; the leaf of va begins at *leaf_va. */
const struct extent *flat_find(const struct flat *f, uint64_t va, uint64_t *leaf_va);

/*
 * Make va, inside a leaf that is mapped, the boundary of one: both parts become what map
 * would place there, with permissions and dirt kept.
 */
void flat_cut(struct flat *f, uint64_t va);

/* Make the leaf of va, which is mapped, dirty or clean. */
void flat_set_dirty(struct flat *f, uint64_t va, bool dirty);

/* Bytes mapped in all. */
uint64_t flat_bytes(const struct flat *f);

#endif
