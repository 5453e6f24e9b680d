/* Seeds for engines: the text programs of the corpus, as bytes, where engines read them. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/cmd_seeds.h"

char *path_of(const char *format, ...)
{
	char *path;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&path, format, args);
	va_end(args);
	if (n < 0) {
		complain("out of memory");
		exit(EXIT_UNUSABLE);
	}
	return path;
}

void make_folder(const char *path)
{
	char *copy = path_of("%s", path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0777);
		*slash = '/';
	}
	if (mkdir(copy, 0777) && errno != EEXIST) {
		complain("%s: %s", path, strerror(errno));
		exit(EXIT_UNUSABLE);
	}
	free(copy);
}

/* Write a text program as bytes where the engine of its target and format reads them. */
static void plant_seed(const char *work, const char *path, const char *name)
{
	struct program p = { 0 };
	uint8_t *data;
	size_t room, size;
	char *to;
	FILE *out;

	if (!load_program(path, NULL, &p))
		exit(EXIT_UNUSABLE);
	room = RECORD_SIZE * (p.nr + 1);
	data = malloc(room);
	size = data ? program_encode(&p, data, room) : 0;
	to = path_of("%s/seeds/%s-%s", work, target_names[p.target], p.subject.ops->name);
	make_folder(to);
	free(to);
	to = path_of("%s/seeds/%s-%s/%s", work, target_names[p.target], p.subject.ops->name,
		     name);
	out = fopen(to, "wb");
	if (!out || fwrite(data, 1, size, out) != size || fclose(out)) {
		complain("%s: %s", to, strerror(errno));
		exit(EXIT_UNUSABLE);
	}
	free(to);
	free(data);
	program_free(&p);
}

void plant_seeds(const char *from, const char *work)
{
	static const char *const parts[] = { "seeds", "regress" };

	for (unsigned i = 0; i < 2; i++) {
		char *folder = path_of("%s/%s", from, parts[i]);
		DIR *dir = opendir(folder);
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			const char *dot = strrchr(entry->d_name, '.');
			char *path = path_of("%s/%s", folder, entry->d_name);

			if (dot && !strcmp(dot, ".txt"))
				plant_seed(work, path, entry->d_name);
			free(path);
		}
		if (dir)
			closedir(dir);
		free(folder);
	}
}
