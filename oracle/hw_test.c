/*
 * Tests of the walk driver.
 *
 * Goal: every fault of the driver and of the toy format occurs where it must, a walk and
 * an enumeration agree about every VA, and reports are readable.
 * Method: hand-made tables in a memory of a few tables, each exactly as large as hardware
 * reads it; and the toy, small enough to try every shape of a tree.
 */
#include "oracle/hw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern const struct hw_format hw_toy, hw_amdv1;

/* Toy items, from the comment of hw_toy.c; OA and PA are or-ed in. */
#define TABLE	 0x01u
#define LEAF	 0x03u
#define READ	 0x04u
#define WRITE	 0x08u
#define ACCESSED 0x10u
#define DIRTY	 0x20u

/* AMDv1 items. */
#define AMD_RW		0x6000000000000001u
#define AMD_POINTER(to) (AMD_RW | ((to) + 1u) << 9)
#define AMD_SIZED	(AMD_RW | 0xe00u)
#define AMD_ACCESSED	0x20u
#define AMD_DIRTY	0x40u

/* High and not identity, so that a lost address bit shows. */
#define ROOT_PA 0xfedcba9876000u
#define MID_PA	0x8000000001000u
#define LOW_PA	0x0123456789000u

struct memory {
	struct {
		uint64_t pa;
		size_t bytes;
		uint64_t items[512];
	} tables[4];
	size_t nr;
};

static const uint64_t *view(void *ctx, uint64_t pa, size_t bytes)
{
	struct memory *m = ctx;

	for (size_t i = 0; i < m->nr; i++)
		if (m->tables[i].pa == pa && m->tables[i].bytes == bytes)
			return m->tables[i].items;
	return NULL;
}

static uint64_t *add(struct memory *m, uint64_t pa, size_t nr_items)
{
	assert_true(m->nr < sizeof(m->tables) / sizeof(m->tables[0]));
	memset(&m->tables[m->nr], 0, sizeof(m->tables[m->nr]));
	m->tables[m->nr].pa = pa;
	m->tables[m->nr].bytes = nr_items * 8;
	return m->tables[m->nr++].items;
}

/* A toy tree of three levels whose root points to the middle and that to the lowest. */
static struct memory toy_memory;
static uint64_t *toy_root, *toy_mid, *toy_low;
static const struct hw_device toy_device = { .root_pa = ROOT_PA, .level = 2 };
static const struct hw_memory toy_view = { .ctx = &toy_memory, .view = view };

static void make_toy(void)
{
	toy_memory.nr = 0;
	toy_root = add(&toy_memory, ROOT_PA, 2);
	toy_mid = add(&toy_memory, MID_PA, 2);
	toy_low = add(&toy_memory, LOW_PA, 2);
	toy_root[1] = MID_PA | TABLE;
	toy_mid[0] = LOW_PA | TABLE;
	toy_low[1] = 0x42000u | LEAF | READ | ACCESSED;
}

static struct hw_walk toy_walk(uint64_t va, enum hw_access access)
{
	struct hw_walk w;

	hw_walk(&hw_toy, &toy_device, &toy_view, va, access, &w);
	return w;
}

static struct memory amd_memory;
static const struct hw_memory amd_view = { .ctx = &amd_memory, .view = view };

static struct hw_walk amd_walk(uint8_t level, uint64_t va)
{
	struct hw_device dev = { .root_pa = ROOT_PA, .level = level };
	struct hw_walk w;

	hw_walk(&hw_amdv1, &dev, &amd_view, va, HW_PROBE, &w);
	return w;
}

static void amd_enumerate(uint8_t level, size_t max_tables, struct hw_map *map)
{
	struct hw_device dev = { .root_pa = ROOT_PA, .level = level };

	hw_enumerate(&hw_amdv1, &dev, &amd_view, max_tables, map);
}

static void free_map(struct hw_map *map)
{
	free(map->leaves);
	free(map->tables);
}

static void good_fault_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HW_FAULTS; i++) {
		assert_non_null(hw_fault_names[i]);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(hw_fault_names[i], hw_fault_names[k]);
	}
}

