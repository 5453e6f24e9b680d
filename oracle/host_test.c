/*
 * Tests of the machine as foreign implementations have it.
 *
 * Goal: the host is the simulated machine, and says so when it is misused; what an
 * implementation stores past all hooks is seen all the same.
 * Method: the host's functions by hand; and a tiny page table that stores plainly, judged
 * honestly and with one thing left out.
 */
#include "oracle/liar.h"

#include <errno.h>

extern const struct pt_ops pt_sim_toy, pt_fast_toy;
extern const struct hw_format hw_toy;

#define PAGE UINT64_C(0x1000)

static const struct pt_config plain = {
	.features = PT_FLUSH_RANGE, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20
};

/* ---- the host ---- */

static const struct pt_host *host;

/* Runs what must fail: the words of the verdict. */
static const char *stopped(void (*what)(void))
{
	jmp_buf out;

	judge->sim.t->out = &out;
	judge->sim.verdict = (struct verdict){ 0 };
	if (!setjmp(out))
		what();
	judge->sim.t->out = NULL;
	return judge->sim.verdict.text;
}

static void use_host(void)
{
	static const struct foreign foreign = { .name = "a test", .hooked = true, .own = &pt_sim_toy };
	struct subject subject = { &pt_sim_toy, &hw_toy, &inv_none, &foreign };
	struct memory_config machine = { .seed = 1, .tables = 4 };

	judge_reset(judge, &subject, &plain, &machine);
	host = judge_env(judge);
}

static void asks_odd_table(void)
{
	uint64_t pa;

	host->table_alloc(host->ctx, 24, &pa);
}

static void asks_pa_of_nothing(void)
{
	host->pa(host->ctx, &host);
}

static void asks_table_of_nothing(void)
{
	host->table(host->ctx, 0x123000);
}

static void finds_itself_wrong(void)
{
	(host->fail)(host->ctx, "three is not four");
}

static void good_host(void **state)
{
	struct pt_host_lock lock = { 0 };
	uint64_t pa, *table, old;

	(void)state;
	use_host();
	assert_int_equal(host->version, PT_ABI_VERSION);
	assert_int_equal(host->size, sizeof(struct pt_host));
	assert_false(host->linear);
	table = host->table_alloc(host->ctx, 16, &pa);
	assert_non_null(table);
	assert_ptr_equal(host->table(host->ctx, pa), table);
	assert_int_equal(host->pa(host->ctx, table + 1), pa + 8);
	assert_int_not_equal(pa, (uint64_t)(uintptr_t)table);
	host->store(host->ctx, &table[1], 7);
	assert_int_equal(host->load(host->ctx, &table[1]), 7);
	host->store_relaxed(host->ctx, &table[1], 8);
	host->barrier(host->ctx);
	assert_int_equal(host->load_relaxed(host->ctx, &table[1]), 8);
	old = 7;
	assert_false(host->cmpxchg(host->ctx, &table[1], &old, 9));
	assert_int_equal(old, 8);
	assert_true(host->cmpxchg(host->ctx, &table[1], &old, 9));
	assert_true(host->cmpxchg_relaxed(host->ctx, &table[1], &(uint64_t){ 9 }, 10));
	assert_int_equal(table[1], 10);
	for (unsigned i = 0; i < 2; i++) {
		host->lock(host->ctx, &lock);
		assert_true(lock.held);
		host->unlock(host->ctx, &lock);
		assert_false(lock.held);
	}
	host->table_free(host->ctx, pa, 16);
	assert_int_equal(judge->sim.memory->nr_live, 0);
}

/* Relaxed stores may be seen late, but not behind a barrier. */
static void good_barrier(void **state)
{
	uint64_t pa, *table;

	(void)state;
	judge->device_flags = DEVICE_WEAK_STORES;
	use_host();
	judge->device_flags = 0;
	table = host->table_alloc(host->ctx, 16, &pa);
	host->store_relaxed(host->ctx, &table[1], 8);
	assert_int_equal(host->load(host->ctx, &table[1]), 8);
	assert_int_equal(table[1], 0);
	host->barrier(host->ctx);
	assert_int_equal(table[1], 8);
}

static void bad_host(void **state)
{
	(void)state;
	use_host();
	assert_string_equal(stopped(asks_odd_table), "asked for a table of 24 bytes");
	assert_string_equal(stopped(asks_pa_of_nothing),
			    "asked for the PA of memory outside every live table");
	assert_string_equal(stopped(asks_table_of_nothing),
			    "software followed PA 0x123000, where no table is");
	assert_string_equal(stopped(finds_itself_wrong), "three is not four");
}

/* ---- without hooks ---- */

/* Two pages, mapped by plain stores into one table; what `lies` says is left out. */
struct tiny {
	const struct pt_host *host;
	uint64_t *items, pa;
};

enum tiny_lie { TINY_HONEST, TINY_NO_GATHER, TINY_NO_FLUSH };

static enum tiny_lie tiny_lies;

static struct tiny *tiny(struct pt *pt)
{
	return (struct tiny *)(void *)pt;
}

