/*
 * Armv8 translation tables as hardware reads them: stages 1 and 2, each with a granule of
 * 4K, 16K or 64K.
 *
 * Arm Architecture Reference Manual (DDI 0487), section D8.3 "Translation table descriptor
 * formats"; the System MMU reads the same ones (SMMUv3, IHI 0070). The manual counts levels
 * from the root: its level 3 is our level 0, its level -1 our level 4.
 *
 *	stage 1 leaf				stage 2 leaf
 *	63:59	ignored				ignored
 *	58:55	for software			for software
 *	54	UXN, no execution at EL0	XN, with 53: 0 may execute
 *	53	PXN, no execution above EL0	XN
 *	52	Contiguous: one of a run	Contiguous
 *	51	DBM: a write clears AP[2]	DBM: a write sets S2AP[1]
 *	50:48	reserved (50: GP)		reserved
 *	47:12	address				address
 *	11	nG, not global			reserved
 *	10	AF accessed			AF
 *	9:8	SH shareability			SH
 *	7:6	AP: 7 read-only, 6 EL0 too	S2AP: 7 write, 6 read
 *	5	NS (ignored if Non-secure)	MemAttr[3]
 *	4:2	AttrIndx, into MAIR		MemAttr[2:0]
 *	1	Type: 1 page at level 0		Type
 *		0 block at levels above
 *	0	Valid; when zero everything else is ignored
 *
 *	stage 1 table pointer			stage 2 table pointer
 *	63	NSTable (as NS)			reserved
 *	62:61	APTable: no write, no EL0	reserved
 *	60	XNTable (UXNTable)		reserved
 *	59	PXNTable			reserved
 *	58:51	ignored				ignored
 *	50:48	reserved			reserved
 *	47:12	address				address
 *	11:2	ignored				ignored
 *	1:0	0b11, at levels above 0		0b11
 *
 * The address of 48 bits is 47:12, 47:14 or 47:16 by granule; what the field has below that
 * is reserved. Addresses of 52 bits (hw_device.large_oa) put the rest where room is:
 * granule 64K (LPA) bits 51:48 in 15:12; granules 4K and 16K (LPA2, TCR.DS = 1) bits 49:48
 * in place and bits 51:50 in 9:8, and the shareability of leaves comes from TCR then.
 *
 * The items of a contiguous run hold consecutive OAs, aligned to the run as a whole.
 *
 * Fixed for the model: MAIR holds write-back, non-cacheable and Device-nGnRE as attributes
 * 0, 1 and 2; a leaf without AF faults, as hardware does not set it (HA = 0), but DBM is
 * followed (HD = 1 as it sees leaves);
 * no FEAT_BBM (nT, bit 16 of a block, is reserved), FEAT_BTI (GP), FEAT_XS (bit 11 of
 * stage 2), FEAT_S2FWB, FEAT_D128.
 */
#include "oracle/hw.h"

#define SHARE_OUTER 2
#define SHARE_INNER 3

/* What depends on the granule in ways that arithmetic does not say. D8, "Contiguous bit". */
struct granule {
	uint8_t last_leaf;  /* highest level with leaves; with addresses of 52 bits, one more */
	uint8_t run_lg2[3]; /* items (lg2) of a contiguous run at levels 0, 1, 2; 0: no run */
};

static const struct granule granules[] = {
	{ .last_leaf = 2, .run_lg2 = { 4, 4, 4 } }, /* 4K */
	{ .last_leaf = 1, .run_lg2 = { 7, 5, 0 } }, /* 16K */
	{ .last_leaf = 1, .run_lg2 = { 5, 5, 0 } }, /* 64K */
};

static uint64_t low_bits(unsigned n)
{
	return (UINT64_C(1) << n) - 1;
}

/* Ones in hi:lo; none where hi is below lo. */
static uint64_t ones(unsigned hi, unsigned lo)
{
	return low_bits(hi + 1) & ~low_bits(lo);
}

static uint64_t bits(uint64_t raw, unsigned hi, unsigned lo)
{
	return raw >> lo & low_bits(hi - lo + 1);
}

static bool bit(uint64_t raw, unsigned n)
{
	return raw >> n & 1;
}

static const struct granule *granule(const struct hw_format *f)
{
	return &granules[(f->granule_lg2 - 12) / 2];
}

/* The two ways to 52 bits. */
static bool lpa(const struct hw_format *f, const struct hw_device *dev)
{
	return dev->large_oa && f->granule_lg2 == 16;
}

static bool lpa2(const struct hw_format *f, const struct hw_device *dev)
{
	return dev->large_oa && f->granule_lg2 != 16;
}

