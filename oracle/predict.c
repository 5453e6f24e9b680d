/* What init and map must answer, from the hardware's description and the configuration alone. */
#include <errno.h>

#include "oracle/judge_parts.h"

uint64_t judge_features(const struct hw_format *hw)
{
	uint64_t f = PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE |
		     PT_DETAILED_GATHER;

	if (hw->grows)
		f |= PT_DYNAMIC_TOP;
	if (hw->max_vasz_lg2 == 64)
		f |= PT_FULL_VA;
	if (hw->forces_coherence)
		f |= PT_FORCE_COHERENCE;
	if (hw->encrypt_hi)
		f |= PT_ENCRYPT_TABLES;
	if (hw->touch)
		f |= PT_DIRTY_TRACKING;
	if (hw->can_sign_extend)
		f |= PT_SIGN_EXTEND;
	if (hw->can_upper_half)
		f |= PT_UPPER_HALF;
	if (hw->can_second_stage)
		f |= PT_SECOND_STAGE;
	if (hw->can_large_oa)
		f |= PT_LARGE_OA;
	if (hw->can_napot)
		f |= PT_NAPOT;
	if (hw->can_memory_types)
		f |= PT_MEMORY_TYPES;
	if (hw->may_be_incoherent)
		f |= PT_DMA_INCOHERENT;
	if (hw->may_cache_not_present)
		f |= PT_NP_CACHE;
	return f;
}

struct hw_device judge_device(const struct pt_config *c)
{
	uint64_t f = c->features;

	return (struct hw_device){
		.level = c->top_level,
		.encrypt_bit = f & PT_ENCRYPT_TABLES ? c->encrypt_bit : 0,
		.vasz_lg2 = c->vasz_lg2,
		.oasz_lg2 = c->oasz_lg2,
		.sign_extend = f & PT_SIGN_EXTEND,
		.upper_half = f & PT_UPPER_HALF,
		.second_stage = f & PT_SECOND_STAGE,
		.large_oa = f & PT_LARGE_OA,
		.napot = f & PT_NAPOT,
		.memory_types = f & PT_MEMORY_TYPES,
		.sets_dirty = f & PT_DIRTY_TRACKING,
	};
}

uint64_t judge_sizes(const struct hw_format *hw, const struct pt_config *c)
{
	struct hw_device dev = judge_device(c);
	unsigned top = c->features & PT_DYNAMIC_TOP ? hw->max_top : c->top_level;
	uint64_t sizes = 0;

	for (unsigned level = 0; level <= top && level <= hw->max_top; level++)
		sizes |= hw->sizes(hw, &dev, level);
	return c->pgsize_bitmap ? c->pgsize_bitmap & sizes : sizes;
}

static bool init_is_supported(const struct hw_format *hw, const struct pt_config *c)
{
	bool encrypts = c->features & PT_ENCRYPT_TABLES;

	return !(c->features & ~judge_features(hw)) && c->top_level >= hw->min_top &&
	       c->top_level <= hw->max_top && c->vasz_lg2 <= hw->max_vasz_lg2 &&
	       c->oasz_lg2 <= hw->max_oasz_lg2 &&
	       (!c->pgsize_bitmap || c->pgsize_bitmap == judge_sizes(hw, c)) &&
	       (!encrypts ||
		(c->encrypt_bit >= hw->encrypt_lo && c->encrypt_bit <= hw->encrypt_hi));
}

int judge_predict_init(const struct hw_format *hw, const struct pt_config *c)
{
	uint64_t sizes = judge_sizes(hw, c), smallest = sizes & -sizes;
	struct hw_device dev = judge_device(c);
	enum hw_setup setup;
	unsigned item, reach;

	if (!init_is_supported(hw, c))
		return -EOPNOTSUPP;
	/* Exactly one kind of flush. */
	if (!(c->features & PT_FLUSH_RANGE) == !(c->features & PT_FLUSH_RANGE_NO_GAPS))
		return -EINVAL;
	if (!(c->features & PT_FULL_VA) != (c->vasz_lg2 != 64))
		return -EINVAL;
	/* What is written past the caches cannot be updated atomically by both sides. */
	if ((c->features & PT_DIRTY_TRACKING) && (c->features & PT_DMA_INCOHERENT))
		return -EINVAL;
	/* The aperture: at least one item of the top, at most what a fixed top reaches. */
	item = hw_item_lg2(hw, c->top_level);
	reach = item + hw->index_lg2 + (hw->root_lg2 ? HW_MAX_CONCATENATED_LG2 : 0);
	if (c->vasz_lg2 < item || (!(c->features & PT_DYNAMIC_TOP) && c->vasz_lg2 > reach))
		return -EINVAL;
	/* Some leaf must fit into the aperture and into the output addresses. */
	/* equivalent: off-1, off-3: of powers of two */
	if (smallest - 1 > last_below(c->vasz_lg2) || smallest - 1 > last_below(c->oasz_lg2))
		return -EINVAL;
	if ((c->features & PT_ENCRYPT_TABLES) && c->oasz_lg2 > c->encrypt_bit)
		return -EINVAL;
	if ((c->features & PT_SIGN_EXTEND) && (c->features & PT_UPPER_HALF))
		return -EINVAL;
	setup = hw->setup ? hw->setup(hw, &dev) : HW_POSSIBLE;
	return setup == HW_POSSIBLE ? 0 : setup == HW_UNSUPPORTED ? -EOPNOTSUPP : -EINVAL;
}

static struct hw_request request(const struct judge *j, unsigned prot)
{
	return (struct hw_request){
		.read = prot & PT_READ,
		.write = prot & PT_WRITE,
		.noexec = prot & PT_NOEXEC,
		.cache = prot & PT_CACHE,
		.mmio = prot & PT_MMIO,
		.force_coherence = j->config.features & PT_FORCE_COHERENCE,
		.encrypt = j->config.features & PT_ENCRYPT_TABLES,
		.dirty_tracking = j->config.features & PT_DIRTY_TRACKING,
		.memory_types = j->config.features & PT_MEMORY_TYPES,
	};
}

bool promised_attrs(const struct judge *j, unsigned prot, struct hw_attrs *attrs)
{
	struct hw_request req = request(j, prot);

	return j->subject.hw->promise(j->subject.hw, &req, attrs);
}
/* The errors that do not depend on what is mapped, in the order promised. */
int predict_map_error(const struct judge *j, const struct pt_mapping *m)
{
	uint64_t smallest = j->flat.sizes & -j->flat.sizes;
	struct hw_attrs attrs;

	if (m->len == 0 || (m->prot & (PT_READ | PT_WRITE)) == 0)
		return -EINVAL;
	if ((j->config.features & PT_FORCE_WRITEABLE) && (m->prot & PT_WRITE) == 0)
		return -EINVAL;
	if (!promised_attrs(j, m->prot, &attrs))
		return -EOPNOTSUPP;
	if (m->len - 1 > UINT64_MAX - m->iova || m->len - 1 > UINT64_MAX - m->oa)
		return -EOVERFLOW;
	if (m->iova % smallest || m->oa % smallest || m->len % smallest)
		return -ENXIO;
	/* equivalent: off-1: whole pages */
	if (m->oa + (m->len - 1) > j->flat.last_oa ||
	    /* equivalent: off-1: likewise */
	    !flat_holds(&j->flat, m->iova, m->iova + (m->len - 1)))
		return -ERANGE;
	return 0;
}
