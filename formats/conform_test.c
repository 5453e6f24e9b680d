/*
 * Conformance of every format that formats.def lists, by brute force; none is named here.
 *
 * Goal: what an implementation writes for a leaf is what hardware, decoding it from the
 * manual, and software, reading it back, both take for just that leaf: for each variant,
 * leaf size and permission, wherever it is mapped and wherever it leads to, however far
 * up its tables lie. What is removed leaves nothing, what cannot be expressed is refused;
 * dirt is the bits that hardware would set, and those alone; the parts of a leaf are as it was.
 * Method: one leaf at a time through pt_ops, on the judges' machine; IOVAs, OAs and PAs of
 * tables that walk single bits, and both ends of every range.
 *
 * That two requests never have the same item needs no loop of its own: the hardware's
 * decode() is a function, and gives each request back.
 */
#include "formats/subjects_test.h"
#include "oracle/judge_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define PROTS 32u /* masks of enum pt_prot */
#define MAX_CONFIGS 40
#define MAX_LEAVES 512 /* that may take the place of one */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct judge *judge;
static uint64_t nr_leaves; /* tried in this test */

/* ---- configurations ---- */

struct list {
	struct pt_config configs[MAX_CONFIGS];
	unsigned nr;
};

static void add(struct list *l, struct pt_config config)
{
	assert_true(l->nr < MAX_CONFIGS);
	l->configs[l->nr++] = config;
}

/* Every variant, and the first and the last with what else changes items. */
static void list_configs(const struct subject *s, struct list *l)
{
	l->nr = 0;
	for (unsigned i = 0; i < s->ops->nr_variants; i++) {
		struct pt_config c = s->ops->variants[i].config, plain = c;

		add(l, c);
		if (i && i + 1 < s->ops->nr_variants)
			continue;
		c.features |= PT_FORCE_COHERENCE;
		if (s->hw->forces_coherence)
			add(l, c);
		c = plain;
		c.features |= PT_DIRTY_TRACKING;
		if (s->hw->touch)
			add(l, c);
		c = plain;
		c.features |= PT_ENCRYPT_TABLES;
		for (unsigned half = 0; half <= 2 && s->hw->encrypt_hi; half++) {
			c.encrypt_bit = (uint8_t)(s->hw->encrypt_lo +
						  (s->hw->encrypt_hi - s->hw->encrypt_lo) * half / 2);
			c.oasz_lg2 = plain.oasz_lg2 < c.encrypt_bit ? plain.oasz_lg2 : c.encrypt_bit;
			add(l, c);
			c.features |= PT_DIRTY_TRACKING;
			if (s->hw->touch && half == 1)
				add(l, c);
			c.features &= ~(uint64_t)PT_DIRTY_TRACKING;
		}
	}
}

/* The body on a fresh machine; a judge that says no fails the test. */
static void run_config(const struct subject *s, const struct pt_config *c,
		       struct memory_config machine, void (*body)(void))
{
	jmp_buf out;

	judge_reset(judge, s, c, &machine);
	judge->sim.t->out = &out;
	if (setjmp(out))
		fail_msg("%s, vasz_lg2=%u features=0x%" PRIx64 ": %s: %s", s->ops->name,
			 judge->config.vasz_lg2, judge->config.features,
			 check_names[judge->sim.verdict.check], judge->sim.verdict.text);
	assert_int_equal(judge_init(judge), 0);
	judge->thorough = false;
	body();
	judge_deinit(judge);
}

static void for_all(struct memory_config machine, void (*body)(void))
{
	nr_leaves = 0;
	for (unsigned i = 0; i < COUNT(subjects); i++) {
		struct list l;

		list_configs(&subjects[i], &l);
		for (unsigned k = 0; k < l.nr; k++)
			run_config(&subjects[i], &l.configs[k], machine, body);
	}
}

/* Calls each(lg2) for every leaf size that fits the aperture and the output addresses. */
static void for_sizes(void (*each)(unsigned lg2))
{
	for (unsigned lg2 = 0; lg2 < 64; lg2++)
		if (judge_sizes(judge->subject.hw, &judge->config) >> lg2 & 1 &&
		    last_below(lg2) <= judge->flat.apertures[0].last - judge->flat.apertures[0].first &&
		    last_below(lg2) <= judge->flat.last_oa)
			each(lg2);
}

