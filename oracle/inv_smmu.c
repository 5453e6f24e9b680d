/*
 * The commands of an SMMUv3 as hardware reads them.
 *
 * Arm System Memory Management Unit Architecture Specification, version 3, IHI 0070,
 * chapter 4 "Commands". Bits of word[0] and word[1]; what is not named is reserved. A
 * reserved bit that is set, an opcode that is not named: the queue stops (CERROR_ILL, 4.1.3;
 * 4.1.5 lets hardware ignore reserved bits, ours does not).
 *
 *	word[0]	7:0	opcode
 *
 *	03	CMD_CFGI_STE (4.3.1): also its CDs
 *		word[0]	63:32	StreamID
 *		word[1]	0	Leaf: not the L1STD; of no interest
 *	04	CMD_CFGI_STE_RANGE (4.3.2)
 *		word[0]	63:32	StreamID
 *		word[1]	4:0	Range: 2^(Range+1) StreamIDs; 31 is CMD_CFGI_ALL (4.3.6)
 *	05	CMD_CFGI_CD (4.3.3)
 *		word[0]	63:32	StreamID, 31:12 SubstreamID
 *		word[1]	0	Leaf
 *	06	CMD_CFGI_CD_ALL (4.3.4)
 *		word[0]	63:32	StreamID
 *	10	CMD_TLBI_NH_ALL (4.4.2.1)	stage 1 of VMID
 *	11	CMD_TLBI_NH_ASID (4.4.2.2)	stage 1 of VMID and ASID
 *	12	CMD_TLBI_NH_VA (4.4.2.4)	stage 1 of VMID and ASID, by address
 *	13	CMD_TLBI_NH_VAA (4.4.2.3)	stage 1 of VMID, by address
 *	28	CMD_TLBI_S12_VMALL (4.4.3.2)	both stages of VMID
 *	2a	CMD_TLBI_S2_IPA (4.4.3.1)	stage 2 of VMID, by address (bits 51:12)
 *	30	CMD_TLBI_NSNH_ALL (4.4.4.1)	both stages of all VMIDs
 *		word[0]	63:48	ASID where there is one
 *			47:32	VMID where there is one
 *		and by address (4.4.1), of which * are reserved without range invalidation (RIL)
 *			24:20 *	SCALE
 *			16:12 *	NUM
 *		word[1]	63:12	Address
 *			11:10 *	TG: granule 1 4K, 2 16K, 3 64K; 0 any, then SCALE, NUM, TTL are
 *				reserved, and the command is of one address
 *			9:8 *	TTL: 1, 2, 3: only leaves of that level go; 0 of any
 *			0	Leaf: table pointers are kept
 *		With TG, (NUM+1) * 2^SCALE granules from Address on, without wrapping.
 *	46	CMD_SYNC (4.7.3): when it is consumed all commands before it are complete
 *		word[0]	63:32	MSIData, 27:24 MSIAttr, 23:22 MSH
 *			13:12	CS: 0 none, 1 interrupt, 2 event, 3 illegal
 *		word[1]	51:2	MSIAddress
 *	01 CMD_PREFETCH_CONFIG, 02 CMD_PREFETCH_ADDR (4.2), 40 CMD_ATC_INV, 41 CMD_PRI_RESP
 *	(4.5), 44 CMD_RESUME, 45 CMD_STALL_TERM (4.7): of no interest; of their operands only
 *	bit 10 is read: SSec, or reserved.
 *
 * Illegal is also, from 4.4.1.1: NUM, SCALE and TTL all 0 with a TG; and TTL 1 with the 16K
 * granule, which is reserved unless IDR5.DS is set. What is UNPREDICTABLE is called illegal
 * here, as no driver may send it: with TG, an Address that is not aligned to the granule or,
 * with TTL, to a leaf of that level.
 *
 * With TTL and without Leaf, table pointers go at the levels above TTL only. We say whether
 * all of them go: with TTL 3 they do, with 1 and 2 they do not.
 *
 * The unit is an SMMUv3.2 with both stages, 16-bit VMIDs and ASIDs, ATS, PRI and stalls, and
 * the queue the Non-secure one (SSec is illegal). Whether DS is set is not said: a command
 * must do either way (SCALE has 5 bits). EL2, EL3, Secure and MPAM commands are illegal.
 *
 * Levels: Arm's level 3 is our level 0. Of a range of StreamIDs the named one is taken. We
 * know one cached entry of a device, where hardware has an STE (the root of stage 2) and a
 * CD (of stage 1, SubstreamID 0): 03 to 06 drop it. Not modelled: that with a TG only what
 * was cached from tables of that granule goes; global mappings.
 */
#include "oracle/inv.h"

#include <stddef.h>

#define BITS(hi, lo) (UINT64_MAX >> (63 - (hi)) & UINT64_MAX << (lo))
#define BIT(n)	     BITS(n, n)

