/*
 * The descriptors of a VT-d invalidation queue as hardware reads them.
 *
 * Intel Virtualization Technology for Directed I/O, Architecture Specification, revision
 * 5.10, section 6.5.2 "Queued Invalidation Interface". Bits of word[0] and word[1]; what is
 * not named is reserved, and one that is set is an Invalidation Queue Error (11.4.9.9), as
 * a type that is not named is.
 *
 *	word[0]	11:9, 3:0	Type
 *
 *	1	Context-cache Invalidate (6.5.2.1)
 *		word[0]	49:48	FM: 1, 2, 3: bit 2, bits 2:1, bits 2:0 of SID match any
 *			47:32	SID source-id
 *			31:16	DID domain-id
 *			5:4	G: 1 global, 2 of the domain, 3 of the device in the domain
 *	2	IOTLB Invalidate (6.5.2.3, table 23)
 *		word[0]	31:16	DID
 *			7	DR, 6 DW: drain; of no interest
 *			5:4	G: 1 global, 2 of the domain, 3 of pages in the domain
 *		word[1]	63:12	ADDR
 *			6	IH: paging-structure entries are kept
 *			5:0	AM: 2^AM pages, aligned, whatever ADDR has below; at most MAMV
 *		ADDR, IH and AM are ignored unless G is 3.
 *	3	Device-TLB Invalidate (6.5.2.5): not modelled
 *		word[0]	47:32	SID, 20:16 MIP
 *		word[1]	63:12	ADDR, 0 S
 *	4	Interrupt Entry Cache Invalidate (6.5.2.8): of no interest
 *		word[0]	47:32	IIDX, 31:27 IM, 4 G
 *	5	Invalidation Wait (6.5.2.9): ends when the descriptors before it are done
 *		word[0]	63:32	status data
 *			6	FN: descriptors after it are not begun before it ends
 *			5	SW: then store the status data
 *			4	IF: then set IWC and perhaps interrupt
 *		word[1]	63:2	status address
 *		Without SW and IF software never hears of the end, and it is no wait to us.
 *	6	PASID-based IOTLB Invalidate (6.5.2.4, table 24)
 *		word[0]	51:32	PASID
 *			31:16	DID
 *			5:4	G: 2 of the PASID, 3 of pages in the PASID
 *		word[1]	as of type 2, and AM has no limit (11.4.2, MAMV)
 *	7	PASID-cache Invalidate (6.5.2.2)
 *		word[0]	51:32	PASID
 *			31:16	DID
 *			5:4	G: 0 of the domain, 1 of the PASID in the domain, 3 global
 *	8	PASID-based Device-TLB Invalidate (6.5.2.6): not modelled
 *		word[0]	51:32	PASID, 31:16 SID, 8:4 MIP
 *		word[1]	63:12	ADDR, 11 S, 0 GI
 *
 * Other values of G are illegal. Descriptors are 256 bits wide (table 26: types 6 to 8 need
 * that); the two words are the low half, the high half is reserved in all of them and taken
 * for zero. The hardware has PSI, 16-bit domain-ids and Device-TLBs without throttling
 * (PFSID is reserved); no page requests (PD is reserved, nor is there type 9) and no HPT
 * (type 10).
 *
 * The IOTLB Invalidate of pages drops first-stage translations of the whole domain, and
 * their paging-structure entries whatever IH says; here it is relied upon for the named
 * range only. The PASID-based one is relied upon for the first stage only. A device's root
 * is in its context entry in legacy mode and in its PASID-table entry in scalable mode: we
 * know one entry, which types 1 and 7 both drop; by_domain and by_space are then the tags
 * that it must have, and of the source-ids under FM the named one is taken.
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

static uint16_t did(const uint64_t word[2])
{
	return (uint16_t)bits(word[0], 31, 16); /* equivalent: off-2: cut off */
}

static uint32_t pasid(const uint64_t word[2])
{
	return (uint32_t)bits(word[0], 51, 32); /* equivalent: off-2: bit 52 is zero */
}

