/*
 * The parser of trace lines. Goal: what ftrace prints is understood in every shape
 * that kernels and tools give it, and a line that cannot be one of the events is
 * refused with a reason, never replayed as something else. Method: worked lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/trace.h"

#define COLUMNS "        modprobe-172     [001] ..s1.     3.210802: "
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct trace_event parse(const char *text)
{
	struct trace_event e;

	trace_parse(text, 7, &e);
	assert_int_equal(e.line, 7);
	return e;
}

static void good_map(void **state)
{
	struct trace_event e =
		parse(COLUMNS "map: IOMMU: iova=0x00000000ffffe000 - 0x0000000100000000 "
			      "paddr=0x0000000108480000 size=8192");

	(void)state;
	assert_int_equal(e.kind, TRACE_MAP);
	assert_int_equal(e.task, 172);
	assert_int_equal(e.iova, 0xffffe000);
	assert_int_equal(e.oa, 0x108480000);
	assert_int_equal(e.len, 8192);
}

static void good_unmap(void **state)
{
	struct trace_event e = parse(COLUMNS "unmap: IOMMU: iova=0x0000000000001000 - "
					     "0x0000000000003000 size=8192 unmapped_size=4096");

	(void)state;
	assert_int_equal(e.kind, TRACE_UNMAP);
	assert_int_equal(e.iova, 0x1000);
	assert_int_equal(e.len, 8192);
	assert_int_equal(e.removed, 4096);
}

/* The columns before the event, as kernels and tools print them; all of process 209. */
static void good_columns(void **state)
{
	static const char *const columns[] = {
		" qemu-system-x86-209     [001] .....     7.544986: ",
		" qemu-system-x86-209     [001] d.h2.     7.544986: ",
		"              dd-209     [11] 7.544986: ",
		"              dd-209     (    209) [001] .....     7.544986: ",
		"              dd-209     (-------) [001] .....     7.544986: ",
		"   a [0] b: c-1-209     [001] .....     7.544986: ",
		"              dd-209     [001] .....  7544986: ",
		"qemu-system-x86   209 [001]     7.544986: iommu:",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < COUNT(columns); i++) {
		struct trace_event e;

		strcpy(line, columns[i]);
		strcat(line, "map:    IOMMU: iova=0x1000 - 0x2000 paddr=0x3000 size=4096\r");
		e = parse(line);
		assert_int_equal(e.kind, TRACE_MAP);
		assert_int_equal(e.task, 209);
		assert_int_equal(e.oa, 0x3000);
	}
}

/* Older kernels print no end. */
static void good_without_end(void **state)
{
	struct trace_event e = parse(COLUMNS "map: IOMMU: iova=0x1000 paddr=0x3000 size=4096");

	(void)state;
	assert_int_equal(e.kind, TRACE_MAP);
	assert_int_equal(e.len, 4096);
	e = parse(COLUMNS "unmap: IOMMU: iova=0x1000 size=4096 unmapped_size=0");
	assert_int_equal(e.kind, TRACE_UNMAP);
	assert_int_equal(e.removed, 0);
}

/* The exclusive end of the last page is 2^64, printed as 0. */
static void good_last_page(void **state)
{
	struct trace_event e = parse(COLUMNS "map: IOMMU: iova=0xfffffffffffff000 - "
					     "0x0000000000000000 paddr=0x0 size=4096");

	(void)state;
	assert_int_equal(e.kind, TRACE_MAP);
	assert_int_equal(e.iova, UINT64_MAX - 4095);
}

static void good_probes(void **state)
{
	struct trace_event e =
		parse(COLUMNS "dom_map: (__iommu_map+0x0/0x280) domain=0xff2a383ff9ac96a0 "
			      "iova=0x2000 paddr=0x189fb2000 size=0x1000");

	(void)state;
	assert_int_equal(e.kind, TRACE_DOM_MAP);
	assert_int_equal(e.domain, 0xff2a383ff9ac96a0);
	assert_int_equal(e.iova, 0x2000);
	assert_int_equal(e.oa, 0x189fb2000);
	assert_int_equal(e.len, 0x1000);
	e = parse(COLUMNS "dom_unmap: (__iommu_unmap+0x0/0x1d0) domain=0xff2a383ff9ac96a0 "
			  "iova=0x2000 size=0x1000");
	assert_int_equal(e.kind, TRACE_DOM_UNMAP);
	assert_int_equal(e.len, 0x1000);
}

