/* The hardware walk: translates one VA, or enumerates a whole table, as a device would. */
#include "oracle/hw.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* One word each: reports and tests search for them. */
const char *const hw_fault_names[HW_FAULTS] = {
	[HW_OK] = "ok",
	[HW_NOT_PRESENT] = "not-present",
	[HW_RESERVED] = "reserved",
	[HW_BAD_LEVEL] = "bad-level",
	[HW_BAD_SIZE] = "bad-size",
	[HW_MISALIGNED] = "misaligned",
	[HW_SKIPPED_VA] = "skipped-va",
	[HW_VA_TOO_WIDE] = "va-too-wide",
	[HW_NO_MEMORY] = "no-memory",
	[HW_DENIED] = "denied",
	[HW_NOT_CANONICAL] = "not-canonical",
	[HW_ACCESS_FLAG] = "access-flag",
};

/* The n lowest bits. Unlike a shift, n may be 64. */
static uint64_t low_bits(unsigned n)
{
	return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

unsigned hw_item_lg2(const struct hw_format *f, unsigned level)
{
	return f->granule_lg2 + level * f->index_lg2;
}

unsigned hw_items_lg2(const struct hw_format *f, const struct hw_device *dev, unsigned level)
{
	unsigned item_lg2 = hw_item_lg2(f, level);

	if (level == dev->level && f->root_lg2)
		return f->root_lg2(f, dev);
	/* equivalent: rel-2: a whole table is what is left then */
	if (level == dev->level && f->max_vasz_lg2 < item_lg2 + f->index_lg2)
		return f->max_vasz_lg2 - item_lg2;
	return f->index_lg2;
}

unsigned hw_pa_lg2(const struct hw_format *f, const struct hw_device *dev)
{
	/* Arm: 48 bits but for LPA and LPA2. */
	return f->can_large_oa && !dev->large_oa ? 48 : f->max_pa_lg2;
}

static bool root_encrypted(const struct hw_device *dev)
{
	return dev->encrypt_bit && dev->root_pa >> dev->encrypt_bit & 1;
}

static uint64_t root_pa(const struct hw_device *dev)
{
	if (!root_encrypted(dev))
		return dev->root_pa;
	return dev->root_pa ^ UINT64_C(1) << dev->encrypt_bit;
}

/* A device entry whose level the format does not have translates nothing. */
static enum hw_fault root_fault(const struct hw_format *f, const struct hw_device *dev)
{
	if (dev->level < f->min_top || dev->level > f->max_top)
		return HW_BAD_LEVEL;
	return HW_OK;
}

/* Null: no memory answers there. */
static const uint64_t *view_table(const struct hw_format *f, const struct hw_device *dev,
				  const struct hw_memory *mem, uint64_t pa, unsigned level)
{
	return mem->view(mem->ctx, pa, (size_t)8 << hw_items_lg2(f, dev, level));
}

/* Levels fall strictly whatever a format says: a walk ends. */
enum hw_fault hw_decode(const struct hw_format *f, const struct hw_device *dev, uint64_t raw,
			    unsigned level, struct hw_item *out)
{
	enum hw_fault fault;

	if (!raw) {
		*out = (struct hw_item){ .kind = HW_EMPTY };
		return HW_NOT_PRESENT;
	}
	fault = f->decode(f, dev, raw, level, out);
	if (fault == HW_OK && out->kind == HW_TABLE && out->next_level >= level)
		return HW_BAD_LEVEL;
	return fault;
}

/* Fill a step whose level and table are known. */
static enum hw_fault take_step(const struct hw_format *f, const struct hw_device *dev,
			       const struct hw_memory *mem, uint64_t va, struct hw_step *step)
{
	const uint64_t *items = view_table(f, dev, mem, step->table_pa, step->level);
	uint64_t index_mask = low_bits(hw_items_lg2(f, dev, step->level));
	unsigned item_lg2 = hw_item_lg2(f, step->level);
	enum hw_fault fault;

	step->index = (uint32_t)(va >> item_lg2 & index_mask);
	if (!items)
		return HW_NO_MEMORY;
	step->raw = items[step->index];
	fault = hw_decode(f, dev, step->raw, step->level, &step->item);
	if (fault != HW_OK || step->item.kind != HW_TABLE)
		return fault;
	if ((va & low_bits(item_lg2)) >> hw_item_lg2(f, step->item.next_level + 1U))
		return HW_SKIPPED_VA;
	return HW_OK;
}

/* The walk has reached its leaf: where does the VA go, and may it? */
static enum hw_fault arrive(uint64_t va, enum hw_access access, const struct hw_attrs *granted,
			    struct hw_walk *out)
{
	out->leaf = out->steps[out->nr_steps - 1].item;
	out->leaf.attrs.read = granted->read;
	out->leaf.attrs.write = granted->write;
	out->oa = out->leaf.address + (va & low_bits(out->leaf.size_lg2));
	out->leaf.attrs.exec = granted->exec;
	out->leaf.attrs.exec_privileged = granted->exec_privileged;
	out->leaf.attrs.user = granted->user;
	if (access == HW_READ && !granted->read)
		return HW_DENIED;
	if (access == HW_WRITE && !granted->write)
		return HW_DENIED;
	return HW_OK;
}

/* VA bits (lg2) that the device looks at. */
static unsigned width_lg2(const struct hw_format *f, const struct hw_device *dev)
{
	return hw_item_lg2(f, dev->level) + hw_items_lg2(f, dev, dev->level);
}

/* What the VA alone makes of an access: HW_OK when a walk begins. */
static enum hw_fault va_fault(const struct hw_format *f, const struct hw_device *dev, uint64_t va)
{
	unsigned width = width_lg2(f, dev);
	uint64_t above;

	if (f->limits_va && dev->vasz_lg2 < width) /* equivalent: rel-1: it is that already */
		width = dev->vasz_lg2;
	/* The highest bit that counts, and all above it, are the same. */
	if (dev->sign_extend) {
		above = va & ~low_bits(width - 1);
		return above == 0 || above == ~low_bits(width - 1) ? HW_OK : HW_NOT_CANONICAL;
	}
	above = va & ~low_bits(width);
	if (dev->upper_half)
		return above == ~low_bits(width) ? HW_OK : HW_VA_TOO_WIDE;
	return above == 0 ? HW_OK : HW_VA_TOO_WIDE;
}

void hw_walk(const struct hw_format *f, const struct hw_device *dev,
	     const struct hw_memory *mem, uint64_t va, enum hw_access access,
	     struct hw_walk *out)
{
	struct hw_attrs granted = { .read = true, .write = true, .exec = true,
				    .exec_privileged = true, .user = true };
	uint64_t pa = root_pa(dev);
	unsigned level = dev->level;
	struct hw_step *step;

	out->fault = root_fault(f, dev);
	out->oa = 0;
	out->leaf = (struct hw_item){ 0 };
	out->nr_steps = 0;
	if (out->fault != HW_OK)
		return;
	out->fault = va_fault(f, dev, va);
	if (out->fault != HW_OK)
		return;
	do {
		step = &out->steps[out->nr_steps++];
		*step = (struct hw_step){ .level = (uint8_t)level, .table_pa = pa };
		step->fault = take_step(f, dev, mem, va, step);
		granted.read &= step->item.attrs.read;
		granted.write &= step->item.attrs.write;
		granted.exec &= step->item.attrs.exec;
		granted.exec_privileged &= step->item.attrs.exec_privileged;
		granted.user &= step->item.attrs.user;
		pa = step->item.address;
		level = step->item.next_level;
	} while (step->fault == HW_OK && step->item.kind == HW_TABLE);
	if (step->fault == HW_OK)
		step->fault = arrive(va, access, &granted, out);
	out->fault = step->fault;
}

/* ---- enumeration ---- */

struct scan {
	const struct hw_format *f;
	const struct hw_device *dev;
	const struct hw_memory *mem;
	size_t max_tables;
	struct hw_map *out;
};

/* A table about to be scanned, and the pointer that leads to it. */
struct visit {
	struct hw_table table;
	bool read, write, exec, exec_privileged, user; /* granted by the pointers down to it */
	uint64_t raw;	  /* of the pointer, and the level of the table that holds it */
	unsigned raw_level;
};

/* Room for one more element: the array, moved and twice as large where it was full. */
static void *make_room(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	/* equivalent: off-1: it only moves at other times */
	*capacity = *capacity ? 2 * *capacity : 64;
	array = realloc(array, *capacity * size);
	if (!array) {
		/* equivalent: drop-1: words */
		fprintf(stderr, "hw_enumerate: out of memory\n");
		abort(); /* equivalent: drop-1: who asked for room writes there */
	}
	return array;
}

static void add_table(struct hw_map *map, const struct hw_table *table)
{
	map->tables = make_room(map->tables, map->nr_tables, &map->cap_tables,
				sizeof(*map->tables));
	map->tables[map->nr_tables++] = *table;
}

static void add_leaf(struct hw_map *map, const struct hw_leaf *leaf)
{
	map->leaves = make_room(map->leaves, map->nr_leaves, &map->cap_leaves,
				sizeof(*map->leaves));
	map->leaves[map->nr_leaves++] = *leaf;
}

/* Note what is wrong, and where; HW_OK: a run is not uniform. False, so that callers stop. */
static bool stop(struct hw_map *map, enum hw_fault fault, uint64_t va, uint64_t raw,
		 unsigned level)
{
	map->fault = fault;
	map->fault_va = va;
	map->fault_raw = raw;
	map->fault_level = level;
	map->run_broken = fault == HW_OK;
	return false;
}

/* The first item from i on that is not zero, or n. A zero item is not present anywhere. */
static size_t next_used(const uint64_t *items, size_t i, size_t n)
{
	while (n - i >= 8 && /* equivalent: rel-1, off-1: the second loop does the rest */
	       !(items[i] | items[i + 1] | items[i + 2] | items[i + 3] | items[i + 4] |
		 items[i + 5] | items[i + 6] | items[i + 7]))
		i += 8; /* equivalent: off-2: one is looked at twice */
	while (i < n && !items[i])
		i++;
	return i;
}

/* Equal in all but accessed and dirty, which hardware sets in any one item of a run. */
static bool same_leaf(const struct hw_item *a, const struct hw_item *b)
{
	return a->kind == b->kind && a->address == b->address && a->size_lg2 == b->size_lg2 &&
	       a->attrs.read == b->attrs.read && a->attrs.write == b->attrs.write &&
	       a->attrs.coherent == b->attrs.coherent &&
	       a->attrs.encrypted == b->attrs.encrypted &&
	       a->attrs.untranslated == b->attrs.untranslated && a->attrs.exec == b->attrs.exec &&
	       a->attrs.exec_privileged == b->attrs.exec_privileged &&
	       a->attrs.user == b->attrs.user && a->attrs.global == b->attrs.global &&
	       a->attrs.type == b->attrs.type;
}

/*
 * Check the run, maybe of one, that starts with items[i], which decodes to *first; gather
 * accessed and dirty there. False: the run is broken or holds a fault, which is noted.
 */
static bool scan_run(struct scan *s, const struct visit *v, const uint64_t *items, size_t i,
		     size_t n, struct hw_item *first)
{
	unsigned level = v->table.level, item_lg2 = hw_item_lg2(s->f, level);
	size_t len = (size_t)1 << (first->size_lg2 - item_lg2);
	struct hw_item item;
	enum hw_fault fault;

	if (i & (len - 1) || n < len)
		return stop(s->out, HW_OK, v->table.va + ((uint64_t)i << item_lg2), items[i],
			    level);
	for (size_t k = i + 1; k < i + len; k++) { /* equivalent: off-2: i is like itself */
		if (items[k] == items[i] && !first->counts_up)
			continue;
		fault = hw_decode(s->f, s->dev, items[k], level, &item);
		if (fault == HW_OK && same_leaf(first, &item) &&
		    (!first->counts_up || item.item_oa == first->item_oa + ((k - i) << item_lg2))) {
			first->attrs.accessed |= item.attrs.accessed;
			first->attrs.dirty |= item.attrs.dirty;
			continue;
		}
		if (fault == HW_NOT_PRESENT)
			fault = HW_OK;
		return stop(s->out, fault, v->table.va + ((uint64_t)k << item_lg2), items[k],
			    level);
	}
	return true;
}

uint64_t hw_item_va(const struct hw_format *f, const struct hw_device *dev, uint64_t table_va,
		    unsigned level, size_t i)
{
	uint64_t va = table_va + ((uint64_t)i << hw_item_lg2(f, level));
	unsigned width = width_lg2(f, dev);

	if (dev->sign_extend && level == dev->level && va >> (width - 1))
		va |= ~low_bits(width);
	return va;
}

static bool scan_table(struct scan *s, const struct visit *v);

/* items[*i] holds something. Moves *i to the next entry; false: stop. */
static bool scan_item(struct scan *s, const struct visit *v, const uint64_t *items, size_t *i,
		      size_t n)
{
	unsigned level = v->table.level, item_lg2 = hw_item_lg2(s->f, level);
	uint64_t va = hw_item_va(s->f, s->dev, v->table.va, level, *i), raw = items[*i];
	struct hw_item item;
	enum hw_fault fault = hw_decode(s->f, s->dev, raw, level, &item);

	if (fault == HW_NOT_PRESENT) {
		++*i;
		return true;
	}
	if (fault != HW_OK)
		return stop(s->out, fault, va, raw, level);
	if (item.kind == HW_TABLE) {
		++*i;
		return scan_table(s, &(struct visit){
			.table = { .pa = item.address, .va = va, .level = item.next_level,
				   .encrypted = item.attrs.encrypted },
			.read = v->read && item.attrs.read,
			.write = v->write && item.attrs.write,
			.exec = v->exec && item.attrs.exec,
			.exec_privileged = v->exec_privileged && item.attrs.exec_privileged,
			.user = v->user && item.attrs.user,
			.raw = raw, .raw_level = level });
	}
	if (!scan_run(s, v, items, *i, n, &item))
		return false;
	item.attrs.read &= v->read;
	item.attrs.write &= v->write;
	item.attrs.exec &= v->exec;
	item.attrs.exec_privileged &= v->exec_privileged;
	item.attrs.user &= v->user;
	add_leaf(s->out, &(struct hw_leaf){ .va = va, .item = item, .level = (uint8_t)level });
	*i += (size_t)1 << (item.size_lg2 - item_lg2);
	return true;
}

/* Recursion ends: decode() lets levels only fall, from HW_MAX_LEVELS - 1 at most. */
static bool scan_table(struct scan *s, const struct visit *v)
{
	size_t n = (size_t)1 << hw_items_lg2(s->f, s->dev, v->table.level), i = 0;
	const uint64_t *items;

	if (s->out->nr_tables >= s->max_tables)
		return false;
	items = view_table(s->f, s->dev, s->mem, v->table.pa, v->table.level);
	if (!items)
		return stop(s->out, HW_NO_MEMORY, v->table.va, v->raw, v->raw_level);
	add_table(s->out, &v->table);
	while ((i = next_used(items, i, n)) < n)
		if (!scan_item(s, v, items, &i, n))
			return false;
	return true;
}

void hw_enumerate(const struct hw_format *f, const struct hw_device *dev,
		  const struct hw_memory *mem, size_t max_tables, struct hw_map *out)
{
	struct scan s = { .f = f, .dev = dev, .mem = mem, .max_tables = max_tables, .out = out };
	struct visit root = { .table = { .pa = root_pa(dev), .level = dev->level,
					 .encrypted = root_encrypted(dev) },
			      .read = true, .write = true, .exec = true,
			      .exec_privileged = true, .user = true,
			      .raw_level = dev->level };

	out->nr_leaves = 0;
	out->nr_tables = 0;
	out->fault = root_fault(f, dev);
	out->fault_va = 0;
	out->fault_raw = 0;
	out->fault_level = dev->level;
	out->run_broken = false;
	if (dev->upper_half)
		root.table.va = ~low_bits(width_lg2(f, dev));
	if (out->fault == HW_OK)
		scan_table(&s, &root);
}

/* ---- reports ---- */

/* Fields wider than this read better in hexadecimal. */
#define DECIMAL_BITS 3

void hw_describe(const struct hw_format *f, uint64_t raw, char *buf, size_t len)
{
	size_t used = 0;

	if (!len)
		return;
	buf[0] = '\0';
	for (const struct hw_field *field = f->fields; field->name; field++) {
		unsigned bits = field->hi - field->lo + 1U;
		const char *prefix = bits > DECIMAL_BITS ? "0x" : "";
		int n = snprintf(buf + used, len - used, "%s%s=%s%" PRIx64, used ? " " : "",
				 field->name, prefix, raw >> field->lo & low_bits(bits));

		/* snprintf has ended a string that did not fit. */
		/* equivalent: rel-1: the next one has no room at all */
		if ((size_t)n >= len - used)
			return;
		used += (size_t)n;
	}
}
