/* The tables as hardware walks them, against the flat map and the ledger. */
#include <inttypes.h>

#include "oracle/judge_parts.h"

#define HEX "0x%" PRIx64

static void check_attrs(struct judge *j, const struct hw_leaf *leaf, const struct hw_attrs *want)
{
	const struct hw_attrs *got = &leaf->item.attrs;
	const struct {
		const char *name;
		unsigned got, want;
	} bits[] = {
		{ "read", got->read, want->read },
		{ "write", got->write, want->write },
		/* Hardware that sets it by itself may have done so for any access. */
		{ "accessed", got->accessed || j->sim.device.sets_dirty,
		  want->accessed || j->sim.device.sets_dirty },
		{ "dirty", SIM_SEES_ACCESSES && got->dirty, SIM_SEES_ACCESSES && want->dirty },
		{ "coherent", got->coherent, want->coherent },
		{ "encrypted", got->encrypted, want->encrypted },
		{ "untranslated", got->untranslated, want->untranslated },
		{ "exec", got->exec, want->exec },
		{ "exec, privileged,", got->exec_privileged, want->exec_privileged },
		{ "global", got->global, want->global },
		{ "user", got->user, want->user },
		{ "memory type", got->type, want->type },
	};
	/* The first two are what everybody promises. */
	size_t nr = deviates(j, DEVIATES_ATTRIBUTES) ?
		2 : sizeof(bits) / sizeof(bits[0]); /* equivalent: off-3: all are of one size */

	for (size_t i = 0; i < nr; i++)
		if (bits[i].got != bits[i].want)
			sim_fail_at(&j->sim, CHECK_WALK, leaf->va,
				    "the leaf at IOVA " HEX " has %s = %u, asked for %u", leaf->va,
				    bits[i].name, bits[i].got, bits[i].want);
}

/* One leaf of the flat map against the next one that hardware sees, if any. */
static void check_leaf(struct judge *j, const struct extent *e, uint64_t k,
		       const struct hw_attrs *want, const struct hw_leaf *leaf)
{
	uint64_t va = e->va + (k << e->size_lg2), oa = e->oa + (k << e->size_lg2);

	if (!leaf || leaf->va > va) {
		sim_fail_at(&j->sim, CHECK_WALK, va, "IOVA " HEX " should map to OA " HEX
			    ", hardware maps nothing there", va, oa);
		return;
	}
	if (leaf->va < va)
		sim_fail_at(&j->sim, CHECK_WALK, leaf->va, "hardware maps IOVA " HEX " to OA " HEX
			    ", nothing should be there", leaf->va, leaf->item.address);
	if (leaf->item.address != oa)
		sim_fail_at(&j->sim, CHECK_WALK, va, "IOVA " HEX " should map to OA " HEX
			    ", hardware goes to OA " HEX, va, oa, leaf->item.address);
	check_attrs(j, leaf, want);
	if (leaf->item.size_lg2 != e->size_lg2)
		sim_fail_at(&j->sim, CHECK_SHAPE, va, "the leaf at IOVA " HEX
			    " should be 2^%u bytes, is 2^%u", va, e->size_lg2, leaf->item.size_lg2);
}

static void check_leaves(struct judge *j)
{
	const struct hw_map *map = &j->map;
	bool tracks = j->config.features & PT_DIRTY_TRACKING;
	size_t at = 0;

	if (map->fault != HW_OK)
		sim_fail_at(&j->sim, CHECK_WALK, map->fault_va,
			    "hardware faults (%s) on item " HEX " of level %u for IOVA " HEX,
			    hw_fault_names[map->fault], map->fault_raw, map->fault_level,
			    map->fault_va);
	if (map->run_broken)
		sim_fail_at(&j->sim, CHECK_SHAPE, map->fault_va,
			    "the items of a run differ at IOVA " HEX ": item " HEX, map->fault_va,
			    map->fault_raw);
	for (size_t i = 0; i < j->flat.nr; i++) {
		const struct extent *e = &j->flat.extents[i];
		struct hw_attrs want;

		promised_attrs(j, e->prot, &want);
		/* equivalent: mask-1: what nobody may write is clean in both */
		want.dirty = tracks && (e->prot & PT_WRITE) ? e->dirty : want.dirty;
		for (uint64_t k = 0; k < e->count; k++, at++)
			check_leaf(j, e, k, &want, at < map->nr_leaves ? &map->leaves[at] : NULL);
	}
	if (at < map->nr_leaves)
		sim_fail_at(&j->sim, CHECK_WALK, map->leaves[at].va,
			    "hardware maps IOVA " HEX " to OA " HEX ", nothing should be there",
			    map->leaves[at].va, map->leaves[at].item.address);
}

/* Mark one table as accounted for; each is only once. */
static void mark_table(struct judge *j, uint64_t pa, const char *where)
{
	struct slot *slot = memory_slot(j->sim.memory, pa);

	if (!slot)
		sim_stop(&j->sim, CHECK_LEDGER, "the table at PA " HEX " is %s, but not allocated",
			 pa, where);
	if (slot->mark == j->sim.memory->epoch)
		sim_fail(&j->sim, CHECK_LEDGER, "the table at PA " HEX " is %s a second time", pa,
			 where);
	slot->mark = j->sim.memory->epoch;
}

/* Returns how many there are. */
static uint32_t mark_gathered(struct judge *j, const struct pt_gather *g)
{
	uint32_t nr = 0;

	if (j->subject.foreign) /* its own affair */
		return g->nr_tables;
	for (uint64_t pa = g->tables; pa; nr++) {
		mark_table(j, pa, "in the gather");
		pa = *memory_view(j->sim.memory, pa, sizeof(pa));
	}
	if (nr != g->nr_tables)
		sim_fail(&j->sim, CHECK_LEDGER, "%u tables are in the gather, which says %u", nr,
			 g->nr_tables);
	return nr;
}

