/*
 * The invalidation commands of the RISC-V IOMMU.
 *
 * RISC-V IOMMU Architecture Specification, "Command-Queue", "Guidelines for invalidations",
 * and the extensions "Non-leaf PTE Invalidation" (NL) and "Address Range Invalidation" (S).
 *
 * IOTINVAL.VMA is for first-stage tables. They lead to physical addresses here, their second
 * stage is Bare: GV = 0, and PSCV with the PSCID. IOTINVAL.GVMA is for second-stage tables:
 * GV with the GSCID, and PSCV would be illegal.
 *
 * A command with an address reaches only leaves, unless the unit has NL. So:
 * - table pointers without NL: the whole table, AV = 0;
 * - with S: the smallest aligned power of two of pages around the range, or two where that
 *   would be twice the range or more, so that what is invalidated is always less than twice
 *   what was asked for;
 * - without S: one command a leaf where their one level is known and no table is concerned,
 *   else one a page; the whole table where that would be more than MAX_ADDRESSES.
 */
#include "core/stamp.h"

/* "Format of an IOMMU command": opcode in 6:0, func3 in 9:7. */
#define FUNC3(n) ((uint64_t)(n) << 7)
#define IOTINVAL_VMA (1 | FUNC3(0))
#define IOTINVAL_GVMA (1 | FUNC3(1))
#define IOFENCE_C (2 | FUNC3(0))
#define IODIR_INVAL_DDT (3 | FUNC3(0))

/* "IOMMU Page-Table cache invalidation commands", word 0 */
#define AV BIT(10) /* ADDR is valid */
#define PSCID(n) ((BITS(19, 0) & (n)) << 12) /* equivalent: off-1: the next bit is PSCV */
#define PSCV BIT(32)
#define GV BIT(33)
#define NL BIT(34) /* non-leaf entries, too */
#define GSCID(n) ((uint64_t)(n) << 44)

/* Word 1 */
#define S BIT(9)		  /* ADDR is a range */
#define ADDR(page) ((page) << 10) /* bits 63:12 of the address, in 61:10 */

/* "IOMMU Command-queue Fence commands" */
#define PR BIT(12) /* reads already processed are globally ordered */
#define PW BIT(13) /* and writes: what was mapped may be reused */

/* "IOMMU directory cache invalidation commands" */
#define DV BIT(33)
#define DID(n) ((uint64_t)(n) << 40)

/* With more, refilling the cache is cheaper than reading the commands. */
#define MAX_ADDRESSES 32 /* equivalent: off-2: as good a limit */
_Static_assert(MAX_ADDRESSES < PT_MAX_COMMANDS, "and the fence");

#define MAX_LG2 51 /* pages of a range; one more would be all of the address space */

static struct pt_command command(uint64_t low, uint64_t high)
{
	return (struct pt_command){ { low, high } };
}

static struct pt_command fence(void)
{
	return command(IOFENCE_C | PR | PW, 0);
}

/* Word 0 for all of the table. */
static uint64_t whole(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit)
{
	if (PT_IS_FIRST_STAGE(f, pt))
		return IOTINVAL_VMA | PSCV | PSCID(unit->space);
	return IOTINVAL_GVMA | GV | GSCID(unit->domain);
}

/* One block, its size coded in ADDR: the first zero bit X makes it 2^(X + 1) pages. */
static uint64_t napot(uint64_t page, unsigned lg2)
{
	if (lg2 == 0)
		return ADDR(page);
	return ADDR((page & ~low_mask(lg2)) | low_mask(lg2 - 1)) | S;
}

/* Commands for first..last by range; 0 when only the whole table would do. */
static unsigned by_range(const struct pt_invalidation *inv, uint64_t word,
			 struct pt_command commands[PT_MAX_COMMANDS])
{
	uint64_t first = inv->first >> 12, last = inv->last >> 12, end;
	unsigned n = 0, lg2;

	do {
		end = first_block_end(first, last);
		lg2 = block_lg2(first, end);
		if (lg2 > MAX_LG2)
			return 0;
		commands[n++] = command(word, napot(first, lg2));
		first = end + 1;
	} while (end != last);
	return n;
}

/* Bytes (lg2) that one address is enough for: a leaf, where only leaves of one level went. */
static unsigned step_lg2(const struct pt_fmt *f, const struct pt_invalidation *inv)
{
	unsigned level = align_lg2(inv->leaf_levels), lg2 = item_lg2(f, level);

	/* equivalent: rel-1, off-1, off-2: level 5 has 57, level 6 has 66 */
	if (inv->table_levels || lg2 >= 64 || inv->leaf_levels != BIT(level))
		return f->granule_lg2;
	return lg2;
}

/* Commands for first..last by address; 0 when only the whole table would do. */
static unsigned by_address(const struct pt_fmt *f, const struct pt_invalidation *inv, uint64_t word,
			   struct pt_command commands[PT_MAX_COMMANDS])
{
	unsigned lg2 = step_lg2(f, inv), n;
	uint64_t first = inv->first >> lg2, last = inv->last >> lg2;

	if (last - first >= MAX_ADDRESSES)
		return 0;
	for (n = 0; n <= last - first; n++)
		commands[n] = command(word, ADDR((first + n) << (lg2 - 12)));
	return n;
}

PT_COMMANDS(riscv)

unsigned PT_ENCODE(riscv)(const struct pt_fmt *f, const struct pt *pt, const struct pt_unit *unit,
			  const struct pt_invalidation *inv,
			  struct pt_command commands[PT_MAX_COMMANDS])
{
	uint64_t all = whole(f, pt, unit);
	uint64_t some = all | AV;
	unsigned n = 0;

	if (inv->table_levels)
		some |= NL;
	if (!inv->table_levels || unit->nonleaf)
		n = unit->ranges ? by_range(inv, some, commands)
				 : by_address(f, inv, some, commands);
	if (n == 0)
		commands[n++] = command(all, 0);
	commands[n++] = fence();
	return n;
}

/*
 * "Changing device directory table entry"; INVAL_DDT reaches the process contexts of the
 * device, too. The fence in between: commands may be executed out of order.
 */
unsigned PT_ENCODE_ENTRY(riscv)(const struct pt_fmt *f, const struct pt *pt,
				const struct pt_unit *unit,
				struct pt_command commands[PT_MAX_COMMANDS])
{
	unsigned n = 0;

	commands[n++] = command(IODIR_INVAL_DDT | DV | DID(unit->device), 0);
	commands[n++] = fence();
	if (!PT_IS_FIRST_STAGE(f, pt))
		commands[n++] = command(IOTINVAL_VMA | GV | GSCID(unit->domain), 0);
	commands[n++] = command(whole(f, pt, unit), 0);
	commands[n++] = fence();
	return n;
}
