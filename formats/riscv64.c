/*
 * riscv64: Sv39, Sv48 and Sv57, first stage, and their x4 forms, second stage, with
 * Svnapot and Svpbmt.
 *
 * RISC-V Instruction Set Manual, volume II, "Sv39: Page-Based 39-bit Virtual-Memory
 * System" and what follows it, "Svnapot", "Svpbmt", "Two-Stage Address Translation";
 * RISC-V IOMMU Architecture Specification.
 */
#include <errno.h>

#include "core/stamp.h"

#define V BIT(0)	  /* valid */
#define R BIT(1)	  /* R = W = X = 0: a table pointer; W without R is reserved */
#define W BIT(2)
#define X BIT(3)
#define U BIT(4)	  /* user: what a device is, and what the second stage demands */
#define A BIT(6)	  /* accessed; clear is a fault unless hardware sets it */
#define D BIT(7)	  /* dirty; likewise for writes */
#define FLUSHED BIT(8)	  /* 9:8 are software's; a table pointer is in memory */
#define PPN BITS(53, 10)  /* equivalent: off-1: 60:54 are reserved, and never set */
#define PPN_SHIFT 2	  /* from an address to its place in an item */
#define PBMT_NC (UINT64_C(1) << 61)
#define PBMT_IO (UINT64_C(2) << 61)
#define N BIT(63)	  /* level 0: 64K, PPN[3:0] = 1000b */

#define NAPOT_LG2 16
#define NAPOT_PPN BIT(13) /* PPN[3:0] = 1000b */

/* VA bits of a first-stage table whose root has this level. */
#define WIDTH(top_level) (12u + 9u * ((top_level) + 1u))

static uint64_t riscv64_leaf_sizes(const struct pt_config *config, unsigned top_level)
{
	uint64_t sizes = BIT(12) | BIT(21) | BIT(30) | BIT(39) | BIT(48);

	if (config->features & PT_NAPOT)
		sizes |= BIT(NAPOT_LG2);
	/* equivalent: off-2, off-4: 512G still takes a root of level 3, 256T one of level 4 */
	return sizes & low_mask(12 + 9 * (top_level + 1));
}

/* The first stage extends the sign; the second has two more bits, a root of four tables. */
static int riscv64_check(const struct pt_config *c, uint8_t *root_index_lg2)
{
	bool second = c->features & PT_SECOND_STAGE, sign = c->features & PT_SIGN_EXTEND;
	unsigned width = WIDTH(c->top_level) + (second ? 2u : 0u);

	if (second == sign || c->vasz_lg2 > width)
		return -EINVAL;
	*root_index_lg2 = second ? 11 : 9;
	return 0;
}

static void riscv64_init(struct pt *pt, const struct pt_config *config)
{
	pt->table_bits = V;
	pt->leaf_bits = V | U | A;
	(void)config;
}

static bool riscv64_leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs)
{
	if (!(prot & PT_READ))
		return false;
	*attrs = R;
	if (prot & PT_WRITE)
		*attrs |= pt->features & PT_DIRTY_TRACKING ? W : W | D;
	if (!(prot & PT_NOEXEC))
		*attrs |= X;
	if (pt->features & PT_MEMORY_TYPES) {
		if (prot & PT_MMIO)
			*attrs |= PBMT_IO;
		else if (!(prot & PT_CACHE))
			*attrs |= PBMT_NC;
	}
	return true;
}

static uint64_t riscv64_make_table(const struct pt *pt, uint64_t pa, unsigned level)
{
	(void)level;
	return pt->table_bits | pa >> PPN_SHIFT;
}

static uint64_t riscv64_table_pa(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return (item & PPN) << PPN_SHIFT;
}

static uint64_t riscv64_make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2,
				  unsigned level, uint64_t attrs)
{
	uint64_t item = pt->leaf_bits | attrs | oa >> PPN_SHIFT;

	(void)level;
	return size_lg2 == NAPOT_LG2 ? item | N | NAPOT_PPN : item;
}

