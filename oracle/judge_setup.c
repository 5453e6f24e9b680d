/* A judge made, and made ready for a run: its machine, and who encodes its commands. */
#include <stdlib.h>
#include <string.h>

#include "oracle/judge_parts.h"

/* not mutated: more is as good, less is for AddressSanitizer to see */
/* Room for a page table object, and how much it is: whole lines. */
static struct pt *alloc_object(size_t *size)
{
	struct pt *pt;

	*size = (*size + 63) & ~(size_t)63;
	pt = aligned_alloc(64, *size);
	if (!pt)
		abort();
	return pt;
}

/* ---- who encodes ---- */

static void release_encoder(struct judge *j)
{
	if (j->encoder)
		j->sim.encoder->deinit(j->encoder);
	free(j->encoder); /* equivalent: drop-1, swap-1: a leak */
	j->encoder = NULL;
}

/* Commands are made by the implementation, or by ours of the same format and configuration. */
static void choose_encoder(struct judge *j)
{
	const struct foreign *f = j->subject.foreign;
	size_t size;

	j->sim.encoder = j->subject.ops;
	j->sim.encodes_for = j->pt;
	if (j->subject.ops->encode)
		return;
	size = f->own->size;
	j->encoder = alloc_object(&size);
	j->sim.encoder = f->own;
	if (f->own->init(j->encoder, &j->config, NULL)) { /* nor should the implementation take it */
		free(j->encoder); /* equivalent: drop-1, swap-1: a leak */
		j->encoder = NULL;
		j->sim.encoder = NULL;
	}
	j->sim.encodes_for = j->encoder;
}

/* ---- beginning and end ---- */

struct judge *judge_create(uint32_t tables)
{
	struct judge *j = calloc(1, sizeof(*j)); /* equivalent: off-1: more room */
	bool good = true;

	if (!j)
		return NULL;
	/* One word more than bits need, to see writes behind the end. */
	/* equivalent: rel-1: one more than there are, for a sanitizer to see */
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		/* equivalent: off-2, off-3: more room */
		j->dirty[i].words = calloc(JUDGE_MAX_BITS / 64 + 2, sizeof(uint64_t));
		/* equivalent: off-2, off-3: more room */
		j->dirty[i].want = calloc(JUDGE_MAX_BITS / 64 + 2, sizeof(uint64_t));
		/* equivalent: logic-1, logic-2: as long as there is memory */
		good = good && j->dirty[i].words && j->dirty[i].want;
	}
	/* equivalent: logic-1: likewise */
	if (sim_create(&j->sim, tables) && good)
		return j;
	judge_destroy(j); /* equivalent: drop-1: a leak */
	return NULL;
}

/* not mutated: what is not freed is for LeakSanitizer to see; any order will do */
void judge_destroy(struct judge *j)
{
	if (!j)
		return;
	sim_destroy(&j->sim);
	flat_free(&j->flat);
	free(j->map.leaves);
	free(j->map.tables);
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		free(j->dirty[i].words);
		free(j->dirty[i].want);
		free(j->dirty[i].cleaned);
	}
	release_encoder(j);
	free(j->pt);
	free(j);
}

static bool init_can_succeed(const struct hw_format *hw, const struct pt_config *c)
{
	return judge_predict_init(hw, c) == 0;
}

/* Forget the last run: of `config`, which the implementation takes. */
static void reset(struct judge *j, const struct subject *subject, const struct pt_config *config,
		  const struct memory_config *memory)
{
	bool encrypts = config->features & PT_ENCRYPT_TABLES;
	struct hw_device dev = judge_device(config);
	unsigned pa_lg2 = hw_pa_lg2(subject->hw, &dev), slot_lg2;

	j->subject = *subject;
	j->config = *config;
	/* equivalent: rel-1: it is that already */
	if (encrypts && config->encrypt_bit < pa_lg2 && config->encrypt_bit > MEMORY_PAGE_LG2)
		pa_lg2 = config->encrypt_bit;
	/* A slot holds the largest table there may be: a root of many. */
	slot_lg2 = subject->hw->index_lg2 + 3u;
	if (subject->hw->root_lg2 && init_can_succeed(subject->hw, config) &&
	    /* equivalent: rel-1, off-1: it is that already */
	    hw_items_lg2(subject->hw, &dev, dev.level) + 3 > slot_lg2)
		/* equivalent: off-1: more room */
		slot_lg2 = hw_items_lg2(subject->hw, &dev, dev.level) + 3;
	sim_reset(&j->sim, &(struct sim_config){
				   .memory = memory,
				   .device_flags = j->device_flags,
				   .ops = subject->ops,
				   .foreign = subject->foreign,
				   .hw = subject->hw,
				   .inv = subject->inv,
				   .device = dev,
				   .pa_lg2 = pa_lg2,
				   .slot_lg2 = slot_lg2,
				   .incoherent = config->features & PT_DMA_INCOHERENT,
				   .caches_not_present = config->features & PT_NP_CACHE,
				   /* equivalent: off-1: CHECK_NONE says nothing */
				   .off = j->off | (subject->foreign ? subject->foreign->off : 0) });
	/* equivalent: rel-1: another one as large */
	if (j->pt_size < subject->ops->size) {
		free(j->pt); /* equivalent: drop-1, swap-1: a leak; any order will do */
		j->pt_size = subject->ops->size;
		j->pt = alloc_object(&j->pt_size);
	}
	memset((void *)j->pt, 0xa5, j->pt_size); /* not mutated: any that is not 0 */
	j->sim.object = j->pt;
	j->sim.object_size = j->pt_size;
	flat_reset(&j->flat, judge_sizes(subject->hw, config), config->vasz_lg2,
		   config->features & PT_SIGN_EXTEND ? FLAT_BOTH_ENDS :
		   config->features & PT_UPPER_HALF  ? FLAT_HIGH :
						       FLAT_LOW,
		   last_below(config->oasz_lg2));
	/* equivalent: off-1: a leak */
	for (unsigned i = 0; i < SIM_THREADS; i++) {
		free(j->dirty[i].cleaned); /* equivalent: drop-1, swap-1: a leak */
		j->dirty[i].cleaned = NULL;
	}
	j->race.on = false;
	j->ready = false;
	j->thorough = true;
	j->judged = false;
	j->peak_bytes = j->operations = 0;
	memset(j->leaves, 0, sizeof(j->leaves));
}

void judge_reset(struct judge *j, const struct subject *subject, const struct pt_config *asked,
		 const struct memory_config *memory)
{
	struct pt_config fitted = *asked;

	release_encoder(j); /* equivalent: drop-1: a leak */
	if (subject->ops->fit)
		subject->ops->fit(&fitted);
	reset(j, subject, &fitted, memory);
	choose_encoder(j);
}

void *judge_env(struct judge *j)
{
	return j->subject.foreign ? (void *)&j->sim.host : &j->sim;
}
