/*
 * Tests of what the machine says of caches and of freed tables: stale and ledger.
 *
 * Goal: hardware that may still hold what it should have forgotten is noticed, whoever has
 * not told it: the operation, the gather, the commands, or the driver; so is a table that is
 * freed while someone may be in it.
 * Method: liars, see liar.h. A lie that another judge sees first names that one, and the
 * machine is the one that says no without it.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

extern const struct pt_ops pt_sim_toy, pt_sim_amdv1, pt_sim_vtdss, pt_sim_armv8_s1_4k,
	pt_sim_riscv64;
extern const struct hw_format hw_toy, hw_amdv1, hw_vtdss, hw_armv8_s1_4k, hw_riscv64;

/* A page table on its hardware, and how it is set up. */
#define ON(stamp, commands, feature, va, top, oa)                                                  \
	{ &pt_sim_##stamp, &hw_##stamp, &inv_##commands, NULL }, {                                       \
		.features = PT_FLUSH_RANGE | PT_DETAILED_GATHER | (feature),                       \
		.vasz_lg2 = (va), .top_level = (top), .oasz_lg2 = (oa)                             \
	}
#define TOY(feature) ON(toy, none, feature, 15, 2, 20)
#define AMD ON(amdv1, amd, 0, 39, 2, 52)
#define VTD(feature) ON(vtdss, vtd, feature, 39, 2, 52)
#define ARM ON(armv8_s1_4k, smmu, 0, 39, 2, 48)
#define RISCV ON(riscv64, riscv, PT_SIGN_EXTEND, 39, 2, 56)
#define RISCV_S2 ON(riscv64, riscv, PT_SECOND_STAGE, 41, 2, 56)

/* ---- sequences: in pages and in what a table of them translates ---- */

#define PAGE UINT64_C(0x1000)

static uint64_t reach(void)
{
	return PAGE << judge->subject.hw->index_lg2;
}

/* An OA that goes well with large leaves. */
static uint64_t high(void)
{
	return UINT64_C(1) << (judge->config.oasz_lg2 - 1);
}

/* A table full of pages and a leaf beside it; page, leaf and table go, each by itself. */
static void come_and_go(void)
{
	uint64_t t = reach();

	judge_init(judge);
	map(0, high() + PAGE, t);
	map(t, high() + t, t);
	judge_unmap(judge, PAGE, PAGE);
	judge_sync(judge);
	judge_unmap(judge, t, t);
	judge_sync(judge);
	map(PAGE, high(), PAGE);
	judge_unmap(judge, 0, t);
	judge_sync(judge);
	judge_deinit(judge);
}

/* Caches let go of it by themselves before anybody tells them. */
static void gone_by_itself(void)
{
	judge_init(judge);
	map(0, high() + PAGE, reach());
	judge_unmap(judge, 0, reach());
	for (uint64_t iova = 0; iova < reach(); iova += PAGE)
		judge_evict(judge, iova);
	judge_deinit(judge);
}

/* Pages are unmapped one by one, so that their table stays; a leaf takes its place. */
static void over_empty_table(void)
{
	uint64_t t = reach();

	judge_init(judge);
	map(0, high() + PAGE, t);
	for (uint64_t iova = 0; iova < t; iova += PAGE)
		judge_unmap(judge, iova, PAGE);
	judge_sync(judge);
	map(0, high(), t);
	judge_deinit(judge);
}

static void write_and_report(void)
{
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 8, .words = judge_dirty_room(judge)->words };
	uint64_t oa;

	judge_init(judge);
	map(0, high() + PAGE, 2 * PAGE);
	judge_dma(judge, 0, HW_WRITE, &oa);
	judge_read_dirty(judge, 0, 2 * PAGE, 0, &bitmap);
	judge_sync(judge);
	judge_deinit(judge);
}

#define NONLEAF_RANGES (DEVICE_NONLEAF | DEVICE_RANGES)
#define UNITS (DEVICE_TWO_UNITS | DEVICE_QUEUE_ERRORS)

static const struct scene toy = { TOY(0), 0, come_and_go };
static const struct scene amd = { AMD, 0, come_and_go };
static const struct scene vtd = { VTD(0), 0, come_and_go };
static const struct scene arm = { ARM, 0, come_and_go };
static const struct scene arm_ranges = { ARM, DEVICE_RANGES, come_and_go };
static const struct scene riscv = { RISCV, 0, come_and_go };
static const struct scene riscv_s2 = { RISCV_S2, NONLEAF_RANGES, come_and_go };
static const struct scene two_units = { TOY(0), UNITS, come_and_go };
static const struct scene evicted = { TOY(0), 0, gone_by_itself };
static const struct scene empty_table = { TOY(0), 0, over_empty_table };
static const struct scene np = { VTD(PT_NP_CACHE), 0, come_and_go };
static const struct scene dirt = { TOY(PT_DIRTY_TRACKING), 0, write_and_report };

