/*
 * The machine under kernel code: what the shim's headers and the adaptors ask of shim.c.
 *
 * One page table at a time in a process, as a kernel has one memory: its host and its tables are
 * in static storage, and are forgotten at the next init.
 *
 * Two builds. Hooked: an access to a table, or to a word that shim_share() named, goes through
 * the host, whether the kernel's code says READ_ONCE or is a plain assignment (shim_plain.c).
 * With WALKDIFF_FAST none does, and addresses are arithmetic.
 */
#ifndef WALKDIFF_FUZZ_LINUX_SHIM_H
#define WALKDIFF_FUZZ_LINUX_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/foreign.h"

struct page;

/* ---- for adaptors ---- */

/*
 * A new page table begins: forget all tables of the one before. Memory for kmalloc() is
 * `heap`, inside the page table object, so that nothing of it is elsewhere.
 */
void shim_begin(const struct pt_host *host, void *heap, size_t heap_bytes);

/* Threads race on these words, aligned to 8; hooked builds ask the host for them. */
void shim_share(void *first, size_t bytes);

/* Tables are as large as this at least: hardware's tables have the size of a granule. */
void shim_least_table(size_t bytes);

/* What is called before a page is freed, or null. */
void shim_before_free(void (*hook)(void *arg), void *arg);

/* Was memory refused since shim_begin()? What returns only null does not say why. */
bool shim_was_refused(void);

/* The last plain access has happened: tell the host. Before each return to it. */
void shim_settle(void);
/* It has not: what it was of is gone. */
void shim_forget(void);

/* The host; settles first, for it may let others go on. */
const struct pt_host *shim_host(void);

/* ---- for the headers ---- */

struct page *shim_pages_alloc(unsigned order);
void shim_pages_free(struct page *page);
struct page *shim_page_of(const void *place);
void *shim_page_address(const struct page *page);
void *shim_heap_alloc(size_t bytes);
/* Into memory: these bytes, or all of the table that begins there. */
void shim_flush(uint64_t pa, size_t bytes);
void shim_flush_table(const void *table);

#ifdef WALKDIFF_FAST

extern uint64_t shim_pa_offset;

static inline uint64_t shim_pa(const void *place)
{
	return (uintptr_t)place - shim_pa_offset;
}

static inline void *shim_pointer(uint64_t pa)
{
	return (void *)(uintptr_t)(pa + shim_pa_offset);
}

#else

uint64_t shim_pa(const void *place);
void *shim_pointer(uint64_t pa);

/* Is it a word of a table, or shared? Then the host is asked, else memory. */
bool shim_watches(const volatile void *item);
uint64_t shim_load(const volatile void *item);
uint64_t shim_load_relaxed(const volatile void *item);
void shim_store(volatile void *item, uint64_t v);
void shim_store_relaxed(volatile void *item, uint64_t v);
/* True when it was *old and is v now; else *old is what it was. */
bool shim_cmpxchg(volatile void *item, uint64_t *old, uint64_t v);
bool shim_cmpxchg_relaxed(volatile void *item, uint64_t *old, uint64_t v);
void shim_barrier(void);

#endif

void shim_lock(struct pt_host_lock *lock);
void shim_unlock(struct pt_host_lock *lock);

/* WARN_ON, BUG_ON: the kernel's code finds itself, or its caller, in error. */
_Noreturn void shim_fail(const char *what);

#endif
