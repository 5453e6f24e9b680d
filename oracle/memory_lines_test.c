/*
 * Tests of memory behind the CPU's caches, where the walker does not see them.
 *
 * Goal: memory has just what was flushed or written back, by whole lines, and a flush that
 * was not needed is counted.
 * Method: each rule alone; then a long random sequence against two arrays, of what the CPU has
 * and what memory has, and a word that says which lines were written.
 */
#include "oracle/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SLOTS 8u
#define WORDS 512
#define LINE_WORDS 8
#define GARBAGE UINT64_C(0xfdfdfdfdfdfdfdfd) /* of a table that was not flushed since it is there */

static struct memory *memory;

static int set_up(void **state)
{
	(void)state;
	memory = memory_create(SLOTS);
	return memory ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	memory_destroy(memory);
	return 0;
}

static void start(bool incoherent)
{
	struct memory_config config = { .seed = 1, .tables = SLOTS, .window = WINDOW_BOTTOM };

	memory_reset(memory, &config, 52, MEMORY_PAGE_LG2);
	memory->incoherent = incoherent;
}

struct table {
	uint64_t pa, *words;
	size_t size;
};

static struct table alloc(size_t size)
{
	struct table t = { .size = size };

	t.words = memory_alloc(memory, size, &t.pa);
	assert_non_null(t.words);
	return t;
}

static void write_word(struct table t, unsigned i, uint64_t v)
{
	t.words[i] = v;
	memory_note_write(memory, &t.words[i]);
}

static uint64_t in_memory(struct table t, unsigned i)
{
	return memory_hw_view(memory, t.pa, t.size)[i];
}

/* ---- differences, counted and looked at ---- */

struct found {
	struct table of;
	unsigned nr;
	uint64_t items; /* of the first 64, a bit each */
};

static void note_difference(void *ctx, struct slot *slot, const uint64_t *cpu,
			    const uint64_t *in)
{
	struct found *f = ctx;
	ptrdiff_t i = cpu - f->of.words;

	f->nr++;
	assert_true(slot->pa == f->of.pa);
	assert_true(i >= 0 && (size_t)i < f->of.size / 8);
	assert_ptr_equal(in, memory_hw_view(memory, f->of.pa, 8) + i);
	if (i < 64)
		f->items |= UINT64_C(1) << i;
}

/* All are of this table. */
static struct found differences(struct table t)
{
	struct found f = { .of = t };

	memory_each_difference(memory, note_difference, &f);
	return f;
}

/* ---- each rule alone ---- */

static void good_coherent(void **state)
{
	struct table t;

	(void)state;
	start(false);
	t = alloc(4096);
	assert_ptr_equal(memory_hw_view(memory, t.pa, 4096), t.words);
	t.words[7] = 1;
	assert_int_equal(in_memory(t, 7), 1);
	assert_int_equal(differences(t).nr, 0);
}

static void good_views(void **state)
{
	struct table t;

	(void)state;
	start(true);
	t = alloc(64);
	assert_ptr_equal(memory_view(memory, t.pa, 64), t.words);
	assert_non_null(memory_hw_view(memory, t.pa, 64));
	assert_ptr_not_equal(memory_hw_view(memory, t.pa, 64), t.words);
	assert_null(memory_hw_view(memory, t.pa, 65));
	assert_null(memory_hw_view(memory, t.pa + 8, 8));
	assert_true(memory_free(memory, t.pa, 64));
	assert_null(memory_hw_view(memory, t.pa, 8));
}

/* A new table is zeros to the CPU, anything to hardware, also where another was flushed. */
static void bad_new_table(void **state)
{
	(void)state;
	start(true);
	for (unsigned round = 0; round < 3 * SLOTS; round++) {
		struct table t = alloc(4096);

		assert_int_equal(differences(t).nr, WORDS);
		for (unsigned i = 0; i < WORDS; i++)
			assert_true(t.words[i] == 0 && in_memory(t, i) == GARBAGE);
		assert_int_equal(memory_flush(memory, t.words, 4096), 0);
		assert_int_equal(differences(t).nr, 0);
		for (unsigned i = 0; i < WORDS; i++)
			assert_true(in_memory(t, i) == 0);
		assert_true(memory_free(memory, t.pa, 4096));
	}
}

