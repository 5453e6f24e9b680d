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
	{ #stamp, #file, #architecture, { &JUDGED(stamp), &hw_##stamp, &inv_##architecture }, &pt_fast_##stamp },
const struct format formats[] = {
#include "formats/formats.def"
};
#undef STAMP

const unsigned nr_formats = sizeof(formats) / sizeof(formats[0]);

bool find_subject(const char *name, struct subject *out)
{
	for (unsigned i = 0; i < nr_formats; i++)
		if (!strcmp(formats[i].name, name)) {
			*out = formats[i].subject;
			return true;
		}
	return false;
}
