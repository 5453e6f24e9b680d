/*
 * Tests of catching up with an implementation that stores past all hooks.
 *
 * Goal: stores that nobody saw one by one are taken in an order that they may have had, before
 * the machine does what it is asked: what has been lost is stale, what is written is to be flushed,
 * what is unlinked is unlinked.
 * Method: a page table of two levels that stores plainly, and asks the machine for as little as
 * it may; judged honestly, and with one fault.
 */
#include "oracle/liar.h"

#include <errno.h>

extern const struct pt_ops pt_fast_toy, pt_sim_amdv1;
extern const struct hw_format hw_toy, hw_amdv1;

#define PAGE UINT64_C(0x1000)
#define TABLE_BYTES 16 /* hw_toy.c: two items */
#define LEAF_BITS 0x3f /* all of P, L, R, W, A, D */
#define TABLE_BITS 0x01

struct plain {
	const struct pt_host *host;
	uint64_t *root, root_pa;
};

enum fault { HONEST, LEAF_FORGOTTEN, FLUSHED_LATE };

static enum fault fault;

static struct plain *plain(struct pt *pt)
{
	return (struct plain *)(void *)pt;
}

static uint64_t *item_of_root(struct plain *p, uint64_t iova)
{
	return &p->root[iova / (2 * PAGE)];
}

static uint64_t *item_of_table(struct plain *p, uint64_t iova)
{
	uint64_t *table = p->host->table(p->host->ctx, *item_of_root(p, iova) & ~(PAGE - 1));

	return &table[iova / PAGE % 2];
}

static void flush(struct plain *p, const uint64_t *item)
{
	p->host->flush(p->host->ctx, item, sizeof(*item));
}

static int plain_init(struct pt *pt, const struct pt_config *config, void *env)
{
	struct plain *p = plain(pt);

	(void)config;
	p->host = env;
	p->root = p->host->table_alloc(p->host->ctx, TABLE_BYTES, &p->root_pa);
	if (!p->root)
		return -ENOMEM;
	p->host->flush(p->host->ctx, p->root, TABLE_BYTES);
	p->host->change_top(p->host->ctx, p->root_pa, 1);
	return 0;
}

static void plain_deinit(struct pt *pt)
{
	plain(pt)->host->table_free(plain(pt)->host->ctx, plain(pt)->root_pa, TABLE_BYTES);
}

/* One page, into a table of its own, which is flushed when it is empty and when it is not. */
static int plain_map(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
		     uint64_t *mapped)
{
	struct plain *p = plain(pt);
	uint64_t pa, *table, *item = item_of_root(p, m->iova);

	(void)g;
	*mapped = m->len;
	table = p->host->table_alloc(p->host->ctx, TABLE_BYTES, &pa);
	if (!table)
		return -ENOMEM;
	p->host->flush(p->host->ctx, table, TABLE_BYTES);
	table[m->iova / PAGE % 2] = m->oa | LEAF_BITS;
	flush(p, &table[m->iova / PAGE % 2]);
	*item = pa | TABLE_BITS;
	flush(p, item);
	return 0;
}

static void flush_both(struct plain *p, const uint64_t *item, const uint64_t *leaf)
{
	flush(p, item);
	flush(p, leaf);
}

/* One page, with its table. Of the stores the machine hears by what is waited for next. */
static uint64_t plain_unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	struct plain *p = plain(pt);
	struct pt_invalidation inv = { iova, iova + (len - 1), PT_ANY_LEVEL, PT_ANY_LEVEL };
	uint64_t *item = item_of_root(p, iova), *leaf = item_of_table(p, iova);
	uint64_t pa = *item & ~(PAGE - 1);

	(void)g;
	*leaf = 0;
	*item = 0;
	if (fault == LEAF_FORGOTTEN)
		inv.leaf_levels = 0;
	if (fault != FLUSHED_LATE) {
		p->host->wait_for_readers(p->host->ctx);
		flush_both(p, item, leaf);
	}
	p->host->invalidate(p->host->ctx, &inv);
	if (fault == FLUSHED_LATE) {
		flush_both(p, item, leaf);
		p->host->wait_for_readers(p->host->ctx);
	}
	p->host->table_free(p->host->ctx, pa, TABLE_BYTES);
	return len;
}

static bool plain_translate(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	struct plain *p = plain(pt);
	uint64_t item = 0;

	if (iova < 4 * PAGE && *item_of_root(p, iova))
		item = *item_of_table(p, iova);
	*oa = (item & ~(PAGE - 1)) | iova % PAGE;
	return item;
}