static uint64_t bits(uint64_t word, unsigned hi, unsigned lo)
{
	return (word & BITS(hi, lo)) >> lo;
}

static struct inv_effect illegal(const char *why)
{
	return (struct inv_effect){ .kind = INV_ILLEGAL, .why = why };
}

/* ---- configuration ---- */

static struct inv_effect cfgi(const struct inv_unit *unit, const uint64_t word[2])
{
	(void)unit;
	return (struct inv_effect){
		.kind = INV_ENTRY,
		.device = (uint32_t)bits(word[0], 63, 32),
	};
}

static struct inv_effect cfgi_ste_range(const struct inv_unit *unit, const uint64_t word[2])
{
	if (bits(word[1], 4, 0) == 31) /* equivalent: off-3: bit 5 is zero */
		return (struct inv_effect){ .kind = INV_ENTRY, .every_device = true };
	return cfgi(unit, word);
}

static struct inv_effect cfgi_cd(const struct inv_unit *unit, const uint64_t word[2])
{
	if (bits(word[0], 31, 12)) /* equivalent: off-5: bit 11 is zero */
		return (struct inv_effect){ .kind = INV_NOTHING };
	return cfgi(unit, word);
}

/* ---- translations ---- */

/* All of both stages and all VMIDs: to be narrowed down. */
static struct inv_effect nsnh_all(const struct inv_unit *unit, const uint64_t word[2])
{
	(void)unit;
	(void)word;
	return (struct inv_effect){
		.kind = INV_TRANSLATIONS,
		.first_stage = true,
		.second_stage = true,
		.last = UINT64_MAX,
		.tables = true,
		.leaf_levels = UINT8_MAX,
		.not_present = true,
	};
}

static struct inv_effect s12_vmall(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = nsnh_all(unit, word);

	e.by_domain = true;
	e.domain = (uint16_t)bits(word[0], 47, 32); /* equivalent: off-2: cut off */
	return e;
}

static struct inv_effect nh_all(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = s12_vmall(unit, word);

	e.second_stage = false;
	return e;
}

static struct inv_effect nh_asid(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = nh_all(unit, word);

	e.by_space = true;
	e.space = (uint32_t)bits(word[0], 63, 48);
	return e;
}

/* Narrow e down to a range of granules; what is wrong with it, or null. */
static const char *by_range(const uint64_t word[2], struct inv_effect *e)
{
	/* equivalent: off-2, off-7: bits 17 and 25 are zero */
	uint64_t num = bits(word[0], 16, 12), scale = bits(word[0], 24, 20), bytes;
	unsigned tg = (unsigned)bits(word[1], 11, 10), ttl = (unsigned)bits(word[1], 9, 8);
	unsigned granule_lg2 = 10 + 2 * tg, leaf_lg2 = granule_lg2;

	if (tg == 2 && ttl == 1)
		return "TLBI: TTL 1 with a granule of 16K is reserved";
	if (!num && !scale && !ttl)
		return "TLBI: TG with neither a range nor TTL is reserved";
	if (ttl) {
		leaf_lg2 += (3 - ttl) * (granule_lg2 - 3);
		e->leaf_levels = (uint8_t)(1u << (3 - ttl));
		e->tables = e->tables && ttl == 3;
	}
	if (e->first & BITS(leaf_lg2 - 1, 0)) /* equivalent: off-3: it has no low bits */
		return "TLBI: Address is not aligned to TG and TTL";
	bytes = (num + 1) << scale << granule_lg2; /* at most 2^52 */
	e->last = e->first + bytes - 1;
	/* equivalent: rel-1: it is more than one byte */
	if (e->last < e->first)
		e->last = UINT64_MAX;
	return NULL;
}

/* Narrow e down to an address or a range. */
static struct inv_effect by_address(const struct inv_unit *unit, const uint64_t word[2],
				    struct inv_effect e)
{
	/* equivalent: off-2, off-5, off-6, off-9, off-12, off-15: beside is TG, or reserved */
	uint64_t range = word[0] & (BITS(24, 20) | BITS(16, 12)) || word[1] & BITS(9, 8);
	bool tg = word[1] & BITS(11, 10);
	const char *wrong = NULL;

	e.first = word[1] & BITS(63, 12);
	e.last = e.first | 0xfff;
	e.tables = !(word[1] & BIT(0));
	/* equivalent: logic-2: either without the other is illegal anyway */
	if (!unit->ranges && (tg || range))
		return illegal("TLBI: SCALE, NUM, TG or TTL, and the unit has no RIL");
	if (!tg && range)
		return illegal("TLBI: SCALE, NUM or TTL without TG");
	if (tg)
		wrong = by_range(word, &e);
	return wrong ? illegal(wrong) : e;
}

static struct inv_effect nh_va(const struct inv_unit *unit, const uint64_t word[2])
{
	return by_address(unit, word, nh_asid(unit, word));
}