/* Tables allocated = reachable + waiting in the gathers. */
static void check_ledger(struct judge *j)
{
	struct memory *m = j->sim.memory;
	bool encrypts = j->config.features & PT_ENCRYPT_TABLES;
	uint32_t marked = 0;

	m->epoch++;
	for (size_t i = 0; i < j->map.nr_tables; i++, marked++) {
		const struct hw_table *t = &j->map.tables[i];

		if (!sim_is_off(&j->sim, CHECK_LEDGER))
			mark_table(j, t->pa, "reachable");
		if (t->encrypted != encrypts)
			sim_fail_at(&j->sim, CHECK_WALK, t->va,
				    "the pointer to the table of level %u for IOVA " HEX
				    " has encrypted = %d, asked for %d",
				    t->level, t->va, t->encrypted, encrypts);
	}
	if (sim_is_off(&j->sim, CHECK_LEDGER))
		return;
	for (unsigned i = 0; i < SIM_THREADS; i++)
		marked += mark_gathered(j, &j->sim.threads[i].gather);
	if (!gathers_are_compared(j) && any_gather_waits(j))
		return; /* they are among what waits */
	/* equivalent: rel-2: one that is leaked comes before */
	for (uint32_t i = 0; marked != m->nr_live && i < m->used; i++)
		if (m->slots[i].state == SLOT_LIVE && m->slots[i].mark != m->epoch)
			sim_fail(&j->sim, CHECK_LEDGER,
				 "the table at PA " HEX " is leaked: %u allocated, %u accounted for",
				 m->slots[i].pa, m->nr_live, marked);
}

static void enumerate(struct judge *j)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);

	/* equivalent: off-1: as good a limit */
	hw_enumerate(j->subject.hw, &j->sim.device, &memory, j->sim.memory->nr_live + 1, &j->map);
}

/* One address asked of all three: the flat map, software, hardware. */
void probe(struct judge *j, uint64_t va)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);
	/* equivalent: off-1, off-2, off-3: not looked at where nothing is mapped */
	uint64_t leaf_va = 0, want = 0, got = 0;
	const struct extent *e = flat_find(&j->flat, va, &leaf_va);
	bool is_asked = flat_holds(&j->flat, va, va) ||
			!deviates(j, DEVIATES_BOUNDS);
	struct hw_walk walk;
	bool mapped;

	if (e)
		want = e->oa + (va - e->va);
	sim_begin_look(&j->sim);
	mapped = is_asked ? j->subject.ops->translate(j->pt, va, &got) : e != NULL;
	sim_end_look(&j->sim);
	if (!is_asked)
		got = want;
	if (mapped != (e != NULL) || (mapped && got != want))
		sim_fail_at(&j->sim, CHECK_FLAT, va,
			    "translate of IOVA " HEX " says %s OA " HEX ", should be %s OA " HEX, va,
			    mapped ? "mapped," : "unmapped,", got, e ? "mapped," : "unmapped,", want);
	hw_walk(j->subject.hw, &j->sim.device, &memory, va, HW_PROBE, &walk);
	if (e ? walk.fault != HW_OK || walk.oa != want :
		walk.fault != HW_NOT_PRESENT && walk.fault != HW_VA_TOO_WIDE &&
			walk.fault != HW_NOT_CANONICAL)
		sim_fail_at(&j->sim, CHECK_WALK, va,
			    "hardware at IOVA " HEX ": %s, OA " HEX "; should be %s, OA " HEX, va,
			    hw_fault_names[walk.fault], walk.oa, e ? "mapped" : "unmapped", want);
}

/* The ends of every extent, a leaf inside, and the bytes beside them. */
static void probe_extents(struct judge *j)
{
	for (size_t i = 0; i < j->flat.nr; i++) {
		struct extent e = j->flat.extents[i];
		uint64_t last = e.va + (e.count << e.size_lg2) - 1;

		probe(j, e.va);
		probe(j, last);
		if (e.count > 2) /* equivalent: rel-1, off-2: once more */
			/* equivalent: off-1: as good a byte */
			probe(j, e.va + (j->operations % e.count << e.size_lg2) + 1);
		if (last != UINT64_MAX)
			probe(j, last + 1);
		if (e.va)
			probe(j, e.va - 1);
	}
}

static void check_top(struct judge *j)
{
	struct pt_top top;

	if (!j->subject.ops->top)
		return;
	sim_begin_look(&j->sim);
	top = j->subject.ops->top(j->pt);
	sim_end_look(&j->sim);
	if (top.pa != j->sim.device.root_pa || top.level != j->sim.device.level)
		sim_fail(&j->sim, CHECK_WALK,
			 "software's top is PA " HEX " of level %u, the device entry has PA " HEX
			 " of level %u",
			 top.pa, top.level, j->sim.device.root_pa, j->sim.device.level);
}

void judge_state(struct judge *j)
{
	check_top(j);
	/* Nothing has been written since, here or there: the same would be found. */
	if (j->judged && j->judged_tables == j->sim.changes && j->judged_flat == j->flat.changes &&
	    j->judged_gather == j->sim.t->gather.tables)
		return;
	enumerate(j);
	check_leaves(j);
	check_ledger(j);
	probe_extents(j);
	j->judged = true;
	j->judged_tables = j->sim.changes;
	j->judged_flat = j->flat.changes;
	j->judged_gather = j->sim.t->gather.tables;
}
