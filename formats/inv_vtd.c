/*
 * The invalidation descriptors of Intel VT-d.
 *
 * Intel VT-d Architecture Specification, rev. 5.10, 6.5.2 "Queued Invalidation Interface".
 * These are the low 128 bits: in a queue of 256-bit descriptors, as scalable mode has, the
 * driver puts zeros above them. Second-stage tables are known by their DID, first-stage
 * tables by DID and PASID.
 *
 * One page-selective descriptor names an aligned power of two of pages. A range takes the
 * smallest one around it, or two where that would be twice the range or more: what is
 * invalidated is always less than twice what was asked for. Where one of the two would be
 * larger than the unit allows, all of the DID (and PASID) goes. MAMV is about the second
 * stage (11.4.2, CAP_REG); a driver may state 51 for the first.
 */
#include "core/stamp.h"

/* Type: bits 11:9, always 0 here, and 3:0; G, the granularity: bits 5:4. */
#define CC_INV_DSC UINT64_C(1)	    /* 6.5.2.1 Context-cache Invalidate */
#define IOTLB_INV_DSC UINT64_C(2)   /* 6.5.2.3 IOTLB Invalidate */
#define INV_WAIT_DSC UINT64_C(5)    /* 6.5.2.9 Invalidation Wait */
#define P_IOTLB_INV_DSC UINT64_C(6) /* 6.5.2.4 PASID-based IOTLB Invalidate */
#define PC_INV_DSC UINT64_C(7)	    /* 6.5.2.2 PASID-cache Invalidate */
#define G(n) (UINT64_C(n) << 4)
#define DEVICE_SELECTIVE G(3)	 /* cc_inv_dsc */
#define DOMAIN_SELECTIVE G(2)	 /* iotlb_inv_dsc */
#define PASID_SELECTIVE G(2)	 /* p_iotlb_inv_dsc */
#define PAGE_SELECTIVE G(3)	 /* both */
#define PC_DOMAIN_SELECTIVE G(0) /* pc_inv_dsc */

#define DID(n) ((uint64_t)(n) << 16)
#define SID(n) ((BITS(15, 0) & (n)) << 32)   /* cc_inv_dsc */
#define PASID(n) ((BITS(19, 0) & (n)) << 32) /* p_iotlb_inv_dsc */
#define DW BIT(6)			     /* iotlb_inv_dsc: drain writes */
#define DR BIT(7)			     /* iotlb_inv_dsc: drain reads */
#define SW BIT(5) /* inv_wait_dsc: writes bits 63:32 to the address in word 1 */
#define FN BIT(6) /* inv_wait_dsc: what follows waits for what was before */

/* Word 1 of iotlb_inv_dsc and p_iotlb_inv_dsc: the address in 63:12, AM in 5:0. */
#define IH BIT(6) /* paging-structure caches may stay: only leaves were changed */

#define MAX_LG2 51 /* of AM; one more would be all of the address space */

static struct pt_command command(uint64_t low, uint64_t high)
{
	return (struct pt_command){ { low, high } };
}

struct scope {
	uint64_t all, some; /* word 0: selective by tags alone, and by page */
};

static struct scope scope_of(const struct pt_fmt *f, const struct pt *pt,
			     const struct pt_unit *unit)
{
	uint64_t base;

	/* 6.5.2.4: for first-stage tables. Reads and writes are always drained. */
	if (PT_IS_FIRST_STAGE(f, pt)) {
		base = P_IOTLB_INV_DSC | DID(unit->domain) | PASID(unit->space);
		return (struct scope){ base | PASID_SELECTIVE, base | PAGE_SELECTIVE };
	}
	/* 6.5.2.3: drained before the next wait completes, if so told. */
	base = IOTLB_INV_DSC | DID(unit->domain) | DR | DW;
	return (struct scope){ base | DOMAIN_SELECTIVE, base | PAGE_SELECTIVE };
}

/* Stores 1 at unit->completion when all descriptors before it are done. */
static struct pt_command invalidation_wait(const struct pt_unit *unit)
{
	return command(INV_WAIT_DSC | FN | SW | UINT64_C(1) << 32, unit->completion & BITS(63, 2));
}

PT_COMMANDS(vtd)

unsigned PT_ENCODE(vtd)(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit,
			const struct pt_invalidation *inv,
			struct pt_command commands[PT_MAX_COMMANDS])
{
	struct scope scope = scope_of(f, pt, unit);
	uint64_t hint = inv->table_levels ? 0 : IH;
	uint64_t first = inv->first >> 12, last = inv->last >> 12, end;
	unsigned n = 0, lg2;

	do {
		end = first_block_end(first, last);
		lg2 = block_lg2(first, end);
		if (lg2 > unit->max_mask_lg2 || lg2 > MAX_LG2) {
			commands[0] = command(scope.all, 0);
			n = 1;
			end = last;
		} else {
			commands[n++] = command(scope.some, (first & ~low_mask(lg2)) << 12 | hint | lg2);
			first = end + 1;
		}
	} while (end != last);
	commands[n++] = invalidation_wait(unit);
	return n;
}

/*
 * 6.5.2.1: a device-selective context-cache invalidation is followed by a domain-selective
 * one of the PASID-cache (in scalable mode only, which the first stage implies), and that
 * by a domain-selective one of the IOTLB, whatever the stage. 6.5.2.12 keeps them in order.
 */
unsigned PT_ENCODE_ENTRY(vtd)(const struct pt_fmt *f, const struct pt *pt,
			      const struct pt_unit *unit,
			      struct pt_command commands[PT_MAX_COMMANDS])
{
	uint64_t did = DID(unit->domain);
	unsigned n = 0;

	commands[n++] = command(CC_INV_DSC | DEVICE_SELECTIVE | did | SID(unit->device), 0);
	if (PT_IS_FIRST_STAGE(f, pt))
		commands[n++] = command(PC_INV_DSC | PC_DOMAIN_SELECTIVE | did, 0);
	commands[n++] = command(IOTLB_INV_DSC | DOMAIN_SELECTIVE | did | DR | DW, 0);
	commands[n++] = invalidation_wait(unit);
	return n;
}