static void good_items_of_a_root(void **state)
{
	(void)state;
	assert_int_equal(hw_item_lg2(&hw_amdv1, 0), 12);
	assert_int_equal(hw_item_lg2(&hw_amdv1, 5), 57);
	assert_int_equal(hw_items_lg2(&hw_amdv1, &(struct hw_device){ .level = 0 }, 0), 9);
	assert_int_equal(hw_items_lg2(&hw_amdv1, &(struct hw_device){ .level = 5 }, 4), 9);
	assert_int_equal(hw_items_lg2(&hw_amdv1, &(struct hw_device){ .level = 4 }, 4), 9);
	assert_int_equal(hw_items_lg2(&hw_amdv1, &(struct hw_device){ .level = 5 }, 5), 7);
	assert_int_equal(hw_items_lg2(&hw_toy, &(struct hw_device){ .level = 2 }, 2), 1);
}

static void good_walk(void **state)
{
	struct hw_walk w;

	(void)state;
	make_toy();
	w = toy_walk(0x5678, HW_READ);
	assert_int_equal(w.fault, HW_OK);
	assert_true(w.oa == 0x42678);
	assert_int_equal(w.nr_steps, 3);
	assert_int_equal(w.steps[0].level, 2);
	assert_int_equal(w.steps[0].index, 1);
	assert_true(w.steps[1].table_pa == MID_PA);
	assert_int_equal(w.steps[1].index, 0);
	assert_true(w.steps[2].raw == toy_low[1]);
	assert_int_equal(w.steps[2].item.kind, HW_LEAF);
	assert_int_equal(w.leaf.size_lg2, 12);
	assert_true(w.leaf.attrs.read && !w.leaf.attrs.write);
	assert_true(w.leaf.attrs.accessed && !w.leaf.attrs.dirty);
}

static void good_leaf_at_every_toy_level(void **state)
{
	(void)state;
	make_toy();
	toy_root[0] = 0x44000u | LEAF | READ | WRITE | ACCESSED | DIRTY;
	toy_mid[1] = 0x66000u | LEAF | WRITE;
	assert_true(toy_walk(0x3abc, HW_WRITE).oa == 0x47abc);
	assert_int_equal(toy_walk(0x3abc, HW_PROBE).leaf.size_lg2, 14);
	assert_true(toy_walk(0x7abc, HW_WRITE).oa == 0x67abc);
	assert_int_equal(toy_walk(0x7abc, HW_PROBE).leaf.size_lg2, 13);
	assert_int_equal(toy_walk(0x7abc, HW_READ).fault, HW_DENIED);
}

static void good_ignored_bits(void **state)
{
	(void)state;
	make_toy();
	toy_root[1] |= 0xfff0000000000000u;
	toy_low[1] |= 0xfff0000000000000u;
	assert_true(toy_walk(0x5678, HW_READ).oa == 0x42678);
	toy_low[1] = UINT64_MAX - 1;
	assert_int_equal(toy_walk(0x5678, HW_READ).fault, HW_NOT_PRESENT);
}

static void bad_toy_items(void **state)
{
	static const struct {
		unsigned level;
		uint64_t raw;
		enum hw_fault fault;
	} bad[] = {
		{ 0, 0, HW_NOT_PRESENT },
		{ 0, 0x1000 | TABLE, HW_BAD_LEVEL },
		{ 1, 0x1000 | LEAF, HW_MISALIGNED },
		{ 2, 0x2000 | LEAF, HW_MISALIGNED },
		{ 1, 0x1000 | TABLE | READ, HW_RESERVED },
		{ 1, 0x1000 | TABLE | DIRTY, HW_RESERVED },
		{ 1, 0x1000 | TABLE | 0x40, HW_RESERVED },
		{ 1, 0x1000 | TABLE | 0x800, HW_RESERVED },
		{ 0, 0x1000 | LEAF | 0x40, HW_RESERVED },
		{ 0, 0x1000 | LEAF | 0x800, HW_RESERVED },
		{ 0, 0x100000 | LEAF, HW_RESERVED },
		{ 0, 0x8000000000000 | LEAF, HW_RESERVED },
	};
	struct hw_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hw_toy.decode(&hw_toy, &toy_device, bad[i].raw, bad[i].level,
					       &item),
				 bad[i].fault);
}

