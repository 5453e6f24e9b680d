/*
 * Programs as text, one line each: docs/LANGUAGE.md is the reference.
 *
 *     walkdiff ops amdv1
 *     config variant=growing
 *     map iova=0x1000 oa=0x200000 len=0x1000 prot=READ|WRITE
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/program.h"
#include "fuzz/schedule.h"

static const char *const prot_names[] = PT_PROT_NAMES;
static const char *const feature_names[] = PT_FEATURE_NAMES;
static const char *const flag_names[] = { "NO_CLEAR" };
static const char *const device_names[] = DEVICE_FLAG_NAMES;
#define COUNT(a) ((unsigned)(sizeof(a) / sizeof((a)[0])))

/* ---- printing ---- */

void print_mask(uint64_t mask, const char *const *names, unsigned nr, FILE *out)
{
	bool first = true;

	for (unsigned i = 0; i < nr; i++) {
		if (!(mask >> i & 1))
			continue;
		fprintf(out, "%s%s", first ? "" : "|", names[i]);
		first = false;
	}
	if (first)
		fputc('0', out);
}

void program_print_head(const struct program *p, FILE *out)
{
	const struct pt_config *c = &p->config;

	fprintf(out, "walkdiff %s %s\n", target_names[p->target], p->subject.ops->name);
	fprintf(out, "config vasz_lg2=%u top_level=%u oasz_lg2=%u encrypt_bit=%u ", c->vasz_lg2,
		c->top_level, c->oasz_lg2, c->encrypt_bit);
	fprintf(out, "pgsize_bitmap=0x%" PRIx64 " features=", c->pgsize_bitmap);
	print_mask(c->features, feature_names, COUNT(feature_names), out);
	for (unsigned i = 0; i < p->subject.ops->nr_variants; i++)
		if (config_equal(c, &p->subject.ops->variants[i].config))
			fprintf(out, "   # variant %s", p->subject.ops->variants[i].name);
	fprintf(out, "\nmemory tables=%u window=%s seed=0x%" PRIx64 " refuse=%u\n",
		p->memory.tables, memory_window_names[p->memory.window], p->memory.seed,
		p->refuse_init);
	fputs("device flags=", out);
	print_mask(p->device, device_names, COUNT(device_names), out);
	fputc('\n', out);
}

void program_print_op(const struct program *p, const struct op *op, FILE *out)
{
	const struct op_shape *shape = &op_shapes[op->kind];

	if (p->target == TARGET_RACE && op_has_thread(op->kind))
		fprintf(out, "%u: ", op->thread);
	fputs(shape->name, out);
	for (unsigned i = 0; i < OP_MAX_ARGS && shape->args[i].name; i++) {
		if (shape->args[i].kind == ARG_STRATEGY) {
			fprintf(out, " %s=%s", shape->args[i].name, strategy_names[op->args[i]]);
		} else if (shape->args[i].kind == ARG_FLAGS) {
			fprintf(out, " %s=", shape->args[i].name);
			print_mask(op->args[i], flag_names, COUNT(flag_names), out);
		} else if (shape->args[i].kind == ARG_COUNT ||
			   shape->args[i].kind == ARG_THREAD || shape->args[i].kind == ARG_LG2 ||
			   shape->args[i].kind == ARG_BITS)
			fprintf(out, " %s=%" PRIu64, shape->args[i].name, op->args[i]);
		else
			fprintf(out, " %s=0x%" PRIx64, shape->args[i].name, op->args[i]);
	}
	if (shape->has_prot) {
		fputs(" prot=", out);
		print_mask(op->prot, prot_names, COUNT(prot_names), out);
	}
}

void program_print(const struct program *p, FILE *out)
{
	program_print_head(p, out);
	for (size_t i = 0; i < p->nr; i++) {
		program_print_op(p, &p->ops[i], out);
		fputc('\n', out);
	}
}

/* ---- parsing ---- */

bool program_is_text(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\t' && c != '\r'))
			return false;
	}
	return size > 0;
}

struct parser {
	struct program *p;
	bool (*find_subject)(const char *name, struct subject *out);
	struct text_error *error;
	char *words[16];
	unsigned nr_words;
	bool headed;
};

static bool __attribute__((format(printf, 2, 3))) bad(struct parser *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->error->reason, sizeof(t->error->reason), format, args);
	va_end(args);
	return false;
}

static bool parse_number(struct parser *t, const char *what, const char *text, uint64_t max,
			 uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (!isdigit((unsigned char)text[0]) || *end)
		return bad(t, "%s: '%s' is no number", what, text);
	if (errno == ERANGE || *out > max)
		return bad(t, "%s: %s is above %" PRIu64, what, text, max);
	return true;
}

