/* What libFuzzer offers beside the target: our mutator, and features of our own. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/mutate.h"
#include "fuzz/target.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t max_out, unsigned seed);

__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t
	counters[TARGET_FEATURES];

void target_feature(unsigned n)
{
	counters[n % TARGET_FEATURES] = 1;
}

void target_count(unsigned n)
{
	uint8_t *counter = &counters[n % TARGET_FEATURES];

	if (*counter < UINT8_MAX)
		++*counter;
}

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
	if (seed % 16 == 0) {
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