/* The VA width says how much of the root there is. 0: the root is above the VA. */
static unsigned root_lg2(const struct hw_format *f, const struct hw_device *dev)
{
	unsigned item_lg2 = hw_item_lg2(f, dev->level);

	/* equivalent: rel-1: the difference is 0 then */
	return dev->vasz_lg2 > item_lg2 ? dev->vasz_lg2 - item_lg2 : 0;
}

static unsigned run_lg2(const struct hw_format *f, unsigned level)
{
	return level < 3 ? granule(f)->run_lg2[level] : 0;
}

static uint64_t sizes(const struct hw_format *f, const struct hw_device *dev, unsigned level)
{
	unsigned item_lg2 = hw_item_lg2(f, level), run = run_lg2(f, level);
	uint64_t all = 0;

	if (level > dev->level || level > granule(f)->last_leaf + (dev->large_oa ? 1U : 0U))
		return 0;
	all |= UINT64_C(1) << item_lg2;
	/* A root may be too small for a run. */
	if (run && run <= hw_items_lg2(f, dev, level))
		all |= UINT64_C(1) << (item_lg2 + run);
	return all;
}

/* What leaves and table pointers of both stages reserve. */
static uint64_t reserved(const struct hw_format *f, const struct hw_device *dev)
{
	uint64_t above = lpa2(f, dev) ? ones(50, 50) : ones(50, 48);

	return lpa(f, dev) ? above : above | ones(f->granule_lg2 - 1U, 12);
}

/* Of what reserves nothing, so that the bit above the field is zero. */
static uint64_t address(const struct hw_format *f, const struct hw_device *dev, uint64_t raw)
{
	if (lpa2(f, dev))
		/* equivalent: off-1: bit 50 is zero */
		return (raw & ones(49, f->granule_lg2)) | bits(raw, 9, 8) << 50;
	if (lpa(f, dev))
		/* equivalent: off-1: bit 48 is zero */
		return (raw & ones(47, 16)) | bits(raw, 15, 12) << 48;
	return raw & ones(47, f->granule_lg2); /* equivalent: off-1: bit 48 is zero */
}

static enum hw_fault decode_leaf_place(const struct hw_format *f, const struct hw_device *dev,
				       uint64_t raw, unsigned level, struct hw_item *out)
{
	unsigned item_lg2 = hw_item_lg2(f, level), size_lg2 = item_lg2;
	bool contiguous = bit(raw, 52);

	if (contiguous)
		size_lg2 += run_lg2(f, level);
	if ((contiguous && size_lg2 == item_lg2) || !bit(sizes(f, dev, level), size_lg2))
		return HW_BAD_SIZE;
	if (out->address & low_bits(item_lg2))
		return HW_MISALIGNED;
	/* The manual's address size fault: beyond TCR.IPS, VTCR.PS. */
	if (out->address >> dev->oasz_lg2)
		return HW_RESERVED;
	out->kind = HW_LEAF;
	out->size_lg2 = (uint8_t)size_lg2;
	out->counts_up = contiguous;
	out->item_oa = contiguous ? out->address : 0;
	out->address &= ~low_bits(size_lg2);
	return HW_OK;
}

/* What both stages share: which kind of item, where it leads, of what size. */
static enum hw_fault decode_place(const struct hw_format *f, const struct hw_device *dev,
				  uint64_t raw, unsigned level, struct hw_item *out)
{
	*out = (struct hw_item){ .kind = HW_EMPTY };
	/* A block at the last level is as invalid as Valid = 0. */
	if (!bit(raw, 0) || (level == 0 && !bit(raw, 1)))
		return HW_NOT_PRESENT;
	if (raw & reserved(f, dev))
		return HW_RESERVED;
	out->address = address(f, dev, raw);
	if (level == 0 || !bit(raw, 1))
		return decode_leaf_place(f, dev, raw, level, out);
	out->kind = HW_TABLE;
	out->next_level = (uint8_t)(level - 1);
	return HW_OK;
}

/*
 * A device is coherent with write-back memory where that is shareable, and reads all else
 * past every cache where it is Outer Shareable. Any other SH says nothing that we promise.
 */
static enum hw_memory_type shared_type(const struct hw_format *f, const struct hw_device *dev,
				       uint64_t raw, enum hw_memory_type type)
{
	uint64_t share = bits(raw, 9, 8);

	if (lpa2(f, dev) || share == SHARE_OUTER)
		return type;
	return type == HW_WRITE_BACK && share == SHARE_INNER ? type : HW_MEMORY_UNSAID;
}