/* "A|B", or a number. */
static bool parse_mask(struct parser *t, const char *what, char *text, const char *const *names,
		       unsigned nr, uint64_t *out)
{
	if (isdigit((unsigned char)text[0]))
		return parse_number(t, what, text, (UINT64_C(1) << nr) - 1, out);
	*out = 0;
	for (char *word = strtok(text, "|"); word; word = strtok(NULL, "|")) {
		unsigned i = 0;

		while (i < nr && strcmp(names[i], word))
			i++;
		if (i == nr)
			return bad(t, "%s: '%s' is not one of its names", what, word);
		*out |= UINT64_C(1) << i;
	}
	return true;
}

static bool parse_choice(struct parser *t, const char *what, const char *text,
			 const char *const *names, unsigned nr, uint64_t *out)
{
	for (unsigned i = 0; i < nr; i++)
		if (!strcmp(names[i], text)) {
			*out = i;
			return true;
		}
	return bad(t, "%s: '%s' is not one of its names", what, text);
}

/* Split key=value in place; null when there is no '='. */
static char *value_of(struct parser *t, char *word)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1]) {
		bad(t, "'%s' is not of the form key=value", word);
		return NULL;
	}
	*equals = '\0';
	return equals + 1;
}

static bool parse_head(struct parser *t)
{
	uint64_t target = 0;

	if (strcmp(t->words[0], "walkdiff") || t->nr_words != 3)
		return bad(t, "a program begins with 'walkdiff TARGET FORMAT'");
	if (!parse_choice(t, "target", t->words[1], target_names, TARGETS, &target))
		return false;
	t->p->target = (enum target)target;
	if (!t->find_subject(t->words[2], &t->p->subject))
		return bad(t, "unknown format '%s'", t->words[2]);
	t->p->config = t->p->subject.ops->variants[0].config;
	t->headed = true;
	return true;
}

static bool parse_variant(struct parser *t, const char *name)
{
	const struct pt_ops *ops = t->p->subject.ops;

	for (unsigned i = 0; i < ops->nr_variants; i++)
		if (!strcmp(ops->variants[i].name, name)) {
			t->p->config = ops->variants[i].config;
			return true;
		}
	return bad(t, "%s has no variant '%s'", ops->name, name);
}

static bool parse_config(struct parser *t, const char *key, char *value)
{
	struct pt_config *c = &t->p->config;
	uint64_t v = 0;
	const struct {
		const char *key;
		uint8_t *to;
		uint64_t max;
	} bytes[] = {
		{ "vasz_lg2", &c->vasz_lg2, 64 },
		{ "top_level", &c->top_level, 7 },
		{ "oasz_lg2", &c->oasz_lg2, 64 },
		{ "encrypt_bit", &c->encrypt_bit, 63 },
	};

	if (!strcmp(key, "variant"))
		return parse_variant(t, value);
	if (!strcmp(key, "pgsize_bitmap"))
		return parse_number(t, key, value, UINT64_MAX, &c->pgsize_bitmap);
	if (!strcmp(key, "features"))
		return parse_mask(t, key, value, feature_names, COUNT(feature_names),
				  &c->features);
	for (unsigned i = 0; i < COUNT(bytes); i++)
		if (!strcmp(key, bytes[i].key)) {
			if (!parse_number(t, key, value, bytes[i].max, &v))
				return false;
			*bytes[i].to = (uint8_t)v;
			return true;
		}
	return bad(t, "config has no '%s'", key);
}

static bool parse_memory(struct parser *t, const char *key, char *value)
{
	struct program *p = t->p;
	uint64_t v = 0;

	if (!strcmp(key, "seed"))
		return parse_number(t, key, value, UINT64_MAX, &p->memory.seed);
	if (!strcmp(key, "window")) {
		if (!parse_choice(t, key, value, memory_window_names, WINDOWS, &v))
			return false;
		p->memory.window = (uint8_t)v;
		return true;
	}
	if (!strcmp(key, "tables")) {
		if (!parse_number(t, key, value, 4096, &v))
			return false;
		if (!v)
			return bad(t, "tables: at least 1");
		p->memory.tables = (uint32_t)v;
		return true;
	}
	if (!strcmp(key, "refuse")) {
		if (!parse_number(t, key, value, 255, &v))
			return false;
		p->refuse_init = (uint32_t)v;
		return true;
	}
	return bad(t, "memory has no '%s'", key);
}

static bool parse_device(struct parser *t, const char *key, char *value)
{
	uint64_t v = 0;

	if (strcmp(key, "flags"))
		return bad(t, "device has no '%s'", key);
	if (!parse_mask(t, key, value, device_names, COUNT(device_names), &v))
		return false;
	t->p->device = (uint8_t)v;
	return true;
}

static bool parse_pairs(struct parser *t, bool (*parse)(struct parser *, const char *, char *))
{
	if (t->p->nr)
		return bad(t, "%s comes before the first operation", t->words[0]);
	for (unsigned i = 1; i < t->nr_words; i++) {
		char *value = value_of(t, t->words[i]);

		if (!value || !parse(t, t->words[i], value))
			return false;
	}
	return true;
}

