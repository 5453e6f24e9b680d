/* Shared objects to judge: see foreign.h. */
#include "fuzz/foreign.h"

#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

/* Seconds of processor time, less than engines give an input; a long program takes one. */
#define MOST_SECONDS 20

/*
 * What an object that was compiled with coverage calls when it is loaded (clang's
 * SanitizerCoverage). An engine has its own; elsewhere nobody wants to know.
 */
void __attribute__((weak)) __sanitizer_cov_8bit_counters_init(uint8_t *begin, uint8_t *end);
void __attribute__((weak)) __sanitizer_cov_8bit_counters_init(uint8_t *begin, uint8_t *end)
{
	(void)begin;
	(void)end;
}

void __attribute__((weak)) __sanitizer_cov_pcs_init(const uintptr_t *begin, const uintptr_t *end);
void __attribute__((weak)) __sanitizer_cov_pcs_init(const uintptr_t *begin, const uintptr_t *end)
{
	(void)begin;
	(void)end;
}

/* ---- loading ---- */

/* What version 1 of the ABI began with; later members are null where an object has them not. */
#define FIRST_OPS_SIZE (offsetof(struct pt_ops, fit) + sizeof(((struct pt_ops *)0)->fit))

/* The first operation that it must have and has not; null: none. */
static const char *missing(const struct pt_ops *ops)
{
	return !ops->name	     ? "name" :
	       !ops->size	     ? "size" :
	       !ops->init	     ? "init" :
	       !ops->deinit	     ? "deinit" :
	       !ops->map	     ? "map" :
	       !ops->unmap	     ? "unmap" :
	       !ops->translate	     ? "translate" :
	       !ops->sync	     ? "sync" :
	       !ops->encode != !ops->encode_entry ? "one of encode and encode_entry" :
				       NULL;
}

static bool take_ops(struct foreign_object *o, unsigned i, char *error, size_t size)
{
	const struct pt_module *m = o->module;
	const char *what;

	memcpy(&o->ops[i], m->ops[i],
	       m->ops_size < sizeof(o->ops[i]) ? m->ops_size : sizeof(o->ops[i]));
	what = missing(&o->ops[i]);
	if (what) {
		snprintf(error, size, "its implementation %u%s%s lacks %s", i,
			 o->ops[i].name ? ", of " : "", o->ops[i].name ? o->ops[i].name : "", what);
		return false;
	}
	o->foreign[i] = (struct foreign){ .name = m->name, .hooked = m->flags & PT_HOOKED };
	what = foreign_declare(&o->foreign[i], o->ops[i].deviations);
	if (what)
		snprintf(error, size, "its implementation of %s deviates in '%s', which nothing here is named",
			 o->ops[i].name, what);
	return !what;
}

static bool take_module(struct foreign_object *o, char *error, size_t size)
{
	const struct pt_module *m = o->module;

	if (m->version != PT_ABI_VERSION)
		snprintf(error, size, "is of version %u of the ABI, should be of %u", m->version,
			 PT_ABI_VERSION);
	else if (m->ops_size < FIRST_OPS_SIZE)
		snprintf(error, size, "has operations of %u bytes, should be at least %zu",
			 m->ops_size, FIRST_OPS_SIZE);
	else if (!m->name || !m->nr_ops || !m->ops)
		snprintf(error, size, "has no %s", m->name ? "implementation" : "name");
	else {
		o->ops = calloc(m->nr_ops, sizeof(*o->ops));
		o->foreign = calloc(m->nr_ops, sizeof(*o->foreign));
		if (!o->ops || !o->foreign)
			abort();
		for (unsigned i = 0; i < m->nr_ops; i++)
			if (!take_ops(o, i, error, size))
				return false;
		return true;
	}
	return false;
}

bool foreign_load(struct foreign_object *o, const char *path, char *error, size_t size)
{
	/* Without a slash the loader would look elsewhere. */
	char *file = realpath(path, NULL);
	const char *why, *said;
	void *handle;

	*o = (struct foreign_object){ .path = strdup(path) };
	if (!SIM_SEES_ACCESSES) {
		snprintf(error, size, "foreign implementations are judged in the simulator alone");
		free(file);
		return false;
	}
	handle = dlopen(file ? file : path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		why = dlerror();
		/* It says the path once more. */
		said = file ? file : path;
		if (!strncmp(why, said, strlen(said)))
			why += strlen(said) + strspn(why + strlen(said), ": ");
		snprintf(error, size, "%s", why);
		free(file);
		return false;
	}
	free(file);
	o->module = dlsym(handle, PT_MODULE_SYMBOL);
	if (!o->module) {
		snprintf(error, size, "has no symbol %s", PT_MODULE_SYMBOL);
		return false;
	}
	return take_module(o, error, size);
}

bool foreign_replace(struct foreign_object *o, const char *format, const struct pt_ops *own,
		     struct subject *subject)
{
	unsigned i = 0;

	while (i < o->module->nr_ops && strcmp(o->ops[i].name, format))
		i++;
	if (i == o->module->nr_ops)
		return false;
	/* Programs name variants: they mean the same to everybody. */
	o->ops[i].variants = own->variants;
	o->ops[i].nr_variants = own->nr_variants;
	o->foreign[i].own = own;
	subject->ops = &o->ops[i];
	subject->foreign = &o->foreign[i];
	return true;
}

/* ---- telling ---- */

