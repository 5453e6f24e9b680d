/* Seeds for engines: the text programs of the corpus, as bytes, where engines read them. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/cmd_seeds.h"
#include "fuzz/feedback.h"
#include "fuzz/run_race.h"
#include "fuzz/subjects.h"

#define SCHEDULES 256 /* that are tried until threads meet, */
#define SECONDS 10    /* in so many at most */

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

void empty_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *file = path_of("%s/%s", path, entry->d_name);

		if (*entry->d_name != '.')
			unlink(file);
		free(file);
	}
	if (dir)
		closedir(dir);
}

/* ---- dictionaries: values that mean something to a target and format ---- */

struct dictionary {
	FILE *out;
	uint64_t seen[512];
	unsigned nr; /* the first are remembered, and later ones left out */
};

/* As programs hold it: eight bytes, the lowest first. */
static void add_value(struct dictionary *d, uint64_t v)
{
	for (unsigned i = 0; i < d->nr; i++)
		if (d->seen[i] == v)
			return;
	if (v < 256 || d->nr == sizeof(d->seen) / sizeof(d->seen[0]))
		return;
	d->seen[d->nr++] = v;
	fputc('"', d->out);
	for (unsigned byte = 0; byte < 8; byte++)
		fprintf(d->out, "\\x%02x", (unsigned)(v >> 8 * byte & 0xff));
	fputs("\"\n", d->out);
}

/* The leaf sizes of a configuration, and the ends of its addresses. */
static void add_limits(struct dictionary *d, const struct subject *subject,
		       const struct pt_config *c)
{
	uint64_t sizes = judge_sizes(subject->hw, c);

	add_value(d, last_below(c->vasz_lg2));
	add_value(d, last_below(c->oasz_lg2));
	for (; sizes; sizes &= sizes - 1) {
		add_value(d, sizes & -sizes);
		add_value(d, last_below(c->vasz_lg2) - (sizes & -sizes) + 1);
		add_value(d, last_below(c->oasz_lg2) - (sizes & -sizes) + 1);
	}
}

/* What a program of the corpus says: addresses, lengths, items. */
static void add_program(struct dictionary *d, const struct program *p)
{
	add_limits(d, &p->subject, &p->config);
	for (size_t i = 0; i < p->nr; i++)
		for (unsigned arg = 0; arg < OP_WIDE_ARGS; arg++)
			add_value(d, p->ops[i].args[arg]);
}

/* ---- seeds ---- */

/* Bytes for the engine of the program's target and format. */
static void write_seed(const char *to, const struct program *p, const char *name)
{
	size_t room = RECORD_SIZE * (p->nr + 1);
	uint8_t *data = malloc(room);
	size_t size = data ? program_encode(p, data, room) : 0;
	char *path = path_of("%s/%s-%s", to, target_names[p->target], p->subject.ops->name);
	FILE *out;

	make_folder(path);
	free(path);
	path = path_of("%s/%s-%s/%s", to, target_names[p->target], p->subject.ops->name, name);
	out = fopen(path, "wb");
	if (!out || fwrite(data, 1, size, out) != size || fclose(out)) {
		complain("%s: %s", path, strerror(errno));
		exit(EXIT_UNUSABLE);
	}
	free(path);
	free(data);
}

static void listen(unsigned n)
{
	(void)n;
}

/* Until a thread gets in another's way or a judge says no; 0 in *schedule is the program's own. */
static void try_schedules(const struct program *p, volatile unsigned *schedule)
{
	struct judge *judge = judge_create(CMD_TABLES);
	struct run_options options = { 0 };
	struct program q = { 0 };

	feedback_listener = listen;
	program_copy(&q, p);
	for (unsigned n = 0; judge && n < SCHEDULES; n++) {
		*schedule = n;
		if (n)
			race_name_schedule(&q, race_strategy_of(n), n, 3);
		if (run_program(judge, &q, &options).verdict.check != CHECK_NONE || feedback_met())
			return;
	}
	*schedule = 0;
}

/* The last that was tried, in a child: whatever ends it is for the fuzzer to tell. */
static unsigned schedule_that_meets(const struct program *p)
{
	unsigned *schedule = mmap(NULL, sizeof(*schedule), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned found = 0;
	pid_t child;

	if (schedule == MAP_FAILED)
		return 0;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (freopen("/dev/null", "w", stderr)) {
			alarm(SECONDS);
			try_schedules(p, schedule);
		}
		_exit(0);
	}
	if (child > 0 && waitpid(child, NULL, 0) == child)
		found = *schedule;
	munmap(schedule, sizeof(*schedule));
	return found;
}

/*
 * Engines do not begin with races in which no thread gets in another's way (fuzz/target.c): these
 * once more, in an order in which one does.
 */
