/*
 * Tests of the judges: they must be able to say no, and yes.
 *
 * Goal: every promise that is broken is named by its check, and an implementation that
 * breaks none passes.
 * Method: the toy's operations with one of them replaced by a function that calls the real
 * one and then misbehaves in one way. One sequence a case, which the real ones pass.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/judge.h"

#include <errno.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

extern const struct pt_ops pt_sim_toy, pt_sim_amdv1;
extern const struct hw_format hw_toy, hw_amdv1;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RW (PT_READ | PT_WRITE)
#define LEAF_R UINT64_C(0x04) /* the bits of hw_toy.c */
#define LEAF_W UINT64_C(0x08)
#define LEAF_A UINT64_C(0x10)
#define LEAF_D UINT64_C(0x20)
#define LEAF_RES0 UINT64_C(0x40)
#define LEAF_IGNORED (UINT64_C(1) << 63)

static const struct pt_ops *const real = &pt_sim_toy;
static struct judge *judge;

static const struct pt_config fixed = {
	.features = PT_FLUSH_RANGE, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20
};
static const struct pt_config growing = {
	.features = PT_FLUSH_RANGE | PT_DYNAMIC_TOP, .vasz_lg2 = 15, .oasz_lg2 = 20
};
static const struct pt_config no_gaps = {
	.features = PT_FLUSH_RANGE_NO_GAPS, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20
};
static const struct pt_config nonsense = {
	.features = PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS,
	.vasz_lg2 = 15,
	.top_level = 2,
	.oasz_lg2 = 20,
};

/* ---- sequences ---- */

static int map(uint64_t iova, uint64_t oa, uint64_t len, unsigned prot)
{
	struct pt_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = prot };
	uint64_t mapped;

	return judge_map(judge, &m, &mapped);
}

static void refuse(uint32_t at)
{
	judge->sim.refuse_at = at;
	judge->sim.refuse_count = 1;
}

/* 4K at 0 and at 0x1000, 8K at 0x2000, a hole of 8K, 4K read-only at 0x6000. */
static void some_of_everything(void)
{
	uint64_t oa;

	if (judge_init(judge))
		return;
	map(0x0000, 0x20000, 0x4000, RW | PT_CACHE);
	judge_unmap(judge, 0x0000, 0x4000);
	map(0x1000, 0x41000, 0x3000, RW);
	map(0x0000, 0x50000, 0x1000, RW);
	map(0x6000, 0x00000, 0x1000, PT_READ);
	map(0x2000, 0x30000, 0x1000, RW); /* in use */
	judge_translate(judge, 0x2345, &oa);
	judge_dma(judge, 0x6000, HW_WRITE, &oa);
	judge_dma(judge, 0x6000, HW_READ, &oa);
	judge_unmap(judge, 0x5000, 0x1000); /* nothing there */
	judge_unmap(judge, 0x0000, 0x2000); /* a table's worth */
	judge_unmap(judge, 0x6000, 0x1000);
	judge_sync(judge);
	refuse(1);
	map(0x4000, 0x63000, 0x2000, RW); /* two of 4K, in a table that is not there */
	map(0x4000, 0x63000, 0x2000, RW);
	judge_deinit(judge);
}

/* Two of 4K on both sides of a hole. */
static void two_apart(void)
{
	judge_init(judge);
	map(0x0000, 0x41000, 0x1000, RW);
	map(0x6000, 0x41000, 0x1000, RW);
	judge_unmap(judge, 0x0000, 0x1000);
	judge_unmap(judge, 0x6000, 0x1000);
	judge_deinit(judge);
}

/* Only probes look after each operation, and a device writes. */
static void without_enumeration(void)
{
	uint64_t oa;

	judge_init(judge);
	judge->thorough = false;
	map(0x0000, 0x41000, 0x1000, RW);
	judge_dma(judge, 0x0000, HW_WRITE, &oa);
	judge_unmap(judge, 0x0000, 0x1000);
	judge_deinit(judge);
}

/* ---- misbehaviour: one line a lie, what it does before and after the real operation ---- */