static void bad_walks(void **state)
{
	struct hw_walk w;

	(void)state;
	make_toy();
	w = toy_walk(0x0, HW_PROBE);
	assert_int_equal(w.fault, HW_NOT_PRESENT);
	assert_true(w.oa == 0);
	assert_int_equal(toy_walk(0x8000, HW_PROBE).fault, HW_VA_TOO_WIDE);
	assert_int_equal(toy_walk(UINT64_C(1) << 63, HW_PROBE).fault, HW_VA_TOO_WIDE);
	w = toy_walk(0x5000, HW_WRITE);
	assert_int_equal(w.fault, HW_DENIED);
	assert_true(w.oa == 0x42000);
	toy_low[1] |= 0x40;
	w = toy_walk(0x5000, HW_PROBE);
	assert_int_equal(w.fault, HW_RESERVED);
	assert_int_equal(w.steps[2].fault, HW_RESERVED);
	assert_int_equal(w.leaf.kind, HW_EMPTY);
	toy_mid[0] = (LOW_PA ^ 0x1000) | TABLE;
	w = toy_walk(0x5000, HW_PROBE);
	assert_int_equal(w.fault, HW_NO_MEMORY);
	assert_int_equal(w.nr_steps, 3);
	toy_memory.nr = 0;
	assert_int_equal(toy_walk(0x5000, HW_PROBE).fault, HW_NO_MEMORY);
}

static void bad_root_level(void **state)
{
	struct hw_device dev = { .root_pa = ROOT_PA, .level = 3 };
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	hw_walk(&hw_toy, &dev, &toy_view, 0, HW_PROBE, &w);
	assert_int_equal(w.fault, HW_BAD_LEVEL);
	assert_int_equal(w.nr_steps, 0);
	hw_enumerate(&hw_toy, &dev, &toy_view, 9, &map);
	assert_int_equal(map.fault, HW_BAD_LEVEL);
	assert_int_equal(map.fault_level, 3);
	assert_true(map.fault_va == 0 && map.fault_raw == 0);
	assert_int_equal(map.nr_tables, 0);
}

/* Permission of all pointers and the leaf is ANDed; toy pointers always grant. */
static void good_permission_is_anded(void **state)
{
	struct hw_device dev = { .root_pa = ROOT_PA, .level = 2 };
	struct hw_map map = { 0 };
	struct hw_walk w;
	uint64_t *root;

	(void)state;
	amd_memory.nr = 0;
	root = add(&amd_memory, ROOT_PA, 512);
	add(&amd_memory, MID_PA, 512)[0] = LOW_PA | AMD_POINTER(0);
	add(&amd_memory, LOW_PA, 512)[3] = 0x7777000 | AMD_RW;
	root[1] = (MID_PA | AMD_POINTER(1)) & ~(UINT64_C(1) << 62);
	hw_walk(&hw_amdv1, &dev, &amd_view, 0x40003000, HW_WRITE, &w);
	assert_int_equal(w.fault, HW_DENIED);
	assert_true(w.leaf.attrs.read && !w.leaf.attrs.write);
	assert_true(w.steps[2].item.attrs.write);
	hw_walk(&hw_amdv1, &dev, &amd_view, 0x40003000, HW_READ, &w);
	assert_int_equal(w.fault, HW_OK);
	amd_enumerate(2, 9, &map);
	assert_int_equal(map.nr_leaves, 1);
	assert_true(map.leaves[0].item.attrs.read && !map.leaves[0].item.attrs.write);
	root[1] = (MID_PA | AMD_POINTER(1)) & ~(UINT64_C(1) << 61);
	hw_walk(&hw_amdv1, &dev, &amd_view, 0x40003000, HW_READ, &w);
	assert_int_equal(w.fault, HW_DENIED);
	amd_enumerate(2, 9, &map);
	assert_true(!map.leaves[0].item.attrs.read && map.leaves[0].item.attrs.write);
	free_map(&map);
}

