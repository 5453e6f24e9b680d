/*
 * x86_64: the page table of x86-64 CPUs with 4 and 5 levels, which is also the guest
 * table of AMD IOMMU v2; and vtdfs, the first stage of VT-d, which reads the same
 * entries.
 *
 * Intel SDM vol. 3, 4.5 (tables 4-14 to 4-20); AMD APM vol. 2, 5.3; Intel VT-d
 * Architecture Specification, "First-Stage Paging Entries".
 */
#include <errno.h>

#include "core/stamp.h"

#define P BIT(0)	  /* present */
#define RW BIT(1)	  /* writes; ANDed down the walk */
#define US BIT(2)	  /* accesses without privilege; ANDed down the walk */
#define PWT BIT(3)	  /* with PCD: uncached by the power-on PAT */
#define PCD BIT(4)
#define A BIT(5)	  /* accessed; clear makes hardware write the entry */
#define D BIT(6)	  /* dirty, in a leaf */
#define PS BIT(7)	  /* SDM table 4-18: in a PDE or PDPTE this is a leaf; in a PTE it is PAT */
#define ADDRESS BITS(51, 12)
#define FLUSHED BIT(52)	  /* 58:52 are ignored; a table pointer is in memory */
#define XD BIT(63)	  /* no execution; ORed down the walk */

static uint64_t x86_64_leaf_sizes(const struct pt_config *config, unsigned top_level)
{
	(void)config;
	(void)top_level; /* the lowest there is holds all */
	return BIT(12) | BIT(21) | BIT(30);
}

/* First-stage addresses of VT-d are canonical: without an upper half there is a lower one only. */
static int vtdfs_check(const struct pt_config *c, uint8_t *root_index_lg2)
{
	unsigned half = 12u + 9u * (c->top_level + 1u) - 1u;

	(void)root_index_lg2;
	return c->features & PT_SIGN_EXTEND || c->vasz_lg2 <= half ? 0 : -EINVAL;
}

static void x86_64_init(struct pt *pt, const struct pt_config *config)
{
	(void)config;
	pt->table_bits = P | RW | US | A;
	pt->leaf_bits = P | US | A;
}

static bool x86_64_leaf_attrs(const struct pt *pt, unsigned prot, uint64_t *attrs)
{
	/* What is present can be read. */
	if (!(prot & PT_READ))
		return false;
	*attrs = 0; /* equivalent: off-1: bit 0 is P */
	if (prot & PT_WRITE)
		*attrs |= pt->features & PT_DIRTY_TRACKING ? RW : RW | D;
	if (prot & PT_NOEXEC)
		*attrs |= XD;
	if (prot & PT_MMIO)
		*attrs |= PCD | PWT;
	return true;
}

static uint64_t x86_64_make_table(const struct pt *pt, uint64_t pa, unsigned level)
{
	(void)level;
	return pt->table_bits | pa;
}

static uint64_t x86_64_table_pa(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ADDRESS;
}

static uint64_t x86_64_make_leaf(const struct pt *pt, uint64_t oa, unsigned size_lg2,
				 unsigned level, uint64_t attrs)
{
	(void)size_lg2;
	return pt->leaf_bits | attrs | oa | (level ? PS : 0); /* equivalent: off-1: bit 0 is P */
}

static unsigned x86_64_leaf_lg2(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	(void)item;
	return 12 + 9 * level;
}

static uint64_t x86_64_leaf_oa(const struct pt *pt, uint64_t item, unsigned level)
{
	/* Bit 12 of a large leaf is PAT, not address: mask by the size of the leaf. */
	return item & ADDRESS & ~low_mask(x86_64_leaf_lg2(pt, item, level));
}

static uint64_t x86_64_leaf_attrs_of(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & (RW | PWT | PCD | D | XD);
}

static bool x86_64_leaf_is_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & D;
}

static bool x86_64_leaf_is_writable(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & RW;
}

