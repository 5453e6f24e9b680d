/* Running a program: one function a target; see run.h. */
#include "fuzz/run.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fuzz/foreign.h"
#include "fuzz/run_race.h"
#include "fuzz/same.h"

/* Tables that exist in target decode, whatever was mapped: PAs resolve into these. */
#define WILD_TABLES 8

static const char *errno_name(int err)
{
	switch (-err) {
	case 0:
		return "0";
	case EINVAL:
		return "EINVAL";
	case EOPNOTSUPP:
		return "EOPNOTSUPP";
	case EOVERFLOW:
		return "EOVERFLOW";
	case ENXIO:
		return "ENXIO";
	case ERANGE:
		return "ERANGE";
	case ENOENT:
		return "ENOENT";
	case EACCES:
		return "EACCES";
	case EAGAIN:
		return "EAGAIN";
	case EADDRINUSE:
		return "EADDRINUSE";
	case ENOMEM:
		return "ENOMEM";
	default:
		return "an error that is not documented";
	}
}

void print_outcome(const struct op *op, const struct outcome *o, FILE *out)
{
	if (!op) {
		fputs(errno_name(o->err), out);
		return;
	}
	if (o->skipped) {
		fputs("skipped: table memory is wild", out);
		return;
	}
	if (o->not_asked) {
		fprintf(out, "not asked: %s", o->not_asked);
		return;
	}
	switch (op->kind) {
	case OP_MAP:
		fprintf(out, "%s, mapped 0x%" PRIx64, errno_name(o->err), o->bytes);
		break;
	case OP_SET_DIRTY:
	case OP_CUT:
		fputs(errno_name(o->err), out);
		break;
	case OP_READ_DIRTY:
		fprintf(out, "%s, %" PRIu64 " bits set", errno_name(o->err), o->bytes);
		break;
	case OP_UNMAP:
		fprintf(out, "removed 0x%" PRIx64, o->bytes);
		break;
	case OP_TRANSLATE:
	case OP_DMA_READ:
	case OP_DMA_WRITE:
	case OP_PROBE:
		if (o->mapped)
			fprintf(out, "OA 0x%" PRIx64, o->oa);
		else
			fputs(op->kind == OP_DMA_READ || op->kind == OP_DMA_WRITE ? "stopped" :
										     "unmapped",
			      out);
		break;
	default:
		fputs("done", out);
	}
}

bool parse_checks(const char *names, uint32_t *checks)
{
	*checks = 0;
	while (*names) {
		size_t len = strcspn(names, ",");
		unsigned c = CHECK_NONE + 1;

		while (c < CHECKS && (strlen(check_names[c]) != len ||
				      strncmp(check_names[c], names, len)))
			c++;
		if (c == CHECKS || c == CHECK_RESULT || c == CHECK_BELIEF)
			return false;
		*checks |= CHECK_BIT(c);
		names += len + (names[len] == ',');
	}
	return *checks != 0;
}

void run_op(struct judge *j, const struct op *op, struct outcome *o)
{
	const uint64_t *a = op->args;
	struct pt_mapping m = { .iova = a[0], .oa = a[1], .len = a[2], .prot = op->prot };
	struct pt_bitmap bitmap = { .base = a[2], .granule_lg2 = (unsigned)a[3], .bits = a[4],
				    .words = judge_dirty_room(j)->words };

	j->sim.t->not_asked = NULL;
	switch (op->kind) {
	case OP_MAP:
		o->err = judge_map(j, &m, &o->bytes);
		break;
	case OP_UNMAP:
		o->bytes = judge_unmap(j, a[0], a[1]);
		break;
	case OP_TRANSLATE:
		o->mapped = judge_translate(j, a[0], &o->oa);
		break;
	case OP_DMA_READ:
		o->mapped = judge_dma(j, a[0], HW_READ, &o->oa) == HW_OK;
		break;
	case OP_DMA_WRITE:
		o->mapped = judge_dma(j, a[0], HW_WRITE, &o->oa) == HW_OK;
		break;
	case OP_SET_DIRTY:
		o->err = judge_set_dirty(j, a[0]);
		break;
	case OP_CUT:
		o->err = judge_cut(j, a[0]);
		break;
	case OP_EVICT:
		judge_evict(j, a[0]);
		break;
	case OP_READ_DIRTY:
		o->err = judge_read_dirty(j, a[0], a[1], (unsigned)a[5], &bitmap);
		for (uint64_t i = 0; !o->err && i < bitmap.bits / 64 + 1; i++)
			o->bytes += (uint64_t)__builtin_popcountll(bitmap.words[i]);
		break;
	case OP_SYNC:
		judge_sync(j);
		break;
	case OP_REFUSE:
		j->sim.refuse_at = a[0] > UINT32_MAX ? 0 : (uint32_t)a[0];
		j->sim.refuse_then = 0;
		j->sim.refuse_count = a[1] && a[1] < UINT32_MAX ? (uint32_t)a[1] : 1;
		break;
	default:
		break;
	}
	o->not_asked = j->sim.t->not_asked;
}

