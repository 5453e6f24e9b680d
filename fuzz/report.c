/* Reports: see report.h. */
#include "fuzz/report.h"
#include "fuzz/foreign.h"
#include "fuzz/run_race.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEX "0x%" PRIx64

static const char *const device_names[] = DEVICE_FLAG_NAMES;

void history_observer(void *ctx, const struct program *p, long op, const struct outcome *o)
{
	struct history *h = ctx;

	(void)p;
	if (op < 0) {
		h->init = *o;
		return;
	}
	if ((size_t)op >= h->cap) {
		size_t cap = 2 * (size_t)op + 64;
		struct outcome *grown = realloc(h->outcomes, cap * sizeof(*grown));

		if (!grown)
			return; /* the report says less */
		h->outcomes = grown;
		h->cap = cap;
	}
	/* Threads end their operations in any order. */
	for (; h->nr <= (size_t)op; h->nr++)
		h->outcomes[h->nr] = (struct outcome){ .missing = true };
	h->outcomes[op] = *o;
}

void history_free(struct history *h)
{
	free(h->outcomes);
	*h = (struct history){ 0 };
}

/* Target same: an operation is done by several routes. */
static void print_route(const struct run *run, FILE *out)
{
	if (run->route)
		fprintf(out, ", by route %s", run->route);
}

void print_history(const struct program *p, const struct run *run, const struct history *h,
		   FILE *out)
{
	bool failed = run->verdict.check != CHECK_NONE;

	program_print_head(p, out);
	if (failed && run->op < 0) {
		fprintf(out, "# init <-- %s", check_names[run->verdict.check]);
		print_route(run, out);
		fputc('\n', out);
	} else if (h->init.err) {
		fputs("# init: ", out);
		print_outcome(NULL, &h->init, out);
		fputs(": nothing below runs\n", out);
	}
	for (size_t i = 0; i < p->nr; i++) {
		program_print_op(p, &p->ops[i], out);
		if (failed && (long)i == run->op) {
			fprintf(out, "   # <-- %s", check_names[run->verdict.check]);
			print_route(run, out);
		} else if (i < h->nr && !h->outcomes[i].missing) {
			fputs("   # ", out);
			print_outcome(&p->ops[i], &h->outcomes[i], out);
		}
		fputc('\n', out);
	}
	if (failed && run->op == (long)p->nr) {
		fprintf(out, "# the end, sync and deinit <-- %s",
			check_names[run->verdict.check]);
		print_route(run, out);
		fputc('\n', out);
	}
}

static void print_hw_walk(struct judge *j, uint64_t iova, FILE *out)
{
	const struct hw_format *hw = j->subject.hw;
	struct hw_memory memory = sim_hw_memory(&j->sim);
	struct hw_walk walk;
	char fields[256];

	fprintf(out, "\nThe hardware walk to IOVA " HEX " (%s)\n", iova, hw->manual);
	fprintf(out, "  device entry: root PA " HEX ", level %u\n", j->sim.device.root_pa,
		j->sim.device.level);
	hw_walk(hw, &j->sim.device, &memory, iova, HW_PROBE, &walk);
	for (unsigned i = 0; i < walk.nr_steps; i++) {
		const struct hw_step *s = &walk.steps[i];

		hw_describe(hw, s->raw, fields, sizeof(fields));
		fprintf(out, "  level %u, item %3u of the table at PA " HEX ": 0x%016" PRIx64 "\n",
			s->level, s->index, s->table_pa, s->raw);
		fprintf(out, "           %s\n", fields);
		if (s->fault != HW_OK)
			fprintf(out, "           %s\n", hw_fault_names[s->fault]);
		else if (s->item.kind == HW_TABLE)
			fprintf(out, "           table of level %u at PA " HEX "\n",
				s->item.next_level, s->item.address);
		else
			fprintf(out, "           leaf of 2^%u bytes at OA " HEX "\n",
				s->item.size_lg2, s->item.address);
	}
	if (walk.fault == HW_OK)
		fprintf(out, "  ends at OA " HEX ", read %d, write %d\n", walk.oa,
			walk.leaf.attrs.read, walk.leaf.attrs.write);
	else
		fprintf(out, "  ends in: %s\n", hw_fault_names[walk.fault]);
}

static void print_sw_walk(struct judge *j, uint64_t iova, FILE *out)
{
	static const char *const kinds[] = { "empty", "table", "leaf" };
	struct pt_step steps[PT_MAX_LEVELS];
	jmp_buf stopped;
	unsigned nr;

	if (!j->subject.ops->explain)
		return;
	fputs("\nThe software walk (pt_ops)\n", out);
	j->sim.t->out = &stopped;
	if (setjmp(stopped)) {
		foreign_unguard();
		fprintf(out, "  could not be done: %s\n", j->sim.verdict.text);
		j->sim.t->out = NULL;
		return;
	}
	sim_begin_operation(&j->sim);
	foreign_guard(&j->sim);
	nr = j->subject.ops->explain(j->pt, iova, steps);
	for (unsigned i = 0; i < nr; i++) {
		fprintf(out, "  level %u, item %3u: 0x%016" PRIx64 "  %s", steps[i].level,
			steps[i].index, steps[i].item, kinds[steps[i].kind]);
		if (steps[i].kind == PT_TABLE)
			fprintf(out, " at PA " HEX, steps[i].address);
		if (steps[i].kind == PT_LEAF)
			fprintf(out, " of 2^%u bytes at OA " HEX, steps[i].size_lg2,
				steps[i].address);
		fputc('\n', out);
	}
	if (!nr)
		fputs("  none: the address is above the top's reach\n", out);
	foreign_unguard();
	j->sim.t->out = NULL;
}

