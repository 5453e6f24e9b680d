/*
 * Tests of the minimiser and of the mutator.
 *
 * Goal: a failing program shrinks to the known minimum of its failure, in its own way of
 * failing, and no further; mutants are the same for the same seed, within the limit, and
 * of every kind.
 * Method: synthetic failures whose minimum can be told, from many random programs; many
 * seeds.
 */
#include "fuzz/minimise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fuzz/mutate.h"
#include "fuzz/run_race.h"
#include "fuzz/subjects.h"

#define BIT(n) (UINT64_C(1) << (n))
#define MAX_OPS 24u

/* A random program of the format, as an engine would bring one. */
static struct program random_program(const char *format, enum target target, uint64_t seed)
{
	uint8_t bytes[RECORD_SIZE * (MAX_OPS + 1)];
	struct program p = { .target = target };

	assert_true(find_subject(format, &p.subject));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random(&seed);
	program_decode(&p, bytes, sizeof(bytes));
	return p;
}

/* ---- synthetic failures ---- */

/* WALK: a map with bit 40 of its IOVA, and an unmap after it. RESULT: an unmap alone. */
static int fails_by_order(void *calls, const struct program *p)
{
	bool mapped = false;
	int failure = CHECK_NONE;

	++*(unsigned *)calls;
	for (size_t i = 0; i < p->nr && failure != CHECK_WALK; i++) {
		if (p->ops[i].kind == OP_MAP)
			mapped |= p->ops[i].args[0] >> 40 & 1;
		if (p->ops[i].kind == OP_UNMAP)
			failure = mapped ? CHECK_WALK : CHECK_RESULT;
	}
	return failure;
}

/* SHAPE: a read-write map of more than 0x12345 bytes to an odd OA. */
static int fails_by_numbers(void *calls, const struct program *p)
{
	++*(unsigned *)calls;
	for (size_t i = 0; i < p->nr; i++) {
		const struct op *op = &p->ops[i];

		if (op->kind == OP_MAP && (op->prot & 3) == 3 && op->args[2] > 0x12345 &&
		    op->args[1] & 1)
			return CHECK_SHAPE;
	}
	return CHECK_NONE;
}

/* REFUSE: two features, a page size, a bit of the seed, three operations. */
static int fails_by_config(void *calls, const struct program *p)
{
	uint64_t both = PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE;

	++*(unsigned *)calls;
	return (p->config.features & both) == both && p->config.pgsize_bitmap & BIT(21) &&
			       p->memory.seed & BIT(33) && p->nr >= 3 ?
		       CHECK_REFUSE :
		       CHECK_NONE;
}

/* LEDGER: a translate, of address 0 or not alone: what can go depends on the number. */
static int fails_by_steps(void *calls, const struct program *p)
{
	++*(unsigned *)calls;
	for (size_t i = 0; i < p->nr; i++)
		if (p->ops[i].kind == OP_TRANSLATE && (p->nr > 1 || !p->ops[i].args[0]))
			return CHECK_LEDGER;
	return CHECK_NONE;
}

/* RACE: thread 1 comes after ten events, however many switches that takes. */
static int fails_at_event(void *calls, const struct program *p)
{
	uint64_t event = 0;

	++*(unsigned *)calls;
	for (size_t i = 0; i < p->nr; i++) {
		if (p->ops[i].kind != OP_SWITCH)
			continue;
		event += i && !p->ops[i].args[0] ? 1 : p->ops[i].args[0];
		if (event == 10 && p->ops[i].args[1] == 1)
			return CHECK_RACE;
	}
	return CHECK_NONE;
}

/* FAILS_BY_SIGNAL + 6 whatever the program is. */
static int fails_always(void *calls, const struct program *p)
{
	(void)p;
	++*(unsigned *)calls;
	return FAILS_BY_SIGNAL + 6;
}

/* Minimise; the failure is the same after as before, and a second time nothing changes. */
static void shrink(struct program *p, int failure, failure_fn *fails)
{
	unsigned calls = 0;
	struct program once = { 0 };

	assert_int_equal(fails(&calls, p), failure);
	minimise(p, failure, fails, &calls);
	assert_int_equal(fails(&calls, p), failure);
	assert_true(calls < 20000);
	program_copy(&once, p);
	minimise(p, failure, fails, &calls);
	assert_true(program_equal(p, &once));
	program_free(&once);
}

static void assert_op(const struct op *op, struct op want)
{
	assert_int_equal(op->kind, want.kind);
	assert_int_equal(op->prot, want.prot);
	for (unsigned i = 0; i < OP_MAX_ARGS; i++)
		assert_int_equal(op->args[i], want.args[i]);
}

/* The first variant, the plainest machine, nothing refused. */
static void assert_plain(const struct program *p)
{
	struct program plain = { .target = p->target, .subject = p->subject };

	plain.config = p->subject.ops->variants[0].config;
	plain.memory = (struct memory_config){ .tables = 64, .window = WINDOW_SPREAD };
	plain.nr = p->nr;
	plain.ops = p->ops;
	assert_true(program_equal(p, &plain));
}