/* The step in which hardware's walk to iova ends, or one so many before it. */
static struct hw_step step_to(uint64_t iova, unsigned before)
{
	struct hw_memory memory = sim_hw_memory(&judge->sim);
	struct hw_walk walk;

	hw_walk(judge->subject.hw, &judge->sim.device, &memory, iova, HW_PROBE, &walk);
	return walk.steps[walk.nr_steps - 1 - before];
}

static uint64_t *item_of(struct hw_step s)
{
	return (uint64_t *)(uintptr_t)memory_view(judge->sim.memory, s.table_pa, 8) + s.index;
}

static uint64_t *item_at(uint64_t iova)
{
	return item_of(step_to(iova, 0));
}

#define INIT(name, before, after)                                                                  \
	static int name(struct pt *pt, const struct pt_config *c, void *env)                       \
	{                                                                                          \
		int err;                                                                           \
		before;                                                                            \
		err = real->init(pt, c, env);                                                      \
		after;                                                                             \
		return err;                                                                        \
	}
#define MAP(name, before, after)                                                                   \
	static int name(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,            \
			uint64_t *mapped)                                                          \
	{                                                                                          \
		int err;                                                                           \
		before;                                                                            \
		err = real->map(pt, m, g, mapped);                                                 \
		after;                                                                             \
		return err;                                                                        \
	}
#define UNMAP(name, before, after)                                                                 \
	static uint64_t name(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)      \
	{                                                                                          \
		uint64_t removed;                                                                  \
		before;                                                                            \
		removed = real->unmap(pt, iova, len, g);                                           \
		after;                                                                             \
		return removed;                                                                    \
	}
#define TRANSLATE(name, after)                                                                     \
	static bool name(struct pt *pt, uint64_t iova, uint64_t *oa)                               \
	{                                                                                          \
		bool mapped = real->translate(pt, iova, oa);                                       \
		after;                                                                             \
		return mapped;                                                                     \
	}
#define SYNC(name, before, after)                                                                  \
	static void name(struct pt *pt, struct pt_gather *g)                                       \
	{                                                                                          \
		struct pt_gather was = *g;                                                         \
		before;                                                                            \
		real->sync(pt, g);                                                                 \
		after;                                                                             \
		(void)was;                                                                         \
	}

static uint64_t scratch;
static pt_item outside;
static shim_lock_t held = { .held = true }, idle;
static const struct pt_invalidation backward = { .first = 1 };
static const struct pt_mapping above = { .iova = 0x7000, .len = 0x1000, .prot = RW };
static const struct pt_mapping below = { .iova = 0x4000, .len = 0x1000, .prot = RW };

static void end(struct pt *pt)
{
	judge->sim.ending = true;
	real->deinit(pt);
}

INIT(init_accepts_anything, c = &fixed, (void)0)
INIT(init_accepts_nothing, (void)0, if (!err) end(pt); err = -EINVAL)
INIT(init_wrong_error, (void)0, err = -EOPNOTSUPP)
INIT(init_no_memory, (void)0, if (!err) end(pt); err = -ENOMEM)
INIT(init_leaks, sim_table_alloc(env, 16, &scratch), (void)0)
INIT(init_wrong_device, (void)0, judge->sim.device.level--)

