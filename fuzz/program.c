/* Programs in memory: see program.h. */
#include "fuzz/program.h"

#include "fuzz/schedule.h"

#include <stdlib.h>
#include <string.h>

const char *const target_names[TARGETS] = { "ops", "decode", "same", "race" };

#define OPS (1 << TARGET_OPS)
#define DECODE (1 << TARGET_DECODE)
#define SAME (1 << TARGET_SAME)
#define RACE (1 << TARGET_RACE)

const struct op_shape op_shapes[OP_KINDS] = {
	[OP_MAP] = { "map",
		     { { "iova", ARG_IOVA }, { "oa", ARG_OA }, { "len", ARG_LEN } },
		     true,
		     OPS | DECODE | SAME | RACE },
	[OP_UNMAP] = { "unmap",
		       { { "iova", ARG_IOVA }, { "len", ARG_LEN } },
		       false,
		       OPS | DECODE | SAME | RACE },
	[OP_TRANSLATE] = { "translate", { { "iova", ARG_IOVA } }, false, OPS | RACE },
	[OP_DMA_READ] = { "dma_read", { { "iova", ARG_IOVA } }, false, OPS | RACE },
	[OP_DMA_WRITE] = { "dma_write", { { "iova", ARG_IOVA } }, false, OPS | RACE },
	[OP_SYNC] = { "sync", { { NULL, ARG_NONE } }, false, OPS | SAME | RACE },
	[OP_REFUSE] = { "refuse", { { "n", ARG_COUNT }, { "count", ARG_COUNT } }, false, OPS | RACE },
	[OP_SET_DIRTY] = { "set_dirty", { { "iova", ARG_IOVA } }, false, OPS | RACE },
	[OP_CUT] = { "cut", { { "iova", ARG_IOVA } }, false, OPS | RACE },
	[OP_EVICT] = { "evict", { { "iova", ARG_IOVA } }, false, OPS | RACE },
	[OP_READ_DIRTY] = { "read_dirty",
			    { { "iova", ARG_IOVA },
			      { "len", ARG_LEN },
			      { "base", ARG_IOVA },
			      { "granule_lg2", ARG_LG2 },
			      { "bits", ARG_BITS },
			      { "flags", ARG_FLAGS } },
			    false,
			    OPS | RACE },
	[OP_ITEM] = { "item",
		      { { "table", ARG_COUNT }, { "index", ARG_COUNT }, { "value", ARG_VALUE } },
		      false,
		      DECODE },
	[OP_FLIP] = { "flip",
		      { { "table", ARG_COUNT }, { "index", ARG_COUNT }, { "bit", ARG_COUNT } },
		      false,
		      DECODE },
	[OP_PROBE] = { "probe", { { "iova", ARG_IOVA } }, false, DECODE },
	[OP_SPLIT] = { "split", { { "at", ARG_IOVA } }, false, SAME },
	[OP_SCHEDULE] = { "schedule",
			  { { "strategy", ARG_STRATEGY }, { "seed", ARG_VALUE }, { "depth", ARG_COUNT } },
			  false,
			  RACE },
	[OP_SWITCH] = { "switch", { { "after", ARG_COUNT }, { "to", ARG_THREAD } }, false, RACE },
};

uint64_t arg_max(enum arg_kind kind)
{
	switch (kind) {
	case ARG_LG2:
		return 127;
	case ARG_BITS:
		return JUDGE_MAX_BITS;
	case ARG_FLAGS:
		return PT_NO_CLEAR;
	case ARG_STRATEGY:
		return STRATEGIES - 1;
	case ARG_THREAD:
		return SIM_THREADS - 1;
	default:
		return UINT64_MAX;
	}
}

unsigned program_threads(const struct program *p)
{
	unsigned nr = 1;

	for (size_t i = 0; i < p->nr; i++)
		if (p->ops[i].thread >= nr)
			nr = p->ops[i].thread + 1u;
	return nr;
}

void program_free(struct program *p)
{
	free(p->ops);
	p->ops = NULL;
	p->nr = p->cap = 0;
}

static void reserve(struct program *p, size_t nr)
{
	size_t cap = p->cap ? p->cap : 32;
	struct op *grown;

	if (nr <= p->cap)
		return;
	while (cap < nr)
		cap *= 2;
	grown = realloc(p->ops, cap * sizeof(*grown));
	if (!grown) {
		fputs("walkdiff: out of memory for a program\n", stderr);
		abort();
	}
	p->ops = grown;
	p->cap = cap;
}

void program_insert(struct program *p, size_t at, const struct op *op)
{
	struct op copy = *op; /* may lie in the array that moves */

	reserve(p, p->nr + 1);
	memmove(&p->ops[at + 1], &p->ops[at], (p->nr - at) * sizeof(copy));
	p->ops[at] = copy;
	p->nr++;
}

void program_remove(struct program *p, size_t at, size_t count)
{
	if (!count)
		return;
	memmove(&p->ops[at], &p->ops[at + count], (p->nr - at - count) * sizeof(p->ops[0]));
	p->nr -= count;
}

void program_copy(struct program *to, const struct program *from)
{
	struct op *ops = to->ops;
	size_t cap = to->cap;

	if (to == from)
		return;
	*to = *from;
	to->ops = ops;
	to->cap = cap;
	reserve(to, from->nr);
	if (from->nr)
		memcpy(to->ops, from->ops, from->nr * sizeof(*ops));
}

static bool op_equal(const struct op *a, const struct op *b)
{
	return a->kind == b->kind && a->prot == b->prot && a->thread == b->thread &&
	       memcmp(a->args, b->args, sizeof(a->args)) == 0;
}

bool config_equal(const struct pt_config *a, const struct pt_config *b)
{
	return a->features == b->features && a->pgsize_bitmap == b->pgsize_bitmap &&
	       a->vasz_lg2 == b->vasz_lg2 && a->top_level == b->top_level &&
	       a->oasz_lg2 == b->oasz_lg2 && a->encrypt_bit == b->encrypt_bit;
}

bool program_equal(const struct program *a, const struct program *b)
{
	const struct memory_config *m = &a->memory, *n = &b->memory;
	bool same = a->target == b->target && a->subject.ops == b->subject.ops &&
		    config_equal(&a->config, &b->config) && m->seed == n->seed && m->tables == n->tables && m->window == n->window &&
		    a->device == b->device && a->refuse_init == b->refuse_init && a->nr == b->nr;

	for (size_t i = 0; same && i < a->nr; i++)
		same = op_equal(&a->ops[i], &b->ops[i]);
	return same;
}
