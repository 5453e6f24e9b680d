/*
 * Tests of the VT-d second-stage hardware decoder.
 *
 * Goal: every bit of an item means what the manual says at each level.
 * Method: worked values as literals, then loops over bits and levels whose expectation is
 * arithmetic on the manual's text, not the decoder's masks. Whole walks go through a chain
 * of one table a level:
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

extern const struct hw_format hw_vtdss;

#define BIT(n)	  (UINT64_C(1) << (n))
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define PA(level) (((uint64_t)(level) + 1) << 12) /* of tables[level] */

#define RW	   UINT64_C(0x3)
#define PAGE	   UINT64_C(0x0000000012345303) /* R, W, A, D */
#define LARGE_PAGE UINT64_C(0x0000000000000383) /* R, W, A, D, PS */

static const struct hw_device plain = { .level = 4, .vasz_lg2 = 57, .oasz_lg2 = 52 };

static enum hw_fault fault_of(uint64_t raw, unsigned level)
{
	return hw_vtdss.decode(&hw_vtdss, &plain, raw, level, &(struct hw_item){ 0 });
}

/* An item that must be good. */
static struct hw_item decode(uint64_t raw, unsigned level)
{
	struct hw_item item;

	assert_int_equal(hw_vtdss.decode(&hw_vtdss, &plain, raw, level, &item), HW_OK);
	return item;
}

/* The letters of `set`: Read, Write, Accessed, Dirty, Coherent. The rest never changes. */
static void assert_attrs(const struct hw_attrs *a, const char *set)
{
	char have[6];

	snprintf(have, sizeof(have), "%s%s%s%s%s", a->read ? "r" : "", a->write ? "w" : "",
		 a->accessed ? "a" : "", a->dirty ? "d" : "", a->coherent ? "c" : "");
	assert_string_equal(have, set);
	assert_true(a->exec && a->exec_privileged && a->user);
	assert_int_equal(a->type, HW_MEMORY_UNSAID);
	assert_false(a->encrypted || a->untranslated || a->global);
}

/* Whole items, as one would read them in a dump. */
static void good_worked_leaves(void **state)
{
	static const struct {
		uint64_t raw;
		unsigned level, size_lg2;
		uint64_t oa;
		const char *set;
	} good[] = {
		{ 0x0000000012345003, 0, 12, 0x12345000, "rw" },
		{ 0x0000000012345b03, 0, 12, 0x12345000, "rwadc" },
		{ 0x0000000012345101, 0, 12, 0x12345000, "ra" },
		{ 0x0000000012345302, 0, 12, 0x12345000, "wad" },
		{ 0x000ffffffffff801, 0, 12, 0xffffffffff000, "rc" },
		{ 0x0000000012345083, 0, 12, 0x12345000, "rw" },
		{ 0x0000000012200383, 1, 21, 0x12200000, "rwad" },
		{ 0x000fffffffe00882, 1, 21, 0xfffffffe00000, "wc" },
		{ 0x0000000040000b83, 2, 30, 0x40000000, "rwadc" },
		{ 0x000fffffc0000081, 2, 30, 0xfffffc0000000, "r" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct hw_item item = decode(good[i].raw, good[i].level);

		assert_int_equal(item.kind, HW_LEAF);
		assert_int_equal(item.size_lg2, good[i].size_lg2);
		assert_true(hw_vtdss.sizes(&hw_vtdss, &plain, good[i].level) ==
			    BIT(good[i].size_lg2));
		assert_true(item.address == good[i].oa && item.item_oa == 0);
		assert_attrs(&item.attrs, good[i].set);
	}
}

static void good_worked_pointers(void **state)
{
	static const struct {
		uint64_t raw, pa;
		const char *set;
	} good[] = {
		{ 0x0000000012345003, 0x12345000, "rw" },
		{ 0x000ffffffffff001, 0xffffffffff000, "r" },
		{ 0x0000000000001002, 0x1000, "w" },
		{ 0x0000000000001103, 0x1000, "rw" },
	};

	(void)state;
	for (unsigned level = 1; level <= 4; level++)
		for (size_t i = 0; i < COUNT(good); i++) {
			struct hw_item item = decode(good[i].raw, level);

			assert_int_equal(item.kind, HW_TABLE);
			assert_int_equal(item.next_level, level - 1);
			assert_true(item.address == good[i].pa);
			assert_attrs(&item.attrs, good[i].set);
		}
}

/* X, EMT, IPAT, 10, 61:52 and 63; PS in an SS-PTE; A and D in a pointer say nothing. */
static void good_ignored_bits(void **state)
{
	struct hw_item item;

	(void)state;
	for (unsigned bit = 2; bit <= 63; bit++) {
		bool in_both = bit <= 6 || bit == 10 || (bit >= 52 && bit != 62);

		if (in_both || bit == 7) {
			item = decode(PAGE | BIT(bit), 0);
			assert_true(item.kind == HW_LEAF && item.address == 0x12345000);
			assert_attrs(&item.attrs, "rwad");
		}
		for (unsigned level = 1; level <= 2 && in_both; level++) {
			item = decode(LARGE_PAGE | BIT(bit), level);
			assert_true(item.kind == HW_LEAF && item.address == 0);
			assert_attrs(&item.attrs, "rwad");
		}
		for (unsigned level = 1; level <= 4; level++) {
			if (!in_both && bit != 8 && bit != 9)
				continue;
			item = decode(PA(0) | RW | BIT(bit), level);
			assert_true(item.kind == HW_TABLE && item.address == PA(0));
			assert_attrs(&item.attrs, "rw");
		}
	}
}

/* R = W = 0, whatever else is set: the reserved bits too, and X. */
static void bad_not_present(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 4; level++) {
		assert_int_equal(fault_of(0, level), HW_NOT_PRESENT);
		assert_int_equal(fault_of(UINT64_MAX - 3, level), HW_NOT_PRESENT);
		assert_int_equal(fault_of(0x0000000012345b84, level), HW_NOT_PRESENT);
		assert_int_equal(fault_of(0x4000000012345000, level), HW_NOT_PRESENT);
	}
}