static void plain_sync(struct pt *pt, struct pt_gather *g)
{
	(void)pt;
	(void)g; /* always empty */
}

static void come_and_go(void)
{
	if (judge_init(judge))
		return;
	map(0, 0x10000, PAGE);
	map(3 * PAGE, 0x20000, PAGE);
	judge_unmap(judge, 3 * PAGE, PAGE);
	judge_sync(judge);
	judge_unmap(judge, 0, PAGE);
	judge_sync(judge);
	judge_deinit(judge);
}

/* ---- tables that fill their pages ---- */

#define AMD_TABLE (UINT64_C(3) << 61 | 1 << 9 | 1) /* hw_amdv1.c: IW, IR, next level 1, PR */
#define AMD_LEAF (UINT64_C(3) << 61 | 1)

static uint64_t *new_table(uint64_t *pa)
{
	uint64_t *table = judge->sim.host.table_alloc(&judge->sim, 4096, pa);

	assert_non_null(table);
	return table;
}

/*
 * Two of one level that lie side by side, of which the first translates the higher VAs: the last
 * item of the one is not followed by the first of the other.
 */
static void good_side_by_side(void **state)
{
	static const struct foreign foreign = { .name = "by hand", .own = &pt_sim_amdv1 };
	const struct subject subject = { &pt_sim_amdv1, &hw_amdv1, &inv_amd, &foreign };
	const struct pt_config config = { .features = PT_FLUSH_RANGE, .vasz_lg2 = 30,
					  .top_level = 1, .oasz_lg2 = 52 };
	const struct memory_config machine = { .seed = 1, .tables = 4 };
	struct device *dev = &judge->sim.dev;
	uint64_t *root, *tables[2], pas[2], root_pa;

	(void)state;
	judge_reset(judge, &subject, &config, &machine);
	root = new_table(&root_pa);
	for (unsigned i = 0; i < 2; i++) {
		tables[i] = new_table(&pas[i]);
		tables[i][0] = 0x10000 | AMD_LEAF;
		root[1 - i] = pas[i] | AMD_TABLE;
	}
	assert_ptr_equal(tables[0] + 512, tables[1]);
	watch_root(&judge->sim, root_pa, 1);
	sim_catch_up(&judge->sim);
	dev->nr = 0;
	tables[0][0] = tables[1][0] = 0;
	sim_catch_up(&judge->sim);
	assert_int_equal(dev->nr, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(dev->stale[i].kind, STALE_LEAF);
		assert_int_equal(dev->stale[i].first, (1 - i) << 21);
		assert_int_equal(dev->stale[i].last, ((1 - i) << 21) + 4095);
	}
}

/* ---- judged ---- */

static struct verdict play_plain(enum fault with, unsigned features)
{
	static const struct pt_deviation own_gathers[] = { { "gather", "" }, { NULL, NULL } };
	static const struct pt_ops ops = {
		.name = "toy", .size = sizeof(struct plain), .init = plain_init,
		.deinit = plain_deinit, .map = plain_map, .unmap = plain_unmap,
		.translate = plain_translate, .sync = plain_sync
	};
	struct pt_ops mine = ops;
	struct foreign foreign = { .name = "plain", .own = &pt_fast_toy };
	struct scene scene = { { &mine, &hw_toy, &inv_none, &foreign },
			       { .features = PT_FLUSH_RANGE | features, .vasz_lg2 = 14,
				 .top_level = 1, .oasz_lg2 = 20 }, 0, come_and_go };

	fault = with;
	assert_null(foreign_declare(&foreign, own_gathers));
	return play(&scene, &mine, 0);
}

static void good_plain(void **state)
{
	(void)state;
	assert_string_equal(play_plain(HONEST, 0).text, "");
	assert_string_equal(play_plain(HONEST, PT_DMA_INCOHERENT).text, "");
}

/* The leaf went before its table did: caches may hold it for its own sake. */
static void bad_leaf_forgotten(void **state)
{
	(void)state;
	assert_int_equal(play_plain(LEAF_FORGOTTEN, 0).check, CHECK_STALE);
}

/* What is not in memory when caches forget, they may read again as it was. */
static void bad_flushed_late(void **state)
{
	struct verdict v = play_plain(FLUSHED_LATE, PT_DMA_INCOHERENT);

	(void)state;
	assert_int_equal(v.check, CHECK_COHERENT);
	assert_non_null(strstr(v.text, "when caches are told to forget"));
	assert_string_equal(play_plain(FLUSHED_LATE, 0).text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_plain),
		cmocka_unit_test(good_side_by_side),
		cmocka_unit_test(bad_leaf_forgotten),
		cmocka_unit_test(bad_flushed_late),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
