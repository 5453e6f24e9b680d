/* What the kernel prints is not judged; the arguments are checked, and never evaluated. */
#ifndef __KERNEL_PRINTK__
#define __KERNEL_PRINTK__

#define no_printk(...) \
	({ \
		if (0) \
			shim_no_printk(__VA_ARGS__); \
		0; \
	})

static inline int shim_no_printk(const char *format, ...)
{
	(void)format;
	return 0;
}

#define pr_emerg(...) no_printk(__VA_ARGS__)
#define pr_err(...) no_printk(__VA_ARGS__)
#define pr_warn(...) no_printk(__VA_ARGS__)
#define pr_warn_once(...) no_printk(__VA_ARGS__)
#define pr_info(...) no_printk(__VA_ARGS__)
#define pr_debug(...) no_printk(__VA_ARGS__)
#define dev_err(dev, ...) no_printk(__VA_ARGS__)
#define dev_warn(dev, ...) no_printk(__VA_ARGS__)
#define dev_info(dev, ...) no_printk(__VA_ARGS__)

#endif
