/* What devices do to the tables: accesses, which hardware notes in them, and evicted entries. */
#include <inttypes.h>

#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

/*
 * The item that hardware notes an access in: that which it walked to, or, where the items of
 * a run count up (Arm's contiguous bit), any of the run.
 */
static struct hw_step noted_step(struct judge *j, const struct hw_walk *walk)
{
	struct hw_step s = walk->steps[walk->nr_steps - 1], other = s;
	unsigned items_lg2 = s.item.size_lg2 - hw_item_lg2(j->subject.hw, s.level);

	if (!s.item.counts_up || !items_lg2)
		return s;
	other.index &= ~0u << items_lg2;
	/* equivalent: off-1, shift-1: what is none of the run stays out below */
	other.index += device_pick(&j->sim.dev, 1u << items_lg2);
	other.raw = memory_view(j->sim.memory, s.table_pa, sizeof(other.raw))[other.index];
	/* One that is being replaced is none of the run any more. */
	/* equivalent: logic-1: what is no leaf has no size */
	if (hw_decode(j->subject.hw, &j->sim.device, other.raw, s.level, &other.item) != HW_OK ||
	    /* equivalent: logic-1: likewise */
	    other.item.kind != HW_LEAF || other.item.size_lg2 != s.item.size_lg2 ||
	    other.item.address != s.item.address)
		return s;
	return other;
}

/* False when the item has changed since the walk. */
static bool touch_leaf(struct judge *j, const struct hw_walk *walk, uint64_t iova, bool write)
{
	struct hw_step s = noted_step(j, walk);

	if (!sim_touch(&j->sim, s.table_pa, s.index, s.raw,
		       j->subject.hw->touch(j->subject.hw, s.raw, write)))
		return false;
	if (write)
		race_wrote(j, iova);
	return true;
}

void judge_evict(struct judge *j, uint64_t iova)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);
	struct hw_walk walk;

	j->operations++;
	begin(j); /* equivalent: drop-1: nothing is asked that it begins */
	sim_event(&j->sim, EVENT_DEVICE, NULL);
	device_evict(&j->sim.dev, iova);
	hw_walk(j->subject.hw, &j->sim.device, &memory, iova, HW_PROBE, &walk);
	for (unsigned i = 0; j->sim.memory->incoherent && i < walk.nr_steps; i++) {
		const uint64_t *items = memory_view(j->sim.memory, walk.steps[i].table_pa,
						    /* equivalent: off-2, off-4: it was read */
						    (walk.steps[i].index + (size_t)1) * 8);

		if (items)
			memory_evict(j->sim.memory, &items[walk.steps[i].index]);
	}
}

/* Is it what a device's access must end in where this is mapped, or (null) nothing? */
static bool is_dma_of(const struct hw_walk *walk, const struct extent *e, uint64_t iova,
		      enum hw_access access)
{
	bool allowed = e && (e->prot & (access == HW_WRITE ? PT_WRITE : PT_READ));

	if (!e || !allowed)
		return walk->fault != HW_OK && (!e || walk->fault == HW_DENIED);
	return walk->fault == HW_OK && walk->oa == e->oa + (iova - e->va);
}

enum hw_fault judge_dma(struct judge *j, uint64_t iova, enum hw_access access, uint64_t *oa)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);
	const struct extent *e, *after;
	uint64_t last;
	struct hw_walk walk;

	j->operations++;
	sim_event(&j->sim, EVENT_DEVICE, NULL);
	e = flat_find(&j->flat, iova, &last);
	after = j->race.on ? race_piece_at(j, iova, &last) : e;
	do {
		hw_walk(j->subject.hw, &j->sim.device, &memory, iova, access, &walk);
		if (!is_dma_of(&walk, e, iova, access) && !is_dma_of(&walk, after, iova, access) &&
		    !(race_may_miss(j, iova) && is_dma_of(&walk, NULL, iova, access)))
			sim_fail_at(&j->sim, CHECK_WALK, iova,
				    "a device's %s at IOVA " HEX " ends in: %s, OA " HEX "; should %s",
				    access == HW_WRITE ? "write" : "read", iova, hw_fault_names[walk.fault],
				    walk.oa, is_dma_of(&(struct hw_walk){ .fault = HW_DENIED }, e, iova,
						       access) ? "be stopped" : "be allowed");
		/* A write through a translation that is cached as dirty is not noted again. */
	} while (walk.fault == HW_OK && j->sim.device.sets_dirty &&
		 !(access == HW_WRITE && device_writes_unseen(&j->sim.dev, iova)) &&
		 !touch_leaf(j, &walk, iova, access == HW_WRITE));
	*oa = walk.oa;
	return walk.fault;
}
