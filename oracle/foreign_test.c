/*
 * Tests of judging foreign implementations.
 *
 * Goal: a declared deviation excuses what it names and nothing else.
 * Method: ours as a foreign implementation that deviates in one way. It is judged three
 * times: declaring that (all agree), declaring nothing, and declaring another deviation (both
 * times the check that must stop it does).
 */
#define PT_WORLD sim
#include "core/shim.h"
#include "oracle/liar.h"

#include <errno.h>

extern const struct pt_ops pt_sim_toy, pt_sim_x86_64;
extern const struct hw_format hw_toy, hw_x86_64;

#define PAGE UINT64_C(0x1000)
#define CONFIG(flags)                                                                              \
	{                                                                                          \
		.features = PT_FLUSH_RANGE | (flags), .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20 \
	}

static const struct pt_config plain = CONFIG(0), dirty = CONFIG(PT_DIRTY_TRACKING);
static const struct pt_config x86 = {
	.features = PT_FLUSH_RANGE, .vasz_lg2 = 47, .top_level = 3, .oasz_lg2 = 52
};

/* ---- ours, as foreign ---- */

static int init(struct pt *pt, const struct pt_config *config, void *env)
{
	const struct pt_host *machine = env;

	return real->init(pt, config, machine->ctx);
}

/* ---- sequences ---- */

static int map_prot(uint64_t iova, uint64_t oa, uint64_t len, unsigned prot)
{
	struct pt_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = prot };
	uint64_t mapped;

	return judge_map(judge, &m, &mapped);
}

/* 16K, 4K of it taken out of a leaf's middle, the rest; then nonsense. */
static void everything(void)
{
	uint64_t oa;

	if (judge_init(judge))
		return;
	map_prot(0, 0x10000, 4 * PAGE, RW);
	map_prot(PAGE, 0x20000, 2 * PAGE, RW); /* over */
	map_prot(5 * PAGE, 0x30000, PAGE, PT_WRITE);
	map_prot(6 * PAGE, 0x32000, PAGE, PT_READ);
	map_prot(4 * PAGE, 0x34000, 3 * PAGE, RW); /* over, further on */
	judge_unmap(judge, PAGE, PAGE); /* a part */
	judge_translate(judge, 2 * PAGE, &oa);
	judge_translate(judge, UINT64_C(1) << 40, &oa);
	map_prot(6 * PAGE, 0x31000, PAGE / 2, RW);
	map_prot(UINT64_C(1) << 40, 0, PAGE, RW);
	judge_unmap(judge, 0, 4 * PAGE);
	judge_unmap(judge, 6 * PAGE, 2 * PAGE); /* a hole at its end */
	judge_unmap(judge, 0, 0);
	judge_sync(judge);
	judge_deinit(judge);
}

static void writes(void)
{
	uint64_t words[4], oa;
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 8, .words = words };

	if (judge_init(judge))
		return;
	map_prot(0, 0x10000, 2 * PAGE, RW);
	judge_dma(judge, PAGE, HW_WRITE, &oa);
	judge_read_dirty(judge, 0, 8 * PAGE, 0, &bitmap);
	judge_set_dirty(judge, 0);
	judge_set_dirty(judge, 4 * PAGE);
	judge_sync(judge);
	judge_deinit(judge);
}

static void a_device(void)
{
	if (judge_init(judge))
		return;
	map_prot(0, 0x10000, PAGE, RW | PT_MMIO);
	judge_deinit(judge);
}

/* ---- other ways ---- */

static int map_says_eperm(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			  uint64_t *mapped)
{
	return real->map(pt, m, g, mapped) ? -EPERM : 0;
}

/* As if misaligned and outside were for the caller to know. */
static int map_believes(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			uint64_t *mapped)
{
	int err = real->map(pt, m, g, mapped);

	return err == -ENXIO || err == -ERANGE ? -EFAULT : err;
}

static bool translate_believes(struct pt *pt, uint64_t iova, uint64_t *oa)
{
	*oa = iova;
	return real->translate(pt, iova, oa) || iova >> 40;
}

static int map_takes_over(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			  uint64_t *mapped)
{
	int err = real->map(pt, m, g, mapped);

	return err == -EADDRINUSE ? 0 : err;
}

static uint64_t unmap_says_asked(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	real->unmap(pt, iova, len, g);
	return len;
}

static uint64_t unmap_gathers_more(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	uint64_t removed = real->unmap(pt, iova, len, g);

	if (removed)
		g->last = 7 * PAGE - 1;
	return removed;
}

static uint64_t unmap_tells_tables(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	uint64_t removed = real->unmap(pt, iova, len, g);

	if (removed)
		g->table_levels |= 2;
	return removed;
}

