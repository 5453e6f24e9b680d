/*
 * A fuzz target as a plain program, under any compiler: runs each file that is a
 * program for it, text or bytes. Text for another target or format is passed over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"

uint8_t *target_counter(unsigned feature)
{
	static uint8_t counters[TARGET_FEATURES]; /* no engine looks */

	return &counters[feature % TARGET_FEATURES];
}

static bool find_own(const char *name, struct subject *out)
{
	struct program p;

	target_begin(&p);
	*out = p.subject;
	return !strcmp(name, p.subject.ops->name);
}

static char *read_all(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	char *data = NULL;
	long length = -1;

	if (in && !fseek(in, 0, SEEK_END))
		length = ftell(in);
	if (length >= 0 && !fseek(in, 0, SEEK_SET))
		data = calloc(1, (size_t)length + 1);
	if (data)
		*size = fread(data, 1, (size_t)length, in);
	if (in)
		fclose(in);
	return data;
}

/* Turn text into bytes; false when it is text for something else. */
static bool to_bytes(char **data, size_t *size)
{
	struct program p = { 0 }, own;
	struct text_error error;
	size_t room;
	bool good;

	target_begin(&own);
	good = program_parse(&p, *data, find_own, &error) && p.target == own.target;
	if (good) {
		room = RECORD_SIZE * (p.nr + 1);
		free(*data);
		*data = calloc(1, room);
		if (!*data)
			abort();
		*size = program_encode(&p, (uint8_t *)*data, room);
	}
	program_free(&p);
	return good;
}

int main(int argc, char **argv)
{
	unsigned run = 0;

	for (int i = 1; i < argc; i++) {
		size_t size = 0;
		char *data = read_all(argv[i], &size);

		if (!data) {
			fprintf(stderr, "%s: %s: %s\n", argv[0], argv[i], strerror(errno));
			return 2;
		}
		if (!program_is_text(data, size) || to_bytes(&data, &size)) {
			LLVMFuzzerTestOneInput((const uint8_t *)data, size);
			run++;
		}
		free(data);
	}
	printf("%u of %d files run\n", run, argc - 1);
	return 0;
}
