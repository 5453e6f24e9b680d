/* The machine that generic_pt runs on, over the host: see machine.h. */
#include "fuzz/linux/machine.h"

_Thread_local struct machine *machine;

#ifdef WALKDIFF_FAST
uint64_t machine_pa_offset, machine_c_bit;
#endif

void machine_begin(struct machine *m)
{
	machine = m;
#ifdef WALKDIFF_FAST
	machine_pa_offset = m->host->pa_offset;
	machine_c_bit = m->c_bit;
#endif
}

void *machine_table_alloc(unsigned order)
{
	struct machine *m = machine;
	uint64_t pa;
	void *table = m->host->table_alloc(m->host->ctx, (size_t)4096 << order, &pa);

	machine = m;
	return table;
}

void machine_table_free(void *table, unsigned order)
{
	struct machine *m = machine;
	uint64_t pa = machine_pa(table);

	m->host->table_free(m->host->ctx, pa, (size_t)4096 << order);
	machine = m;
}

/* generic_pt flushes what it has stored, also where that is nothing. */
void machine_flush(const void *first, size_t bytes)
{
	struct machine *m = machine;

	if (!bytes)
		return;
	m->host->flush(m->host->ctx, first, bytes);
	machine = m;
}

void machine_barrier(void)
{
#ifdef WALKDIFF_FAST
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#else
	struct machine *m = machine;

	m->host->barrier(m->host->ctx);
	machine = m;
#endif
}

void machine_lock(struct pt_host_lock *lock)
{
	struct machine *m = machine;

	m->host->lock(m->host->ctx, lock);
	machine = m;
}

void machine_unlock(struct pt_host_lock *lock)
{
	struct machine *m = machine;

	m->host->unlock(m->host->ctx, lock);
	machine = m;
}

_Noreturn void machine_fail(const char *what)
{
	machine->host->fail(machine->host->ctx, what);
	__builtin_trap();
}

#ifndef WALKDIFF_FAST

void *machine_pointer(uint64_t pa)
{
	struct machine *m = machine;
	void *table = m->host->table(m->host->ctx, pa);

	machine = m;
	return table;
}

uint64_t machine_pa(const void *place)
{
	struct machine *m = machine;
	uint64_t pa = m->host->pa(m->host->ctx, place);

	machine = m;
	return pa;
}

uint64_t machine_load(const volatile void *item)
{
	struct machine *m = machine;
	uint64_t v;

	if (item == m->own)
		return *(const volatile uint64_t *)item;
	v = m->host->load_relaxed(m->host->ctx, (const void *)item);

	machine = m;
	return v;
}

void machine_store(volatile void *item, uint64_t v)
{
	struct machine *m = machine;

	if (item == m->own) {
		*(volatile uint64_t *)item = v;
		return;
	}
	m->host->store_relaxed(m->host->ctx, (void *)item, v);
	machine = m;
}

/* An exchange for the same (set_dirty, of what is dirty) is a look: nothing is stored. */
bool machine_cmpxchg(volatile void *item, void *old, uint64_t v)
{
	struct machine *m = machine;
	uint64_t was_there = *(uint64_t *)old;
	bool was;

	if (m->only_from && was_there != *m->only_from)
		return false;
	if (was_there == v) {
		*(uint64_t *)old = machine_load(item);
		return *(uint64_t *)old == was_there;
	}
	was = m->host->cmpxchg(m->host->ctx, (void *)item, old, v);

	machine = m;
	return was;
}

#endif
