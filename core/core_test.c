/*
 * Tests of the page table as the product has it: the fast world.
 *
 * Goal: what a user of pt_ops meets outside the harness: memory that is asked for and
 * given back, invalidations and changes of the top at the right moment, errors in the
 * promised order.
 * Method: an environment that logs every call and can refuse an allocation; then short
 * sequences on real formats, whose log is compared with what the promises say.
 */
#define PT_WORLD fast
#include "core/shim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

extern const struct pt_ops pt_fast_amdv1, pt_fast_toy;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RW (PT_READ | PT_WRITE)
#define K4 UINT64_C(0x1000)
#define M2 UINT64_C(0x200000)

/* ---- the environment ---- */

enum event_kind { ALLOC, FREE, INVALIDATE, CHANGE_TOP, FLUSH, WAIT };

struct event {
	enum event_kind kind;
	uint64_t a, b; /* table; first, last; pa, level; an item, its value */
};

static struct {
	struct event events[8192];
	size_t nr;
	long live;
	unsigned refuse_at; /* refuse the n-th allocation from here; 0: none */
	struct pt_top top_then; /* software's top when the device was told */
} log_;

static const struct pt_ops *ops;
static struct pt *pt;
static struct pt_gather gather;
static uint64_t mapped;

static void note(enum event_kind kind, uint64_t a, uint64_t b)
{
	assert_true(log_.nr < COUNT(log_.events));
	log_.events[log_.nr].kind = kind;
	log_.events[log_.nr].a = a;
	log_.events[log_.nr++].b = b;
}

/* Zeroed, aligned to its size and to 4K, as struct pt_env wants it, and to no more. */
static void *env_alloc(void *ctx, size_t size)
{
	void *table = NULL;

	assert_ptr_equal(ctx, &log_);
	if (log_.refuse_at && --log_.refuse_at == 0)
		return NULL;
	table = aligned_alloc(size < 4096 ? 4096 : size, size < 4096 ? 4096 : size);
	assert_non_null(table);
	memset(table, 0, size);
	note(ALLOC, (uint64_t)(uintptr_t)table, size);
	log_.live++;
	return table;
}

static void env_free(void *ctx, void *table, size_t size)
{
	assert_ptr_equal(ctx, &log_);
	note(FREE, (uint64_t)(uintptr_t)table, size);
	log_.live--;
	free(table);
}

static void env_invalidate(void *ctx, const struct pt_invalidation *inv)
{
	assert_ptr_equal(ctx, &log_);
	note(INVALIDATE, inv->first, inv->last);
}

static void env_change_top(void *ctx, uint64_t pa, unsigned level)
{
	assert_ptr_equal(ctx, &log_);
	note(CHANGE_TOP, pa, level);
	if (log_.live > 1)
		log_.top_then = ops->top(pt);
}

/* Item by item, with the value that reaches memory. */
static void env_flush(void *ctx, const void *first, size_t bytes)
{
	const uint64_t *items = first;

	assert_ptr_equal(ctx, &log_);
	assert_int_equal(bytes % sizeof(*items), 0);
	for (size_t i = 0; i < bytes / sizeof(*items); i++)
		note(FLUSH, (uint64_t)(uintptr_t)&items[i], items[i]);
}

static void env_wait_for_readers(void *ctx)
{
	assert_ptr_equal(ctx, &log_);
	note(WAIT, 0, 0);
}

#define LOGGING                                                                                    \
	.alloc = env_alloc, .free = env_free, .invalidate = env_invalidate,                        \
	.change_top = env_change_top, .ctx = &log_

static struct pt_env env = { LOGGING };
static void *const logging = &env;
static struct pt_env whole_env = {
	LOGGING, .flush = env_flush, .wait_for_readers = env_wait_for_readers
};

static void make(const struct pt_ops *format)
{
	memset(&log_, 0, sizeof(log_));
	gather = PT_GATHER_EMPTY;
	mapped = 0;
	ops = format;
	pt = aligned_alloc(64, (ops->size + 63) & ~(size_t)63);
	assert_non_null(pt);
}