/* One key=value of an operation; `given` has a bit for each argument, and one for prot. */
static bool parse_arg(struct parser *t, struct op *op, char *word, unsigned *given)
{
	const struct op_shape *shape = &op_shapes[op->kind];
	char *value = value_of(t, word);
	unsigned i = 0;
	uint64_t v = 0;

	if (!value)
		return false;
	if (shape->has_prot && !strcmp(word, "prot"))
		i = OP_MAX_ARGS;
	else
		while (i < OP_MAX_ARGS && (!shape->args[i].name ||
					   strcmp(shape->args[i].name, word)))
			i++;
	if (i == OP_MAX_ARGS && !(shape->has_prot && !strcmp(word, "prot")))
		return bad(t, "%s has no '%s'", shape->name, word);
	if (*given & 1u << i)
		return bad(t, "%s: %s is given twice", shape->name, word);
	*given |= 1u << i;
	if (i < OP_MAX_ARGS && shape->args[i].kind == ARG_STRATEGY)
		return parse_choice(t, word, value, strategy_names, STRATEGIES, &op->args[i]);
	if (i < OP_MAX_ARGS && shape->args[i].kind == ARG_FLAGS)
		return parse_mask(t, word, value, flag_names, COUNT(flag_names), &op->args[i]);
	if (i < OP_MAX_ARGS)
		return parse_number(t, word, value, arg_max(shape->args[i].kind), &op->args[i]);
	if (!parse_mask(t, word, value, prot_names, COUNT(prot_names), &v))
		return false;
	op->prot = (uint8_t)v;
	return true;
}

/* "2:" before an operation: whose it is. */
static bool parse_thread(struct parser *t, struct op *op)
{
	char *colon = strchr(t->words[0], ':');
	uint64_t thread = 0;

	if (t->p->target != TARGET_RACE || !colon || colon[1])
		return true;
	*colon = '\0';
	if (!parse_number(t, "thread", t->words[0], arg_max(ARG_THREAD), &thread))
		return false;
	if (t->nr_words == 1)
		return bad(t, "thread %s does what?", t->words[0]);
	op->thread = (uint8_t)thread;
	t->nr_words--;
	memmove(&t->words[0], &t->words[1], t->nr_words * sizeof(t->words[0]));
	return true;
}

static bool parse_op(struct parser *t)
{
	struct op op = { 0 };
	const struct op_shape *shape;
	unsigned given = 0;

	if (!parse_thread(t, &op))
		return false;
	while (op.kind < OP_KINDS && strcmp(op_shapes[op.kind].name, t->words[0]))
		op.kind++;
	if (op.kind == OP_KINDS)
		return bad(t, "unknown operation '%s'", t->words[0]);
	shape = &op_shapes[op.kind];
	if (op.thread && !op_has_thread(op.kind))
		return bad(t, "%s is no thread's", shape->name);
	if (!(shape->targets >> t->p->target & 1))
		return bad(t, "%s is no operation of target %s", shape->name,
			   target_names[t->p->target]);
	for (unsigned i = 1; i < t->nr_words; i++)
		if (!parse_arg(t, &op, t->words[i], &given))
			return false;
	for (unsigned i = 0; i < OP_MAX_ARGS && shape->args[i].name; i++)
		if (!(given >> i & 1))
			return bad(t, "%s needs %s=", shape->name, shape->args[i].name);
	if (shape->has_prot && !(given >> OP_MAX_ARGS & 1))
		return bad(t, "%s needs prot=", shape->name);
	program_insert(t->p, t->p->nr, &op);
	return true;
}

static bool parse_line(struct parser *t, char *line)
{
	char *save = NULL;

	line[strcspn(line, "#\n")] = '\0';
	t->nr_words = 0;
	for (char *w = strtok_r(line, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		if (t->nr_words == COUNT(t->words))
			return bad(t, "more than %u words", COUNT(t->words));
		t->words[t->nr_words++] = w;
	}
	if (!t->nr_words)
		return true;
	if (!t->headed)
		return parse_head(t);
	if (!strcmp(t->words[0], "config"))
		return parse_pairs(t, parse_config);
	if (!strcmp(t->words[0], "memory"))
		return parse_pairs(t, parse_memory);
	if (!strcmp(t->words[0], "device"))
		return parse_pairs(t, parse_device);
	return parse_op(t);
}

bool program_parse(struct program *p, const char *text,
		   bool (*find_subject)(const char *name, struct subject *out),
		   struct text_error *error)
{
	struct parser t = { .p = p, .find_subject = find_subject, .error = error };
	bool good = true;

	p->nr = 0;
	p->memory = (struct memory_config){ .tables = 64 };
	p->device = 0;
	p->refuse_init = 0;
	error->line = 0;
	while (good && *text) {
		size_t len = strcspn(text, "\n");
		char *line = strndup(text, len);

		error->line++;
		good = line ? parse_line(&t, line) : bad(&t, "out of memory");
		free(line);
		text += len + (text[len] == '\n');
	}
	if (good && !t.headed)
		good = bad(&t, "no program: 'walkdiff TARGET FORMAT' is missing");
	return good;
}
