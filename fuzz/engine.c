/* The features of a target in the engine's own map: libFuzzer's extra counters, or AFL++'s map. */
#include <stddef.h>

#include "fuzz/target.h"

/* libFuzzer, and engines that follow it, look at every byte of this section. */
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t
	counters[TARGET_FEATURES];

/* What gives out places in AFL++'s map. Null under other engines. */
extern void afl_reserve(uint32_t *first, uint32_t *end)
	__asm__("__sanitizer_cov_trace_pc_guard_init") __attribute__((weak));

static uint32_t places[TARGET_FEATURES];

/*
 * Where AFL++'s map is; null under other engines. By the assembler: where afl-clang-fast compiles
 * this, the name in C is one of its own instrumentation's, and would be made another.
 */
static uint8_t **afl_map(void)
{
	uint8_t **map = NULL;

#if defined(__x86_64__)
	__asm__(".weak __afl_area_ptr\n\tmovq __afl_area_ptr@GOTPCREL(%%rip), %0" : "=r"(map));
#elif defined(__aarch64__)
	__asm__(".weak __afl_area_ptr\n\tadrp %0, :got:__afl_area_ptr\n\t"
		"ldr %0, [%0, #:got_lo12:__afl_area_ptr]" : "=r"(map));
#endif
	return map;
}

__attribute__((constructor)) static void reserve_places(void)
{
	if (afl_map())
		afl_reserve(places, places + TARGET_FEATURES);
}

uint8_t *target_counter(unsigned feature)
{
	uint8_t **map = afl_map();

	feature %= TARGET_FEATURES;
	return map ? &(*map)[places[feature]] : &counters[feature];
}
