/*
 * Tests of what a fuzz target tells its engine to keep.
 *
 * Goal: of races in which no thread got in another's way one of 64, the same each time, and of the
 * others all; all without feedback; where a change is marked, what comes to it, and one of eight.
 * Method: the target of races of toy; many inputs that are one program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fuzz/target.h"

#define INPUTS 4096

/* Neighbours in one table; nobody else. */
static const char meets[] = "walkdiff race toy\nschedule strategy=random seed=0x1 depth=0\n"
			    "0: map iova=0x0 oa=0x0 len=0x1000 prot=READ\n"
			    "1: map iova=0x1000 oa=0x0 len=0x1000 prot=READ\n";
static const char alone[] = "walkdiff race toy\nschedule strategy=random seed=0x1 depth=0\n"
			    "0: map iova=0x0 oa=0x0 len=0x1000 prot=READ\n";

static uint8_t data[4096];

static bool find_toy(const char *name, struct subject *out)
{
	struct program p;

	target_begin(&p);
	*out = p.subject;
	return !strcmp(name, "toy");
}

uint8_t *target_counter(unsigned feature)
{
	static uint8_t counters[TARGET_FEATURES];

	return &counters[feature % TARGET_FEATURES];
}

/* Room for two bytes behind the last record, which are part of the input and of no program. */
static size_t encode(const char *text)
{
	struct program p = { 0 };
	struct text_error error;
	size_t size;

	assert_true(program_parse(&p, text, find_toy, &error));
	size = program_encode(&p, data, sizeof(data) - 2);
	program_free(&p);
	return size;
}

/* How many of INPUTS are to be kept; each also a second time. */
static unsigned kept(const char *text)
{
	size_t size = encode(text);
	unsigned nr = 0;

	for (unsigned i = 0; i < INPUTS; i++) {
		int keep;

		data[size] = (uint8_t)i;
		data[size + 1] = (uint8_t)(i >> 8);
		keep = LLVMFuzzerTestOneInput(data, size + 2);
		assert_true(keep == 0 || keep == -1);
		assert_int_equal(LLVMFuzzerTestOneInput(data, size + 2), keep);
		nr += !keep;
	}
	return nr;
}

/* The first: a target looks at its environment once, which a child does here. */
static void good_without(void **state)
{
	size_t size = encode(alone);
	int status = -1;
	pid_t child;

	(void)state;
	assert_null(feedback_listener);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		int refused = setenv("WALKDIFF_NO_FEEDBACK", "yes", 1);

		for (unsigned i = 0; i < INPUTS; i++) {
			data[size] = (uint8_t)i;
			data[size + 1] = (uint8_t)(i >> 8);
			refused |= LLVMFuzzerTestOneInput(data, size + 2);
		}
		_exit(refused || feedback_listener);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void good_races(void **state)
{
	unsigned nr;

	(void)state;
	assert_int_equal(kept(meets), INPUTS);
	nr = kept(alone);
	assert_in_range(nr, INPUTS / 64 * 2 / 3, INPUTS / 64 * 3 / 2);
}

static void good_change(void **state)
{
	static unsigned char ran;
	unsigned nr;
	size_t size;

	(void)state;
	target_change = &ran;
	nr = kept(meets);
	assert_in_range(nr, INPUTS / 8 * 2 / 3, INPUTS / 8 * 3 / 2);
	size = encode(alone);
	for (unsigned i = 0; i < 256; i++) {
		data[size] = (uint8_t)i;
		ran = 1; /* as the function does */
		assert_int_equal(LLVMFuzzerTestOneInput(data, size + 1), 0);
		assert_int_equal(ran, 0);
	}
}

static int drop(void **state)
{
	(void)state;
	target_change = NULL;
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_without),
		cmocka_unit_test(good_races),
		cmocka_unit_test_teardown(good_change, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
