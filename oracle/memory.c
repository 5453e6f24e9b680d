/* The arena: see memory.h. Slots are found by a hash of the PA's page number. */
#include "oracle/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "oracle/access.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1 /* not mutated: any value */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1 /* not mutated: any value */
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

/* Room for some tables of any size: address space, not memory. */
#define LEAST_BYTES ((size_t)256 << 20) /* not mutated: any that is some */
#define POISON 0xfd /* every byte of a freed table: present, reserved bits set */

const char *const memory_window_names[WINDOWS] = { "spread", "top", "ones", "bottom" };

/* not mutated: another mix is as good */
/* A well mixed 64-bit value: SplitMix64's finaliser (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t v)
{
	v += UINT64_C(0x9e3779b97f4a7c15);
	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

/* Address space that becomes memory where it is touched; null when there is none. */
static void *map_lazily(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       /* equivalent: off-1, off-2: Linux does not look at the descriptor */
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct memory *memory_create(uint32_t capacity)
{
	struct memory *m = calloc(1, sizeof(*m)); /* equivalent: off-1: more room */
	size_t bytes = (size_t)capacity << MEMORY_PAGE_LG2; /* equivalent: shift-1: more room */
	void *words;

	if (bytes < LEAST_BYTES) /* equivalent: rel-1: it is that already */
		bytes = LEAST_BYTES;
	words = map_lazily(bytes);
	if (!m || !words) /* equivalent: logic-1: as long as there is memory */
		goto fail;
	m->words = words;
	m->bytes = bytes;
	m->written = map_lazily(bytes);
	m->line_states = map_lazily(bytes >> MEMORY_LINE_LG2); /* equivalent: shift-2: more room */
	if (!m->written || !m->line_states) /* equivalent: logic-1: as long as there is memory */
		goto fail;
	m->identity = (uint64_t)(uintptr_t)words;
	m->capacity = capacity;
	/* equivalent: off-1, shift-1, rel-1, off-3, off-4: fewer, still enough, or more */
	while (UINT64_C(1) << m->places_lg2 <= 2 * (uint64_t)capacity)
		m->places_lg2++;
	m->slots = calloc(capacity, sizeof(*m->slots));
	/* equivalent: off-1, shift-1: more room */
	m->by_pa = calloc((size_t)1 << m->places_lg2, sizeof(*m->by_pa));
	m->free_slots = calloc(capacity, sizeof(*m->free_slots));
	/* equivalent: logic-1, logic-2: as long as there is memory */
	if (m->slots && m->by_pa && m->free_slots)
		return m;
fail:
	memory_destroy(m); /* equivalent: drop-1: a leak */
	return NULL;
}

/* not mutated: what is not given back is lost, no more; any order will do */
void memory_destroy(struct memory *m)
{
	if (!m)
		return;
	if (m->words) {
		ASAN_UNPOISON_MEMORY_REGION(m->words, (size_t)m->used << m->slot_lg2);
		munmap(m->words, m->bytes);
	}
	if (m->written)
		munmap(m->written, m->bytes);
	if (m->seen)
		munmap(m->seen, m->bytes);
	if (m->line_states)
		munmap(m->line_states, m->bytes >> MEMORY_LINE_LG2);
	free(m->dirty_lines);
	free(m->slots);
	free(m->by_pa);
	free(m->free_slots);
	free(m);
}

bool memory_keep_seen(struct memory *m)
{
	if (!m->seen)
		m->seen = map_lazily(m->bytes);
	return m->seen;
}

static uint64_t *slot_words(struct memory *m, uint32_t i)
{
	return m->words + (((size_t)i << m->slot_lg2) / sizeof(uint64_t));
}

/* not mutated: a hash */
static uint64_t hash_first(const struct memory *m, uint64_t pa)
{
	return (pa >> m->slot_lg2) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - m->places_lg2);
}

/* The place of the region that a PA lies in. Linear probing; at most half of the places are ever used. */
static uint32_t *hash_place(struct memory *m, uint64_t pa)
{
	uint64_t last = ((uint64_t)1 << m->places_lg2) - 1;
	uint64_t region = pa >> m->slot_lg2;
	uint64_t at = hash_first(m, pa);

	while (m->by_pa[at] && m->slots[m->by_pa[at] - 1].pa >> m->slot_lg2 != region)
		at = (at + 1) & last;
	return &m->by_pa[at];
}