/* ---- one leaf ---- */

struct request {
	uint64_t iova, oa;
	unsigned size_lg2, prot;
};

#define AGREE(r, raw, condition)                                                                   \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s, vasz_lg2=%u features=0x%" PRIx64                             \
				 ": leaf of 2^%u bytes, iova=0x%" PRIx64 " oa=0x%" PRIx64          \
				 " prot=0x%x, item 0x%016" PRIx64 ": not so: %s",                  \
				 judge->subject.ops->name, judge->config.vasz_lg2,                 \
				 judge->config.features, (r)->size_lg2, (r)->iova, (r)->oa,        \
				 (r)->prot, raw, #condition);                                      \
	} while (0)

static struct hw_step last_step(uint64_t iova)
{
	struct hw_memory memory = sim_hw_memory(&judge->sim);
	struct hw_walk walk;

	hw_walk(judge->subject.hw, &judge->sim.device, &memory, iova, HW_PROBE, &walk);
	assert_true(walk.nr_steps > 0);
	return walk.steps[walk.nr_steps - 1];
}

/* The item as the manual decodes it, against the request. */
static void check_decoded(const struct request *r, uint64_t va, const struct hw_step *s)
{
	const struct hw_format *hw = judge->subject.hw;
	uint64_t into = (va - r->iova) & ~last_below(hw_item_lg2(hw, s->level));
	struct hw_attrs want;
	struct hw_item item;

	AGREE(r, s->raw, promised_attrs(judge, r->prot, &want));
	AGREE(r, s->raw, hw->decode(hw, &judge->sim.device, s->raw, s->level, &item) == HW_OK);
	AGREE(r, s->raw, item.kind == HW_LEAF);
	AGREE(r, s->raw, item.address == r->oa);
	AGREE(r, s->raw, item.size_lg2 == r->size_lg2);
	AGREE(r, s->raw, !item.counts_up || item.item_oa == r->oa + into);
	AGREE(r, s->raw, item.attrs.read == want.read);
	AGREE(r, s->raw, item.attrs.write == want.write);
	AGREE(r, s->raw, item.attrs.exec == want.exec);
	AGREE(r, s->raw, item.attrs.exec_privileged == want.exec_privileged);
	AGREE(r, s->raw, item.attrs.global == want.global);
	AGREE(r, s->raw, item.attrs.user == want.user);
	AGREE(r, s->raw, item.attrs.accessed == want.accessed);
	AGREE(r, s->raw, item.attrs.dirty == want.dirty);
	AGREE(r, s->raw, item.attrs.type == want.type);
	AGREE(r, s->raw, item.attrs.coherent == want.coherent);
	AGREE(r, s->raw, item.attrs.encrypted == want.encrypted);
	AGREE(r, s->raw, item.attrs.untranslated == want.untranslated);
}

/* The way to va as software reads it back, against hardware's and the request. */
static void check_explained(const struct request *r, uint64_t va)
{
	struct hw_memory memory = sim_hw_memory(&judge->sim);
	struct pt_step steps[PT_MAX_LEVELS];
	struct hw_walk walk;
	unsigned nr = judge->subject.ops->explain(judge->pt, va, steps);

	hw_walk(judge->subject.hw, &judge->sim.device, &memory, va, HW_PROBE, &walk);
	AGREE(r, UINT64_C(0), nr > 0 && nr == walk.nr_steps);
	for (unsigned i = 0; i < nr; i++) {
		const struct hw_step *hw = &walk.steps[i];
		uint64_t raw = steps[i].item;

		AGREE(r, raw, raw == hw->raw && steps[i].level == hw->level);
		AGREE(r, raw, steps[i].kind == (i + 1 < nr ? PT_TABLE : PT_LEAF));
		AGREE(r, raw, steps[i].address == hw->item.address);
		AGREE(r, raw, steps[i].kind == PT_LEAF ||
			memory_slot(judge->sim.memory, steps[i].address));
	}
	AGREE(r, steps[nr - 1].item, steps[nr - 1].size_lg2 == r->size_lg2);
	AGREE(r, steps[nr - 1].item, steps[nr - 1].address == r->oa);
}

