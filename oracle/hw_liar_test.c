/*
 * Tests of the walk driver with a format that lies about levels.
 *
 * Goal: levels fall strictly whatever a format says, so that a walk and an enumeration end;
 * and a fault of the format's own stays what it is.
 * Method: the toy with another decoder, which takes the next level and the fault from the
 * item, and one table that is its own next.
 */
#include "oracle/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

extern const struct hw_format hw_toy;

#define ROOT_PA	     0x1000u
#define ITEM(to, as) (0x800u | (unsigned)(as) << 4 | (unsigned)(to)) /* next level, fault */

static enum hw_fault decode_liar(const struct hw_format *f, const struct hw_device *dev,
				 uint64_t raw, unsigned level, struct hw_item *out)
{
	(void)f;
	(void)dev;
	(void)level;
	*out = (struct hw_item){ .kind = HW_TABLE, .address = ROOT_PA, .next_level = raw & 0xf };
	return raw >> 4 & 0xf;
}

static struct hw_format liar(void)
{
	struct hw_format f = hw_toy;

	f.decode = decode_liar;
	return f;
}

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	return pa == ROOT_PA && bytes == 16 ? ctx : NULL;
}

static void bad_next_levels(void **state)
{
	static const struct hw_device dev = { .level = 2 };
	struct hw_format f = liar();
	struct hw_item item;

	(void)state;
	for (unsigned level = 0; level < HW_MAX_LEVELS; level++)
		for (unsigned to = 0; to < 16; to++) {
			assert_int_equal(hw_decode(&f, &dev, ITEM(to, HW_OK), level, &item),
					 to < level ? HW_OK : HW_BAD_LEVEL);
			assert_int_equal(hw_decode(&f, &dev, ITEM(to, HW_RESERVED), level, &item),
					 HW_RESERVED);
		}
}

/* The second table is the first again, now of level 1. */
static void bad_table_in_itself(void **state)
{
	static const struct hw_device dev = { .root_pa = ROOT_PA, .level = 2 };
	struct hw_format f = liar();
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	for (unsigned to = 1; to < 16; to++) {
		uint64_t items[2] = { ITEM(to, HW_OK), ITEM(to, HW_OK) };
		struct hw_memory mem = { .ctx = items, .view = view };

		hw_walk(&f, &dev, &mem, 0, HW_PROBE, &w);
		assert_int_equal(w.fault, HW_BAD_LEVEL);
		assert_int_equal(w.nr_steps, to < 2 ? 2 : 1);
		hw_enumerate(&f, &dev, &mem, 100, &map);
		assert_int_equal(map.fault, HW_BAD_LEVEL);
		assert_int_equal(map.nr_tables, to < 2 ? 2 : 1);
	}
	free(map.leaves);
	free(map.tables);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_next_levels),
		cmocka_unit_test(bad_table_in_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
