#!/usr/bin/env bash
# Runs fuzz targets that are built, one after the other: fuzz/run.sh SECONDS FOLDER TARGET…
#
# FOLDER gets NAME.log, the inputs that reached something new in corpus/NAME, and those that broke a promise in
# found/NAME. At the end a line for each target says what was done. Fails if anything broke a promise.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1 folder=$2
shift 2
programs=target/fuzz/$(rustc -vV | sed -n 's/^host: //p')/release

failed=0
for name in "$@"; do
    mkdir -p "$folder/corpus/$name" "$folder/found/$name"
    # Beside the limit on all memory there is one on what is allocated, by target: see weir_any_bytes::TARGETS.
    "$programs/$name" "$folder/corpus/$name" "fuzz/corpus/$name" "-dict=fuzz/dictionaries/$name.dict" \
        "-artifact_prefix=$folder/found/$name/" "-max_total_time=$seconds" -max_len=16384 -timeout=25 -report_slow_units=25 \
        -rss_limit_mb=2048 -print_final_stats=1 >"$folder/$name.log" 2>&1 || failed=1
done

for name in "$@"; do
    awk -v name="$name" '
        /^stat::number_of_executed_units/ { executions = $2 }
        /^stat::average_exec_per_sec/ { each = $2 }
        /^stat::peak_rss_mb/ { memory = $2 }
        /^#/ { for (i = 1; i < NF; i++) if ($i == "cov:") covered = $(i + 1) }
        /Test unit written to/ { found = found " FOUND " $NF }
        END { printf "%-22s %11d executions %7d a second %6d edges %5d MiB%s\n", name, executions, each, covered, memory, found }
    ' "$folder/$name.log"
done
exit $failed