/* ---- the minimiser ---- */

static void good_minimum_of_order(void **state)
{
	unsigned shrunk[2] = { 0, 0 }, calls = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct program p = random_program("amdv1", TARGET_OPS, seed);
		int failure = fails_by_order(&calls, &p);
		bool walk = failure == CHECK_WALK;

		if (failure != CHECK_NONE) {
			shrink(&p, failure, fails_by_order);
			assert_int_equal(p.nr, walk ? 2 : 1);
			if (walk)
				assert_op(&p.ops[0],
					  (struct op){ .kind = OP_MAP, .args = { BIT(40) } });
			assert_op(&p.ops[p.nr - 1], (struct op){ .kind = OP_UNMAP });
			assert_plain(&p);
			shrunk[walk]++;
		}
		program_free(&p);
	}
	assert_true(shrunk[0] && shrunk[1]);
}

static void good_minimum_of_numbers(void **state)
{
	unsigned shrunk = 0, calls = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct program p = random_program("amdv1_mock", TARGET_DECODE, seed);

		if (fails_by_numbers(&calls, &p)) {
			shrink(&p, CHECK_SHAPE, fails_by_numbers);
			assert_int_equal(p.nr, 1);
			assert_op(&p.ops[0], (struct op){ .kind = OP_MAP,
							  .prot = PT_READ | PT_WRITE,
							  .args = { 0, 1, 0x12346 } });
			assert_plain(&p);
			shrunk++;
		}
		program_free(&p);
	}
	assert_true(shrunk > 3);
}

/* No variant fails: the configuration shrinks feature by feature. */
static void good_minimum_of_config(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct program p = random_program("toy", TARGET_OPS, seed);

		p.config.features |= PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE;
		p.config.pgsize_bitmap |= BIT(21);
		p.memory.seed |= BIT(33);
		shrink(&p, CHECK_REFUSE, fails_by_config);
		assert_int_equal(p.config.features, PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE);
		assert_int_equal(p.config.pgsize_bitmap, BIT(21));
		assert_int_equal(p.memory.seed, BIT(33));
		assert_true(p.memory.tables <= 64);
		assert_int_equal(p.refuse_init, 0);
		assert_int_equal(p.nr, 3);
		program_free(&p);
	}
}

/* A smaller number lets an operation go: only another round finds it. */
static void good_another_round(void **state)
{
	struct program p = random_program("amdv1", TARGET_OPS, 1);
	struct op op = { .kind = OP_TRANSLATE, .args = { 5 } };

	(void)state;
	program_insert(&p, 0, &op);
	shrink(&p, CHECK_LEDGER, fails_by_steps);
	assert_int_equal(p.nr, 1);
	assert_op(&p.ops[0], (struct op){ .kind = OP_TRANSLATE });
	program_free(&p);
}

/* Switches that only count events go, and one counts them all. */
static void good_one_switch(void **state)
{
	struct program p = random_program("toy", TARGET_RACE, 1);

	(void)state;
	program_remove(&p, 0, p.nr);
	for (size_t i = 0; i < 4; i++) /* at events 2, 3, 6 and 10 */
		program_insert(&p, i, &(struct op){ .kind = OP_SWITCH,
						    .args = { (const uint64_t[]){ 2, 0, 3, 4 }[i], i == 3 } });
	shrink(&p, CHECK_RACE, fails_at_event);
	assert_int_equal(p.nr, 1);
	assert_op(&p.ops[0], (struct op){ .kind = OP_SWITCH, .args = { 10, 1 } });
	program_free(&p);
}

static void good_nothing_is_left(void **state)
{
	struct program p = random_program("amdv1", TARGET_OPS, 1);

	(void)state;
	shrink(&p, FAILS_BY_SIGNAL + 6, fails_always);
	assert_int_equal(p.nr, 0);
	assert_plain(&p);
	program_free(&p);
}

/* Asked for a failure that it does not have, nothing can be kept. */
static void bad_other_failure(void **state)
{
	struct program p = random_program("amdv1", TARGET_OPS, 1), before = { 0 };
	unsigned calls = 0;

	(void)state;
	program_copy(&before, &p);
	minimise(&p, FAILS_BY_SIGNAL + 11, fails_always, &calls);
	assert_true(program_equal(&p, &before));
	assert_true(calls > 0);
	program_free(&p);
	program_free(&before);
}

/* ---- the mutator ---- */

static void assert_in_form(const struct program *p)
{
	uint8_t bytes[RECORD_SIZE * (2 * MAX_OPS + 1)];
	struct program q = { .target = p->target, .subject = p->subject };

	program_decode(&q, bytes, program_encode(p, bytes, sizeof(bytes)));
	assert_true(program_equal(p, &q));
	program_free(&q);
}

