/* The fuzz target: decode, run, and stop the engine when a judge says no. */
#include "fuzz/target.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fuzz/report.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TARGET_ops TARGET_OPS
#define TARGET_decode TARGET_DECODE
#define TARGET_same TARGET_SAME
#define STRING_(a) #a
#define STRING(a) STRING_(a)

extern const struct pt_ops PASTE(pt_sim_, STAMP_NAME);
extern const struct hw_format PASTE(hw_, STAMP_NAME);

static uint64_t programs, operations;

void target_begin(struct program *p)
{
	p->target = PASTE(TARGET_, TARGET);
	p->subject = (struct subject){ &PASTE(pt_sim_, STAMP_NAME), &PASTE(hw_, STAMP_NAME) };
}

static void say_what_was_done(void)
{
	fprintf(stderr, "walkdiff: " STRING(TARGET) "-" STRING(STAMP_NAME) ": %" PRIu64
			" programs, %" PRIu64 " operations\n", programs, operations);
}

/* Error kinds by operation: what map returned, how far it went, whether unmap found anything. */
static void observe(void *ctx, const struct program *p, long op, const struct outcome *o)
{
	unsigned kind = op < 0 ? OP_KINDS : p->ops[op].kind;
	unsigned result = (unsigned)(o->err ? -o->err % 64 : o->bytes || o->mapped);

	(void)ctx;
	target_feature(kind * 64 + result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct judge *judge;
	static struct program program;
	struct run_options options = { .observer = observe };
	struct history history = { 0 };
	struct run run;

	if (!judge) {
		judge = judge_create(4096);
		if (!judge)
			abort();
		target_begin(&program);
		atexit(say_what_was_done);
	}
	program_decode(&program, data, size);
	run = run_program(judge, &program, &options);
	programs++;
	operations += run.operations;
	if (run.verdict.check == CHECK_NONE) {
		/* Shapes: a leaf of each size under each top. */
		for (unsigned lg2 = 0; lg2 < 64; lg2++)
			if (judge->leaves[lg2])
				target_feature((OP_KINDS + 1) * 64 + lg2);
		return 0;
	}
	options = (struct run_options){ .observer = history_observer, .ctx = &history };
	run = run_program(judge, &program, &options);
	print_report(judge, &program, &run, &history, NULL, stderr);
	fputs("\nThe input is a crash file of the engine: walkdiff repro FILE\n", stderr);
	say_what_was_done();
	abort();
}
