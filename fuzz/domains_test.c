/*
 * Which domain an operation belongs to. Goal: the shapes of real recordings (a
 * fixed map in a domain of its own, the same page in many domains, scatter lists,
 * probes that name domains) come out as they were. Method: short traces, the domain
 * expected of each operation, counted from 0, and what is live at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/domains.h"

/* One operation of a process. */
static struct place map(struct domains *d, unsigned task, uint64_t iova, uint64_t len)
{
	struct trace_event e = {
		.kind = TRACE_MAP, .task = task, .iova = iova, .oa = iova + (1 << 30), .len = len
	};

	return domains_take(d, &e);
}

static struct place unmap(struct domains *d, unsigned task, uint64_t iova, uint64_t len)
{
	struct trace_event e = {
		.kind = TRACE_UNMAP, .task = task, .iova = iova, .len = len, .removed = len
	};

	return domains_take(d, &e);
}

static void probe(struct domains *d, enum trace_kind kind, unsigned task, uint64_t domain,
		  uint64_t iova, uint64_t len)
{
	struct trace_event e = {
		.kind = kind, .task = task, .domain = domain, .iova = iova, .len = len
	};

	if (kind == TRACE_DOM_MAP)
		e.oa = iova + (1 << 30);
	assert_int_equal(domains_take(d, &e).domain, NO_DOMAIN);
}

#define assert_domain(place, want) assert_int_equal((place).domain, want)
#define assert_live(d, i, want) assert_int_equal((d).domain[i].nr, want)

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct domains));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	domains_free(*state);
	free(*state);
	return 0;
}

/* A scatter list: several maps, one unmap over all of them. */
static void good_one_domain(void **state)
{
	struct domains *d = *state;

	assert_domain(map(d, 1, 0x10000, 0x3000), 0);
	assert_domain(map(d, 1, 0x13000, 0x1000), 0);
	assert_domain(map(d, 1, 0x14000, 0x2000), 0);
	assert_live(*d, 0, 3);
	assert_domain(unmap(d, 2, 0x10000, 0x6000), 0);
	assert_live(*d, 0, 0);
	assert_int_equal(d->nr, 1);
}

/* The doorbell page of three devices: what follows belongs to the last of them. */
static void good_same_page_thrice(void **state)
{
	struct domains *d = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_domain(map(d, i, 0xfffff000, 0x1000), i);
	assert_domain(map(d, 2, 0xffffe000, 0x1000), 2);
	assert_domain(map(d, 9, 0xffffd000, 0x1000), 2);
	assert_domain(unmap(d, 9, 0xffffd000, 0x2000), 2);
	assert_domain(unmap(d, 9, 0xfffff000, 0x1000), 2);
	assert_live(*d, 0, 1);
	assert_live(*d, 2, 0);
}

/* Two devices whose maps come at the same time, each from its own process. */
static void good_interleaved_tasks(void **state)
{
	struct domains *d = *state;

	assert_domain(map(d, 1, 0x10000, 0x1000), 0);
	assert_domain(map(d, 2, 0x10000, 0x1000), 1);
	assert_domain(map(d, 1, 0x11000, 0x1000), 0);
	assert_domain(map(d, 2, 0x11000, 0x1000), 1);
	assert_domain(unmap(d, 1, 0x10000, 0x2000), 0);
	assert_domain(unmap(d, 2, 0x10000, 0x2000), 1);
}

/* The domain that holds all of what was removed goes before one that holds a part. */
static void good_unmap_fits_best(void **state)
{
	struct domains *d = *state;

	map(d, 1, 0x10000, 0x1000);
	map(d, 1, 0x10000, 0x1000);
	map(d, 2, 0x11000, 0x1000); /* in 1, the domain of the last map */
	assert_domain(unmap(d, 1, 0x10000, 0x2000), 1);
	assert_live(*d, 0, 1);
	assert_live(*d, 1, 0);
}

/* Part of a map: what stays keeps its OA. */
static void good_parts(void **state)
{
	struct domains *d = *state;

	map(d, 1, 0x10000, 0x6000);
	unmap(d, 1, 0x12000, 0x1000);
	assert_live(*d, 0, 2);
	assert_int_equal(d->domain[0].live[0].len, 0x2000);
	assert_int_equal(d->domain[0].live[1].iova, 0x13000);
	assert_int_equal(d->domain[0].live[1].oa, 0x13000 + (1 << 30));
	assert_int_equal(d->domain[0].live[1].len, 0x3000);
	assert_domain(map(d, 1, 0x12000, 0x1000), 0);
	assert_live(*d, 0, 3);
}

