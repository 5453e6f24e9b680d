/* Programs as bytes: a header, and a record of fixed length for each operation. */
#include <string.h>

#include "fuzz/draw.h"

#define MAX_TABLES 4096

/*
 * The low four bits of a record's first byte; of a race, the thread is in the two above.
 * Appending operations takes over duplicates, so that the bytes of a corpus keep most of
 * their meaning.
 */
static const uint8_t kind_of_byte[TARGETS][16] = {
	[TARGET_OPS] = { OP_MAP, OP_UNMAP, OP_TRANSLATE, OP_DMA_READ, OP_DMA_WRITE, OP_SYNC,
			 OP_REFUSE, OP_MAP, OP_UNMAP, OP_MAP, OP_MAP, OP_CUT, OP_EVICT, OP_SET_DIRTY,
			 OP_READ_DIRTY, OP_DMA_WRITE },
	[TARGET_DECODE] = { OP_MAP, OP_UNMAP, OP_ITEM, OP_FLIP, OP_PROBE, OP_FLIP, OP_PROBE,
			    OP_MAP, OP_MAP, OP_ITEM, OP_FLIP, OP_PROBE, OP_FLIP, OP_PROBE, OP_FLIP,
			    OP_PROBE },
	[TARGET_SAME] = { OP_MAP, OP_UNMAP, OP_SPLIT, OP_SYNC, OP_MAP, OP_UNMAP, OP_MAP, OP_SPLIT,
			  OP_MAP, OP_MAP, OP_UNMAP, OP_MAP, OP_SPLIT, OP_MAP, OP_MAP, OP_UNMAP },
	[TARGET_RACE] = { OP_MAP, OP_UNMAP, OP_TRANSLATE, OP_DMA_READ, OP_DMA_WRITE, OP_SYNC,
			  OP_REFUSE, OP_MAP, OP_UNMAP, OP_SWITCH, OP_SCHEDULE, OP_CUT, OP_EVICT,
			  OP_SET_DIRTY, OP_READ_DIRTY, OP_UNMAP },
};

static uint64_t load64(const uint8_t *b)
{
	uint64_t v = 0;

	for (unsigned i = 8; i--;)
		v = v << 8 | b[i];
	return v;
}

static void store64(uint8_t *b, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> 8 * i);
}

/* Record: kind, prot, a form for each argument, 3 unused, three arguments of 8 bytes. */
/* The small arguments: byte 5, bytes 6 and 7, byte 1. */
static uint64_t small_arg(const uint8_t *record, unsigned i)
{
	if (i == OP_WIDE_ARGS)
		return record[5];
	return i == OP_WIDE_ARGS + 1 ? (uint64_t)(record[6] | record[7] << 8) : record[1];
}

struct op program_draw_op(const struct program *p, const uint8_t record[RECORD_SIZE])
{
	struct op op = { .kind = kind_of_byte[p->target][record[0] & 15] };
	const struct op_shape *shape = &op_shapes[op.kind];
	struct range r = range_of(p);
	struct drawn d = { 0, 0 };

	if (shape->has_prot)
		op.prot = record[1] & 31;
	if (p->target == TARGET_RACE && op_has_thread(op.kind))
		op.thread = record[0] >> 4 & (SIM_THREADS - 1);
	/* The OA is drawn last: it leans on the IOVA and the length. */
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < OP_WIDE_ARGS; i++) {
			enum arg_kind kind = shape->args[i].kind;

			if ((kind == ARG_OA) != (pass == 1) || kind == ARG_NONE)
				continue;
			op.args[i] = draw_arg(p, &r, &d, kind, record[2 + i],
					      load64(&record[8 + 8 * i]));
			if (kind == ARG_IOVA)
				d.iova = op.args[i];
			else if (kind == ARG_LEN)
				d.len = op.args[i];
		}
	for (unsigned i = OP_WIDE_ARGS; i < OP_MAX_ARGS; i++)
		op.args[i] = draw_small(&r, shape->args[i].kind, record[2], small_arg(record, i));
	return op;
}

