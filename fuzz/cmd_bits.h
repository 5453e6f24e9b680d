/* Which bits of items the programs of a run have had set, and which clear: repro --bits. */
#ifndef WALKDIFF_FUZZ_CMD_BITS_H
#define WALKDIFF_FUZZ_CMD_BITS_H

#include <stdio.h>

#include "fuzz/subjects.h"

/* Bits of all items of one kind that hardware could reach. */
struct bits_of_kind {
	uint64_t items;			     /* looked at */
	uint64_t set, clear;		     /* seen so */
	uint64_t address;		     /* part of the address in some item */
	uint64_t address_set, address_clear; /* seen so where they are */
	uint64_t read, write, exec, exec_privileged; /* alone decide it in some item */
};

struct bits {
	struct bits_of_kind tables, leaves;
	const struct hw_format *hw; /* null: no program of this format has run */
};

/* Look at all live items, as hardware finds them. `all` holds nr_formats of them. */
void bits_look(struct bits *all, struct judge *j);

/*
 * Print, for each format that has run, the bits never seen set and never seen clear; then
 * what is missing: bits of an address, and permissions that the format can both give and
 * refuse. Returns how many are missing.
 */
unsigned bits_print(const struct bits *all, FILE *out);

#endif
