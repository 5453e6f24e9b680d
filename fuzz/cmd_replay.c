/*
 * walkdiff replay: a recorded trace, line after line, through all judges. One page
 * table a domain; docs/TRACES.md says what is compared.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/cmd_replay.h"

static void __attribute__((format(printf, 3, 4)))
note(struct noted *n, uint64_t line, const char *format, ...)
{
	va_list args;

	if (n->count < MAX_NOTED) {
		n->first[n->count].line = line;
		va_start(args, format);
		vsnprintf(n->first[n->count].text, sizeof(n->first[0].text), format, args);
		va_end(args);
	}
	n->count++;
}

/* ---- progress, on a terminal only ---- */

static void show_progress(struct replay *r)
{
	static const char bar[] = "##############################";
	double now, part = trace_part(r->file);

	if (r->quiet || r->event.line % 64)
		return;
	now = now_seconds();
	if (now - r->shown < 0.1)
		return;
	r->shown = now;
	if (part >= 0)
		fprintf(stderr, "\r[%-30.*s] %3.0f%%", (int)(part * 30), bar, part * 100);
	else
		fprintf(stderr, "\rline %" PRIu64, r->event.line);
	fprintf(stderr, "  %.0f operations/s\033[K",
		(double)replay_operations(r) / (now - r->began));
}

/* Before any other line goes to the terminal. */
static void clear_progress(struct replay *r)
{
	if (r->shown > 0)
		fputs("\r\033[K", stderr);
	r->shown = 0;
}

/* ---- operations ---- */

/* The table of a domain, made when its first operation comes; null when that fails. */
static struct table *table_of(struct replay *r, unsigned domain)
{
	const struct memory_config memory = { .tables = CMD_TABLES };
	struct table *t = &r->tables[domain];
	int err;

	if (t->judge)
		return t;
	t->judge = judge_create(CMD_TABLES);
	if (!t->judge) {
		complain("no memory for the tables of domain %u", domain + 1);
		return NULL;
	}
	judge_reset(t->judge, &r->o.subject, &r->o.config, &memory);
	t->judge->sim.t->out = &r->out;
	r->failed = t->judge;
	err = judge_init(t->judge);
	r->nr_tables += t->judge->sim.memory->nr_live;
	if (!err)
		return t;
	complain("init of %s, variant %s: %s", r->o.format, r->o.variant, strerrorname_np(-err));
	return NULL;
}

/* Whether the whole table is compared after this operation. */
static void choose_depth(struct replay *r, struct table *t)
{
	t->judge->thorough = r->thorough_every && ++t->unchecked >= r->thorough_every;
	if (t->judge->thorough)
		t->unchecked = 0;
}

static void do_map(struct replay *r, struct table *t, unsigned domain)
{
	const struct trace_event *e = &r->event;
	struct pt_mapping m = { .iova = e->iova, .oa = e->oa, .len = e->len, .prot = r->o.prot };
	uint64_t mapped;
	int err = judge_map(t->judge, &m, &mapped);

	r->maps++;
	r->mapped += mapped;
	if (!err)
		return;
	note(&r->errors, e->line, "%s, mapped 0x%" PRIx64, strerrorname_np(-err), mapped);
	if (e->len)
		domains_unlike(&r->domains, domain, e->iova, e->iova + (e->len - 1));
}

/*
 * The recorder's leaves may be smaller than ours: true when the first or the last
 * byte that it removed cuts one of ours, which no unmap does. *first..*last are the
 * bytes of those leaves.
 */
static bool cuts_leaf(const struct judge *j, const struct trace_event *e, uint64_t *first,
		      uint64_t *last)
{
	const struct extent *head = flat_find(&j->flat, e->iova, first), *tail;
	uint64_t end = e->iova + (e->removed - 1);

	if (!e->removed || end < e->iova)
		return false;
	if (!head)
		*first = e->iova;
	tail = flat_find(&j->flat, end, last);
	*last = tail ? *last + ((UINT64_C(1) << tail->size_lg2) - 1) : end;
	return *first != e->iova || *last != end;
}

static void do_unmap(struct replay *r, struct table *t, const struct place *place)
{
	const struct trace_event *e = &r->event;
	uint64_t first, last, removed;
	bool cuts = cuts_leaf(t->judge, e, &first, &last);

	removed = judge_unmap(t->judge, e->iova, e->len);
	r->unmaps++;
	r->mapped -= removed;
	if (place->unlike) {
		r->uncompared++;
	} else if (removed == e->removed) {
		return;
	} else if (cuts) {
		r->larger_leaves++;
		domains_unlike(&r->domains, place->domain, first, last);
	} else {
		note(&r->mismatches, e->line, "removed 0x%" PRIx64 ", in the trace 0x%" PRIx64,
		     removed, e->removed);
	}
}

/* What the last operation left: peaks, and a sync when it is time. */
static void after_operation(struct replay *r, struct table *t, uint64_t tables_before)
{
	struct judge *j = t->judge;

	if (r->mapped > r->mapped_peak)
		r->mapped_peak = r->mapped;
	r->nr_tables += j->sim.memory->nr_live - tables_before;
	if (r->nr_tables > r->tables_peak)
		r->tables_peak = r->nr_tables;
	if (r->event.kind == TRACE_UNMAP)
		t->unsynced++;
	if (!r->o.sync_every || t->unsynced < r->o.sync_every)
		return;
	tables_before = j->sim.memory->nr_live;
	judge_sync(j);
	t->unsynced = 0;
	r->nr_tables -= tables_before - j->sim.memory->nr_live;
}

