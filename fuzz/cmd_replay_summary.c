/* The summary of a replay, for people and for scripts: see cmd_replay.h. */
#include "fuzz/cmd_replay.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

uint64_t replay_operations(const struct replay *r)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < MAX_DOMAINS; i++)
		if (r->tables[i].judge)
			sum += r->tables[i].judge->operations;
	return sum;
}

/* "4K", "16M": the exponent of a size. */
static const char *size_name(unsigned lg2, char buf[16])
{
	snprintf(buf, 16, "%u%c", 1u << lg2 % 10, "BKMGTPE"[lg2 / 10]);
	return buf;
}

static const char *bytes_name(uint64_t bytes, char buf[32])
{
	double n = (double)bytes;
	unsigned unit = 0;

	for (; n >= 1024 && unit < 6; unit++)
		n /= 1024;
	snprintf(buf, 32, unit ? "%.1f %ciB" : "%.0f bytes", n, "BKMGTPE"[unit]);
	return buf;
}

static void sum_leaves(const struct replay *r, uint64_t leaves[64])
{
	memset(leaves, 0, 64 * sizeof(leaves[0]));
	for (unsigned i = 0; i < MAX_DOMAINS; i++)
		for (unsigned lg2 = 0; r->tables[i].judge && lg2 < 64; lg2++)
			leaves[lg2] += r->tables[i].judge->leaves[lg2];
}

static uint64_t tables_bytes(const struct replay *r)
{
	return r->tables_peak * sizeof(uint64_t) << r->o.subject.hw->index_lg2;
}

static double speed(const struct replay *r)
{
	return r->seconds > 0 ? (double)replay_operations(r) / r->seconds : 0;
}

static void print_noted(const struct noted *n, const char *what)
{
	for (unsigned i = 0; i < n->count && i < MAX_NOTED; i++)
		printf("             %s, line %" PRIu64 ": %s\n", what, n->first[i].line,
		       n->first[i].text);
	if (n->count > MAX_NOTED)
		printf("             and %" PRIu64 " more\n", n->count - MAX_NOTED);
}

static void print_leaves(const struct replay *r)
{
	uint64_t leaves[64];
	char buf[16];

	sum_leaves(r, leaves);
	printf("leaves      ");
	for (unsigned lg2 = 0; lg2 < 64; lg2++)
		if (leaves[lg2])
			printf(" %s:%" PRIu64, size_name(lg2, buf), leaves[lg2]);
	putchar('\n');
}

static const char *verdict_name(const struct replay *r)
{
	if (r->failed)
		return "a judge says no";
	if (r->unusable)
		return "not run";
	if (r->malformed) /* what they said is missing: no mismatch proves anything */
		return "all judges agree, but lines were malformed";
	if (r->mismatches.count)
		return r->lost ? "inconclusive: the trace lost events"
			       : "unmap removes other bytes than in the trace";
	return "all judges agree";
}

static void print_table(const struct replay *r)
{
	char buf[32];

	printf("trace        %s on %s, variant %s\n", r->o.path, r->o.format, r->o.variant);
	printf("lines        %" PRIu64 ", %" PRIu64 " malformed", r->event.line, r->malformed);
	if (r->lost)
		printf(", events lost at %" PRIu64, r->lost);
	printf("\nmaps         %" PRIu64 ", %" PRIu64 " returned an error\n", r->maps,
	       r->errors.count);
	print_noted(&r->errors, "map");
	printf("unmaps       %" PRIu64 ", %" PRIu64 " removed other bytes than in the trace\n",
	       r->unmaps, r->mismatches.count);
	print_noted(&r->mismatches, "unmap");
	if (r->larger_leaves)
		printf("             %" PRIu64 " met a leaf larger than the recorder had\n",
		       r->larger_leaves);
	if (r->uncompared)
		printf("             %" PRIu64
		       " not compared: their maps were not as in the trace\n",
		       r->uncompared);
	printf("domains      %u\n", r->domains.nr);
	printf("mapped peak  %s\n", bytes_name(r->mapped_peak, buf));
	printf("tables peak  %" PRIu64 " (%" PRIu64 " KiB)\n", r->tables_peak,
	       tables_bytes(r) / 1024);
	print_leaves(r);
	printf("left mapped  %s, in %u domains\n", bytes_name(r->left_bytes, buf), r->left_domains);
	printf("operations   %" PRIu64 " judged in %.2f s, %.0f/s\n", replay_operations(r),
	       r->seconds, speed(r));
	printf("verdict      %s\n", verdict_name(r));
}

static json_t *noted_json(const struct noted *n)
{
	json_t *first = json_array();

	for (unsigned i = 0; i < n->count && i < MAX_NOTED; i++)
		json_array_append_new(first,
				      json_pack("{s:I, s:s}", "line", (json_int_t)n->first[i].line,
						"text", n->first[i].text));
	return json_pack("{s:I, s:o}", "count", (json_int_t)n->count, "first", first);
}

static json_t *failure_json(const struct replay *r)
{
	const struct verdict *v = r->failed ? &r->failed->sim.verdict : NULL;

	if (!v)
		return json_null();
	return json_pack("{s:I, s:s, s:s, s:o}", "line", (json_int_t)r->event.line, "check",
			 check_names[v->check], "text", v->text, "iova",
			 v->has_iova ? json_sprintf("0x%" PRIx64, v->iova) : json_null());
}

static json_t *leaves_json(const struct replay *r)
{
	json_t *leaves = json_object();
	uint64_t count[64];
	char buf[16];

	sum_leaves(r, count);
	for (unsigned lg2 = 0; lg2 < 64; lg2++)
		if (count[lg2])
			json_object_set_new(leaves, size_name(lg2, buf),
					    json_integer((json_int_t)count[lg2]));
	return leaves;
}

static void print_json(const struct replay *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{ "lines", r->event.line },
		{ "malformed", r->malformed },
		{ "lost", r->lost },
		{ "maps", r->maps },
		{ "unmaps", r->unmaps },
		{ "larger_leaves", r->larger_leaves },
		{ "uncompared", r->uncompared },
		{ "domains", r->domains.nr },
		{ "mapped_peak_bytes", r->mapped_peak },
		{ "tables_peak", r->tables_peak },
		{ "tables_peak_bytes", tables_bytes(r) },
		{ "left_bytes", r->left_bytes },
		{ "left_domains", r->left_domains },
		{ "operations", replay_operations(r) },
	};
	json_t *all = json_object();

	json_object_set_new(all, "trace", json_string(r->o.path));
	json_object_set_new(all, "format", json_string(r->o.format));
	json_object_set_new(all, "variant", json_string(r->o.variant));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_object_set_new(all, numbers[i].name,
				    json_integer((json_int_t)numbers[i].value));
	json_object_set_new(all, "errors", noted_json(&r->errors));
	json_object_set_new(all, "mismatches", noted_json(&r->mismatches));
	json_object_set_new(all, "leaves", leaves_json(r));
	json_object_set_new(all, "seconds", json_real(r->seconds));
	json_object_set_new(all, "operations_per_second", json_real(speed(r)));
	json_object_set_new(all, "verdict", json_string(verdict_name(r)));
	json_object_set_new(all, "failure", failure_json(r));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

void replay_summarise(const struct replay *r)
{
	if (r->json)
		print_json(r);
	else
		print_table(r);
}
