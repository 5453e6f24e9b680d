/* Device trees: named in prototypes alone. */
#ifndef _LINUX_OF_H
#define _LINUX_OF_H

struct device_node;
struct of_phandle_args;
struct fwnode_handle;

#endif
