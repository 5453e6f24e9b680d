/*
 * Tests of the x86-64 hardware decoder, which is that of the VT-d first stage too.
 *
 * Goal: every bit of an item means what the manuals say, at each level.
 * Method: each case runs for each format. Worked values as literals, then loops over bits
 * and levels whose expectation is arithmetic on the manuals' text, not the decoder's masks.
 * Whole walks go through a chain of one table a level:
 *
 *	tables[top][0] -> ... -> tables[1][0] -> tables[0][0] -> 0x12345000
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

extern const struct hw_format hw_x86_64, hw_vtdfs;

#define BIT(n)	  (UINT64_C(1) << (n))
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define PA(level) (((uint64_t)(level) + 1) << 12) /* of tables[level] */

#define POINTER	   UINT64_C(0x27)		/* P, R/W, U/S, A */
#define PAGE	   UINT64_C(0x0000000012345067) /* P, R/W, U/S, A, D */
#define LARGE_PAGE UINT64_C(0x00000000000000e7) /* P, R/W, U/S, A, D, PS */
#define LEAF(level) ((level) ? LARGE_PAGE : PAGE)

static const struct hw_device plain = { .level = 4, .oasz_lg2 = 52 };
static const struct hw_format *formats[] = { &hw_x86_64, &hw_vtdfs };

/* The format that a case runs for. */
static const struct hw_format *format_of(void **state)
{
	return *(const struct hw_format **)*state;
}

static enum hw_fault fault_of(const struct hw_format *f, uint64_t raw, unsigned level)
{
	return f->decode(f, &plain, raw, level, &(struct hw_item){ 0 });
}

/* An item that must be good. */
static struct hw_item decode(const struct hw_format *f, uint64_t raw, unsigned level)
{
	struct hw_item item;

	assert_int_equal(f->decode(f, &plain, raw, level, &item), HW_OK);
	return item;
}

/* The letters of `set`: Read, Write, eXec, User, Accessed, Dirty, Global. */
static void assert_attrs(const struct hw_attrs *a, const char *set, enum hw_memory_type type)
{
	char have[8];

	snprintf(have, sizeof(have), "%s%s%s%s%s%s%s", a->read ? "r" : "", a->write ? "w" : "",
		 a->exec ? "x" : "", a->user ? "u" : "", a->accessed ? "a" : "",
		 a->dirty ? "d" : "", a->global ? "g" : "");
	assert_int_equal(a->exec_privileged, a->exec);
	assert_string_equal(have, set);
	assert_int_equal(a->type, type);
	assert_false(a->coherent || a->encrypted || a->untranslated);
}

/* Whole items, as one would read them in a dump. */
static void good_worked_leaves(void **state)
{
	static const struct {
		uint64_t raw;
		unsigned level, size_lg2;
		uint64_t oa;
		const char *set;
		enum hw_memory_type type;
	} good[] = {
		{ 0x0000000012345001, 0, 12, 0x12345000, "rx", HW_WRITE_BACK },
		{ 0x0000000012345067, 0, 12, 0x12345000, "rwxuad", HW_WRITE_BACK },
		{ 0x8000000012345025, 0, 12, 0x12345000, "rua", HW_WRITE_BACK },
		{ 0x8000000fee00007f, 0, 12, 0xfee000000, "rwuad", HW_DEVICE_MEMORY },
		{ 0x000ffffffffff003, 0, 12, 0xffffffffff000, "rwx", HW_WRITE_BACK },
		{ 0x00000000122000e7, 1, 21, 0x12200000, "rwxuad", HW_WRITE_BACK },
		{ 0x800fffffffe01085, 1, 21, 0xfffffffe00000, "ru", HW_WRITE_BACK },
		{ 0x00000000400000f7, 2, 30, 0x40000000, "rwxuad", HW_UNCACHED },
		{ 0x000fffffc0000081, 2, 30, 0xfffffc0000000, "rx", HW_WRITE_BACK },
	};

	const struct hw_format *f = format_of(state);

	for (size_t i = 0; i < COUNT(good); i++) {
		struct hw_item item = decode(f, good[i].raw, good[i].level);

		assert_true(item.kind == HW_LEAF && item.size_lg2 == good[i].size_lg2);
		assert_true(f->sizes(f, &plain, good[i].level) == BIT(good[i].size_lg2));
		assert_true(item.address == good[i].oa && item.item_oa == 0);
		assert_attrs(&item.attrs, good[i].set, good[i].type);
	}
}

