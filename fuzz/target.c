/* The fuzz target: decode, run, and stop the engine when a judge says no. */
#include "fuzz/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/foreign.h"
#include "fuzz/refuse.h"
#include "fuzz/report.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TARGET_ops TARGET_OPS
#define TARGET_decode TARGET_DECODE
#define TARGET_same TARGET_SAME
#define TARGET_race TARGET_RACE
#define STRING_(a) #a
#define STRING(a) STRING_(a)

extern const struct pt_ops PASTE(pt_sim_, STAMP_NAME), PASTE(pt_fast_, STAMP_NAME);
extern const struct hw_format PASTE(hw_, STAMP_NAME);

/* inv_of_<stamp>: the architecture that formats.def names for it. */
#define STAMP(stamp, file, architecture)                                                       \
	static const struct inv_format *const inv_of_##stamp __attribute__((unused)) =         \
		&inv_##architecture;
#include "formats/formats.def"
#undef STAMP

#ifdef CHANGE_IS_MARKED
/* Of ci/mark-change; null: no function that the change touches is in this program. */
extern unsigned char change_ran __attribute__((weak));
#endif
unsigned char *target_change;

static struct tally own_tally, *tally = &own_tally;

void target_begin(struct program *p)
{
	p->target = PASTE(TARGET_, TARGET);
	p->subject = (struct subject){ .ops = &PASTE(pt_sim_, STAMP_NAME),
				       .hw = &PASTE(hw_, STAMP_NAME),
				       .inv = PASTE(inv_of_, STAMP_NAME) };
}

static void say_what_was_done(void)
{
	unsigned features = 0;

	for (unsigned i = 0; i < TARGET_FEATURES; i++)
		features += tally->features[i];
	fprintf(stderr, "walkdiff: " STRING(TARGET) "-" STRING(STAMP_NAME) ": %" PRIu64
			" programs, %" PRIu64 " operations, %u features\n",
		tally->programs, tally->operations, features);
}

