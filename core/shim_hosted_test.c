/*
 * Tests of the world of a foreign object where it does not ask its host: a lock begins free, and
 * a belief that is broken ends the program.
 */
#define PT_WORLD hosted
#include "core/shim.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
	void (*volatile end)(const char *, const char *, int) = shim_verify_failed;
	char said[200] = "";
	int ends[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		end("n < 3", "core/x.h", 17);
		_exit(0);
	}
	assert_true(child > 0);
	close(ends[1]);
	assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(said, "core/x.h:17"));
	assert_non_null(strstr(said, "n < 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lock_begins_free),
		cmocka_unit_test(good_broken_belief),
	};

	return cmocka_run_group_tests_name("shim_hosted", tests, NULL, NULL);
}