static void good_skipped_levels(void **state)
{
	struct hw_map map = { 0 };
	uint64_t *root;

	(void)state;
	amd_memory.nr = 0;
	root = add(&amd_memory, ROOT_PA, 128);
	root[127] = LOW_PA | AMD_POINTER(0);
	add(&amd_memory, LOW_PA, 512)[511] = 0x5000 | AMD_RW;
	assert_true(amd_walk(5, 0xfe000000001ff123).oa == 0x5123);
	assert_int_equal(amd_walk(5, 0xfe000000003ff123).fault, HW_SKIPPED_VA);
	assert_int_equal(amd_walk(5, 0xff000000001ff123).fault, HW_SKIPPED_VA);
	amd_enumerate(5, 9, &map);
	assert_int_equal(map.fault, HW_OK);
	assert_int_equal(map.nr_tables, 2);
	assert_int_equal(map.tables[1].level, 0);
	assert_true(map.tables[1].va == 0xfe00000000000000);
	assert_int_equal(map.nr_leaves, 1);
	assert_true(map.leaves[0].va == 0xfe000000001ff000);
	free_map(&map);
}

static void good_encrypted_tables(void **state)
{
	uint64_t c_bit = UINT64_C(1) << 51;
	struct hw_device dev = { .root_pa = LOW_PA | c_bit, .level = 1, .encrypt_bit = 51 };
	struct hw_map map = { 0 };
	struct hw_walk w;

	(void)state;
	amd_memory.nr = 0;
	add(&amd_memory, LOW_PA, 512)[0] = 0x1234000 | c_bit | AMD_POINTER(0);
	add(&amd_memory, 0x1234000, 512)[0] = 0x5000 | AMD_RW;
	hw_walk(&hw_amdv1, &dev, &amd_view, 0, HW_READ, &w);
	assert_int_equal(w.fault, HW_OK);
	hw_enumerate(&hw_amdv1, &dev, &amd_view, 9, &map);
	assert_int_equal(map.nr_tables, 2);
	assert_true(map.tables[0].encrypted && map.tables[1].encrypted);
	assert_true(map.tables[0].pa == LOW_PA);
	assert_true(map.tables[1].pa == 0x1234000);
	dev.root_pa = LOW_PA;
	hw_enumerate(&hw_amdv1, &dev, &amd_view, 9, &map);
	assert_false(map.tables[0].encrypted);
	free_map(&map);
}

static void good_enumerate_order(void **state)
{
	struct hw_map map = { 0 };

	(void)state;
	make_toy();
	toy_root[0] = MID_PA | TABLE; /* both halves of the root reach the same tables */
	toy_low[0] = 0x41000 | LEAF | WRITE;
	toy_mid[1] = 0x46000 | LEAF | READ;
	for (unsigned round = 0; round < 2; round++) {
		hw_enumerate(&hw_toy, &toy_device, &toy_view, 9, &map);
		assert_int_equal(map.fault, HW_OK);
		assert_int_equal(map.nr_tables, 5);
		assert_true(map.tables[0].pa == ROOT_PA && map.tables[0].level == 2);
		assert_true(map.tables[2].pa == LOW_PA && map.tables[2].va == 0);
		assert_true(map.tables[4].pa == LOW_PA && map.tables[4].va == 0x4000);
		assert_int_equal(map.nr_leaves, 6);
		for (size_t i = 1; i < map.nr_leaves; i++)
			assert_true(map.leaves[i - 1].va < map.leaves[i].va);
		assert_int_equal(map.leaves[2].level, 1);
		assert_int_equal(map.cap_leaves, 64); /* kept, not grown */
	}
	/* It stops there: the leaf after the third table is not seen. */
	hw_enumerate(&hw_toy, &toy_device, &toy_view, 2, &map);
	assert_int_equal(map.nr_tables, 2);
	assert_int_equal(map.nr_leaves, 0);
	assert_int_equal(map.fault, HW_OK);
	free_map(&map);
}

/* Items that are not zero and not present are passed over, whatever else they hold. */
static void good_absent_items(void **state)
{
	struct hw_map map = { 0 };
	uint64_t *root;

	(void)state;
	amd_memory.nr = 0;
	root = add(&amd_memory, ROOT_PA, 512);
	for (unsigned i = 0; i < 512; i++)
		root[i] = i % 3 ? UINT64_MAX - 1 : 0x5000 | AMD_RW;
	amd_enumerate(0, 9, &map);
	assert_int_equal(map.fault, HW_OK);
	assert_int_equal(map.nr_leaves, 171);
	for (size_t i = 0; i < map.nr_leaves; i++)
		assert_true(map.leaves[i].va == 3 * i << 12);
	free_map(&map);
}