static unsigned riscv64_leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (level == 0 && (item & N))
		return NAPOT_LG2;
	return 12 + 9 * level;
}

static uint64_t riscv64_leaf_oa(const struct pt *pt, uint64_t item, unsigned level)
{
	return (item & PPN) << PPN_SHIFT & ~low_mask(riscv64_leaf_lg2(pt, item, level));
}

static uint64_t riscv64_leaf_attrs_of(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & (R | W | X | D | PBMT_NC | PBMT_IO);
}

static bool riscv64_leaf_is_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & D;
}

static bool riscv64_leaf_is_writable(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & W;
}

static uint64_t riscv64_make_clean(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ~D;
}

static uint64_t riscv64_make_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item | A | D;
}

static enum pt_kind riscv64_kind(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (!(item & V))
		return PT_EMPTY;
	if (item & (R | W | X))
		return PT_LEAF;
	return level ? PT_TABLE : PT_EMPTY;
}

static uint64_t riscv64_top_pa(const struct pt *pt, uint64_t pa)
{
	(void)pt;
	return pa;
}

#define VARIANT(text, flags, va, top)                                                          \
	{                                                                                      \
		text,                                                                          \
		{                                                                              \
			.features = PT_FLUSH_RANGE | (flags), .vasz_lg2 = (va),                \
			.top_level = (top), .oasz_lg2 = 56                                     \
		}                                                                              \
	}
#define EXTENSIONS (PT_NAPOT | PT_MEMORY_TYPES)

static const struct pt_variant riscv64_variants[] = {
	VARIANT("sv39", PT_SIGN_EXTEND, 39, 2),
	VARIANT("sv48", PT_SIGN_EXTEND, 48, 3),
	VARIANT("sv57", PT_SIGN_EXTEND, 57, 4),
	VARIANT("sv48-napot-pbmt", PT_SIGN_EXTEND | EXTENSIONS, 48, 3),
	VARIANT("sv39x4", PT_SECOND_STAGE, 41, 2),
	VARIANT("sv48x4", PT_SECOND_STAGE, 50, 3),
	VARIANT("sv57x4", PT_SECOND_STAGE, 59, 4),
	VARIANT("sv39x4-napot-pbmt", PT_SECOND_STAGE | EXTENSIONS, 41, 2),
};

PT_COMMANDS(riscv)

static const struct pt_fmt riscv64_fmt = {
	.name = "riscv64",
	.features = PT_SIGN_EXTEND | PT_SECOND_STAGE | PT_NAPOT | PT_MEMORY_TYPES |
		    PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS | PT_FORCE_WRITEABLE |
		    PT_DIRTY_TRACKING | PT_DMA_INCOHERENT | PT_DETAILED_GATHER,
	.flushed_bit = FLUSHED,
	.granule_lg2 = 12,
	.index_lg2 = 9,
	.min_top_level = 2,
	.max_top_level = 4,
	.max_vasz_lg2 = 59,
	.max_oasz_lg2 = 56,
	.sized_root = true,
	.first_stage = true, /* but with PT_SECOND_STAGE */
	.leaf_sizes = riscv64_leaf_sizes,
	.check = riscv64_check,
	.init = riscv64_init,
	.leaf_attrs = riscv64_leaf_attrs,
	.make_table = riscv64_make_table,
	.table_pa = riscv64_table_pa,
	.make_leaf = riscv64_make_leaf,
	.leaf_oa = riscv64_leaf_oa,
	.leaf_lg2 = riscv64_leaf_lg2,
	.kind = riscv64_kind,
	.leaf_attrs_of = riscv64_leaf_attrs_of,
	.leaf_is_dirty = riscv64_leaf_is_dirty,
	.leaf_is_writable = riscv64_leaf_is_writable,
	.make_clean = riscv64_make_clean,
	.make_dirty = riscv64_make_dirty,
	.top_pa = riscv64_top_pa,
	.encode = PT_ENCODE(riscv),
	.encode_entry = PT_ENCODE_ENTRY(riscv),
};

PT_STAMP(riscv64, riscv64_fmt)
