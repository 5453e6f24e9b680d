/* Refusals: see refuse.h. */
#include "fuzz/refuse.h"

#include <inttypes.h>

#include "fuzz/mutate.h"

/* Pairs of a program at most. */
#define MAX_PAIRS 64

/* The k-th pair, in an order that has (1,2) (1,3) (2,3) (1,4) and so on. */
static struct refusal nth_pair(uint64_t k)
{
	uint64_t second = 2;

	while (k >= second - 1)
		k -= second++ - 1;
	return (struct refusal){ k + 1, second };
}

bool next_refusal(uint64_t allocations, uint64_t seed, uint64_t n, struct refusal *out)
{
	uint64_t pairs = allocations < 2 ? 0 : allocations * (allocations - 1) / 2, k;

	*out = (struct refusal){ n + 1, 0 };
	if (n < allocations)
		return true;
	k = n - allocations;
	if (k >= pairs || k >= MAX_PAIRS)
		return false;
	if (pairs > MAX_PAIRS) {
		seed += k;
		k = next_random(&seed) % pairs;
	}
	*out = nth_pair(k);
	return true;
}

struct run_options refusing(const struct run_options *o, struct refusal r)
{
	struct run_options options = *o;

	options.refuse_at = r.first;
	options.refuse_then = r.second ? r.second - r.first : 0;
	return options;
}

struct run run_with_refusals(struct judge *j, const struct program *p, const struct run_options *o,
			     struct refusal *failed, uint64_t *operations)
{
	struct run run = run_program(j, p, o);
	uint64_t allocations = j->sim.allocations, n = 0;

	*failed = (struct refusal){ 0, 0 };
	if (operations)
		*operations += run.operations;
	while (run.verdict.check == CHECK_NONE &&
	       next_refusal(allocations, p->memory.seed, n++, failed)) {
		struct run_options options = refusing(o, *failed);

		run = run_program(j, p, &options);
		if (operations)
			*operations += run.operations;
	}
	return run;
}

void print_refusal(struct refusal r, FILE *out)
{
	if (r.second)
		fprintf(out, "allocations %" PRIu64 " and %" PRIu64, r.first, r.second);
	else
		fprintf(out, "allocation %" PRIu64, r.first);
}