/* To the file that the environment names, which was made for it; or to our own memory. */
static void open_tally(void)
{
	const char *path = getenv("WALKDIFF_TALLY");
	void *at = MAP_FAILED;
	int fd;

	if (!path || !*path)
		return;
	fd = open(path, O_RDWR | O_CREAT, 0666);
	if (fd >= 0 && !ftruncate(fd, sizeof(*tally)))
		at = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		fprintf(stderr, "walkdiff: WALKDIFF_TALLY: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	close(fd);
	tally = at;
}

static void feature_seen(unsigned n)
{
	uint8_t *counter = target_counter(n);

	*counter = 1;
	if (*counter == 1)
		tally->features[n] = 1;
}

/* Other processes of the engine may do so, too. */
static void tally_add(uint64_t *sum, uint64_t n)
{
	__atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
}

/* Error kinds by operation: what map returned, how far it went, whether unmap found anything. */
static void observe(void *ctx, const struct program *p, long op, const struct outcome *o)
{
	unsigned kind = op < 0 ? OP_KINDS : p->ops[op].kind;
	/* Of 59 no two errors of operations are the same. */
	unsigned result = (unsigned)(o->err ? -o->err % 59 : o->bytes || o->mapped);

	(void)ctx;
	feature_seen(kind * 64 + result);
}

/* From the environment, where walkdiff fuzz puts what it was told: judges that say nothing. */
static uint32_t checks_off(void)
{
	const char *names = getenv("WALKDIFF_WITHOUT");
	uint32_t off = 0;

	if (names && *names && !parse_checks(names, &off)) {
		fprintf(stderr, "walkdiff: WALKDIFF_WITHOUT: '%s' are not judges to do without\n",
			names);
		exit(2);
	}
	return off;
}

/* Of races, behind those of observe and of shapes. */
static void listen(unsigned n)
{
	feature_seen(TARGET_FEEDBACK + n);
}

/* Run it once more, for what its operations returned, and stop the engine. */
static void report_failure(struct judge *judge, const struct program *p, struct refusal refused)
{
	struct history history = { 0 };
	struct run_options options = { .observer = history_observer, .ctx = &history };
	struct run run;

	options = refusing(&options, refused);
	run = run_program(judge, p, &options);

	if (refused.first) {
		fputs("walkdiff: with ", stderr);
		print_refusal(refused, stderr);
		fputs(" of the program refused\n", stderr);
	}
	print_report(judge, p, &run, &history, NULL, stderr);
	fprintf(stderr, "\nThe input is a crash file of the engine: walkdiff repro --target %s "
			"--format %s%s FILE\n", STRING(TARGET), STRING(STAMP_NAME),
		refused.first ? " --refuse-all" : "");
	say_what_was_done();
	abort();
}

/* From the environment, too: an object to judge in the place of ours. */
static void choose_subject(struct program *p)
{
	static struct foreign_object object;
	const char *path = getenv(FOREIGN_VARIABLE);
	char error[256] = "has nothing for " STRING(STAMP_NAME);

	if (!path || !*path)
		return;
	if (!foreign_load(&object, path, error, sizeof(error)) ||
	    !foreign_replace(&object, STRING(STAMP_NAME), &PASTE(pt_fast_, STAMP_NAME), &p->subject)) {
		fprintf(stderr, "walkdiff: %s: %s\n", path, error);
		exit(2);
	}
	foreign_print(&object, stderr);
}

static void begin(void)
{
	open_tally();
	atexit(say_what_was_done);
	if (getenv("WALKDIFF_NO_FEEDBACK") && *getenv("WALKDIFF_NO_FEEDBACK"))
		return; /* ci/mutate --feedback and --weights measure without */
	feedback_listener = listen;
#ifdef CHANGE_IS_MARKED
	target_change = &change_ran;
#endif
}

/*
 * Programs to come from: all but races in which no thread got in another's way; or, where there is
 * a change, all that come to it. Some of the others, too, since the way to those may lead there:
 * always the same, for engines that run an input more than once.
 */
static bool is_to_keep(const uint8_t *data, size_t size)
{
	unsigned one_of = feedback_met() ? 1 : 64;
	uint64_t digest = 0;

	if (target_change) {
		tally_add(&tally->at_change, *target_change);
		one_of = *target_change ? 1 : 8;
		*target_change = 0;
	}
	for (size_t i = 0; one_of > 1 && i < size; i++)
		digest = digest_with(digest, data[i]);
	return digest % one_of == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	static struct judge *judge;
	struct run_options options = { .observer = observe };
	struct refusal refused = { 0, 0 };
	uint64_t operations;
	struct run run;

	if (!judge) {
		begin();
		judge = judge_create(4096);
		if (!judge)
			abort();
		judge->off = checks_off();
		target_begin(&program);
		choose_subject(&program);
	}
	program_decode(&program, data, size);
	run = run_program(judge, &program, &options);
	operations = run.operations;
	tally_add(&tally->programs, 1);
	/* Shapes: a leaf of each size under each top. */
	for (unsigned lg2 = 0; lg2 < 64 && run.verdict.check == CHECK_NONE; lg2++)
		if (judge->leaves[lg2])
			feature_seen((OP_KINDS + 1) * 64 + lg2);
	if (run.verdict.check == CHECK_NONE && program.target == TARGET_OPS &&
	    getenv("WALKDIFF_REFUSE") && *getenv("WALKDIFF_REFUSE"))
		run = run_with_refusals(judge, &program, &options, &refused, &operations);
	tally_add(&tally->operations, operations);
	if (run.verdict.check != CHECK_NONE)
		report_failure(judge, &program, refused);
	/* Now, or else the next program would run more code for what this one left. */
	memory_forget(judge->sim.memory);
	return is_to_keep(data, size) ? 0 : -1;
}