/* Map it, look at its first and its last item from both sides, unmap it, look again. */
static void try_leaf(struct request r)
{
	uint64_t size = UINT64_C(1) << r.size_lg2, last = r.iova + (size - 1), mapped = 0;
	struct pt_mapping m = { .iova = r.iova, .oa = r.oa, .len = size, .prot = r.prot };
	struct hw_step at, end;
	const uint64_t *run;
	unsigned items;

	nr_leaves++;
	AGREE(&r, UINT64_C(0), judge_map(judge, &m, &mapped) == 0 && mapped == size);
	at = last_step(r.iova);
	end = last_step(last);
	AGREE(&r, at.raw, at.table_pa == end.table_pa && at.index <= end.index);
	check_decoded(&r, r.iova, &at);
	check_decoded(&r, last, &end);
	check_explained(&r, r.iova);
	check_explained(&r, last);
	run = memory_view(judge->sim.memory, at.table_pa, sizeof(*run));
	items = end.index - at.index + 1;
	AGREE(&r, at.raw, size == (uint64_t)items << hw_item_lg2(judge->subject.hw, at.level));
	AGREE(&r, at.raw, judge_unmap(judge, r.iova, size) == size);
	for (unsigned i = 0; i < items; i++)
		AGREE(&r, run[at.index + i], run[at.index + i] == 0);
}

static uint64_t lowest(unsigned aperture)
{
	return judge->flat.apertures[aperture].first;
}

static uint64_t highest(unsigned aperture, unsigned lg2)
{
	return judge->flat.apertures[aperture].last & ~last_below(lg2);
}

/* ---- addresses and permissions ---- */

static void walk_iova(unsigned lg2)
{
	struct request r = { .size_lg2 = lg2, .prot = PT_READ | PT_WRITE };

	for (unsigned a = 0; a < 2; a++) {
		if (judge->flat.apertures[a].first > judge->flat.apertures[a].last)
			continue;
		r.iova = lowest(a);
		try_leaf(r);
		r.iova = highest(a, lg2);
		try_leaf(r);
		for (unsigned bit = lg2; bit < 64; bit++) {
			r.iova = lowest(a) ^ UINT64_C(1) << bit;
			if (flat_holds(&judge->flat, r.iova, r.iova + last_below(lg2)))
				try_leaf(r);
			r.iova = highest(a, lg2) ^ UINT64_C(1) << bit;
			if (flat_holds(&judge->flat, r.iova, r.iova + last_below(lg2)))
				try_leaf(r);
		}
	}
}

/* An OA and its complement: single bits, all but one, none, all. */
static void walk_oa(struct request r)
{
	uint64_t top = judge->flat.last_oa & ~last_below(r.size_lg2);

	for (uint64_t bit = UINT64_C(1) << r.size_lg2; bit && bit <= top; bit <<= 1) {
		r.oa = bit;
		try_leaf(r);
		r.oa = top & ~bit;
		try_leaf(r);
	}
	r.oa = 0;
	try_leaf(r);
	r.oa = top;
	try_leaf(r);
}

static void walk_prot(unsigned lg2)
{
	struct request r = { .iova = highest(0, lg2), .size_lg2 = lg2 };
	uint64_t mapped;

	for (r.prot = 0; r.prot < PROTS; r.prot++) {
		struct pt_mapping m = { .iova = r.iova, .len = UINT64_C(1) << lg2, .prot = r.prot };
		struct hw_attrs attrs;
		bool asks = r.prot & (PT_READ | PT_WRITE);

		if (asks && promised_attrs(judge, r.prot, &attrs)) {
			walk_oa(r);
			continue;
		}
		AGREE(&r, UINT64_C(0),
		      judge->subject.ops->map(judge->pt, &m, &judge->sim.t->gather, &mapped) ==
			      (asks ? -EOPNOTSUPP : -EINVAL));
		AGREE(&r, UINT64_C(0), mapped == 0);
	}
}

static void all_iovas(void)
{
	for_sizes(walk_iova);
}

static void all_prots(void)
{
	for_sizes(walk_prot);
}

static void good_iovas(void **state)
{
	(void)state;
	for_all((struct memory_config){ .tables = 1024 }, all_iovas);
	assert_true(nr_leaves > 1000 * COUNT(subjects));
}

static void good_oas_and_prots(void **state)
{
	(void)state;
	for_all((struct memory_config){ .tables = 1024 }, all_prots);
	assert_true(nr_leaves > 1000 * COUNT(subjects));
}

/* ---- dirt, and the parts of a leaf ---- */

