/*
 * The commands of a RISC-V IOMMU as hardware reads them.
 *
 * RISC-V IOMMU Architecture Specification, version 1.0, section "Command-Queue", with the
 * extensions "Non-leaf PTE Invalidation" (NL) and "Address Range Invalidation" (S). Bits of
 * word[0] and word[1]; what is not named is reserved. A reserved bit that is set, an opcode
 * or func3 that is not named: the queue stops (cqcsr.cmd_ill).
 *
 *	word[0]	9:7	func3
 *		6:0	opcode
 *
 *	1, 0	IOTINVAL.VMA and
 *	1, 1	IOTINVAL.GVMA
 *		word[0]	59:44	GSCID
 *			34	NL: with AV, table pointers on the way too; reserved without the
 *				extension
 *			33	GV: GSCID is valid
 *			32	PSCV: PSCID is valid; illegal in GVMA
 *			31:12	PSCID
 *			10	AV: ADDR is valid
 *		word[1]	61:10	ADDR[63:12]
 *			9	S: with AV, a range: the lowest bit of ADDR[63:12] that is 0 says
 *				how much, bit 12 8K, bit 13 16K, ... bit 63 everything; reserved
 *				without the extension
 *		VMA is of first-stage tables, GVMA of second-stage ones. Without AV everything
 *		goes, with it leaves only, unless there is NL. VMA without GV: of the host, that
 *		is under no second stage; with PSCV only of this PSCID. GVMA without GV: of all
 *		GSCIDs, and AV, NL and S are ignored.
 *	2, 0	IOFENCE.C: when cqh passes it all commands before it have been carried out
 *		word[0]	63:32	DATA
 *			13	PW, 12 PR: order the accesses of devices
 *			10	AV: then store DATA at ADDR
 *		word[1]	61:0	ADDR[63:2]
 *	3, 0	IODIR.INVAL_DDT: a device context; all of them without DV
 *		word[0]	63:40	DID
 *			33	DV: DID is valid
 *	3, 1	IODIR.INVAL_PDT: a process context; illegal without DV
 *		word[0]	63:40	DID
 *			33	DV
 *			31:12	PID
 *	4, 0	ATS.INVAL and
 *	4, 1	ATS.PRGR: messages to devices: not modelled
 *		word[0]	63:56	DSEG, 55:40 RID, 33 DSV, 32 PV, 31:12 PID
 *		word[1]	all bits: PAYLOAD
 *
 * The hardware has ATS, 24-bit DIDs and 20-bit PIDs; no custom commands (64 to 127) and no
 * wired interrupts (bit 11 of IOFENCE.C, WSI, is reserved). S with an ADDR of ones only is
 * UNSPECIFIED, and called illegal here: no driver may send it.
 *
 * Not modelled: first-stage tables under a second stage, so that VMA with GV is nothing to
 * us; process contexts, a device's first-stage root is in its device context (PDTV = 0);
 * global mappings.
 */
#include "oracle/inv.h"

#include <stddef.h>

#define BITS(hi, lo) (UINT64_MAX >> (63 - (hi)) & UINT64_MAX << (lo))
#define BIT(n)	     BITS(n, n)

#define DV   BIT(33)
#define AV   BIT(10)
#define PSCV BIT(32)
#define GV   BIT(33)
#define NL   BIT(34)
#define S    BIT(9) /* of word[1] */

static uint64_t bits(uint64_t word, unsigned hi, unsigned lo)
{
	return (word & BITS(hi, lo)) >> lo;
}

static struct inv_effect illegal(const char *why)
{
	return (struct inv_effect){ .kind = INV_ILLEGAL, .why = why };
}

static struct inv_effect nothing(void)
{
	return (struct inv_effect){ .kind = INV_NOTHING };
}

/* Of the stage that func3 names, without tags. */
static struct inv_effect translations(const uint64_t word[2], bool by_address)
{
	bool gvma = bits(word[0], 9, 7) == 1; /* equivalent: off-3: it is 0 or 1 */
	struct inv_effect e = {
		.kind = INV_TRANSLATIONS,
		.first_stage = !gvma,
		.second_stage = gvma,
		.last = UINT64_MAX,
		.tables = !by_address || (word[0] & NL),
		.leaf_levels = UINT8_MAX,
		.not_present = true,
	};
	/* equivalent: off-3: bit 62 is zero */
	uint64_t addr = bits(word[1], 61, 10) << 12, offset = BITS(11, 0);
	unsigned zero = 12;