/* ---- commands ---- */

#define ENCODE(name, before, after)                                                                \
	static unsigned name(const struct pt *pt, const struct pt_unit *unit,                      \
			     const struct pt_invalidation *inv, struct pt_command *c)              \
	{                                                                                          \
		struct pt_invalidation i = *inv;                                                   \
		struct pt_unit u = *unit;                                                          \
		unsigned n;                                                                        \
		before;                                                                            \
		n = real->encode(pt, &u, &i, c);                                                   \
		after;                                                                             \
		return n;                                                                          \
	}
#define ENCODE_ENTRY(name, before, after)                                                          \
	static unsigned name(const struct pt *pt, const struct pt_unit *unit,                      \
			     struct pt_command *c)                                                 \
	{                                                                                          \
		struct pt_unit u = *unit;                                                          \
		unsigned n;                                                                        \
		before;                                                                            \
		n = real->encode_entry(pt, &u, c);                                                 \
		after;                                                                             \
		return n;                                                                          \
	}

ENCODE(encode_not_the_first, if (i.last - i.first >= PAGE) i.first += PAGE, (void)0)
ENCODE(encode_not_the_last, if (i.last - i.first >= PAGE) i.last -= PAGE, (void)0)
ENCODE(encode_nothing, (void)0, c[0] = c[n - 1]; n = 1)
ENCODE(encode_no_completion, (void)0, n--)
ENCODE(encode_completion_first, (void)0, struct pt_command wait = c[n - 1];
       memmove(&c[1], &c[0], (n - 1) * sizeof(*c)); c[0] = wait)
ENCODE(encode_other_domain, u.domain ^= 1, (void)0)
ENCODE(encode_other_space, u.space ^= 1, (void)0)
ENCODE(encode_leaves_only, i.table_levels = 0, (void)0)
ENCODE(encode_other_leaves, i.leaf_levels = 4, (void)0)
ENCODE(encode_illegal, (void)0, c[0].word[0] |= UINT64_C(1) << 59)
ENCODE(encode_range_unasked, u.ranges = true, (void)0)

ENCODE_ENTRY(entry_without_translations, (void)0, c[n - 2] = c[n - 1]; n--)
ENCODE_ENTRY(entry_only_translations, (void)0, c[0] = c[n - 2]; c[1] = c[n - 1]; n = 2)
ENCODE_ENTRY(entry_no_completion, (void)0, n--)
ENCODE_ENTRY(entry_of_other_device, u.device ^= 1, (void)0)
ENCODE_ENTRY(entry_of_other_domain, u.domain ^= 1, (void)0)
ENCODE_ENTRY(entry_of_other_space, u.space ^= 1, (void)0)

/* ---- drivers: between a sync that asks and the device ---- */

typedef void driver(const struct pt_command *c, unsigned n);

static void tell_all(const struct pt_command *c, unsigned n)
{
	for (unsigned unit = 0; unit < device_units(&judge->sim.dev); unit++)
		while (!device_submit(&judge->sim, unit, c, n))
			;
}

static void tell_the_first(const struct pt_command *c, unsigned n)
{
	while (!device_submit(&judge->sim, 0, c, n))
		;
}

static void tell_once(const struct pt_command *c, unsigned n)
{
	device_submit(&judge->sim, 0, c, n);
	device_submit(&judge->sim, 1, c, n);
}

/* The error of one unit is forgotten when the next one has none. */
static void tell_until_the_last(const struct pt_command *c, unsigned n)
{
	do
		device_submit(&judge->sim, 0, c, n);
	while (!device_submit(&judge->sim, 1, c, n));
}

static void free_tables(struct pt_gather *g)
{
	struct memory *m = judge->sim.memory;

	while (g->tables) {
		uint64_t pa = g->tables;

		g->tables = *memory_view(m, pa, sizeof(pa));
		sim_table_free(&judge->sim, pa, memory_slot(m, pa)->size);
	}
}

