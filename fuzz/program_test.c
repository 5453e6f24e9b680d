/*
 * Tests of programs as bytes and as text.
 *
 * Goal: every byte string is a program, both forms say all of it and convert without
 * loss, everything a program can say is reached, and a wrong text is refused for the
 * right reason at the right line.
 * Method: for every format and target, thousands of random byte strings through both
 * forms and back; programs that differ in one bit; a table of wrong texts.
 */
#include "fuzz/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/mutate.h"
#include "fuzz/subjects.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define STRINGS 3000 /* random byte strings a format and target */
#define MAX_RECORDS 12

static struct program empty(enum target target, unsigned format)
{
	return (struct program){ .target = target, .subject = formats[format].subject };
}

/* A plain program that every test may change in one place. */
static struct program plain(enum target target, unsigned format)
{
	struct program p = empty(target, format);

	p.config = formats[format].subject.ops->variants[0].config;
	p.memory.tables = 64;
	return p;
}

static void assert_bytes_keep(const struct program *p)
{
	static uint8_t bytes[RECORD_SIZE * (MAX_RECORDS + 1)], again[sizeof(bytes)];
	struct program q = { .target = p->target, .subject = p->subject };
	size_t size = program_encode(p, bytes, sizeof(bytes));

	assert_int_equal(size, RECORD_SIZE * (p->nr + 1));
	program_decode(&q, bytes, size);
	assert_true(program_equal(p, &q));
	assert_int_equal(program_encode(&q, again, sizeof(again)), size);
	assert_memory_equal(again, bytes, size);
	program_free(&q);
}

static char *text_of(const struct program *p)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	program_print(p, out);
	fclose(out);
	return text;
}

static void assert_text_keeps(const struct program *p)
{
	struct program q = { .target = TARGETS };
	struct text_error error = { .reason = "" };
	char *text = text_of(p), *again;

	if (!program_parse(&q, text, find_subject, &error))
		fail_msg("line %u: %s\n%s", error.line, error.reason, text);
	again = text_of(&q);
	assert_string_equal(again, text);
	if (!program_equal(p, &q))
		fail_msg("parsing its text gives another program than\n%s", text);
	free(again);
	free(text);
	program_free(&q);
}

static void for_all(void (*each)(enum target target, unsigned format))
{
	for (unsigned target = 0; target < TARGETS; target++)
		for (unsigned format = 0; format < nr_formats; format++)
			each((enum target)target, format);
}

/* ---- conversions ---- */

static void random_string(enum target target, unsigned format)
{
	struct program p = empty(target, format);
	uint64_t state = target * 64 + format;

	for (unsigned n = 0; n < STRINGS; n++) {
		size_t size = next_random(&state) % (RECORD_SIZE * (MAX_RECORDS + 1) + 1);
		uint8_t *bytes = malloc(size + 1); /* of its size, so that a read beyond shows */

		assert_non_null(bytes);
		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)next_random(&state);
		program_decode(&p, bytes + 1, size ? size - 1 : 0);
		free(bytes);
		assert_int_equal(p.nr, size > 2 * RECORD_SIZE ? (size - 1) / RECORD_SIZE - 1 : 0);
		for (size_t i = 0; i < p.nr; i++)
			assert_true(op_shapes[p.ops[i].kind].targets >> target & 1);
		assert_true(p.memory.tables >= 1);
		assert_true(p.memory.window < WINDOWS);
		assert_bytes_keep(&p);
		assert_text_keeps(&p);
	}
	program_free(&p);
}

static void good_random_strings(void **state)
{
	(void)state;
	for_all(random_string);
}

/* Sensible forms come from sensible records: most random configurations are accepted. */
static void drawn_config(enum target target, unsigned format)
{
	struct program p = empty(target, format);
	uint64_t state = 1;
	unsigned accepted = 0;

	for (unsigned n = 0; n < STRINGS; n++) {
		uint8_t header[RECORD_SIZE];

		for (size_t i = 0; i < sizeof(header); i++)
			header[i] = (uint8_t)next_random(&state);
		program_draw_config(&p, header);
		accepted += judge_predict_init(p.subject.hw, &p.config) == 0;
		assert_bytes_keep(&p);
	}
	assert_true(accepted > STRINGS * 2 / 5);
	assert_true(accepted < STRINGS);
}

static void good_drawn_configs(void **state)
{
	(void)state;
	for_all(drawn_config);
}

static void short_strings(enum target target, unsigned format)
{
	static const uint8_t zeroes[3 * RECORD_SIZE];
	struct program p = empty(target, format);

	program_decode(&p, NULL, 0);
	assert_int_equal(p.nr, 0);
	assert_int_equal(judge_predict_init(p.subject.hw, &p.config), 0);
	assert_bytes_keep(&p);
	for (size_t size = 1; size <= sizeof(zeroes); size++) {
		program_decode(&p, zeroes, size);
		assert_int_equal(p.nr, size / RECORD_SIZE - (size >= RECORD_SIZE));
		assert_text_keeps(&p);
	}
	program_free(&p);
}