static void start(const struct pt_ops *format, const struct pt_config *config, void *with)
{
	make(format);
	assert_int_equal(ops->init(pt, config, with), 0);
}

/* Take apart: every table is given back, and no other. */
static void end(void)
{
	ops->sync(pt, &gather);
	ops->deinit(pt);
	assert_int_equal(log_.live, 0);
	free(pt);
}

static const struct pt_config mode_4 = {
	.features = PT_FLUSH_RANGE, .vasz_lg2 = 48, .top_level = 3, .oasz_lg2 = 52
};
static const struct pt_config mode_2 = {
	.features = PT_FLUSH_RANGE, .vasz_lg2 = 30, .top_level = 1, .oasz_lg2 = 52
};
static const struct pt_config no_gaps = {
	.features = PT_FLUSH_RANGE_NO_GAPS, .vasz_lg2 = 30, .top_level = 1, .oasz_lg2 = 52
};
static const struct pt_config growing = {
	.features = PT_FLUSH_RANGE | PT_DYNAMIC_TOP | PT_FULL_VA, .vasz_lg2 = 64, .oasz_lg2 = 52
};
static const struct pt_config writeable = {
	.features = PT_FLUSH_RANGE | PT_FORCE_WRITEABLE,
	.vasz_lg2 = 30,
	.top_level = 1,
	.oasz_lg2 = 40,
};

static int map(uint64_t iova, uint64_t oa, uint64_t len)
{
	struct pt_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = RW };

	mapped = UINT64_MAX;
	return ops->map(pt, &m, &gather, &mapped);
}

static uint64_t unmap(uint64_t iova, uint64_t len)
{
	return ops->unmap(pt, iova, len, &gather);
}

static bool is_mapped_to(uint64_t iova, uint64_t oa)
{
	uint64_t got = ~oa;

	return ops->translate(pt, iova, &got) && got == oa;
}

static bool is_unmapped(uint64_t iova)
{
	uint64_t oa;

	return !ops->translate(pt, iova, &oa);
}

static size_t count(enum event_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < log_.nr; i++)
		n += log_.events[i].kind == kind;
	return n;
}

static void assert_gathered(uint64_t first, uint64_t last)
{
	assert_int_equal(gather.first, first);
	assert_int_equal(gather.last, last);
}

/* From event `at` on, the first is an invalidation of first..last; the others free tables. */
static void assert_invalidated_then_freed(size_t at, uint64_t first, uint64_t last, size_t frees)
{
	assert_int_equal(log_.nr - at, 1 + frees);
	assert_int_equal(log_.events[at].kind, INVALIDATE);
	assert_int_equal(log_.events[at].a, first);
	assert_int_equal(log_.events[at].b, last);
	for (size_t i = at + 1; i < log_.nr; i++)
		assert_int_equal(log_.events[i].kind, FREE);
}

/* ---- memory ---- */

static void good_all_is_given_back(void **state)
{
	(void)state;
	start(&pt_fast_amdv1, &mode_4, logging);
	for (uint64_t i = 0; i < 40; i++)
		assert_int_equal(map(i << 33 | i * K4, i * K4, 3 * K4), 0);
	for (uint64_t i = 0; i < 40; i += 2)
		assert_int_equal(unmap(i << 33 | i * K4, 3 * K4), 3 * K4);
	assert_true(log_.live > 40);
	end();
	assert_int_equal(count(ALLOC), count(FREE));
	for (size_t i = 0; i < log_.nr; i++)
		if (log_.events[i].kind == ALLOC || log_.events[i].kind == FREE)
			assert_int_equal(log_.events[i].b, 4096);
}

