/*
 * Which bits of items were ever set and ever clear.
 *
 * What a bit means is asked of the hardware's own decoding: a bit is part of the address
 * of an item when the item, with this bit flipped, is the same but for its address; it
 * is a permission when that changes a leaf into another one that the format promises to
 * write. So no format is named, and a new one needs nothing here.
 */
#include "fuzz/cmd_bits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/pt.h"

/* ---- what a bit means ---- */

/* Where an item leads; an item of a run that counts up has an address of its own. */
static uint64_t address_of(const struct hw_item *item)
{
	return item->counts_up ? item->item_oa : item->address;
}

static bool same_attrs(const struct hw_attrs *a, const struct hw_attrs *b)
{
	/* A promise gives or takes execution with and without privilege; a bit may take one. */
	bool exec = a->exec == b->exec || a->exec_privileged == b->exec_privileged;

	return a->read == b->read && a->write == b->write && exec && a->global == b->global &&
	       a->user == b->user && a->type == b->type && a->coherent == b->coherent &&
	       a->encrypted == b->encrypted && a->untranslated == b->untranslated;
}

/* The n-th prot, what a leaf of it must be; false when the format cannot say it. */
static bool promise_of(const struct hw_format *hw, uint64_t features, unsigned prot,
		       struct hw_attrs *out)
{
	struct hw_request request = {
		.read = prot & PT_READ,
		.write = prot & PT_WRITE,
		.noexec = prot & PT_NOEXEC,
		.cache = prot & PT_CACHE,
		.mmio = prot & PT_MMIO,
		.force_coherence = features & PT_FORCE_COHERENCE,
		.encrypt = features & PT_ENCRYPT_TABLES,
		.memory_types = features & PT_MEMORY_TYPES,
	};

	return (prot & (PT_READ | PT_WRITE)) && hw->promise(hw, &request, out);
}

#define PROTS (2U * PT_MMIO)

/* Some mapping asks for such a leaf. Accessed and dirty change by themselves. */
static bool is_promised(const struct judge *j, const struct hw_attrs *attrs)
{
	struct hw_attrs promised;

	for (unsigned prot = 0; prot < PROTS; prot++)
		if (promise_of(j->subject.hw, j->config.features, prot, &promised) &&
		    same_attrs(&promised, attrs))
			return true;
	return false;
}

/* Software puts no table where none may lie, however the field could say so. */
static bool may_lie_there(const struct hw_format *hw, const struct hw_item *item)
{
	unsigned alignment_lg2 = hw->alignment_lg2 ? hw->alignment_lg2 : 12;

	return item->kind != HW_TABLE || item->address % (UINT64_C(1) << alignment_lg2) == 0;
}

static void look_at_bit(struct bits_of_kind *bits, const struct judge *j, uint64_t raw,
			unsigned level, const struct hw_item *item, uint64_t bit)
{
	const struct hw_format *hw = j->subject.hw;
	const struct hw_attrs *was = &item->attrs;
	struct hw_item flipped;

	if (hw->decode(hw, &j->sim.device, raw ^ bit, level, &flipped) != HW_OK ||
	    flipped.kind != item->kind || flipped.size_lg2 != item->size_lg2 ||
	    !may_lie_there(hw, &flipped))
		return;
	if (address_of(&flipped) != address_of(item)) {
		bits->address |= bit;
		bits->address_set |= raw & bit;
		bits->address_clear |= ~raw & bit;
		return;
	}
	if (item->kind != HW_LEAF || !is_promised(j, &flipped.attrs))
		return;
	bits->read |= flipped.attrs.read != was->read ? bit : 0;
	bits->write |= flipped.attrs.write != was->write ? bit : 0;
	bits->exec |= flipped.attrs.exec != was->exec ? bit : 0;
	bits->exec_privileged |= flipped.attrs.exec_privileged != was->exec_privileged ? bit : 0;
}

static void look_at_item(struct bits *b, const struct judge *j, uint64_t raw, unsigned level)
{
	const struct hw_format *hw = j->subject.hw;
	struct bits_of_kind *bits;
	struct hw_item item;

	if (hw->decode(hw, &j->sim.device, raw, level, &item) != HW_OK)
		return;
	bits = item.kind == HW_TABLE ? &b->tables : &b->leaves;
	bits->items++;
	bits->set |= raw;
	bits->clear |= ~raw;
	for (unsigned n = 0; n < 64; n++)
		look_at_bit(bits, j, raw, level, &item, UINT64_C(1) << n);
}

