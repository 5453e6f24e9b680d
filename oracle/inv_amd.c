/*
 * The commands of an AMD IOMMU as hardware reads them.
 *
 * AMD I/O Virtualization Technology (IOMMU) Specification, 48882, revision 3.05 and later,
 * section 2.4 "Commands". Bits of word[0] and word[1]; what is not named is reserved, and
 * one that is set stops the command buffer (ILLEGAL_COMMAND_ERROR), as an opcode that is
 * not named does.
 *
 *	word[0]	63:60	opcode
 *
 *	1	COMPLETION_WAIT (2.4.1): ends when all commands before it have been executed
 *		word[0]	51:3	store address
 *			2	f: commands after it are not begun before it ends
 *			1	i: then interrupt
 *			0	s: then store word[1]
 *		Without s and i software never hears of the end, and it is no wait to us.
 *	2	INVALIDATE_DEVTAB_ENTRY (2.4.2)
 *		word[0]	15:0	DeviceID
 *	3	INVALIDATE_IOMMU_PAGES (2.4.3)
 *		word[0]	47:32	DomainID
 *			19:0	PASID (ignored when GN is 0)
 *		word[1]	63:12	Address
 *			2	GN: 1 guest (first-stage) translations of the PASID, 0 host ones
 *			1	PDE: page-directory entries too, not only leaves
 *			0	S: size. 0: 4K. 1: the lowest bit of Address that is 0, from 12 up,
 *				says the size: bit 12 8K, bit 13 16K, ... bit 63 everything
 *				(Address = 7FFF_FFFF_FFFF_F000h). The range is aligned to it.
 *	4	INVALIDATE_IOTLB_PAGES (2.4.4), of caches in devices: not modelled
 *		word[0]	all bits: DeviceID, PASID, QueueID, Maxpend
 *		word[1]	63:12	Address, 5:4 Type, 2 GN, 0 S
 *	5	INVALIDATE_INTERRUPT_TABLE (2.4.5): of no interest
 *		word[0]	15:0	DeviceID
 *	6	PREFETCH_IOMMU_PAGES (2.4.6): of no interest, caches may fill at any time
 *		word[0]	51:32	PASID, 31:24 PFCount, 15:0 DeviceID
 *		word[1]	63:12	Address, 4 Inval, 2 GN, 0 S
 *	7	COMPLETE_PPR_REQUEST (2.4.7): of no interest
 *		word[0]	51:32	PASID, 15:0 DeviceID
 *		word[1]	47:32	completion tag, 2 GN
 *	8	INVALIDATE_IOMMU_ALL (2.4.8): all translations of all domains
 *
 * The hardware has guest translation, ATS, PPR, prefetch and INVALIDATE_IOMMU_ALL, and no
 * virtualised IOMMU (opcodes 9 and 10). S with an Address of ones only names no size; it is
 * called illegal here. Where the manual calls 2^52 bytes everything (bit 51 is the lowest
 * 0), only the 2^52 bytes around Address are taken for sure. GN = 0 is relied upon for
 * host translations only, and GN = 1 for guest ones only. Not modelled: the device entries
 * that INVALIDATE_IOMMU_ALL drops, and a COMPLETION_WAIT that covers only what came after
 * the one before it.
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

static struct inv_effect completion_wait(const uint64_t word[2])
{
	return (struct inv_effect){ .kind = word[0] & BITS(1, 0) ? INV_WAIT : INV_NOTHING };
}

static struct inv_effect invalidate_devtab_entry(const uint64_t word[2])
{
	return (struct inv_effect){
		.kind = INV_ENTRY,
		.device = (uint32_t)bits(word[0], 15, 0), /* equivalent: off-2: bit 16 is zero */
	};
}

static struct inv_effect invalidate_iommu_pages(const uint64_t word[2])
{
	/* equivalent: off-6: bit 11 is zero */
	uint64_t address = word[1] & BITS(63, 12), offset = BITS(11, 0);
	bool gn = word[1] & BIT(2);

	if (word[1] & BIT(0)) {
		unsigned zero = 12;

		for (uint64_t ones = address >> 12; ones & 1; ones >>= 1)
			zero++;
		if (zero == 64)
			return illegal("INVALIDATE_IOMMU_PAGES: S, and no zero bit in Address");
		offset = BITS(zero, 0);
	}
	return (struct inv_effect){
		.kind = INV_TRANSLATIONS,
		.first_stage = gn,
		.second_stage = !gn,
		.by_domain = true,
		.domain = (uint16_t)bits(word[0], 47, 32), /* equivalent: off-2: cut off */
		.by_space = gn,
		/* equivalent: off-2: bit 20 is zero */
		.space = gn ? (uint32_t)bits(word[0], 19, 0) : 0,
		.first = address & ~offset,
		.last = address | offset,
		.tables = word[1] & BIT(1),
		.leaf_levels = UINT8_MAX,
		.not_present = true,
	};
}

static struct inv_effect invalidate_iommu_all(const uint64_t word[2])
{
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

static struct inv_effect nothing(const uint64_t word[2])
{
	(void)word;
	return (struct inv_effect){ .kind = INV_NOTHING };
}

/* By opcode. */
static const struct command {
	const char *reserved_set;
	uint64_t reserved[2];
	struct inv_effect (*decode)(const uint64_t word[2]);
} commands[16] = {
	[1] = { "a reserved bit of COMPLETION_WAIT is set", { BITS(59, 52), 0 },
		completion_wait },
	[2] = { "a reserved bit of INVALIDATE_DEVTAB_ENTRY is set",
		/* equivalent: off-1: opcode 2 has no bit 60 */
		{ BITS(59, 16), BITS(63, 0) }, invalidate_devtab_entry },
	[3] = { "a reserved bit of INVALIDATE_IOMMU_PAGES is set",
		{ BITS(59, 48) | BITS(31, 20), BITS(11, 3) }, invalidate_iommu_pages },
	[4] = { "a reserved bit of INVALIDATE_IOTLB_PAGES is set",
		{ 0, BITS(11, 6) | BIT(3) | BIT(1) }, nothing },
	[5] = { "a reserved bit of INVALIDATE_INTERRUPT_TABLE is set",
		{ BITS(59, 16), BITS(63, 0) }, nothing },
	[6] = { "a reserved bit of PREFETCH_IOMMU_PAGES is set",
		/* equivalent: off-1: opcode 6 has no bit 60 */
		{ BITS(59, 52) | BITS(23, 16), BITS(11, 5) | BIT(3) | BIT(1) }, nothing },
	[7] = { "a reserved bit of COMPLETE_PPR_REQUEST is set",
		{ BITS(59, 52) | BITS(31, 16), BITS(63, 48) | BITS(31, 3) | BITS(1, 0) },
		nothing },
	[8] = { "a reserved bit of INVALIDATE_IOMMU_ALL is set",
		/* equivalent: off-1: opcode 8 has no bit 60 */
		{ BITS(59, 0), BITS(63, 0) }, invalidate_iommu_all },
};

static void decode(const struct inv_unit *unit, const uint64_t word[2], struct inv_effect *out)
{
	const struct command *c = &commands[bits(word[0], 63, 60)];

	(void)unit; /* every unit can do the same */
	if (!c->decode)
		*out = illegal("unknown opcode");
	else if ((word[0] & c->reserved[0]) || (word[1] & c->reserved[1]))
		*out = illegal(c->reserved_set);
	else
		*out = c->decode(word);
}

const struct inv_format inv_amd = {
	.name = "amd",
	.manual = "AMD I/O Virtualization Technology (IOMMU) Specification, 48882, section 2.4, "
		  "Commands",
	.decode = decode,
};