/* DBM = 1 where a write is not allowed: writable, and clean until a write. */
static enum hw_fault decode_s1_leaf(const struct hw_format *f, const struct hw_device *dev,
				    uint64_t raw, struct hw_item *out)
{
	static const enum hw_memory_type mair[8] = { HW_WRITE_BACK, HW_UNCACHED, HW_DEVICE_MEMORY };

	out->attrs = (struct hw_attrs){
		.read = true,
		.write = !bit(raw, 7) || bit(raw, 51),
		.exec = !bit(raw, 54),
		.exec_privileged = !bit(raw, 53),
		.user = bit(raw, 6),
		.global = !bit(raw, 11),
		.accessed = bit(raw, 10),
		.dirty = !bit(raw, 7),
		.type = (uint8_t)shared_type(f, dev, raw, mair[bits(raw, 4, 2)]),
	};
	return out->attrs.accessed ? HW_OK : HW_ACCESS_FLAG;
}

static enum hw_fault decode_s1(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			       unsigned level, struct hw_item *out)
{
	enum hw_fault fault = decode_place(f, dev, raw, level, out);

	if (fault != HW_OK)
		return fault;
	if (out->kind == HW_LEAF)
		return decode_s1_leaf(f, dev, raw, out);
	out->attrs = (struct hw_attrs){
		.read = true,
		.write = !bit(raw, 62),
		.exec = !bit(raw, 60),
		.exec_privileged = !bit(raw, 59),
		.user = !bit(raw, 61),
	};
	return HW_OK;
}

/* XN with FEAT_XNX: 0b00 all may execute, 0b01 EL0 only, 0b10 none, 0b11 EL1 only. */
static enum hw_fault decode_s2_leaf(const struct hw_format *f, const struct hw_device *dev,
				    uint64_t raw, struct hw_item *out)
{
	static const enum hw_memory_type mem_attr[16] = {
		[0x1] = HW_DEVICE_MEMORY, /* nGnRE */
		[0x5] = HW_UNCACHED,	  /* Normal, Outer and Inner Non-cacheable */
		[0xf] = HW_WRITE_BACK,	  /* Normal, Outer and Inner Write-Back */
	};

	if (bit(raw, 11))
		return HW_RESERVED;
	out->attrs = (struct hw_attrs){
		.read = bit(raw, 6),
		.write = bit(raw, 7) || bit(raw, 51),
		.exec = !bit(raw, 54),
		.exec_privileged = bit(raw, 54) == bit(raw, 53),
		.user = true,
		.accessed = bit(raw, 10),
		.dirty = bit(raw, 7),
		.type = (uint8_t)shared_type(f, dev, raw, mem_attr[bits(raw, 5, 2)]),
	};
	return out->attrs.accessed ? HW_OK : HW_ACCESS_FLAG;
}

static enum hw_fault decode_s2(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			       unsigned level, struct hw_item *out)
{
	enum hw_fault fault = decode_place(f, dev, raw, level, out);

	if (fault != HW_OK)
		return fault;
	if (out->kind == HW_LEAF)
		return decode_s2_leaf(f, dev, raw, out);
	if (bits(raw, 63, 59)) /* equivalent: off-1: no bit is above 63 */
		return HW_RESERVED;
	out->attrs = (struct hw_attrs){ .read = true, .write = true, .exec = true,
					.exec_privileged = true, .user = true };
	return HW_OK;
}

/* The VA width and the level must agree (TxSZ; TxSZ and SL0): root_lg2 from 1 to most_lg2. */
static enum hw_setup setup(const struct hw_format *f, const struct hw_device *dev,
			   unsigned most_lg2)
{
	unsigned lg2 = root_lg2(f, dev);

	if (!dev->large_oa && (dev->vasz_lg2 > 48 || dev->oasz_lg2 > 48))
		return HW_MEANINGLESS;
	return lg2 >= 1 && lg2 <= most_lg2 ? HW_POSSIBLE : HW_MEANINGLESS;
}

static enum hw_setup setup_s1(const struct hw_format *f, const struct hw_device *dev)
{
	return setup(f, dev, f->index_lg2);
}

/*
 * D8.2, "Concatenated translation tables". The widest VA keeps the highest root small, so
 * that it is never concatenated. With a granule of 16K that root takes LPA2: SL0 = 0b11 is
 * reserved without, and 48 bits begin with two tables of level 2.
 */
static enum hw_setup setup_s2(const struct hw_format *f, const struct hw_device *dev)
{
	if (f->granule_lg2 == 14 && dev->level == 3 && !dev->large_oa)
		return HW_MEANINGLESS;
	return setup(f, dev, f->index_lg2 + HW_MAX_CONCATENATED_LG2);
}