static void good_full_table(void **state)
{
	struct hw_map map = { 0 };
	uint64_t *root;

	(void)state;
	amd_memory.nr = 0;
	root = add(&amd_memory, ROOT_PA, 512);
	for (uint64_t i = 0; i < 512; i++)
		root[i] = (i * 7 % 512) << 12 | AMD_RW;
	amd_enumerate(0, 9, &map);
	assert_int_equal(map.nr_leaves, 512);
	for (uint64_t i = 0; i < 512; i++) {
		assert_true(map.leaves[i].va == i << 12);
		assert_true(map.leaves[i].item.address == (i * 7 % 512) << 12);
	}
	free_map(&map);
}

static const uint64_t *view_table(void *ctx, uint64_t pa, size_t bytes)
{
	assert_true(pa == ROOT_PA && bytes == 4096);
	return ctx;
}

/* Nothing may be read behind the table, the zeros of which are skipped in blocks. */
static void good_no_read_past_a_table(void **state)
{
	struct hw_device dev = { .root_pa = ROOT_PA };
	struct hw_memory mem = { .view = view_table };
	struct hw_map map = { 0 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	uint64_t *root;

	(void)state;
	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	root = (uint64_t *)(void *)(pages + page - 4096);
	mem.ctx = root;
	hw_enumerate(&hw_amdv1, &dev, &mem, 9, &map);
	assert_int_equal(map.nr_leaves, 0);
	for (size_t i = 496; i < 512; i++) {
		root[i] = AMD_RW;
		hw_enumerate(&hw_amdv1, &dev, &mem, 9, &map);
		assert_int_equal(map.nr_leaves, 1);
		assert_true(map.leaves[0].va == i << 12);
		root[i] = 0;
	}
	free_map(&map);
	assert_int_equal(munmap(pages, 2 * page), 0);
}

static void good_run(void **state)
{
	struct hw_map map = { 0 };
	uint64_t *root;

	(void)state;
	amd_memory.nr = 0;
	root = add(&amd_memory, ROOT_PA, 512);
	for (size_t i = 8; i < 12; i++)
		root[i] = 0x12345000 | AMD_SIZED;
	root[12] = 0x9000 | AMD_RW;
	root[10] |= AMD_DIRTY;
	root[11] |= AMD_ACCESSED;
	amd_enumerate(0, 9, &map);
	assert_int_equal(map.fault, HW_OK);
	assert_false(map.run_broken);
	assert_int_equal(map.nr_leaves, 2);
	assert_true(map.leaves[0].va == 0x8000);
	assert_true(map.leaves[0].item.address == 0x12344000);
	assert_int_equal(map.leaves[0].item.size_lg2, 14);
	assert_true(map.leaves[0].item.attrs.dirty && map.leaves[0].item.attrs.accessed);
	assert_true(map.leaves[1].va == 0xc000);
	assert_true(amd_walk(0, 0xa123).oa == 0x12346123);
	free_map(&map);
}

/* What replaces one item of a 16K run of items 8..11. */
static const struct {
	size_t index;
	uint64_t raw;
	enum hw_fault fault;
} broken_runs[] = {
	{ 9, 0, HW_OK },
	{ 11, 0x12341000 | AMD_SIZED, HW_OK },
	{ 11, 0x12343000 | AMD_SIZED, HW_OK },
	{ 10, (0x12345000 | AMD_SIZED) & ~(UINT64_C(1) << 62), HW_OK },
	{ 10, 0x12345000 | AMD_SIZED | UINT64_C(1) << 59, HW_OK },
	{ 10, 0x12345000 | AMD_SIZED | UINT64_C(1) << 60, HW_OK },
	{ 10, 0x12344000 | AMD_RW, HW_OK },
	{ 10, 0x12345000 | AMD_SIZED | UINT64_C(1) << 52, HW_RESERVED },
};

static void bad_runs(void **state)
{
	struct hw_map map = { 0 };
	uint64_t *root;

	(void)state;
	for (size_t i = 0; i < sizeof(broken_runs) / sizeof(broken_runs[0]); i++) {
		amd_memory.nr = 0;
		root = add(&amd_memory, ROOT_PA, 512);
		for (size_t k = 8; k < 12; k++)
			root[k] = 0x12345000 | AMD_SIZED;
		root[broken_runs[i].index] = broken_runs[i].raw;
		amd_enumerate(0, 9, &map);
		assert_int_equal(map.fault, broken_runs[i].fault);
		assert_int_equal(map.run_broken, broken_runs[i].fault == HW_OK);
		assert_true(map.fault_va == broken_runs[i].index << 12);
		assert_true(map.fault_raw == broken_runs[i].raw);
		assert_int_equal(map.nr_leaves, 0);
	}
	/* A run that does not start where it must: its first items are missing. */
	root[8] = 0;
	amd_enumerate(0, 9, &map);
	assert_true(map.run_broken);
	assert_true(map.fault_va == 0x9000);
	root[9] = 0;
	root[10] = 0;
	root[11] = 0;
	amd_enumerate(0, 9, &map);
	assert_false(map.run_broken);
	free_map(&map);
}

static void bad_run_half_encrypted(void **state)
{
	struct hw_device dev = { .root_pa = ROOT_PA, .encrypt_bit = 47 };
	struct hw_map map = { 0 };
	uint64_t *root;

	(void)state;
	amd_memory.nr = 0;
	root = add(&amd_memory, ROOT_PA & ~(UINT64_C(1) << 47), 512);
	root[0] = 0x2000 | AMD_SIZED;
	root[1] = 0x2000 | AMD_SIZED | UINT64_C(1) << 47;
	hw_enumerate(&hw_amdv1, &dev, &amd_view, 9, &map);
	assert_true(map.run_broken);
	assert_true(map.fault_va == 0x1000);
	free_map(&map);
}

static void bad_enumerations(void **state)
{
	struct hw_map map = { 0 };

	(void)state;
	make_toy();
	toy_low[1] |= 0x800;
	toy_mid[1] = 0x46000 | LEAF | READ;
	hw_enumerate(&hw_toy, &toy_device, &toy_view, 9, &map);
	assert_int_equal(map.fault, HW_RESERVED);
	assert_true(map.fault_va == 0x5000);
	assert_true(map.fault_raw == toy_low[1]);
	assert_int_equal(map.fault_level, 0);
	assert_false(map.run_broken);
	assert_int_equal(map.nr_leaves, 0); /* none of those behind it */
	toy_mid[0] = 0x1000 | TABLE;
	hw_enumerate(&hw_toy, &toy_device, &toy_view, 9, &map);
	assert_int_equal(map.fault, HW_NO_MEMORY);
	assert_true(map.fault_va == 0x4000);
	assert_true(map.fault_raw == (0x1000 | TABLE));
	assert_int_equal(map.fault_level, 1);
	assert_int_equal(map.nr_tables, 2);
	free_map(&map);
}

/* Inclusive. */
static uint64_t leaf_end(const struct hw_leaf *leaf)
{
	return leaf->va + ((UINT64_C(1) << leaf->item.size_lg2) - 1);
}

/* Each VA page of the tree: the walk and the enumeration say the same. */
static void compare_with_walks(const struct hw_map *map)
{
	size_t i = 0;

	for (uint64_t va = 0x234; va < 0x8000; va += 0x1000) {
		struct hw_walk w = toy_walk(va, HW_PROBE);
		const struct hw_leaf *leaf;

		while (i < map->nr_leaves && leaf_end(&map->leaves[i]) < va)
			i++;
		if (i == map->nr_leaves || map->leaves[i].va > va) {
			assert_int_equal(w.fault, HW_NOT_PRESENT);
			continue;
		}
		leaf = &map->leaves[i];
		assert_int_equal(w.fault, HW_OK);
		assert_true(w.oa == leaf->item.address + (va - leaf->va));
		assert_int_equal(w.leaf.attrs.read, leaf->item.attrs.read);
		assert_int_equal(w.leaf.attrs.write, leaf->item.attrs.write);
	}
}

static void good_every_toy_tree(void **state)
{
	static const uint64_t choices[3][3] = {
		{ 0, 0x41000 | LEAF | READ, 0x52000 | LEAF | WRITE },
		{ 0, 0x62000 | LEAF | READ | WRITE, LOW_PA | TABLE },
		{ 0, 0x74000 | LEAF | READ | WRITE, MID_PA | TABLE },
	};
	struct hw_map map = { 0 };

	(void)state;
	make_toy();
	for (unsigned n = 0; n < 729; n++) {
		toy_low[0] = choices[0][n % 3];
		toy_low[1] = choices[0][n / 3 % 3];
		toy_mid[0] = choices[1][n / 9 % 3];
		toy_mid[1] = choices[1][n / 27 % 3];
		toy_root[0] = choices[2][n / 81 % 3];
		toy_root[1] = choices[2][n / 243];
		hw_enumerate(&hw_toy, &toy_device, &toy_view, 9, &map);
		assert_int_equal(map.fault, HW_OK);
		compare_with_walks(&map);
	}
	free_map(&map);
}

static void good_toy_promises(void **state)
{
	static const struct {
		struct hw_request ask;
		struct hw_attrs get;
	} good[] = {
		{ { .read = true }, { .read = true, .accessed = true, .exec = true, .exec_privileged = true, .user = true } },
		{ { .write = true }, { .write = true, .accessed = true, .dirty = true, .exec = true, .exec_privileged = true,
				       .user = true } },
		{ { .write = true, .dirty_tracking = true },
		  { .write = true, .exec = true, .exec_privileged = true, .user = true } },
		{ { .read = true, .dirty_tracking = true }, { .read = true, .accessed = true, .exec = true, .exec_privileged = true, .user = true } },
		{ { .read = true, .cache = true, .mmio = true },
		  { .read = true, .accessed = true, .exec = true, .exec_privileged = true, .user = true } },
	};
	struct hw_attrs attrs;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(hw_toy.promise(&hw_toy, &good[i].ask, &attrs));
		assert_memory_equal(&attrs, &good[i].get, sizeof(attrs));
	}
}