static uint64_t x86_64_make_clean(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item & ~D;
}

static uint64_t x86_64_make_dirty(const struct pt *pt, uint64_t item)
{
	(void)pt;
	return item | A | D;
}

static enum pt_kind x86_64_kind(const struct pt *pt, uint64_t item, unsigned level)
{
	(void)pt;
	if (!(item & P))
		return PT_EMPTY;
	return level == 0 || (item & PS) ? PT_LEAF : PT_TABLE;
}

static uint64_t x86_64_top_pa(const struct pt *pt, uint64_t pa)
{
	(void)pt;
	return pa;
}

#define VARIANT(text, flags, va, top)                                                          \
	{                                                                                      \
		text,                                                                          \
		{                                                                              \
			.features = PT_FLUSH_RANGE | (flags), .vasz_lg2 = (va),                \
			.top_level = (top), .oasz_lg2 = 52                                     \
		}                                                                              \
	}

static const struct pt_variant x86_64_variants[] = {
	VARIANT("4-level", PT_SIGN_EXTEND, 48, 3),
	VARIANT("5-level", PT_SIGN_EXTEND, 57, 4),
	VARIANT("4-level-47", 0, 47, 3), /* right whether hardware extends by zeros or the sign */
	VARIANT("5-level-56", 0, 56, 4),
};

static const struct pt_variant vtdfs_variants[] = {
	VARIANT("4-level", PT_SIGN_EXTEND, 48, 3),
	VARIANT("5-level", PT_SIGN_EXTEND, 57, 4),
	/* Three levels do not exist in hardware: a unit of 39 bits walks four. */
	VARIANT("4-level-39", 0, 39, 3),
};

/* A VT-d unit may read past the CPU's caches (first stage); what reads x86_64 does not. */
#define X86_64_FMT(stamp, architecture, last_word, incoherent)                                    \
	{                                                                                         \
		.name = #stamp,                                                                   \
		.features = PT_SIGN_EXTEND | PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS |            \
			    PT_FORCE_WRITEABLE | PT_DIRTY_TRACKING | PT_DETAILED_GATHER |         \
			    (incoherent),                                                         \
		.flushed_bit = FLUSHED,                                                           \
		.granule_lg2 = 12, .index_lg2 = 9, .min_top_level = 3, .max_top_level = 4,        \
		.max_vasz_lg2 = 57, .max_oasz_lg2 = 52, .leaf_sizes = x86_64_leaf_sizes,          \
		.check = (last_word),                                                             \
		.init = x86_64_init, .leaf_attrs = x86_64_leaf_attrs,                             \
		.make_table = x86_64_make_table, .table_pa = x86_64_table_pa,                     \
		.make_leaf = x86_64_make_leaf, .leaf_oa = x86_64_leaf_oa,                         \
		.leaf_lg2 = x86_64_leaf_lg2, .kind = x86_64_kind, .top_pa = x86_64_top_pa,        \
		.leaf_attrs_of = x86_64_leaf_attrs_of,                                            \
		.leaf_is_dirty = x86_64_leaf_is_dirty,                                            \
		.leaf_is_writable = x86_64_leaf_is_writable, .make_clean = x86_64_make_clean,     \
		.make_dirty = x86_64_make_dirty, .first_stage = true,                             \
		.encode = PT_ENCODE(architecture),                                                \
		.encode_entry = PT_ENCODE_ENTRY(architecture),                                    \
	}

PT_COMMANDS(amd)
PT_COMMANDS(vtd)

static const struct pt_fmt x86_64_fmt = X86_64_FMT(x86_64, amd, NULL, 0);
static const struct pt_fmt vtdfs_fmt = X86_64_FMT(vtdfs, vtd, vtdfs_check, PT_DMA_INCOHERENT);

PT_STAMP(x86_64, x86_64_fmt)
PT_STAMP(vtdfs, vtdfs_fmt)
