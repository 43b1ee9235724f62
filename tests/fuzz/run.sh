#!/bin/sh
# Runs fuzz targets, two at a time: run.sh DIRECTORY SECONDS TARGET...
# Finds of this run are thrown away; an input that breaks something is kept in
# DIRECTORY/found, and how to repeat it is told. FUZZ_KEEP=1 keeps the finds in
# DIRECTORY/finds.
set -u
built=$1 seconds=$2
shift 2
here=tests/fuzz
export ASAN_OPTIONS="malloc_context_size=8:quarantine_size_mb=16:\
detect_stack_use_after_return=1:handle_abort=1:${ASAN_OPTIONS:-}"
# Files in memory where there is such a place, and gone with this script.
scratch=$(mktemp -d "$(test -w /dev/shm && echo /dev/shm || echo /tmp)/yz-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export FUZZ_DIR=$scratch
mkdir -p "$built/found"

run() {
    finds=$scratch/$1
    test -z "${FUZZ_KEEP:-}" || finds=$built/finds/$1
    mkdir -p "$finds"
    dictionary=
    test ! -f $here/"$1".dict || dictionary=-dict=$here/$1.dict
    most=4096
    test "$1" != kindfile || most=12000
    if "$built/fuzz/$1" -max_total_time="$seconds" -max_len=$most -timeout=20 \
        -malloc_limit_mb=64 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$built/found/$1-" $dictionary \
        "$finds" $here/corpus/"$1" >"$scratch/$1.log" 2>&1; then
        awk -v t="$1" '/^#.*DONE/ { cov = $4; ft = $6 }
            /executed_units/ { runs = $2 } /average_exec/ { rate = $2 }
            /peak_rss/ { rss = $2 } END { printf "== fuzz %s: %d inputs, " \
            "%d a second, %d branches, %d features, %d MiB\n", t, runs, \
            rate, cov, ft, rss }' "$scratch/$1.log"
        return 0
    fi
    echo "== fuzz $1: FOUND SOMETHING"
    grep -vE '^#[0-9]' "$scratch/$1.log" | tail -n 60
    echo "Repeat it:  $built/fuzz/$1 $built/found/$1-..."
    echo "Make it small:  $built/fuzz/$1 -minimize_crash=1 -runs=100000 FILE"
    : >"$scratch/failed"
}

while [ $# -gt 0 ]; do
    run "$1" &
    shift
    if [ $# -gt 0 ]; then
        run "$1" &
        shift
    fi
    wait
done
test ! -e "$scratch/failed"
