/* What a race tells the engine: each of its kinds when it should, and else nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz/feedback.h"

#define MEETS 0		       /* who came to a word of an operation in flight */
#define BETWEEN 1	       /* who came in between */
#define KIND(n) ((n) / (FEEDBACK_FEATURES / 2))

static unsigned told[2], last[2];
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
	told[MEETS] = told[BETWEEN] = 0;
	feedback_begin();
}

static void come_to(unsigned thread, enum sim_event what, unsigned word, unsigned site)
{
	feedback_event(thread, what, 0x1000 + 8 * word, &sites[site]);
}

static void assert_told(unsigned meets, unsigned between)
{
	assert_int_equal(told[MEETS], meets);
	assert_int_equal(told[BETWEEN], between);
}

static void good_meets(void **state)
{
	unsigned first;

	(void)state;
	begin();
	come_to(0, EVENT_STORE, 0, 0);
	come_to(0, EVENT_LOAD, 0, 1); /* its own */
	come_to(1, EVENT_LOAD, 1, 1); /* another word */
	come_to(2, EVENT_LOAD, 1, 1); /* neither writes */
	assert_told(0, 0);
	come_to(1, EVENT_LOAD, 0, 1);
	assert_told(1, 0);
	first = last[MEETS];
	assert_false(feedback_met()); /* nobody was in the way */
	come_to(2, EVENT_CMPXCHG, 0, 2); /* both others are in flight */
	assert_told(3, 0);
	assert_true(last[MEETS] != first);
	assert_true(feedback_met());
}

static void good_ended(void **state)
{
	(void)state;
	begin();
	come_to(0, EVENT_STORE, 0, 0);
	feedback_event(0, EVENT_OPERATION, 0, NULL);
	come_to(1, EVENT_STORE, 0, 1);
	assert_told(0, 0);
	assert_false(feedback_met());
	begin(); /* what was written in a race before is no matter */
	come_to(0, EVENT_STORE, 0, 1);
	assert_told(0, 0);
	assert_false(feedback_met());
	assert_true(feedback_met()); /* nothing was told since */
}

static void good_between(void **state)
{
	(void)state;
	begin();
	come_to(0, EVENT_LOAD, 0, 0);
	come_to(1, EVENT_STORE, 0, 1);
	assert_told(1, 0);
	come_to(0, EVENT_CMPXCHG, 0, 2);
	assert_told(2, 1);
	/* Once it has come back, and nobody has written since: nobody came in between. */
	come_to(0, EVENT_LOAD, 0, 0);
	assert_told(3, 1);
	/* The other, too, comes back to what was written meanwhile. */
	come_to(1, EVENT_STORE, 0, 1);
	assert_told(4, 2);
	/* The next operation of a thread does not come back. */
	feedback_event(0, EVENT_OPERATION, 0, NULL);
	come_to(0, EVENT_LOAD, 0, 0);
	assert_told(5, 2);
}

static void good_silence(void **state)
{
	(void)state;
	begin();
	feedback_met(); /* of what was told before */
	feedback_listener = NULL;
	come_to(0, EVENT_STORE, 0, 0);
	come_to(1, EVENT_LOAD, 0, 1);
	assert_told(0, 0);
	assert_true(feedback_met());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_meets),
		cmocka_unit_test(good_ended),
		cmocka_unit_test(good_between),
		cmocka_unit_test(good_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