/* Words reach memory by lines, those that any byte of the flush lies in. */
static void good_flush(void **state)
{
	struct table t;

	(void)state;
	start(true);
	t = alloc(4096);
	memory_flush(memory, t.words, 4096);
	for (unsigned i = 0; i < 4 * LINE_WORDS; i++)
		write_word(t, i, i + 1);
	assert_true(differences(t).items == 0xffffffff);
	assert_int_equal(memory_flush(memory, &t.words[LINE_WORDS + 3], 8), 0);
	assert_true(differences(t).items == 0xffff00ff);
	assert_int_equal(memory_flush(memory, &t.words[2 * LINE_WORDS - 1], 16), 1);
	assert_true(differences(t).items == 0xff0000ff);
	assert_true(in_memory(t, 2 * LINE_WORDS) == 2 * LINE_WORDS + 1 && in_memory(t, 0) == 0);
	/* Two that need it of four, then none. */
	assert_int_equal(memory_flush(memory, t.words, 4 * 64), 2);
	assert_int_equal(memory_flush(memory, t.words, 4 * 64), 4);
	assert_int_equal(memory_flush(memory, t.words, 1), 1);
	assert_int_equal(differences(t).nr, 0);
	/* To write what is there already is a write. */
	write_word(t, 0, 1);
	assert_int_equal(differences(t).nr, 0);
	assert_int_equal(memory_flush(memory, t.words, 8), 0);
}

/* What was written back may be flushed as if it had not been; the next write is one. */
static void good_evict(void **state)
{
	struct table t;

	(void)state;
	start(true);
	t = alloc(4096);
	memory_flush(memory, t.words, 4096);
	write_word(t, 1, 5);
	memory_evict(memory, &t.words[LINE_WORDS]); /* another line, and clean */
	assert_true(differences(t).items == 1 << 1);
	memory_evict(memory, &t.words[LINE_WORDS - 1]);
	assert_int_equal(in_memory(t, 1), 5);
	assert_int_equal(differences(t).nr, 0);
	memory_evict(memory, &t.words[0]);
	write_word(t, 1, 6);
	assert_int_equal(in_memory(t, 1), 5);
	assert_true(differences(t).items == 1 << 1);
	memory_evict(memory, &t.words[0]);
	assert_int_equal(memory_flush(memory, t.words, 8), 0);
	assert_int_equal(memory_flush(memory, t.words, 8), 1);
	assert_int_equal(in_memory(t, 1), 6);
}

/* Tables of 16 bytes: a line holds no other, and nothing behind their end is looked at. */
static void good_small_tables(void **state)
{
	struct table t, other;

	(void)state;
	start(true);
	t = alloc(16);
	other = alloc(16);
	assert_int_equal(memory_flush(memory, other.words, 16), 0);
	assert_int_equal(differences(t).nr, 2);
	write_word(t, 1, 5);
	memory_evict(memory, &t.words[1]);
	assert_true(in_memory(t, 0) == 0 && in_memory(t, 1) == 5);
	assert_int_equal(differences(t).nr, 0);
	assert_int_equal(memory_flush(memory, t.words, 16), 0);
	assert_int_equal(memory_flush(memory, t.words, 16), 1);
}

/* What was written into a table that is gone is nobody's. */
static void good_free(void **state)
{
	struct table t, other;

	(void)state;
	start(true);
	t = alloc(4096);
	other = alloc(64);
	assert_true(memory_free(memory, t.pa, 4096));
	assert_int_equal(differences(other).nr, LINE_WORDS);
	assert_int_equal(memory_flush(memory, other.words, 64), 0);
	assert_int_equal(differences(other).nr, 0);
	start(true);
	t = alloc(64);
	assert_int_equal(differences(t).nr, LINE_WORDS);
	start(false);
	assert_int_equal(memory->nr_dirty, 0);
}

/* The PA of a freed table is drawn again only when its slot has been used again. */
static void good_quarantine(void **state)
{
	struct table first, t;

	(void)state;
	start(false);
	first = alloc(4096);
	assert_true(memory_free(memory, first.pa, 4096));
	for (unsigned i = 1; i < SLOTS; i++) {
		memory->draws = 0;
		t = alloc(4096);
		assert_true(t.pa != first.pa);
		assert_null(memory_slot(memory, first.pa));
	}
	memory->draws = 0;
	t = alloc(4096);
	assert_ptr_equal(t.words, first.words);
	assert_true(t.pa == first.pa);
}

/* ---- all rules together ---- */

static uint64_t cpu[WORDS], in[WORDS], written; /* lines, a bit each */

