#!/bin/bash
# What ClusterFuzzLite builds is what OSS-Fuzz does.
set -euo pipefail
exec "$SRC/walkdiff/ci/oss-fuzz/build.sh"
