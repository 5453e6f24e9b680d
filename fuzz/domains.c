/* Finding the domain of an operation: see domains.h. */
#include "fuzz/domains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is live in one domain ---- */

static uint64_t last_of(const struct live *l)
{
	return l->iova + (l->len - 1);
}

/* The first that ends at or after iova; nr when there is none. */
static size_t find_live(const struct domain *m, uint64_t iova)
{
	size_t low = 0, high = m->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (last_of(&m->live[middle]) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool overlaps(const struct domain *m, uint64_t iova, uint64_t len)
{
	size_t at = find_live(m, iova);

	return len && at < m->nr && m->live[at].iova <= iova + (len - 1);
}

/* Bytes live from iova on without a hole, up to len. */
static uint64_t run_of(const struct domain *m, uint64_t iova, uint64_t len)
{
	uint64_t done = 0;

	for (size_t at = find_live(m, iova); at < m->nr && done < len; at++) {
		const struct live *l = &m->live[at];

		if (l->iova > iova + done)
			break;
		done = last_of(l) - iova + 1;
	}
	return done < len ? done : len;
}

static void insert(struct domain *m, size_t at, struct live l)
{
	if (m->nr == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 64;
		struct live *grown = realloc(m->live, cap * sizeof(*grown));

		if (!grown) {
			fputs("walkdiff: out of memory for a trace's live mappings\n", stderr);
			abort();
		}
		m->live = grown;
		m->cap = cap;
	}
	memmove(&m->live[at + 1], &m->live[at], (m->nr - at) * sizeof(l));
	m->live[at] = l;
	m->nr++;
}

/* Drop the first `bytes` of one: they are before what stays. */
static struct live behind(struct live l, uint64_t bytes)
{
	l.iova += bytes;
	l.oa += bytes;
	l.len -= bytes;
	return l;
}

/* Nothing in first..last stays live. True when some of it was unlike. */
static bool remove_range(struct domain *m, uint64_t first, uint64_t last)
{
	size_t at = find_live(m, first), end = at;
	struct live before = { 0 }, after = { 0 };
	bool unlike = false;

	for (; end < m->nr && m->live[end].iova <= last; end++) {
		struct live l = m->live[end];

		unlike |= l.unlike;
		if (l.iova < first) {
			before = l;
			before.len = first - l.iova;
		}
		if (last_of(&l) > last)
			after = behind(l, last - l.iova + 1);
	}
	if (end > at)
		memmove(&m->live[at], &m->live[end], (m->nr - end) * sizeof(before));
	m->nr -= end - at;
	if (before.len)
		insert(m, at++, before);
	if (after.len)
		insert(m, at, after);
	return unlike;
}

/* ---- names ---- */

static void expect(struct domains *d, const struct trace_event *e)
{
	struct expected x = {
		.kind = e->kind == TRACE_DOM_MAP ? TRACE_MAP : TRACE_UNMAP,
		.task = e->task,
		.iova = e->iova,
		.oa = e->oa,
		.len = e->len,
		.name = e->domain,
	};

	/* A call that fails writes no second line: those that wait longest are given up. */
	if (d->nr_expected == MAX_EXPECTED) {
		memmove(d->expected, d->expected + 1, (MAX_EXPECTED - 1) * sizeof(x));
		d->nr_expected--;
	}
	d->expected[d->nr_expected++] = x;
}

/* The name that the task's last probe of this very operation gave, or 0. */
static uint64_t take_name(struct domains *d, const struct trace_event *e)
{
	for (unsigned i = d->nr_expected; i--;) {
		const struct expected x = d->expected[i];

		if (x.kind != e->kind || x.task != e->task || x.iova != e->iova ||
		    x.len != e->len || (x.kind == TRACE_MAP && x.oa != e->oa))
			continue;
		memmove(&d->expected[i], &d->expected[i + 1], (d->nr_expected - i - 1) * sizeof(x));
		d->nr_expected--;
		return x.name;
	}
	return 0;
}

/* ---- the choice ---- */

static unsigned new_domain(struct domains *d, uint64_t name)
{
	if (d->nr == MAX_DOMAINS)
		return NO_DOMAIN;
	d->domain[d->nr].name = name;
	return d->nr++;
}

static unsigned named_domain(struct domains *d, const struct trace_event *e, uint64_t name)
{
	for (unsigned i = 0; i < d->nr; i++) {
		struct domain *m = &d->domain[i];

		if (m->name != name)
			continue;
		if (e->kind != TRACE_MAP || !overlaps(m, e->iova, e->len))
			return i;
		/* Only a map that succeeded is written: the kernel has reused the memory. */
		m->name = 0;
	}
	return new_domain(d, name);
}

/* How well a domain fits an operation that nothing names: 0 not, 2 best. */
static unsigned fit(const struct domain *m, const struct trace_event *e)
{
	uint64_t run;

	if (e->kind == TRACE_MAP)
		return overlaps(m, e->iova, e->len) ? 0 : 2;
	if (!e->removed)
		return run_of(m, e->iova, 1) ? 0 : 2;
	run = run_of(m, e->iova, e->removed);
	return run == e->removed ? 2 : run > 0;
}

/* The best fit; of equals the domain of the task's last map, then of the last, then the first. */
static unsigned unnamed_domain(struct domains *d, const struct trace_event *e)
{
	unsigned place = e->task % TASK_PLACES, best = NO_DOMAIN, best_fit = 0;
	bool known = d->by_task[place].mapped && d->by_task[place].task == e->task;
	unsigned own = known ? d->by_task[place].domain : d->recent;

	for (unsigned i = 0; i < d->nr + 2; i++) {
		unsigned candidate = i == 0 ? own : i == 1 ? d->recent : i - 2;
		unsigned f = candidate < d->nr ? fit(&d->domain[candidate], e) : 0;

		if (f > best_fit) {
			best_fit = f;
			best = candidate;
		}
	}
	if (best != NO_DOMAIN)
		return best;
	/* An unmap of what no line has mapped: anywhere. */
	return e->kind == TRACE_UNMAP && d->nr ? own : new_domain(d, 0);
}

/* A map: live from now on, and where its task is at work. */
static void place_map(struct domains *d, const struct trace_event *e, unsigned domain)
{
	struct domain *m = &d->domain[domain];
	struct task_domain *by_task = &d->by_task[e->task % TASK_PLACES];

	d->recent = domain;
	*by_task = (struct task_domain){ .task = e->task, .domain = domain, .mapped = true };
	if (e->len)
		insert(m, find_live(m, e->iova),
		       (struct live){ .iova = e->iova, .oa = e->oa, .len = e->len });
}

/* An unmap: what the line says was removed is no longer live. True when some was unlike. */
static bool place_unmap(struct domain *m, const struct trace_event *e)
{
	uint64_t room = UINT64_MAX - e->iova;

	if (!e->removed)
		return false;
	return remove_range(m, e->iova, e->iova + (e->removed - 1 < room ? e->removed - 1 : room));
}

static struct place place_operation(struct domains *d, struct trace_event *e)
{
	uint64_t name = take_name(d, e);
	struct place place = {
		.domain = name ? named_domain(d, e, name) : unnamed_domain(d, e),
	};

	if (place.domain == NO_DOMAIN) {
		e->kind = TRACE_MALFORMED;
		snprintf(e->text, sizeof(e->text), "there are more than %u domains", MAX_DOMAINS);
		return place;
	}
	if (e->kind == TRACE_MAP)
		place_map(d, e, place.domain);
	else
		place.unlike = place_unmap(&d->domain[place.domain], e);
	return place;
}

struct place domains_take(struct domains *d, struct trace_event *e)
{
	if (e->kind == TRACE_MAP || e->kind == TRACE_UNMAP)
		return place_operation(d, e);
	if (e->kind == TRACE_DOM_MAP || e->kind == TRACE_DOM_UNMAP)
		expect(d, e);
	return (struct place){ .domain = NO_DOMAIN };
}

void domains_unlike(struct domains *d, unsigned domain, uint64_t first, uint64_t last)
{
	struct domain *m = &d->domain[domain];

	for (size_t at = find_live(m, first); at < m->nr && m->live[at].iova <= last; at++)
		m->live[at].unlike = true;
}

void domains_free(struct domains *d)
{
	for (unsigned i = 0; i < d->nr; i++)
		free(d->domain[i].live);
	*d = (struct domains){ 0 };
}
