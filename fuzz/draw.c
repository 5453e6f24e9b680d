/* Drawing values: hot sets, edges, sizes; see draw.h. */
#include "fuzz/draw.h"

struct range range_of(const struct program *p)
{
	struct range r = {
		.sizes = judge_sizes(p->subject.hw, &p->config),
		.last_va = last_below(p->config.vasz_lg2),
		.last_oa = last_below(p->config.oasz_lg2),
	};

	r.smallest = r.sizes & -r.sizes;
	if (!r.smallest)
		r.smallest = 1;
	return r;
}

/* The n-th of the leaf sizes that an aperture of last + 1 bytes holds. */
static uint64_t pick_size(const struct range *r, uint64_t n, uint64_t last)
{
	uint64_t sizes = r->sizes & (last | (last >> 1) | 1);
	uint64_t rest = sizes;
	unsigned count = (unsigned)__builtin_popcountll(sizes);

	if (!count)
		return r->smallest;
	for (n %= count; n; n--)
		rest &= rest - 1;
	return rest & -rest;
}

/* The high bits of v, spread: a second number from the same eight bytes. */
static uint64_t high(uint64_t v)
{
	return v >> 16;
}

static uint64_t draw_iova(const struct program *p, const struct range *r, unsigned form, uint64_t v)
{
	uint64_t size = pick_size(r, v & 0xff, r->last_va), small = (v >> 8 & 0xff);
	uint64_t at;

	switch (form & 7) {
	case 1: /* hot: the first few of some size */
		at = (high(v) & 15) * size + (small & 3) * r->smallest;
		break;
	case 2: /* the last few of the aperture */
		at = r->last_va - (high(v) & 7) * size - (small & 3) * r->smallest;
		break;
	case 3: /* beside a power of two */
		at = (UINT64_C(1) << (v & 63)) + (small % 9 - 4) * r->smallest;
		break;
	case 4: /* an earlier operation's, or near it */
		if (p->nr) {
			const struct op *old = &p->ops[high(v) % p->nr];

			at = old->args[0] + (small & 1 ? old->args[small & 2 ? 1 : 2] : 0) +
			     (small & 4 ? 0 : (small >> 3 & 3) * r->smallest);
			break;
		} /* fall through */
	case 5: /* cold, aligned to some size */
		at = v & ~(size - 1);
		break;
	case 6: /* the middle */
		at = (r->last_va / 2 + 1) + (high(v) & 7) * size - (small & 3) * r->smallest;
		break;
	default: /* not aligned, not bounded */
		return v;
	}
	return at & r->last_va & ~(r->smallest - 1);
}

static uint64_t draw_len(const struct program *p, const struct range *r, unsigned form, uint64_t v,
			 uint64_t iova)
{
	uint64_t size = pick_size(r, v & 0xff, r->last_va), small = (v >> 8 & 0xff);

	switch (form & 7) {
	case 1:
		return size;
	case 2:
		return (1 + (small & 15)) * size;
	case 3: /* ends inside a larger leaf */
		return (1 + (small & 3)) * size + (high(v) & 63) * r->smallest;
	case 4:
		return (1 + (high(v) & 1023)) * r->smallest;
	case 5: /* to the end of the aperture, or one beyond; rarely, since it may be long */
		if (small % 8 == 0)
			return (r->last_va - iova + 1) + (small & 8 ? r->smallest : 0);
		return (1 + (small & 3)) * size - r->smallest;
	case 6: /* an earlier operation's */
		if (p->nr) {
			const struct op *old = &p->ops[high(v) % p->nr];

			return old->args[old->kind == OP_MAP ? 2 : 1];
		} /* fall through */
	default:
		return v;
	}
}

static uint64_t draw_oa(const struct range *r, unsigned form, uint64_t v, uint64_t iova,
			uint64_t len)
{
	uint64_t size = pick_size(r, v & 0xff, r->last_oa), mask = size - 1, at;

	switch (form & 7) {
	case 1: /* congruent to the IOVA, so that larger leaves fit */
	case 2:
		at = (v & ~mask) | (iova & mask);
		break;
	case 3: /* the end of the output addresses */
		at = r->last_oa - len + 1 - (high(v) & 1) * r->smallest;
		break;
	case 4: /* one address bit */
		at = (UINT64_C(1) << (v & 63)) | (iova & mask & ((UINT64_C(1) << (v & 63)) - 1));
		break;
	case 5:
		at = v & ~(r->smallest - 1);
		break;
	case 6:
		at = iova;
		break;
	default:
		return v;
	}
	return at & r->last_oa & ~(r->smallest - 1);
}

uint64_t draw_arg(const struct program *p, const struct range *r, const struct drawn *d,
		  enum arg_kind kind, unsigned form, uint64_t v)
{
	if (kind == ARG_STRATEGY || kind == ARG_THREAD)
		return v % (arg_max(kind) + 1);
	if (form == 0)
		return v;
	switch (kind) {
	case ARG_IOVA:
		return draw_iova(p, r, form, v);
	case ARG_LEN:
		return draw_len(p, r, form, v, d->iova);
	case ARG_OA:
		return draw_oa(r, form, v, d->iova, d->len);
	case ARG_COUNT:
		return v & (form & 1 ? 7 : 511);
	default:
		return v;
	}
}

uint64_t draw_small(const struct range *r, enum arg_kind kind, unsigned form, uint64_t v)
{
	unsigned page_lg2 = (unsigned)__builtin_ctzll(r->smallest);

	switch (kind) {
	case ARG_LG2: /* near the smallest leaf, most often */
		return form ? page_lg2 + v % 12 - (page_lg2 > 2 ? 2 : 0) : v & 127;
	case ARG_BITS:
		return v % (JUDGE_MAX_BITS + 1);
	case ARG_FLAGS:
		return v & PT_NO_CLEAR;
	default:
		return 0;
	}
}
