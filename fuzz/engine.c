/* The features of a target in the engine's own map: libFuzzer's extra counters, or AFL++'s map. */
#include <stddef.h>

#include "fuzz/target.h"

/* libFuzzer, and engines that follow it, look at every byte of this section. */
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t
	counters[TARGET_FEATURES];

/*
 * AFL++'s map, null under other engines, and what gives out places in it. By their names for
 * the linker: the ones for the compiler are those of afl-clang-fast's own instrumentation.
 */
extern uint8_t *afl_map __asm__("__afl_area_ptr") __attribute__((weak));
extern void afl_reserve(uint32_t *first, uint32_t *end)
	__asm__("__sanitizer_cov_trace_pc_guard_init") __attribute__((weak));

static uint32_t places[TARGET_FEATURES];

__attribute__((constructor)) static void reserve_places(void)
{
	if (&afl_map)
		afl_reserve(places, places + TARGET_FEATURES);
}

uint8_t *target_counter(unsigned feature)
{
	feature %= TARGET_FEATURES;
	return &afl_map ? &afl_map[places[feature]] : &counters[feature];
}
