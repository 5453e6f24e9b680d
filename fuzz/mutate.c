/* The mutator: insert, delete, duplicate, swap, copy and redraw, one operation or field at a time. */
#include "fuzz/mutate.h"

#include <string.h>

#include "fuzz/run_race.h"

uint64_t next_random(uint64_t *state)
{
	uint64_t v = *state += UINT64_C(0x9e3779b97f4a7c15);

	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

/* 0..n-1; n > 0. */
static size_t below(uint64_t *state, size_t n)
{
	return (size_t)(next_random(state) % n);
}

static void random_bytes(uint64_t *state, uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = next_random(state);

		memcpy(bytes + i, &v, n - i < 8 ? n - i : 8);
	}
}

/* An operation for place `at`, drawn in view of those before it. */
static struct op random_op(const struct program *p, size_t at, uint64_t *state)
{
	struct program before = *p; /* shares ops, only read */
	uint8_t record[RECORD_SIZE];

	before.nr = at;
	random_bytes(state, record, sizeof(record));
	return program_draw_op(&before, record);
}

static void insert_op(struct program *p, uint64_t *state)
{
	size_t at = below(state, p->nr + 1);
	struct op op = random_op(p, at, state);

	program_insert(p, at, &op);
}

static void delete_ops(struct program *p, uint64_t *state)
{
	size_t at = below(state, p->nr), count = 1;

	if (next_random(state) % 4 == 0)
		count += below(state, p->nr - at);
	program_remove(p, at, count);
}

static void duplicate_op(struct program *p, uint64_t *state)
{
	size_t from = below(state, p->nr), to = below(state, p->nr + 1);

	program_insert(p, to, &p->ops[from]);
}

static void swap_ops(struct program *p, uint64_t *state)
{
	size_t a = below(state, p->nr), b = below(state, p->nr);
	struct op op = p->ops[a];

	p->ops[a] = p->ops[b];
	p->ops[b] = op;
}

/* Where an operation's range ends: the next address, or its first when it has no length. */
static uint64_t end_of(const struct op *op)
{
	switch (op->kind) {
	case OP_MAP:
		return op->args[0] + op->args[2];
	case OP_UNMAP:
		return op->args[0] + op->args[1];
	default:
		return op->args[0];
	}
}

static void change_field(struct program *p, uint64_t *state)
{
	size_t at = below(state, p->nr), arg = below(state, OP_MAX_ARGS);
	struct op *op = &p->ops[at];
	const struct op *other = &p->ops[below(state, p->nr)];
	struct op fresh = random_op(p, at, state);
	unsigned size_lg2 = (unsigned)below(state, 53);
	uint64_t *value = &op->args[arg];

	if (p->target == TARGET_RACE && op_has_thread(op->kind) && next_random(state) % 4 == 0) {
		op->thread = (uint8_t)below(state, SIM_THREADS);
		return;
	}
	if (!op_shapes[op->kind].args[arg].name) {
		op->prot = op_shapes[op->kind].has_prot ? fresh.prot : 0;
		return;
	}
	if (arg >= OP_WIDE_ARGS || op_shapes[op->kind].args[arg].kind >= ARG_STRATEGY) {
		*value = next_random(state) % (arg_max(op_shapes[op->kind].args[arg].kind) + 1);
		return;
	}
	switch (next_random(state) % 8) {
	case 0:
		*value ^= UINT64_C(1) << below(state, 64);
		break;
	case 1:
		*value += UINT64_C(1) << size_lg2;
		break;
	case 2:
		*value -= UINT64_C(1) << size_lg2;
		break;
	case 3: /* right behind another operation */
		*value = end_of(other);
		break;
	case 4:
		*value = other->args[arg];
		break;
	case 5: /* align down */
		*value &= ~((UINT64_C(1) << size_lg2) - 1);
		break;
	default: /* redraw the whole operation, of the same kind when it happens to be */
		if (fresh.kind == op->kind)
			*value = fresh.args[arg];
		else
			*op = fresh;
	}
}

