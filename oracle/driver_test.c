/*
 * Tests of the way from the driver to the device: its queue, its entry, and the driver.
 *
 * Goal: what a unit did not take has no effect, what it cannot take stops it, and the driver
 * tells every unit all the same.
 * Method: commands of the toy architecture (inv_none.c), one after the other; many seeds where
 * the queue fails now and then.
 */
#include "oracle/sim.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

extern const struct pt_ops pt_sim_toy;

#define ROUNDS 1000

static struct sim sim;

static const struct pt_command wait = { { 3, 0 } };
static const struct pt_command forget_first_page = { { 1 | 0xff << 8, 0 } };
static const struct stale first_page = { .kind = STALE_LEAF, .last = 4095, .size_lg2 = 12 };

static struct pt_command forget_entry(uint64_t device)
{
	return (struct pt_command){ { 2 | device << 32, 0 } };
}

static void start(unsigned flags, uint64_t seed)
{
	struct device dev = sim.dev;

	sim = (struct sim){ .inv = &inv_none, .ops = &pt_sim_toy, .encoder = &pt_sim_toy, .dev = dev,
			    .t = &sim.threads[0] };
	device_reset(&sim.dev, flags, false, seed);
	sim.dev.nr = 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_free(&sim.dev);
	return 0;
}

/* Runs what must fail: the words of the verdict. */
static const char *stopped(void (*what)(void))
{
	jmp_buf out;

	sim.t->out = &out;
	sim.verdict = (struct verdict){ 0 };
	if (!setjmp(out))
		what();
	sim.t->out = NULL;
	return sim.verdict.text;
}

/* ---- the queue ---- */

/* Of so many submissions how many were taken. */
static unsigned count_taken(uint64_t seed)
{
	const struct pt_command c[] = { forget_first_page, wait };
	unsigned taken = 0;

	start(DEVICE_QUEUE_ERRORS, seed);
	for (unsigned i = 0; i < ROUNDS; i++) {
		bool took;

		sim.dev.nr = 0;
		device_add_stale(&sim.dev, &first_page);
		took = device_submit(&sim, 0, c, 2);
		taken += took;
		assert_int_equal(sim.dev.nr, !took);
		assert_int_equal(sim.dev.submissions, i + 1);
	}
	return taken;
}

/* About a quarter is not taken, nothing of it; the seed says which. */
static void good_queue_errors(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		unsigned taken = count_taken(seed);

		assert_in_range(taken, ROUNDS * 65 / 100, ROUNDS * 85 / 100);
		assert_int_equal(count_taken(seed), taken);
	}
}

/* What nothing waits for may still lie in the queue. */
static void good_wait(void **state)
{
	const struct pt_command c[] = { wait, forget_first_page, wait };

	(void)state;
	start(0, 1);
	device_add_stale(&sim.dev, &first_page);
	assert_true(device_submit(&sim, 0, c, 2));
	assert_int_equal(sim.dev.nr, 1);
	assert_true(device_submit(&sim, 0, c, 3));
	assert_int_equal(sim.dev.nr, 0);
}

static void submit_illegal(void)
{
	const struct pt_command c[] = { forget_first_page, wait, { { 0x77, 0 } }, wait };

	device_submit(&sim, 0, c, 4);
}

static void bad_illegal(void **state)
{
	(void)state;
	start(0, 1);
	assert_non_null(strstr(stopped(submit_illegal), "0x77 0x0 is illegal: unknown opcode"));
	assert_int_equal(sim.verdict.check, CHECK_STALE);
	sim.off = CHECK_BIT(CHECK_STALE);
	assert_string_equal(stopped(submit_illegal), "");
}

/* ---- the entry ---- */

static void make_valid(void)
{
	device_store_entry(&sim, 0, 0x123000 | 2 << 1 | 1);
}

static void bad_valid_before_domain(void **state)
{
	(void)state;
	start(0, 1);
	assert_non_null(strstr(stopped(make_valid), "leads to PA 0x123000"));
	assert_int_equal(sim.verdict.check, CHECK_TORN);
}

static void store_other_domain(void)
{
	device_store_entry(&sim, 1, sim.dev.unit.domain ^ 1u);
}

