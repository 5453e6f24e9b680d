/*
 * The invalidation commands of AMD's IOMMU.
 *
 * AMD I/O Virtualization Technology (IOMMU) Specification, 48882, "Commands": a command is
 * 128 bits, its opcode in bits 63:60. Host tables are known by their DomainID, guest tables
 * by DomainID and PASID.
 *
 * One INVALIDATE_IOMMU_PAGES names an aligned power of two of pages. A range takes the
 * smallest one around it, or two where that would be twice the range or more: what is
 * invalidated is always less than twice what was asked for. Where one of the two would be
 * larger than MAX_LG2 the whole table is named.
 */
#include "core/stamp.h"

#define OPCODE(n) ((uint64_t)(n) << 60)
#define COMPLETION_WAIT OPCODE(1)	  /* "COMPLETION_WAIT" */
#define INVALIDATE_DEVTAB_ENTRY OPCODE(2) /* "INVALIDATE_DEVTAB_ENTRY": DeviceID in 15:0 */
#define INVALIDATE_IOMMU_PAGES OPCODE(3)  /* "INVALIDATE_IOMMU_PAGES" */

/* COMPLETION_WAIT */
#define STORE BIT(0) /* s: store word 1 at the address in 51:3 */
#define F BIT(2)     /* flush queue: what follows waits for what was before */

/* INVALIDATE_IOMMU_PAGES, word 0 */
#define PASID(n) (BITS(19, 0) & (n))
#define DOMAIN_ID(n) ((uint64_t)(n) << 32)

/* INVALIDATE_IOMMU_PAGES, word 1 */
#define S BIT(0)   /* the address tells the size: the first zero bit from 12 up is its half */
#define PDE BIT(1) /* page directory entries, too */
#define GN BIT(2)  /* guest tables: those of PASID */

/*
 * The largest block but the whole, 2^51 bytes: the specification's example sizes end
 * with address bit 51, and an implementation may take all beyond for "everything".
 */
#define MAX_LG2 39
#define WHOLE_LG2 52 /* 7FFF_FFFF_FFFF_F000h */

static struct pt_command command(uint64_t low, uint64_t high)
{
	return (struct pt_command){ { low, high } };
}

struct scope {
	uint64_t tags;	/* of word 0 */
	uint64_t flags; /* of word 1 */
};

static struct scope scope_of(const struct pt_fmt *f, const struct pt *pt,
			     const struct pt_unit *unit, bool tables)
{
	bool guest = PT_IS_FIRST_STAGE(f, pt);

	return (struct scope){
		.tags = DOMAIN_ID(unit->domain) | (guest ? PASID(unit->space) : 0),
		.flags = (guest ? GN : 0) | (tables ? PDE : 0),
	};
}

/* Invalidate the 2^lg2 aligned pages around `page`. */
static struct pt_command pages(struct scope scope, uint64_t page, unsigned lg2)
{
	uint64_t coded = lg2 ? (page & ~low_mask(lg2)) | low_mask(lg2 - 1) : page;

	return command(INVALIDATE_IOMMU_PAGES | scope.tags,
		       coded << 12 | scope.flags | (lg2 ? S : 0));
}

/* Invalidate all pages. */
static struct pt_command whole(struct scope scope)
{
	/* equivalent: off-1: all bits of the page lie in the block */
	return pages(scope, 0, WHOLE_LG2);
}

/* Stores 1 at unit->completion when all commands before it have been executed. */
static struct pt_command completion_wait(const struct pt_unit *unit)
{
	/* equivalent: off-4: bit 2 is F */
	return command(COMPLETION_WAIT | F | STORE | (unit->completion & BITS(51, 3)), 1);
}

PT_COMMANDS(amd)

unsigned PT_ENCODE(amd)(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit,
			const struct pt_invalidation *inv,
			struct pt_command commands[PT_MAX_COMMANDS])
{
	struct scope scope = scope_of(f, pt, unit, inv->table_levels);
	uint64_t first = inv->first >> 12, last = inv->last >> 12, end;
	unsigned n = 0;

	do {
		end = first_block_end(first, last);
		if (block_lg2(first, end) > MAX_LG2) {
			commands[0] = whole(scope);
			n = 1;
			end = last;
		} else {
			commands[n++] = pages(scope, first, block_lg2(first, end));
			first = end + 1;
		}
	} while (end != last);
	commands[n++] = completion_wait(unit);
	return n;
}

/*
 * A wait that tells nobody in between: no page is to be translated by the old entry after
 * its pages are gone.
 */
unsigned PT_ENCODE_ENTRY(amd)(const struct pt_fmt *f, const struct pt *pt,
			      const struct pt_unit *unit,
			      struct pt_command commands[PT_MAX_COMMANDS])
{
	commands[0] = command(INVALIDATE_DEVTAB_ENTRY | (unit->device & BITS(15, 0)), 0);
	commands[1] = command(COMPLETION_WAIT | F, 0);
	commands[2] = whole(scope_of(f, pt, unit, true));
	commands[3] = completion_wait(unit);
	return 4;
}