static void sync_gathers(struct pt *pt, struct pt_gather *g)
{
	real->sync(pt, g);
	*g = (struct pt_gather){ .first = 0, .last = PAGE - 1 };
}

static int map_as_memory(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			      uint64_t *mapped)
{
	struct pt_mapping other = *m;

	other.prot &= ~(unsigned)PT_MMIO;
	return real->map(pt, &other, g, mapped);
}

static int map_widens(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
		      uint64_t *mapped)
{
	struct pt_mapping other = *m;

	if (!(m->prot & PT_READ) && (m->prot & PT_WRITE))
		other.prot |= PT_READ;
	return real->map(pt, &other, g, mapped);
}

static int set_dirty_says_eio(struct pt *pt, uint64_t iova)
{
	int err = real->set_dirty(pt, iova);

	return err ? -EIO : 0;
}

struct other_way {
	const char *name;
	const char *deviation, *another;
	enum check check; /* says no when it is not declared */
	const struct pt_config *config;
	void (*sequence)(void);
	struct pt_ops ops;
};

#define WAY(op, way, declared, not_declared, named, with, what)                                   \
	{                                                                                         \
		.name = #way, .deviation = (declared), .another = (not_declared),                 \
		.check = CHECK_##named, .config = &(with), .sequence = (what), .ops.op = (way)    \
	}

static const struct other_way ways[] = {
	WAY(map, map_says_eperm, "errors", "map-over", RESULT, plain, everything),
	WAY(map, map_believes, "bounds", "map-over", RESULT, plain, everything),
	WAY(translate, translate_believes, "bounds", "errors", FLAT, plain, everything),
	WAY(map, map_takes_over, "map-over", "errors", RESULT, plain, everything),
	WAY(unmap, unmap_says_asked, "unmap-whole", "errors", RESULT, plain, everything),
	WAY(unmap, unmap_gathers_more, "gather", "unmap-whole", RESULT, plain, everything),
	WAY(unmap, unmap_tells_tables, "gather", "unmap-whole", RESULT, plain, everything),
	WAY(map, map_widens, "write-only", "errors", WALK, plain, everything),
	WAY(map, map_as_memory, "attributes", "errors", WALK, x86, a_device),
	WAY(map, map_as_memory, "prot", "errors", WALK, x86, a_device),
	WAY(set_dirty, set_dirty_says_eio, "errors", "gather", RESULT, dirty, writes),
};

static struct verdict play_way(const struct other_way *w, const char *deviation)
{
	const struct pt_deviation deviations[] = { { deviation, "a test" }, { NULL, NULL } };
	const struct pt_ops *ours = w->config == &x86 ? &pt_sim_x86_64 : &pt_sim_toy;
	struct pt_ops ops = *ours;
	struct foreign foreign = { .name = w->name, .hooked = true, .own = ours };
	struct scene scene = { { ours, &hw_toy, &inv_none, &foreign }, *w->config, 0, w->sequence };

	if (w->config == &x86) {
		scene.subject.hw = &hw_x86_64;
		scene.subject.inv = &inv_amd;
	}

	assert_null(foreign_declare(&foreign, deviation ? deviations : NULL));
	ops.init = init;
	ops.map = w->ops.map ? w->ops.map : ops.map;
	ops.unmap = w->ops.unmap ? w->ops.unmap : ops.unmap;
	ops.translate = w->ops.translate ? w->ops.translate : ops.translate;
	ops.set_dirty = w->ops.set_dirty ? w->ops.set_dirty : ops.set_dirty;
	ops.sync = w->ops.sync ? w->ops.sync : ops.sync;
	return play(&scene, &ops, 0);
}

static void check_way(const struct other_way *w, const char *deviation, enum check want)
{
	struct verdict v = play_way(w, deviation);

	if (v.check != want)
		fail_msg("%s, declaring %s: %s says '%s', should be %s", w->name,
			 deviation ? deviation : "nothing", check_names[v.check], v.text,
			 check_names[want]);
}

static void good_deviations_excuse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++)
		check_way(&ways[i], ways[i].deviation, CHECK_NONE);
}

static void bad_deviations_undeclared(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		check_way(&ways[i], NULL, ways[i].check);
		check_way(&ways[i], ways[i].another, ways[i].check);
	}
}

/* What a gather holds may be its own affair; after sync it is nothing. */
static void bad_gather_after_sync(void **state)
{
	const struct other_way w = { .name = "sync_gathers", .config = &plain,
				     .sequence = everything, .ops.sync = sync_gathers };

	(void)state;
	check_way(&w, "gather", CHECK_LEDGER);
}

