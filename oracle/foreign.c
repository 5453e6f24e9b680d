/* What a foreign implementation declares: see foreign.h. */
#include "oracle/foreign.h"

#include <string.h>

const char *const deviation_names[DEVIATIONS] = {
	[DEVIATES_ERRORS] = "errors",
	[DEVIATES_BOUNDS] = "bounds",
	[DEVIATES_MAP_OVER] = "map-over",
	[DEVIATES_UNMAP_WHOLE] = "unmap-whole",
	[DEVIATES_GATHER] = "gather",
	[DEVIATES_KEEPS_TABLES] = "keeps-tables",
	[DEVIATES_ATTRIBUTES] = "attributes",
	[DEVIATES_PROT] = "prot",
	[DEVIATES_WRITE_ONLY] = "write-only",
	[DEVIATES_TRANSLATE_LOCKED] = "translate-locked",
	[DEVIATES_DECODE] = "decode",
};

/* The place of a name in a list, or `nr`. */
static unsigned find(const char *name, const char *const *names, unsigned nr)
{
	unsigned i = 0;

	while (i < nr && strcmp(names[i], name)) /* equivalent: rel-1: nor is nr + 1 below nr */
		i++;
	return i;
}

/* Without these nothing could go on: they cannot be declared off. */
static bool is_needed(unsigned check)
{
	return check == CHECK_NONE || check == CHECK_RESULT || check == CHECK_FLAT ||
	       check == CHECK_WALK || check == CHECK_BELIEF || check == CHECK_CRASH;
}

const char *foreign_declare(struct foreign *f, const struct pt_deviation *deviations)
{
	f->deviates = f->off = 0;
	for (const struct pt_deviation *d = deviations; d && d->name; d++) {
		unsigned deviation = find(d->name, deviation_names, DEVIATIONS);
		unsigned check = find(d->name, check_names, CHECKS);

		if (deviation < DEVIATIONS)
			f->deviates |= UINT32_C(1) << deviation;
		else if (check < CHECKS && !is_needed(check))
			f->off |= CHECK_BIT(check);
		else
			return d->name;
	}
	/* Between which stores another may look is not seen, nor how often the top is read. */
	if (!f->hooked)
		f->off |= CHECK_BIT(CHECK_TORN) | CHECK_BIT(CHECK_WORK);
	return NULL;
}
