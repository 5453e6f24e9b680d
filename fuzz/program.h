/*
 * A program: a configuration, a machine, and a sequence of operations. Two forms,
 * converted without loss: bytes for fuzzing engines, text for people
 * (docs/LANGUAGE.md).
 */
#ifndef WALKDIFF_FUZZ_PROGRAM_H
#define WALKDIFF_FUZZ_PROGRAM_H

#include <stdio.h>

#include "oracle/judge.h"

/* Which judges a program is for. */
enum target {
	TARGET_OPS,    /* any sequence, one thread, agrees with every judge after every operation */
	TARGET_DECODE, /* any bytes as table memory: software and hardware decode alike */
	TARGET_SAME,   /* different routes to one map end the same */
	TARGET_RACE,   /* any sequences, 1..4 threads, under any schedule */
	TARGETS,
};

extern const char *const target_names[TARGETS];

enum op_kind {
	OP_MAP,
	OP_UNMAP,
	OP_TRANSLATE,
	OP_DMA_READ,
	OP_DMA_WRITE,
	OP_SYNC,
	OP_REFUSE, /* refuse the n-th allocation from here, and count - 1 after it */
	OP_SET_DIRTY,
	OP_READ_DIRTY,
	OP_CUT,
	OP_EVICT,  /* a cache lets go of a line, or a translation */
	OP_ITEM,   /* decode: write an item into table memory */
	OP_FLIP,   /* decode: flip one bit of an item */
	OP_PROBE,  /* decode: walk to iova, both ways */
	OP_SPLIT,  /* same: route split begins a new call there */
	OP_SCHEDULE, /* race: who decides which thread goes on; the first one counts */
	OP_SWITCH, /* race, strategy raw: after so many events since the last go on with a thread */
	OP_KINDS,
};

#define OP_MAX_ARGS 6
#define OP_WIDE_ARGS 3 /* those of 8 bytes; the rest are small */

struct op {
	uint8_t kind;
	uint8_t prot; /* OP_MAP: of enum pt_prot */
	uint64_t args[OP_MAX_ARGS];
	uint8_t thread; /* race: whose operation it is */
};

/* What an argument is; decides how it is drawn, printed and shrunk. */
enum arg_kind {
	ARG_NONE,
	ARG_IOVA,
	ARG_OA,
	ARG_LEN,
	ARG_COUNT,
	ARG_VALUE,
	ARG_LG2,   /* small */
	ARG_BITS,  /* small */
	ARG_FLAGS, /* small: of enum pt_dirty_flags */
	ARG_STRATEGY, /* of enum strategy */
	ARG_THREAD,
};

/* The largest value of an argument: what the byte form can hold. */
uint64_t arg_max(enum arg_kind kind);

struct op_shape {
	const char *name;
	struct {
		const char *name;
		enum arg_kind kind;
	} args[OP_MAX_ARGS];
	bool has_prot;
	uint8_t targets; /* a bit each: those that know this operation */
};

extern const struct op_shape op_shapes[OP_KINDS];

struct program {
	enum target target;
	struct subject subject;
	struct pt_config config;
	struct memory_config memory;
	uint8_t device; /* enum device_flag */
	uint32_t refuse_init; /* refuse from the n-th allocation of init on; 0: none */
	size_t nr, cap;
	struct op *ops;
};

/* Race: how many threads it has. */
unsigned program_threads(const struct program *p);

/* Is it done by a thread? Others are about the schedule. */
static inline bool op_has_thread(enum op_kind kind)
{
	return kind != OP_SCHEDULE && kind != OP_SWITCH;
}

void program_free(struct program *p);

/* Make room for one more at `at`, and put it there. */
void program_insert(struct program *p, size_t at, const struct op *op);
void program_remove(struct program *p, size_t at, size_t count);
void program_copy(struct program *to, const struct program *from);
bool program_equal(const struct program *a, const struct program *b);
bool config_equal(const struct pt_config *a, const struct pt_config *b);

/* ---- bytes: a header and records of fixed length ---- */

#define RECORD_SIZE 32

/* Marks bytes as written for this target and format; readers may use it, decoding does not. */
uint32_t program_tag(enum target target, const char *format);

/* Every byte string is a program for the target and subject that *p already names. */
void program_decode(struct program *p, const uint8_t *data, size_t size);

/* Encode up to `size` bytes, whole records; returns the length. Decodes to the same program. */
size_t program_encode(const struct program *p, uint8_t *data, size_t size);

/* A configuration and a machine drawn from a header, as decode does it: mostly sensible ones. */
void program_draw_config(struct program *p, const uint8_t header[RECORD_SIZE]);

/* One operation drawn from 32 bytes, as decode does it; `p` is what comes before it. */
struct op program_draw_op(const struct program *p, const uint8_t record[RECORD_SIZE]);

/* ---- text, text.c ---- */

/* Which of the two forms it is: text has no bytes that a terminal would not show. */
bool program_is_text(const char *data, size_t size);

/* A place in a text that is wrong, and why. */
struct text_error {
	unsigned line;
	char reason[160];
};

/*
 * Parse a text. find_subject() answers the format's name, or returns false.
 * False with *error set when the text is no program.
 */
bool program_parse(struct program *p, const char *text,
		   bool (*find_subject)(const char *name, struct subject *out),
		   struct text_error *error);

/* The first lines: target, format, configuration and machine. */
void program_print_head(const struct program *p, FILE *out);
/* One operation of it, without the end of line. */
void program_print_op(const struct program *p, const struct op *op, FILE *out);
void program_print(const struct program *p, FILE *out);

/* "READ|WRITE" for a mask. */
void print_mask(uint64_t mask, const char *const *names, unsigned nr, FILE *out);

#endif
