/*
 * Tests of the RISC-V hardware decoder.
 *
 * Goal: every bit of an item means what the manual says, in first and second stage, with
 * and without Svnapot and Svpbmt; what it forbids is refused for the right reason.
 * Method: worked values as literals, then loops over bits, levels and extensions whose
 * expectation is arithmetic on the manual's text, not the decoder's masks; roots of each
 * mode are walked and enumerated in a memory of eight pages.
 */
#include "oracle/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

extern const struct hw_format hw_riscv64;

#define BIT(n) (UINT64_C(1) << (n))

#define V BIT(0)
#define R BIT(1)
#define W BIT(2)
#define X BIT(3)
#define U BIT(4)
#define A BIT(6)
#define D BIT(7)

#define LEAF	   (V | R | W | U | A | D)
#define PBMT(type) ((uint64_t)(type) << 61)
#define PPN(pa)	   ((uint64_t)(pa) >> 12 << 10)
#define NAPOT	   UINT64_C(0x80000000048d20d7) /* 64K at 0x12340000 */

static const struct hw_device plain;
static const struct hw_device extended = { .napot = true, .memory_types = true };

static enum hw_fault decode_with(const struct hw_device *dev, uint64_t raw, unsigned level,
				 struct hw_item *item)
{
	return hw_riscv64.decode(&hw_riscv64, dev, raw, level, item);
}

static enum hw_fault fault_of(const struct hw_device *dev, uint64_t raw, unsigned level)
{
	return decode_with(dev, raw, level, &(struct hw_item){ 0 });
}

/* The attributes that are set, a letter each, and the memory type. Valid until called again. */
static const char *spell(struct hw_attrs a)
{
	static const char *const types[] = { "", " PMA", " NC", " IO" };
	static char text[32];

	assert_int_equal(a.exec_privileged, a.exec);
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s%s%s%s", a.read ? "r" : "",
		 a.write ? "w" : "", a.exec ? "x" : "", a.user ? "u" : "", a.accessed ? "a" : "",
		 a.dirty ? "d" : "", a.coherent ? "C" : "", a.encrypted ? "E" : "",
		 a.untranslated ? "T" : "", a.global ? "g" : "", types[a.type]);
	return text;
}

/* Whole items, as one would read them in a dump. */
static void good_worked_leaves(void **state)
{
	static const struct {
		uint64_t raw;
		unsigned level, size_lg2;
		uint64_t oa;
		const char *attrs;
	} good[] = {
		{ 0x00000000048d14d7, 0, 12, 0x12345000, "rwuad PMA" },
		{ 0x203ffffffffffcd7, 0, 12, 0xfffffffffff000, "rwuad NC" },
		{ 0x80000000048d20df, 0, 16, 0x12340000, "rwxuad PMA" },
		{ 0xc03fffffffffe0d7, 0, 16, 0xffffffffff0000, "rwuad IO" },
		{ 0x00000000048800d7, 1, 21, 0x12200000, "rwuad PMA" },
		{ 0x20000000100000d7, 2, 30, 0x40000000, "rwuad NC" },
		{ 0x4000002000000053, 3, 39, 0x8000000000, "rua IO" },
		{ 0x003fc000000000d7, 4, 48, 0xff000000000000, "rwuad PMA" },
	};
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(decode_with(&extended, good[i].raw, good[i].level, &item), HW_OK);
		assert_int_equal(item.kind, HW_LEAF);
		assert_int_equal(item.size_lg2, good[i].size_lg2);
		assert_true(item.address == good[i].oa);
		assert_false(item.counts_up);
		assert_string_equal(spell(item.attrs), good[i].attrs);
	}
}

/* The bits of a leaf that mean something, then those that do not, at each level. */
static void good_leaf_bits(void **state)
{
	static const struct {
		uint64_t raw;
		const char *attrs;
	} good[] = {
		{ R, "ra" },	  { X, "xa" },		{ R | X, "rxa" },     { R | W, "ra" },
		{ R | U, "rua" }, { R | D, "rad" },	{ R | BIT(5), "rag" }, { R | BIT(8), "ra" },
		{ R | BIT(9), "ra" }, { R | W | D, "rwad" },
	};
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (unsigned level = 0; level <= 4; level++) {
			decode_with(&plain, V | A | good[i].raw, level, &item);
			assert_int_equal(item.kind, HW_LEAF);
			assert_true(item.address == 0);
			assert_string_equal(spell(item.attrs), good[i].attrs);
		}
}