static void good_short_strings(void **state)
{
	(void)state;
	for_all(short_strings);
}

/* Only whole records are encoded, and nothing behind them is written. */
static void good_short_buffers(void **state)
{
	struct program p = plain(TARGET_OPS, 0), q = empty(TARGET_OPS, 0);
	struct op op = { .kind = OP_SYNC };
	uint8_t bytes[3 * RECORD_SIZE];

	(void)state;
	program_insert(&p, 0, &op);
	program_insert(&p, 0, &op);
	for (size_t size = 0; size < sizeof(bytes); size++) {
		size_t used;

		memset(bytes, 0xee, sizeof(bytes));
		used = program_encode(&p, bytes, size);
		assert_int_equal(used, size - size % RECORD_SIZE);
		assert_int_equal(bytes[size], 0xee);
		if (!used)
			continue;
		program_decode(&q, bytes, used);
		assert_int_equal(q.nr, used / RECORD_SIZE - 1);
	}
	program_free(&p);
	program_free(&q);
}

/* ---- everything is reachable ---- */

static void assert_keeps(const struct program *p)
{
	assert_bytes_keep(p);
	assert_text_keeps(p);
}

static void config_fields(enum target target, unsigned format)
{
	struct program p = plain(target, format);

	for (unsigned bit = 0; bit < 64; bit++) {
		p.config.features = bit < 16 ? UINT64_C(1) << bit : 0;
		p.config.pgsize_bitmap = UINT64_C(1) << bit;
		p.memory.seed = UINT64_C(1) << (63 - bit);
		p.config.encrypt_bit = (uint8_t)bit;
		assert_keeps(&p);
	}
	for (uint8_t v = 0; v <= 64; v++) {
		p.config.vasz_lg2 = v;
		p.config.oasz_lg2 = (uint8_t)(64 - v);
		p.config.top_level = v % 8;
		p.memory.window = v % WINDOWS;
		assert_keeps(&p);
	}
	for (unsigned v = 0; v < 256; v++) {
		p.refuse_init = v;
		p.memory.tables = 1 + v * 4095 / 255;
		assert_keeps(&p);
	}
}

static void good_every_config_field(void **state)
{
	(void)state;
	for_all(config_fields);
}

static void argument_bits(enum target target, unsigned format)
{
	struct program p = plain(target, format);
	struct op op = { 0 };

	program_insert(&p, 0, &op);
	for (uint8_t kind = 0; kind < OP_KINDS; kind++) {
		const struct op_shape *shape = &op_shapes[kind];

		if (!(shape->targets >> target & 1))
			continue;
		for (unsigned bit = 0; bit < 64 * OP_MAX_ARGS; bit++) {
			if (!shape->args[bit / 64].name)
				break;
			if (UINT64_C(1) << bit % 64 > arg_max(shape->args[bit / 64].kind))
				continue;
			p.ops[0] = (struct op){ .kind = kind };
			p.ops[0].args[bit / 64] = UINT64_C(1) << bit % 64;
			assert_keeps(&p);
		}
		p.ops[0] = (struct op){ .kind = kind };
		for (uint8_t prot = 0; prot < (shape->has_prot ? 32 : 1); prot++) {
			p.ops[0].prot = prot;
			assert_keeps(&p);
		}
	}
	program_free(&p);
}

static void good_every_argument_bit(void **state)
{
	(void)state;
	for_all(argument_bits);
}

/* Bytes for another target or format say so. */
static void good_tags(void **state)
{
	uint32_t tags[16];
	unsigned nr = 0;

	(void)state;
	for (unsigned target = 0; target < TARGETS; target++)
		for (unsigned format = 0; format < nr_formats && nr < COUNT(tags); format++) {
			struct program p = plain((enum target)target, format);
			uint8_t b[RECORD_SIZE];

			tags[nr] = program_tag((enum target)target, formats[format].name);
			for (unsigned i = 0; i < nr; i++)
				assert_true(tags[i] != tags[nr]);
			program_encode(&p, b, sizeof(b));
			for (unsigned i = 0; i < 4; i++)
				assert_int_equal(b[i], tags[nr] >> 8 * i & 0xff);
			nr++;
		}
}

/* ---- programs in memory ---- */

