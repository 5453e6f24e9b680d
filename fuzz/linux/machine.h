/*
 * The machine that generic_pt runs on: what the headers in include-7/ and the adaptor ask of a
 * struct pt_host.
 *
 * An entry point of the adaptor names the machine of its page table; whatever lets other
 * threads run names it again after, so that several page tables and threads do not mix.
 *
 * Hooked: an access to an item, or to the word of the top, is a call of the host's. With
 * WALKDIFF_FAST it is the instruction that the kernel would use, and addresses are arithmetic.
 */
#ifndef WALKDIFF_FUZZ_LINUX_MACHINE_H
#define WALKDIFF_FUZZ_LINUX_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/foreign.h"

struct machine {
	const struct pt_host *host;
	uint64_t c_bit; /* in items, and 0 without encryption */
	/*
	 * The word of the top where it is not the host's affair: in init, which also reads it as
	 * it is and nobody else sees, and for the adaptor's own looks.
	 */
	const volatile void *own;
	const unsigned long long *only_from; /* exchanges of other values fail; null: none do */
};

extern _Thread_local struct machine *machine;

/* A new page table's: what is said of it once. */
void machine_begin(struct machine *m);

/* A zeroed table of 2^order pages of 4K, or null, and its way back. */
void *machine_table_alloc(unsigned order);
void machine_table_free(void *table, unsigned order);

void machine_flush(const void *first, size_t bytes);
void machine_barrier(void);
void machine_lock(struct pt_host_lock *lock);
void machine_unlock(struct pt_host_lock *lock);

/* WARN_ON and the like: the kernel's code finds itself, or its caller, in error. */
_Noreturn void machine_fail(const char *what);

#ifdef WALKDIFF_FAST

/* As in a kernel: of the last page table, and of all. */
extern uint64_t machine_pa_offset, machine_c_bit;

static inline void *machine_pointer(uint64_t pa)
{
	return (void *)(pa + machine_pa_offset);
}

static inline uint64_t machine_pa(const void *place)
{
	return (uint64_t)place - machine_pa_offset;
}

static inline uint64_t machine_load(const volatile void *item)
{
	return *(const volatile uint64_t *)item;
}

static inline void machine_store(volatile void *item, uint64_t v)
{
	*(volatile uint64_t *)item = v;
}

static inline bool machine_cmpxchg(volatile void *item, void *old, uint64_t v)
{
	return __atomic_compare_exchange_n((volatile uint64_t *)item, (uint64_t *)old, v, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

#else

void *machine_pointer(uint64_t pa);
uint64_t machine_pa(const void *place);
uint64_t machine_load(const volatile void *item);     /* orders nothing */
void machine_store(volatile void *item, uint64_t v);  /* likewise */
/* True when it was *old and is v now; else *old is what it was. Acquires and releases. */
bool machine_cmpxchg(volatile void *item, void *old, uint64_t v);

#endif

#endif
