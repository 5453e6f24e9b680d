/*
 * The modelled driver: what a kernel's IOMMU driver does between a page table that asks
 * and a device that has to be told. It is under test together with the encoders: a fault
 * here is one of those that drivers have had.
 */
#include <stdlib.h>

#include "oracle/sim.h"

/* To every unit, and all again when one took nothing: no error hides behind another's success. */
static void submit(struct sim *s, const struct pt_command *commands, unsigned nr)
{
	bool failed;

	do {
		failed = false;
		for (unsigned unit = 0; unit < device_units(&s->dev); unit++)
			failed |= !device_submit(s, unit, commands, nr);
	} while (failed);
}

/* There is nobody who could tell the device: the configuration makes no sense. */
static void check_encoder(struct sim *s)
{
	if (!s->encoder)
		sim_stop(s, CHECK_RESULT, "init takes a configuration that it should refuse");
}

void driver_invalidate(struct sim *s, const struct pt_invalidation *inv)
{
	struct pt_command commands[PT_MAX_COMMANDS];
	unsigned nr;

	check_encoder(s);
	nr = s->encoder->encode(s->encodes_for, &s->dev.unit, inv, commands);
	submit(s, commands, nr);
}

void driver_change_top(struct sim *s, uint64_t pa, unsigned level)
{
	struct pt_command commands[PT_MAX_COMMANDS];
	unsigned nr;

	check_encoder(s);
	/* The word that makes it valid last: hardware may read the entry at any moment. */
	device_store_entry(s, 1, s->dev.unit.domain);
	device_store_entry(s, 0, pa | (uint64_t)level << 1 | 1);
	nr = s->encoder->encode_entry(s->encodes_for, &s->dev.unit, commands);
	submit(s, commands, nr);
}