void run_observe(struct judge *j, const struct run_options *o, const struct program *p, long op,
		 const struct outcome *outcome)
{
	const uint64_t words[] = { (uint64_t)(int64_t)outcome->err, outcome->bytes, outcome->mapped,
				   outcome->oa };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		j->sim.digest = digest_with(j->sim.digest, words[i]);
	if (o->observer)
		o->observer(o->ctx, p, op, outcome);
}

static bool run_init(struct judge *j, const struct program *p, const struct run_options *o)
{
	struct outcome outcome = { 0 };

	outcome.err = judge_init(j);
	run_observe(j, o, p, -1, &outcome);
	return outcome.err == 0;
}

static void run_ops(struct judge *j, const struct program *p, const struct run_options *o,
		    volatile long *at)
{
	struct outcome outcome = { 0 };

	if (!run_init(j, p, o))
		return;
	for (*at = 0; (size_t)*at < p->nr; ++*at) {
		j->thorough = o->thorough_every <= 1 || *at % o->thorough_every == 0;
		outcome = (struct outcome){ 0 };
		run_op(j, &p->ops[*at], &outcome);
		run_observe(j, o, p, *at, &outcome);
	}
	j->thorough = true;
	judge_deinit(j);
}

/* ---- decode ---- */

/*
 * True when hardware found every item on the way legal, and of a kind that core
 * writes in this configuration: then software must see the same.
 */
static bool is_ours(const struct judge *j, const struct hw_walk *w)
{
	const struct pt_config *c = &j->config;
	bool encrypts = c->features & PT_ENCRYPT_TABLES;
	uint64_t size = UINT64_C(8) << j->subject.hw->index_lg2;
	uint64_t table_alignment = size > 4096 ? size : 4096;

	if (w->fault != HW_OK && w->fault != HW_NOT_PRESENT)
		return false;
	for (unsigned i = 0; i < w->nr_steps; i++) {
		const struct hw_step *s = &w->steps[i];

		if (s->fault == HW_NOT_PRESENT)
			return true;
		if (s->item.kind == HW_TABLE &&
		    (s->item.next_level + 1u != s->level || s->item.address % table_alignment ||
		     s->item.attrs.encrypted != encrypts))
			return false;
		if (s->item.kind == HW_LEAF &&
		    (!(judge_sizes(j->subject.hw, c) >> s->item.size_lg2 & 1) ||
		     s->item.address > j->flat.last_oa))
			return false;
	}
	return true;
}

/* Walk to va both ways, over tables that may hold anything. */
static void probe_wild(struct judge *j, uint64_t va, struct outcome *o)
{
	struct hw_memory memory = sim_hw_memory(&j->sim);
	struct pt_step steps[PT_MAX_LEVELS];
	struct hw_walk walk;

	if (foreign_deviates(j->subject.foreign, DEVIATES_BOUNDS) && !flat_holds(&j->flat, va, va))
		return;
	j->operations++;
	sim_begin_operation(&j->sim);
	o->mapped = j->subject.ops->translate(j->pt, va, &o->oa);
	if (j->subject.ops->explain)
		j->subject.ops->explain(j->pt, va, steps);
	hw_walk(j->subject.hw, &j->sim.device, &memory, va, HW_PROBE, &walk);
	if (!flat_holds(&j->flat, va, va)) {
		if (o->mapped)
			sim_fail_at(&j->sim, CHECK_FLAT, va,
				    "translate maps IOVA 0x%" PRIx64 ", outside the aperture", va);
		return;
	}
	if (!is_ours(j, &walk))
		return;
	if (o->mapped != (walk.fault == HW_OK) || (o->mapped && o->oa != walk.oa))
		sim_fail_at(&j->sim, CHECK_FLAT, va,
			    "software decodes IOVA 0x%" PRIx64 " to %s OA 0x%" PRIx64
			    ", hardware to %s OA 0x%" PRIx64,
			    va, o->mapped ? "mapped," : "unmapped,", o->oa,
			    walk.fault == HW_OK ? "mapped," : "unmapped,", walk.oa);
}