/* Of the slots that were used: mostly few of the places there are. */
static void hash_clear(struct memory *m)
{
	uint64_t last = ((uint64_t)1 << m->places_lg2) - 1;

	/* equivalent: negate-1, rel-1, off-1, off-2: either way, in its own time */
	if (m->used > last / 16) {
		memset(m->by_pa, 0, sizeof(*m->by_pa) << m->places_lg2);
		return;
	}
	for (uint32_t i = 0; i < m->used; i++) {
		uint64_t at = hash_first(m, m->slots[i].pa);

		while (m->by_pa[at] != i + 1)
			at = (at + 1) & last; /* equivalent: sign-1: round the other way */
		m->by_pa[at] = 0;
	}
}

void memory_forget(struct memory *m)
{
	ASAN_UNPOISON_MEMORY_REGION(m->words, (size_t)m->used << m->slot_lg2);
	while (m->nr_dirty)
		m->line_states[m->dirty_lines[--m->nr_dirty]] = LINE_CLEAN;
	hash_clear(m);
	m->used = m->free_head = m->nr_free = m->nr_live = m->peak_live = m->epoch = 0;
	m->wild = false;
}

void memory_reset(struct memory *m, const struct memory_config *config, unsigned pa_lg2,
		  unsigned slot_lg2)
{
	memory_forget(m); /* equivalent: swap-1: it does not ask */
	m->incoherent = false;
	m->config = *config;
	/* equivalent: rel-1: it is that already */
	m->slot_lg2 = (uint8_t)(slot_lg2 > MEMORY_PAGE_LG2 ? slot_lg2 : MEMORY_PAGE_LG2);
	m->count = (uint32_t)(m->bytes >> m->slot_lg2);
	if (m->count > m->capacity) /* equivalent: rel-1: it is that already */
		m->count = m->capacity;
	if (m->config.tables > m->count) /* equivalent: rel-1: it is that already */
		m->config.tables = m->count;
	m->pa_lg2 = (uint8_t)pa_lg2;
	m->draws = 0;
}

/* A place for a table of `size` bytes, aligned to it: a region, and where in the region. */
static uint64_t draw_pa(struct memory *m, size_t size)
{
	unsigned region_lg2 = m->pa_lg2 - m->slot_lg2;
	unsigned align_lg2 = MEMORY_PAGE_LG2;
	uint64_t regions = UINT64_C(1) << region_lg2, n = m->draws++;
	/* equivalent: sign-1: as good a draw */
	uint64_t random = mix(m->config.seed + n), region, offset;

	while ((size_t)1 << align_lg2 < size)
		align_lg2++;
	switch (m->config.window) {
	case WINDOW_TOP:
		region = regions - 1 - n % regions; /* equivalent: off-2: 0 is skipped */
		break;
	case WINDOW_ONES:
		region = UINT64_C(1) << (n + m->config.seed) % region_lg2 | (n / region_lg2);
		break;
	case WINDOW_BOTTOM:
		region = 1 + n;
		break;
	default:
		region = random;
		break;
	}
	offset = mix(random) & ((UINT64_C(1) << (m->slot_lg2 - align_lg2)) - 1);
	return (region & (regions - 1)) << m->slot_lg2 | offset << align_lg2;
}

/* Take one PA out of the hash and close the gap in its chain. */
static void hash_remove(struct memory *m, uint64_t pa)
{
	uint64_t last = ((uint64_t)1 << m->places_lg2) - 1;
	uint32_t *place = hash_place(m, pa);
	uint64_t at = (uint64_t)(place - m->by_pa);

	*place = 0;
	for (at = (at + 1) & last; m->by_pa[at]; at = (at + 1) & last) {
		uint32_t moved = m->by_pa[at];

		m->by_pa[at] = 0;
		*hash_place(m, m->slots[moved - 1].pa) = moved;
	}
}

