/* What a race tells the engine: each of its two kinds when it should, and else nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz/feedback.h"

#define READS 0		       /* who read what was written */
#define BETWEEN 1	       /* who came in between */
#define KIND(n) ((n) / (FEEDBACK_FEATURES / 2))

static unsigned told[2], last[2];
static uint64_t words[2];
static const char sites[8];

static void listen(unsigned n)
{
	assert_true(n < FEEDBACK_FEATURES);
	told[KIND(n)]++;
	last[KIND(n)] = n;
}

static void begin(void)
{
	feedback_listener = listen;
	told[READS] = told[BETWEEN] = 0;
	feedback_begin();
}

static void come_to(unsigned thread, enum sim_event what, unsigned word, unsigned site)
{
	feedback_event(thread, what, &words[word], &sites[site]);
}

static void assert_told(unsigned reads, unsigned between)
{
	assert_int_equal(told[READS], reads);
	assert_int_equal(told[BETWEEN], between);
}

static void good_reads(void **state)
{
	unsigned first;

	(void)state;
	begin();
	come_to(0, EVENT_STORE, 0, 0);
	come_to(0, EVENT_LOAD, 0, 1); /* its own */
	come_to(1, EVENT_LOAD, 1, 1); /* another word */
	assert_told(0, 0);
	come_to(1, EVENT_LOAD, 0, 1);
	assert_told(1, 0);
	first = last[READS];
	come_to(2, EVENT_CMPXCHG, 0, 2); /* another place reads it */
	assert_told(2, 0);
	assert_true(last[READS] != first);
	begin(); /* what was written in a race before is no matter */
	come_to(1, EVENT_LOAD, 0, 1);
	assert_told(0, 0);
}

static void good_between(void **state)
{
	(void)state;
	begin();
	come_to(0, EVENT_LOAD, 0, 0);
	come_to(1, EVENT_STORE, 0, 1);
	come_to(0, EVENT_CMPXCHG, 0, 2);
	assert_told(1, 1);
	/* Once it has come back, and nobody has written since: nothing. */
	come_to(0, EVENT_LOAD, 0, 0);
	assert_told(1, 1);
	/* The other, too, comes back to what was written meanwhile. */
	come_to(1, EVENT_STORE, 0, 1);
	assert_told(1, 2);
	/* The next operation of a thread does not come back. */
	feedback_event(0, EVENT_OPERATION, NULL, NULL);
	come_to(0, EVENT_LOAD, 0, 0);
	assert_told(2, 2);
}

static void good_silence(void **state)
{
	(void)state;
	begin();
	feedback_listener = NULL;
	come_to(0, EVENT_STORE, 0, 0);
	come_to(1, EVENT_LOAD, 0, 1);
	assert_told(0, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_reads),
		cmocka_unit_test(good_between),
		cmocka_unit_test(good_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
