/* Our mutator as engines ask for it: libFuzzer by hooks in the target, AFL++ by a shared object. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/mutate.h"
#include "fuzz/target.h"

/* libFuzzer's; null under engines that have none. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t max_out, unsigned seed);

static size_t max_ops(size_t max_size)
{
	return max_size / RECORD_SIZE > 1 ? max_size / RECORD_SIZE - 1 : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	static struct program p;
	size_t changed;

	target_begin(&p);
	/* Now and then the engine's own way, which knows what was compared with what. */
	if (LLVMFuzzerMutate && seed % 16 == 0) {
		size = LLVMFuzzerMutate(data, size, max_size);
		program_decode(&p, data, size);
	} else {
		program_decode(&p, data, size);
		mutate_program(&p, seed, max_ops(max_size));
	}
	changed = program_encode(&p, data, max_size);
	return changed ? changed : size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t max_out, unsigned seed)
{
	static struct program a, b;

	target_begin(&a);
	target_begin(&b);
	program_decode(&a, data1, size1);
	program_decode(&b, data2, size2);
	splice_program(&a, &b, seed, max_ops(max_out));
	return program_encode(&a, out, max_out);
}

/* ---- AFL++: docs/custom_mutators.md of its sources ---- */

struct afl_mutator {
	uint64_t random;
	uint8_t *out; /* as large as was asked for yet */
	size_t room;
};

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *mutator, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max_size);
void afl_custom_deinit(void *mutator);

void *afl_custom_init(void *afl, unsigned seed)
{
	struct afl_mutator *m = calloc(1, sizeof(*m));

	(void)afl;
	if (m)
		m->random = seed;
	return m;
}

/* AFL++ gives another input of its queue, or null, and takes 0 as: none this time. */
size_t afl_custom_fuzz(void *mutator, uint8_t *data, size_t size, uint8_t **out,
		       uint8_t *other, size_t other_size, size_t max_size)
{
	struct afl_mutator *m = mutator;
	unsigned seed = (unsigned)next_random(&m->random);

	if (max_size > m->room) {
		uint8_t *grown = realloc(m->out, max_size);

		if (!grown)
			return 0;
		m->out = grown;
		m->room = max_size;
	}
	*out = m->out;
	if (other && next_random(&m->random) % 8 == 0)
		return LLVMFuzzerCustomCrossOver(data, size, other, other_size, m->out, max_size,
						 seed);
	if (size > max_size)
		size = max_size;
	memcpy(m->out, data, size);
	return LLVMFuzzerCustomMutator(m->out, size, max_size, seed);
}

void afl_custom_deinit(void *mutator)
{
	struct afl_mutator *m = mutator;

	free(m->out);
	free(m);
}
