/*
 * Tests of what hardware sees between two stores, and of what memory has by then: torn and
 * coherent.
 *
 * Goal: a store too early, too late or never, and one that is not flushed in time, is noticed
 * though all is well when the operation returns.
 * Method: liars, see liar.h. Most do by hand what the operation does, in steps of a letter
 * each; the same steps in the right order pass.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

extern const struct pt_ops pt_sim_toy, pt_sim_vtdss, pt_sim_armv8_s1_4k;
extern const struct hw_format hw_toy, hw_vtdss, hw_armv8_s1_4k;

#define PAGE UINT64_C(0x1000)
#define TOY_W UINT64_C(0x08) /* of hw_toy.c */
#define TOY_OA UINT64_C(0x10000)
#define IGNORED (UINT64_C(1) << 62)

/* ---- sequences ---- */

/* Beside each other in one table, the first twice: what is synced lies where it is again. */
static void two_pages(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	map(PAGE, 0x42000, PAGE);
	judge_unmap(judge, 0, PAGE);
	map(0, 0x41000, PAGE);
	judge_sync(judge);
	judge_deinit(judge);
}

/* More than a line of items. */
static void many_pages(void)
{
	judge_init(judge);
	map(0, 0x41000, 20 * PAGE);
	judge_unmap(judge, 2 * PAGE, 17 * PAGE);
	judge_deinit(judge);
}

static void cut_in_two(void)
{
	uint64_t size = PAGE << judge->subject.hw->index_lg2;

	judge_init(judge);
	map(0, 0, size);
	judge_cut(judge, size / 2);
	judge_deinit(judge);
}

/* What was unmapped before is still to be forgotten when the leaf is cut. */
static void cut_after_unmap(void)
{
	uint64_t size = PAGE << judge->subject.hw->index_lg2;

	judge_init(judge);
	map(0, 0, size);
	judge_unmap(judge, 0, size);
	map(0, 0, size);
	judge_cut(judge, size / 2);
	judge_deinit(judge);
}

static void outgrow(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	map(2 * PAGE, 0x44000, PAGE);
	judge_deinit(judge);
}

#define TOY { &pt_sim_toy, &hw_toy, &inv_none, NULL }
#define VTD { &pt_sim_vtdss, &hw_vtdss, &inv_vtd, NULL }
#define ARM { &pt_sim_armv8_s1_4k, &hw_armv8_s1_4k, &inv_smmu, NULL }
#define CONFIG(feature, sizes, va, top, oa)                                                        \
	{                                                                                          \
		.features = PT_FLUSH_RANGE | (feature), .pgsize_bitmap = (sizes),                  \
		.vasz_lg2 = (va), .top_level = (top), .oasz_lg2 = (oa)                             \
	}
#define INCOHERENT PT_DMA_INCOHERENT

static const struct scene pages = { TOY, CONFIG(0, 0, 15, 2, 20), 0, two_pages };
static const struct scene cut = { TOY, CONFIG(0, 0, 15, 2, 20), 0, cut_in_two };
static const struct scene growing = { TOY, CONFIG(PT_DYNAMIC_TOP, 0, 15, 0, 20), 0, outgrow };
static const struct scene past_caches = { TOY, CONFIG(INCOHERENT, 0, 15, 2, 20), 0, two_pages };
static const struct scene past_caches_lines = { VTD, CONFIG(INCOHERENT, 0, 39, 2, 52), 0,
						many_pages };
static const struct scene past_caches_cut = { TOY, CONFIG(INCOHERENT, 0, 15, 2, 20), 0,
					      cut_in_two };
static const struct scene past_caches_growing = {
	TOY, CONFIG(INCOHERENT | PT_DYNAMIC_TOP, 0, 15, 0, 20), 0, outgrow
};
static const struct scene arm = { ARM, CONFIG(0, 0x201000, 39, 2, 48), 0, cut_in_two };
static const struct scene arm_late = { ARM, CONFIG(0, 0x201000, 39, 2, 48), 0, cut_after_unmap };
static const struct scene arm_past_caches = { ARM, CONFIG(INCOHERENT, 0x201000, 39, 2, 48), 0,
					      cut_in_two };

