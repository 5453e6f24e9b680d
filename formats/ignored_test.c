/*
 * Tests of bits that hardware ignores.
 *
 * Goal: software takes an item for what it is, whatever stands in bits that mean nothing to
 * where it leads: what is beside the address is not address, beside a level no level.
 * Method: a leaf of each size in each variant; in each item on the way to it each bit is
 * flipped. Where the hardware's decode() says that it leads to the same as before, software
 * must say so, too. (Where to else it may lead: target decode of the fuzzers.)
 */
#include "formats/subjects_test.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct judge *judge;
static unsigned nr_ignored; /* flips that change nothing for hardware */

/* Step i of hardware's walk to va. */
static struct hw_step hw_step_at(uint64_t va, unsigned i)
{
	struct hw_memory memory = sim_hw_memory(&judge->sim);
	struct hw_walk walk;

	hw_walk(judge->subject.hw, &judge->sim.device, &memory, va, HW_PROBE, &walk);
	assert_true(i < walk.nr_steps);
	return walk.steps[i];
}

static bool leads_to_the_same(const struct hw_step *s, uint64_t raw)
{
	const struct hw_format *hw = judge->subject.hw;
	struct hw_item item;

	return hw->decode(hw, &judge->sim.device, raw, s->level, &item) == HW_OK &&
	       item.kind == s->item.kind && item.address == s->item.address &&
	       item.next_level == s->item.next_level && item.size_lg2 == s->item.size_lg2;
}

static void check_step(const struct hw_step *hw, const struct pt_step *sw, unsigned bit)
{
	bool leaf = hw->item.kind == HW_LEAF;

	if (sw->kind == (leaf ? PT_LEAF : PT_TABLE) && sw->address == hw->item.address &&
	    (!leaf || sw->size_lg2 == hw->item.size_lg2))
		return;
	fail_msg("%s: item 0x%016" PRIx64 " of level %u, bit %u flipped: software takes it for "
		 "a %s at 0x%" PRIx64 ", should be 0x%" PRIx64,
		 judge->subject.ops->name, hw->raw, hw->level, bit,
		 sw->kind == PT_LEAF ? "leaf" : "table", sw->address, hw->item.address);
}

static void flip_bits(uint64_t va, unsigned i)
{
	struct hw_step s = hw_step_at(va, i);
	struct memory *m = judge->sim.memory;
	uint64_t *item = memory_words(m, memory_slot(m, s.table_pa)) + s.index;
	struct pt_step steps[PT_MAX_LEVELS];

	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t raw = s.raw ^ UINT64_C(1) << bit;

		if (!leads_to_the_same(&s, raw))
			continue;
		nr_ignored++;
		*item = raw;
		assert_true(judge->subject.ops->explain(judge->pt, va, steps) > i);
		check_step(&s, &steps[i], bit);
		*item = s.raw;
	}
}

/* A leaf at the end of the aperture, to the end of the OAs: many bits of the way to it are ones. */
static void try_leaf(unsigned lg2)
{
	const struct flat *f = &judge->flat;
	uint64_t len = UINT64_C(1) << lg2, mapped, va = f->apertures[0].last;
	struct pt_mapping m = { .iova = va & ~(len - 1),
				.oa = f->last_oa & ~(len - 1),
				.len = len,
				.prot = PT_READ | PT_WRITE };
	unsigned nr = 0;
	struct pt_step steps[PT_MAX_LEVELS];

	if (len - 1 > f->last_oa || len - 1 > va - f->apertures[0].first)
		return;
	assert_int_equal(judge_map(judge, &m, &mapped), 0);
	nr = judge->subject.ops->explain(judge->pt, va, steps);
	assert_int_equal(steps[nr - 1].kind, PT_LEAF);
	for (unsigned i = 0; i < nr; i++)
		flip_bits(va, i);
	assert_int_equal(judge_unmap(judge, m.iova, len), len);
	judge_sync(judge);
}

static void try_variant(const struct subject *s, const struct pt_config *c)
{
	static const struct memory_config machine = { .tables = 64 };
	jmp_buf out;

	judge_reset(judge, s, c, &machine);
	judge->sim.t->out = &out;
	if (setjmp(out))
		fail_msg("%s, vasz_lg2=%u: %s", s->ops->name, judge->config.vasz_lg2,
			 judge->sim.verdict.text);
	assert_int_equal(judge_init(judge), 0);
	judge->thorough = false;
	for (unsigned lg2 = 0; lg2 < 64; lg2++)
		if (judge->flat.sizes >> lg2 & 1)
			try_leaf(lg2);
	judge_deinit(judge);
}

static void good_ignored(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT(subjects); i++) {
		nr_ignored = 0;
		for (unsigned v = 0; v < subjects[i].ops->nr_variants; v++)
			try_variant(&subjects[i], &subjects[i].ops->variants[v].config);
		assert_true(nr_ignored > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_ignored) };
	int failed;

	judge = judge_create(64);
	if (!judge)
		return 2;
	failed = cmocka_run_group_tests_name("ignored", tests, NULL, NULL);
	judge_destroy(judge);
	return failed;
}