static void bad_domain_while_valid(void **state)
{
	char words[80];

	(void)state;
	start(0, 1);
	device_store_entry(&sim, 1, sim.dev.unit.domain);
	assert_string_equal(stopped(make_valid), "");
	snprintf(words, sizeof(words), "leads to PA 0x123000 while its domain is 0x%" PRIx32,
		 sim.dev.unit.domain ^ 1u);
	assert_non_null(strstr(stopped(store_other_domain), words));
	assert_int_equal(sim.verdict.check, CHECK_TORN);
}

static void make_invalid(void)
{
	device_store_entry(&sim, 0, 0x456000);
}

/* An entry that is not valid leads nowhere, and may have any domain. */
static void good_not_valid(void **state)
{
	(void)state;
	start(0, 1);
	assert_string_equal(stopped(make_invalid), "");
	assert_true(sim.device.root_pa == 0);
	assert_string_equal(stopped(store_other_domain), "");
}

/* A unit goes on with the entry as it was until it is told to forget that of this device. */
static void good_entry_is_cached(void **state)
{
	struct pt_command c[] = { forget_entry(1), wait };

	(void)state;
	start(DEVICE_TWO_UNITS, 1);
	sim.dev.entry_units = 0;
	device_store_entry(&sim, 1, sim.dev.unit.domain);
	assert_int_equal(sim.dev.entry_units, 0);
	assert_string_equal(stopped(make_valid), "");
	assert_true(sim.device.root_pa == 0x123000 && sim.device.level == 2);
	assert_int_equal(sim.dev.entry_units, 3);
	assert_true(device_submit(&sim, 0, c, 2)); /* another's */
	assert_int_equal(sim.dev.entry_units, 3);
	c[0] = forget_entry(sim.dev.unit.device);
	assert_true(device_submit(&sim, 0, c, 1)); /* nothing waits */
	assert_int_equal(sim.dev.entry_units, 3);
	assert_true(device_submit(&sim, 0, c, 2));
	assert_int_equal(sim.dev.entry_units, 2);
	assert_true(device_submit(&sim, 1, c, 2));
	assert_int_equal(sim.dev.entry_units, 0);
	assert_string_equal(stopped(make_valid), ""); /* as it is already */
	assert_int_equal(sim.dev.entry_units, 0);
}

/* ---- the driver ---- */

/* What the queue did not take is put there again, in every unit. */
static void good_driver(void **state)
{
	const struct pt_invalidation inv = { 0, 4095, PT_ANY_LEVEL, PT_ANY_LEVEL };
	const struct stale way = { .kind = STALE_TABLE, .last = UINT64_MAX };

	(void)state;
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		start(DEVICE_TWO_UNITS | DEVICE_QUEUE_ERRORS, seed);
		device_add_stale(&sim.dev, &way);
		driver_change_top(&sim, 0x123000, 2);
		assert_int_equal(sim.dev.entry_units, 0);
		assert_int_equal(sim.dev.nr, 0);
		assert_true(sim.device.root_pa == 0x123000 && sim.device.level == 2);
		device_add_stale(&sim.dev, &first_page);
		driver_invalidate(&sim, &inv);
		assert_int_equal(sim.dev.nr, 0);
	}
}

static void invalidate_all(void)
{
	const struct pt_invalidation inv = { 0, UINT64_MAX, PT_ANY_LEVEL, PT_ANY_LEVEL };

	driver_invalidate(&sim, &inv);
}

static void change_top(void)
{
	driver_change_top(&sim, 0x123000, 2);
}

/* Whatever comes first, when nobody could make commands. */
static void bad_no_encoder(void **state)
{
	static void (*const first[])(void) = { invalidate_all, change_top };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		start(0, 1);
		sim.encoder = NULL;
		assert_string_equal(stopped(first[i]),
				    "init takes a configuration that it should refuse");
		assert_int_equal(sim.verdict.check, CHECK_RESULT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_queue_errors),
		cmocka_unit_test(good_wait),
		cmocka_unit_test(bad_illegal),
		cmocka_unit_test(bad_valid_before_domain),
		cmocka_unit_test(bad_domain_while_valid),
		cmocka_unit_test(good_not_valid),
		cmocka_unit_test(good_entry_is_cached),
		cmocka_unit_test(good_driver),
		cmocka_unit_test(bad_no_encoder),
	};

	return cmocka_run_group_tests_name("driver", tests, NULL, tear_down);
}
