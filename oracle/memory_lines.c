/*
 * What the CPU's caches hold and memory has not: see memory.h. A line that is written and not yet
 * flushed is on a list; what walkers past the caches read is in `written`.
 */
#include "oracle/memory.h"

#include <stdlib.h>
#include <string.h>

static size_t line_of(const struct memory *m, const void *p)
{
	return (size_t)((const char *)p - (const char *)m->words) >> MEMORY_LINE_LG2;
}

static size_t first_word(size_t line)
{
	return line << MEMORY_LINE_LG2 >> 3;
}

/* The slot of a live table that the line lies in, and how many words of it; or null. */
static struct slot *slot_of_line(struct memory *m, size_t line, size_t *words)
{
	struct slot *s = memory_slot_of(m, &m->words[first_word(line)]);

	*words = (1u << MEMORY_LINE_LG2) >> 3;
	/* equivalent: rel-1, shift-1, off-1: sizes are powers of two */
	if (s && s->size >> 3 < *words)
		*words = s->size >> 3;
	return s;
}

static void write_back(struct memory *m, size_t line)
{
	size_t words, at = first_word(line);

	if (slot_of_line(m, line, &words))
		memcpy(&m->written[at], &m->words[at], words << 3);
}

void memory_note_write(struct memory *m, const void *p)
{
	size_t line = line_of(m, p);

	if (m->line_states[line] == LINE_CLEAN) {
		if (m->nr_dirty == m->cap_dirty) {
			/* equivalent: off-1, off-3, off-4: it only moves at other times */
			m->cap_dirty = m->cap_dirty ? 2 * m->cap_dirty : 1024;
			m->dirty_lines = realloc(m->dirty_lines,
						 m->cap_dirty * sizeof(*m->dirty_lines));
			if (!m->dirty_lines)
				abort(); /* equivalent: drop-1: what follows crashes */
		}
		m->dirty_lines[m->nr_dirty++] = (uint32_t)line;
	}
	m->line_states[line] = LINE_WRITTEN;
}

/* Forget the dirty lines that have become clean. */
static void drop_clean(struct memory *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nr_dirty; i++)
		if (m->line_states[m->dirty_lines[i]] != LINE_CLEAN)
			m->dirty_lines[kept++] = m->dirty_lines[i];
	m->nr_dirty = kept;
}

unsigned memory_flush(struct memory *m, const void *p, size_t bytes)
{
	unsigned in_vain = 0;

	for (size_t line = line_of(m, p), last = line_of(m, (const char *)p + bytes - 1);
	     line <= last; line++) {
		in_vain += m->line_states[line] == LINE_CLEAN;
		if (m->line_states[line] == LINE_WRITTEN)
			write_back(m, line);
		m->line_states[line] = LINE_CLEAN;
	}
	drop_clean(m);
	return in_vain;
}

void memory_evict(struct memory *m, const void *p)
{
	size_t line = line_of(m, p);

	if (m->line_states[line] != LINE_WRITTEN)
		return;
	write_back(m, line);
	m->line_states[line] = LINE_WRITTEN_BACK;
}

void memory_each_difference(struct memory *m, memory_differs *differs, void *ctx)
{
	for (size_t i = 0; i < m->nr_dirty; i++) {
		size_t words, at = first_word(m->dirty_lines[i]);
		struct slot *slot = slot_of_line(m, m->dirty_lines[i], &words);

		for (size_t k = at; slot && k < at + words; k++)
			if (m->words[k] != m->written[k])
				differs(ctx, slot, &m->words[k], &m->written[k]);
	}
}
