/* Included before all else where ci/switch-mutants has put all mutants into the sources. */
#ifndef WALKDIFF_CI_SWITCH_H
#define WALKDIFF_CI_SWITCH_H

#define MUTANTS 65536

/* No headers of the system: their names could be those of a source. */
char *getenv(const char *name);
int atoi(const char *text);
int open(const char *path, int flags, ...);
void *mmap(void *at, unsigned long size, int protection, int flags, int file, long offset);

/* In each object, and one in a program: weak. */
__attribute__((weak)) unsigned mutant_on;
__attribute__((weak)) unsigned char mutants_unwatched[MUTANTS];
__attribute__((weak)) unsigned char *mutants_seen = mutants_unwatched;

/*
 * From the environment, WALKDIFF_MUTANT: the number of the one that runs; WALKDIFF_MUTANTS_SEEN:
 * a file of MUTANTS bytes, of which those become 1 whose place is reached.
 */
__attribute__((weak, constructor(101))) void mutant_setup(void)
{
	const char *on = getenv("WALKDIFF_MUTANT"), *seen = getenv("WALKDIFF_MUTANTS_SEEN");
	int file = seen ? open(seen, 02 /* O_RDWR */) : -1;
	/* PROT_READ | PROT_WRITE, MAP_SHARED */
	void *map = file < 0 ? (void *)-1 : mmap(0, MUTANTS, 1 | 2, 1, file, 0);

	if (map != (void *)-1)
		mutants_seen = map;
	mutant_on = on ? (unsigned)atoi(on) : 0;
}

#define mutant_is(n) (mutant_on == (n))
#define mutant_at(first, n) \
	(mutants_seen[first] = 1, __builtin_expect(mutant_on - (first) < (n##u), 0))

#endif
