/*
 * Tests of the bounds on work.
 *
 * Goal: an operation that does more than its bound allows is stopped, one that does just so
 * much is not, and a lost fast path is more.
 * Method: liars, see liar.h, that do the real operation and go on until a count stands at the
 * bound, or at one more; and some that take another way.
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

extern const struct pt_ops pt_sim_toy, pt_sim_vtdss, pt_sim_armv8_s1_4k;
extern const struct hw_format hw_toy, hw_vtdss, hw_armv8_s1_4k;

#define PAGE UINT64_C(0x1000)
#define PAGES UINT64_C(64)
#define IGNORED (UINT64_C(1) << 57) /* by the hardware of both formats, in a leaf */

/* In one table: a root, two tables below. */
static void pages(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGES * PAGE);
	judge_unmap(judge, PAGE, (PAGES - 1) * PAGE);
	judge_deinit(judge);
}

/* Two pages in each of four tables: eight tables with the root and those between. */
static void all_pages(void)
{
	judge_init(judge);
	map(0, 0x41000, 8 * PAGE);
	judge_unmap(judge, 0, 8 * PAGE);
	judge_deinit(judge);
}

static void one_page(void)
{
	judge_init(judge);
	map(0, 0x41000, PAGE);
	judge_sync(judge);
	judge_deinit(judge);
}

static void cut_in_two(void)
{
	judge_init(judge);
	map(0, 0, PAGE << 9);
	judge_cut(judge, PAGE << 8);
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

static const struct scene vtd = { VTD, CONFIG(0, 0x1000, 39, 2, 52), 0, pages };
static const struct scene toy = { TOY, CONFIG(0, 0x1000, 15, 2, 20), 0, all_pages };
static const struct scene toy_page = { TOY, CONFIG(0, 0, 15, 2, 20), 0, one_page };
static const struct scene growing = { TOY, CONFIG(PT_DYNAMIC_TOP, 0, 15, 0, 20), 0, one_page };
static const struct scene past_caches = { TOY, CONFIG(PT_DMA_INCOHERENT, 0, 15, 2, 20), 0,
					  one_page };
static const struct scene arm = { ARM, CONFIG(0, 0x201000, 39, 2, 48), 0, cut_in_two };

/* ---- more of the same ---- */

static void store(uint64_t *at, uint64_t v)
{
	sim_store(&judge->sim, (pt_item *)at, v);
}

/* The word that software finds the top in comes first in struct pt. */
static void descend_until(const struct pt *pt, uint64_t n)
{
	while (judge->sim.t->work.descents < n)
		sim_load(&judge->sim, (const pt_item *)(const void *)pt);
}

static void follow_until(uint64_t n)
{
	while (judge->sim.t->work.follows < n)
		sim_table(&judge->sim, judge->sim.device.root_pa);
}

static void store_again_until(uint64_t *at, uint64_t n)
{
	while (judge->sim.t->work.again < n)
		store(at, *at ^ IGNORED);
}

#define MAP(name, after)                                                                           \
	static int name(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,            \
			uint64_t *mapped)                                                          \
	{                                                                                          \
		int err = real->map(pt, m, g, mapped);                                             \
		after;                                                                             \
		return err;                                                                        \
	}
#define CUT(name, after)                                                                           \
	static int name(struct pt *pt, uint64_t iova, struct pt_gather *g)                         \
	{                                                                                          \
		int err = real->cut(pt, iova, g);                                                  \
		after;                                                                             \
		return err;                                                                        \
	}

/* Bounds: of descents 2 + 2 tables, of follows 3 levels a descent and 2 tables, with 3 tables. */
MAP(map_descends_8, descend_until(pt, 8))
MAP(map_descends_9, descend_until(pt, 9))
MAP(map_follows_30, follow_until(30))
MAP(map_follows_31, follow_until(31))
MAP(map_stores_3_again, store_again_until(item_at(m->iova, 0), 3))
MAP(map_stores_4_again, store_again_until(item_at(m->iova, 0), 4))
MAP(map_stores_in_vain, store(item_at(m->iova, 0), *item_at(m->iova, 0)))
MAP(map_flushes_again, sim_flush(&judge->sim, (pt_item *)item_at(m->iova, 0), 8))

/* A table and an item that was cleared more; the cut itself stores into that one again. */
CUT(cut_stores_4_again, store_again_until(item_at(0, 0), 4))
CUT(cut_stores_5_again, store_again_until(item_at(0, 0), 5))

static void sync_stores_in_vain(struct pt *pt, struct pt_gather *g)
{
	real->sync(pt, g);
	store(item_at(0, 0), *item_at(0, 0));
}

/* ---- another way ---- */

static int map_page_by_page(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			    uint64_t *mapped)
{
	struct pt_mapping page = *m;
	uint64_t done = 0;
	int err = 0;

	for (*mapped = 0, page.len = PAGE; !err && *mapped < m->len; *mapped += done) {
		page.iova = m->iova + *mapped;
		page.oa = m->oa + *mapped;
		err = real->map(pt, &page, g, &done);
	}
	return err;
}

static uint64_t unmap_page_by_page(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	uint64_t removed = 0, page;

	do {
		page = real->unmap(pt, iova + removed, PAGE, g);
		removed += page;
	} while (page && removed < len);
	return removed;
}

/* ---- who says no ---- */

#define READ_9 "read the top 9 times, where 8 are enough"

static const struct liar liars[] = {
	LIAR(vtd, map, map_descends_9, WORK, READ_9, NONE),
	LIAR(growing, map, map_descends_9, WORK, READ_9, NONE),
	LIAR(vtd, map, map_follows_31, WORK, "followed 31 table pointers, where 30 are", NONE),
	LIAR(vtd, map, map_stores_4_again, WORK, "stored 4 times more than once", NONE),
	LIAR(arm, cut, cut_stores_5_again, WORK, "stored 5 times more than once", NONE),
	LIAR(vtd, map, map_stores_in_vain, WORK, "stored 1 times what was there", NONE),
	LIAR(vtd, sync, sync_stores_in_vain, WORK, "stored 1 times what was there", NONE),
	LIAR(past_caches, map, map_flushes_again, WORK, "flushed 1 lines", NONE),
	LIAR(toy_page, map, map_flushes_again, WORK, "flushed 1 lines", NONE), /* coherent */
	LIAR(vtd, map, map_page_by_page, WORK, "read the top 64 times, where 8 are", NONE),
	LIAR(vtd, unmap, unmap_page_by_page, WORK, "read the top 63 times, where 8 are", NONE),
};

/* Just so much; and page by page where tables hold so few that it is no more. */
static const struct liar honest[] = {
	LIAR(vtd, map, map_descends_8, NONE, "", NONE),
	LIAR(growing, map, map_descends_8, NONE, "", NONE),
	LIAR(vtd, map, map_follows_30, NONE, "", NONE),
	LIAR(vtd, map, map_stores_3_again, NONE, "", NONE),
	LIAR(arm, cut, cut_stores_4_again, NONE, "", NONE),
	LIAR(toy, map, map_page_by_page, NONE, "", NONE),
};

static void bad_liars(void **state)
{
	(void)state;
	check_liars(liars, COUNT(liars));
}

static void good_at_the_bound(void **state)
{
	(void)state;
	check_liars(honest, COUNT(honest));
}

static void good_honest(void **state)
{
	(void)state;
	check_scenes(liars, COUNT(liars));
	check_scenes(honest, COUNT(honest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_liars),
		cmocka_unit_test(good_at_the_bound),
		cmocka_unit_test(good_honest),
	};

	return cmocka_run_group_tests_name("work", tests, set_up, tear_down);
}
