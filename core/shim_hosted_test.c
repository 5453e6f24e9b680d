/*
 * Tests of the world of a foreign object where it does not ask its host: a lock begins free, and
 * a belief that is broken ends the program.
 */
#define PT_WORLD hosted
#include "core/shim.h"
#include "core/belief_test.h"


static void good_lock_begins_free(void **state)
{
	shim_lock_t lock = { .held = true };

	(void)state;
	shim_lock_init(NULL, &lock);
	assert_false(lock.held);
	shim_lock_destroy(NULL, &lock);
}

static void good_broken_belief(void **state)
{
	(void)state;
	check_broken_belief(shim_verify_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lock_begins_free),
		cmocka_unit_test(good_broken_belief),
	};

	return cmocka_run_group_tests_name("shim_hosted", tests, NULL, NULL);
}