static void good_same_seed_same_mutant(void **state)
{
	unsigned same = 0, unchanged = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 500; seed++) {
		struct program p = random_program("amdv1", TARGET_OPS, seed % 7), q = { 0 };
		struct program other = { 0 }, before = { 0 };

		program_copy(&q, &p);
		program_copy(&other, &p);
		program_copy(&before, &p);
		mutate_program(&p, seed, MAX_OPS);
		mutate_program(&q, seed, MAX_OPS);
		mutate_program(&other, seed + 500, MAX_OPS);
		assert_true(program_equal(&p, &q));
		assert_in_form(&p);
		same += program_equal(&p, &other);
		unchanged += program_equal(&p, &before);
		program_free(&p);
		program_free(&q);
		program_free(&other);
		program_free(&before);
	}
	assert_true(same < 50);
	assert_true(unchanged < 50);
}

/* Behind the schedule, which is the first. */
static bool has_same_operations(const struct program *p, const struct program *q)
{
	return p->nr == q->nr && p->ops[0].kind == OP_SCHEDULE &&
	       memcmp(p->ops + 1, q->ops + 1, (p->nr - 1) * sizeof(p->ops[0])) == 0;
}

/* Half of the races run as before, but in another order. */
static void good_other_order(void **state)
{
	unsigned ordered = 0, strategies = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 500; seed++) {
		struct program p = random_program("amdv1", TARGET_RACE, seed % 7), q = { 0 };

		race_name_schedule(&p, STRATEGY_RAW, 0, 0);
		program_copy(&q, &p);
		mutate_program(&p, seed, MAX_OPS);
		if (has_same_operations(&p, &q) && p.ops[0].args[0] != STRATEGY_RAW) {
			ordered++;
			strategies |= 1u << p.ops[0].args[0];
		}
		program_free(&p);
		program_free(&q);
	}
	assert_in_range(ordered, 200, 300);
	assert_int_equal(strategies, (1 << STRATEGY_RAW) - 1);
}

static void good_limit_of_operations(void **state)
{
	unsigned full = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 500; seed++) {
		struct program p = random_program("amdv1", TARGET_OPS, seed);
		size_t limit = seed % (MAX_OPS + 2);

		mutate_program(&p, seed, limit);
		assert_true(p.nr <= limit);
		full += p.nr == limit;
		program_free(&p);
	}
	assert_true(full > 250);
}

/* From nothing, by mutations alone, every kind of the target is reached, and no other. */
static void good_every_kind(void **state)
{
	(void)state;
	for (unsigned target = 0; target < TARGETS; target++) {
		struct program p = random_program("amdv1", (enum target)target, 1);
		unsigned count[OP_KINDS] = { 0 }, configs = 0;

		p.nr = 0;
		for (uint64_t seed = 0; seed < 3000; seed++) {
			struct pt_config before = p.config;

			mutate_program(&p, seed, MAX_OPS);
			configs += before.features != p.config.features;
			for (size_t i = 0; i < p.nr; i++)
				count[p.ops[i].kind]++;
		}
		for (unsigned kind = 0; kind < OP_KINDS; kind++)
			assert_int_equal(count[kind] != 0, op_shapes[kind].targets >> target & 1);
		assert_true(configs > 50);
		program_free(&p);
	}
}

/* Programs whose operations say where they come from. */
static struct program numbered(size_t nr, uint64_t first)
{
	struct program p = { .target = TARGET_OPS };
	struct op op = { .kind = OP_TRANSLATE };

	find_subject("toy", &p.subject);
	for (op.args[0] = first; p.nr < nr; op.args[0]++)
		program_insert(&p, p.nr, &op);
	return p;
}

static void good_splice(void **state)
{
	unsigned lengths = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 2000; seed++) {
		size_t n = seed % 11, m = seed / 11 % 13, limit = seed / 143 % 14, k = 0;
		struct program p = numbered(n, 0), other = numbered(m, 100);

		splice_program(&p, &other, seed, limit);
		assert_true(p.nr <= limit);
		while (k < p.nr && p.ops[k].args[0] == k)
			k++;
		assert_true(k <= n);
		lengths |= 1u << k;
		for (size_t i = k; i < p.nr; i++)
			assert_int_equal(p.ops[i].args[0] - p.ops[k].args[0], i - k);
		/* It ends where the other does, or at the limit. */
		if (p.nr < limit && m)
			assert_int_equal(p.ops[p.nr - 1].args[0], 100 + m - 1);
		program_free(&p);
		program_free(&other);
	}
	assert_int_equal(lengths, 0x7ff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_minimum_of_order),
		cmocka_unit_test(good_minimum_of_numbers),
		cmocka_unit_test(good_minimum_of_config),
		cmocka_unit_test(good_another_round),
		cmocka_unit_test(good_one_switch),
		cmocka_unit_test(good_nothing_is_left),
		cmocka_unit_test(bad_other_failure),
		cmocka_unit_test(good_same_seed_same_mutant),
		cmocka_unit_test(good_other_order),
		cmocka_unit_test(good_limit_of_operations),
		cmocka_unit_test(good_every_kind),
		cmocka_unit_test(good_splice),
	};

	return cmocka_run_group_tests_name("minimise", tests, NULL, NULL);
}
