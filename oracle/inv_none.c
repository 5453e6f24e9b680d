/*
 * The commands of the toy architecture, which no hardware has: this text is all the
 * manual there is.
 *
 * Bits of word[0] and word[1]; what a command does not name is reserved.
 *
 *	word[0]	7:0	opcode: 1 invalidate, 2 forget a device entry, 3 wait
 *
 *	1	word[0]	15:8	leaf levels, a bit each: leaves of these levels go
 *			23:16	table levels; 0: leaves only, else paging-structure entries too
 *		word[1]	31:0	first VA >> 12
 *			63:32	last VA >> 12, to the end of its 4K; all ones: no end
 *		Of both stages and without tags; a last below the first is illegal.
 *	2	word[0]	63:32	the device
 *	3	completes after all commands before it
 */
#include "oracle/inv.h"

static uint64_t bits(uint64_t word, unsigned hi, unsigned lo)
{
	return word >> lo & ((UINT64_C(1) << (hi - lo + 1)) - 1);
}

static struct inv_effect illegal(const char *why)
{
	return (struct inv_effect){ .kind = INV_ILLEGAL, .why = why };
}

static struct inv_effect invalidate(const uint64_t word[2])
{
	/* equivalent: off-8: no bit is above 63 */
	uint64_t first = bits(word[1], 31, 0), last = bits(word[1], 63, 32);

	if (bits(word[0], 63, 24)) /* equivalent: off-2: no bit is above 63 */
		return illegal("reserved bits of an invalidation are set");
	if (last < first)
		return illegal("the last VA is below the first");
	return (struct inv_effect){
		.kind = INV_TRANSLATIONS,
		.first_stage = true,
		.second_stage = true,
		.first = first << 12,
		.last = last == UINT32_MAX ? UINT64_MAX : last << 12 | 0xfff,
		.tables = bits(word[0], 23, 16) != 0, /* equivalent: off-2: bit 24 is zero */
		/* equivalent: off-2: the cast cuts it off */
		.leaf_levels = (uint8_t)bits(word[0], 15, 8),
		.not_present = true,
	};
}

static struct inv_effect forget_entry(const uint64_t word[2])
{
	if (bits(word[0], 31, 8) || word[1]) /* equivalent: off-5: opcode 2 has no bit 7 */
		return illegal("reserved bits of a device entry's command are set");
	return (struct inv_effect){
		.kind = INV_ENTRY,
		/* equivalent: off-2: no bit is above 63 */
		.device = (uint32_t)bits(word[0], 63, 32),
	};
}

static struct inv_effect wait(const uint64_t word[2])
{
	/* equivalent: off-2, off-5: no bit is above 63, and opcode 3 has no bit 7 */
	if (bits(word[0], 63, 8) || word[1])
		return illegal("reserved bits of a wait are set");
	return (struct inv_effect){ .kind = INV_WAIT };
}

static void decode(const struct inv_unit *unit, const uint64_t word[2], struct inv_effect *out)
{
	(void)unit; /* all units are the same */
	switch (bits(word[0], 7, 0)) {
	case 1:
		*out = invalidate(word);
		break;
	case 2:
		*out = forget_entry(word);
		break;
	case 3:
		*out = wait(word);
		break;
	default:
		*out = illegal("unknown opcode");
	}
}

const struct inv_format inv_none = {
	.name = "none",
	.manual = "the first comment of oracle/inv_none.c",
	.decode = decode,
};
