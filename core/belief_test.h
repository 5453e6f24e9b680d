/* For the tests of worlds: a belief that is broken says so, and ends the program. */
#ifndef WALKDIFF_CORE_BELIEF_TEST_H
#define WALKDIFF_CORE_BELIEF_TEST_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* `end` is what VERIFY calls in that world. */
static inline void check_broken_belief(void (*end)(const char *, const char *, int))
{
	void (*volatile called)(const char *, const char *, int) = end;
	char said[200] = "";
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		called("n < 3", "core/x.h", 17);
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

#endif
