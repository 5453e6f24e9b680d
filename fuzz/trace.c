/* The parser of trace lines: see trace.h. */
#include "fuzz/trace.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool __attribute__((format(printf, 2, 3)))
bad(struct trace_event *e, const char *format, ...)
{
	va_list args;

	e->kind = TRACE_MALFORMED;
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return false;
}

static const char *skip_blanks(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

static const char *skip_word(const char *at)
{
	while (*at && !isspace((unsigned char)*at))
		at++;
	return at;
}

static const char *skip_digits(const char *at)
{
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

/* ---- the columns before the event ---- */

/* "3.210802:", or "321:" of a clock that counts; what follows it, or null. */
static const char *skip_time(const char *at)
{
	const char *end = skip_digits(at);

	if (end == at)
		return NULL;
	if (*end == '.')
		end = skip_digits(end + 1);
	return end[0] == ':' && isspace((unsigned char)end[1]) ? skip_blanks(end + 1) : NULL;
}

/* "[001] d.h2. 3.210802: ", the flags may be missing; what follows it, or null. */
static const char *skip_cpu_and_time(const char *at)
{
	const char *end, *event;

	end = skip_digits(at + 1);
	if (end == at + 1 || end[0] != ']' || !isspace((unsigned char)end[1]))
		return NULL;
	at = skip_blanks(end + 1);
	event = skip_time(at);
	return event ? event : skip_time(skip_blanks(skip_word(at)));
}

/* The number that ends before `end`: "modprobe-172  " or "modprobe-172 (  172) ". */
static uint64_t task_before(const char *line, const char *end)
{
	const char *at = end;

	while (at > line && isspace((unsigned char)at[-1]))
		at--;
	if (at > line && at[-1] == ')') {
		while (at > line && *at != '(')
			at--;
		while (at > line && isspace((unsigned char)at[-1]))
			at--;
	}
	while (at > line && isdigit((unsigned char)at[-1]))
		at--;
	return strtoull(at, NULL, 10);
}

/* Where the event's name begins, or null. A process may be called anything, "[0] x" too. */
static const char *find_event(const char *line, uint64_t *task)
{
	for (const char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
		const char *event = skip_cpu_and_time(at);

		if (event) {
			*task = task_before(line, at);
			return event;
		}
	}
	return NULL;
}

/* ---- the event ---- */

/* Take `key` and a number in front of *at; false when something else is there. */
static bool take(const char **at, const char *key, int base, uint64_t *out)
{
	const char *number = skip_blanks(*at);
	size_t len = strlen(key);
	char *end;

	if (strncmp(number, key, len))
		return false;
	number += len;
	if (base == 16) {
		if (strncmp(number, "0x", 2))
			return false;
		number += 2;
	}
	errno = 0;
	*out = strtoull(number, &end, base);
	if (!isxdigit((unsigned char)*number) || errno || (*end && !isspace((unsigned char)*end)))
		return false;
	*at = end;
	return true;
}

static bool take_field(struct trace_event *e, const char **at, const char *key, int base,
		       uint64_t *out)
{
	if (take(at, key, base, out))
		return true;
	return bad(e, "%s%s is missing or no number that fits 64 bits", key,
		   base == 16 ? "0x..." : "...");
}

/* "IOMMU: iova=0xA - 0xB"; older kernels print no end, then *has_last is false. */
static bool take_range(struct trace_event *e, const char **at, uint64_t *end, bool *has_end)
{
	const char *after;

	*at = skip_blanks(*at);
	if (strncmp(*at, "IOMMU:", 6))
		return bad(e, "the event does not begin with 'IOMMU:'");
	*at += 6;
	if (!take_field(e, at, "iova=", 16, &e->iova))
		return false;
	after = skip_blanks(*at);
	*has_end = *after == '-';
	if (!*has_end)
		return true;
	*at = after + 1;
	return take_field(e, at, "", 16, end);
}

static bool check_range(struct trace_event *e, uint64_t end, bool has_end)
{
	if (has_end && end - e->iova != e->len)
		return bad(e, "size=%" PRIu64 " is not the length of 0x%" PRIx64 " - 0x%" PRIx64,
			   e->len, e->iova, end);
	if (e->len && e->len - 1 > UINT64_MAX - e->iova)
		return bad(e, "0x%" PRIx64 " and %" PRIu64 " bytes leave the 64-bit addresses",
			   e->iova, e->len);
	return true;
}

static void parse_operation(struct trace_event *e, const char *at)
{
	uint64_t end = 0;
	bool has_end = false;
	bool good = take_range(e, &at, &end, &has_end);

	if (e->kind == TRACE_MAP)
		good = good && take_field(e, &at, "paddr=", 16, &e->oa);
	good = good && take_field(e, &at, "size=", 10, &e->len);
	if (e->kind == TRACE_UNMAP)
		good = good && take_field(e, &at, "unmapped_size=", 10, &e->removed);
	if (good && *skip_blanks(at))
		good = bad(e, "'%.40s' follows the last number", skip_blanks(at));
	if (good)
		check_range(e, end, has_end);
}

/* "(__iommu_map+0x0/0x280) domain=0x... iova=0x... paddr=0x... size=0x...", any order. */
static void parse_probe(struct trace_event *e, const char *at)
{
	const struct {
		const char *key;
		uint64_t *to;
	} fields[] = {
		{ " domain=", &e->domain },
		{ " iova=", &e->iova },
		{ " size=", &e->len },
		{ " paddr=", &e->oa },
	};
	unsigned nr = e->kind == TRACE_DOM_MAP ? 4 : 3;

	for (unsigned i = 0; i < nr; i++) {
		const char *field = strstr(at, fields[i].key);

		field = field ? field : "";
		if (!take_field(e, &field, fields[i].key + 1, 16, fields[i].to))
			return;
	}
	if (!e->domain)
		bad(e, "domain=0x0 names no domain");
}

static const struct {
	const char *name;
	enum trace_kind kind;
} events[] = {
	{ "map:", TRACE_MAP },
	{ "unmap:", TRACE_UNMAP },
	{ "dom_map:", TRACE_DOM_MAP },
	{ "dom_unmap:", TRACE_DOM_UNMAP },
	{ "tracing_mark_write:", TRACE_MARK },
};

static enum trace_kind kind_of(const char *name, size_t len)
{
	if (len > 6 && !strncmp(name, "iommu:", 6)) { /* some tools print the system, too */
		name += 6;
		len -= 6;
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (len == strlen(events[i].name) && !strncmp(name, events[i].name, len))
			return events[i].kind;
	return TRACE_OTHER;
}

/* A line without the usual columns. */
static void parse_odd(struct trace_event *e, const char *text)
{
	if (!strncmp(text, "CPU:", 4) && strstr(text, "[LOST "))
		e->kind = TRACE_LOST;
	else if (*text != '#' && strstr(text, "map: IOMMU:"))
		bad(e, "no task, CPU and time before the event");
}

void trace_parse(const char *text, uint64_t line, struct trace_event *e)
{
	const char *name, *rest;

	*e = (struct trace_event){ .kind = TRACE_OTHER, .line = line };
	name = *text == '#' ? NULL : find_event(text, &e->task);
	if (!name) {
		parse_odd(e, text);
		return;
	}
	rest = skip_word(name);
	e->kind = kind_of(name, (size_t)(rest - name));
	switch (e->kind) {
	case TRACE_MAP:
	case TRACE_UNMAP:
		parse_operation(e, rest);
		break;
	case TRACE_DOM_MAP:
	case TRACE_DOM_UNMAP:
		parse_probe(e, rest);
		break;
	case TRACE_MARK:
		snprintf(e->text, sizeof(e->text), "%s", skip_blanks(rest));
		break;
	default:
		break;
	}
}