static int tiny_init(struct pt *pt, const struct pt_config *config, void *env)
{
	struct tiny *t = tiny(pt);

	(void)config;
	t->host = env;
	t->items = t->host->table_alloc(t->host->ctx, 16, &t->pa);
	if (!t->items)
		return -ENOMEM;
	t->host->flush(t->host->ctx, t->items, 16);
	t->host->change_top(t->host->ctx, t->pa, 0);
	return 0;
}

static void tiny_deinit(struct pt *pt)
{
	tiny(pt)->host->table_free(tiny(pt)->host->ctx, tiny(pt)->pa, 16);
}

static int tiny_map(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g, uint64_t *mapped)
{
	struct tiny *t = tiny(pt);

	(void)g;
	t->items[m->iova / PAGE] = m->oa | 0x3f; /* hw_toy.c: all of P, L, R, W, A, D */
	if (tiny_lies != TINY_NO_FLUSH)
		t->host->flush(t->host->ctx, &t->items[m->iova / PAGE], 8);
	*mapped = m->len;
	return 0;
}

static uint64_t tiny_unmap(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	struct tiny *t = tiny(pt);

	t->items[iova / PAGE] = 0;
	t->host->flush(t->host->ctx, &t->items[iova / PAGE], 8);
	if (tiny_lies != TINY_NO_GATHER)
		*g = (struct pt_gather){ .first = iova, .last = iova + (len - 1),
					 .leaf_levels = 0 };
	return len;
}

static bool tiny_translate(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	uint64_t item = iova < 2 * PAGE ? tiny(pt)->items[iova / PAGE] : 0;

	*oa = (item & ~(PAGE - 1)) | iova % PAGE;
	return item;
}

static void tiny_sync(struct pt *pt, struct pt_gather *g)
{
	struct pt_invalidation inv = { g->first, g->last, PT_ANY_LEVEL, PT_ANY_LEVEL };

	if (g->first <= g->last)
		tiny(pt)->host->invalidate(tiny(pt)->host->ctx, &inv);
	*g = PT_GATHER_EMPTY;
}

static void two_pages(void)
{
	if (judge_init(judge))
		return;
	map(0, 0x10000, PAGE);
	map(PAGE, 0x20000, PAGE);
	judge_unmap(judge, 0, PAGE);
	judge_sync(judge);
	judge_deinit(judge);
}

static struct verdict play_tiny(enum tiny_lie lie, bool gathers)
{
	static const struct pt_deviation own_gathers[] = { { "gather", "" }, { NULL, NULL } };
	static const struct pt_ops ops = {
		.name = "toy", .size = sizeof(struct tiny), .init = tiny_init, .deinit = tiny_deinit,
		.map = tiny_map, .unmap = tiny_unmap, .translate = tiny_translate,
		.sync = tiny_sync
	};
	struct pt_ops mine = ops;
	/* Ours encodes the commands: that of the product, with memory of its own. */
	struct foreign foreign = { .name = "tiny", .own = &pt_fast_toy };
	struct scene scene = { { &mine, &hw_toy, &inv_none, &foreign },
			       { .features = PT_FLUSH_RANGE | PT_DMA_INCOHERENT, .vasz_lg2 = 13,
				 .oasz_lg2 = 20 }, 0, two_pages };

	tiny_lies = lie;
	assert_null(foreign_declare(&foreign, gathers ? NULL : own_gathers));
	return play(&scene, &mine, 0);
}

static void good_without_hooks(void **state)
{
	(void)state;
	assert_string_equal(play_tiny(TINY_HONEST, true).text, "");
	assert_string_equal(play_tiny(TINY_HONEST, false).text, "");
}

static void bad_without_hooks(void **state)
{
	(void)state;
	assert_int_equal(play_tiny(TINY_NO_GATHER, true).check, CHECK_RESULT);
	assert_int_equal(play_tiny(TINY_NO_GATHER, false).check, CHECK_STALE);
	assert_int_equal(play_tiny(TINY_NO_FLUSH, true).check, CHECK_COHERENT);
}

static void takes_nonsense(void)
{
	judge_init(judge);
}

/* No command is made for a configuration that makes no sense: that is its fault, and said. */
static void bad_init_takes_anything(void **state)
{
	struct pt_ops ops = { .name = "toy", .size = sizeof(struct tiny), .init = tiny_init };
	struct foreign foreign = { .name = "tiny", .own = &pt_fast_toy };
	struct scene scene = { { &ops, &hw_toy, &inv_none, &foreign },
			       { .features = PT_FLUSH_RANGE, .vasz_lg2 = 60, .oasz_lg2 = 20 }, 0,
			       takes_nonsense };
	struct verdict v = play(&scene, &ops, 0);

	(void)state;
	assert_int_equal(v.check, CHECK_RESULT);
	assert_string_equal(v.text, "init takes a configuration that it should refuse");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_without_hooks),
		cmocka_unit_test(bad_without_hooks),
		cmocka_unit_test(bad_init_takes_anything),
		cmocka_unit_test(good_host),
		cmocka_unit_test(good_barrier),
		cmocka_unit_test(bad_host),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