static void print_flat(struct judge *j, uint64_t iova, FILE *out)
{
	static const char *const prot_names[] = PT_PROT_NAMES;
	uint64_t leaf_va = 0;
	const struct extent *e = flat_find(&j->flat, iova, &leaf_va);

	fputs("\nThe flat map\n", out);
	if (!e) {
		fputs("  nothing is mapped there\n", out);
		return;
	}
	fprintf(out, "  IOVA " HEX " -> OA " HEX ", in a leaf of 2^%u bytes at IOVA " HEX ", ", iova,
		e->oa + (iova - e->va), e->size_lg2, leaf_va);
	print_mask(e->prot, prot_names, sizeof(prot_names) / sizeof(prot_names[0]), out);
	fputc('\n', out);
}

/* The address to show: the judge's, else the failed operation's own. */
static bool find_iova(const struct program *p, const struct run *run, uint64_t *iova)
{
	if (run->verdict.has_iova) {
		*iova = run->verdict.iova;
		return true;
	}
	if (run->op < 0 || (size_t)run->op >= p->nr ||
	    op_shapes[p->ops[run->op].kind].args[0].kind != ARG_IOVA)
		return false;
	*iova = p->ops[run->op].args[0];
	return true;
}

/* What is still cached of what is gone, and what has not reached memory. */
static void print_caches(const struct sim *s, FILE *out)
{
	static const char *const kinds[] = { "translation", "table pointer", "absence" };
	const size_t most = 8;

	if (s->dev.flags) {
		fputs("  device: ", out);
		print_mask(s->dev.flags, device_names,
			   sizeof(device_names) / sizeof(device_names[0]), out);
		fputc('\n', out);
	}
	if (s->memory->incoherent)
		fprintf(out, "  %zu lines were written and not flushed\n", s->memory->nr_dirty);
	for (size_t i = 0; i < s->dev.nr && i < most; i++) {
		const struct stale *t = &s->dev.stale[i];

		fprintf(out, "  a cache may still hold: %s%s of level %u, IOVA " HEX ".." HEX "\n",
			kinds[t->kind], t->dirt_only ? " as dirty" : "", t->level, t->first,
			t->last);
	}
	if (s->dev.nr > most)
		fprintf(out, "  and %zu more\n", s->dev.nr - most);
}

/* Of a race: how each thread came to where it is. */
static void print_threads(const struct program *p, const struct run *run, FILE *out)
{
	const struct schedule *s = race_schedule();
	struct schedule_event e;

	/* Before init has returned there is no schedule of this program. */
	if (p->target != TARGET_RACE || !s || run->op < 0)
		return;
	fprintf(out, "\nThe threads, after %" PRIu64 " events and %" PRIu64
		" switches; digest %016" PRIx64 "\n",
		schedule_events(s), schedule_switches(s), schedule_digest(s));
	for (unsigned t = 0; t < program_threads(p); t++) {
		fprintf(out, "  thread %u, its last events:\n", t);
		for (unsigned n = 6; n--;) {
			if (!schedule_last_event(s, t, n, &e))
				continue;
			fprintf(out, "    %8" PRIu64 "  %s", e.number, event_names[e.what]);
			if (e.pa)
				fprintf(out, " of the item at PA " HEX, e.pa);
			fputc('\n', out);
		}
	}
}

/* Of a foreign implementation: who it is, and the configuration that it took instead. */
static void print_fitted(const struct judge *j, const struct program *p, FILE *out)
{
	struct program taken = { .target = p->target, .subject = p->subject, .config = j->config,
				 .memory = p->memory, .device = p->device };
	char *text;
	size_t size;
	FILE *lines;

	if (!j->subject.foreign)
		return;
	fputs("# judged", out);
	foreign_print_closing(j->subject.foreign, out);
	fputc('\n', out);
	if (config_equal(&p->config, &j->config))
		return;
	lines = open_memstream(&text, &size);
	if (!lines)
		return; /* the report says less */
	program_print_head(&taken, lines);
	fclose(lines);
	fputs("# its configuration, fitted to what it takes:\n", out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		fprintf(out, "#   %s\n", line);
	free(text);
}

void print_report(struct judge *j, const struct program *p, const struct run *run,
		  const struct history *h, const char *path, FILE *out)
{
	const struct verdict *v = &run->verdict;
	uint64_t iova;

	fprintf(out, "walkdiff: %s: %s\n\n", check_names[v->check], v->text);
	print_fitted(j, p, out);
	print_history(p, run, h, out);
	if (find_iova(p, run, &iova) && j->ready) {
		print_hw_walk(j, iova, out);
		print_sw_walk(j, iova, out);
		print_flat(j, iova, out);
	}
	fprintf(out,
		"\nThe machine\n"
		"  %u tables of at most %u, %" PRIu64 " allocations tried, %u refused in the last "
		"operation\n",
		j->sim.memory->nr_live, j->sim.memory->config.tables, j->sim.allocations,
		j->sim.t->refused);
	if (j->sim.t->gather.first <= j->sim.t->gather.last)
		fprintf(out, "  waiting in the gather: IOVA " HEX ".." HEX "\n", j->sim.t->gather.first,
			j->sim.t->gather.last);
	print_caches(&j->sim, out);
	print_threads(p, run, out);
	if (path)
		fprintf(out, "\nTo run it again:  %s repro%s %s\nTo shrink it:     %s min%s %s\n",
			program_invocation_name, foreign_option(), path, program_invocation_name,
			foreign_option(), path);
}