static void bad_toy_promises(void **state)
{
	static const struct hw_request refused[] = {
		{ .read = true, .noexec = true },
		{ .read = true, .force_coherence = true },
		{ .read = true, .encrypt = true },
		{ .read = true, .encrypt = true, .mmio = true },
	};
	struct hw_attrs attrs;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(hw_toy.promise(&hw_toy, &refused[i], &attrs));
}

static void good_describe(void **state)
{
	static const char want[] = "Address=0x42 D=0 A=1 W=0 R=1 L=1 P=1";
	char buf[128];

	(void)state;
	hw_describe(&hw_toy, 0x42000 | LEAF | READ | ACCESSED, buf, sizeof(buf));
	assert_string_equal(buf, want);
	for (size_t len = 0; len <= sizeof(want); len++) {
		memset(buf, '#', sizeof(buf));
		hw_describe(&hw_toy, 0x42000 | LEAF | READ | ACCESSED, buf, len);
		for (size_t i = len; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
		if (!len)
			continue;
		assert_int_equal(strlen(buf), len - 1);
		assert_memory_equal(buf, want, len - 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_fault_names),
		cmocka_unit_test(good_items_of_a_root),
		cmocka_unit_test(good_walk),
		cmocka_unit_test(good_leaf_at_every_toy_level),
		cmocka_unit_test(good_ignored_bits),
		cmocka_unit_test(bad_toy_items),
		cmocka_unit_test(bad_walks),
		cmocka_unit_test(bad_root_level),
		cmocka_unit_test(good_permission_is_anded),
		cmocka_unit_test(good_skipped_levels),
		cmocka_unit_test(good_encrypted_tables),
		cmocka_unit_test(good_enumerate_order),
		cmocka_unit_test(good_absent_items),
		cmocka_unit_test(good_full_table),
		cmocka_unit_test(good_no_read_past_a_table),
		cmocka_unit_test(good_run),
		cmocka_unit_test(bad_runs),
		cmocka_unit_test(bad_run_half_encrypted),
		cmocka_unit_test(bad_enumerations),
		cmocka_unit_test(good_every_toy_tree),
		cmocka_unit_test(good_toy_promises),
		cmocka_unit_test(bad_toy_promises),
		cmocka_unit_test(good_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
