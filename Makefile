# walkdiff: `make help` lists what can be done.

CC := gcc
CLANG := clang-19
MODE := verify
TIME := 60
INSTANCES := 1
JOBS := $(shell nproc)

# Our own make, on all cores unless the caller has said how many.
submake = $(MAKE) --no-print-directory -s $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

# ---- modes: one line each ----
flags_verify := -O2 -DWALKDIFF_VERIFY
flags_asan   := -O2 -DWALKDIFF_VERIFY -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# A loop of core's that straddles two lines of code costs a third more: not by chance.
flags_fast   := -O2 -falign-functions=64 -falign-loops=32
flags_quick  := -O0 -DWALKDIFF_VERIFY
flags_tsan   := -O2 -DWALKDIFF_VERIFY -DWALKDIFF_TSAN
flags_threads := $(flags_tsan) -DWALKDIFF_THREADS
flags_stress := $(flags_asan) -DWALKDIFF_THREADS
flags_cover  := -O1 -DWALKDIFF_VERIFY -fprofile-instr-generate -fcoverage-mapping
flags_fuzz   := $(flags_asan) -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp
# AFL++'s runtime with the clang of libFuzzer: one compiler for both engines.
flags_afl    := $(flags_asan) -fsanitize-coverage=trace-pc-guard
flags_mutator := -O2 -fPIC
flags_cluster := -DWALKDIFF_VERIFY

# A cluster's compiler is its own, and warns of what it likes.
warnings := $(if $(filter cluster,$(MODE)),,-Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror)
# Core and the accesses are all that ThreadSanitizer watches: oracle/access.h.
watched  := $(if $(filter tsan threads,$(MODE)),-fsanitize=thread)
# Judged are the tables of the simulator's world, or of that of real threads.
real     := $(filter threads stress,$(MODE))
world    := $(if $(real),threads,sim)
CFLAGS   := -std=c17 -D_GNU_SOURCE -g -I. -MMD -MP $(warnings) $(flags_$(MODE)) $(EXTRA)

# What drives the targets: libFuzzer, which is part of clang, or AFL++'s persistent driver.
ENGINE := $(if $(filter afl,$(MODE)),/usr/lib/afl/libAFLDriver.a /usr/lib/afl/afl-compiler-rt.o,-fsanitize=fuzzer)
LINK = $(CC) $(CFLAGS)
# A foreign object that tells an engine what it covers finds the engine's functions here.
EXPORT := -rdynamic

