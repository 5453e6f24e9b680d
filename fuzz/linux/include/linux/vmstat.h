/* Nobody counts pages. */
#ifndef _LINUX_VMSTAT_H
#define _LINUX_VMSTAT_H

#define mod_node_page_state(node, item, n) ((void)(n))
#define mod_lruvec_page_state(page, item, n) ((void)(n))

#endif
