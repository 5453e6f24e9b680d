/* Every interleaving: see explore.h. */
#include "fuzz/explore.h"

#include <stdlib.h>

/* A decision of the run that is made, and what of it has been tried. */
struct node {
	struct choice choice;
	uint8_t chosen;
	uint8_t done;  /* threads: chosen here, now or in a run before */
	uint8_t sleep; /* threads: what would follow has been run from an earlier node */
};

struct explore {
	struct chooser chooser;
	struct node *nodes;
	size_t nr, cap;	 /* decided by the runs before, or made in this one */
	size_t at;	 /* decisions of this run */
	bool repeated;	 /* all that could go on here sleeps */
	uint64_t orders, repeats;
	size_t depth;
};

static bool is_load(const struct choice *c, unsigned thread)
{
	return c->next[thread].what == EVENT_LOAD;
}

/* May it matter which of two threads goes first? */
static bool touch(const struct choice *c, unsigned a, unsigned b)
{
	unsigned load = is_load(c, a) ? a : b, other = is_load(c, a) ? b : a;

	if (!is_load(c, load))
		return true;
	switch (c->next[other].what) {
	case EVENT_LOAD:
		return false;
	case EVENT_STORE:
	case EVENT_CMPXCHG:
		return c->next[other].place == c->next[load].place;
	case EVENT_DEVICE: /* it may note an access in any item */
	case EVENT_FREE:
		return true;
	default:
		return false;
	}
}

/* What sleeps behind a decision. */
static uint8_t sleep_behind(const struct node *n)
{
	uint8_t candidates = (uint8_t)((n->sleep | n->done) & ~(1u << n->chosen)), sleep = 0;

	for (unsigned i = 0; i < n->choice.nr; i++)
		if (candidates >> i & 1 && !touch(&n->choice, i, n->chosen))
			sleep |= (uint8_t)(1u << i);
	return sleep;
}

static unsigned lowest(uint32_t threads)
{
	return (unsigned)__builtin_ctz(threads);
}

static struct node *new_node(struct explore *e)
{
	if (e->nr == e->cap) {
		e->cap = e->cap ? 2 * e->cap : 256;
		e->nodes = realloc(e->nodes, e->cap * sizeof(*e->nodes));
		if (!e->nodes)
			abort();
	}
	return &e->nodes[e->nr++];
}

static unsigned choose(void *ctx, const struct choice *c)
{
	struct explore *e = ctx;
	struct node *n;
	uint8_t sleep;
	uint32_t awake;

	if (e->at < e->nr) {
		n = &e->nodes[e->at++];
		if (n->choice.can != c->can)
			abort(); /* the same decisions led elsewhere */
		return n->chosen;
	}
	sleep = e->at ? sleep_behind(&e->nodes[e->at - 1]) : 0;
	awake = c->can & ~(uint32_t)sleep;
	if (e->repeated || !awake) {
		e->repeated = true;
		return lowest(c->can);
	}
	n = new_node(e);
	*n = (struct node){ .choice = *c, .sleep = sleep };
	n->chosen = (uint8_t)(c->current < c->nr && awake >> c->current & 1 ? c->current :
									       lowest(awake));
	n->done = (uint8_t)(1u << n->chosen);
	e->at++;
	return n->chosen;
}

bool explore_next(struct explore *e)
{
	if (e->repeated)
		e->repeats++;
	else
		e->orders++;
	if (e->nr > e->depth)
		e->depth = e->nr;
	e->at = 0;
	e->repeated = false;
	for (; e->nr; e->nr--) {
		struct node *n = &e->nodes[e->nr - 1];
		uint32_t left = n->choice.can & ~(uint32_t)(n->done | n->sleep);

		if (left) {
			n->chosen = (uint8_t)lowest(left);
			n->done |= (uint8_t)(1u << n->chosen);
			return true;
		}
	}
	return false;
}

const struct chooser *explore_chooser(const struct explore *e)
{
	return &e->chooser;
}

void explore_again(struct explore *e)
{
	e->at = 0;
	e->repeated = false;
}

uint64_t explore_orders(const struct explore *e)
{
	return e->orders;
}

uint64_t explore_repeated(const struct explore *e)
{
	return e->repeats;
}

size_t explore_depth(const struct explore *e)
{
	return e->depth;
}

struct explore *explore_create(void)
{
	struct explore *e = calloc(1, sizeof(*e));

	if (e)
		e->chooser = (struct chooser){ choose, e };
	return e;
}

void explore_destroy(struct explore *e)
{
	if (e)
		free(e->nodes);
	free(e);
}
