#!/bin/sh
# Runs every fuzz target for SECONDS (default 60) with the seeds and a growing corpus beside the build.
# usage: tests/fuzz/run.sh BUILD_DIR [SECONDS] [TARGET …]
set -eu
build=$1
seconds=${2:-60}
[ $# -gt 2 ] && shift 2 && targets=$* || targets="gguf safetensors config catalog batch log machine"
here=$(dirname "$0")
for target in $targets; do
  corpus=$build/corpus/$target
  mkdir -p "$corpus"
  echo "== $target"
  "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=64 \
    -print_final_stats=1 -artifact_prefix="$build/crash-$target-" "$corpus" "$here/seeds/$target" 2>&1 |
    grep -E "ERROR|SUMMARY|stat::number_of_executed_units|stat::peak_rss_mb|Test unit written" || true
done