static void good_worked_pointers(void **state)
{
	static const struct {
		uint64_t raw, pa;
		const char *set;
	} good[] = {
		{ 0x0000000012345027, 0x12345000, "rwxu" },
		{ 0x800ffffffffff021, 0xffffffffff000, "r" },
	};

	for (unsigned level = 1; level <= 4; level++)
		for (size_t i = 0; i < COUNT(good); i++) {
			struct hw_item item = decode(format_of(state), good[i].raw, level);

			assert_true(item.kind == HW_TABLE && item.next_level == level - 1);
			assert_true(item.address == good[i].pa);
			assert_attrs(&item.attrs, good[i].set, HW_MEMORY_UNSAID);
		}
}

/* Software's bits, protection keys, EA; in a pointer also PWT, PCD, A and D. G is of leaves. */
static void good_ignored_bits(void **state)
{
	const struct hw_format *f = format_of(state);
	struct hw_item item;

	for (unsigned bit = 3; bit <= 62; bit++) {
		bool in_both = (bit >= 9 && bit <= 11) || bit >= 52;

		for (unsigned level = 0; level <= 2 && (in_both || bit == 8); level++) {
			item = decode(f, LEAF(level) | BIT(bit), level);
			assert_int_equal(item.kind, HW_LEAF);
			assert_true(item.address == (level ? 0 : 0x12345000));
			assert_attrs(&item.attrs, bit == 8 ? "rwxuadg" : "rwxuad", HW_WRITE_BACK);
		}
		for (unsigned level = 1; level <= 4 && (in_both || bit <= 6); level++) {
			item = decode(f, PA(0) | 0x7 | BIT(bit), level);
			assert_true(item.kind == HW_TABLE && item.address == PA(0));
			assert_attrs(&item.attrs, "rwxu", HW_MEMORY_UNSAID);
		}
	}
}

static void bad_not_present(void **state)
{
	static const uint64_t raw[] = { 0, UINT64_MAX - 1, PAGE - 1, LARGE_PAGE - 1 };

	for (unsigned level = 0; level <= 4; level++)
		for (size_t i = 0; i < COUNT(raw); i++)
			assert_int_equal(fault_of(format_of(state), raw[i], level), HW_NOT_PRESENT);
}

/* PS makes a leaf of a PDE or PDPTE and is reserved above; AMD reserves bit 8 there too. */
static void bad_top_level_bits(void **state)
{
	const struct hw_format *f = format_of(state);

	for (unsigned level = 1; level <= 4; level++) {
		enum hw_fault want = level <= 2 ? HW_OK : HW_RESERVED;

		assert_int_equal(f->sizes(f, &plain, level) == 0, level > 2);
		assert_int_equal(fault_of(f, LARGE_PAGE, level), want);
		assert_int_equal(fault_of(f, BIT(63) | BIT(7) | BIT(0), level), want);
		assert_int_equal(fault_of(f, POINTER, level), HW_OK);
		assert_int_equal(fault_of(f, POINTER | BIT(8), level),
				 f == &hw_x86_64 ? want : HW_OK);
	}
}

/* Bits 20:13 and 29:13; 12 is PAT. */
static void bad_large_leaf_alignment(void **state)
{
	const struct hw_format *f = format_of(state);

	for (unsigned bit = 12; bit <= 51; bit++)
		for (unsigned level = 1; level <= 2; level++)
			assert_int_equal(fault_of(f, LARGE_PAGE | BIT(bit), level),
					 bit > 12 && bit < 12 + 9 * level ? HW_RESERVED : HW_OK);
	for (unsigned level = 1; level <= 2; level++)
		assert_true(decode(f, LARGE_PAGE | BIT(51) | BIT(12), level).address == BIT(51));
}

/* Wider than the device was told: of leaves only, tables lie anywhere. */
static void bad_output_address(void **state)
{
	struct hw_device dev = { .level = 4, .oasz_lg2 = 40 };
	const struct hw_format *f = format_of(state);
	struct hw_item item;

	for (unsigned level = 0; level <= 2; level++)
		for (unsigned bit = 39; bit <= 51; bit++) {
			assert_int_equal(f->decode(f, &dev, LEAF(level) | BIT(bit), level, &item),
					 bit < 40 ? HW_OK : HW_RESERVED);
			assert_int_equal(f->decode(f, &dev, POINTER | BIT(bit), level + 1, &item),
					 HW_OK);
		}
}

/* VT-d: an aperture without the upper half is a lower half. */
static void bad_setup_not_canonical(void **state)
{
	struct hw_device dev = { .level = 3 };

	assert_null(hw_x86_64.setup);
	for (dev.level = 3; dev.level <= 4; dev.level++)
		for (dev.vasz_lg2 = 30; dev.vasz_lg2 <= 57; dev.vasz_lg2++) {
			dev.sign_extend = true;
			assert_int_equal(hw_vtdfs.setup(&hw_vtdfs, &dev), HW_POSSIBLE);
			dev.sign_extend = false;
			assert_int_equal(hw_vtdfs.setup(&hw_vtdfs, &dev) == HW_POSSIBLE,
					 dev.vasz_lg2 <= (dev.level == 3 ? 47 : 56));
		}
	(void)state;
}