/* Everything of all domains, paging-structure entries and all: to be narrowed down. */
static struct inv_effect all_translations(void)
{
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

/* Narrow down to the 2^AM pages around ADDR, and by IH. */
static void of_pages(const uint64_t word[2], struct inv_effect *e)
{
	unsigned lg2 = 12 + (unsigned)bits(word[1], 5, 0);
	/* equivalent: rel-1, off-1: 63 to 0 are all */
	uint64_t offset = lg2 < 64 ? BITS(lg2 - 1, 0) : UINT64_MAX;
	uint64_t addr = word[1] & BITS(63, 12); /* equivalent: off-6: bit 11 is zero */

	e->first = addr & ~offset;
	e->last = addr | offset;
	e->tables = !(word[1] & BIT(6));
}

static struct inv_effect context_cache(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = { .kind = INV_ENTRY };

	(void)unit;
	switch (bits(word[0], 5, 4)) { /* equivalent: off-2: bit 6 is zero */
	case 1:
		e.every_device = true;
		return e;
	case 2:
		e.every_device = true;
		break;
	case 3:
		e.device = (uint32_t)bits(word[0], 47, 32);
		break;
	default:
		return illegal("Context-cache Invalidate: granularity 0");
	}
	e.by_domain = true;
	e.domain = did(word);
	return e;
}

static struct inv_effect pasid_cache(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = { .kind = INV_ENTRY, .every_device = true };

	(void)unit;
	switch (bits(word[0], 5, 4)) { /* equivalent: off-2: bit 6 is zero */
	case 0:
		break;
	case 1:
		e.by_space = true;
		e.space = pasid(word);
		break;
	case 3:
		return e;
	default:
		return illegal("PASID-cache Invalidate: granularity 2");
	}
	e.by_domain = true;
	e.domain = did(word);
	return e;
}

static struct inv_effect iotlb(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = all_translations();
	unsigned g = (unsigned)bits(word[0], 5, 4);

	if (g == 0)
		return illegal("IOTLB Invalidate: granularity 0");
	if (g == 1)
		return e;
	e.by_domain = true;
	e.domain = did(word);
	if (g == 2)
		return e;
	if (bits(word[1], 5, 0) > unit->max_mask_lg2)
		return illegal("IOTLB Invalidate: AM is above MAMV");
	of_pages(word, &e);
	return e;
}

static struct inv_effect pasid_iotlb(const struct inv_unit *unit, const uint64_t word[2])
{
	struct inv_effect e = all_translations();
	unsigned g = (unsigned)bits(word[0], 5, 4); /* equivalent: off-2: bit 6 is zero */

	(void)unit;
	if (g < 2)
		return illegal("PASID-based IOTLB Invalidate: granularity 0 or 1");
	e.second_stage = false;
	e.by_domain = e.by_space = true;
	e.domain = did(word);
	e.space = pasid(word);
	if (g == 3)
		of_pages(word, &e);
	return e;
}

static struct inv_effect wait(const struct inv_unit *unit, const uint64_t word[2])
{
	(void)unit;
	/* equivalent: off-5: type 5 has no bit 3 */
	return (struct inv_effect){ .kind = word[0] & BITS(5, 4) ? INV_WAIT : INV_NOTHING };
}

static struct inv_effect nothing(const struct inv_unit *unit, const uint64_t word[2])
{
	(void)unit;
	(void)word;
	return (struct inv_effect){ .kind = INV_NOTHING };
}

/* Often reserved in word[0]; bits 11:9 between them are zero in every type. */
#define NO_HIGH BITS(15, 12) /* equivalent: off-4: bit 11 is zero */
#define NO_LOW	BITS(8, 6) /* equivalent: off-1: bit 9 is zero */

/* By bits 3:0 of the type, whose others are 0. */
static const struct descriptor {
	const char *reserved_set;
	uint64_t reserved[2];
	struct inv_effect (*decode)(const struct inv_unit *unit, const uint64_t word[2]);
} descriptors[16] = {
	[1] = { "a reserved bit of a Context-cache Invalidate is set",
		{ BITS(63, 50) | NO_HIGH | NO_LOW, BITS(63, 0) }, context_cache },
	[2] = { "a reserved bit of an IOTLB Invalidate is set",
		{ BITS(63, 32) | NO_HIGH | BIT(8), BITS(11, 7) }, iotlb },
	[3] = { "a reserved bit of a Device-TLB Invalidate is set",
		/* equivalent: off-9, off-12: bits 11:9 are zero, and bit 3 in type 3 */
		{ BITS(63, 48) | BITS(31, 21) | NO_HIGH | BITS(8, 4), BITS(11, 1) },
		nothing },
	[4] = { "a reserved bit of an Interrupt Entry Cache Invalidate is set",
		/* equivalent: off-8, off-9: bits 11:9 are zero */
		{ BITS(63, 48) | BITS(26, 12) | BITS(8, 5), BITS(63, 0) }, nothing },
	[5] = { "a reserved bit of an Invalidation Wait is set",
		/* equivalent: off-4, off-5: bits 11:9 are zero */
		{ BITS(31, 12) | BITS(8, 7), BITS(1, 0) }, wait },
	[6] = { "a reserved bit of a PASID-based IOTLB Invalidate is set",
		{ BITS(63, 52) | NO_HIGH | NO_LOW, BITS(11, 7) }, pasid_iotlb },
	[7] = { "a reserved bit of a PASID-cache Invalidate is set",
		{ BITS(63, 52) | NO_HIGH | NO_LOW, BITS(63, 0) }, pasid_cache },
	[8] = { "a reserved bit of a PASID-based Device-TLB Invalidate is set",
		{ BITS(63, 52) | NO_HIGH, BITS(10, 1) }, nothing },
};

static void decode(const struct inv_unit *unit, const uint64_t word[2], struct inv_effect *out)
{
	const struct descriptor *d = &descriptors[bits(word[0], 3, 0)];

	/* equivalent: off-2: bit 12 is reserved in every type */
	if (bits(word[0], 11, 9) || !d->decode) {
		*out = illegal("unknown descriptor type");
		return;
	}
	if ((word[0] & d->reserved[0]) || (word[1] & d->reserved[1]))
		*out = illegal(d->reserved_set);
	else
		*out = d->decode(unit, word);
}

const struct inv_format inv_vtd = {
	.name = "vtd",
	.manual = "Intel VT-d Architecture Specification, revision 5.10, section 6.5.2, Queued "
		  "Invalidation Interface",
	.decode = decode,
};
