/* Fibers: see fiber.h. Assembly for x86-64 and AArch64, ucontext elsewhere. */
#include "fuzz/fiber.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STACK_BYTES ((size_t)256 << 10)
#define GUARD_BYTES ((size_t)4 << 10)

#if defined(__has_feature)
#define HAS_FEATURE(f) __has_feature(f)
#else
#define HAS_FEATURE(f) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#define HAS_ASAN 1
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#else
#define HAS_ASAN 0
#endif

/* In mode tsan this file is not instrumented: TSan's stacks of calls would not balance. */
#ifdef WALKDIFF_TSAN
#define HAS_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define HAS_TSAN 0
#endif

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

struct fiber {
	void *sp; /* what it had saved lies there */
	void *stack;
	size_t size;
	void (*job)(void *arg);
	void *arg;
	struct fiber *home;
	void *fake_stack; /* ASan's */
	void *tsan;
#if !defined(__x86_64__) && !defined(__aarch64__)
	ucontext_t context;
#endif
};

/* Whose stack runs is known to the switch; a new one has no frame to find it in. */
static _Thread_local struct fiber *entering, *leaving;

/* ---- the switch of stacks ---- */

#if defined(__x86_64__)

/* System V ABI 3.2.1: rbx, rbp, r12 to r15 belong to the caller; the modes of SSE stay as they are. */
__asm__(".text\n"
	".type walkdiff_swap, @function\n"
	"walkdiff_swap:\n"
	"	pushq %rbp\n	pushq %rbx\n	pushq %r12\n"
	"	pushq %r13\n	pushq %r14\n	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n	popq %r14\n	popq %r13\n"
	"	popq %r12\n	popq %rbx\n	popq %rbp\n"
	"	ret\n"
	".size walkdiff_swap, .-walkdiff_swap\n");

#define SAVED_WORDS 6

/* A frame as the switch leaves it, that returns to `entry` with the stack aligned as after a call. */
static void *first_frame(uint8_t *end, void (*entry)(void))
{
	uintptr_t *sp = (uintptr_t *)(void *)end;

	*--sp = 0; /* where entry would return to */
	*--sp = (uintptr_t)entry;
	for (unsigned i = 0; i < SAVED_WORDS; i++)
		*--sp = 0;
	return sp;
}

#elif defined(__aarch64__)

/* AAPCS64 6.1: x19 to x28, fp, lr and d8 to d15 belong to the caller. */
__asm__(".text\n"
	".type walkdiff_swap, %function\n"
	"walkdiff_swap:\n"
	"	stp x29, x30, [sp, #-160]!\n"
	"	stp x19, x20, [sp, #16]\n	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x2, sp\n	str x2, [x0]\n	mov sp, x1\n"
	"	ldp x19, x20, [sp, #16]\n	ldp x21, x22, [sp, #32]\n"
	"	ldp x23, x24, [sp, #48]\n	ldp x25, x26, [sp, #64]\n"
	"	ldp x27, x28, [sp, #80]\n	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	ldp x29, x30, [sp], #160\n"
	"	ret\n"
	".size walkdiff_swap, .-walkdiff_swap\n");

static void *first_frame(uint8_t *end, void (*entry)(void))
{
	uintptr_t *sp = (uintptr_t *)(void *)(end - 160);

	for (unsigned i = 0; i < 20; i++)
		sp[i] = 0;
	sp[1] = (uintptr_t)entry; /* lr */
	return sp;
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)

extern void walkdiff_swap(void **from, void *to);

#define swap(from, to) walkdiff_swap(&(from)->sp, (to)->sp)
#define prepare(f, entry) ((f)->sp = first_frame((uint8_t *)(f)->stack + (f)->size, entry))

#else

#define swap(from, to) ((void)swapcontext(&(from)->context, &(to)->context))

static void prepare(struct fiber *f, void (*entry)(void))
{
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = f->size;
	makecontext(&f->context, entry, 0);
}

#endif

/* ---- what sanitizers must know ---- */

static __attribute__((noinline)) void say_arrived(struct fiber *to)
{
#if HAS_ASAN
	const void *stack;
	size_t size;

	__sanitizer_finish_switch_fiber(to->fake_stack, &stack, &size);
	if (!leaving->stack) { /* the stack of a caller, of which nothing was known */
		leaving->stack = (void *)(uintptr_t)stack;
		leaving->size = size;
	}
#else
	(void)to;
#endif
}

__attribute__((noinline)) void fiber_switch(struct fiber *from, struct fiber *to)
{
	entering = to;
	leaving = from;
#if HAS_ASAN
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->size);
#endif
#if HAS_TSAN
	__tsan_switch_to_fiber(to->tsan, __tsan_switch_to_fiber_no_sync);
#endif
	swap(from, to);
	say_arrived(from);
}

/* The first frame of a stack. */
static __attribute__((noinline)) void enter(void)
{
	struct fiber *f = entering;

	say_arrived(f);
	for (;;) {
		f->job(f->arg);
		fiber_switch(f, f->home);
	}
}

/* ---- fibers ---- */

struct fiber *fiber_of_caller(void)
{
	struct fiber *f = calloc(1, sizeof(*f));

#if HAS_TSAN
	if (f)
		f->tsan = __tsan_get_current_fiber();
#endif
	return f;
}

struct fiber *fiber_create(void (*job)(void *arg), void *arg, struct fiber *home)
{
	struct fiber *f = calloc(1, sizeof(*f));
	uint8_t *p;

	if (!f)
		return NULL;
	p = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED || mprotect(p, GUARD_BYTES, PROT_NONE)) {
		if (p != MAP_FAILED)
			munmap(p, GUARD_BYTES + STACK_BYTES);
		free(f);
		return NULL;
	}
	f->stack = p + GUARD_BYTES;
	f->size = STACK_BYTES;
	f->job = job;
	f->arg = arg;
	f->home = home;
	prepare(f, enter);
#if HAS_ASAN
	__lsan_register_root_region(f->stack, f->size);
#endif
#if HAS_TSAN
	f->tsan = __tsan_create_fiber(0);
#endif
	return f;
}

void fiber_destroy(struct fiber *f)
{
	if (!f)
		return;
	if (f->job) {
#if HAS_ASAN
		__lsan_unregister_root_region(f->stack, f->size);
#endif
#if HAS_TSAN
		__tsan_destroy_fiber(f->tsan);
#endif
		munmap((uint8_t *)f->stack - GUARD_BYTES, GUARD_BYTES + STACK_BYTES);
	}
	free(f);
}
