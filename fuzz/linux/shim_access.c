/*
 * Accesses of hooked builds: those that the kernel's code marks, and those that it does not.
 *
 * Unmarked ones (`ptep[i] = pte`) are found by the compiler: kernel code is compiled with
 * -fsanitize=thread, which calls a function before each access, and the functions are these, not
 * ThreadSanitizer's. Before a load the word gets the value that the host says it has; before a
 * store its old value is noted. What the access did is settled at the next event, before
 * another thread, or a device, can look: the word gets its old value back, and a store is
 * then made by the host.
 */
#include "fuzz/linux/shim.h"

#ifdef WALKDIFF_FAST

void shim_settle(void)
{
}

void shim_forget(void)
{
}

#else

/* The plain access that is under way. */
static struct {
	uint64_t *word; /* null: none is */
	uint64_t value; /* what memory holds */
	bool stores;
} plain;

void shim_forget(void)
{
	plain.word = NULL;
}

void shim_settle(void)
{
	uint64_t *word = plain.word, now;

	if (!word)
		return;
	plain.word = NULL;
	now = *word;
	*word = plain.value;
	if (plain.stores) {
		const struct pt_host *host = shim_host();

		host->store_relaxed(host->ctx, word, now);
	}
}

/* ---- marked ---- */

/* The host when it is to be asked for this item. */
static const struct pt_host *host_of(const volatile void *item)
{
	const struct pt_host *host = shim_host();

	return shim_watches(item) ? host : NULL;
}

uint64_t shim_load(const volatile void *item)
{
	const struct pt_host *host = host_of(item);

	if (host)
		return host->load(host->ctx, (const void *)item);
	return __atomic_load_n((const volatile uint64_t *)item, __ATOMIC_ACQUIRE);
}

uint64_t shim_load_relaxed(const volatile void *item)
{
	const struct pt_host *host = host_of(item);

	if (host)
		return host->load_relaxed(host->ctx, (const void *)item);
	return *(const volatile uint64_t *)item;
}

void shim_store(volatile void *item, uint64_t v)
{
	const struct pt_host *host = host_of(item);

	if (host)
		host->store(host->ctx, (void *)item, v);
	else
		__atomic_store_n((volatile uint64_t *)item, v, __ATOMIC_RELEASE);
}

void shim_store_relaxed(volatile void *item, uint64_t v)
{
	const struct pt_host *host = host_of(item);

	if (host)
		host->store_relaxed(host->ctx, (void *)item, v);
	else
		*(volatile uint64_t *)item = v;
}

bool shim_cmpxchg(volatile void *item, uint64_t *old, uint64_t v)
{
	const struct pt_host *host = host_of(item);

	if (host)
		return host->cmpxchg(host->ctx, (void *)item, old, v);
	return __atomic_compare_exchange_n((volatile uint64_t *)item, old, v, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool shim_cmpxchg_relaxed(volatile void *item, uint64_t *old, uint64_t v)
{
	const struct pt_host *host = host_of(item);

	if (host)
		return host->cmpxchg_relaxed(host->ctx, (void *)item, old, v);
	return __atomic_compare_exchange_n((volatile uint64_t *)item, old, v, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void shim_barrier(void)
{
	const struct pt_host *host = shim_host();

	host->barrier(host->ctx);
}

/* ---- unmarked ---- */

static void begin(const void *place, bool stores)
{
	uint64_t *word = (uint64_t *)((uintptr_t)place & ~(uintptr_t)7);
	const struct pt_host *host;
	uint64_t seen;

	shim_settle();
	if (!shim_watches(word))
		return;
	host = shim_host();
	seen = stores ? *word : host->load_relaxed(host->ctx, word);
	plain.value = *word;
	plain.word = word;
	plain.stores = stores;
	*word = seen;
}

/* What the compilers call; the names are theirs. */
#define ACCESS(size)                                                                               \
	void __tsan_read##size(void *place);                                                       \
	void __tsan_write##size(void *place);                                                      \
	void __tsan_volatile_read##size(void *place);                                              \
	void __tsan_volatile_write##size(void *place);                                             \
	void __tsan_unaligned_read##size(void *place);                                             \
	void __tsan_unaligned_write##size(void *place);                                            \
	void __tsan_read##size(void *place)                                                        \
	{                                                                                          \
		begin(place, false);                                                               \
	}                                                                                          \
	void __tsan_write##size(void *place)                                                       \
	{                                                                                          \
		begin(place, true);                                                                \
	}                                                                                          \
	void __tsan_volatile_read##size(void *place)                                               \
	{                                                                                          \
		begin(place, false);                                                               \
	}                                                                                          \
	void __tsan_volatile_write##size(void *place)                                              \
	{                                                                                          \
		begin(place, true);                                                                \
	}                                                                                          \
	void __tsan_unaligned_read##size(void *place)                                              \
	{                                                                                          \
		begin(place, false);                                                               \
	}                                                                                          \
	void __tsan_unaligned_write##size(void *place)                                             \
	{                                                                                          \
		begin(place, true);                                                                \
	}

ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)

/* No one access of kernel code to a table is larger: one that is cannot be followed. */
#define LARGE_ACCESS(name)                                                                         \
	void __tsan_##name(void *place);                                                           \
	void __tsan_##name(void *place)                                                            \
	{                                                                                          \
		shim_settle();                                                                     \
		if (shim_watches(place))                                                           \
			shim_fail("an access of 16 bytes to a table");                             \
	}

LARGE_ACCESS(read16)
LARGE_ACCESS(write16)
LARGE_ACCESS(unaligned_read16)
LARGE_ACCESS(unaligned_write16)

/* Of whole structures: none is in a table. */
#define RANGE(name)                                                                                \
	void __tsan_##name(void *place, unsigned long size);                                       \
	void __tsan_##name(void *place, unsigned long size)                                        \
	{                                                                                          \
		(void)size;                                                                        \
		shim_settle();                                                                     \
		if (shim_watches(place))                                                           \
			shim_fail("an access of many bytes to a table");                           \
	}

RANGE(read_range)
RANGE(write_range)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

#endif