/* Hardware that sets A and D by itself faults for neither. */
static void good_sets_dirty(void **state)
{
	static const struct hw_device sets = { .sets_dirty = true };
	struct hw_item item;

	(void)state;
	for (unsigned level = 0; level <= 4; level++) {
		assert_int_equal(decode_with(&sets, V | R | W, level, &item), HW_OK);
		assert_string_equal(spell(item.attrs), "rw");
		assert_int_equal(decode_with(&sets, V | R | A, level, &item), HW_OK);
		assert_string_equal(spell(item.attrs), "ra");
	}
}

/* A table pointer restricts nothing; G and software's bits mean nothing. */
static void good_pointers(void **state)
{
	static const unsigned ignored[] = { 0, 5, 8, 9 };
	struct hw_item item;

	(void)state;
	for (unsigned i = 0; i < 4 * 4; i++) {
		unsigned level = 1 + i / 4;
		uint64_t raw = 0x003fb72ea61d9401 | BIT(ignored[i % 4]);

		assert_int_equal(decode_with(&plain, raw, level, &item), HW_OK);
		assert_int_equal(item.kind, HW_TABLE);
		assert_int_equal(item.next_level, level - 1);
		assert_true(item.address == 0xfedcba98765000);
		assert_string_equal(spell(item.attrs), "rwxu");
	}
}

/* What each level makes of it without Svnapot and Svpbmt, and with both. */
static void bad_items(void **state)
{
	static const struct {
		uint64_t raw;
		uint8_t first_level, last_level;
		enum hw_fault plain, extended;
	} bad[] = {
		{ 0, 0, 4, HW_NOT_PRESENT, HW_NOT_PRESENT },
		{ UINT64_MAX - 1, 0, 4, HW_NOT_PRESENT, HW_NOT_PRESENT },
		{ V, 0, 0, HW_BAD_LEVEL, HW_BAD_LEVEL },
		{ V | U, 0, 4, HW_RESERVED, HW_RESERVED },
		{ V | A, 0, 4, HW_RESERVED, HW_RESERVED },
		{ V | D, 0, 4, HW_RESERVED, HW_RESERVED },
		{ LEAF & ~R, 0, 4, HW_RESERVED, HW_RESERVED },
		{ (LEAF & ~R) | X, 0, 4, HW_RESERVED, HW_RESERVED },
		{ LEAF | PBMT(1), 0, 4, HW_RESERVED, HW_OK },
		{ LEAF | PBMT(2), 0, 4, HW_RESERVED, HW_OK },
		{ LEAF | PBMT(3), 0, 4, HW_RESERVED, HW_RESERVED },
		{ NAPOT & ~A, 0, 0, HW_RESERVED, HW_ACCESS_FLAG },
		{ LEAF & ~A, 0, 4, HW_ACCESS_FLAG, HW_ACCESS_FLAG },
		{ V | X, 0, 4, HW_ACCESS_FLAG, HW_ACCESS_FLAG },
		{ V | X | PPN(0x1000), 1, 4, HW_MISALIGNED, HW_MISALIGNED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (unsigned l = bad[i].first_level; l <= bad[i].last_level; l++) {
			assert_int_equal(fault_of(&plain, bad[i].raw, l), bad[i].plain);
			assert_int_equal(fault_of(&extended, bad[i].raw, l), bad[i].extended);
		}
}

/* Each bit from 10 on, in a leaf and in a pointer; the extensions change leaves only. */
static void bad_address_and_reserved_bits(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 4; level++)
		for (unsigned bit = 10; bit <= 63; bit++) {
			enum hw_fault leaf = bit >= 54 ? HW_RESERVED
					     : bit < 10 + 9 * level ? HW_MISALIGNED : HW_OK;
			enum hw_fault pointer = bit >= 54 ? HW_RESERVED
						: level == 0 ? HW_BAD_LEVEL : HW_OK;

			assert_int_equal(fault_of(&plain, LEAF | BIT(bit), level), leaf);
			if (bit <= 60)
				assert_int_equal(fault_of(&extended, LEAF | BIT(bit), level), leaf);
			assert_int_equal(fault_of(&plain, V | BIT(bit), level), pointer);
			assert_int_equal(fault_of(&extended, V | BIT(bit), level), pointer);
		}
}

/* Svnapot and Svpbmt do not bring each other. */
static void bad_napot_encodings(void **state)
{
	static const struct hw_device napot = { .napot = true }, types = { .memory_types = true };

	(void)state;
	for (uint64_t code = 0; code < 16; code++) {
		uint64_t raw = BIT(63) | LEAF | PPN(0x12340000) | code << 10;

		assert_int_equal(fault_of(&napot, raw, 0), code == 8 ? HW_OK : HW_RESERVED);
		assert_int_equal(fault_of(&napot, raw | PBMT(1), 0), HW_RESERVED);
		assert_int_equal(fault_of(&extended, raw | PBMT(3), 0), HW_RESERVED);
		assert_int_equal(fault_of(&types, raw, 0), HW_RESERVED);
		for (unsigned level = 1; level <= 4; level++)
			assert_int_equal(fault_of(&napot, raw, level), HW_BAD_SIZE);
	}
}

/* 64K at level 0 comes with Svnapot; nothing is above the root. */
static void good_sizes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * 3 * 5; i++) {
		struct hw_device dev = { .napot = i & 1, .level = (uint8_t)(2 + i / 2 % 3) };
		unsigned level = i / 6;
		uint64_t size = level > dev.level ? 0 : BIT(12 + 9 * level);

		if (level == 0 && dev.napot)
			size |= 0x10000;
		assert_true(hw_riscv64.sizes(&hw_riscv64, &dev, level) == size);
	}
}