static struct inv_effect nh_vaa(const struct inv_unit *unit, const uint64_t word[2])
{
	return by_address(unit, word, nh_all(unit, word));
}

static struct inv_effect s2_ipa(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = s12_vmall(unit, word);

	e.first_stage = false;
	return by_address(unit, word, e);
}

/* ---- the rest ---- */

static struct inv_effect sync(const struct inv_unit *unit, const uint64_t word[2])
{
	(void)unit;
	if (bits(word[0], 13, 12) == 3) /* equivalent: off-2: bit 14 is zero */
		return illegal("CMD_SYNC: CS is 3");
	return (struct inv_effect){ .kind = INV_WAIT };
}

static struct inv_effect nothing(const struct inv_unit *unit, const uint64_t word[2])
{
	(void)unit;
	(void)word;
	return (struct inv_effect){ .kind = INV_NOTHING };
}

/* Reserved in word[0]. */
#define NO_OPERAND BITS(31, 8) /* equivalent: off-4: bit 7 is zero in every opcode */
#define NO_LOW	   BITS(11, 8) /* equivalent: off-4: likewise */
#define NO_ASID	   BITS(63, 48)
#define BY_ADDRESS (BITS(31, 25) | BITS(19, 17) | NO_LOW)
#define ALL	   BITS(63, 0)

/* By opcode. */
static const struct command {
	const char *reserved_set;
	uint64_t reserved[2];
	struct inv_effect (*decode)(const struct inv_unit *unit, const uint64_t word[2]);
} commands[256] = {
	[0x01] = { "CMD_PREFETCH_CONFIG: SSec is set", { BIT(10), 0 }, nothing },
	[0x02] = { "CMD_PREFETCH_ADDR: SSec is set", { BIT(10), 0 }, nothing },
	[0x03] = { "a reserved bit of CMD_CFGI_STE is set", { NO_OPERAND, BITS(63, 1) }, cfgi },
	[0x04] = { "a reserved bit of CMD_CFGI_STE_RANGE is set",
		   { NO_OPERAND, BITS(63, 5) }, cfgi_ste_range },
	[0x05] = { "a reserved bit of CMD_CFGI_CD is set", { NO_LOW, BITS(63, 1) }, cfgi_cd },
	[0x06] = { "a reserved bit of CMD_CFGI_CD_ALL is set", { NO_OPERAND, ALL }, cfgi },
	[0x10] = { "a reserved bit of CMD_TLBI_NH_ALL is set",
		   { NO_ASID | NO_OPERAND, ALL }, nh_all },
	[0x11] = { "a reserved bit of CMD_TLBI_NH_ASID is set", { NO_OPERAND, ALL }, nh_asid },
	[0x12] = { "a reserved bit of CMD_TLBI_NH_VA is set", { BY_ADDRESS, BITS(7, 1) }, nh_va },
	[0x13] = { "a reserved bit of CMD_TLBI_NH_VAA is set",
		   { NO_ASID | BY_ADDRESS, BITS(7, 1) }, nh_vaa },
	[0x28] = { "a reserved bit of CMD_TLBI_S12_VMALL is set",
		   { NO_ASID | NO_OPERAND, ALL }, s12_vmall },
	[0x2a] = { "a reserved bit of CMD_TLBI_S2_IPA is set",
		   { NO_ASID | BY_ADDRESS, BITS(63, 52) | BITS(7, 1) }, s2_ipa },
	[0x30] = { "a reserved bit of CMD_TLBI_NSNH_ALL is set",
		   /* equivalent: off-4: likewise */
		   { BITS(63, 8), ALL }, nsnh_all },
	[0x40] = { "CMD_ATC_INV: bit 10 is set", { BIT(10), 0 }, nothing },
	[0x41] = { "CMD_PRI_RESP: bit 10 is set", { BIT(10), 0 }, nothing },
	[0x44] = { "CMD_RESUME: SSec is set", { BIT(10), 0 }, nothing },
	[0x45] = { "CMD_STALL_TERM: SSec is set", { BIT(10), 0 }, nothing },
	[0x46] = { "a reserved bit of CMD_SYNC is set",
		   { BITS(31, 28) | BITS(21, 14) | NO_LOW, BITS(63, 52) | BITS(1, 0) }, sync },
};

static void decode(const struct inv_unit *unit, const uint64_t word[2], struct inv_effect *out)
{
	const struct command *c = &commands[bits(word[0], 7, 0)];

	if (c->decode) {
		if ((word[0] & c->reserved[0]) || (word[1] & c->reserved[1]))
			*out = illegal(c->reserved_set);
		else
			*out = c->decode(unit, word);
	} else {
		*out = illegal("unknown opcode");
	}
}

const struct inv_format inv_smmu = {
	.name = "smmu",
	.manual = "Arm System Memory Management Unit Architecture Specification, version 3, "
		  "IHI 0070, chapter 4, Commands",
	.decode = decode,
};