/* ---- stores too many ---- */

static void store(uint64_t *at, uint64_t v)
{
	sim_store(&judge->sim, (pt_item *)at, v);
}

static const uint64_t *in_memory(const uint64_t *at)
{
	const struct slot *slot = memory_slot_of(judge->sim.memory, at);

	return memory_hw_view(judge->sim.memory, slot->pa, slot->size) +
	       (at - memory_words(judge->sim.memory, slot));
}

static void flush(const uint64_t *at, size_t bytes)
{
	sim_flush(&judge->sim, (const pt_item *)at, bytes);
}

/* For a moment the item is v. */
static void flash(uint64_t *at, uint64_t v)
{
	uint64_t was = *at;

	store(at, v);
	store(at, was);
}

/* What is there has not been flushed, but v has. */
static void unflush(uint64_t *at, uint64_t v)
{
	uint64_t was = *at;

	store(at, v);
	flush(at, sizeof(*at));
	store(at, was);
}

#define INIT(name, ...)                                                                            \
	static int name(struct pt *pt, const struct pt_config *c, void *env)                       \
	{                                                                                          \
		struct pt_config config = *c;                                                      \
		__VA_ARGS__;                                                                       \
		return real->init(pt, &config, env);                                               \
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
		uint64_t removed, v = *item_at(iova, 0);                                           \
		before;                                                                            \
		removed = real->unmap(pt, iova, len, g);                                           \
		after;                                                                             \
		(void)v;                                                                           \
		return removed;                                                                    \
	}
#define SYNC(name, before, after)                                                                  \
	static void name(struct pt *pt, struct pt_gather *g)                                       \
	{                                                                                          \
		before;                                                                            \
		real->sync(pt, g);                                                                 \
		after;                                                                             \
	}

INIT(init_flushes_nothing, config.features &= ~(uint64_t)INCOHERENT)
MAP(map_elsewhere, if (m->iova) flash(item_at(m->iova, 0), *item_at(0, 0) ^ TOY_OA), (void)0)
MAP(map_without_write, (void)0, flash(item_at(m->iova, 0), *item_at(m->iova, 0) ^ TOY_W))
MAP(map_empties_another, (void)0, if (m->iova) flash(item_at(0, 0), 0))
MAP(map_not_flushed, (void)0, unflush(item_at(m->iova + m->len - 1, 0), 0))
UNMAP(unmap_elsewhere, store(item_at(iova, 0), v ^ TOY_OA), (void)0)
UNMAP(unmap_another_elsewhere, flash(item_at(0, 0), 0); /* and then what follows page 0 */
      flash(item_at(PAGE, 0), *item_at(PAGE, 0) ^ TOY_OA), (void)0)
UNMAP(unmap_empties_another, (void)0, flash(item_at(PAGE, 0), 0))
UNMAP(unmap_not_flushed, (void)0, unflush(item_at(iova, 0), v))
SYNC(sync_empties, if (g->first <= g->last) flash(item_at(0, 0), 0), (void)0)
SYNC(sync_not_flushed, (void)0, unflush(item_at(0, 0), *item_at(0, 0) ^ TOY_W))

/* ---- by hand, in steps ---- */

/*
 * Of a leaf one table of smaller ones. Steps: f fill the table, g with leaves to elsewhere, w
 * write it back, b break (make the item invalid), i invalidate, l link the table, p write its
 * pointer back.
 */