/* Sync by hand, with a driver that is not the machine's. */
static void sync_with(struct pt_gather *g, driver *tell, bool waits)
{
	struct pt_invalidation inv = { g->first, g->last, g->leaf_levels, g->table_levels };
	struct pt_command c[PT_MAX_COMMANDS];

	if (g->first <= g->last) {
		judge->sim.t->invalidations++;
		judge->sim.t->invalidated = inv;
		tell(c, real->encode(judge->pt, &judge->sim.dev.unit, &inv, c));
	}
	if (waits)
		sim_wait_for_readers(&judge->sim);
	free_tables(g);
	*g = PT_GATHER_EMPTY;
}

#define SYNC(name, ...)                                                                            \
	static void name(struct pt *pt, struct pt_gather *g)                                       \
	{                                                                                          \
		(void)pt;                                                                          \
		__VA_ARGS__;                                                                       \
	}

SYNC(sync_by_hand, sync_with(g, tell_all, true))
SYNC(sync_one_unit, sync_with(g, tell_the_first, true))
SYNC(sync_once, sync_with(g, tell_once, true))
SYNC(sync_hides_error, sync_with(g, tell_until_the_last, true))
SYNC(sync_without_waiting, sync_with(g, tell_all, false))
SYNC(sync_less, if (g->last - g->first > PAGE) g->first += PAGE; real->sync(pt, g))
SYNC(sync_frees_first, sim_wait_for_readers(&judge->sim); free_tables(g); real->sync(pt, g))

/* ---- operations ---- */

static int map_not_gathered(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			    uint64_t *mapped)
{
	struct pt_gather was = *g;
	int err = real->map(pt, m, g, mapped);

	*g = was;
	return err;
}

/* The table that is in the way goes into the gather, not to be told of before that is synced. */
static int map_replaces_untold(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			       uint64_t *mapped)
{
	struct hw_step s = step_to(m->iova, 0);

	if (m->len == reach() && s.level == 0 && !*item_at(m->iova, 0)) {
		uint64_t *way = item_at(m->iova, 1);

		sim_store(&judge->sim, (pt_item *)way, 0);
		sim_store(&judge->sim, sim_table(&judge->sim, s.table_pa), g->tables);
		g->tables = s.table_pa;
		g->nr_tables++;
	}
	return real->map(pt, m, g, mapped);
}

static uint64_t unmap_frees_reached(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	uint64_t removed = real->unmap(pt, iova, len, g), pa = step_to(iova, 0).table_pa;

	sim_table_free(&judge->sim, pa, memory_slot(judge->sim.memory, pa)->size);
	return removed;
}

static int read_dirty_not_gathered(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,
				   const struct pt_bitmap *bitmap, struct pt_gather *g)
{
	struct pt_gather was = *g;
	int err = real->read_dirty(pt, iova, len, flags, bitmap, g);

	*g = was;
	return err;
}

/* ---- who says no ---- */