static void write_back(unsigned line)
{
	for (unsigned i = line * LINE_WORDS; i < (line + 1) * LINE_WORDS; i++)
		in[i] = cpu[i];
}

static unsigned flush_naively(unsigned first_word, unsigned nr_words)
{
	unsigned in_vain = 0;

	for (unsigned line = 0; line < WORDS / LINE_WORDS; line++) {
		if (line < first_word / LINE_WORDS ||
		    line > (first_word + nr_words - 1) / LINE_WORDS)
			continue;
		in_vain += !(written >> line & 1);
		written &= ~(UINT64_C(1) << line);
		write_back(line);
	}
	return in_vain;
}

static void check_all(struct table t)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		assert_true(t.words[i] == cpu[i] && in_memory(t, i) == in[i]);
		nr += cpu[i] != in[i];
	}
	assert_int_equal(differences(t).nr, nr);
	assert_int_equal(memory->nr_dirty, __builtin_popcountll(written));
}

static void good_random(void **state)
{
	uint64_t random = 1;
	struct table t;

	(void)state;
	start(true);
	t = alloc(4096);
	for (unsigned i = 0; i < WORDS; i++)
		in[i] = GARBAGE;
	written = UINT64_MAX;
	for (unsigned step = 0; step < 5000; step++) {
		unsigned i, nr;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		i = random >> 20 & (WORDS - 1);
		nr = 1 + (unsigned)(random >> 40) % (WORDS - i);
		if (random >> 60 < 12) {
			cpu[i] = random >> 50 & 3;
			write_word(t, i, cpu[i]);
			written |= UINT64_C(1) << i / LINE_WORDS;
		} else if (random >> 60 < 15) {
			memory_evict(memory, &t.words[i]);
			write_back(i / LINE_WORDS);
		} else {
			assert_int_equal(memory_flush(memory, &t.words[i], nr * sizeof(uint64_t)),
					 flush_naively(i, nr));
		}
		check_all(t);
	}
}

/* Of a table of less than a line the words behind it are nobody's. */
static void count_difference(void *ctx, struct slot *slot, const uint64_t *at,
			     const uint64_t *in_memory)
{
	(void)slot;
	(void)at;
	(void)in_memory;
	++*(unsigned *)ctx;
}

static void good_behind_small_tables(void **state)
{
	(void)state;
	for (size_t size = 8; size <= 64; size *= 2) {
		uint64_t *in_memory;
		unsigned nr = 0;
		struct table t;

		start(true);
		t = alloc(size);
		in_memory = memory->written + (t.words - memory->words);
		assert_int_equal(memory_flush(memory, t.words, size), 0);
		for (unsigned i = 0; i < LINE_WORDS; i++)
			in_memory[i] = t.words[i < size / 8 ? i : 0] + 1;
		memory_note_write(memory, t.words);
		memory_each_difference(memory, count_difference, &nr);
		assert_int_equal(nr, size / 8);
		memory_evict(memory, t.words);
		for (unsigned i = 0; i < LINE_WORDS; i++)
			assert_int_equal(in_memory[i], i < size / 8 ? 0 : 1);
	}
}

/* There is room for as many dirty lines as there are. */
static void good_many_lines(void **state)
{
	struct memory_config config = { .seed = 1, .tables = 64 };
	struct memory *m = memory_create(64);
	uint64_t pa;

	(void)state;
	assert_non_null(m);
	memory_reset(m, &config, 52, MEMORY_PAGE_LG2);
	m->incoherent = true;
	for (unsigned i = 0; i < 64; i++) {
		assert_non_null(memory_alloc(m, 4096, &pa));
		assert_int_equal(m->nr_dirty, (i + 1) * WORDS / LINE_WORDS);
		assert_true(m->nr_dirty <= m->cap_dirty);
	}
	memory_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_coherent),
		cmocka_unit_test(good_views),
		cmocka_unit_test(bad_new_table),
		cmocka_unit_test(good_flush),
		cmocka_unit_test(good_evict),
		cmocka_unit_test(good_small_tables),
		cmocka_unit_test(good_free),
		cmocka_unit_test(good_quarantine),
		cmocka_unit_test(good_random),
		cmocka_unit_test(good_behind_small_tables),
		cmocka_unit_test(good_many_lines),
	};

	return cmocka_run_group_tests_name("memory_lines", tests, set_up, tear_down);
}