/* PAT, PCD, PWT against the PAT register after power-on: WB, WT, UC-, UC, twice. */
static void good_memory_types(void **state)
{
	static const enum hw_memory_type want[4] = { HW_WRITE_BACK, HW_MEMORY_UNSAID,
						     HW_UNCACHED, HW_DEVICE_MEMORY };

	for (unsigned n = 0; n < 8; n++)
		for (unsigned level = 0; level <= 2; level++) {
			uint64_t raw = LEAF(level) | (n & 3) << 3 | (n >> 2) << (level ? 12 : 7);
			struct hw_item item = decode(format_of(state), raw, level);

			assert_int_equal(item.attrs.type, want[n & 3]);
		}
}

static uint64_t tables[5][512];

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return bytes == 4096 && pa >= PA(0) && pa <= PA(4) ? tables[(pa >> 12) - 1] : NULL;
}

static const struct hw_memory mem = { .view = view };

/* The chain of the first comment. */
static struct hw_device chain(unsigned top)
{
	memset(tables, 0, sizeof(tables));
	tables[0][0] = PAGE;
	for (unsigned level = 1; level <= top; level++)
		tables[level][0] = PA(level - 1) | POINTER;
	return (struct hw_device){ .root_pa = PA(top), .level = (uint8_t)top, .oasz_lg2 = 52,
				   .sign_extend = true };
}

static enum hw_fault walk(void **state, const struct hw_device *dev, uint64_t va,
			  enum hw_access access, struct hw_walk *w)
{
	hw_walk(format_of(state), dev, &mem, va, access, w);
	return w->fault;
}

/* A permission taken away at one level only is gone for the whole walk. */
static void good_permissions_accumulate(void **state)
{
	static const struct {
		uint64_t flip;
		const char *set;
	} gone[] = { { 0, "rwxuad" }, { BIT(1), "rxuad" }, { BIT(2), "rwxad" },
		     { BIT(63), "rwuad" } };
	struct hw_walk w;

	for (unsigned top = 3; top <= 4; top++)
		for (unsigned level = 0; level <= top; level++)
			for (size_t i = 0; i < COUNT(gone); i++) {
				struct hw_device dev = chain(top);

				tables[level][0] ^= gone[i].flip;
				assert_int_equal(walk(state, &dev, 0x678, HW_READ, &w), HW_OK);
				assert_true(w.oa == 0x12345678 && w.nr_steps == top + 1);
				assert_attrs(&w.leaf.attrs, gone[i].set, HW_WRITE_BACK);
				assert_int_equal(walk(state, &dev, 0, HW_WRITE, &w),
						 gone[i].flip == BIT(1) ? HW_DENIED : HW_OK);
			}
}

static void good_large_leaf_walks(void **state)
{
	struct hw_device dev = chain(4);
	struct hw_walk w;

	tables[1][1] = 0x00000000122000e7;
	tables[2][1] = 0x00000000800000e5;
	assert_int_equal(walk(state, &dev, 0x3fffff, HW_WRITE, &w), HW_OK);
	assert_true(w.oa == 0x123fffff && w.nr_steps == 4);
	assert_int_equal(walk(state, &dev, 0x7fffffff, HW_READ, &w), HW_OK);
	assert_true(w.oa == 0xbfffffff && w.nr_steps == 3);
}

/* 48 and 57 bits: the highest is copied upwards, or all above them are zero. */
static void bad_not_canonical(void **state)
{
	static const uint64_t low_end[] = { 0x00007fffffffffff, 0x00ffffffffffffff };
	static const uint64_t high_begin[] = { 0xffff800000000000, 0xff00000000000000 };
	struct hw_walk w;

	for (unsigned i = 0; i < 2; i++) {
		struct hw_device dev = chain(3 + i);
		uint64_t low = low_end[i], high = high_begin[i];

		tables[3 + i][256] = tables[3 + i][0];
		assert_int_equal(walk(state, &dev, low, HW_PROBE, &w), HW_NOT_PRESENT);
		assert_int_equal(walk(state, &dev, low + 1, HW_PROBE, &w), HW_NOT_CANONICAL);
		assert_int_equal(walk(state, &dev, high - 1, HW_PROBE, &w), HW_NOT_CANONICAL);
		assert_int_equal(walk(state, &dev, high + 0x678, HW_READ, &w), HW_OK);
		assert_true(w.oa == 0x12345678);
		dev.sign_extend = false;
		assert_int_equal(walk(state, &dev, low + 1, HW_READ, &w), HW_OK);
		assert_int_equal(walk(state, &dev, 2 * (low + 1), HW_READ, &w), HW_VA_TOO_WIDE);
	}
}

