/*
 * All of walkdiff's own formats as a foreign object: the ABI must change nothing but speed.
 *
 * It is compiled with all of formats/ in the world `hosted` (core/shim_hosted.h), and shows what a
 * module looks like that has several formats.
 */
#include "core/foreign.h"

#define STAMP(stamp, file, architecture) extern const struct pt_ops pt_hosted_##stamp;
#include "formats/formats.def"
#undef STAMP

static const struct pt_ops *const all[] = {
#define STAMP(stamp, file, architecture) &pt_hosted_##stamp,
#include "formats/formats.def"
#undef STAMP
};

extern const struct pt_module walkdiff_module;
const struct pt_module walkdiff_module = {
	.version = PT_ABI_VERSION,
	.ops_size = sizeof(struct pt_ops),
	.name = "walkdiff's own formats",
	.flags = PT_HOOKED,
	.nr_ops = sizeof(all) / sizeof(all[0]),
	.ops = all,
};