static void good_insert_remove_copy(void **state)
{
	struct program p = plain(TARGET_OPS, 0), q = { 0 };
	struct op op = { .kind = OP_TRANSLATE };

	(void)state;
	for (op.args[0] = 0; op.args[0] < 100; op.args[0]++)
		program_insert(&p, p.nr / 2, &op);
	assert_int_equal(p.ops[0].args[0], 1);
	assert_int_equal(p.ops[50].args[0], 98);
	assert_int_equal(p.ops[99].args[0], 0);
	while (p.nr < p.cap)
		program_insert(&p, p.nr, &op);
	program_insert(&p, 0, &p.ops[50]); /* of the array that moves */
	assert_int_equal(p.ops[0].args[0], 98);
	program_copy(&q, &p);
	assert_true(program_equal(&p, &q));
	assert_ptr_not_equal(p.ops, q.ops);
	program_remove(&p, 1, p.nr - 2);
	assert_int_equal(p.nr, 2);
	assert_int_equal(p.ops[0].args[0], 98);
	assert_int_equal(p.ops[1].args[0], 100);
	assert_false(program_equal(&p, &q));
	program_free(&p);
	program_free(&q);
}

/* ---- text by hand ---- */

static void good_text(void **state)
{
	static const char text[] = "# a comment\n\r\n"
				   "walkdiff ops amdv1   # and another\r\n"
				   "\tconfig variant=mode-4 oasz_lg2=40 features=FLUSH_RANGE_NO_GAPS\n"
				   "memory tables=7 window=ones seed=9 refuse=2\n"
				   "map len=4096 oa=0x2000 prot=WRITE|READ iova=010\n"
				   "map iova=18446744073709551615 oa=0 len=0 prot=0\n"
				   "sync";
	struct program p = { 0 };
	struct text_error error;

	(void)state;
	assert_true(program_parse(&p, text, find_subject, &error));
	assert_int_equal(p.target, TARGET_OPS);
	assert_string_equal(p.subject.ops->name, "amdv1");
	assert_int_equal(p.config.vasz_lg2, 48);
	assert_int_equal(p.config.oasz_lg2, 40);
	assert_int_equal(p.config.features, PT_FLUSH_RANGE_NO_GAPS);
	assert_int_equal(p.memory.tables, 7);
	assert_int_equal(p.memory.window, WINDOW_ONES);
	assert_int_equal(p.memory.seed, 9);
	assert_int_equal(p.refuse_init, 2);
	assert_int_equal(p.nr, 3);
	assert_int_equal(p.ops[0].args[0], 10);
	assert_int_equal(p.ops[0].args[1], 0x2000);
	assert_int_equal(p.ops[0].args[2], 4096);
	assert_int_equal(p.ops[0].prot, PT_READ | PT_WRITE);
	assert_int_equal(p.ops[1].args[0], UINT64_MAX);
	assert_int_equal(p.ops[1].prot, 0);
	assert_int_equal(p.ops[2].kind, OP_SYNC);
	program_free(&p);
}

#define HEAD "walkdiff ops toy\n"
#define DECODE "walkdiff decode toy\n"
#define RACE "walkdiff race toy\n"

