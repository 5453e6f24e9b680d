/* The formats of formats.def, by name. */
#include "fuzz/subjects.h"

#include <string.h>

/* The world that judges see: of threads that really run at once, or of the simulator. */
#ifdef WALKDIFF_THREADS
#define JUDGED(stamp) pt_threads_##stamp
#else
#define JUDGED(stamp) pt_sim_##stamp
#endif

#define STAMP(stamp, file, architecture)                                       \
	extern const struct pt_ops JUDGED(stamp), pt_fast_##stamp;             \
	extern const struct hw_format hw_##stamp;
#include "formats/formats.def"
#undef STAMP

#define STAMP(stamp, file, architecture)                                                       \
	{ #stamp, #file, #architecture,                                                        \
	  { .ops = &JUDGED(stamp), .hw = &hw_##stamp, .inv = &inv_##architecture },            \
	  { .ops = &JUDGED(stamp), .hw = &hw_##stamp, .inv = &inv_##architecture },            \
	  &pt_fast_##stamp },
struct format formats[] = {
#include "formats/formats.def"
};
#undef STAMP

const unsigned nr_formats = sizeof(formats) / sizeof(formats[0]);

bool judge_foreign(struct foreign_object *o)
{
	for (unsigned k = 0; k < o->module->nr_ops; k++) {
		unsigned i = 0;

		while (i < nr_formats && strcmp(formats[i].name, o->ops[k].name))
			i++;
		if (i == nr_formats || !foreign_replace(o, formats[i].name, formats[i].fast,
							&formats[i].subject))
			return false;
	}
	return true;
}

bool find_subject(const char *name, struct subject *out)
{
	for (unsigned i = 0; i < nr_formats; i++)
		if (!strcmp(formats[i].name, name)) {
			*out = formats[i].subject;
			return true;
		}
	return false;
}
