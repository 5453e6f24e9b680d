/* Feedback of races: see feedback.h. */
#include "fuzz/feedback.h"

#define WRITERS 1024 /* words whose last writer is remembered; they share places by a hash */

void (*feedback_listener)(unsigned n);

static struct writer {
	const volatile void *place;
	uint64_t site, race;
	unsigned thread;
} writers[WRITERS];

static uint64_t race, last_site;
static unsigned last_thread;
static const volatile void *last_place;

static uint64_t hash(uint64_t v)
{
	v *= UINT64_C(0x9e3779b97f4a7c15);
	return v ^ v >> 29;
}

/* 0: who read what was written; 1: switches. A half of the numbers each. */
static void tell(unsigned kind, uint64_t from, uint64_t to)
{
	uint64_t n = hash(hash(from) + to) >> 32;

	feedback_listener((unsigned)(n % (FEEDBACK_FEATURES / 2)) + kind * (FEEDBACK_FEATURES / 2));
}

void feedback_begin(void)
{
	race++;
	last_place = NULL;
}

void feedback_event(unsigned thread, enum sim_event what, const volatile void *place,
		    const void *site)
{
	bool accesses = what == EVENT_LOAD || what == EVENT_STORE || what == EVENT_CMPXCHG;
	/* As far from a fixed address as it is in every process. */
	uint64_t here = (uint64_t)((uintptr_t)site - (uintptr_t)feedback_event);
	struct writer *w = &writers[hash((uintptr_t)place) >> 32 & (WRITERS - 1)];

	if (!feedback_listener)
		return;
	/* Switches between any two places are so many that the corpus drowns in them. */
	if (accesses && place == last_place && last_thread != thread)
		tell(1, last_site, here);
	last_thread = thread;
	last_place = accesses ? place : NULL;
	last_site = here;
	if (!accesses)
		return;
	if (what != EVENT_STORE && w->race == race && w->place == place && w->thread != thread)
		tell(0, w->site, here);
	if (what != EVENT_LOAD)
		*w = (struct writer){ place, here, race, thread };
}
