/* Included before all else: what kernel code gets by headers of headers that are not ours. */
#ifndef WALKDIFF_FUZZ_LINUX_KERNEL_H
#define WALKDIFF_FUZZ_LINUX_KERNEL_H

#include <linux/kconfig.h>

#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/string.h>

#endif