MAP(map_says_less, (void)0, *mapped -= *mapped ? 0x1000 : 0)
MAP(map_says_nothing, (void)0, *mapped = UINT64_MAX)
MAP(map_wrong_error, (void)0, err = err == -EADDRINUSE ? -ERANGE : err)
MAP(map_fails, (void)0, err = -EADDRINUSE)
MAP(map_gathers, g->first = 0, (void)0)
MAP(map_invalidates_nothing, sim_invalidate(&judge->sim, &backward), (void)0)
MAP(map_no_memory, (void)0, err = err == -EADDRINUSE ? -ENOMEM : err)
MAP(map_no_memory_between, (void)0, *mapped += err == -ENOMEM ? 0x800 : 0)
MAP(map_no_memory_after_all, (void)0, *mapped = err == -ENOMEM ? m->len : *mapped)
MAP(map_hides_no_memory, (void)0, err = err == -ENOMEM ? 0 : err)
MAP(map_lost_a_page, (void)0, if (m->iova == 0x6000) *item_at(0x1000) = 0)
MAP(map_changed_oa, (void)0, if (m->iova == 0x6000) *item_at(0x1000) ^= 0x2000)
MAP(map_changed_read, (void)0, if (m->iova == 0x6000) *item_at(0x1000) ^= LEAF_R)
MAP(map_changed_write, (void)0, if (m->iova == 0x6000) *item_at(0x6000) ^= LEAF_W)
MAP(map_changed_accessed, (void)0, if (m->iova == 0x6000) *item_at(0x1000) ^= LEAF_A)
MAP(map_changed_dirty, (void)0, if (m->iova == 0x6000) *item_at(0x1000) ^= LEAF_D)
MAP(map_changed_reserved, (void)0, if (m->iova == 0x6000) *item_at(0x1000) ^= LEAF_RES0)
MAP(map_changed_ignored, (void)0, if (m->iova == 0x6000) *item_at(0x1000) ^= LEAF_IGNORED)
MAP(map_changed_only_write, (void)0, *item_at(m->iova) ^= LEAF_W)
MAP(map_changed_only_reserved, (void)0, *item_at(m->iova) ^= LEAF_RES0)
MAP(map_more_above, if (m->iova == 0x1000) real->map(pt, &above, g, mapped), (void)0)
MAP(map_more_below, if (m->iova == 0x6000) real->map(pt, &below, g, mapped), (void)0)
MAP(map_leaks, sim_table_alloc(&judge->sim, 16, &scratch), (void)0)
MAP(map_device_not_told, struct hw_device was = judge->sim.device, judge->sim.device = was)
MAP(map_outside_tables, sim_store(&judge->sim, &outside, 1), (void)0)
MAP(map_follows_nothing, sim_table(&judge->sim, 0x1234567000), (void)0)
MAP(map_frees_nothing, sim_table_free(&judge->sim, 0x1234567000, 16), (void)0)
MAP(map_without_end, judge->sim.t->accesses = SIM_MAX_ACCESSES, (void)0)
MAP(map_breaks_belief, sim_verify_failed("it", "x.c", 1), (void)0)
MAP(map_locks_twice, sim_lock(&judge->sim, &held), (void)0)
MAP(map_unlocks_twice, sim_unlock(&judge->sim, &idle), (void)0)

/* Page by page: the leaves are not the largest that fit. */
static int map_small_leaves(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			    uint64_t *mapped)
{
	struct pt_mapping page = *m;
	uint64_t done = 0;
	int err = 0;

	for (*mapped = 0, page.len = 0x1000; !err && *mapped < m->len; *mapped += done) {
		page.iova = m->iova + *mapped;
		page.oa = m->oa + *mapped;
		err = real->map(pt, &page, g, &done);
	}
	return err;
}

UNMAP(unmap_says_less, (void)0, removed -= removed ? 0x1000 : 0)
UNMAP(unmap_says_more, (void)0, removed += 0x1000)
UNMAP(unmap_does_nothing, struct pt_gather was = *g, *g = was)
UNMAP(unmap_gathers_more, (void)0, if (removed) g->last += 0x1000)
UNMAP(unmap_gathers_less, (void)0, if (removed) g->first += 0x1000)
UNMAP(unmap_gathers_nothing, (void)0, if (!removed) g->last = 0x7fff)
UNMAP(unmap_drops_gather, *g = PT_GATHER_EMPTY, (void)0)
UNMAP(unmap_loses_tables, (void)0, g->tables = g->nr_tables = 0)
UNMAP(unmap_gathers_live_table, (void)0, g->tables = step_to(iova, 0).table_pa)
UNMAP(unmap_frees_early, (void)0, if (g->tables) sim_table_free(&judge->sim, g->tables, 16))

/* Page by page: no page covers a table. */
static uint64_t unmap_leaves_tables(struct pt *pt, uint64_t iova, uint64_t len,
				    struct pt_gather *g)
{
	uint64_t removed = 0, page;

	do {
		page = real->unmap(pt, iova + removed, 0x1000, g);
		removed += page;
	} while (page && removed < len);
	return removed;
}