static const struct liar liars[] = {
	LIAR(toy, encode, encode_not_the_first, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode, encode_not_the_last, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode, encode_nothing, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode, encode_no_completion, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode, encode_completion_first, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode, encode_leaves_only, STALE, "a cached table pointer may", NONE),
	LIAR(toy, encode, encode_other_leaves, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode, encode_illegal, STALE, "is illegal", NONE),
	LIAR(empty_table, encode, encode_nothing, STALE, "for IOVA 0x0..0xfff", NONE),
	LIAR(empty_table, encode, encode_leaves_only, STALE, "a cached table pointer may", NONE),
	LIAR(empty_table, map, map_replaces_untold, STALE, "map returned while", NONE),
	LIAR(amd, encode, encode_other_domain, STALE, "after sync, a cache may", NONE),
	LIAR(amd, encode, encode_leaves_only, STALE, "a cached table pointer may", NONE),
	LIAR(amd, encode, encode_no_completion, STALE, "after sync, a cache may", NONE),
	LIAR(amd, encode, encode_illegal, STALE, "is illegal", NONE),
	LIAR(vtd, encode, encode_other_domain, STALE, "after sync, a cache may", NONE),
	LIAR(vtd, encode, encode_leaves_only, STALE, "a cached table pointer may", NONE),
	LIAR(vtd, encode, encode_illegal, STALE, "is illegal", NONE),
	LIAR(arm, encode, encode_other_domain, STALE, "after sync, a cache may", NONE),
	LIAR(arm, encode, encode_other_space, STALE, "after sync, a cache may", NONE),
	LIAR(arm_ranges, encode, encode_leaves_only, STALE, "a cached table pointer may", NONE),
	LIAR(arm, encode, encode_range_unasked, STALE, "is illegal", NONE),
	LIAR(arm_ranges, encode, encode_other_leaves, STALE, "after sync, a cache may", NONE),
	LIAR(riscv, encode, encode_other_space, STALE, "after sync, a cache may", NONE),
	LIAR(riscv_s2, encode, encode_leaves_only, STALE, "a cached table pointer may", NONE),
	LIAR(riscv, encode, encode_range_unasked, STALE, "is illegal", NONE),
	LIAR(riscv_s2, encode, encode_other_domain, STALE, "after sync, a cache may", NONE),
	LIAR(toy, encode_entry, entry_without_translations, STALE, "after init", NONE),
	LIAR(amd, encode_entry, entry_without_translations, STALE, "after init", NONE),
	LIAR(vtd, encode_entry, entry_without_translations, STALE, "after init", NONE),
	LIAR(arm, encode_entry, entry_without_translations, STALE, "after init", NONE),
	LIAR(riscv, encode_entry, entry_without_translations, STALE, "after init", NONE),
	LIAR(riscv_s2, encode_entry, entry_without_translations, STALE, "after init", NONE),
	LIAR(toy, encode_entry, entry_only_translations, STALE, "a unit may still walk", NONE),
	LIAR(amd, encode_entry, entry_only_translations, STALE, "a unit may still walk", NONE),
	LIAR(arm, encode_entry, entry_only_translations, STALE, "a unit may still walk", NONE),
	LIAR(toy, encode_entry, entry_no_completion, STALE, "a unit may still walk", NONE),
	LIAR(riscv, encode_entry, entry_no_completion, STALE, "after init", NONE),
	LIAR(vtd, encode_entry, entry_of_other_device, STALE, "a unit may still walk", NONE),
	LIAR(riscv, encode_entry, entry_of_other_device, STALE, "a unit may still walk", NONE),
	LIAR(amd, encode_entry, entry_of_other_domain, STALE, "after init", NONE),
	LIAR(arm, encode_entry, entry_of_other_space, STALE, "after init", NONE),
	LIAR(two_units, sync, sync_one_unit, STALE, "after sync, a cache may", NONE),
	LIAR(two_units, sync, sync_once, STALE, "a cache", NONE),
	LIAR(two_units, sync, sync_hides_error, STALE, "a cache", NONE),
	LIAR(toy, sync, sync_less, RESULT, "made 1 invalidations", STALE),
	LIAR(toy, sync, sync_frees_first, STALE, "freed while a cached table pointer", NONE),
	LIAR(toy, sync, sync_without_waiting, LEDGER, "read without a lock may be in it", NONE),
	LIAR(toy, unmap, unmap_frees_reached, LEDGER, "freed while hardware reaches it", WALK),
	LIAR(np, map, map_not_gathered, RESULT, "map gathered", STALE),
	LIAR(dirt, read_dirty, read_dirty_not_gathered, DIRTY, "read_dirty gathered", STALE),
};

static void bad_liars(void **state)
{
	(void)state;
	check_liars(liars, COUNT(liars));
}

static void good_honest(void **state)
{
	(void)state;
	check_scenes(liars, COUNT(liars));
}

/* A driver that is replaced as above, but tells all; and none is needed for what is gone. */
static const struct liar honest[] = {
	LIAR(two_units, sync, sync_by_hand, NONE, "", NONE),
	LIAR(evicted, encode, encode_nothing, NONE, "", NONE),
};

static void good_in_the_end(void **state)
{
	(void)state;
	check_liars(honest, COUNT(honest));
}

/* Without any check of the machine's there is no device. */
static void good_without_device(void **state)
{
	const uint32_t off = CHECK_BIT(CHECK_STALE) | CHECK_BIT(CHECK_TORN) | CHECK_BIT(CHECK_WORK) |
			     CHECK_BIT(CHECK_COHERENT) | CHECK_BIT(CHECK_LEDGER);

	(void)state;
	assert_int_equal(play(&toy, toy.subject.ops, off).check, CHECK_NONE);
	assert_int_equal(judge->sim.dev.submissions, 0);
	assert_int_equal(play(&toy, toy.subject.ops, off & ~CHECK_BIT(CHECK_TORN)).check, CHECK_NONE);
	assert_true(judge->sim.dev.submissions > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(good_honest),
		cmocka_unit_test(good_in_the_end),
		cmocka_unit_test(good_without_device),
	};

	return cmocka_run_group_tests_name("machine", tests, set_up, tear_down);
}