static void read_dirty(const struct request *r, unsigned flags)
{
	struct pt_bitmap b = { .base = r->iova, .granule_lg2 = r->size_lg2, .bits = 1 };
	uint64_t words[3];

	b.words = words;
	AGREE(r, UINT64_C(0),
	      judge_read_dirty(judge, r->iova, UINT64_C(1) << r->size_lg2, flags, &b) == 0);
}

/* Software makes dirty just what hardware that writes makes dirty, and clean what it was. */
static void try_dirt(const struct request *r, uint64_t va)
{
	const struct hw_format *hw = judge->subject.hw;
	uint64_t clean = last_step(va).raw, dirty;
	struct hw_attrs was = last_step(va).item.attrs, is;

	if (!(r->prot & PT_WRITE)) {
		AGREE(r, clean, judge_set_dirty(judge, va) == -EACCES);
		AGREE(r, clean, last_step(va).raw == clean);
		return;
	}
	AGREE(r, clean, !was.dirty && judge_set_dirty(judge, va) == 0);
	dirty = last_step(va).raw;
	AGREE(r, dirty, last_step(va).item.attrs.dirty && dirty == hw->touch(hw, clean, true));
	read_dirty(r, PT_NO_CLEAR);
	AGREE(r, dirty, last_step(va).raw == dirty);
	read_dirty(r, 0);
	is = last_step(va).item.attrs;
	AGREE(r, last_step(va).raw, !is.dirty);
	AGREE(r, last_step(va).raw, hw->touch(hw, last_step(va).raw, true) == dirty);
}

/* Cut behind the first and before the last of the smallest leaves: OA, prot and dirt are kept. */
static void try_cuts(const struct request *r)
{
	uint64_t smallest = judge->flat.sizes & -judge->flat.sizes;
	uint64_t size = UINT64_C(1) << r->size_lg2;

	if (size == smallest)
		return;
	AGREE(r, UINT64_C(0), judge_cut(judge, r->iova + smallest) == 0);
	judge_state(judge);
	judge_cut(judge, r->iova + (size - smallest));
	judge_state(judge);
}

static void walk_dirt(unsigned lg2)
{
	bool tracks = judge->config.features & PT_DIRTY_TRACKING;
	uint64_t size = UINT64_C(1) << lg2, mapped;
	struct request r = { .size_lg2 = lg2, .iova = highest(0, lg2) };

	r.oa = judge->flat.last_oa & ~last_below(lg2);
	for (r.prot = 0; r.prot < PROTS; r.prot++) {
		struct pt_mapping m = { .iova = r.iova, .oa = r.oa, .len = size, .prot = r.prot };
		struct hw_attrs attrs;

		if (!(r.prot & (PT_READ | PT_WRITE)) || !promised_attrs(judge, r.prot, &attrs))
			continue;
		nr_leaves++;
		AGREE(&r, UINT64_C(0), judge_map(judge, &m, &mapped) == 0);
		if (tracks) {
			try_dirt(&r, r.iova);
			try_dirt(&r, r.iova + (size - 1));
			if (r.prot & PT_WRITE)
				judge_set_dirty(judge, r.iova + (size - 1));
		}
		try_cuts(&r);
		if (tracks) { /* parts that lost how they tell dirt */
			read_dirty(&r, 0);
			judge_state(judge);
		}
		AGREE(&r, UINT64_C(0), judge_unmap(judge, r.iova, size) == size);
		judge_sync(judge);
	}
}

static void all_dirt(void)
{
	for_sizes(walk_dirt);
}

static void good_dirt_and_cuts(void **state)
{
	(void)state;
	for_all((struct memory_config){ .tables = 1024 }, all_dirt);
	assert_true(nr_leaves > 10 * COUNT(subjects));
}

/* ---- tables ---- */

static uint64_t pa_ones, pa_zeroes; /* bits that were one, or zero, in some table's PA */

static void smallest_leaf_everywhere(void)
{
	uint64_t sizes = judge->flat.sizes;
	unsigned lg2 = (unsigned)__builtin_ctzll(sizes);
	struct request r = { .size_lg2 = lg2, .prot = PT_READ | PT_WRITE };
	struct pt_step steps[PT_MAX_LEVELS];
	unsigned nr;

	r.iova = lowest(0);
	try_leaf(r);
	r.iova = highest(0, lg2);
	try_leaf(r);
	nr = judge->subject.ops->explain(judge->pt, r.iova, steps);
	for (unsigned i = 0; i < nr; i++)
		if (steps[i].kind == PT_TABLE) {
			pa_ones |= steps[i].address;
			pa_zeroes |= ~steps[i].address;
		}
}