	if (!by_address)
		return e;
	if (word[1] & S) {
		for (uint64_t ones = addr >> 12; ones & 1; ones >>= 1)
			zero++;
		if (zero == 64)
			return illegal("IOTINVAL: S, and no zero bit in ADDR");
		offset = BITS(zero, 0);
	}
	e.first = addr & ~offset;
	e.last = addr | offset;
	return e;
}

static struct inv_effect vma(const uint64_t word[2])
{
	struct inv_effect e = translations(word, word[0] & AV);

	if (e.kind == INV_ILLEGAL)
		return e;
	if (word[0] & GV)
		return nothing();
	if (word[0] & PSCV) {
		e.by_space = true;
		e.space = (uint32_t)bits(word[0], 31, 12);
	}
	return e;
}

static struct inv_effect gvma(const uint64_t word[2])
{
	struct inv_effect e = translations(word, (word[0] & GV) && (word[0] & AV));

	if (word[0] & PSCV)
		return illegal("IOTINVAL.GVMA: PSCV is set");
	if (e.kind == INV_TRANSLATIONS && (word[0] & GV)) {
		e.by_domain = true;
		e.domain = (uint16_t)bits(word[0], 59, 44); /* equivalent: off-2: cut off */
	}
	return e;
}

static struct inv_effect iotinval(const struct inv_unit *unit, const uint64_t word[2])
{
	uint64_t reserved = BITS(63, 60) | BITS(43, 35) | BIT(11);

	if (word[0] & reserved || word[1] & (BITS(63, 62) | BITS(8, 0)))
		return illegal("a reserved bit of IOTINVAL is set");
	if (!unit->nonleaf && (word[0] & NL))
		return illegal("IOTINVAL: NL, and the unit does not have it");
	if (!unit->ranges && (word[1] & S))
		return illegal("IOTINVAL: S, and the unit does not have it");
	switch (bits(word[0], 9, 7)) {
	case 0:
		return vma(word);
	case 1:
		return gvma(word);
	default:
		return illegal("unknown func3 of IOTINVAL");
	}
}

static struct inv_effect iofence(const uint64_t word[2])
{
	if (bits(word[0], 9, 7)) /* equivalent: off-5: opcode 2 has no bit 6 */
		return illegal("unknown func3 of IOFENCE");
	if (word[0] & (BITS(31, 14) | BIT(11)) || word[1] & BITS(63, 62))
		return illegal("a reserved bit of IOFENCE.C is set");
	return (struct inv_effect){ .kind = INV_WAIT };
}

static struct inv_effect iodir(const uint64_t word[2])
{
	uint64_t func3 = bits(word[0], 9, 7); /* equivalent: off-2: bit 10 is zero */

	if (func3 > 1)
		return illegal("unknown func3 of IODIR");
	/* equivalent: off-11: bit 9 is zero */
	if (word[0] & (BITS(39, 34) | BIT(32) | BITS(11, 10)) || word[1])
		return illegal("a reserved bit of IODIR is set");
	if (func3 == 1)
		return word[0] & DV ? nothing() : illegal("IODIR.INVAL_PDT: DV is clear");
	if (bits(word[0], 31, 12)) /* equivalent: off-2, off-5: bits 32 and 11 are zero */
		return illegal("IODIR.INVAL_DDT: PID is reserved");
	if (!(word[0] & DV))
		return (struct inv_effect){ .kind = INV_ENTRY, .every_device = true };
	return (struct inv_effect){
		.kind = INV_ENTRY,
		.device = (uint32_t)bits(word[0], 63, 40),
	};
}

static struct inv_effect ats(const uint64_t word[2])
{
	if (bits(word[0], 9, 7) > 1) /* equivalent: off-2: bit 10 is zero */
		return illegal("unknown func3 of ATS");
	/* equivalent: off-9: bit 9 is zero */
	if (word[0] & (BITS(39, 34) | BITS(11, 10)))
		return illegal("a reserved bit of ATS is set");
	return nothing();
}

static void decode(const struct inv_unit *unit, const uint64_t word[2], struct inv_effect *out)
{
	switch (bits(word[0], 6, 0)) {
	case 1:
		*out = iotinval(unit, word);
		break;
	case 2:
		*out = iofence(word);
		break;
	case 3:
		*out = iodir(word);
		break;
	case 4:
		*out = ats(word);
		break;
	default:
		*out = illegal("unknown opcode");
	}
}

const struct inv_format inv_riscv = {
	.name = "riscv",
	.manual = "RISC-V IOMMU Architecture Specification, version 1.0, Command-Queue",
	.decode = decode,
};