static void write_item(struct judge *j, const struct op *op)
{
	const uint64_t *a = op->args;
	struct memory *m = j->sim.memory;
	size_t size = sizeof(uint64_t) << j->subject.hw->index_lg2;
	uint64_t *table;

	memory_make_wild(m, WILD_TABLES, size);
	table = memory_wild_table(m, (uint32_t)(a[0] % m->used));
	if (op->kind == OP_ITEM)
		table[a[1] % (size / sizeof(uint64_t))] = a[2];
	else
		table[a[1] % (size / sizeof(uint64_t))] ^= UINT64_C(1) << (a[2] & 63);
}

static void run_decode_op(struct judge *j, const struct op *op, struct outcome *o)
{
	const uint64_t *a = op->args;
	struct pt_mapping m = { .iova = a[0], .oa = a[1], .len = a[2], .prot = op->prot };

	switch (op->kind) {
	case OP_MAP: /* real tables to begin with; nothing may change them once they are wild */
		o->skipped = j->sim.memory->wild;
		if (!o->skipped)
			o->err = judge_map(j, &m, &o->bytes);
		break;
	case OP_UNMAP:
		o->skipped = j->sim.memory->wild;
		if (!o->skipped)
			o->bytes = judge_unmap(j, a[0], a[1]);
		break;
	case OP_ITEM:
	case OP_FLIP:
		write_item(j, op);
		break;
	default:
		probe_wild(j, a[0], o);
	}
}

static void run_decode(struct judge *j, const struct program *p, const struct run_options *o,
		       volatile long *at)
{
	struct outcome outcome = { 0 };

	if (!run_init(j, p, o))
		return;
	j->thorough = false;
	for (*at = 0; (size_t)*at < p->nr; ++*at) {
		outcome = (struct outcome){ 0 };
		run_decode_op(j, &p->ops[*at], &outcome);
		run_observe(j, o, p, *at, &outcome);
	}
}

bool run_is_for(const struct subject *s, enum target target)
{
	const struct foreign *f = s->foreign;

	return !(target == TARGET_DECODE && foreign_deviates(f, DEVIATES_DECODE)) &&
	       !(target == TARGET_SAME && f && f->off & CHECK_BIT(CHECK_SAME)) &&
	       !(target == TARGET_RACE && f && f->off & CHECK_BIT(CHECK_RACE));
}

static void prepare(struct judge *j, const struct program *p, const struct run_options *o)
{
	judge_reset(j, &p->subject, &p->config, &p->memory);
	j->sim.refuse_at = p->refuse_init;
	j->sim.refuse_count = 1;
	if (o && o->refuse_at) {
		j->sim.refuse_at = (uint32_t)o->refuse_at;
		j->sim.refuse_then = (uint32_t)o->refuse_then;
	}
}

struct run run_program(struct judge *j, const struct program *p, const struct run_options *o)
{
	static const struct run_options none;
	struct same *same = p->target == TARGET_SAME ? same_create(p) : NULL;
	volatile long at = -1;
	struct run run;
	jmp_buf out;

	j->device_flags = p->device;
	/* A foreign one is asked what fits before there is a machine for it. */
	j->sim.foreign = p->subject.foreign;
	j->sim.verdict = (struct verdict){ 0 };
	j->sim.digest = 0;
	j->sim.t->out = &out;
	j->ready = false;
	foreign_guard(&j->sim);
	if (!setjmp(out)) {
		prepare(j, p, o);
		j->sim.t->out = &out;
		if (!run_is_for(&p->subject, p->target))
			at = -1;
		else if (p->target == TARGET_DECODE)
			run_decode(j, p, o ? o : &none, &at);
		else if (same)
			same_run(same, j, p, o ? o : &none, &at);
		else if (p->target == TARGET_RACE && run_init(j, p, o ? o : &none))
			run_race(j, p, o ? o : &none, &at);
		else if (p->target == TARGET_OPS)
			run_ops(j, p, o ? o : &none, &at);
	}
	foreign_unguard();
	j->sim.t->out = NULL;
	run = (struct run){ .verdict = j->sim.verdict, .op = at, .operations = j->operations,
			    .digest = j->sim.digest };
	if (same) {
		run.operations += same->operations;
		run.route = same->route;
		run.compared = same->compared;
	}
	if (p->target == TARGET_RACE && at >= 0)
		run.digest = race_schedule() ? digest_with(run.digest, schedule_digest(race_schedule())) : 0;
	same_destroy(same);
	return run;
}
