/*
 * Stamping out a format: one inlined copy of every operation, and its pt_ops.
 *
 *     static const struct pt_variant x_variants[] = { ... };
 *     static const struct pt_fmt x_fmt = { ... };
 *     PT_STAMP(x, x_fmt)
 *
 * defines `const struct pt_ops pt_<world>_x` and the operations behind it,
 * pt_<world>_x_map() and so on, which may also be called directly.
 */
#ifndef WALKDIFF_CORE_STAMP_H
#define WALKDIFF_CORE_STAMP_H

#include "core/cut.h"
#include "core/dirty.h"
#include "core/init.h"
#include "core/map.h"
#include "core/unmap.h"

#define PT_SYMBOL_(world, name) pt_##world##_##name
#define PT_SYMBOL(world, name) PT_SYMBOL_(world, name)
#define PT_NAME(name) PT_SYMBOL(PT_WORLD, name)

/*
 * Declares formats/inv_<architecture>.c; .encode = PT_ENCODE(architecture) and
 * .encode_entry = PT_ENCODE_ENTRY(architecture) stand in the pt_fmt.
 */
#define PT_COMMANDS(architecture)                                                               \
	unsigned PT_ENCODE(architecture)(const struct pt_fmt *, const struct pt *,              \
					 const struct pt_unit *, const struct pt_invalidation *, \
					 struct pt_command[PT_MAX_COMMANDS]);                   \
	unsigned PT_ENCODE_ENTRY(architecture)(const struct pt_fmt *, const struct pt *,        \
					       const struct pt_unit *,                          \
					       struct pt_command[PT_MAX_COMMANDS]);
#define PT_ENCODE(architecture) PT_NAME(inv_##architecture)
#define PT_ENCODE_ENTRY(architecture) PT_NAME(inv_##architecture##_entry)

