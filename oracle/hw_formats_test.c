/*
 * Tests of what each hardware format says of itself.
 *
 * Goal: the limits are those of the manual, an access leaves the marks that hardware leaves,
 * and a report names every bit of an item by its field.
 * Method: tables of all formats, written down from the manuals; the reports are of items in
 * which every second bit is set, so that a field one bit wider, narrower or elsewhere shows.
 */
#include "oracle/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

extern const struct hw_format hw_toy, hw_amdv1, hw_amdv1_mock, hw_riscv64, hw_vtdss;
extern const struct hw_format hw_x86_64, hw_vtdfs;
extern const struct hw_format hw_armv8_s1_4k, hw_armv8_s1_16k, hw_armv8_s1_64k;
extern const struct hw_format hw_armv8_s2_4k, hw_armv8_s2_16k, hw_armv8_s2_64k;

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Levels of the root; VAs, OAs and PAs in bits; where the C-bit may be; and whether a VA faults
 * that is wider than hardware was told.
 */
static void good_limits(void **state)
{
	static const struct {
		const struct hw_format *f;
		uint8_t min_top, max_top, vasz, oasz, pa, encrypt_lo, encrypt_hi;
		bool limits_va;
	} limits[] = {
		{ &hw_toy, 0, 2, 15, 20, 52, 0, 0, false },
		{ &hw_amdv1, 0, 5, 64, 52, 52, 32, 51, false },
		{ &hw_amdv1_mock, 0, 4, 56, 51, 51, 32, 50, false },
		{ &hw_riscv64, 2, 4, 59, 56, 56, 0, 0, false }, /* Sv57x4 */
		{ &hw_x86_64, 3, 4, 57, 52, 52, 0, 0, false },
		{ &hw_vtdfs, 3, 4, 57, 52, 52, 0, 0, false },
		{ &hw_vtdss, 2, 4, 57, 52, 52, 0, 0, true },
		{ &hw_armv8_s1_4k, 1, 4, 52, 52, 52, 0, 0, true },
		{ &hw_armv8_s1_16k, 1, 3, 52, 52, 52, 0, 0, true },
		{ &hw_armv8_s1_64k, 1, 2, 52, 52, 52, 0, 0, true },
		{ &hw_armv8_s2_4k, 1, 4, 52, 52, 52, 0, 0, true },
		{ &hw_armv8_s2_16k, 1, 3, 52, 52, 52, 0, 0, true },
		{ &hw_armv8_s2_64k, 1, 2, 52, 52, 52, 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		const struct hw_format *f = limits[i].f;

		assert_int_equal(f->min_top, limits[i].min_top);
		assert_int_equal(f->max_top, limits[i].max_top);
		assert_int_equal(f->max_vasz_lg2, limits[i].vasz);
		assert_int_equal(f->max_oasz_lg2, limits[i].oasz);
		assert_int_equal(f->max_pa_lg2, limits[i].pa);
		assert_int_equal(f->encrypt_lo, limits[i].encrypt_lo);
		assert_int_equal(f->encrypt_hi, limits[i].encrypt_hi);
		assert_int_equal(f->limits_va, limits[i].limits_va);
	}
}

/* Arm: PAs of more than 48 bits come with LPA and LPA2 only. */
static void good_pa_width(void **state)
{
	static const struct hw_device small, large = { .large_oa = true };

	(void)state;
	assert_int_equal(hw_pa_lg2(&hw_armv8_s1_4k, &small), 48);
	assert_int_equal(hw_pa_lg2(&hw_armv8_s1_4k, &large), 52);
	assert_int_equal(hw_pa_lg2(&hw_armv8_s2_64k, &small), 48);
	assert_int_equal(hw_pa_lg2(&hw_armv8_s2_64k, &large), 52);
	assert_int_equal(hw_pa_lg2(&hw_amdv1, &small), 52);
	assert_int_equal(hw_pa_lg2(&hw_riscv64, &small), 56);
}

/* Leaves that allow reads and writes, after one of either. */
static const struct {
	const struct hw_format *f;
	uint64_t before, read, written;
} touched[] = {
	{ &hw_toy, 0x4200f, 0x4201f, 0x4203f },
	{ &hw_amdv1, 0x6000000012345001, 0x6000000012345021, 0x6000000012345061 },
	{ &hw_amdv1_mock, 0x6000000012345001, 0x6000000012345021, 0x6000000012345061 },
	{ &hw_riscv64, 0x048d1417, 0x048d1457, 0x048d14d7 },
	{ &hw_x86_64, 0x12345007, 0x12345027, 0x12345067 },
	{ &hw_vtdfs, 0x12345007, 0x12345027, 0x12345067 },
	{ &hw_vtdss, 0x12345003, 0x12345103, 0x12345303 },
	/* DBM: a write clears AP[2], or sets S2AP[1]; without, the leaf is as before. */
	{ &hw_armv8_s1_4k, 0x0008000012345bc3, 0x0008000012345fc3, 0x0008000012345f43 },
	{ &hw_armv8_s1_4k, 0x0000000012345b43, 0x0000000012345f43, 0x0000000012345f43 },
	{ &hw_armv8_s2_4k, 0x000800001234537f, 0x000800001234577f, 0x00080000123457ff },
	{ &hw_armv8_s2_4k, 0x00000000123453ff, 0x00000000123457ff, 0x00000000123457ff },
};

static void good_touch(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(touched); i++) {
		const struct hw_format *f = touched[i].f;

		assert_true(f->touch(f, touched[i].before, false) == touched[i].read);
		assert_true(f->touch(f, touched[i].before, true) == touched[i].written);
		/* What was dirty stays so. */
		assert_true(f->touch(f, touched[i].written, false) == touched[i].written);
	}
}