/* A mapping of stage 1 is of one address space; stage 2 has no bit for that. */
static bool promise_s2(const struct hw_format *f, const struct hw_request *req,
		       struct hw_attrs *out)
{
	(void)f;
	*out = (struct hw_attrs){
		.read = req->read,
		.write = req->write,
		.exec = !req->noexec,
		.exec_privileged = !req->noexec,
		.user = true,
		.accessed = true,
		.dirty = req->write && !req->dirty_tracking,
		.type = req->mmio    ? HW_DEVICE_MEMORY
			: req->cache ? HW_WRITE_BACK
				     : HW_UNCACHED,
	};
	return true;
}

/* Stage 1 has no bit against reading. */
static bool promise_s1(const struct hw_format *f, const struct hw_request *req,
		       struct hw_attrs *out)
{
	return req->read && promise_s2(f, req, out);
}

/* AF is set, as it is in all that translates. HD: with DBM a write clears AP[2]: no more read-only. */
static uint64_t touch_s1(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 10;
	return write && bit(raw, 51) ? raw & ~(UINT64_C(1) << 7) : raw;
}

/* Likewise, but a write sets S2AP[1]. */
static uint64_t touch_s2(const struct hw_format *f, uint64_t raw, bool write)
{
	(void)f;
	raw |= UINT64_C(1) << 10;
	return write && bit(raw, 51) ? raw | UINT64_C(1) << 7 : raw;
}

static const struct hw_field fields_s1[] = {
	/* equivalent: off-1: no bit is above 63 */
	{ 63, 63, "NSTable" },	  { 62, 61, "APTable" }, { 60, 60, "XNTable" },
	{ 59, 59, "PXNTable" },	  { 54, 54, "UXN" },	 { 53, 53, "PXN" },
	{ 52, 52, "Contiguous" }, { 51, 51, "DBM" },	 { 49, 12, "Address" },
	{ 11, 11, "nG" },	  { 10, 10, "AF" },	 { 9, 8, "SH" },
	{ 7, 6, "AP" },		  { 5, 5, "NS" },	 { 4, 2, "AttrIndx" },
	{ 1, 1, "Type" },	  { 0, 0, "Valid" },	 { .name = NULL },
};

static const struct hw_field fields_s2[] = {
	{ 54, 53, "XN" }, { 52, 52, "Contiguous" }, { 51, 51, "DBM" }, { 49, 12, "Address" },
	{ 10, 10, "AF" }, { 9, 8, "SH" },	    { 7, 6, "S2AP" },  { 5, 2, "MemAttr" },
	{ 1, 1, "Type" }, { 0, 0, "Valid" },	    { .name = NULL },
};

#define BOTH_STAGES                                                                                \
	.manual = "Arm Architecture Reference Manual, DDI 0487, D8.3 Translation table "           \
		  "descriptor formats",                                                            \
	.min_top = 1, .max_vasz_lg2 = 52, .max_oasz_lg2 = 52, .max_pa_lg2 = 52,                    \
	.can_large_oa = true, .breaks_before_make = true, .may_be_incoherent = true,               \
	.limits_va = true, .sizes = sizes, .root_lg2 = root_lg2

#define STAGE_1                                                                                    \
	BOTH_STAGES, .first_stage = true, .can_upper_half = true, .setup = setup_s1, .decode = decode_s1,               \
		     .promise = promise_s1, .touch = touch_s1, .fields = fields_s1
#define STAGE_2                                                                                    \
	BOTH_STAGES, .setup = setup_s2, .decode = decode_s2, .promise = promise_s2,                \
		     .touch = touch_s2, .fields = fields_s2

/* A table fills one granule, and so does an item of level 0. */
#define GRANULE(lg2) .granule_lg2 = (lg2), .index_lg2 = (lg2) - 3, .alignment_lg2 = (lg2)

extern const struct hw_format hw_armv8_s1_4k, hw_armv8_s1_16k, hw_armv8_s1_64k;
extern const struct hw_format hw_armv8_s2_4k, hw_armv8_s2_16k, hw_armv8_s2_64k;

const struct hw_format hw_armv8_s1_4k = {
	.name = "armv8_s1_4k", .max_top = 4, GRANULE(12), STAGE_1
};
const struct hw_format hw_armv8_s1_16k = {
	.name = "armv8_s1_16k", .max_top = 3, GRANULE(14), STAGE_1
};
const struct hw_format hw_armv8_s1_64k = {
	.name = "armv8_s1_64k", .max_top = 2, GRANULE(16), STAGE_1
};
const struct hw_format hw_armv8_s2_4k = {
	.name = "armv8_s2_4k", .max_top = 4, GRANULE(12), STAGE_2
};
const struct hw_format hw_armv8_s2_16k = {
	.name = "armv8_s2_16k", .max_top = 3, GRANULE(14), STAGE_2
};
const struct hw_format hw_armv8_s2_64k = {
	.name = "armv8_s2_64k", .max_top = 2, GRANULE(16), STAGE_2
};