static void good_mark(void **state)
{
	struct trace_event e = parse(COLUMNS "tracing_mark_write: PHASE map: IOMMU: iova=x");

	(void)state;
	assert_int_equal(e.kind, TRACE_MARK);
	assert_string_equal(e.text, "PHASE map: IOMMU: iova=x");
}

static void good_lost(void **state)
{
	(void)state;
	assert_int_equal(parse("CPU:2 [LOST 4711 EVENTS]").kind, TRACE_LOST);
}

/* Nothing to replay, and no reason to complain. */
static void good_others(void **state)
{
	static const char *const lines[] = {
		"",
		"   ",
		"# tracer: nop",
		"#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
		"# map: IOMMU: iova=0x1000",
		COLUMNS "attach_device_to_domain: IOMMU: device=0000:00:02.0",
		COLUMNS "remap: IOMMU: iova=0x1000",
		COLUMNS "map",
		COLUMNS,
		"[",
		"[001] 1.2:",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(parse(lines[i]).kind, TRACE_OTHER);
}

static void bad_lines(void **state)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{ COLUMNS "map:", "'IOMMU:'" },
		{ COLUMNS "map: IOMMU:", "iova=" },
		{ COLUMNS "map: IOMMU: iova=4096 - 0x2000 paddr=0x0 size=4096", "iova=" },
		{ COLUMNS "map: IOMMU: iova=0x - 0x2000 paddr=0x0 size=4096", "iova=" },
		{ COLUMNS "map: IOMMU: iova=0x10000000000000000 - 0x2000 paddr=0x0 size=4096",
		  "iova=" },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2zzz paddr=0x0 size=4096", "0x..." },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2000 size=4096", "paddr=" },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0 size=0x1000", "size=" },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0 size=-4096", "size=" },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0", "size=" },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0 size=4096 x", "follows" },
		{ COLUMNS "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0 size=8192", "length" },
		{ COLUMNS "map: IOMMU: iova=0x2000 - 0x1000 paddr=0x0 size=4096", "length" },
		{ COLUMNS "map: IOMMU: iova=0xfffffffffffff000 - 0x1000 paddr=0x0 size=8192",
		  "64-bit" },
		{ COLUMNS "unmap: IOMMU: iova=0x1000 - 0x2000 size=4096", "unmapped_size=" },
		{ COLUMNS "unmap: IOMMU: iova=0x1000 - 0x2000 size=4096 unmapped_size=",
		  "unmapped_size=" },
		{ COLUMNS "dom_map: (f+0x0/0x1) domain=0x1 iova=0x1000 size=0x1000", "paddr=" },
		{ COLUMNS "dom_unmap: (f+0x0/0x1) domain=0x0 iova=0x1000 size=0x1000", "domain" },
		{ "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x0 size=4096", "no task" },
		{ "0.1: unmap: IOMMU: iova=0x1000 - 0x2000", "no task" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct trace_event e = parse(cases[i].line);

		assert_int_equal(e.kind, TRACE_MALFORMED);
		if (!strstr(e.text, cases[i].reason))
			fail_msg("%s: says '%s', not '%s'", cases[i].line, e.text, cases[i].reason);
	}
}

/* Every cut of a good line is either no event or malformed. */
static void bad_cuts(void **state)
{
	static const char line[] = COLUMNS "unmap: IOMMU: iova=0x0000000000001000 - "
					   "0x0000000000003000 size=8192 unmapped_size=8192";
	char cut[sizeof(line)];

	(void)state;
	for (size_t len = 0; len < sizeof(line) - 1; len++) {
		struct trace_event e;

		memcpy(cut, line, len);
		cut[len] = '\0';
		e = parse(cut);
		/* A cut inside the last number leaves a number. */
		if (e.kind == TRACE_UNMAP)
			assert_true(len > strlen(line) - 4);
		else
			assert_true(e.kind == TRACE_OTHER || e.kind == TRACE_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_map),	  cmocka_unit_test(good_unmap),
		cmocka_unit_test(good_columns),	  cmocka_unit_test(good_without_end),
		cmocka_unit_test(good_last_page), cmocka_unit_test(good_probes),
		cmocka_unit_test(good_mark),	  cmocka_unit_test(good_lost),
		cmocka_unit_test(good_others),	  cmocka_unit_test(bad_lines),
		cmocka_unit_test(bad_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
