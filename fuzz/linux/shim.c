/*
 * The machine under kernel code: tables and their pages, addresses, accesses through the
 * host. See shim.h.
 *
 * A page is found by the place it is at and by its PA, in two tables of chains; pages of
 * tables that are gone stay findable by place, so that an access to one is told to the host,
 * which fails it.
 */
#include "fuzz/linux/shim.h"

#include <stdlib.h>

#include "fuzz/linux/page.h"

#define PAGE_LG2 12
#define CHAINS_LG2 12
#define CHAINS (1u << CHAINS_LG2)
#define MAX_SHARED 4
#define POOL 4096 /* pages that are asked of malloc at once */

struct pool {
	struct pool *next;
	struct page pages[POOL];
};

static struct {
	const struct pt_host *host;
	char *heap;
	size_t heap_left, least_table;
	struct {
		uintptr_t first, bytes;
	} shared[MAX_SHARED];
	unsigned nr_shared;
	uintptr_t first_table, tables_bytes; /* all that there were lie in there */
	bool refused;
	void (*before_free)(void *arg);
	void *before_free_arg;

	struct pool *pools, *pool; /* all, and the one in use */
	size_t used;
	struct page *free;
	struct page *at[CHAINS], *pa[CHAINS];
	struct pt_host_lock guard;
} shim;

/* ---- the life of one page table ---- */

void shim_begin(const struct pt_host *host, void *heap, size_t heap_bytes)
{
	shim_forget();
	for (unsigned i = 0; i < CHAINS; i++)
		shim.at[i] = shim.pa[i] = NULL;
	shim.pool = shim.pools;
	shim.used = 0;
	shim.free = NULL;
	shim.host = host;
	shim.heap = heap;
	shim.heap_left = heap_bytes;
	shim.nr_shared = 0;
	shim.tables_bytes = 0;
	shim.least_table = 0;
	shim.refused = false;
	shim.before_free = NULL;
#ifdef WALKDIFF_FAST
	shim_pa_offset = host->pa_offset;
#endif
}

void shim_share(void *first, size_t bytes)
{
	if (shim.nr_shared == MAX_SHARED)
		shim_fail("more shared words than MAX_SHARED");
	shim.shared[shim.nr_shared].first = (uintptr_t)first;
	shim.shared[shim.nr_shared++].bytes = bytes;
}

void shim_least_table(size_t bytes)
{
	shim.least_table = bytes;
}

bool shim_was_refused(void)
{
	return shim.refused;
}

const struct pt_host *shim_host(void)
{
	shim_settle();
	return shim.host;
}

void *shim_heap_alloc(size_t bytes)
{
	void *p = shim.heap;

	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > shim.heap_left)
		return NULL;
	shim.heap += bytes;
	shim.heap_left -= bytes;
	return p;
}

void shim_fail(const char *what)
{
	const struct pt_host *host = shim_host();

	host->fail(host->ctx, what);
	abort();
}

/* ---- pages ---- */

static void guard(void)
{
	while (__atomic_test_and_set(&shim.guard.held, __ATOMIC_ACQUIRE))
		;
}

static void unguard(void)
{
	__atomic_clear(&shim.guard.held, __ATOMIC_RELEASE);
}

static unsigned chain(uint64_t address)
{
	return (unsigned)((address >> PAGE_LG2) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CHAINS_LG2));
}

static struct page *page_at(const void *place)
{
	uintptr_t first = (uintptr_t)place & ~(((uintptr_t)1 << PAGE_LG2) - 1);
	struct page *page = shim.at[chain(first)];

	while (page && (uintptr_t)page->address != first)
		page = page->next_at;
	return page;
}

static struct page *page_of_pa(uint64_t pa)
{
	struct page *page;

	pa &= ~((UINT64_C(1) << PAGE_LG2) - 1);
	page = shim.pa[chain(pa)];
	while (page && page->pa != pa)
		page = page->next_pa;
	return page;
}

/* Never moves, never goes: a fuzzer's process keeps what the largest page table needed. */
static struct page *new_page(void)
{
	if (!shim.pool || shim.used == POOL) {
		struct pool *next = shim.pool ? shim.pool->next : shim.pools;

		if (!next) {
			next = malloc(sizeof(*next));
			if (!next)
				abort();
			next->next = NULL;
			if (shim.pool)
				shim.pool->next = next;
			else
				shim.pools = next;
		}
		shim.pool = next;
		shim.used = 0;
	}
	return &shim.pool->pages[shim.used++];
}