/* Of all configurations with tables below the root, PAs in which each bit has been one and zero. */
static void good_tables(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT(subjects); i++) {
		struct list l;

		list_configs(&subjects[i], &l);
		for (unsigned k = 0; k < l.nr; k++) {
			uint64_t bits;

			pa_ones = pa_zeroes = 0;
			for (unsigned seed = 0; seed < 64; seed++) {
				struct memory_config m = { .seed = seed,
							   .tables = 64,
							   .window = WINDOW_ONES };

				run_config(&subjects[i], &l.configs[k], m, smallest_leaf_everywhere);
				m.window = WINDOW_TOP;
				run_config(&subjects[i], &l.configs[k], m, smallest_leaf_everywhere);
			}
			if (!pa_ones) { /* the root holds all leaves */
				assert_int_equal(judge->config.top_level, 0);
				continue;
			}
			bits = last_below(judge->sim.memory->pa_lg2) &
			       ~last_below(judge->sim.memory->slot_lg2);
			assert_int_equal(pa_ones & bits, bits);
			assert_int_equal(pa_zeroes & bits, bits);
		}
	}
}

/* ---- sizes ---- */

static uint64_t seen_sizes;

/* As much as one leaf of each size that the format has, in those that this table may. */
static void map_much(void)
{
	uint64_t own = judge->flat.sizes, all, len, mapped;
	struct pt_config c = judge->config;
	struct pt_mapping m = { .iova = lowest(0), .prot = PT_READ | PT_WRITE };

	c.pgsize_bitmap = 0;
	all = judge_sizes(judge->subject.hw, &c);
	seen_sizes = 0;
	for (unsigned lg2 = 0; lg2 < 64; lg2++) {
		len = UINT64_C(1) << lg2;
		if (!(all & len) || len < (own & -own) || len - 1 > judge->flat.last_oa ||
		    !flat_holds(&judge->flat, m.iova, m.iova + (len - 1)))
			continue;
		if (len / (UINT64_C(1) << (63 - __builtin_clzll(own & (2 * len - 1)))) > MAX_LEAVES)
			continue;
		m.len = len;
		assert_int_equal(judge_map(judge, &m, &mapped), 0);
		judge_state(judge);
		for (size_t i = 0; i < judge->map.nr_leaves; i++)
			seen_sizes |= UINT64_C(1) << judge->map.leaves[i].item.size_lg2;
		judge_unmap(judge, m.iova, len);
		judge_sync(judge);
	}
}

/* The sizes seen in a table that may only have these; 0: init refuses it. */
static uint64_t sizes_with(const struct subject *s, struct pt_config c, uint64_t sizes)
{
	static const struct memory_config machine = { .tables = 2048 };

	c.pgsize_bitmap = sizes;
	if (!sizes || judge_predict_init(s->hw, &c))
		return 0; /* the smallest is larger than the aperture */
	run_config(s, &c, machine, map_much);
	return seen_sizes;
}

static void try_sizes(const struct subject *s, struct pt_config c)
{
	uint64_t all = judge_sizes(s->hw, &c), seen = 0;

	for (uint64_t rest = all; rest; rest &= rest - 1) {
		uint64_t size = rest & -rest, alone = sizes_with(s, c, size);

		assert_true(alone == size || alone == 0);
		seen |= alone;
		assert_int_equal(sizes_with(s, c, all & ~size) & ~(all & ~size), 0);
	}
	assert_true(seen != 0);
}

/* With one size alone that one is seen; without it, never. */
static void good_sizes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT(subjects); i++)
		for (unsigned v = 0; v < subjects[i].ops->nr_variants; v++)
			try_sizes(&subjects[i], subjects[i].ops->variants[v].config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_iovas),
		cmocka_unit_test(good_oas_and_prots),
		cmocka_unit_test(good_dirt_and_cuts),
		cmocka_unit_test(good_tables),
		cmocka_unit_test(good_sizes),
	};

	judge = judge_create(2048);
	if (!judge)
		return 2;
	return cmocka_run_group_tests_name("conform", tests, NULL, NULL);
}
