/* Only members of structures. */
#ifndef _LINUX_XARRAY_H
#define _LINUX_XARRAY_H

struct xarray {
	void *head;
};

#endif