/* Of the four pairs of sign_extend and second_stage two exist, each with its width. */
static void good_setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4 * 3 * 30; i++) {
		struct hw_device dev = { .sign_extend = i & 1, .second_stage = i & 2,
					 .level = (uint8_t)(2 + i / 4 % 3),
					 .vasz_lg2 = (uint8_t)(30 + i / 12) };
		unsigned widest = (dev.second_stage ? 41U : 39U) + 9U * (dev.level - 2U);
		bool possible = dev.sign_extend != dev.second_stage && dev.vasz_lg2 <= widest;

		assert_int_equal(hw_riscv64.setup(&hw_riscv64, &dev),
				 possible ? HW_POSSIBLE : HW_MEANINGLESS);
	}
}

/* ---- walks: tables in pages 0..3, a root in pages 4 (first stage) or 4..7 (second) ---- */

#define ROOT 0x4000

static uint64_t pages[8][512];

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	if (pa & (bytes - 1) || pa >= sizeof(pages) || bytes > sizeof(pages) - pa)
		return NULL;
	return pages[pa >> 12];
}

static const struct hw_memory mem = { .view = view };

static enum hw_fault walk(const struct hw_device *dev, uint64_t va, struct hw_walk *w)
{
	hw_walk(&hw_riscv64, dev, &mem, va, HW_WRITE, w);
	return w->fault;
}

/* Item i of a root whose items are all the same leaf: its first VA, walked and enumerated. */
static void check_root(const struct hw_device *dev, unsigned nr_items)
{
	unsigned item_lg2 = 12U + 9U * dev->level;
	struct hw_map map = { 0 };
	struct hw_walk w;

	hw_enumerate(&hw_riscv64, dev, &mem, 1, &map);
	assert_int_equal(map.fault, HW_OK);
	assert_int_equal(map.nr_leaves, nr_items);
	for (uint64_t i = 0; i < nr_items; i++) {
		uint64_t va = i << item_lg2;

		if (dev->sign_extend && i >= nr_items / 2)
			va -= (uint64_t)nr_items << item_lg2;
		assert_true(map.leaves[i].va == va);
		assert_int_equal(walk(dev, va + 0x12345678, &w), HW_OK);
		assert_int_equal(w.steps[0].index, i);
		assert_true(w.oa == BIT(item_lg2) + 0x12345678);
	}
	free(map.leaves);
	free(map.tables);
}