static void change_config(struct program *p, uint64_t *state)
{
	uint8_t header[RECORD_SIZE];

	random_bytes(state, header, sizeof(header));
	program_draw_config(p, header);
}

/* One field a step up or down: beside what is possible lies what init must refuse. */
static void nudge_config(struct program *p, uint64_t *state)
{
	struct pt_config *c = &p->config;
	uint8_t *fields[] = { &c->vasz_lg2, &c->top_level, &c->oasz_lg2, &c->encrypt_bit };
	const uint8_t limits[] = { 64, 7, 64, 63 };
	size_t i = below(state, 4);

	if (next_random(state) & 1)
		*fields[i] = (uint8_t)(*fields[i] + (*fields[i] < limits[i]));
	else
		*fields[i] = (uint8_t)(*fields[i] - (*fields[i] > 0));
}

static void change_machine(struct program *p, uint64_t *state)
{
	switch (next_random(state) % 5) {
	case 3:
		p->device ^= (uint8_t)(1u << below(state, 8));
		break;
	case 0:
		p->memory.window = (uint8_t)below(state, WINDOWS);
		break;
	case 1:
		p->memory.tables = 1 + (uint32_t)below(state, next_random(state) % 8 ? 16 : 64);
		break;
	case 2:
		p->memory.seed = next_random(state);
		break;
	default:
		p->config.pgsize_bitmap = 0;
	}
}

static void change_schedule(struct program *p, uint64_t *state)
{
	enum strategy strategy = (enum strategy)below(state, STRATEGY_RAW);
	uint64_t seed = next_random(state);

	race_name_schedule(p, strategy, seed, 2 + (uint32_t)below(state, 3));
}

static void change_one(struct program *p, uint64_t *state)
{
	unsigned what = next_random(state) % 32;

	if (p->nr == 0 || what < 9)
		insert_op(p, state);
	else if (what < 13)
		delete_ops(p, state);
	else if (what < 15)
		duplicate_op(p, state);
	else if (what < 17)
		swap_ops(p, state);
	else if (what < 29)
		change_field(p, state);
	else if (what < 30)
		change_machine(p, state);
	else if (what < 31)
		nudge_config(p, state);
	else
		change_config(p, state);
}

void mutate_program(struct program *p, uint64_t seed, size_t max_ops)
{
	uint64_t state = seed;
	size_t changes = 1 + below(&state, 4);

	/* Half of the races: the same operations in another order. */
	if (p->target == TARGET_RACE && p->nr && p->nr < max_ops && next_random(&state) % 2)
		change_schedule(p, &state);
	else
		while (changes--)
			change_one(p, &state);
	if (p->nr > max_ops)
		program_remove(p, max_ops, p->nr - max_ops);
}

void splice_program(struct program *p, const struct program *other, uint64_t seed, size_t max_ops)
{
	uint64_t state = seed;
	size_t keep = p->nr ? below(&state, p->nr + 1) : 0;
	size_t from = other->nr ? below(&state, other->nr) : 0;

	if (keep > max_ops)
		keep = max_ops;
	program_remove(p, keep, p->nr - keep);
	for (size_t i = from; i < other->nr && p->nr < max_ops; i++)
		program_insert(p, p->nr, &other->ops[i]);
}

void draw_program(struct program *p, uint64_t max_ops, uint64_t *state)
{
	uint8_t record[RECORD_SIZE];
	uint64_t nr = 2 + next_random(state) % (max_ops > 2 ? max_ops - 1 : 1);

	p->nr = 0;
	for (unsigned i = 0; i < RECORD_SIZE; i++)
		record[i] = (uint8_t)next_random(state);
	program_draw_config(p, record);
	while (p->nr < nr) {
		struct op op;

		for (unsigned i = 0; i < RECORD_SIZE; i++)
			record[i] = (uint8_t)next_random(state);
		op = program_draw_op(p, record);
		if (op_has_thread(op.kind))
			program_insert(p, p->nr, &op);
	}
}