void bits_look(struct bits *all, struct judge *j)
{
	const struct hw_format *hw = j->subject.hw;
	struct hw_memory memory = sim_hw_memory(&j->sim);
	struct hw_map map = { 0 };
	struct bits *b = all;

	while (b->hw && b->hw != hw)
		b++;
	b->hw = hw;
	hw_enumerate(hw, &j->sim.device, &memory, j->sim.memory->capacity, &map);
	for (size_t t = 0; t < map.nr_tables; t++) {
		const struct hw_table *table = &map.tables[t];
		size_t items = (size_t)1 << hw_items_lg2(hw, &j->sim.device, table->level);
		const uint64_t *raw = memory.view(memory.ctx, table->pa, items * sizeof(*raw));

		for (size_t i = 0; raw && i < items; i++)
			if (raw[i])
				look_at_item(b, j, raw[i], table->level);
	}
	free(map.leaves);
	free(map.tables);
}

/* ---- the sums ---- */

/* "51:48 12" */
static void print_bits(uint64_t bits, FILE *out)
{
	for (int hi = 63; hi >= 0; hi--) {
		int lo = hi;

		if (!(bits >> hi & 1))
			continue;
		while (lo > 0 && bits >> (lo - 1) & 1)
			lo--;
		if (lo < hi)
			fprintf(out, " %d:%d", hi, lo);
		else
			fprintf(out, " %d", hi);
		hi = lo;
	}
}

static unsigned print_missing(const char *kind, const char *how, uint64_t bits, FILE *out)
{
	if (!bits)
		return 0;
	fprintf(out, "  missing: bits of the address in %s, never seen %s:", kind, how);
	print_bits(bits, out);
	fputc('\n', out);
	return (unsigned)__builtin_popcountll(bits);
}

static unsigned print_kind(const struct bits_of_kind *bits, const char *kind, FILE *out)
{
	fprintf(out, "  %s: %" PRIu64 " items; address", kind, bits->items);
	print_bits(bits->address, out);
	fputs("; never set", out);
	print_bits(~bits->set, out);
	fputs("; never clear", out);
	print_bits(~bits->clear, out);
	fputc('\n', out);
	return print_missing(kind, "set", bits->address & ~bits->address_set, out) +
	       print_missing(kind, "clear", bits->address & ~bits->address_clear, out);
}

/*
 * A permission that some mappings have and others lack needs a bit that was seen both
 * ways. Where several bits could say it, those that the format leaves alone are only told.
 */
static unsigned print_permission(const struct bits_of_kind *leaves, const char *name,
				 uint64_t carriers, bool varies, FILE *out)
{
	uint64_t both = carriers & leaves->set & leaves->clear;

	if (!varies)
		return 0;
	if (both) {
		fprintf(out, "  %s:", name);
		print_bits(both, out);
		if (both != carriers) {
			fputs("; could be said by, and is not,", out);
			print_bits(carriers & ~both, out);
		}
		fputc('\n', out);
		return 0;
	}
	fprintf(out, "  missing: no bit of leaves that says %s was seen set and clear:", name);
	print_bits(carriers, out);
	fputc('\n', out);
	return 1;
}

static unsigned print_permissions(const struct bits *b, FILE *out)
{
	bool may[4] = { false }, may_not[4] = { false };
	struct hw_attrs a;

	for (unsigned prot = 0; prot < PROTS; prot++)
		if (promise_of(b->hw, 0, prot, &a)) {
			bool said[4] = { a.read, a.write, a.exec, a.exec_privileged };

			for (unsigned i = 0; i < 4; i++)
				*(said[i] ? &may[i] : &may_not[i]) = true;
		}
	return print_permission(&b->leaves, "read", b->leaves.read, may[0] && may_not[0], out) +
	       print_permission(&b->leaves, "write", b->leaves.write, may[1] && may_not[1], out) +
	       print_permission(&b->leaves, "exec", b->leaves.exec, may[2] && may_not[2], out) +
	       print_permission(&b->leaves, "exec, privileged", b->leaves.exec_privileged,
				may[3] && may_not[3], out);
}

unsigned bits_print(const struct bits *all, FILE *out)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < nr_formats && all[i].hw; i++) {
		fprintf(out, "%s\n", all[i].hw->name);
		missing += print_kind(&all[i].tables, "tables", out);
		missing += print_kind(&all[i].leaves, "leaves", out);
		missing += print_permissions(&all[i], out);
	}
	fprintf(out, "%u missing\n", missing);
	return missing;
}
