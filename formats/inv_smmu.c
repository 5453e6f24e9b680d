/*
 * The invalidation commands of the Arm SMMUv3, from the Non-secure command queue.
 *
 * Arm System Memory Management Unit Architecture Specification, SMMUv3, IHI 0070, chapter 4.
 * Stage 1 tables, of Non-secure EL1, are known by ASID and VMID; on an SMMU without stage 2
 * the VMID is reserved and the domain must be 0 (4.4.2). Stage 2 tables are known by their
 * VMID. Not here: what one TLB entry combines of a nested stage 1 and 2, which would need
 * CMD_TLBI_NH_ALL, too (4.4.3.1).
 *
 * With range invalidation (SMMU_IDR3.RIL) one command names a range, of which it
 * invalidates at most a sixteenth more than asked for. Without: one a leaf where their one
 * level is known and no table is concerned, else one a granule; but the whole table where
 * that would be more than MAX_ADDRESSES, or where no command can name the range.
 */
#include "core/stamp.h"

/* 4.1.1 Command opcodes, bits 7:0 */
#define CMD_CFGI_STE UINT64_C(0x03)
#define CMD_CFGI_CD UINT64_C(0x05)
#define CMD_TLBI_NH_ASID UINT64_C(0x11)
#define CMD_TLBI_NH_VA UINT64_C(0x12)
#define CMD_TLBI_S12_VMALL UINT64_C(0x28)
#define CMD_TLBI_S2_IPA UINT64_C(0x2a)
#define CMD_SYNC UINT64_C(0x46) /* 4.7.3; CS = 0: seen to be complete when it is consumed */

/* 4.3: SSec (bit 10) is 0; SubstreamID (bits 31:12) 0 is the only CD, or that of no PASID. */
#define STREAM_ID(n) ((uint64_t)(n) << 32)
#define CFGI_LEAF BIT(0) /* word 1: not the level 1 descriptors on the way to it */

/* 4.4, word 0 */
#define VMID(n) ((uint64_t)(n) << 32)
#define ASID(n) ((uint64_t)(n) << 48)
#define NUM(n) ((uint64_t)(n) << 12) /* 4.4.1.1: a range has (NUM + 1) << SCALE granules */
#define SCALE(n) ((uint64_t)(n) << 20)

/* 4.4, word 1: the address in 63:12 */
#define LEAF BIT(0)		    /* only the last level of the walk */
#define TTL(n) ((uint64_t)(n) << 8) /* the Arm level of the leaves; 0: any */
#define TG(n) ((uint64_t)(n) << 10) /* 1: 4K, 2: 16K, 3: 64K; 0: any, and no range */

#define MAX_NUM 31   /* equivalent: off-2: what is scaled from 31 on has scale 0 */
#define MAX_SCALE 31 /* 6 bits only where SMMU_IDR5.DS */
#define MAX_IPA_LG2 52

/* With more, refilling the TLB is cheaper than reading the commands. */
#define MAX_ADDRESSES 32 /* equivalent: off-2: as good a limit */
_Static_assert(MAX_ADDRESSES < PT_MAX_COMMANDS, "and the sync");

static struct pt_command command(uint64_t low, uint64_t high)
{
	return (struct pt_command){ { low, high } };
}

static struct pt_command cmd_sync(void)
{
	return command(CMD_SYNC, 0);
}

/* 4.4.2.2 CMD_TLBI_NH_ASID, 4.4.3.2 CMD_TLBI_S12_VMALL */
static struct pt_command whole(const struct pt_fmt *f, const struct pt *pt,
			       const struct pt_unit *unit)
{
	uint64_t vmid = VMID(unit->domain);

	if (PT_IS_FIRST_STAGE(f, pt))
		return command(CMD_TLBI_NH_ASID | vmid | ASID(unit->space), 0);
	return command(CMD_TLBI_S12_VMALL | vmid, 0);
}

/* What all commands by address have in common. */
struct target {
	uint64_t word; /* word 0: 4.4.2.4 CMD_TLBI_NH_VA, 4.4.3.1 CMD_TLBI_S2_IPA */
	uint64_t leaf; /* LEAF or 0 */
	unsigned tg, ttl;
	unsigned granule_lg2;
	unsigned step_lg2; /* bytes (lg2) that one address is enough for */
};