# ---- what there is: found, not listed ----
out     := build/$(CC)-$(MODE)
stamps  := $(shell sed -n 's/^STAMP.\([a-z0-9_]*\),.*/\1/p' formats/formats.def)
targets := ops decode same race
tests   := $(patsubst %.c,%,$(wildcard core/*_test.c formats/*_test.c oracle/*_test.c fuzz/*_test.c))
command := $(wildcard fuzz/cmd*.c) fuzz/main.c
entries := fuzz/target.c fuzz/plain.c fuzz/engine.c fuzz/mutator.c $(if $(real),,fuzz/threads.c)
harness := $(filter-out %_test.c $(command) $(entries),$(wildcard oracle/*.c fuzz/*.c))
engines := $(foreach t,$(targets),$(foreach s,$(stamps),$t-$s))

formats := $(filter-out %_test.c,$(wildcard formats/*.c))
examples := $(filter-out $(out)/own.so,$(patsubst docs/examples/%.c,$(out)/%.so,$(wildcard docs/examples/*.c)))
faulty  := $(foreach n,1 2 3,$(out)/naive_x86_64-fault$n.so)
fast_shim := $(patsubst %.c,$(out)/%.o,$(filter-out %_test.c,$(wildcard core/*.c)))
product := $(fast_shim) $(formats:%.c=$(out)/%.fast.o)
judges  := $(harness:%.c=$(out)/%.o)
sims    := $(formats:%.c=$(out)/%.sim.o)
# Those of ours that make commands, also for foreign implementations that make none.
encoders := $(foreach w,sim fast,$(patsubst %.c,$(out)/%.$w.o,$(filter-out %_test.c,$(wildcard formats/inv_*.c))))
chosen  := $(foreach t,$(or $(TARGET),$(targets)),$(foreach s,$(or $(FORMAT),$(stamps)),$t-$s))

.DELETE_ON_ERROR:
.PHONY: always all command foreign-objects test-programs engines fuzz afl corpus-min check bench mutate tsan stress gate ci-full linux check-linux bench-linux coverage format clean help

all: ## build build/walkdiff, the command
	@ci/deps build
	@$(submake) command

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24
	@echo "  TIME=60 seconds, FORMAT= and TARGET= choose for fuzz and afl, INSTANCES= of each share what they find, IMPL=FILE.so judges that in the place of ours; CC= and MODE= ($(patsubst flags_%,%,$(filter flags_%,$(.VARIABLES)))) for the rest"

# ---- the main jobs ----

fuzz: ## fuzz every format for TIME seconds under ASan and UBSan, and say what it did
	@ci/deps build fuzz
	@$(submake) CC=$(CLANG) MODE=fuzz $(chosen:%=build/$(CLANG)-fuzz/%) command
	@build/walkdiff fuzz $(IMPL:%=--impl %) --instances $(INSTANCES) --time $(TIME) --jobs $(JOBS) $(if $(FORMAT),--format $(FORMAT)) $(if $(TARGET),--target $(TARGET))

afl: ## the same with AFL++
	@ci/deps build fuzz afl
	@$(submake) CC=$(CLANG) MODE=afl $(chosen:%=build/$(CLANG)-afl/%)
	@$(submake) CC=gcc MODE=mutator $(chosen:%=build/gcc-mutator/%.so)
	@$(submake) CC=$(CLANG) MODE=fuzz command
	@build/walkdiff fuzz --engine afl --engines build/$(CLANG)-afl --mutators build/gcc-mutator --instances $(INSTANCES) --time $(TIME) --jobs $(JOBS) $(if $(FORMAT),--format $(FORMAT)) $(if $(TARGET),--target $(TARGET))

corpus-min: ## make what fuzz and afl have gathered small, keeping what it covers
	@ci/deps build fuzz
	@$(submake) CC=$(CLANG) MODE=fuzz $(chosen:%=build/$(CLANG)-fuzz/%) command
	@ci/corpus-min $(if $(FORMAT),--format $(FORMAT)) $(if $(TARGET),--target $(TARGET))

check: ## every test, under gcc and clang, in modes verify, asan and fast
	@ci/deps build fuzz check
	@ci/check

bench: ## measure, as ratios within one run
	@ci/deps build
	@$(submake) MODE=fast build/gcc-fast/walkdiff
	@build/gcc-fast/walkdiff bench $(BENCH)

mutate: ## seed every fault of ci/mutants and see it caught
	@ci/deps build fuzz check
	@ci/mutate

tsan: ## races under ThreadSanitizer for TIME seconds, in the simulator and on real threads
	@ci/deps build fuzz tsan
	@ci/tsan --time $(TIME) $(if $(FORMAT),--format $(FORMAT))

stress: ## races on real threads for TIME seconds, under AddressSanitizer
	@ci/deps build fuzz tsan
	@ci/tsan --stress --time $(TIME) $(if $(FORMAT),--format $(FORMAT))

gate: ## may this change be merged? BASE= says against what; a verdict in minutes
	@ci/deps build fuzz tsan check
	@ci/gate $(BASE)

ci-full: ## what is too long for every change: each engine for each target and format, planted faults
	@ci/deps build fuzz afl cluster check
	@ci/full

linux: ## build page tables of Linux, which apt fetches, as objects to judge (docs/FOREIGN.md)
	@ci/deps build fuzz
	@ci/linux --coverage

check-linux: ## find again what was found in Linux's page tables, and nothing else
	@ci/deps build fuzz
	@ci/linux
	@$(submake) MODE=verify build/gcc-verify/walkdiff
	@ci/linux-check

bench-linux: ## our page tables beside Linux's, in one run
	@ci/deps build
	@ci/linux
	@$(submake) MODE=fast build/gcc-fast/walkdiff
	@for object in build/linux/*/fast/*.so; do build/gcc-fast/walkdiff bench --against $$object $(BENCH) || exit; done

coverage: ## (clang) which lines and branches of core, formats and oracle the corpus reaches, and all tests
	@ci/deps build fuzz check
	@ci/coverage

format: ## clang-format the lines that differ from the last commit
	git clang-format --force HEAD

clean: ## remove build/
	rm -rf build

# ---- programs ----

command: $(out)/walkdiff
	@ln -sf ../$(out)/walkdiff build/walkdiff

# Two archives: the page tables as users link them, and the judges with all that drives
# them. What the judges judge, the sim objects, is named: a fuzzer holds one format, and is
# made again only when that has changed.
$(out)/libwalkdiff.a: $(product) $(out)/product.txt
	@rm -f $@
	ar rcs $@ $(product)

$(out)/libjudges.a: $(judges) $(out)/judges.txt
	@rm -f $@
	ar rcs $@ $(judges)

# Change only when the list does: a source that is gone is gone from the archive too.
$(out)/product.txt $(out)/judges.txt: $(out)/%.txt: always
	@mkdir -p $(@D)
	@echo '$($*)' | cmp -s - $@ || echo '$($*)' > $@

$(out)/walkdiff: $(command:%.c=$(out)/%.o) $(sims) $(out)/libjudges.a $(out)/libwalkdiff.a
	$(CC) $(CFLAGS) $(watched) $(EXPORT) $^ -o $@ -ljansson -llzma $(if $(real),-lurcu-memb)

test-programs: $(tests:%=$(out)/%) $(foreach e,$(engines),$(out)/plain/$e)

$(tests:%=$(out)/%): $(out)/%: $(out)/%.o $(sims) $(out)/libjudges.a $(out)/libwalkdiff.a
	$(CC) $(CFLAGS) $(watched) $(filter %.o,$^) $(filter %.a,$^) -o $@ -lcmocka -llzma

# It tests fuzz/target.c, as the target race of toy.
$(out)/fuzz/target_test: $(out)/fuzz/race-toy.o

engines: $(engines:%=$(out)/%) ## (clang) one fuzzer a target and format, in CC= and MODE=

target_of = $(firstword $(subst -, ,$1))
stamp_of  = $(lastword $(subst -, ,$1))
engine    = -DTARGET=$(call target_of,$1) -DSTAMP_NAME=$(call stamp_of,$1)

$(engines:%=$(out)/fuzz/%.o): $(out)/fuzz/%.o: fuzz/target.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(call engine,$*) -c $< -o $@

# The sim object of a stamp, by the file that formats.def names for it.
file_of = $(shell sed -n 's/^STAMP.$(call stamp_of,$1), *\([a-z0-9_]*\),.*/\1/p' formats/formats.def)
sim_of  = $(out)/formats/$(call file_of,$1).sim.o
fast_of = $(out)/formats/$(call file_of,$1).fast.o $(fast_shim)

.SECONDEXPANSION:
$(engines:%=$(out)/%): $(out)/%: $(out)/fuzz/%.o $(out)/fuzz/engine.o $(out)/fuzz/mutator.o $$(call sim_of,$$*) $$(call fast_of,$$*) $(encoders) $(out)/libjudges.a
	$(LINK) $(EXPORT) $^ $(ENGINE) -o $@

# The same mutator for AFL++, which loads it into itself.
$(engines:%=$(out)/%.so): $(out)/%.so: $(out)/fuzz/%.o $(out)/fuzz/engine.o $(out)/fuzz/mutator.o $$(call sim_of,$$*) $$(call fast_of,$$*) $(encoders) $(out)/libjudges.a
	$(CC) $(CFLAGS) -shared $^ -o $@

$(engines:%=$(out)/plain/%): $(out)/plain/%: $(out)/fuzz/%.o $(out)/fuzz/plain.o $$(call sim_of,$$*) $$(call fast_of,$$*) $(encoders) $(out)/libjudges.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(EXPORT) $^ -o $@

# Foreign objects: our formats as one, and the examples.
foreign-objects: ## our formats, and the examples of docs/FOREIGN.md, as shared objects
foreign-objects: $(out)/own.so $(examples) $(faulty)

$(out)/own.so: docs/examples/own.c $(formats:%.c=$(out)/%.hosted.o) Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -shared $(filter %.c %.o,$^) -o $@

$(examples): $(out)/%.so: docs/examples/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -shared $< -o $@

$(faulty): $(out)/naive_x86_64-fault%.so: docs/examples/naive_x86_64.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DFAULT=$* -fPIC -shared $< -o $@

$(out)/formats/%.hosted.o: formats/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fPIC -DPT_WORLD=hosted -c $< -o $@

$(out)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

$(out)/oracle/access.o: CFLAGS += $(watched)

$(out)/formats/%.sim.o: formats/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(watched) -DPT_WORLD=$(world) -c $< -o $@

$(out)/formats/%.fast.o: formats/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DPT_WORLD=fast -c $< -o $@

-include $(shell find $(out) -name '*.d' 2>/dev/null)
