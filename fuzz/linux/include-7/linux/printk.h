/* The log, which nobody reads. */
#ifndef __KERNEL_PRINTK__
#define __KERNEL_PRINTK__

#define pr_err(...) ((void)0)
#define pr_err_ratelimited(...) ((void)0)
#define pr_debug(...) ((void)0)

#endif