static uint64_t unmap_changes_nothing(struct pt *pt, uint64_t iova, uint64_t len,
				      struct pt_gather *g)
{
	uint64_t last;

	(void)pt;
	if (!flat_predict_unmap(&judge->flat, iova, len, &last))
		return 0;
	g->first = iova;
	g->last = last;
	return last - iova + 1;
}

TRANSLATE(translate_next_page, *oa += mapped ? 0x1000 : 0)
TRANSLATE(translate_loses_offset, *oa &= ~UINT64_C(0xfff))
TRANSLATE(translate_not_address_0, if (iova == 0) mapped = false)
TRANSLATE(translate_not_oa_0, if (mapped && *oa == 0) mapped = false)
TRANSLATE(translate_anything, mapped = true)

SYNC(sync_invalidates_nothing, *g = PT_GATHER_EMPTY; g->tables = was.tables, (void)0)
SYNC(sync_invalidates_less, if (g->first <= g->last) g->first += 0x1000, (void)0)
SYNC(sync_invalidates_twice, sim_invalidate(&judge->sim, &(struct pt_invalidation){ g->first, g->last, PT_ANY_LEVEL, PT_ANY_LEVEL }), (void)0)
SYNC(sync_keeps_range, (void)0, g->first = was.first; g->last = was.last)
SYNC(sync_keeps_tables, g->tables = 0, g->tables = was.tables)
SYNC(sync_loses_tables, g->tables = 0, (void)0)
SYNC(sync_frees_twice, (void)0, if (was.tables) sim_table_free(&judge->sim, was.tables, 16))

static void deinit_nothing(struct pt *pt)
{
	(void)pt;
}

static struct pt_top top_elsewhere(struct pt *pt)
{
	struct pt_top top = real->top(pt);

	top.pa ^= 0x1000;
	return top;
}

static struct pt_top top_higher(struct pt *pt)
{
	struct pt_top top = real->top(pt);

	top.level++;
	return top;
}

/* ---- who says no ---- */

/* An implementation with one operation replaced, the check that stops it, and its words. */
struct liar {
	const char *name;
	enum check check;
	const char *says;
	const struct pt_config *config;
	void (*sequence)(void);
	struct pt_ops ops;
};

#define IN(c, s, op, lie, named, text)                                                             \
	{                                                                                          \
		.name = #lie, .check = CHECK_##named, .says = text, .config = &(c),                \
		.sequence = s, .ops.op = lie                                                       \
	}
#define LIAR(op, lie, named, text) IN(fixed, some_of_everything, op, lie, named, text)