static void good_default_environment(void **state)
{
	static struct pt_env nothing;
	void *const defaults[] = { NULL, &nothing };

	(void)state;
	for (size_t i = 0; i < COUNT(defaults); i++) {
		start(&pt_fast_amdv1, &growing, defaults[i]);
		assert_int_equal(map(0xfffffffffffff000, 0, K4), 0);
		assert_int_equal(map(0, 0, M2), 0);
		assert_true(is_mapped_to(0xffffffffffffffff, 0xfff));
		assert_true(is_mapped_to(M2 - 1, M2 - 1));
		assert_true(is_unmapped(M2));
		assert_int_equal(unmap(0, 1), M2);
		assert_true(is_unmapped(0));
		end();
		assert_int_equal(log_.nr, 0);
	}
}

/* A table's address is its PA and an offset: the device and the items know only PAs. */
static void good_pa_offset(void **state)
{
	static struct pt_env shifted = { .pa_offset = 0x7654000, LOGGING };
	uint64_t root;

	(void)state;
	start(&pt_fast_amdv1, &growing, &shifted);
	root = log_.events[0].a - 0x7654000;
	assert_int_equal(ops->top(pt).pa, root);
	assert_int_equal(log_.events[1].kind, CHANGE_TOP);
	assert_int_equal(log_.events[1].a, root);
	assert_int_equal(map(M2, 0x5000, M2), 0);
	assert_true(is_mapped_to(M2 + 1, 0x5001));
	assert_true(ops->top(pt).pa != root);
	assert_int_equal(unmap(M2, M2), M2);
	end();
}

