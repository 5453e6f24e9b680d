#!/bin/bash
# Builds every fuzzer for a cluster, under OSS-Fuzz's contract: compilers, flags and the engine
# come in CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE, the source is in SRC/walkdiff, what is
# made on the way goes to WORK, and what is to be run to OUT: each fuzzer with its seeds, its
# dictionary and its options. ci/oss-fuzz/test calls it as the cluster does.
set -euo pipefail
cd "$SRC/walkdiff"
jobs=${JOBS:-$(nproc)}
objects=$WORK/$FUZZING_ENGINE-$SANITIZER
host=$WORK/host

# The command, which writes the seeds, is for this machine: no engine, no sanitizer.
host_cc=${HOST_CC:-$(command -v clang || command -v cc)}
make -s -j"$jobs" CC="$host_cc" MODE=quick EXTRA=-Wno-error out="$host" "$host/walkdiff"
"$host/walkdiff" seeds "$WORK/seeds"

make -s -j"$jobs" CC="$CC" MODE=cluster EXTRA="$CFLAGS" LINK="$CXX $CXXFLAGS" \
	ENGINE="$LIB_FUZZING_ENGINE" out="$objects" engines

for seeds in "$WORK"/seeds/*/; do
	name=$(basename "$seeds")
	cp "$objects/$name" "$OUT/$name"
	cp "$WORK/seeds/$name.dict" "$OUT/$name.dict"
	cp ci/oss-fuzz/fuzzer.options "$OUT/$name.options"
	rm -f "$OUT/${name}_seed_corpus.zip"
	(cd "$seeds" && zip -q -r "$OUT/${name}_seed_corpus.zip" .)
done
