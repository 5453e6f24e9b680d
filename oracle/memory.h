/*
 * The physical memory that tables live in: an arena of table-sized slots at PAs
 * that are drawn per program from all that the format can hold and are never the
 * slot's own pointer, so that a lost address bit shows.
 *
 * Where the walker does not see the CPU's caches every word has two values, the CPU's
 * and memory's; a line of 64 bytes that was written differs until it is flushed, or is
 * written back on its own. A freed table is poisoned and stays where it is, in
 * quarantine, until its slot is needed.
 */
#ifndef WALKDIFF_ORACLE_MEMORY_H
#define WALKDIFF_ORACLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No table is aligned to less. */
#define MEMORY_PAGE_LG2 12

/* Where PAs come from. */
enum memory_window {
	WINDOW_SPREAD, /* anywhere below the limit */
	WINDOW_TOP,    /* downward from the limit */
	WINDOW_ONES,   /* one high bit set, each bit in turn */
	WINDOW_BOTTOM, /* upward from the second page */
	WINDOWS,
};

extern const char *const memory_window_names[WINDOWS];

struct memory_config {
	uint64_t seed;	 /* of the draw */
	uint32_t tables; /* how many tables the machine can hold at once, >= 1 */
	uint8_t window;	 /* enum memory_window */
};

#define MEMORY_LINE_LG2 6 /* bytes (lg2) that a cache holds and flushes as one */

enum slot_state { SLOT_FREE, SLOT_LIVE };

struct slot {
	uint64_t pa;
	uint32_t size;	/* bytes of the table in it */
	uint32_t mark;	/* equal to memory.epoch: seen by the ledger */
	uint8_t state;
	/* Where hardware finds it, kept by the watch (oracle/watch.h): */
	uint8_t level;
	bool linked;	/* a walk that starts from the device entry reaches it now */
	bool was_linked;
	uint64_t va;	/* the first that it translates */
	uint64_t unlinked_at; /* sim.events then */
	/* When, and by whom, it was zeroed, kept by oracle/stores.c: */
	uint64_t zeroed_at;
	uint8_t zeroed_by;
};

struct memory {
	struct memory_config config;
	uint64_t *words;	/* `bytes` of them, cut into slots of 2^slot_lg2 */
	size_t bytes;
	struct slot *slots;
	uint32_t *by_pa;	/* hash of PA -> slot + 1; 0: none; 2^places_lg2 places */
	uint32_t *free_slots;	/* a queue: the slot freed longest ago is used first */
	uint32_t capacity;	/* slots that may exist; `count` do with this slot size */
	uint32_t count, used;	/* and those ever used since the reset */
	uint32_t free_head, nr_free;
	uint32_t nr_live, peak_live;
	uint32_t epoch;
	uint64_t draws;
	uint64_t identity;	/* the host address of the arena: PAs are never it */
	uint64_t *written;	/* incoherent: what memory holds, word by word as in `words` */
	uint64_t *seen;		/* what the watch has seen of `words`, where no hook tells; else null */
	uint8_t *line_states;	/* incoherent: of enum line_state, a line each */
	uint32_t *dirty_lines;	/* numbers of those that are not LINE_CLEAN, each once */
	size_t nr_dirty, cap_dirty;
	bool incoherent;	/* the walker reads `written` */
	uint8_t places_lg2;
	uint8_t pa_lg2;		/* PAs are below 2^pa_lg2 */
	uint8_t slot_lg2;	/* each slot has an aligned region of PAs of this size to itself */
	bool wild;		/* every PA resolves, by one rule: for arbitrary table contents */
};

/* An arena of up to `capacity` tables; null without memory. */
struct memory *memory_create(uint32_t capacity);
void memory_destroy(struct memory *m);

/* Let go of all tables: nothing resolves. memory_reset does so, too. */
void memory_forget(struct memory *m);

/*
 * Forget everything; PAs will be below 2^pa_lg2, tables at most 2^slot_lg2 bytes.
 * config.tables is clamped to what there is room for.
 */
void memory_reset(struct memory *m, const struct memory_config *config, unsigned pa_lg2,
		  unsigned slot_lg2);

enum line_state {
	LINE_CLEAN,
	LINE_WRITTEN,	   /* by the CPU since it was last flushed */
	LINE_WRITTEN_BACK, /* likewise, but memory has it already: the cache let go of it */
};

/* A zeroed table and its PA; null when the machine is full. */
uint64_t *memory_alloc(struct memory *m, size_t size, uint64_t *pa);

/* False when no live table of that size begins at pa. The contents are poisoned. */
bool memory_free(struct memory *m, uint64_t pa, size_t size);

/*
 * `bytes` of the live table at pa, or null: as the CPU has them, and as hardware reads
 * them. Shaped for struct hw_memory: ctx is the memory.
 */
const uint64_t *memory_view(void *ctx, uint64_t pa, size_t bytes);
const uint64_t *memory_hw_view(void *ctx, uint64_t pa, size_t bytes);

/* From the next reset on: what the watch has seen is kept. False without memory. */
bool memory_keep_seen(struct memory *m);

/* Of words of a table, what the watch has seen of them. */
static inline uint64_t *memory_seen(const struct memory *m, const uint64_t *words)
{
	return m->seen + (words - m->words);
}

/* The slot of the live table that begins at pa, or null. */
struct slot *memory_slot(struct memory *m, uint64_t pa);

/* The slot that a pointer lies in, or null when it is outside every live table. */
static inline struct slot *memory_slot_of(struct memory *m, const void *p)
{
	uint64_t offset = (uint64_t)((const char *)p - (const char *)m->words);
	uint64_t i = offset >> m->slot_lg2;
	struct slot *s;

	if (i >= m->used)
		return NULL;
	s = &m->slots[i];
	/* equivalent: off-3: sizes are even */
	if (s->state != SLOT_LIVE || (offset & ((UINT64_C(1) << m->slot_lg2) - 1)) >= s->size)
		return NULL;
	return s;
}

/* ---- lines; incoherent only ---- */

/* The CPU has written the word at p. */
void memory_note_write(struct memory *m, const void *p);

/*
 * Write the lines of [p, p + bytes) back to memory. Returns how many of them the CPU had
 * not written since they were last flushed.
 */
unsigned memory_flush(struct memory *m, const void *p, size_t bytes);

/* A cache lets go of the line of p: it is written back, if it was written. */
void memory_evict(struct memory *m, const void *p);

/* Call back for each word of a live table that memory has another value of than the CPU. */
typedef void memory_differs(void *ctx, struct slot *slot, const uint64_t *cpu,
			    const uint64_t *memory);
void memory_each_difference(struct memory *m, memory_differs *differs, void *ctx);

/* The words of a slot's table as the CPU has them. */
uint64_t *memory_words(struct memory *m, const struct slot *slot);

/* The PA of a place in them. */
static inline uint64_t memory_pa_of(struct memory *m, const struct slot *slot, const volatile void *p)
{
	return slot->pa + ((uintptr_t)p - (uintptr_t)memory_words(m, slot));
}

/* Wild mode: make the first n slots live tables of `size` bytes and resolve any PA into them. */
void memory_make_wild(struct memory *m, uint32_t n, size_t size);
uint64_t *memory_wild_table(struct memory *m, uint32_t i);

#endif