/* Bit 62 is no TM: in this revision every entry reserves it. */
static void bad_bit_62(void **state)
{
	(void)state;
	for (unsigned level = 0; level <= 4; level++) {
		assert_int_equal(fault_of(PAGE | BIT(62), level), HW_RESERVED);
		assert_int_equal(fault_of(LARGE_PAGE | BIT(62), level), HW_RESERVED);
		assert_int_equal(fault_of(BIT(62) | RW, level), HW_RESERVED);
	}
}

/* PS makes a leaf of SS-PDE and SS-PDPTE and is reserved above; SNP is of leaves only. */
static void bad_pointer_bits(void **state)
{
	(void)state;
	for (unsigned level = 1; level <= 4; level++) {
		enum hw_fault want = level <= 2 ? HW_OK : HW_RESERVED;

		assert_int_equal(hw_vtdss.sizes(&hw_vtdss, &plain, level) == 0, level > 2);
		assert_int_equal(fault_of(LARGE_PAGE, level), want);
		assert_int_equal(fault_of(BIT(7) | 1, level), want);
		assert_int_equal(fault_of(BIT(7) | 2, level), want);
		assert_int_equal(fault_of(RW, level), HW_OK);
		assert_int_equal(fault_of(RW | BIT(11), level), HW_RESERVED);
	}
}

/* Bits 20:12 and 29:12. */
static void bad_large_leaf_alignment(void **state)
{
	(void)state;
	for (unsigned bit = 12; bit <= 51; bit++)
		for (unsigned level = 1; level <= 2; level++)
			assert_int_equal(fault_of(LARGE_PAGE | BIT(bit), level),
					 bit < 12 + 9 * level ? HW_RESERVED : HW_OK);
}