uint64_t *memory_alloc(struct memory *m, size_t size, uint64_t *pa)
{
	uint32_t i, *place;
	uint64_t *words;
	size_t line;

	if (size > (size_t)1 << m->slot_lg2 || m->nr_live >= m->config.tables)
		return NULL;
	/* Reuse late: a table that is touched after its free is noticed longer. */
	if (m->used < m->count) {
		i = m->used++;
	} else {
		i = m->free_slots[m->free_head];
		m->free_head = (m->free_head + 1) % m->capacity;
		m->nr_free--;
		hash_remove(m, m->slots[i].pa); /* the end of its quarantine */
	}
	words = slot_words(m, i);
	do {
		*pa = draw_pa(m, size);
		place = hash_place(m, *pa);
	} while (*pa == 0 || *place || *pa == (uint64_t)(uintptr_t)words);
	*place = i + 1;
	m->slots[i] = (struct slot){ .pa = *pa, .size = (uint32_t)size, .state = SLOT_LIVE };
	ASAN_UNPOISON_MEMORY_REGION(words, (size_t)1 << m->slot_lg2);
	order_acquire(words);
	access_fill(words, size, 0);
	if (m->seen)
		memset(memory_seen(m, words), 0, size);
	ASAN_POISON_MEMORY_REGION((char *)words + size, ((size_t)1 << m->slot_lg2) - size);
	if (m->incoherent) { /* memory holds anything until the zeros are flushed */
		memset(m->written + (words - m->words), POISON, size);
		/* equivalent: off-1, shift-2: the same lines, some of them twice */
		for (line = 0; line < size; line += (size_t)1 << MEMORY_LINE_LG2)
			memory_note_write(m, (char *)words + line);
	}
	if (++m->nr_live > m->peak_live) /* equivalent: rel-1: it is that already */
		m->peak_live = m->nr_live;
	return words;
}

bool memory_free(struct memory *m, uint64_t pa, size_t size)
{
	struct slot *s = memory_slot(m, pa);
	uint32_t i;

	if (!s || s->size != size)
		return false;
	i = (uint32_t)(s - m->slots);
	s->state = SLOT_FREE;
	access_fill(slot_words(m, i), size, POISON);
	order_release(slot_words(m, i));
	ASAN_POISON_MEMORY_REGION(slot_words(m, i), (size_t)1 << m->slot_lg2);
	m->free_slots[(m->free_head + m->nr_free++) % m->capacity] = i;
	m->nr_live--;
	return true;
}

struct slot *memory_slot(struct memory *m, uint64_t pa)
{
	uint32_t found = *hash_place(m, pa);

	struct slot *s = found ? &m->slots[found - 1] : NULL;

	return s && s->pa == pa && s->state == SLOT_LIVE ? s : NULL;
}

uint64_t *memory_words(struct memory *m, const struct slot *slot)
{
	return slot_words(m, (uint32_t)(slot - m->slots));
}

const uint64_t *memory_view(void *ctx, uint64_t pa, size_t bytes)
{
	struct memory *m = ctx;
	struct slot *s;
	uint32_t i;

	if (m->wild) {
		/* One rule for both sides: the table that is there, else one that the PA picks. */
		i = *hash_place(m, pa);
		return memory_wild_table(
			/* equivalent: shift-1: as good a pick */
			m, i ? i - 1 : (uint32_t)(mix(pa >> MEMORY_PAGE_LG2) % m->used));
	}
	s = memory_slot(m, pa);
	if (!s || bytes > s->size)
		return NULL;
	return slot_words(m, (uint32_t)(s - m->slots));
}

const uint64_t *memory_hw_view(void *ctx, uint64_t pa, size_t bytes)
{
	struct memory *m = ctx;
	const uint64_t *words = memory_view(ctx, pa, bytes);

	return words && m->incoherent ? m->written + (words - m->words) : words;
}

void memory_make_wild(struct memory *m, uint32_t n, size_t size)
{
	uint64_t pa;

	if (m->config.tables < n) /* equivalent: rel-1: it is that already */
		/* equivalent: rel-1: both are the same then */
		m->config.tables = n < m->count ? n : m->count;
	while (m->nr_live < n && memory_alloc(m, size, &pa))
		;
	/* Freed tables too: what is in them is as good as anything. */
	for (uint32_t i = 0; i < m->used; i++) {
		if (m->slots[i].size < size) /* equivalent: rel-1: it is that already */
			m->slots[i].size = (uint32_t)size;
		ASAN_UNPOISON_MEMORY_REGION(slot_words(m, i), m->slots[i].size);
		m->slots[i].state = SLOT_LIVE;
	}
	m->wild = true;
	m->incoherent = false;
}

uint64_t *memory_wild_table(struct memory *m, uint32_t i)
{
	return slot_words(m, i % m->used);
}