static const struct liar liars[] = {
	IN(nonsense, some_of_everything, init, init_accepts_anything, RESULT, "init returned 0"),
	IN(nonsense, some_of_everything, init, init_wrong_error, RESULT, "init returned"),
	IN(nonsense, some_of_everything, init, init_leaks, LEDGER, "init failed and left 1"),
	LIAR(init, init_accepts_nothing, RESULT, "init returned"),
	LIAR(init, init_no_memory, RESULT, "init returned"),
	LIAR(init, init_leaks, LEDGER, "leaked"),
	LIAR(init, init_wrong_device, WALK, "software's top"),
	LIAR(map, map_says_less, RESULT, "map returned 0"),
	LIAR(map, map_says_nothing, RESULT, "says mapped 0xffffffffffffffff"),
	LIAR(map, map_wrong_error, RESULT, "map returned"),
	LIAR(map, map_fails, RESULT, "map returned"),
	LIAR(map, map_hides_no_memory, RESULT, "map returned 0, mapped 0x0"),
	LIAR(map, map_gathers, RESULT, "map gathered"),
	LIAR(map, map_invalidates_nothing, RESULT, "invalidated the empty range"),
	LIAR(map, map_no_memory, REFUSE, "no allocation was refused"),
	LIAR(map, map_no_memory_between, REFUSE, "no boundary"),
	LIAR(map, map_no_memory_after_all, REFUSE, "no boundary"),
	LIAR(map, map_lost_a_page, WALK, "hardware maps nothing there"),
	LIAR(map, map_changed_oa, WALK, "hardware goes to OA"),
	LIAR(map, map_changed_read, WALK, "has read = 0, asked for 1"),
	LIAR(map, map_changed_write, WALK, "has write = 1, asked for 0"),
	LIAR(map, map_changed_accessed, WALK, "has accessed = 0"),
	LIAR(map, map_changed_dirty, WALK, "has dirty = 0"),
	LIAR(map, map_changed_reserved, WALK, "hardware faults"),
	LIAR(map, map_changed_ignored, NONE, ""),
	IN(fixed, without_enumeration, map, map_changed_only_write, WALK, "a device's write"),
	IN(fixed, without_enumeration, map, map_changed_only_reserved, WALK, "hardware at IOVA"),
	LIAR(map, map_more_above, WALK, "hardware maps IOVA 0x7000"),
	LIAR(map, map_more_below, WALK, "hardware maps IOVA 0x4000"),
	LIAR(map, map_small_leaves, SHAPE, "should be 2^14 bytes, is 2^12"),
	LIAR(map, map_leaks, LEDGER, "leaked"),
	IN(growing, some_of_everything, map, map_device_not_told, WALK, "software's top"),
	LIAR(map, map_outside_tables, LEDGER, "outside every live table"),
	LIAR(map, map_follows_nothing, LEDGER, "software followed"),
	LIAR(map, map_frees_nothing, LEDGER, "freed PA"),
	LIAR(map, map_without_end, WORK, "does not end"),
	LIAR(map, map_breaks_belief, BELIEF, "belief broken: it"),
	LIAR(map, map_locks_twice, BELIEF, "took a lock"),
	LIAR(map, map_unlocks_twice, BELIEF, "released a lock"),
	LIAR(unmap, unmap_says_less, RESULT, "unmap returned"),
	LIAR(unmap, unmap_says_more, RESULT, "unmap returned"),
	LIAR(unmap, unmap_does_nothing, RESULT, "unmap gathered"),
	LIAR(unmap, unmap_gathers_more, RESULT, "unmap gathered"),
	LIAR(unmap, unmap_gathers_less, RESULT, "unmap gathered"),
	LIAR(unmap, unmap_gathers_nothing, RESULT, "unmap gathered"),
	IN(no_gaps, two_apart, unmap, unmap_drops_gather, RESULT, "dropped without being invalidated"),
	IN(fixed, two_apart, unmap, unmap_drops_gather, RESULT, "unmap gathered"),
	LIAR(unmap, unmap_loses_tables, LEDGER, "leaked"),
	LIAR(unmap, unmap_gathers_live_table, LEDGER, "in the gather a second time"),
	LIAR(unmap, unmap_frees_early, LEDGER, "those who read without a lock"),
	LIAR(unmap, unmap_leaves_tables, LEDGER, "left the table"),
	IN(fixed, without_enumeration, unmap, unmap_changes_nothing, FLAT, "should be unmapped"),
	LIAR(translate, translate_next_page, FLAT, "translate"),
	LIAR(translate, translate_loses_offset, FLAT, "translate"),
	LIAR(translate, translate_not_address_0, FLAT, "translate of IOVA 0x0"),
	LIAR(translate, translate_not_oa_0, FLAT, "should be mapped, OA 0x0"),
	LIAR(translate, translate_anything, FLAT, "should be unmapped"),
	LIAR(sync, sync_invalidates_nothing, STALE, "a cached table pointer may lead to it"),
	LIAR(sync, sync_invalidates_less, RESULT, "made 1 invalidations"),
	LIAR(sync, sync_invalidates_twice, RESULT, "made 2 invalidations"),
	LIAR(sync, sync_keeps_range, RESULT, "sync gathered"),
	LIAR(sync, sync_keeps_tables, LEDGER, "sync left tables"),
	LIAR(sync, sync_loses_tables, LEDGER, "leaked"),
	LIAR(sync, sync_frees_twice, LEDGER, "freed PA"),
	LIAR(deinit, deinit_nothing, LEDGER, "deinit left"),
	LIAR(top, top_elsewhere, WALK, "software's top"),
	LIAR(top, top_higher, WALK, "software's top"),
};