static const struct bad_text {
	const char *text;
	unsigned line;
	const char *reason;
} bad_texts[] = {
	{ "", 0, "'walkdiff TARGET FORMAT' is missing" },
	{ "# only\n\n", 2, "'walkdiff TARGET FORMAT' is missing" },
	{ "sync\n", 1, "begins with 'walkdiff" },
	{ "walkdiff ops\n", 1, "begins with 'walkdiff" },
	{ "walkdiff ops toy toy\n", 1, "begins with 'walkdiff" },
	{ "\nwalkdiff war toy\n", 2, "target: 'war'" },
	{ RACE "4: sync\n", 2, "thread: 4 is above 3" },
	{ RACE "one: sync\n", 2, "thread: 'one' is no number" },
	{ RACE "1:\n", 2, "thread 1 does what?" },
	{ RACE "1: switch after=1 to=1\n", 2, "switch is no thread's" },
	{ RACE "schedule strategy=best seed=0 depth=0\n", 2, "strategy: 'best' is not" },
	{ RACE "switch after=1 to=4\n", 2, "to: 4 is above 3" },
	{ HEAD "1: sync\n", 2, "unknown operation '1:'" },
	{ "walkdiff ops toys\n", 1, "unknown format 'toys'" },
	{ HEAD HEAD, 2, "unknown operation 'walkdiff'" },
	{ HEAD "sink\n", 2, "unknown operation 'sink'" },
	{ HEAD "probe iova=0\n", 2, "probe is no operation of target ops" },
	{ DECODE "sync\n", 2, "sync is no operation of target decode" },
	{ HEAD "sync\nunmap iova=0x1000\n", 3, "unmap needs len=" },
	{ HEAD "map iova=0 oa=0 len=0\n", 2, "map needs prot=" },
	{ HEAD "unmap iova=0 len=0 prot=READ\n", 2, "unmap has no 'prot'" },
	{ HEAD "unmap iova=0 len=0 oa=0\n", 2, "unmap has no 'oa'" },
	{ HEAD "sync now\n", 2, "'now' is not of the form key=value" },
	{ HEAD "sync now=1\n", 2, "sync has no 'now'" },
	{ HEAD "unmap iova=0 iova=0 len=0\n", 2, "iova is given twice" },
	{ HEAD "map iova=0 oa=0 len=0 prot=READ prot=READ\n", 2, "prot is given twice" },
	{ HEAD "translate iova=\n", 2, "'iova=' is not of the form" },
	{ HEAD "translate =1\n", 2, "'=1' is not of the form" },
	{ HEAD "translate iova=x\n", 2, "iova: 'x' is no number" },
	{ HEAD "translate iova=-1\n", 2, "iova: '-1' is no number" },
	{ HEAD "translate iova=0x\n", 2, "iova: '0x' is no number" },
	{ HEAD "translate iova=1k\n", 2, "iova: '1k' is no number" },
	{ HEAD "translate iova=0x10000000000000000\n", 2, "is above" },
	{ HEAD "map iova=0 oa=0 len=0 prot=READ|RITE\n", 2, "prot: 'RITE' is not" },
	{ HEAD "map iova=0 oa=0 len=0 prot=32\n", 2, "prot: 32 is above 31" },
	{ HEAD "sync\nconfig vasz_lg2=15\n", 3, "config comes before the first operation" },
	{ HEAD "sync\nmemory seed=1\n", 3, "memory comes before the first operation" },
	{ HEAD "config variant=none\n", 2, "toy has no variant 'none'" },
	{ HEAD "config color=1\n", 2, "config has no 'color'" },
	{ HEAD "config vasz_lg2=65\n", 2, "vasz_lg2: 65 is above 64" },
	{ HEAD "config oasz_lg2=65\n", 2, "oasz_lg2: 65 is above 64" },
	{ HEAD "config top_level=8\n", 2, "top_level: 8 is above 7" },
	{ HEAD "config encrypt_bit=64\n", 2, "encrypt_bit: 64 is above 63" },
	{ HEAD "config features=FAST\n", 2, "features: 'FAST' is not" },
	{ HEAD "config features=0x20000\n", 2, "features: 0x20000 is above 131071" },
	{ HEAD "config pgsize_bitmap=all\n", 2, "pgsize_bitmap: 'all' is no number" },
	{ HEAD "memory tables=0\n", 2, "tables: at least 1" },
	{ HEAD "memory tables=many\n", 2, "tables: 'many' is no number" },
	{ HEAD "memory tables=4097\n", 2, "tables: 4097 is above 4096" },
	{ HEAD "memory window=left\n", 2, "window: 'left' is not" },
	{ HEAD "memory refuse=256\n", 2, "refuse: 256 is above 255" },
	{ HEAD "memory speed=1\n", 2, "memory has no 'speed'" },
	{ HEAD "map 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", 2, "more than 16 words" },
};

static void bad_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_texts); i++) {
		const struct bad_text *b = &bad_texts[i];
		struct program p = { 0 };
		struct text_error error = { .line = 999, .reason = "" };
		bool good = program_parse(&p, b->text, find_subject, &error);

		program_free(&p);
		if (good || error.line != b->line || !strstr(error.reason, b->reason))
			fail_msg("'%s' should fail at line %u, '%s', but %s at %u, '%s'", b->text,
				 b->line, b->reason, good ? "passes" : "fails", error.line,
				 error.reason);
	}
}

/* A file tells by itself which form it is in: a comment may stand first in a text. */
static void good_is_text(void **state)
{
	static const char text[] = "# a comment\n\nwalkdiff ops toy\n";
	uint8_t bytes[RECORD_SIZE];
	struct program p = plain(TARGET_OPS, 0);

	(void)state;
	assert_true(program_is_text(text, sizeof(text) - 1));
	assert_false(program_is_text(text, sizeof(text))); /* with its end of string */
	assert_false(program_is_text(text, 0));
	assert_int_equal(program_encode(&p, bytes, sizeof(bytes)), RECORD_SIZE);
	assert_false(program_is_text((const char *)bytes, sizeof(bytes)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_is_text),
		cmocka_unit_test(good_random_strings),
		cmocka_unit_test(good_drawn_configs),
		cmocka_unit_test(good_short_strings),
		cmocka_unit_test(good_short_buffers),
		cmocka_unit_test(good_every_config_field),
		cmocka_unit_test(good_every_argument_bit),
		cmocka_unit_test(good_tags),
		cmocka_unit_test(good_insert_remove_copy),
		cmocka_unit_test(good_text),
		cmocka_unit_test(bad_text),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