static struct target target_of(const struct pt_fmt *f, const struct pt *pt,
			       const struct pt_unit *unit, const struct pt_invalidation *inv)
{
	uint64_t vmid = VMID(unit->domain);
	unsigned level = align_lg2(inv->leaf_levels), lg2 = item_lg2(f, level);
	struct target to = {
		.word = vmid | (PT_IS_FIRST_STAGE(f, pt) ? CMD_TLBI_NH_VA | ASID(unit->space)
							 : CMD_TLBI_S2_IPA),
		.leaf = inv->table_levels ? 0 : LEAF,
		.tg = f->granule_lg2 / 2 - 5u,
		.granule_lg2 = f->granule_lg2,
		.step_lg2 = f->granule_lg2,
	};

	/* equivalent: rel-1, off-1, off-2: no item has 2^63 to 2^65 bytes */
	if (inv->table_levels || lg2 >= 64 || inv->leaf_levels != BIT(level))
		return to;
	to.step_lg2 = lg2;
	/*
	 * Arm level 0 has no TTL. 16K granules have leaves of Arm level 1 only where
	 * SMMU_IDR5.DS, which is not known here, and CERROR_ILL is the answer elsewhere.
	 */
	/* equivalent: rel-1, off-1: of level 3 this would be 0, too */
	if (level < 3 && !(f->granule_lg2 == 14 && level == 2))
		to.ttl = 3 - level;
	return to;
}

/*
 * 4.4.1.1: an address in the lower half and a range that reaches into the upper one need not
 * be honoured. 4.1.6: an IPA has 52 bits.
 */
static bool can_name(const struct pt_fmt *f, const struct pt *pt, const struct pt_invalidation *inv)
{
	if (PT_IS_FIRST_STAGE(f, pt))
		return inv->first >> 63 == inv->last >> 63;
	return inv->last <= low_mask(MAX_IPA_LG2);
}

/*
 * One range from the first leaf's start to the last leaf's end: TTL demands an address that is
 * aligned to the leaves of its level (4.4.1.1). 0: it would be too large.
 */
static unsigned by_range(const struct target *to, const struct pt_invalidation *inv,
			 struct pt_command commands[PT_MAX_COMMANDS])
{
	uint64_t first = inv->first >> to->step_lg2, last = inv->last >> to->step_lg2;
	/* Granules after the first one. */
	uint64_t more = ((last - first + 1) << (to->step_lg2 - to->granule_lg2)) - 1;
	/* equivalent: rel-1: floor_lg2(31) is 4 */
	unsigned scale = more > MAX_NUM ? floor_lg2(more) - 4 : 0;
	uint64_t hints = TTL(to->ttl) | TG(to->tg);

	if (scale > MAX_SCALE)
		return 0;
	/* One granule, and no TTL: a TG without a use is CERROR_ILL. */
	if (more == 0 && to->ttl == 0)
		hints = 0;
	commands[0] = command(to->word | SCALE(scale) | NUM(more >> scale),
			      first << to->step_lg2 | to->leaf | hints);
	return 1;
}

/* Without range invalidation NUM, SCALE, TG and TTL are reserved. 0: too many. */
static unsigned by_address(const struct target *to, const struct pt_invalidation *inv,
			   struct pt_command commands[PT_MAX_COMMANDS])
{
	uint64_t first = inv->first >> to->step_lg2, last = inv->last >> to->step_lg2;
	unsigned n;

	if (last - first >= MAX_ADDRESSES)
		return 0;
	for (n = 0; n <= last - first; n++)
		commands[n] = command(to->word, (first + n) << to->step_lg2 | to->leaf);
	return n;
}

PT_COMMANDS(smmu)

unsigned PT_ENCODE(smmu)(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit,
			 const struct pt_invalidation *inv,
			 struct pt_command commands[PT_MAX_COMMANDS])
{
	struct target to = target_of(f, pt, unit, inv);
	unsigned n = 0;

	if (can_name(f, pt, inv))
		n = unit->ranges ? by_range(&to, inv, commands) : by_address(&to, inv, commands);
	if (n == 0)
		commands[n++] = whole(f, pt, unit);
	commands[n++] = cmd_sync();
	return n;
}

/*
 * The sync in between: consumption of a CMD_CFGI says nothing (4.8), and the TLB could be
 * filled by the old entry after it was emptied. Level 1 descriptors are not asked for: who
 * adds one invalidates it.
 */
unsigned PT_ENCODE_ENTRY(smmu)(const struct pt_fmt *f, const struct pt *pt,
			       const struct pt_unit *unit,
			       struct pt_command commands[PT_MAX_COMMANDS])
{
	uint64_t stream = STREAM_ID(unit->device);
	unsigned n = 0;

	commands[n++] = command(CMD_CFGI_STE | stream, CFGI_LEAF);
	if (PT_IS_FIRST_STAGE(f, pt))
		commands[n++] = command(CMD_CFGI_CD | stream, CFGI_LEAF);
	commands[n++] = cmd_sync();
	commands[n++] = whole(f, pt, unit);
	commands[n++] = cmd_sync();
	return n;
}