#define PT_STAMP(stamp, fmt)                                                                    \
	int PT_NAME(stamp##_init)(struct pt *, const struct pt_config *, void *);               \
	void PT_NAME(stamp##_deinit)(struct pt *);                                              \
	int PT_NAME(stamp##_map)(struct pt *, const struct pt_mapping *, struct pt_gather *,    \
				 uint64_t *);                                                   \
	uint64_t PT_NAME(stamp##_unmap)(struct pt *, uint64_t, uint64_t, struct pt_gather *);   \
	bool PT_NAME(stamp##_translate)(struct pt *, uint64_t, uint64_t *);                     \
	void PT_NAME(stamp##_sync)(struct pt *, struct pt_gather *);                            \
	int PT_NAME(stamp##_read_dirty)(struct pt *, uint64_t, uint64_t, unsigned,              \
					const struct pt_bitmap *, struct pt_gather *);          \
	int PT_NAME(stamp##_set_dirty)(struct pt *, uint64_t);                                  \
	int PT_NAME(stamp##_cut)(struct pt *, uint64_t, struct pt_gather *);                    \
	unsigned PT_NAME(stamp##_encode)(const struct pt *, const struct pt_unit *,             \
					 const struct pt_invalidation *,                        \
					 struct pt_command[PT_MAX_COMMANDS]);                   \
	unsigned PT_NAME(stamp##_encode_entry)(const struct pt *, const struct pt_unit *,       \
					       struct pt_command[PT_MAX_COMMANDS]);             \
	struct pt_top PT_NAME(stamp##_top)(struct pt *);                                        \
	unsigned PT_NAME(stamp##_explain)(struct pt *, uint64_t,                                \
					  struct pt_step[PT_MAX_LEVELS]);                       \
	extern const struct pt_ops PT_NAME(stamp);                                              \
                                                                                                \
	int PT_NAME(stamp##_init)(struct pt * pt, const struct pt_config *c, void *env)         \
	{                                                                                       \
		return init_(&fmt, pt, c, env);                                                 \
	}                                                                                       \
	void PT_NAME(stamp##_deinit)(struct pt * pt)                                            \
	{                                                                                       \
		deinit_(&fmt, pt);                                                              \
	}                                                                                       \
	int PT_NAME(stamp##_map)(struct pt * pt, const struct pt_mapping *m,                    \
				 struct pt_gather *gather, uint64_t *mapped)                    \
	{                                                                                       \
		return map_(&fmt, pt, m, gather, mapped);                                       \
	}                                                                                       \
	uint64_t PT_NAME(stamp##_unmap)(struct pt * pt, uint64_t iova, uint64_t len,            \
					struct pt_gather *gather)                               \
	{                                                                                       \
		return unmap_(&fmt, pt, iova, len, gather);                                     \
	}                                                                                       \
	bool PT_NAME(stamp##_translate)(struct pt * pt, uint64_t iova, uint64_t *oa)            \
	{                                                                                       \
		return translate_(&fmt, pt, iova, oa);                                          \
	}                                                                                       \
	void PT_NAME(stamp##_sync)(struct pt * pt, struct pt_gather *gather)                    \
	{                                                                                       \
		sync_(&fmt, pt, gather);                                                        \
	}                                                                                       \
	int PT_NAME(stamp##_read_dirty)(struct pt * pt, uint64_t iova, uint64_t len,            \
					unsigned flags, const struct pt_bitmap *bitmap,         \
					struct pt_gather *gather)                               \
	{                                                                                       \
		return read_dirty_(&fmt, pt, iova, len, flags, bitmap, gather);                 \
	}                                                                                       \
	int PT_NAME(stamp##_set_dirty)(struct pt * pt, uint64_t iova)                           \
	{                                                                                       \
		return set_dirty_(&fmt, pt, iova);                                              \
	}                                                                                       \
	int PT_NAME(stamp##_cut)(struct pt * pt, uint64_t iova, struct pt_gather *gather)       \
	{                                                                                       \
		return cut_(&fmt, pt, iova, gather);                                            \
	}                                                                                       \
	unsigned PT_NAME(stamp##_encode)(const struct pt *pt, const struct pt_unit *unit,       \
					 const struct pt_invalidation *inv,                     \
					 struct pt_command commands[PT_MAX_COMMANDS])           \
	{                                                                                       \
		return (fmt).encode(&fmt, pt, unit, inv, commands);                             \
	}                                                                                       \
	unsigned PT_NAME(stamp##_encode_entry)(const struct pt *pt, const struct pt_unit *unit, \
					       struct pt_command commands[PT_MAX_COMMANDS])     \
	{                                                                                       \
		return (fmt).encode_entry(&fmt, pt, unit, commands);                            \
	}                                                                                       \
	struct pt_top PT_NAME(stamp##_top)(struct pt * pt)                                      \
	{                                                                                       \
		return top_(&fmt, pt);                                                          \
	}                                                                                       \
	unsigned PT_NAME(stamp##_explain)(struct pt * pt, uint64_t iova,                        \
					  struct pt_step steps[PT_MAX_LEVELS])                  \
	{                                                                                       \
		return explain_(&fmt, pt, iova, steps);                                         \
	}                                                                                       \
	const struct pt_ops PT_NAME(stamp) = {                                                  \
		.name = #stamp,                                                                 \
		.size = sizeof(struct pt),                                                      \
		.variants = stamp##_variants,                                                   \
		.nr_variants = sizeof(stamp##_variants) / sizeof(stamp##_variants[0]),          \
		.init = PT_NAME(stamp##_init),                                                  \
		.deinit = PT_NAME(stamp##_deinit),                                              \
		.map = PT_NAME(stamp##_map),                                                    \
		.unmap = PT_NAME(stamp##_unmap),                                                \
		.translate = PT_NAME(stamp##_translate),                                        \
		.sync = PT_NAME(stamp##_sync),                                                  \
		.read_dirty = PT_NAME(stamp##_read_dirty),                                      \
		.set_dirty = PT_NAME(stamp##_set_dirty),                                        \
		.encode = PT_NAME(stamp##_encode),                                              \
		.encode_entry = PT_NAME(stamp##_encode_entry),                                  \
		.cut = PT_NAME(stamp##_cut),                                                    \
		.top = PT_NAME(stamp##_top),                                                    \
		.explain = PT_NAME(stamp##_explain),                                            \
	};

#endif