static int cut_by_hand(uint64_t iova, struct pt_gather *g, const char *steps)
{
	bool is_arm = judge->subject.hw == &hw_armv8_s1_4k;
	unsigned items = 1u << judge->subject.hw->index_lg2;
	uint64_t *at = item_at(iova, 0), leaf = *at, pa;
	struct pt_invalidation inv = { 0, PAGE * items - 1, PT_ANY_LEVEL, PT_ANY_LEVEL };
	uint64_t *table = (uint64_t *)sim_table_alloc(&judge->sim, 8 * items, &pa);

	for (; *steps; steps++) {
		if (*steps == 'g' || *steps == 'f')
			for (uint64_t i = 0; i < items; i++)
				store(&table[i], (leaf + i * PAGE) | (is_arm ? 2 : 0) |
							 (*steps == 'g' ? TOY_OA : 0));
		if (*steps == 'w')
			flush(table, 8 * items);
		if (*steps == 'b')
			store(at, 0);
		if (*steps == 'i')
			sim_invalidate(&judge->sim, &inv);
		if (*steps == 'l')
			store(at, pa | (is_arm ? 3 : 1));
		if (*steps == 'p')
			flush(at, 8);
	}
	if (!is_arm) {
		g->first = inv.first;
		g->last = inv.last;
	}
	return 0;
}

