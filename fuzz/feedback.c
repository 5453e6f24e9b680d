/* Feedback of races: see feedback.h. */
#include "fuzz/feedback.h"

#define WORDS 1024 /* that are remembered; they share places by a hash */

void (*feedback_listener)(unsigned n);

/* What threads did last to a word. */
static struct word {
	uint64_t pa, race;
	uint64_t writer;    /* where it was last written, */
	uint64_t written;   /* when, */
	unsigned thread;    /* and by whom */
	struct {
		uint64_t site, at; /* where, when; 0: not in this race */
		bool wrote;	   /* in the operation that it is in */
	} by[SIM_THREADS];
} words[WORDS];

static uint64_t race, now;
static bool accessed, met; /* since feedback_met() was asked */
static uint64_t begun[SIM_THREADS]; /* when the thread's operation began */

static uint64_t hash(uint64_t v)
{
	v *= UINT64_C(0x9e3779b97f4a7c15);
	return v ^ v >> 29;
}

/* 0: who met whom; 1: who came in between. A half of the numbers each. */
static void tell(unsigned kind, uint64_t places)
{
	feedback_listener((unsigned)((hash(places) >> 32) % (FEEDBACK_FEATURES / 2)) +
			  kind * (FEEDBACK_FEATURES / 2));
}

void feedback_begin(void)
{
	race++;
	for (unsigned i = 0; i < SIM_THREADS; i++)
		begun[i] = now;
}

static struct word *find(uint64_t pa)
{
	struct word *w = &words[hash(pa) >> 32 & (WORDS - 1)];

	if (w->race != race || w->pa != pa)
		*w = (struct word){ .pa = pa, .race = race, .thread = SIM_THREADS };
	return w;
}

static void access_word(unsigned thread, bool writes, uint64_t pa, uint64_t here)
{
	struct word *w = find(pa);

	accessed = true;
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		if (i == thread || w->by[i].at <= begun[i] || !(writes || w->by[i].wrote))
			continue;
		met |= writes;
		tell(0, hash(2 * w->by[i].site + w->by[i].wrote) + here);
	}
	if (w->thread != SIM_THREADS && w->thread != thread && w->by[thread].at > begun[thread] &&
	    w->written > w->by[thread].at)
		tell(1, hash(hash(w->by[thread].site) + w->writer) + here);
	w->by[thread].wrote = writes || (w->by[thread].wrote && w->by[thread].at > begun[thread]);
	w->by[thread].site = here;
	w->by[thread].at = now;
	if (!writes)
		return;
	w->writer = here;
	w->written = now;
	w->thread = thread;
}

void feedback_event(unsigned thread, enum sim_event what, uint64_t pa, const void *site)
{
	now++;
	if (what == EVENT_OPERATION)
		begun[thread] = now;
	/* As far from a fixed address as it is in every process. */
	if (feedback_listener && (what == EVENT_LOAD || what == EVENT_STORE || what == EVENT_CMPXCHG))
		access_word(thread, what != EVENT_LOAD, pa,
			    (uint64_t)((uintptr_t)site - (uintptr_t)feedback_event));
}

bool feedback_met(void)
{
	bool answer = met || !accessed;

	accessed = met = false;
	return answer;
}