/* False when the replay cannot go on. */
static bool do_operation(struct replay *r, const struct place *place)
{
	struct table *t = table_of(r, place->domain);
	uint64_t tables_before;

	if (!t)
		return false;
	tables_before = t->judge->sim.memory->nr_live;
	r->failed = t->judge;
	choose_depth(r, t);
	if (r->event.kind == TRACE_MAP)
		do_map(r, t, place->domain);
	else
		do_unmap(r, t, place);
	after_operation(r, t, tables_before);
	return true;
}

/* False when the replay cannot go on. */
static bool do_event(struct replay *r)
{
	struct place place = domains_take(&r->domains, &r->event);

	if (place.domain != NO_DOMAIN)
		return do_operation(r, &place);
	if (r->event.kind == TRACE_MALFORMED) {
		clear_progress(r);
		report_malformed(r->o.path, &r->event, &r->malformed);
	}
	r->lost += r->event.kind == TRACE_LOST;
	return true;
}

/* Compare each table whole, note what is left in it, and take it down. */
static void finish(struct replay *r)
{
	for (unsigned i = 0; i < MAX_DOMAINS; i++) {
		struct judge *j = r->tables[i].judge;
		uint64_t bytes = j ? flat_bytes(&j->flat) : 0;

		r->left_bytes += bytes;
		r->left_domains += bytes > 0;
		r->failed = j;
		if (j && j->ready) {
			j->thorough = true;
			judge_deinit(j);
		}
	}
}

/* The whole trace; r->failed is the judge that said no, or null. */
static void run(struct replay *r)
{
	r->began = now_seconds();
	if (!setjmp(r->out)) {
		while (!r->unusable && trace_next(r->file, &r->event)) {
			r->unusable = !do_event(r);
			show_progress(r);
		}
		finish(r);
		r->failed = NULL;
	}
	r->seconds = now_seconds() - r->began;
	clear_progress(r);
}

/* ---- the command ---- */

enum { KEY_JSON = 256, KEY_THOROUGH, KEY_QUIET = 'q' };

static const struct argp_option options[] = {
	{ "thorough-every", KEY_THOROUGH, "N", 0,
	  "compare the whole table after every N-th operation of a domain (1024); 0: only at the "
	  "end",
	  0 },
	{ "json", KEY_JSON, NULL, 0, "print the summary as one JSON object", 0 },
	{ "quiet", KEY_QUIET, NULL, 0, "no progress bar", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct replay *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->o;
		return 0;
	case KEY_THOROUGH:
		r->thorough_every = parse_count(state, "thorough-every", arg, 0, UINT64_MAX);
		return 0;
	case KEY_JSON:
		r->json = true;
		return 0;
	case KEY_QUIET:
		r->quiet = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void complain_failure(const struct replay *r)
{
	static const char *const prot_names[] = PT_PROT_NAMES;
	const struct verdict *v = &r->failed->sim.verdict;
	unsigned domain = 0;

	while (r->tables[domain].judge != r->failed)
		domain++;
	complain("%s:%" PRIu64 ": domain %u, check %s: %s", r->o.path, r->event.line, domain + 1,
		 check_names[v->check], v->text);
	fprintf(stderr,
		"To have the operations so far as a program for walkdiff repro and min:\n"
		"  walkdiff import --format %s --variant %s --domain %u --until %" PRIu64
		" --sync-every %" PRIu64,
		r->o.format, r->o.variant, domain + 1, r->event.line, r->o.sync_every);
	if (r->o.sizes)
		fprintf(stderr, " --sizes 0x%" PRIx64, r->o.sizes);
	fputs(" --prot '", stderr);
	print_mask(r->o.prot, prot_names, sizeof(prot_names) / sizeof(prot_names[0]), stderr);
	fprintf(stderr, "' -o program.txt %s\n", r->o.path);
}

/* The exit code, after what has to be said on stderr. */
static int conclude(struct replay *r)
{
	bool whole = trace_close(r->file);

	if (r->failed) {
		complain_failure(r);
		return EXIT_JUDGED;
	}
	if (!whole || r->unusable || r->malformed)
		return EXIT_UNUSABLE;
	if (!r->maps && !r->unmaps) {
		complain("%s: no map and no unmap in it", r->o.path);
		return EXIT_UNUSABLE;
	}
	if (r->mismatches.count)
		return r->lost ? EXIT_INCONCLUSIVE : EXIT_JUDGED;
	return EXIT_AGREED;
}

int cmd_replay(int argc, char **argv)
{
	static const struct argp_child children[] = { { &trace_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE",
		.doc = "Run a recorded kernel trace (ftrace text of iommu:map and iommu:unmap, "
		       "plain or xz; '-' is standard input) through all judges.",
		.children = children,
	};
	struct replay *r = calloc(1, sizeof(*r));
	int code = EXIT_UNUSABLE;

	if (!r)
		abort();
	r->thorough_every = 1024;
	parse_options(&argp, argc, argv, r, NULL);
	r->quiet |= !isatty(STDERR_FILENO);
	r->file = trace_open(r->o.path);
	if (r->file) {
		run(r);
		if (r->maps || r->unmaps || r->malformed)
			replay_summarise(r);
		code = conclude(r);
	}
	for (unsigned i = 0; i < MAX_DOMAINS; i++)
		judge_destroy(r->tables[i].judge);
	domains_free(&r->domains);
	free(r);
	return code;
}
