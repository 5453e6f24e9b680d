/* Nothing of it is asked. */
#ifndef _LINUX_OF_H
#define _LINUX_OF_H

#endif