uint32_t program_tag(enum target target, const char *format)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (const char *s = target_names[target]; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	h = (h ^ '/') * 16777619u;
	for (const char *s = format; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

/*
 * Header: 0 tag, 4 variant (raw: device), 5 how to read the rest, 6 vasz_lg2,
 * 7 top_level, 8 oasz_lg2, 9 encrypt_bit, 10 features (2), 12 pgsize_bitmap, 20 seed,
 * 28 tables (2), 30 window (raw: the features above 2^16, too), 31 refuse_init.
 */
#define HEADER_RAW 1	  /* the fields are the configuration */
#define HEADER_FEATURES 2 /* toggle some features of the variant */
#define HEADER_VASZ 4
#define HEADER_SIZES 8
#define HEADER_OASZ 16
#define HEADER_ENCRYPT 32
#define HEADER_TOP 64

/* A variant with a few changes: mostly configurations that init accepts. */
static void shape_config(struct program *p, const uint8_t *h)
{
	const struct pt_ops *ops = p->subject.ops;
	const struct hw_format *hw = p->subject.hw;
	struct pt_config *c = &p->config;
	unsigned how = h[5];
	uint64_t wanted;

	*c = ops->variants[h[4] % ops->nr_variants].config;
	if (how & HEADER_FEATURES) {
		if (h[10] & 1)
			c->features ^= PT_FLUSH_RANGE | PT_FLUSH_RANGE_NO_GAPS;
		if ((h[10] & 2) && hw->forces_coherence)
			c->features |= PT_FORCE_COHERENCE;
		if ((h[10] & 12) == 12)
			c->features |= PT_FORCE_WRITEABLE;
		if ((h[11] & 0x80) && hw->touch)
			c->features |= PT_DIRTY_TRACKING;
		else if ((h[11] & 0x40) && hw->may_be_incoherent)
			c->features |= PT_DMA_INCOHERENT;
		if (h[11] & 0x20)
			c->features |= PT_DETAILED_GATHER;
		if ((h[11] & 0x10) && hw->may_cache_not_present)
			c->features |= PT_NP_CACHE;
		if ((h[10] & 0xf0) == 0xf0)
			c->features ^= UINT64_C(1) << h[11] % 11;
	}
	/* Down to what the root still makes sense with, and a little below. */
	if ((how & HEADER_VASZ) && !(c->features & PT_FULL_VA))
		c->vasz_lg2 = (uint8_t)(c->vasz_lg2 - h[6] % (hw->index_lg2 + 2u));
	if (how & HEADER_OASZ)
		c->oasz_lg2 = (uint8_t)(c->oasz_lg2 -
					h[8] % (c->oasz_lg2 - hw->granule_lg2 + 2u));
	if ((how & HEADER_ENCRYPT) && hw->encrypt_hi) {
		c->features |= PT_ENCRYPT_TABLES;
		c->encrypt_bit = (uint8_t)(hw->encrypt_lo +
					   h[9] % (hw->encrypt_hi - hw->encrypt_lo + 1));
		if (c->oasz_lg2 > c->encrypt_bit)
			c->oasz_lg2 = c->encrypt_bit;
	}
	if ((how & HEADER_TOP) && (c->features & PT_DYNAMIC_TOP))
		c->top_level = (uint8_t)(hw->min_top + h[7] % (hw->max_top - hw->min_top + 1));
	wanted = load64(&h[12]);
	if (how & HEADER_SIZES) {
		c->pgsize_bitmap = judge_sizes(hw, c) & wanted;
		/* Two in three: with the smallest size kept, so that more can be mapped. */
		if (h[7] % 3)
			c->pgsize_bitmap |= UINT64_C(1) << hw->granule_lg2;
	}
}

static void decode_header(struct program *p, const uint8_t *h)
{
	struct pt_config *c = &p->config;

	p->memory.seed = load64(&h[20]);
	p->memory.tables = (uint32_t)(h[28] | h[29] << 8) % (MAX_TABLES + 1);
	p->memory.window = h[30] % WINDOWS;
	p->device = h[5] & HEADER_RAW ? h[4] & DEVICE_FLAGS : h[27] & DEVICE_FLAGS;
	p->refuse_init = h[31];
	if (!(h[5] & HEADER_RAW)) {
		shape_config(p, h);
		/* Few tables: a map of much with small leaves soon meets the end of memory. */
		p->memory.tables = 6 + (h[28] % 8 ? h[28] / 32u : h[28] / 2u);
		p->refuse_init = h[29] == 0xff ? h[31] : 0;
		if (p->target == TARGET_SAME) { /* where it ends, so do all routes */
			p->memory.tables += 4;
			p->refuse_init = 0;
		}
		return;
	}
	if (!p->memory.tables)
		p->memory.tables = 1;
	*c = (struct pt_config){
		.features = (uint64_t)(h[10] | h[11] << 8 | h[30] / WINDOWS << 16) & PT_ALL_FEATURES,
		.pgsize_bitmap = load64(&h[12]),
		.vasz_lg2 = h[6] % 65,
		.top_level = h[7] % 8,
		.oasz_lg2 = h[8] % 65,
		.encrypt_bit = h[9] % 64,
	};
}

void program_draw_config(struct program *p, const uint8_t header[RECORD_SIZE])
{
	uint8_t h[RECORD_SIZE];

	memcpy(h, header, sizeof(h));
	h[5] &= (uint8_t)~HEADER_RAW;
	decode_header(p, h);
}

void program_decode(struct program *p, const uint8_t *data, size_t size)
{
	uint8_t header[RECORD_SIZE] = { 0 };

	p->nr = 0;
	if (size)
		memcpy(header, data, size < RECORD_SIZE ? size : RECORD_SIZE);
	decode_header(p, header);
	for (size_t at = RECORD_SIZE; at + RECORD_SIZE <= size; at += RECORD_SIZE) {
		struct op op = program_draw_op(p, &data[at]);

		program_insert(p, p->nr, &op);
	}
}

static void encode_header(const struct program *p, uint8_t *h)
{
	const struct pt_config *c = &p->config;
	uint32_t tag = program_tag(p->target, p->subject.ops->name);

	for (unsigned i = 0; i < 4; i++)
		h[i] = (uint8_t)(tag >> 8 * i);
	h[4] = p->device;
	h[5] = HEADER_RAW;
	h[6] = c->vasz_lg2;
	h[7] = c->top_level;
	h[8] = c->oasz_lg2;
	h[9] = c->encrypt_bit;
	h[10] = (uint8_t)c->features;
	h[11] = (uint8_t)(c->features >> 8);
	store64(&h[12], c->pgsize_bitmap);
	store64(&h[20], p->memory.seed);
	h[28] = (uint8_t)p->memory.tables;
	h[29] = (uint8_t)(p->memory.tables >> 8);
	h[30] = (uint8_t)(p->memory.window + WINDOWS * (c->features >> 16));
	h[31] = (uint8_t)p->refuse_init;
}

static void encode_op(const struct program *p, const struct op *op, uint8_t *record)
{
	while (kind_of_byte[p->target][record[0]] != op->kind)
		record[0]++;
	record[0] |= (uint8_t)(op->thread << 4);
	record[1] = op->prot;
	for (unsigned i = 0; i < OP_WIDE_ARGS; i++)
		store64(&record[8 + 8 * i], op->args[i]);
	record[5] = (uint8_t)op->args[OP_WIDE_ARGS];
	record[6] = (uint8_t)op->args[OP_WIDE_ARGS + 1];
	record[7] = (uint8_t)(op->args[OP_WIDE_ARGS + 1] >> 8);
	record[1] |= (uint8_t)op->args[OP_WIDE_ARGS + 2];
}

size_t program_encode(const struct program *p, uint8_t *data, size_t size)
{
	size_t at = RECORD_SIZE;

	if (size < RECORD_SIZE)
		return 0;
	memset(data, 0, size);
	encode_header(p, data);
	for (size_t i = 0; i < p->nr && at + RECORD_SIZE <= size; i++, at += RECORD_SIZE)
		encode_op(p, &p->ops[i], &data[at]);
	return at;
}