static void bad_roots(void **state)
{
	const struct hw_format *f = format_of(state);
	struct hw_device dev = chain(4);
	struct hw_walk w;

	for (dev.level = 0; dev.level <= 5; dev.level++) {
		dev.root_pa = PA(dev.level);
		assert_int_equal(walk(state, &dev, 0, HW_READ, &w),
				 dev.level == 3 || dev.level == 4 ? HW_OK : HW_BAD_LEVEL);
	}
	assert_true(f->max_vasz_lg2 == 57 && f->max_oasz_lg2 == 52 && f->max_pa_lg2 == 52);
	assert_true(f->can_sign_extend && !f->forces_coherence && !f->grows && !f->limits_va);
}

static void good_both_halves_in_order(void **state)
{
	static const size_t index[] = { 0, 255, 256, 511 };
	static const uint64_t want[2][4] = {
		{ 0, 0x00007f8000000000, 0xffff800000000000, 0xffffff8000000000 },
		{ 0, 0x00ff000000000000, 0xff00000000000000, 0xffff000000000000 },
	};
	struct hw_map map = { 0 };

	for (unsigned top = 3; top <= 4; top++) {
		struct hw_device dev = chain(top);

		for (size_t i = 0; i < COUNT(index); i++)
			tables[top][index[i]] = tables[top][0];
		hw_enumerate(format_of(state), &dev, &mem, 100, &map);
		assert_int_equal(map.fault, HW_OK);
		assert_int_equal(map.nr_leaves, 4);
		for (size_t i = 0; i < COUNT(index); i++)
			assert_true(map.leaves[i].va == want[top - 3][i]);
	}
	free(map.leaves);
	free(map.tables);
}

static void good_promises(void **state)
{
	static const struct {
		struct hw_request ask;
		const char *set;
		enum hw_memory_type type;
	} good[] = {
		{ { .read = true, .write = true, .cache = true }, "rwxuad", HW_WRITE_BACK },
		{ { .read = true, .write = true, .mmio = true }, "rwxuad", HW_DEVICE_MEMORY },
		{ { .read = true, .noexec = true }, "rua", HW_WRITE_BACK },
		{ { .read = true, .write = true, .dirty_tracking = true }, "rwxua", HW_WRITE_BACK },
		{ { .read = true, .dirty_tracking = true }, "rxua", HW_WRITE_BACK },
	};
	const struct hw_format *f = format_of(state);
	struct hw_attrs attrs;

	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(f->promise(f, &good[i].ask, &attrs));
		assert_attrs(&attrs, good[i].set, good[i].type);
	}
}

static void bad_promises(void **state)
{
	static const struct hw_request bad[] = { { .write = true }, { .noexec = true },
						 { .read = true, .force_coherence = true },
						 { .read = true, .encrypt = true } };
	const struct hw_format *f = format_of(state);

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(f->promise(f, &bad[i], &(struct hw_attrs){ 0 }));
}

static void good_describe(void **state)
{
	static const char *const want[2][2] = {
		{ "XD=1 Address=0xaaaaaaaaaa G=0 PS=1 D=0 A=1 PCD=0 PWT=1 U/S=0 R/W=1 P=0",
		  "XD=0 Address=0x5555555555 G=1 PS=0 D=1 A=0 PCD=1 PWT=0 U/S=1 R/W=0 P=1" },
		{ "XD=1 Address=0xaaaaaaaaaa EA=0 G=0 PS=1 D=0 A=1 PCD=0 PWT=1 U/S=0 R/W=1 P=0",
		  "XD=0 Address=0x5555555555 EA=1 G=1 PS=0 D=1 A=0 PCD=1 PWT=0 U/S=1 R/W=0 P=1" },
	};
	char buf[128];

	for (size_t i = 0; i < 2; i++) {
		hw_describe(format_of(state), 0xaaaaaaaaaaaaaaaa >> i, buf, sizeof(buf));
		assert_string_equal(buf, want[format_of(state) == &hw_vtdfs][i]);
	}
}

#define BOTH(name) \
	cmocka_unit_test_prestate(name, &formats[0]), cmocka_unit_test_prestate(name, &formats[1])

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BOTH(good_worked_leaves),
		BOTH(good_worked_pointers),
		BOTH(good_ignored_bits),
		BOTH(bad_not_present),
		BOTH(bad_top_level_bits),
		BOTH(bad_large_leaf_alignment),
		BOTH(bad_output_address),
		cmocka_unit_test(bad_setup_not_canonical),
		BOTH(good_memory_types),
		BOTH(good_permissions_accumulate),
		BOTH(good_large_leaf_walks),
		BOTH(bad_not_canonical),
		BOTH(bad_roots),
		BOTH(good_both_halves_in_order),
		BOTH(good_promises),
		BOTH(bad_promises),
		BOTH(good_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