static struct verdict run(const struct pt_ops *ops, const struct hw_format *hw,
			  const struct pt_config *config, void (*sequence)(void))
{
	struct subject subject = { ops, hw, hw == &hw_toy ? &inv_none : &inv_amd, NULL };
	struct memory_config machine = { .seed = 1, .tables = 32 };
	jmp_buf out;

	judge_reset(judge, &subject, config, &machine);
	judge->sim.t->out = &out;
	if (!setjmp(out))
		sequence();
	judge->sim.t->out = NULL;
	return judge->sim.verdict;
}

static struct pt_ops with_lie(const struct pt_ops *lie)
{
	struct pt_ops ops = *real;

	ops.init = lie->init ? lie->init : ops.init;
	ops.deinit = lie->deinit ? lie->deinit : ops.deinit;
	ops.map = lie->map ? lie->map : ops.map;
	ops.unmap = lie->unmap ? lie->unmap : ops.unmap;
	ops.translate = lie->translate ? lie->translate : ops.translate;
	ops.sync = lie->sync ? lie->sync : ops.sync;
	ops.top = lie->top ? lie->top : ops.top;
	return ops;
}

static void bad_liars(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(liars); i++) {
		const struct liar *l = &liars[i];
		struct pt_ops ops = with_lie(&l->ops);
		struct verdict v = run(&ops, &hw_toy, l->config, l->sequence);

		if (v.check != l->check || !strstr(v.text, l->says))
			fail_msg("%s: %s should say '%s', but %s says '%s'", l->name,
				 check_names[l->check], l->says, check_names[v.check], v.text);
	}
}

/* What the toy does not have: a run of items, a C-bit. Each changes behind the judges' back. */
static void look_again(void)
{
	judge->judged = false;
	judge_state(judge);
}

static void run_not_uniform(void)
{
	judge_init(judge);
	map(0x4000, 0x12344000, 0x4000, RW);
	*item_at(0x6000) ^= UINT64_C(1) << 62; /* IW */
	look_again();
}

static void run_accessed_once(void)
{
	judge_init(judge);
	map(0x4000, 0x12344000, 0x4000, RW);
	*item_at(0x6000) ^= UINT64_C(1) << 5; /* A */
	look_again();
	judge_deinit(judge);
}

static void pointer_without_c_bit(void)
{
	judge_init(judge);
	map(0x4000, 0x12344000, 0x4000, RW);
	*item_of(step_to(0x4000, 1)) ^= UINT64_C(1) << 40;
	look_again();
}

static void bad_runs_and_pointers(void **state)
{
	const struct pt_config plain = { PT_FLUSH_RANGE, 0, 30, 1, 40, 0 };
	const struct pt_config encrypts = { PT_FLUSH_RANGE | PT_ENCRYPT_TABLES, 0, 30, 1, 40, 40 };
	struct verdict v = run(&pt_sim_amdv1, &hw_amdv1, &plain, run_not_uniform);

	(void)state;
	assert_int_equal(v.check, CHECK_SHAPE);
	v = run(&pt_sim_amdv1, &hw_amdv1, &plain, run_accessed_once);
	assert_int_equal(v.check, CHECK_NONE);
	v = run(&pt_sim_amdv1, &hw_amdv1, &encrypts, run_accessed_once);
	assert_int_equal(v.check, CHECK_NONE);
	v = run(&pt_sim_amdv1, &hw_amdv1, &encrypts, pointer_without_c_bit);
	assert_int_equal(v.check, CHECK_WALK);
	assert_non_null(strstr(v.text, "has encrypted = 0, asked for 1"));
}

/* The same sequences, honestly. */
static void good_honest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(liars); i++) {
		struct verdict v = run(real, &hw_toy, liars[i].config, liars[i].sequence);

		assert_string_equal(v.text, "");
		assert_int_equal(v.check, CHECK_NONE);
	}
}