static void write_meeting(const char *to, const struct program *p, const char *name)
{
	unsigned n = program_threads(p) > 1 ? schedule_that_meets(p) : 0;
	char *other = path_of("meets-%s", name);
	struct program q = { 0 };

	if (n) {
		program_copy(&q, p);
		race_name_schedule(&q, race_strategy_of(n), n, 3);
		write_seed(to, &q, other);
		program_free(&q);
	}
	free(other);
}

/* The programs of a folder, in the order of their names; returns how many, in one array to free. */
static size_t load_programs(const char *folder, struct program **programs, char ***names, size_t nr)
{
	struct dirent **entries;
	int found = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < found; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');
		char *path = path_of("%s/%s", folder, entries[i]->d_name);

		if (dot && !strcmp(dot, ".txt")) {
			*programs = realloc(*programs, (nr + 1) * sizeof(**programs));
			*names = realloc(*names, (nr + 1) * sizeof(**names));
			if (!*programs || !*names)
				abort();
			(*programs)[nr] = (struct program){ 0 };
			(*names)[nr] = path_of("%s", entries[i]->d_name);
			if (!load_program(path, NULL, &(*programs)[nr++]))
				exit(EXIT_UNUSABLE);
		}
		free(path);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return nr;
}

/* Of one target and format: its seeds, or where it has none an empty program, and its dictionary. */
static void plant(const char *to, enum target target, const struct format *format,
		  const struct program *programs, char **names, size_t nr)
{
	char *path = path_of("%s/%s-%s.dict", to, target_names[target], format->name);
	struct program empty = { .target = target,
				 .subject = format->subject,
				 .config = format->subject.ops->variants[0].config };
	struct dictionary d = { .out = fopen(path, "w") };
	char *folder = path_of("%s/%s-%s", to, target_names[target], format->name);
	unsigned own = 0;

	empty_folder(folder);
	free(folder);

	if (!d.out) {
		complain("%s: %s", path, strerror(errno));
		exit(EXIT_UNUSABLE);
	}
	for (size_t i = 0; i < nr; i++) {
		if (programs[i].target != target || programs[i].subject.ops != format->subject.ops)
			continue;
		write_seed(to, &programs[i], names[i]);
		if (target == TARGET_RACE)
			write_meeting(to, &programs[i], names[i]);
		add_program(&d, &programs[i]);
		own++;
	}
	if (!own) {
		write_seed(to, &empty, "empty.txt");
		add_program(&d, &empty);
	}
	if (fclose(d.out)) {
		complain("%s: %s", path, strerror(errno));
		exit(EXIT_UNUSABLE);
	}
	free(path);
}

void plant_seeds(const char *from, const char *to)
{
	struct program *programs = NULL;
	char **names = NULL;
	size_t nr = 0;
	bool there = false;

	for (const char *const *part = (const char *const[]){ "seeds", "regress", NULL }; *part; part++) {
		char *folder = path_of("%s/%s", from, *part);

		there |= !access(folder, R_OK | X_OK);
		nr = load_programs(folder, &programs, &names, nr);
		free(folder);
	}
	if (!there) {
		complain("%s: neither seeds/ nor regress/ is in it", from);
		exit(EXIT_UNUSABLE);
	}
	make_folder(to);
	for (unsigned target = 0; target < TARGETS; target++)
		for (unsigned i = 0; i < nr_formats; i++)
			plant(to, (enum target)target, &formats[i], programs, names, nr);
	for (size_t i = 0; i < nr; i++) {
		program_free(&programs[i]);
		free(names[i]);
	}
	free(programs);
	free(names);
}

/* ---- the command ---- */

struct options {
	const char *from, *to;
};

static const struct argp_option option_list[] = {
	{ "from", 'i', "DIR", 0, "the corpus (default corpus)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'i':
		o->from = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "one folder at a time");
		o->to = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "into which folder?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	option_list, parse, "DIR",
	"Write what fuzzing engines begin with, for every target and format: DIR/TARGET-FORMAT/, "
	"programs of the corpus as bytes, and DIR/TARGET-FORMAT.dict, a dictionary of the values "
	"that matter. Races in which no thread gets in another's way are written once more, as "
	"meets-NAME, in an order in which one does, where one is found. Exit codes: 0 written, 2 unusable input or option.",
	NULL, NULL, NULL
};

int cmd_seeds(int argc, char **argv)
{
	struct options o = { .from = "corpus" };

	parse_options(&argp, argc, argv, &o, NULL);
	if (access(o.from, R_OK | X_OK)) {
		complain("%s: %s", o.from, strerror(errno));
		return EXIT_UNUSABLE;
	}
	plant_seeds(o.from, o.to);
	return EXIT_AGREED;
}