#define CUT(steps)                                                                                 \
	static int cut_##steps(struct pt *pt, uint64_t iova, struct pt_gather *g)                  \
	{                                                                                          \
		(void)pt;                                                                          \
		return cut_by_hand(iova, g, #steps);                                               \
	}

CUT(fl)
CUT(lf)
CUT(bfl)
CUT(glf)
CUT(fwlp)
CUT(flwp)
CUT(fwl)
CUT(fwlip)
CUT(fbil)
CUT(fli)
CUT(fbli)
CUT(fwbpilp)
CUT(fwbipl)

/*
 * A root of one level more. Steps: f fill it, w write it back, d tell the device, s make
 * software use it. The word that software finds the top in comes first in struct pt.
 */
static void grow_by_hand(struct pt *pt, const char *steps)
{
	struct pt_top top = real->top(pt);
	uint64_t pa, *table = (uint64_t *)sim_table_alloc(&judge->sim, 16, &pa);

	for (; *steps; steps++) {
		if (*steps == 'f')
			store(table, top.pa | 1);
		if (*steps == 'w')
			flush(table, 16);
		if (*steps == 'd')
			sim_change_top(&judge->sim, pa, top.level + 1);
		if (*steps == 's')
			store((uint64_t *)(void *)pt, pa | (top.level + 1));
	}
}

#define GROW(steps) MAP(map_##steps, if (m->iova) grow_by_hand(pt, #steps), (void)0)

GROW(fds)
GROW(fsd)
GROW(dfs)
GROW(fwds)
GROW(fdws)
GROW(wfds)

/* ---- who says no ---- */

static const struct liar liars[] = {
	LIAR(pages, map, map_elsewhere, TORN, "0x1000 mapped to OA 0x51000", STALE),
	LIAR(pages, map, map_without_write, TORN, "0x0 mapped to OA 0x41000", STALE),
	LIAR(pages, map, map_empties_another, TORN, "0x0 unmapped", NONE),
	LIAR(pages, unmap, unmap_elsewhere, TORN, "0x0 mapped to OA 0x51000", NONE),
	LIAR(pages, unmap, unmap_another_elsewhere, TORN, "0x1000 mapped to OA 0x52000", STALE),
	LIAR(pages, unmap, unmap_empties_another, TORN, "0x1000 unmapped", STALE),
	LIAR(pages, sync, sync_empties, TORN, "0x0 unmapped", NONE),
	LIAR(cut, cut, cut_lf, TORN, "0x0 unmapped", NONE),
	LIAR(cut, cut, cut_bfl, TORN, "0x0 unmapped", NONE),
	LIAR(cut, cut, cut_glf, TORN, "0x0 mapped to OA 0x10000", NONE),
	LIAR(growing, map, map_fsd, TORN, "before the device entry leads there", NONE),
	LIAR(growing, map, map_dfs, TORN, "0x0 unmapped", NONE),
	LIAR(past_caches, init, init_flushes_nothing, COHERENT, "is linked before memory has", WALK),
	LIAR(past_caches, map, map_not_flushed, COHERENT, "operation returned, memory has 0x0", WALK),
	LIAR(past_caches, unmap, unmap_not_flushed, COHERENT, "operation returned", WALK),
	LIAR(past_caches, sync, sync_not_flushed, COHERENT, "operation returned", STALE),
	LIAR(past_caches_lines, map, map_not_flushed, COHERENT, "IOVA 0x13000", WALK),
	LIAR(past_caches_lines, unmap, unmap_not_flushed, COHERENT, "IOVA 0x2000", WALK),
	LIAR(past_caches_cut, cut, cut_flwp, COHERENT, "is linked before memory has", NONE),
	LIAR(past_caches_cut, cut, cut_fwl, COHERENT, "when the operation returned", SHAPE),
	LIAR(past_caches_cut, cut, cut_fwlip, COHERENT, "when caches are told to forget", NONE),
	LIAR(past_caches_growing, map, map_fdws, COHERENT, "is linked before memory has", NONE),
	LIAR(past_caches_growing, map, map_fds, COHERENT, "is linked before memory has", NONE),
	LIAR(past_caches_growing, map, map_wfds, COHERENT, "is linked before memory has", NONE),
	LIAR(arm, cut, cut_fli, STALE, "the leaf it was", NONE),
	LIAR(arm_late, cut, cut_fli, STALE, "the leaf it was", NONE),
	LIAR(arm, cut, cut_fbli, STALE, "the leaf it was", NONE),
	LIAR(arm_past_caches, cut, cut_fwbipl, COHERENT, "when caches are told to forget", WALK),
};

/* The steps in an order that is right. */
static const struct liar honest[] = {
	LIAR(cut, cut, cut_fl, NONE, "", NONE),
	LIAR(growing, map, map_fds, NONE, "", NONE),
	LIAR(past_caches_cut, cut, cut_fwlp, NONE, "", NONE),
	LIAR(past_caches_growing, map, map_fwds, NONE, "", NONE),
	LIAR(arm, cut, cut_fbil, NONE, "", NONE),
	LIAR(arm_past_caches, cut, cut_fwbpilp, NONE, "", NONE),
};

static void bad_liars(void **state)
{
	(void)state;
	check_liars(liars, COUNT(liars));
}

/* Of who promises no attributes write is promised all the same. */
static void bad_write_of_deviating(void **state)
{
	struct pt_ops ops = *pages.subject.ops;

	(void)state;
	judge->deviates = 1u << DEVIATES_ATTRIBUTES;
	assert_int_equal(play(&pages, &ops, 0).check, CHECK_NONE);
	ops.map = map_without_write;
	assert_int_equal(play(&pages, &ops, 0).check, CHECK_TORN);
	judge->deviates = 0;
}

static void good_by_hand(void **state)
{
	(void)state;
	check_liars(honest, COUNT(honest));
}

static void good_honest(void **state)
{
	(void)state;
	check_scenes(liars, COUNT(liars));
}

/* A line is written back by itself, of the leaf's table and of the others on the way. */
static void write_and_evict(void)
{
	uint64_t *at[2];

	judge_init(judge);
	map(0, 0x41000, PAGE);
	for (unsigned before = 0; before < COUNT(at); before++) {
		at[before] = item_at(0, before);
		store(at[before], *at[before] ^ IGNORED);
		assert_true(*in_memory(at[before]) != *at[before]);
	}
	judge_evict(judge, 0);
	for (unsigned before = 0; before < COUNT(at); before++)
		assert_true(*in_memory(at[before]) == *at[before]);
	judge_deinit(judge);
}

static void good_evict(void **state)
{
	struct scene scene = past_caches;

	(void)state;
	scene.sequence = write_and_evict;
	assert_int_equal(play(&scene, scene.subject.ops, 0).check, CHECK_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(bad_write_of_deviating),
		cmocka_unit_test(good_by_hand),
		cmocka_unit_test(good_honest),
		cmocka_unit_test(good_evict),
	};

	return cmocka_run_group_tests_name("torn", tests, set_up, tear_down);
}