static void note_place(uintptr_t at)
{
	uintptr_t end = shim.first_table + shim.tables_bytes;

	if (!shim.tables_bytes || at < shim.first_table)
		shim.first_table = at;
	if (!shim.tables_bytes || at >= end)
		end = at + ((uintptr_t)1 << PAGE_LG2);
	shim.tables_bytes = end - shim.first_table;
}

/* The page for this place: the host may use one again that was another table's. */
static struct page *take_page(char *address, uint64_t pa)
{
	struct page *page = page_at(address), **first;

	if (!page) {
		page = new_page();
		first = &shim.at[chain((uintptr_t)address)];
		*page = (struct page){ .address = address, .next_at = *first };
		*first = page;
	}
	page->pa = pa;
	page->live = true;
	note_place((uintptr_t)address);
	first = &shim.pa[chain(pa)];
	page->next_pa = *first;
	*first = page;
	return page;
}

static void leave_pa(struct page *page)
{
	struct page **p = &shim.pa[chain(page->pa)];

	while (*p != page)
		p = &(*p)->next_pa;
	*p = page->next_pa;
	page->live = false;
}

struct page *shim_pages_alloc(unsigned order)
{
	const struct pt_host *host = shim_host();
	size_t size;
	uint64_t pa;
	char *table;
	struct page *head = NULL;

	while (((size_t)1 << (order + PAGE_LG2)) < shim.least_table)
		order++;
	size = (size_t)1 << (order + PAGE_LG2);
	table = host->table_alloc(host->ctx, size, &pa);
	if (!table) {
		shim.refused = true;
		return NULL;
	}
	guard();
	for (size_t at = 0; at < size; at += (size_t)1 << PAGE_LG2) {
		struct page *page = take_page(table + at, pa + at);

		head = head ? head : page;
		page->head = head;
	}
	head->order = order;
	unguard();
	return head;
}

void shim_before_free(void (*hook)(void *arg), void *arg)
{
	shim.before_free = hook;
	shim.before_free_arg = arg;
}

void shim_pages_free(struct page *page)
{
	const struct pt_host *host = shim_host();
	char *table = page->address;
	size_t size = (size_t)1 << (page->order + PAGE_LG2);
	uint64_t pa = page->pa;

	if (shim.before_free)
		shim.before_free(shim.before_free_arg);
	guard();
	for (size_t at = 0; at < size; at += (size_t)1 << PAGE_LG2)
		leave_pa(page_at(table + at));
	unguard();
	host->table_free(host->ctx, pa, size);
}

struct page *shim_page_of(const void *place)
{
	struct page *page;

	guard();
	page = page_at(place);
	unguard();
	if (!page || !page->live)
		shim_fail("virt_to_page of what is no table");
	return page->head;
}

void *shim_page_address(const struct page *page)
{
	return page->address;
}

/* ---- addresses ---- */

#ifdef WALKDIFF_FAST
uint64_t shim_pa_offset;
#else
uint64_t shim_pa(const void *place)
{
	const struct pt_host *host = shim_host();

	return host->pa(host->ctx, place);
}

void *shim_pointer(uint64_t pa)
{
	const struct pt_host *host = shim_host();
	const struct page *page = page_of_pa(pa);
	uint64_t head_pa = page ? page->head->pa : pa;

	/* The host fails a PA that it gave no table. */
	return (char *)host->table(host->ctx, head_pa) + (pa - head_pa);
}
#endif

void shim_flush(uint64_t pa, size_t bytes)
{
	const struct pt_host *host = shim_host();
	const struct page *page = page_of_pa(pa);

	if (!page)
		shim_fail("a flush of what is no table");
	host->flush(host->ctx, (char *)page->address + (pa - page->pa), bytes);
}

void shim_flush_table(const void *table)
{
	const struct page *page = shim_page_of(table);

	shim_flush(page->pa, (size_t)1 << (page->order + PAGE_LG2));
}

/* ---- locks and accesses ---- */

void shim_lock(struct pt_host_lock *lock)
{
	const struct pt_host *host = shim_host();

	host->lock(host->ctx, lock);
}

void shim_unlock(struct pt_host_lock *lock)
{
	const struct pt_host *host = shim_host();

	host->unlock(host->ctx, lock);
}

#ifndef WALKDIFF_FAST
bool shim_watches(const volatile void *item)
{
	uintptr_t at = (uintptr_t)item;

	for (unsigned i = 0; i < shim.nr_shared; i++)
		if (at - shim.shared[i].first < shim.shared[i].bytes)
			return true;
	return at - shim.first_table < shim.tables_bytes && page_at((const void *)at);
}
#endif
