/* Nothing is of one CPU. */
#ifndef WALKDIFF_ASM_PERCPU_TYPES_H
#define WALKDIFF_ASM_PERCPU_TYPES_H

#define __percpu_qual

#endif