void foreign_add(struct foreign *all, const struct foreign *one)
{
	if (!one)
		return;
	all->name = one->name;
	all->deviates |= one->deviates;
	all->off |= one->off;
}

void foreign_print_closing(const struct foreign *f, FILE *out)
{
	const char *before = ", which deviates in ";

	if (!f || !f->name)
		return;
	fprintf(out, ", of %s", f->name);
	for (unsigned d = 0; d < DEVIATIONS; d++)
		if (f->deviates >> d & 1) {
			fprintf(out, "%s%s", before, deviation_names[d]);
			before = ", ";
		}
	for (unsigned c = 0; c < CHECKS; c++)
		if (f->off & CHECK_BIT(c)) {
			fprintf(out, "%s%s", before, check_names[c]);
			before = ", ";
		}
}

const char *foreign_option(void)
{
	static char *option;
	const char *path = getenv(FOREIGN_VARIABLE);

	free(option);
	option = NULL;
	return path && *path && asprintf(&option, " --impl %s", path) > 0 ? option : "";
}

static const struct pt_deviation *declared(const struct pt_ops *ops, const struct pt_deviation *like)
{
	for (const struct pt_deviation *d = ops->deviations; d && d->name; d++)
		if (!strcmp(d->name, like->name) &&
		    !strcmp(d->why ? d->why : "", like->why ? like->why : ""))
			return d;
	return NULL;
}

/* Once for all formats that declare it with this reason, the first of which is ops[first]. */
static void print_deviation(const struct foreign_object *o, unsigned first,
			    const struct pt_deviation *d, FILE *out)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < o->module->nr_ops; i++)
		nr += declared(&o->ops[i], d) != NULL;
	fputs(" ", out);
	for (unsigned i = first; nr < o->module->nr_ops && i < o->module->nr_ops; i++)
		if (declared(&o->ops[i], d))
			fprintf(out, " %s", o->ops[i].name);
	fprintf(out, " %s in %s: %s\n", nr == 1 || nr == o->module->nr_ops ? "deviates" : "deviate",
		d->name, d->why ? d->why : "no reason given");
}

void foreign_print(const struct foreign_object *o, FILE *out)
{
	fprintf(out, "walkdiff judges %s, %s", o->module->name, o->path);
	if (!(o->module->flags & PT_HOOKED))
		fputs("; not compiled against the hooks: torn and work are not judged", out);
	fputc('\n', out);
	for (unsigned i = 0; i < o->module->nr_ops; i++) {
		const struct pt_ops *ops = &o->ops[i];

		for (const struct pt_deviation *d = ops->deviations; d && d->name; d++) {
			unsigned before = 0;

			while (before < i && !declared(&o->ops[before], d))
				before++;
			if (before == i)
				print_deviation(o, i, d, out);
		}
		if (!ops->cut || !ops->read_dirty || !ops->set_dirty)
			fprintf(out, "  %s lacks%s%s%s\n", ops->name, ops->cut ? "" : " cut",
				ops->read_dirty ? "" : " read_dirty",
				ops->set_dirty ? "" : " set_dirty");
	}
}

/* ---- surviving ---- */

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGVTALRM };
#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction before[NR_SIGNALS];
static struct sim *volatile guarded;

/* In the program itself, and not in what it has loaded. */
static bool is_our_code(const void *at)
{
	Dl_info there, here;

	return dladdr(at, &there) && dladdr((void *)(uintptr_t)foreign_guard, &here) &&
	       there.dli_fbase == here.dli_fbase;
}

static void *stopped_at(const void *context)
{
	const ucontext_t *c = context;

#if defined(__x86_64__)
	return (void *)(uintptr_t)c->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (void *)(uintptr_t)c->uc_mcontext.pc;
#else
	(void)c;
	return NULL;
#endif
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	struct sim *s = guarded;
	void *at = stopped_at(context);
	Dl_info where = { 0 };

	if (s && signal == SIGVTALRM)
		sim_stop(s, CHECK_CRASH, "%s does not end: %u s of processor time", s->foreign->name,
			 MOST_SECONDS);
	if (!s || is_our_code(at)) {
		/* As if we had never been here: it is raised once more. */
		for (size_t i = 0; i < NR_SIGNALS; i++)
			if (signals[i] == signal)
				sigaction(signal, &before[i], NULL);
		if (info->si_code <= 0)
			raise(signal);
		return;
	}
	dladdr(at, &where);
	sim_stop(s, CHECK_CRASH, "%s ended in %s%s%s", s->foreign->name, strsignal(signal),
		 where.dli_sname ? ", in " : "", where.dli_sname ? where.dli_sname : "");
}

static void set_timer(long seconds)
{
	struct itimerval t = { .it_value = { .tv_sec = seconds } };

	setitimer(ITIMER_VIRTUAL, &t, NULL);
}

static void install(void)
{
	static bool done;
	static char stack[1 << 16];
	const stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	if (done)
		return;
	done = true;
	sigaltstack(&own, NULL);
	for (size_t i = 0; i < NR_SIGNALS; i++)
		sigaction(signals[i], &action, &before[i]);
}

void foreign_guard(struct sim *s)
{
	if (!s->foreign)
		return;
	install();
	guarded = s;
	set_timer(MOST_SECONDS);
}

void foreign_unguard(void)
{
	if (!guarded)
		return;
	guarded = NULL;
	set_timer(0);
}
