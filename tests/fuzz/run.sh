#!/bin/sh
# Runs every fuzz target for SECONDS (default 60) with the seeds and a growing corpus beside the build; prints how often
# each ran and what it found. Exit status 1 when something was found: the input lies in BUILD_DIR/crash-TARGET-…
# usage: tests/fuzz/run.sh BUILD_DIR [SECONDS] [TARGET …]
#   cmake --preset fuzz && cmake --build --preset fuzz && tests/fuzz/run.sh build-fuzz
set -eu
if [ ! -d "${1:-}/tests/fuzz" ]; then
  echo "usage: tests/fuzz/run.sh BUILD_DIR [SECONDS] [TARGET …]" >&2
  echo "BUILD_DIR is where the preset fuzz was built: cmake --preset fuzz && cmake --build --preset fuzz" >&2
  exit 2
fi
build=$1
seconds=${2:-60}
[ $# -gt 2 ] && shift 2 && targets=$* || targets="gguf safetensors config catalog batch log machine"
here=$(dirname "$0")
found=0
for target in $targets; do
  corpus=$build/corpus/$target
  mkdir -p "$corpus"
  echo "== $target"
  log=$build/fuzz-$target.log
  "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=64 \
    -print_final_stats=1 -artifact_prefix="$build/crash-$target-" "$corpus" "$here/seeds/$target" >"$log" 2>&1 || found=1
  grep -E "ERROR|SUMMARY|stat::number_of_executed_units|stat::peak_rss_mb|Test unit written" "$log" || true
done
exit $found
