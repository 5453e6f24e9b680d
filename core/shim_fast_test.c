/*
 * Tests of what the fast world asks of the C library when the user supplies nothing.
 *
 * Goal: memory that is asked for as struct pt_env says, and given back; a lock that is one from
 * init to deinit, and held while the top changes; a belief that is broken ends the program.
 * Method: functions of the C library that are defined here instead, and count.
 */
#define PT_WORLD fast
#include "core/shim.h"
#include "core/belief_test.h"

#include <malloc.h>
#include <stdlib.h>

extern const struct pt_ops pt_fast_amdv1, pt_fast_toy;

static const struct pt_config growing = {
	.features = PT_FLUSH_RANGE | PT_DYNAMIC_TOP | PT_FULL_VA, .vasz_lg2 = 64, .oasz_lg2 = 52
};

/* ---- instead of the C library's ---- */

static struct {
	unsigned allocations, locks;
	bool odd; /* an alignment that is not allowed, or not enough */
	const pthread_mutex_t *lock; /* what is initialised */
	bool held;
} asked;

void *aligned_alloc(size_t alignment, size_t size)
{
	void *table = NULL;

	asked.allocations++;
	if (alignment < 4096 || (alignment & (alignment - 1)) || alignment < size ||
	    size % alignment || posix_memalign(&table, 4096, size)) {
		asked.odd = true;
		return NULL;
	}
	memset(table, 0xa5, size);
	return table;
}

int pthread_mutex_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes)
{
	(void)attributes;
	asked.lock = lock;
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *lock)
{
	assert_ptr_equal(lock, asked.lock);
	assert_false(asked.held);
	asked.lock = NULL;
	return 0;
}

int pthread_mutex_lock(pthread_mutex_t *lock)
{
	assert_ptr_equal(lock, asked.lock);
	assert_false(asked.held);
	asked.held = true;
	asked.locks++;
	return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *lock)
{
	assert_ptr_equal(lock, asked.lock);
	assert_true(asked.held);
	asked.held = false;
	return 0;
}

/* ---- a page table ---- */

static struct pt *start(const struct pt_ops *ops, const struct pt_config *config, void *env)
{
	struct pt *pt = NULL;

	memset(&asked, 0, sizeof(asked));
	assert_int_equal(posix_memalign((void **)&pt, 64, (ops->size + 63) & ~(size_t)63), 0);
	assert_int_equal(ops->init(pt, config, env), 0);
	return pt;
}

static void map(const struct pt_ops *ops, struct pt *pt, uint64_t iova)
{
	struct pt_mapping m = { .iova = iova, .len = 4096, .prot = PT_READ };
	struct pt_gather gather = PT_GATHER_EMPTY;
	uint64_t mapped, oa;

	assert_int_equal(ops->map(pt, &m, &gather, &mapped), 0);
	assert_true(ops->translate(pt, iova, &oa));
	assert_false(ops->translate(pt, iova ^ 4096, &oa));
}

/* Some of what is freed the allocator keeps for itself, but not as much as there was. */
static void good_memory(void **state)
{
	const struct pt_ops *formats[] = { &pt_fast_toy, &pt_fast_amdv1 };
	size_t before = mallinfo2().uordblks;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		const struct pt_ops *ops = formats[i % 2];
		struct pt *pt = start(ops, &ops->variants[0].config, NULL);

		map(ops, pt, 0);
		assert_true(asked.allocations > 1);
		assert_false(asked.odd);
		ops->deinit(pt);
		free(pt);
	}
	assert_true(mallinfo2().uordblks < before + 64 * 4096);
}

static void is_locked(void *ctx, uint64_t pa, unsigned level)
{
	(void)ctx;
	(void)pa;
	assert_int_equal(asked.held, level > 0);
}

static void good_lock(void **state)
{
	static struct pt_env env = { .change_top = is_locked };
	struct pt *pt = start(&pt_fast_amdv1, &growing, &env);

	(void)state;
	assert_non_null(asked.lock);
	map(&pt_fast_amdv1, pt, 0x1000);
	assert_int_equal(asked.locks, 0);
	map(&pt_fast_amdv1, pt, 0x200000);
	map(&pt_fast_amdv1, pt, 0x40000000);
	assert_int_equal(asked.locks, 2);
	assert_false(asked.held);
	pt_fast_amdv1.deinit(pt);
	assert_null(asked.lock);
	free(pt);
}

/* ---- beliefs ---- */

static void good_broken_belief(void **state)
{
	(void)state;
	check_broken_belief(shim_fast_verify_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_memory),
		cmocka_unit_test(good_lock),
		cmocka_unit_test(good_broken_belief),
	};

	return cmocka_run_group_tests_name("shim_fast", tests, NULL, NULL);
}