/* A root of each mode, its reach, and what the VAs beyond it are. */
static void good_roots(void **state)
{
	struct hw_walk w;

	(void)state;
	for (uint8_t level = 2; level <= 4; level++) {
		struct hw_device first = { .root_pa = ROOT, .level = level, .sign_extend = true };
		struct hw_device second = { .root_pa = ROOT, .level = level, .second_stage = true };
		uint64_t half = BIT(9 * level + 20), x4 = BIT(9 * level + 23);

		for (unsigned i = 0; i < 2048; i++)
			pages[4 + i / 512][i % 512] = LEAF | PPN(BIT(12 + 9 * level));
		check_root(&first, 512);
		assert_int_equal(walk(&first, half - 1, &w), HW_OK);
		assert_int_equal(walk(&first, half, &w), HW_NOT_CANONICAL);
		assert_int_equal(walk(&first, -half - 1, &w), HW_NOT_CANONICAL);
		assert_int_equal(walk(&first, -half, &w), HW_OK);
		assert_int_equal(walk(&first, UINT64_MAX, &w), HW_OK);
		check_root(&second, 2048);
		assert_int_equal(walk(&second, x4 - 1, &w), HW_OK);
		assert_int_equal(walk(&second, x4, &w), HW_VA_TOO_WIDE);
		assert_int_equal(walk(&second, UINT64_MAX, &w), HW_VA_TOO_WIDE);
		second.root_pa += 0x1000;
		assert_int_equal(walk(&second, 0, &w), HW_NO_MEMORY);
	}
}

/* Below an x4 root tables are as ever; a run of 16 equal items is one leaf of 64K. */
static void good_napot_walk(void **state)
{
	struct hw_device dev = { .root_pa = ROOT, .level = 2, .second_stage = true, .napot = true };
	uint64_t va = UINT64_C(0x1ffffe40000);
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	memset(pages, 0, sizeof(pages));
	pages[7][511] = V | PPN(0x1000);
	pages[1][511] = V | PPN(0x2000);
	for (unsigned i = 64; i < 80; i++)
		pages[2][i] = NAPOT & ~U; /* U = 0: reported, not denied */
	assert_int_equal(walk(&dev, va + 0xabcd, &w), HW_OK);
	assert_true(w.nr_steps == 3 && w.oa == 0x1234abcd);
	assert_string_equal(spell(w.leaf.attrs), "rwad");
	hw_enumerate(&hw_riscv64, &dev, &mem, 100, &map);
	assert_int_equal(map.fault, HW_OK);
	assert_true(map.nr_tables == 3 && map.nr_leaves == 1);
	assert_true(map.leaves[0].va == va && map.leaves[0].item.size_lg2 == 16);
	pages[2][79] &= ~W;
	hw_enumerate(&hw_riscv64, &dev, &mem, 100, &map);
	assert_true(map.run_broken && map.fault_va == va + 0xf000);
	free(map.leaves);
	free(map.tables);
}

static void good_promises(void **state)
{
	static const struct {
		struct hw_request ask;
		const char *attrs; /* null: cannot be expressed */
	} promises[] = {
		{ { .read = true }, "rxua" },
		{ { .read = true, .noexec = true }, "rua" },
		{ { .read = true, .cache = true, .mmio = true }, "rxua" },
		{ { .read = true, .dirty_tracking = true }, "rxua" },
		{ { .read = true, .write = true }, "rwxuad" },
		{ { .read = true, .write = true, .dirty_tracking = true }, "rwxua" },
		{ { .read = true, .memory_types = true }, "rxua NC" },
		{ { .read = true, .memory_types = true, .cache = true }, "rxua PMA" },
		{ { .read = true, .memory_types = true, .cache = true, .mmio = true }, "rxua IO" },
		{ { .write = true }, NULL },
		{ { .read = false }, NULL },
		{ { .read = true, .force_coherence = true }, NULL },
		{ { .read = true, .encrypt = true }, NULL },
	};
	struct hw_attrs attrs;

	(void)state;
	for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		bool can = hw_riscv64.promise(&hw_riscv64, &promises[i].ask, &attrs);

		assert_int_equal(can, promises[i].attrs != NULL);
		if (can)
			assert_string_equal(spell(attrs), promises[i].attrs);
	}
}

static void good_describe(void **state)
{
	char buf[128];

	(void)state;
	hw_describe(&hw_riscv64, 0xc0000000048d21b7, buf, sizeof(buf));
	assert_string_equal(buf, "N=1 PBMT=2 PPN=0x12348 RSW=1 D=1 A=0 G=1 U=1 X=0 W=1 R=1 V=1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_worked_leaves),
		cmocka_unit_test(good_leaf_bits),
		cmocka_unit_test(good_sets_dirty),
		cmocka_unit_test(good_pointers),
		cmocka_unit_test(bad_items),
		cmocka_unit_test(bad_address_and_reserved_bits),
		cmocka_unit_test(bad_napot_encodings),
		cmocka_unit_test(good_sizes),
		cmocka_unit_test(good_setup),
		cmocka_unit_test(good_roots),
		cmocka_unit_test(good_napot_walk),
		cmocka_unit_test(good_promises),
		cmocka_unit_test(good_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
