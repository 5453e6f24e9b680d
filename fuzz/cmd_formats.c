/* walkdiff formats: what is supported, as a table or as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "fuzz/cmd.h"
#include "fuzz/subjects.h"

static const char *const feature_names[] = PT_FEATURE_NAMES;
#define NR_FEATURES (sizeof(feature_names) / sizeof(feature_names[0]))

/* "4K", "2M", "1G"; size_lg2 below 64. */
static const char *size_name(unsigned size_lg2)
{
	static char text[16];

	snprintf(text, sizeof(text), "%u%c", 1u << size_lg2 % 10, "BKMGTPE"[size_lg2 / 10]);
	return text;
}

/* Runs of consecutive powers of two as "4K-1M". */
static void print_sizes(uint64_t sizes)
{
	const char *comma = "";

	for (unsigned lg2 = 0; lg2 < 64; lg2++) {
		unsigned last = lg2;

		if (!(sizes >> lg2 & 1))
			continue;
		while (last < 63 && sizes >> (last + 1) & 1)
			last++;
		printf("%s%s", comma, size_name(lg2));
		if (last > lg2)
			printf("%s%s", last > lg2 + 1 ? "-" : ",", size_name(last));
		comma = ",";
		lg2 = last;
	}
	putchar('\n');
}

/* The device of the first variant, with the highest root and all that makes more leaf sizes. */
static struct hw_device largest_device(const struct format *f)
{
	struct hw_device dev = judge_device(&f->subject.ops->variants[0].config);

	dev.level = f->subject.hw->max_top;
	dev.vasz_lg2 = f->subject.hw->max_vasz_lg2;
	dev.napot = f->subject.hw->can_napot;
	dev.large_oa = f->subject.hw->can_large_oa;
	return dev;
}

static void print_format(const struct format *f)
{
	const struct hw_format *hw = f->subject.hw;
	struct hw_device dev = largest_device(f);

	printf("%s\n  manual      %s\n  levels      roots of level %u..%u, %u items a table\n"
	       "  aperture    up to 2^%u, OA up to 2^%u, tables below 2^%u\n",
	       f->name, hw->manual, hw->min_top, hw->max_top, 1u << hw->index_lg2,
	       hw->max_vasz_lg2, hw->max_oasz_lg2, hw->max_pa_lg2);
	for (unsigned level = 0; level <= hw->max_top; level++)
		if (hw->sizes(hw, &dev, level)) {
			printf("  leaves      level %u: ", level);
			print_sizes(hw->sizes(hw, &dev, level));
		}
	printf("  features    ");
	print_mask(judge_features(hw), feature_names, NR_FEATURES, stdout);
	putchar('\n');
	for (unsigned i = 0; i < f->subject.ops->nr_variants; i++) {
		const struct pt_variant *v = &f->subject.ops->variants[i];

		printf("  variant     %-10s vasz_lg2=%u top_level=%u oasz_lg2=%u features=", v->name,
		       v->config.vasz_lg2, v->config.top_level, v->config.oasz_lg2);
		print_mask(v->config.features, feature_names, NR_FEATURES, stdout);
		putchar('\n');
	}
	printf("  dirty       %s\n  cut         %s\n  commands    %s, by %s%s\n"
	       "  memory      %s\n  checked by  oracle/hw_%s.c; independent walkers: none yet\n\n",
	       hw->touch ? "tracked by leaf" : "not tracked",
	       hw->breaks_before_make ? "with break-before-make" : "in place", f->architecture,
	       hw->first_stage ? "address space" : "domain",
	       hw->first_stage && hw->can_second_stage ? ", SECOND_STAGE by domain" : "",
	       hw->may_be_incoherent ? "read through the CPU's caches or past them"
				     : "read through the CPU's caches",
	       f->file);
}

static json_t *format_json(const struct format *f)
{
	const struct hw_format *hw = f->subject.hw;
	struct hw_device dev = largest_device(f);
	json_t *sizes = json_array(), *variants = json_array();

	for (unsigned level = 0; level <= hw->max_top; level++) {
		json_t *at_level = json_array();

		for (unsigned lg2 = 0; lg2 < 64; lg2++)
			if (hw->sizes(hw, &dev, level) >> lg2 & 1)
				json_array_append_new(at_level, json_integer(lg2));
		json_array_append_new(sizes, at_level);
	}
	for (unsigned i = 0; i < f->subject.ops->nr_variants; i++) {
		const struct pt_variant *v = &f->subject.ops->variants[i];

		json_array_append_new(variants,
				      json_pack("{s:s, s:i, s:i, s:i, s:I}", "name", v->name,
						"vasz_lg2", v->config.vasz_lg2, "top_level",
						v->config.top_level, "oasz_lg2",
						v->config.oasz_lg2, "features",
						(json_int_t)v->config.features));
	}
	return json_pack("{s:s, s:I, s:b, s:b, s:s, s:s, s:b, s:b, s:[], s:i, s:i, s:i, s:i, s:o, "
			 "s:o}",
			 "name", f->name, "features", (json_int_t)judge_features(hw), "dirty",
			 hw->touch != NULL, "break_before_make", hw->breaks_before_make, "manual",
			 hw->manual, "architecture", f->architecture, "first_stage",
			 hw->first_stage, "incoherent", hw->may_be_incoherent,
			 "independent_walkers", "min_top_level", hw->min_top, "max_top_level",
			 hw->max_top, "max_vasz_lg2", hw->max_vasz_lg2, "max_oasz_lg2",
			 hw->max_oasz_lg2, "leaf_sizes_lg2_by_level", sizes, "variants", variants);
}

static const struct argp_option option_list[] = {
	{ "json", 'j', NULL, 0, "print JSON", 0 },
	{ "names", 'n', NULL, 0, "print only the names, one a line", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key == 'j' || key == 'n') {
		*(int *)state->input = key;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = { option_list, parse, NULL,
				  "List the formats (with --impl those that it has), their "
				  "variants, levels and leaf sizes.", NULL,
				  NULL, NULL };

int cmd_formats(int argc, char **argv)
{
	json_t *all = json_array();
	int how = 0;

	parse_options(&argp, argc, argv, &how, NULL);
	for (unsigned i = 0; i < nr_formats; i++) {
		if (*foreign_option() && !formats[i].subject.foreign)
			continue;
		if (how == 'j')
			json_array_append_new(all, format_json(&formats[i]));
		else if (how == 'n')
			puts(formats[i].name);
		else
			print_format(&formats[i]);
	}
	if (how == 'j') {
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(all);
	return EXIT_AGREED;
}