/* Pseudo-random maps and unmaps of pages, far more than fit, with refusals. */
static void long_sequence(void)
{
	uint64_t random = 1, oa;

	judge_init(judge);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t iova, len;
		unsigned prot;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		iova = (random >> 60 & 7) << 12;
		len = ((random >> 56 & 7) + 1) << 12;
		if (random >> 55 & 1)
			refuse(1 + (random >> 52 & 3));
		prot = 1 + (unsigned)(random >> 34) % 3;
		if (random >> 51 & 1)
			map(iova, (random >> 40 & 0xf) << 12, len, prot);
		else
			judge_unmap(judge, iova, len);
		if ((random >> 36 & 15) == 0)
			judge_sync(judge);
		judge_translate(judge, iova ^ 0x123, &oa);
	}
	judge_deinit(judge);
}

static void good_long_sequences(void **state)
{
	static const struct pt_config *const configs[] = { &fixed, &growing, &no_gaps };

	(void)state;
	for (size_t i = 0; i < COUNT(configs); i++) {
		struct verdict v = run(real, &hw_toy, configs[i], long_sequence);

		assert_string_equal(v.text, "");
		assert_int_equal(v.check, CHECK_NONE);
		assert_true(judge->operations > 3000);
		assert_true(judge->leaves[12] && judge->leaves[13] && judge->leaves[14]);
	}
}

static int refused_init, refused_map, later_map;
static uint64_t removed;

static void refusals(void)
{
	refuse(1);
	refused_init = judge_init(judge);
	judge_init(judge);
	refuse(3);
	refused_map = map(0x0000, 0x41000, 0x4000, RW);
	removed = judge_unmap(judge, 0, 0x4000);
	later_map = map(0x0000, 0x41000, 0x4000, RW);
	judge_deinit(judge);
}

/* Of three tables the last is refused: half is mapped. */
static void good_refusals(void **state)
{
	struct verdict v = run(real, &hw_toy, &fixed, refusals);

	(void)state;
	assert_string_equal(v.text, "");
	assert_int_equal(v.check, CHECK_NONE);
	assert_int_equal(refused_init, -ENOMEM);
	assert_int_equal(refused_map, -ENOMEM);
	assert_int_equal(removed, 0x2000);
	assert_int_equal(later_map, 0);
}

static void good_predicted_init(void **state)
{
	static const struct {
		struct pt_config config;
		int err;
	} cases[] = {
		{ { PT_FLUSH_RANGE, 0, 15, 2, 20, 0 }, 0 },
		{ { PT_FLUSH_RANGE, 0, 14, 2, 20, 0 }, 0 },
		{ { PT_FLUSH_RANGE, 0, 13, 2, 20, 0 }, -EINVAL }, /* no item of the top holds it */
		{ { PT_FLUSH_RANGE, 0, 15, 1, 20, 0 }, -EINVAL }, /* the top does not reach */
		{ { PT_FLUSH_RANGE | PT_DYNAMIC_TOP, 0, 15, 1, 20, 0 }, 0 },
		{ { PT_FLUSH_RANGE | PT_DYNAMIC_TOP, 0x4000, 15, 0, 20, 0 }, 0 },
		{ { PT_FLUSH_RANGE, 0x4000, 13, 0, 20, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0x8000, 15, 2, 20, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0, 16, 2, 20, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0, 15, 3, 20, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0, 15, 2, 21, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0, 15, 2, 12, 0 }, 0 },
		{ { PT_FLUSH_RANGE, 0, 15, 2, 11, 0 }, -EINVAL }, /* no leaf fits the OAs */
		{ { PT_FLUSH_RANGE | PT_FULL_VA, 0, 15, 2, 20, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE | PT_ENCRYPT_TABLES, 0, 15, 2, 20, 40 }, -EOPNOTSUPP },
		{ { 0, 0, 15, 2, 20, 0 }, -EINVAL },
		{ { PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS, 0, 15, 2, 20, 0 }, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(judge_predict_init(&hw_toy, &cases[i].config), cases[i].err);
}

static int set_up(void **state)
{
	(void)state;
	judge = judge_create(32);
	return judge ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	judge_destroy(judge);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(bad_runs_and_pointers),
		cmocka_unit_test(good_honest),
		cmocka_unit_test(good_long_sequences),
		cmocka_unit_test(good_refusals),
		cmocka_unit_test(good_predicted_init),
	};

	return cmocka_run_group_tests_name("judge", tests, set_up, tear_down);
}
