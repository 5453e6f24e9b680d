/*
 * The pages of tables, as the kernel's sparse vmemmap has them: found by address, in chunks
 * that are made when a table first lies there and never go. Nothing has to be forgotten when a
 * run ends half-way.
 */
#include <linux/mm.h>

#include <stdlib.h>

#include "fuzz/linux/machine.h"

#define CHUNK_LG2 30 /* of addresses */
#define ADDRESS_LG2 47
#define PAGES (1UL << (CHUNK_LG2 - PAGE_SHIFT))

static struct page *chunks[1UL << (ADDRESS_LG2 - CHUNK_LG2)];

/* calloc of so much is memory that is there when it is touched. */
static struct page *new_chunk(struct page **place)
{
	struct page *none = NULL, *chunk = calloc(PAGES, sizeof(*chunk));

	if (!chunk)
		machine_fail("no memory for struct page");
	if (__atomic_compare_exchange_n(place, &none, chunk, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return chunk;
	free(chunk);
	return none;
}

struct folio *virt_to_folio(const void *table)
{
	uintptr_t address = (uintptr_t)table;
	struct page **place = &chunks[address >> CHUNK_LG2];
	struct page *chunk = __atomic_load_n(place, __ATOMIC_ACQUIRE);

	if (!chunk)
		chunk = new_chunk(place);
	return (struct folio *)&chunk[address >> PAGE_SHIFT & (PAGES - 1)];
}

struct folio *folio_alloc(unsigned int order)
{
	void *table = machine_table_alloc(order);
	struct folio *folio;

	if (!table)
		return NULL;
	folio = virt_to_folio(table);
	folio->page.address = table;
	folio->page.order = order;
	return folio;
}

void folio_put(struct folio *folio)
{
	machine_table_free(folio->page.address, folio->page.order);
}