static void bad_init(void **state)
{
	static const struct {
		struct pt_config config;
		int err;
	} bad[] = {
		{ { PT_FLUSH_RANGE | PT_DMA_INCOHERENT, 0, 30, 1, 52, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0x8000000000, 48, 3, 52, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE, 0, 48, 6, 52, 0 }, -EOPNOTSUPP },
		{ { PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS, 0, 30, 1, 52, 0 }, -EINVAL },
		{ { 0, 0, 30, 1, 52, 0 }, -EINVAL },
		{ { PT_FLUSH_RANGE, 0, 31, 1, 52, 0 }, -EINVAL },
		{ { PT_FLUSH_RANGE, 0, 20, 1, 52, 0 }, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i <= COUNT(bad); i++) {
		make(&pt_fast_amdv1);
		if (i < COUNT(bad)) {
			assert_int_equal(ops->init(pt, &bad[i].config, logging), bad[i].err);
		} else {
			log_.refuse_at = 1;
			assert_int_equal(ops->init(pt, &mode_2, logging), -ENOMEM);
		}
		assert_int_equal(log_.nr, 0);
		free(pt);
	}
}

/* Each allocation in turn refused: what is mapped is what was said, the rest maps after. */
static void refuse_each(const struct pt_config *config, uint64_t iova, uint64_t len)
{
	unsigned refused = 0;

	for (unsigned n = 1;; n++) {
		uint64_t done;
		int err;

		start(&pt_fast_amdv1, config, logging);
		log_.refuse_at = n;
		err = map(iova, 0x1000, len);
		done = mapped;
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(err == -ENOMEM, log_.refuse_at == 0);
		assert_true(err ? done < len && done % K4 == 0 : done == len);
		for (uint64_t at = 0; at < len; at += K4)
			assert_true(at < done ? is_mapped_to(iova + at, 0x1000 + at) :
						is_unmapped(iova + at));
		log_.refuse_at = 0;
		if (err) {
			refused++;
			assert_int_equal(map(iova + done, 0x1000 + done, len - done), 0);
			assert_int_equal(mapped, len - done);
		}
		assert_int_equal(unmap(iova, len), len);
		end();
		if (!err)
			break;
	}
	assert_true(refused >= 3);
}

static void good_refused_allocations(void **state)
{
	(void)state;
	refuse_each(&mode_2, M2 - 2 * K4, M2 + 4 * K4);
	refuse_each(&mode_4, 0x8000000000 - 2 * K4, 4 * K4);
	refuse_each(&growing, 0x8000000000 - 2 * K4, 4 * K4);
}

/* ---- invalidation ---- */

static void good_invalidated_before_freed(void **state)
{
	size_t at;

	(void)state;
	start(&pt_fast_amdv1, &mode_4, logging);
	assert_int_equal(map(0x40000000, 0x1000, 0x40000000), 0);
	at = log_.nr;
	assert_int_equal(unmap(0x40000000, 0x40000000), 0x40000000);
	assert_int_equal(log_.nr, at);
	assert_gathered(0x40000000, 0x7fffffff);
	ops->sync(pt, &gather);
	assert_invalidated_then_freed(at, 0x40000000, 0x7fffffff, 513);
	assert_true(gather.first > gather.last && !gather.tables);
	ops->sync(pt, &gather); /* nothing to do */
	assert_int_equal(log_.nr, at + 514);
	end();
}

/* Who is inside a table that was taken out comes out before its memory is given back. */
static void good_waited_before_freed(void **state)
{
	size_t at;

	(void)state;
	start(&pt_fast_toy, &pt_fast_toy.variants[0].config, &whole_env);
	assert_int_equal(map(0, K4, 2 * K4), 0);
	at = log_.nr;
	assert_int_equal(unmap(0, 2 * K4), 2 * K4);
	assert_int_equal(log_.nr, at);
	ops->sync(pt, &gather);
	assert_true(log_.nr >= at + 3);
	assert_int_equal(log_.events[at].kind, INVALIDATE);
	assert_int_equal(log_.events[at + 1].kind, WAIT);
	for (size_t i = at + 2; i < log_.nr; i++)
		assert_int_equal(log_.events[i].kind, FREE);
	end();
}

/* An empty table gives way to a leaf: invalidated and freed before map returns. */
static void good_leaf_replaces_empty_table(void **state)
{
	size_t at;

	(void)state;
	start(&pt_fast_amdv1, &mode_2, logging);
	assert_int_equal(map(M2 + K4, 0, K4), 0);
	assert_int_equal(unmap(M2 + K4, K4), K4);
	ops->sync(pt, &gather);
	at = log_.nr;
	assert_int_equal(map(M2, 4 * M2, M2), 0);
	assert_invalidated_then_freed(at, M2, 2 * M2 - 1, 1);
	assert_true(gather.first > gather.last && !gather.tables);
	assert_true(is_mapped_to(M2 + K4, 4 * M2 + K4));
	assert_int_equal(log_.live, 1);
	end();
}

static void good_unmap_ends_inside_a_leaf(void **state)
{
	(void)state;
	start(&pt_fast_amdv1, &mode_2, logging);
	assert_int_equal(map(M2 - K4, 5 * M2 - K4, M2 + K4), 0);
	assert_int_equal(map(2 * M2, 0, K4), 0);
	assert_int_equal(unmap(M2 + K4, K4), 0); /* begins inside it */
	assert_gathered(UINT64_MAX, 0);
	assert_int_equal(unmap(M2 - K4, 2 * K4), M2 + K4);
	assert_gathered(M2 - K4, 2 * M2 - 1);
	assert_true(is_unmapped(M2 - K4) && is_unmapped(M2) && is_unmapped(2 * M2 - 1));
	assert_true(is_mapped_to(2 * M2, 0));
	end();
}

/* Of two ranges apart, the first is invalidated and its tables freed when the second comes. */
static void good_no_gaps(void **state)
{
	size_t at;

	(void)state;
	start(&pt_fast_amdv1, &no_gaps, logging);
	assert_int_equal(map(M2, 0x1000, M2), 0);
	assert_int_equal(map(3 * M2, 0x1000, 2 * M2), 0);
	at = log_.nr;
	assert_int_equal(unmap(M2, M2), M2);
	assert_int_equal(log_.nr, at);
	assert_int_equal(unmap(3 * M2, M2), M2);
	assert_invalidated_then_freed(at, M2, 2 * M2 - 1, 1);
	assert_gathered(3 * M2, 4 * M2 - 1);
	assert_int_equal(unmap(4 * M2, M2), M2); /* touches it: nothing more */
	assert_int_equal(log_.nr, at + 2);
	assert_gathered(3 * M2, 5 * M2 - 1);
	ops->sync(pt, &gather);
	assert_invalidated_then_freed(at + 2, 3 * M2, 5 * M2 - 1, 2);
	end();
}

static void good_gaps(void **state)
{
	size_t at;

	(void)state;
	start(&pt_fast_amdv1, &mode_2, logging);
	assert_int_equal(map(M2, 0x1000, M2), 0);
	assert_int_equal(map(3 * M2, 0x1000, M2), 0);
	at = log_.nr;
	assert_int_equal(unmap(3 * M2, M2), M2);
	assert_int_equal(unmap(M2, M2), M2);
	assert_int_equal(log_.nr, at);
	assert_gathered(M2, 4 * M2 - 1);
	ops->sync(pt, &gather);
	assert_invalidated_then_freed(at, M2, 4 * M2 - 1, 2);
	end();
}

/* ---- the top ---- */

/* The device is told before software uses the new top, and before map returns. */
static void good_growth(void **state)
{
	struct pt_top first, top;
	struct event *told;

	(void)state;
	start(&pt_fast_amdv1, &growing, logging);
	first = ops->top(pt);
	assert_int_equal(first.level, 0);
	assert_int_equal(log_.events[log_.nr - 1].kind, CHANGE_TOP);
	assert_int_equal(log_.events[log_.nr - 1].a, first.pa);
	assert_int_equal(map(0x1000, 0x5000, K4), 0);
	assert_int_equal(count(CHANGE_TOP), 1);
	assert_int_equal(map(0x40000000, 0x6000, K4), 0);
	assert_int_equal(count(CHANGE_TOP), 2);
	top = ops->top(pt);
	assert_int_equal(top.level, 2);
	for (told = log_.events + log_.nr - 1; told->kind != CHANGE_TOP; told--)
		;
	assert_int_equal(told->a, top.pa);
	assert_int_equal(told->b, 2);
	assert_int_equal(log_.top_then.pa, first.pa);
	assert_int_equal(log_.top_then.level, 0);
	assert_true(is_mapped_to(0x1000, 0x5000));
	assert_true(is_mapped_to(0x40000000, 0x6000));
	end();
}

/* A VA above the top of a growing table is unmapped, not outside. */
static void good_above_the_top(void **state)
{
	(void)state;
	start(&pt_fast_amdv1, &growing, logging);
	assert_int_equal(map(0, 0, K4), 0);
	assert_true(is_unmapped(M2));
	assert_int_equal(unmap(M2, K4), 0);
	assert_int_equal(ops->top(pt).level, 0);
	end();
}

/* ---- errors ---- */

/*
 * Each is wrong in two ways or more, of which the one promised to be looked at first
 * wins. The aperture is 2^30, OAs are below 2^40, read-only is refused, 2M is in use.
 */
static void bad_maps_in_order(void **state)
{
	static const struct {
		struct pt_mapping m;
		int err;
	} bad[] = {
		{ { 0, 0, 0, RW | PT_NOEXEC }, -EINVAL },
		{ { 0, 0, K4, PT_NOEXEC }, -EINVAL },
		{ { 0, 0, K4, PT_READ | PT_NOEXEC }, -EINVAL },
		{ { 0, -K4, 2 * K4, RW | PT_NOEXEC }, -EOPNOTSUPP },
		{ { -K4, 0, 2 * K4, RW | PT_NOEXEC }, -EOPNOTSUPP },
		{ { 1, -K4, 2 * K4, RW }, -EOVERFLOW },
		{ { -K4, 1, 2 * K4, RW }, -EOVERFLOW },
		{ { 0, -K4, K4 + 1, RW }, -EOVERFLOW },
		{ { 0, 0x10000000001, K4, RW }, -ENXIO },
		{ { 1, 0x10000000000, K4, RW }, -ENXIO },
		{ { 0x40000000, 0, 1, RW }, -ENXIO },
		{ { 0x40000001, 0, K4, RW }, -ENXIO },
		{ { M2, 0x10000000000 - K4, 2 * K4, RW }, -ERANGE },
		{ { 0x40000000 - M2, 0, M2 + K4, RW }, -ERANGE },
		{ { M2 + K4, 0, K4, RW }, -EADDRINUSE },
		{ { M2 - K4, 0, 2 * K4, RW }, -EADDRINUSE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint64_t expected = 0;

		start(&pt_fast_amdv1, &writeable, logging);
		assert_int_equal(map(M2, 0, M2), 0);
		assert_int_equal(map(0x40000000 - M2, 0, M2), 0);
		if (bad[i].m.iova == M2 - K4) {
			assert_int_equal(map(0, 0x3000, K4), 0); /* its table is there */
			expected = K4;
		}
		log_.refuse_at = 1;
		mapped = UINT64_MAX;
		assert_int_equal(ops->map(pt, &bad[i].m, &gather, &mapped), bad[i].err);
		assert_int_equal(mapped, expected);
		assert_int_equal(log_.refuse_at, 1);
		end();
	}
}

/* What a map did before it met something stays. */
static void bad_in_use_halfway(void **state)
{
	(void)state;
	start(&pt_fast_amdv1, &mode_2, logging);
	assert_int_equal(map(0x5000, 0x1000, K4), 0);
	assert_int_equal(map(0x2000, 0x40000, 0x4000), -EADDRINUSE);
	assert_int_equal(mapped, 0x2000);
	assert_true(is_mapped_to(0x3fff, 0x41fff));
	assert_true(is_unmapped(0x4000));
	assert_true(is_mapped_to(0x5000, 0x1000));
	assert_int_equal(unmap(0x2000, 0x4000), 0x2000);
	end();
}

/* A large leaf over a large leaf, and over a table with one small leaf in it. */
static void bad_large_over_mapped(void **state)
{
	size_t at;

	(void)state;
	start(&pt_fast_amdv1, &mode_2, logging);
	assert_int_equal(map(M2, 0, M2), 0);
	assert_int_equal(map(3 * M2 - K4, 0, K4), 0);
	at = log_.nr;
	assert_int_equal(map(M2, M2, M2), -EADDRINUSE);
	assert_int_equal(map(2 * M2, 2 * M2, M2), -EADDRINUSE);
	assert_int_equal(mapped, 0);
	assert_int_equal(map(0, 0, 4 * M2), -EADDRINUSE);
	assert_int_equal(log_.nr, at);
	assert_true(is_mapped_to(M2, 0));
	assert_true(is_mapped_to(3 * M2 - 1, K4 - 1));
	end();
}

/* A walk for people, from the top down; above the top there is nothing to show. */
static void good_explained(void **state)
{
	struct pt_step steps[PT_MAX_LEVELS];

	(void)state;
	start(&pt_fast_amdv1, &growing, logging);
	assert_int_equal(map(M2, 0x12345000, K4), 0);
	assert_int_equal(ops->top(pt).level, 1);
	assert_int_equal(ops->explain(pt, M2 * 512, steps), 0);
	assert_int_equal(ops->explain(pt, 2 * M2, steps), 1);
	assert_int_equal(steps[0].kind, PT_EMPTY);
	assert_int_equal(ops->explain(pt, M2 + 12, steps), 2);
	assert_int_equal(steps[0].level, 1);
	assert_int_equal(steps[0].index, 1);
	assert_int_equal(steps[0].kind, PT_TABLE);
	assert_int_equal(steps[1].level, 0);
	assert_int_equal(steps[1].index, 0);
	assert_int_equal(steps[1].kind, PT_LEAF);
	assert_int_equal(steps[1].address, 0x12345000);
	assert_int_equal(steps[1].size_lg2, 12);
	end();
}

/* Tables of a few bytes, in the default environment and in this one. */
static void good_small_tables(void **state)
{
	void *const environments[] = { NULL, logging };

	(void)state;
	for (size_t i = 0; i < COUNT(environments); i++) {
		start(&pt_fast_toy, &pt_fast_toy.variants[0].config, environments[i]);
		for (uint64_t at = 0; at < 8 * K4; at += K4)
			assert_int_equal(map(at, 0x10000 + 3 * at, K4), 0);
		for (uint64_t at = 0; at < 8 * K4; at += K4)
			assert_true(is_mapped_to(at, 0x10000 + 3 * at));
		assert_int_equal(unmap(0, 8 * K4), 8 * K4);
		end();
	}
	assert_int_equal(count(ALLOC), 7);
}

/* ---- past the caches, dirt ---- */

/* Every item on the way to iova, as it was when it was flushed last; bit 63 is software's own. */
static void assert_in_memory(uint64_t iova)
{
	struct pt_step steps[PT_MAX_LEVELS];
	unsigned nr = ops->explain(pt, iova, steps);
	uint64_t pa = ops->top(pt).pa;

	assert_true(nr > 0);
	for (unsigned i = 0; i < nr; i++) {
		uint64_t item = pa + 8 * steps[i].index;
		size_t at = log_.nr;

		while (at > 0 && (log_.events[at - 1].kind != FLUSH || log_.events[at - 1].a != item))
			at--;
		assert_true(at > 0);
		assert_int_equal(log_.events[at - 1].b << 1, steps[i].item << 1);
		pa = steps[i].address;
	}
}

static void good_flushes(void **state)
{
	static const struct pt_config past_caches = {
		.features = PT_FLUSH_RANGE | PT_DMA_INCOHERENT,
		.vasz_lg2 = 15,
		.top_level = 2,
		.oasz_lg2 = 20,
	};

	(void)state;
	start(&pt_fast_toy, &past_caches, &whole_env);
	assert_int_equal(map(0, K4, 3 * K4), 0);
	for (uint64_t at = 0; at < 3 * K4; at += K4)
		assert_in_memory(at);
	assert_int_equal(unmap(K4, K4), K4);
	assert_in_memory(K4);
	end();
}

static void good_dirt(void **state)
{
	struct pt_config tracked = mode_2;
	uint64_t word = 0;
	struct pt_bitmap bitmap = { .granule_lg2 = 12, .bits = 2, .words = &word };

	(void)state;
	tracked.features |= PT_DIRTY_TRACKING;
	start(&pt_fast_amdv1, &tracked, logging);
	assert_int_equal(map(0, K4, 2 * K4), 0);
	assert_int_equal(ops->set_dirty(pt, K4), 0);
	assert_int_equal(ops->read_dirty(pt, 0, 2 * K4, 0, &bitmap, &gather), 0);
	assert_int_equal(word, 2);
	assert_gathered(K4, 2 * K4 - 1);
	word = 0;
	assert_int_equal(ops->read_dirty(pt, 0, 2 * K4, 0, &bitmap, &gather), 0);
	assert_int_equal(word, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_all_is_given_back),
		cmocka_unit_test(good_default_environment),
		cmocka_unit_test(good_pa_offset),
		cmocka_unit_test(bad_init),
		cmocka_unit_test(good_refused_allocations),
		cmocka_unit_test(good_invalidated_before_freed),
		cmocka_unit_test(good_waited_before_freed),
		cmocka_unit_test(good_leaf_replaces_empty_table),
		cmocka_unit_test(good_unmap_ends_inside_a_leaf),
		cmocka_unit_test(good_no_gaps),
		cmocka_unit_test(good_gaps),
		cmocka_unit_test(good_growth),
		cmocka_unit_test(good_above_the_top),
		cmocka_unit_test(bad_maps_in_order),
		cmocka_unit_test(bad_in_use_halfway),
		cmocka_unit_test(bad_large_over_mapped),
		cmocka_unit_test(good_explained),
		cmocka_unit_test(good_small_tables),
		cmocka_unit_test(good_flushes),
		cmocka_unit_test(good_dirt),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