/* Items 0xaaaaaaaaaaaaaaaa and 0x5555555555555555. */
static const struct {
	const struct hw_format *f;
	const char *odd, *even;
} reports[] = {
	{ &hw_toy, "Address=0xaaaaaaaaaa D=1 A=0 W=1 R=0 L=1 P=0",
	  "Address=0x5555555555 D=0 A=1 W=0 R=1 L=0 P=1" },
	{ &hw_amdv1, "IW=0 IR=1 FC=0 U=1 Address=0xaaaaaaaaaa NextLevel=5 D=0 A=1 PR=0",
	  "IW=1 IR=0 FC=1 U=0 Address=0x5555555555 NextLevel=2 D=1 A=0 PR=1" },
	{ &hw_riscv64, "N=1 PBMT=1 PPN=0xaaaaaaaaaaa RSW=2 D=1 A=0 G=1 U=0 X=1 W=0 R=1 V=0",
	  "N=0 PBMT=2 PPN=0x55555555555 RSW=1 D=0 A=1 G=0 U=1 X=0 W=1 R=0 V=1" },
	{ &hw_armv8_s1_4k,
	  "NSTable=1 APTable=1 XNTable=0 PXNTable=1 UXN=0 PXN=1 Contiguous=0 DBM=1 "
	  "Address=0x2aaaaaaaaa nG=1 AF=0 SH=2 AP=2 NS=1 AttrIndx=2 Type=1 Valid=0",
	  "NSTable=0 APTable=2 XNTable=1 PXNTable=0 UXN=1 PXN=0 Contiguous=1 DBM=0 "
	  "Address=0x1555555555 nG=0 AF=1 SH=1 AP=1 NS=0 AttrIndx=5 Type=0 Valid=1" },
	{ &hw_armv8_s2_4k,
	  "XN=1 Contiguous=0 DBM=1 Address=0x2aaaaaaaaa AF=0 SH=2 S2AP=2 MemAttr=0xa Type=1 "
	  "Valid=0",
	  "XN=2 Contiguous=1 DBM=0 Address=0x1555555555 AF=1 SH=1 S2AP=1 MemAttr=0x5 Type=0 "
	  "Valid=1" },
};

static void good_reports(void **state)
{
	char buf[256];

	(void)state;
	for (size_t i = 0; i < COUNT(reports); i++) {
		hw_describe(reports[i].f, 0xaaaaaaaaaaaaaaaa, buf, sizeof(buf));
		assert_string_equal(buf, reports[i].odd);
		hw_describe(reports[i].f, 0x5555555555555555, buf, sizeof(buf));
		assert_string_equal(buf, reports[i].even);
	}
}

/* Ours: fields as wide as they can be. */
static void good_wide_fields(void **state)
{
	static const struct hw_field fields[] = {
		{ 63, 0, "all" }, { 62, 0, "most" }, { 63, 63, "top" }, { .name = NULL }
	};
	const struct hw_format wide = { .fields = fields };
	char buf[128];

	(void)state;
	hw_describe(&wide, UINT64_MAX, buf, sizeof(buf));
	assert_string_equal(buf, "all=0xffffffffffffffff most=0x7fffffffffffffff top=1");
	hw_describe(&wide, UINT64_C(1) << 63, buf, sizeof(buf));
	assert_string_equal(buf, "all=0x8000000000000000 most=0x0 top=1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_limits),	cmocka_unit_test(good_pa_width),
		cmocka_unit_test(good_touch),	cmocka_unit_test(good_reports),
		cmocka_unit_test(good_wide_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
