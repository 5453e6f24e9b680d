/*
 * none: the commands of a software format, for which no hardware exists.
 *
 * Our own definition; both sides are written from it:
 *
 *     word[0]  7:0   1 invalidate, 2 device entry, 3 wait for all before
 *              15:8  (1) leaf_levels     23:16  (1) table_levels, 0: leaves only
 *              63:32 (2) the device
 *     word[1]  31:0  (1) first >> 12     63:32  (1) last >> 12
 *
 * Both page numbers saturate: a last of 0xffffffff means up to the end. An invalidation
 * has no tags: it concerns every table.
 */
#include "core/stamp.h"

enum opcode { INVALIDATE = 1, DEVICE_ENTRY = 2, WAIT = 3 };

static struct pt_command command(uint64_t low, uint64_t high)
{
	return (struct pt_command){ { low, high } };
}

static uint64_t page_of(uint64_t va)
{
	uint64_t page = va >> 12;

	return page < UINT32_MAX ? page : UINT32_MAX;
}

static struct pt_command invalidate(const struct pt_invalidation *inv)
{
	return command(INVALIDATE | (uint64_t)inv->leaf_levels << 8 |
			       (uint64_t)inv->table_levels << 16,
		       page_of(inv->first) | page_of(inv->last) << 32);
}

static struct pt_command wait_for_all(void)
{
	return command(WAIT, 0);
}

PT_COMMANDS(none)

unsigned PT_ENCODE(none)(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit,
			 const struct pt_invalidation *inv,
			 struct pt_command commands[PT_MAX_COMMANDS])
{
	(void)f;
	(void)pt;
	(void)unit;
	commands[0] = invalidate(inv);
	commands[1] = wait_for_all();
	return 2;
}

unsigned PT_ENCODE_ENTRY(none)(const struct pt_fmt *f, const struct pt *pt,
			       const struct pt_unit *unit,
			       struct pt_command commands[PT_MAX_COMMANDS])
{
	const struct pt_invalidation all = { .last = UINT64_MAX,
					     .leaf_levels = PT_ANY_LEVEL,
					     .table_levels = PT_ANY_LEVEL };

	(void)f;
	(void)pt;
	commands[0] = command(DEVICE_ENTRY | (uint64_t)unit->device << 32, 0);
	commands[1] = invalidate(&all);
	commands[2] = wait_for_all();
	return 3;
}