static void good_names(void **state)
{
	struct domains *d = *state;

	probe(d, TRACE_DOM_MAP, 1, 0xa, 0, 0x1000);
	assert_domain(map(d, 1, 0, 0x1000), 0);
	probe(d, TRACE_DOM_MAP, 1, 0xb, 0x1000, 0x1000);
	assert_domain(map(d, 1, 0x1000, 0x1000), 1);
	/* Two calls under way at once: the lines are told apart by process and range. */
	probe(d, TRACE_DOM_UNMAP, 1, 0xb, 0x1000, 0x1000);
	probe(d, TRACE_DOM_MAP, 2, 0xa, 0x1000, 0x1000);
	assert_domain(map(d, 2, 0x1000, 0x1000), 0);
	assert_domain(unmap(d, 1, 0x1000, 0x1000), 1);
	assert_int_equal(d->nr_expected, 0);
}

/* A name that maps over what is live is new memory under an old address. */
static void good_name_reused(void **state)
{
	struct domains *d = *state;

	for (unsigned i = 0; i < 2; i++) {
		probe(d, TRACE_DOM_MAP, 1, 0xa, 0, 0x1000);
		assert_domain(map(d, 1, 0, 0x1000), i);
	}
	probe(d, TRACE_DOM_UNMAP, 1, 0xa, 0, 0x1000);
	assert_domain(unmap(d, 1, 0, 0x1000), 1);
	assert_live(*d, 0, 1);
}

/* Calls that failed wrote no second line; their names are given up at last. */
static void good_names_given_up(void **state)
{
	struct domains *d = *state;

	probe(d, TRACE_DOM_MAP, 1, 0xa, 0, 0x1000);
	for (unsigned i = 0; i < MAX_EXPECTED; i++)
		probe(d, TRACE_DOM_MAP, 1, 0xb, 0x10000 + 0x1000 * i, 0x1000);
	assert_int_equal(d->nr_expected, MAX_EXPECTED);
	map(d, 1, 0, 0x1000);
	assert_int_equal(d->domain[0].name, 0);
}

static void good_unlike(void **state)
{
	struct domains *d = *state;

	map(d, 1, 0x10000, 0x1000);
	map(d, 1, 0x11000, 0x1000);
	domains_unlike(d, 0, 0x11000, 0x11fff);
	assert_false(unmap(d, 1, 0x10000, 0x1000).unlike);
	assert_true(unmap(d, 1, 0x11000, 0x1000).unlike);
	map(d, 1, 0x11000, 0x1000);
	assert_false(unmap(d, 1, 0x11000, 0x1000).unlike);
}

static void good_ends_of_addresses(void **state)
{
	struct domains *d = *state;
	struct trace_event e = { .kind = TRACE_UNMAP,
				 .iova = UINT64_MAX - 0xfff,
				 .len = 0x1000,
				 .removed = UINT64_MAX };

	assert_domain(map(d, 1, UINT64_MAX - 0xfff, 0x1000), 0);
	assert_domain(map(d, 1, 0, 0x1000), 0);
	assert_domain(domains_take(d, &e), 0);
	assert_live(*d, 0, 1);
}

/* An unmap of what no line has mapped, or of nothing: no new domain when there is one. */
static void bad_unmap_of_nothing(void **state)
{
	struct domains *d = *state;

	assert_domain(unmap(d, 1, 0x10000, 0x1000), 0);
	assert_domain(unmap(d, 1, 0x10000, 0), 0);
	assert_domain(map(d, 1, 0x10000, 0), 0);
	assert_live(*d, 0, 0);
}

static void bad_too_many_domains(void **state)
{
	struct domains *d = *state;
	struct trace_event e = { .kind = TRACE_MAP, .iova = 0, .len = 0x1000 };

	for (unsigned i = 0; i < MAX_DOMAINS; i++)
		assert_domain(map(d, 1, 0, 0x1000), i);
	assert_domain(domains_take(d, &e), NO_DOMAIN);
	assert_int_equal(e.kind, TRACE_MALFORMED);
	assert_domain(unmap(d, 1, 0, 0x1000), MAX_DOMAINS - 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(good_one_domain),
		CASE(good_same_page_thrice),
		CASE(good_interleaved_tasks),
		CASE(good_unmap_fits_best),
		CASE(good_parts),
		CASE(good_names),
		CASE(good_name_reused),
		CASE(good_names_given_up),
		CASE(good_unlike),
		CASE(good_ends_of_addresses),
		CASE(bad_unmap_of_nothing),
		CASE(bad_too_many_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
