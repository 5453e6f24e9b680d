/* A configuration of ours as generic_pt takes it: see generic_pt_fit.h. */
#include "fuzz/linux/generic_pt_fit.h"

/* What the format is compiled with; FLUSH_RANGE is what it does without either kind, too. */
static uint64_t features_taken(const struct generic_format *format)
{
	uint64_t taken = PT_FLUSH_RANGE | (format->has_dirty ? PT_DIRTY_TRACKING : 0);

	for (const struct generic_feature *f = format->features; f->ours; f++)
		if (format->supported & f->theirs)
			taken |= f->ours;
	/* Of hardware that has it drivers/iommu/riscv asks for it; docs/FINDINGS.md. */
	if (!generic_skips_known && format == &generic_riscv64)
		taken |= PT_MEMORY_TYPES;
	return taken;
}

/* Encryption that must be on has no C-bit then, as on machines without memory encryption. */
static uint64_t features_forced(const struct generic_format *format)
{
	uint64_t forced = 0;

	for (const struct generic_feature *f = format->features; f->ours; f++)
		if (format->forced & f->theirs)
			forced |= f->ours;
	return forced & ~(uint64_t)PT_ENCRYPT_TABLES;
}

static void fit_features(const struct generic_format *format, struct pt_config *config)
{
	config->features = (config->features & features_taken(format)) | features_forced(format);
	/* read_and_clear_dirty() gathers one range, and no levels, whatever was asked for. */
	if (generic_skips_known && config->features & PT_DIRTY_TRACKING)
		config->features &= ~(uint64_t)(PT_FLUSH_RANGE_NO_GAPS | PT_DETAILED_GATHER);
	if (!(config->features & PT_FLUSH_RANGE_NO_GAPS))
		config->features |= PT_FLUSH_RANGE;
	/* Of RISC-V there is the first stage alone. */
	if (format == &generic_riscv64)
		config->features |= PT_SIGN_EXTEND;
}

static uint8_t within(unsigned v, unsigned lo, unsigned hi)
{
	return (uint8_t)(v < lo ? lo : v > hi ? hi : v);
}

/*
 * Two halves only meet in a table that is full. Else the root has one item at least, and
 * get_info() leaves out sizes of a half of the aperture and more.
 */
static void fit_widths(const struct generic_format *format, struct pt_config *config)
{
	unsigned item_lg2, end_lg2;

	config->top_level = within(config->top_level, format->min_top_level, format->max_top_level);
	item_lg2 = format->granule_lg2 + 9U * config->top_level;
	end_lg2 = min(item_lg2 + 9U, format->max_vasz_lg2 + 0U);
	if (config->features & PT_SIGN_EXTEND)
		config->vasz_lg2 = (uint8_t)end_lg2;
	config->vasz_lg2 = within(config->vasz_lg2, max(item_lg2, format->granule_lg2 + 2U),
				 config->features & PT_DYNAMIC_TOP ? format->max_vasz_lg2 : end_lg2);
	config->features &= ~(uint64_t)PT_FULL_VA;
	if (config->vasz_lg2 == 64)
		config->features |= PT_FULL_VA;
	config->oasz_lg2 =
		within(config->oasz_lg2, format->granule_lg2 + 1U, format->max_oasz_lg2);
}

struct pt_iommu_cfg generic_cfg(const struct generic_format *format,
				const struct pt_config *config)
{
	struct pt_iommu_cfg cfg = {
		.features = format->forced,
		.hw_max_vasz_lg2 = config->vasz_lg2,
		.hw_max_oasz_lg2 = config->oasz_lg2,
	};

	for (const struct generic_feature *f = format->features; f->ours; f++)
		if (config->features & f->ours)
			cfg.features |= f->ours == PT_FLUSH_RANGE ? f->theirs & format->supported :
								    f->theirs;
	return cfg;
}

void generic_fit(const struct generic_format *format, struct pt_config *config)
{
	struct generic_table table = { 0 };
	struct machine m = { .own = &table.common.top_of_table }, *before = machine;
	struct pt_iommu_cfg cfg;
	uint64_t sizes;
	int ret;

	fit_features(format, config);
	fit_widths(format, config);
	cfg = generic_cfg(format, config);
	machine = &m;
	ret = format->probe(&table, &cfg, config->top_level);
	machine = before;
	if (ret)
		return;
	sizes = table.iommu.domain.pgsize_bitmap;
	if (config->pgsize_bitmap & sizes)
		sizes &= config->pgsize_bitmap;
	config->pgsize_bitmap = sizes;
}
