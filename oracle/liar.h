/*
 * Liars, for the tests of the judges: implementations with one operation replaced, the check
 * that must stop each, and who stops it when that check says nothing.
 */
#ifndef WALKDIFF_ORACLE_LIAR_H
#define WALKDIFF_ORACLE_LIAR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "oracle/judge.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A page table and its machine, and what is done with it. */
struct scene {
	struct subject subject;
	struct pt_config config;
	unsigned device_flags;
	void (*sequence)(void);
};

struct liar {
	const char *name;
	const struct scene *scene;
	enum check check; /* says no, */
	const char *says; /* in these words; */
	enum check then;  /* and when that check is off */
	struct pt_ops ops; /* the operations that are replaced */
};

#define LIAR(place, op, lie, named, text, later)                                                   \
	{                                                                                          \
		.name = #lie, .scene = &(place), .check = CHECK_##named, .says = text,             \
		.then = CHECK_##later, .ops.op = lie                                               \
	}

#define LIAR_TABLES 64

static struct judge *judge;
static const struct pt_ops *real; /* what is replaced; lies call it */
static uint64_t machine_seed = 1; /* of the machines to come */

/* The scene with these operations; the checks in `off` say nothing. */
static inline struct verdict play(const struct scene *scene, const struct pt_ops *ops, uint32_t off)
{
	struct subject subject = scene->subject;
	struct memory_config machine = { .seed = machine_seed, .tables = LIAR_TABLES };
	jmp_buf out;

	real = subject.ops;
	subject.ops = ops;
	judge->device_flags = scene->device_flags;
	judge->off = off;
	judge_reset(judge, &subject, &scene->config, &machine);
	judge->sim.t->out = &out;
	if (!setjmp(out))
		scene->sequence();
	judge->sim.t->out = NULL;
	return judge->sim.verdict;
}

static inline struct pt_ops with_lie(const struct liar *l)
{
	struct pt_ops ops = *l->scene->subject.ops;

	ops.init = l->ops.init ? l->ops.init : ops.init;
	ops.map = l->ops.map ? l->ops.map : ops.map;
	ops.unmap = l->ops.unmap ? l->ops.unmap : ops.unmap;
	ops.read_dirty = l->ops.read_dirty ? l->ops.read_dirty : ops.read_dirty;
	ops.cut = l->ops.cut ? l->ops.cut : ops.cut;
	ops.sync = l->ops.sync ? l->ops.sync : ops.sync;
	ops.encode = l->ops.encode ? l->ops.encode : ops.encode;
	ops.encode_entry = l->ops.encode_entry ? l->ops.encode_entry : ops.encode_entry;
	return ops;
}

static inline unsigned complain(const struct liar *l, enum check want, const char *says,
				const struct verdict *v)
{
	print_error("%s of %s, without %s: %s should say '%s', but %s says '%s'\n", l->name,
		    l->scene->subject.ops->name,
		    judge->off ? check_names[l->check] : "nothing", check_names[want], says,
		    check_names[v->check], v->text);
	return 1;
}

/* All of them, so that one run shows what is wrong with each. */
static inline void check_liars(const struct liar *liars, size_t nr)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct liar *l = &liars[i];
		struct pt_ops ops = with_lie(l);
		struct verdict v = play(l->scene, &ops, 0);

		if (v.check != l->check || !strstr(v.text, l->says))
			wrong += complain(l, l->check, l->says, &v);
		v = play(l->scene, &ops, CHECK_BIT(l->check));
		if (v.check != l->then)
			wrong += complain(l, l->then, "", &v);
	}
	assert_int_equal(wrong, 0);
}

/* Their scenes, honestly. */
static inline void check_scenes(const struct liar *liars, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct verdict v = play(liars[i].scene, liars[i].scene->subject.ops, 0);

		if (v.check != CHECK_NONE)
			fail_msg("where %s lies, the truth: %s says '%s'", liars[i].name,
				 check_names[v.check], v.text);
	}
}

static inline int set_up(void **state)
{
	(void)state;
	judge = judge_create(LIAR_TABLES);
	return judge ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	judge_destroy(judge);
	return 0;
}

/* The check that says no to what is done outside of a scene. */
static inline enum check check_of(void (*does)(void))
{
	jmp_buf out;

	judge->sim.verdict.check = CHECK_NONE;
	judge->sim.verdict.text[0] = 0;
	judge->sim.t->out = &out;
	if (!setjmp(out))
		does();
	judge->sim.t->out = NULL;
	return judge->sim.verdict.check;
}

/* ---- what lies and sequences are made of ---- */

/* A lie of read_dirty: what is done when the true one has returned `err`. */
#define READ_DIRTY(name, after)                                                                    \
	static int name(struct pt *pt, uint64_t iova, uint64_t len, unsigned flags,                \
			const struct pt_bitmap *b, struct pt_gather *g)                            \
	{                                                                                          \
		int err = real->read_dirty(pt, iova, len, flags, b, g);                            \
		after;                                                                             \
		return err;                                                                        \
	}

#define RW (PT_READ | PT_WRITE)

static inline int map(uint64_t iova, uint64_t oa, uint64_t len)
{
	struct pt_mapping m = { .iova = iova, .oa = oa, .len = len, .prot = RW };
	uint64_t mapped;

	return judge_map(judge, &m, &mapped);
}

/* The step in which hardware's walk to iova ends, or one so many before it. */
static inline struct hw_step step_to(uint64_t iova, unsigned before)
{
	struct hw_memory memory = { .ctx = judge->sim.memory, .view = memory_view };
	struct hw_walk walk;

	hw_walk(judge->subject.hw, &judge->sim.device, &memory, iova, HW_PROBE, &walk);
	return walk.steps[walk.nr_steps - 1 - before];
}

/* Where its item is, as software has it. */
static inline uint64_t *item_at(uint64_t iova, unsigned before)
{
	struct hw_step s = step_to(iova, before);

	return (uint64_t *)(uintptr_t)memory_view(judge->sim.memory, s.table_pa, 8) + s.index;
}

#endif