/* ---- a gather that is dropped ---- */

static const struct pt_config no_gaps = {
	.features = PT_FLUSH_RANGE_NO_GAPS, .vasz_lg2 = 15, .top_level = 2, .oasz_lg2 = 20
};

/* The same two pages twice, and others that are apart: the second time the gather is dropped. */
static void apart(void)
{
	if (judge_init(judge))
		return;
	for (unsigned i = 0; i < 2; i++) {
		map_prot(0, 0x10000, 2 * PAGE, RW);
		judge_unmap(judge, 0, 2 * PAGE);
		if (i == 0)
			judge_sync(judge);
	}
	map_prot(4 * PAGE, 0x20000, PAGE, RW);
	judge_unmap(judge, 4 * PAGE, PAGE);
	judge_sync(judge);
	judge_deinit(judge);
}

static uint64_t unmap_drops(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	if (iova == 4 * PAGE)
		g->first = PT_GATHER_EMPTY.first, g->last = PT_GATHER_EMPTY.last;
	return real->unmap(pt, iova, len, g);
}

static uint64_t unmap_drops_some(struct pt *pt, uint64_t iova, uint64_t len, struct pt_gather *g)
{
	struct pt_invalidation some = { PAGE, 2 * PAGE - 1, PT_ANY_LEVEL, PT_ANY_LEVEL };

	if (iova == 4 * PAGE)
		sim_invalidate(&judge->sim, &some);
	return unmap_drops(pt, iova, len, g);
}

/* Not invalidated now, though before, and that only the end of it was. */
static void bad_gather_dropped(void **state)
{
	const struct other_way honest = { .name = "ours", .config = &no_gaps, .sequence = apart };
	struct other_way w = { .name = "unmap_drops", .config = &no_gaps, .sequence = apart,
			       .ops.unmap = unmap_drops };

	(void)state;
	check_way(&honest, NULL, CHECK_NONE);
	check_way(&w, NULL, CHECK_RESULT);
	w.name = "unmap_drops_some";
	w.ops.unmap = unmap_drops_some;
	check_way(&w, NULL, CHECK_RESULT);
}

/* Each alone: what is promised besides is judged, and found. */
static void good_ours_declares_anything(void **state)
{
	const struct other_way honest = { .name = "ours", .config = &dirty, .sequence = writes };
	const struct other_way also = { .name = "ours", .config = &plain, .sequence = everything };

	(void)state;
	for (unsigned d = 0; d < DEVIATIONS; d++) {
		check_way(&honest, deviation_names[d], CHECK_NONE);
		check_way(&also, deviation_names[d], CHECK_NONE);
	}
}

/* ---- declaring ---- */

static void good_checks_are_off(void **state)
{
	const struct pt_deviation some[] = { { "work", "" }, { "torn", NULL }, { NULL, NULL } };
	struct foreign f = { .hooked = true };

	(void)state;
	assert_null(foreign_declare(&f, some));
	assert_int_equal(f.off, CHECK_BIT(CHECK_WORK) | CHECK_BIT(CHECK_TORN));
	assert_null(foreign_declare(&f, NULL));
	assert_int_equal(f.off, 0);
	f.hooked = false;
	assert_null(foreign_declare(&f, NULL));
	assert_int_equal(f.off, CHECK_BIT(CHECK_WORK) | CHECK_BIT(CHECK_TORN));
}

static void bad_names(void **state)
{
	static const char *const names[] = { "", "none", "result", "flat", "walk", "belief", "crash",
					     "slowness", "errors " };
	struct foreign f = { .hooked = true };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct pt_deviation one[] = { { names[i], "" }, { NULL, NULL } };

		assert_string_equal(foreign_declare(&f, one), names[i]);
	}
}

static int map_says_too_much(struct pt *pt, const struct pt_mapping *m, struct pt_gather *g,
			     uint64_t *mapped)
{
	int err = real->map(pt, m, g, mapped);

	*mapped = UINT64_MAX;
	return err;
}

static void bad_map_says_too_much(void **state)
{
	const struct other_way w = { .name = "map_says_too_much", .config = &plain,
				     .sequence = everything, .ops.map = map_says_too_much };

	(void)state;
	check_way(&w, "errors", CHECK_RESULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_deviations_excuse),
		cmocka_unit_test(bad_deviations_undeclared),
		cmocka_unit_test(bad_gather_after_sync),
		cmocka_unit_test(bad_gather_dropped),
		cmocka_unit_test(good_ours_declares_anything),
		cmocka_unit_test(good_checks_are_off),
		cmocka_unit_test(bad_names),
		cmocka_unit_test(bad_map_says_too_much),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