/* Wider than the HAW that the device was told: of leaves only, tables lie anywhere. */
static void bad_output_address(void **state)
{
	struct hw_device dev = { .level = 4, .vasz_lg2 = 57, .oasz_lg2 = 40 };
	struct hw_item item;

	(void)state;
	for (unsigned level = 0; level <= 2; level++)
		for (unsigned bit = 39; bit <= 51; bit++) {
			uint64_t leaf = level ? LARGE_PAGE : PAGE;

			assert_int_equal(hw_vtdss.decode(&hw_vtdss, &dev, leaf | BIT(bit), level,
							 &item),
					 bit < 40 ? HW_OK : HW_RESERVED);
			assert_int_equal(hw_vtdss.decode(&hw_vtdss, &dev, RW | BIT(bit), level + 1,
							 &item),
					 HW_OK);
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
static struct hw_device chain(unsigned top, uint8_t mgaw)
{
	memset(tables, 0, sizeof(tables));
	tables[0][0] = PAGE;
	for (unsigned level = 1; level <= top; level++)
		tables[level][0] = PA(level - 1) | RW;
	return (struct hw_device){ .root_pa = PA(top), .level = (uint8_t)top, .vasz_lg2 = mgaw,
				   .oasz_lg2 = 52 };
}

static enum hw_fault walk(const struct hw_device *dev, uint64_t va, enum hw_access access,
			  struct hw_walk *w)
{
	hw_walk(&hw_vtdss, dev, &mem, va, access, w);
	return w->fault;
}

/* A permission taken away at one level only is gone for the whole walk. */
static void good_permissions_accumulate(void **state)
{
	struct hw_walk w;

	(void)state;
	for (unsigned top = 2; top <= 4; top++)
		for (unsigned level = 0; level <= top; level++) {
			struct hw_device dev = chain(top, 57);

			assert_int_equal(walk(&dev, 0x678, HW_WRITE, &w), HW_OK);
			assert_true(w.oa == 0x12345678 && w.nr_steps == top + 1);
			assert_attrs(&w.leaf.attrs, "rwad");
			tables[level][0] ^= 2;
			assert_int_equal(walk(&dev, 0, HW_READ, &w), HW_OK);
			assert_attrs(&w.leaf.attrs, "rad");
			assert_int_equal(walk(&dev, 0, HW_WRITE, &w), HW_DENIED);
			tables[level][0] ^= 3;
			assert_int_equal(walk(&dev, 0, HW_WRITE, &w), HW_OK);
			assert_attrs(&w.leaf.attrs, "wad");
			assert_int_equal(walk(&dev, 0, HW_READ, &w), HW_DENIED);
			tables[level][0] ^= 2;
			assert_int_equal(walk(&dev, 0, HW_PROBE, &w), HW_NOT_PRESENT);
		}
}

/* Read at one level, write at another: mapped, but for no access. */
static void bad_no_access_left(void **state)
{
	struct hw_device dev = chain(2, 39);
	struct hw_walk w;

	(void)state;
	tables[2][0] ^= 2;
	tables[0][0] ^= 1;
	assert_int_equal(walk(&dev, 0, HW_PROBE, &w), HW_OK);
	assert_attrs(&w.leaf.attrs, "ad");
	assert_int_equal(walk(&dev, 0, HW_READ, &w), HW_DENIED);
	assert_int_equal(walk(&dev, 0, HW_WRITE, &w), HW_DENIED);
}

static void good_large_leaf_walks(void **state)
{
	struct hw_device dev = chain(3, 48);
	struct hw_walk w;

	(void)state;
	tables[1][1] = 0x0000000012200b83;
	tables[2][1] = 0x0000000080000081;
	assert_int_equal(walk(&dev, 0x3fffff, HW_WRITE, &w), HW_OK);
	assert_true(w.oa == 0x123fffff && w.nr_steps == 3);
	assert_attrs(&w.leaf.attrs, "rwadc");
	assert_int_equal(walk(&dev, 0x7fffffff, HW_READ, &w), HW_OK);
	assert_true(w.oa == 0xbfffffff && w.nr_steps == 2);
	assert_attrs(&w.leaf.attrs, "r");
}

/* Wider addresses fault: than the levels reach, and than the MGAW whatever the levels. */
static void bad_too_wide(void **state)
{
	static const struct {
		unsigned top;
		uint8_t mgaw;
		uint64_t last;
	} limit[] = {
		{ 2, 39, 0x0000007fffffffff }, { 2, 57, 0x0000007fffffffff },
		{ 3, 48, 0x0000ffffffffffff }, { 3, 57, 0x0000ffffffffffff },
		{ 4, 57, 0x01ffffffffffffff }, { 4, 64, 0x01ffffffffffffff },
		{ 2, 36, 0x0000000fffffffff }, { 3, 39, 0x0000007fffffffff },
		{ 4, 39, 0x0000007fffffffff }, { 4, 48, 0x0000ffffffffffff },
	};
	struct hw_walk w;

	(void)state;
	for (size_t i = 0; i < COUNT(limit); i++) {
		struct hw_device dev = chain(limit[i].top, limit[i].mgaw);

		assert_int_equal(walk(&dev, 0, HW_READ, &w), HW_OK);
		assert_int_equal(walk(&dev, limit[i].last, HW_READ, &w), HW_NOT_PRESENT);
		assert_int_equal(walk(&dev, limit[i].last + 1, HW_READ, &w), HW_VA_TOO_WIDE);
		assert_int_equal(walk(&dev, BIT(63), HW_READ, &w), HW_VA_TOO_WIDE);
	}
}

static void bad_roots(void **state)
{
	struct hw_device dev = chain(4, 57);
	struct hw_walk w;

	(void)state;
	for (dev.level = 0; dev.level <= 5; dev.level++) {
		dev.root_pa = PA(dev.level);
		assert_int_equal(walk(&dev, 0, HW_READ, &w),
				 dev.level >= 2 && dev.level <= 4 ? HW_OK : HW_BAD_LEVEL);
	}
	assert_true(hw_vtdss.max_vasz_lg2 == 57 && hw_vtdss.max_oasz_lg2 == 52);
	assert_true(hw_vtdss.max_pa_lg2 == 52 && hw_vtdss.forces_coherence && !hw_vtdss.grows);
}

static void good_promises(void **state)
{
	static const struct {
		struct hw_request ask;
		const char *set;
	} good[] = {
		{ { .read = true }, "ra" },
		{ { .write = true }, "wad" },
		{ { .read = true, .write = true, .cache = true }, "rwad" },
		{ { .read = true, .write = true, .mmio = true }, "rwad" },
		{ { .read = true, .force_coherence = true }, "rac" },
		{ { .read = true, .dirty_tracking = true }, "ra" },
		{ { .write = true, .dirty_tracking = true }, "wa" },
	};
	struct hw_attrs attrs;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(hw_vtdss.promise(&hw_vtdss, &good[i].ask, &attrs));
		assert_attrs(&attrs, good[i].set);
	}
}

static void bad_promises(void **state)
{
	static const struct hw_request bad[] = {
		{ .cache = true },
		{ .read = true, .noexec = true },
		{ .read = true, .encrypt = true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(hw_vtdss.promise(&hw_vtdss, &bad[i], &(struct hw_attrs){ 0 }));
}

static void good_describe(void **state)
{
	char buf[128];

	(void)state;
	hw_describe(&hw_vtdss, 0xaaaaaaaaaaaaaaaa, buf, sizeof(buf));
	assert_string_equal(buf, "TM=0 Address=0xaaaaaaaaaa SNP=1 D=1 A=0 PS=1 IPAT=0 EMT=5 X=0 "
				 "W=1 R=0");
	hw_describe(&hw_vtdss, 0x5555555555555555, buf, sizeof(buf));
	assert_string_equal(buf, "TM=1 Address=0x5555555555 SNP=0 D=0 A=1 PS=0 IPAT=1 EMT=2 X=1 "
				 "W=0 R=1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_output_address),
		cmocka_unit_test(good_worked_leaves),
		cmocka_unit_test(good_worked_pointers),
		cmocka_unit_test(good_ignored_bits),
		cmocka_unit_test(bad_not_present),
		cmocka_unit_test(bad_bit_62),
		cmocka_unit_test(bad_pointer_bits),
		cmocka_unit_test(bad_large_leaf_alignment),
		cmocka_unit_test(good_permissions_accumulate),
		cmocka_unit_test(bad_no_access_left),
		cmocka_unit_test(good_large_leaf_walks),
		cmocka_unit_test(bad_too_wide),
		cmocka_unit_test(bad_roots),
		cmocka_unit_test(good_promises),
		cmocka_unit_test(bad_promises),
		cmocka_unit_test(good_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
