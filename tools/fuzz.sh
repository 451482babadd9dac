#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the fuzz targets of tests/fuzz under AddressSanitizer and
# UndefinedBehaviorSanitizer, and prints a table of what they did.
#
#     sh tools/fuzz.sh [-s SECONDS] [-j N] [-n] [TARGET...]
#
#     -s SECONDS   for each target [600]
#     -j N         so many at a time [1]
#     -n           build nothing: run what is built
#
# Each target begins with the seeds and with what it found in earlier runs,
# which stays in build/fuzz/found/TARGET. Beside that lie its log, TARGET.log,
# and the inputs that failed, TARGET-crash-*: `build/fuzz/tests/bin/TARGET_fuzz
# FILE` runs one again. Ends with 1 if there are any.
set -eu

cd "$(dirname "$0")/.."
build=$PWD/build/fuzz
found=$build/found
seconds=600
jobs=1
make=yes

usage()
{
    sed -n 's/^#  *\(sh tools.*\)/usage: \1/p' "$0" >&2
    exit 2
}

# longest TARGET: bytes of its largest input.
longest()
{
    case $1 in
    frame) echo 33000 ;; # its datagrams have lengths of 15 bits
    trust | keyfile | identity | batch) echo 8256 ;;
    *) echo 4096 ;;
    esac
}

# run TARGET: one target for its time; what it says goes into its log.
run()
{
    mkdir -p "$found/$1"
    code=0
    "$build/tests/bin/$1_fuzz" -max_total_time="$seconds" -timeout=20 \
        -max_len="$(longest "$1")" -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/$1-" \
        "$found/$1" "$build/tests/fuzz/seeds/$1" \
        >"$found/$1.log" 2>&1 || code=$?
    echo "exit $code" >>"$found/$1.log"
}

# row TARGET: its line of the table.
row()
{
    log=$found/$1.log
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.*[[:space:]]cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    inputs=$(find "$found/$1" -type f | wc -l)
    findings=none
    tail -n 1 "$log" | grep -q '^exit 0$' ||
        findings=$(sed -n 's/^SUMMARY: //p' "$log" | head -n 1)
    printf '| %s | %s | %s | %s | %s |\n' "\`$1\`" "${findings:-see $log}" \
        "${runs:-?}" "${edges:-?}" "$inputs"
}

while getopts s:j:nr: option; do
    case $option in
    s) seconds=$OPTARG ;;
    j) jobs=$OPTARG ;;
    n) make=no ;;
    r) # one target, for xargs below
        run "$OPTARG"
        exit 0
        ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))

if [ "$make" = yes ]; then
    sh tools/deps.sh fuzz
    cmake --preset fuzz >&2
    cmake --build --preset fuzz >&2
fi
# Names are words of ours, without blanks.
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cut -d ' ' -f 1 "$build/tests/fuzz/seeds/made")
for target; do
    [ -x "$build/tests/bin/${target}_fuzz" ] || {
        echo "fuzz.sh: there is no target $target" >&2
        usage
    }
done

printf '%s\n' "$@" | xargs -n 1 -P "$jobs" sh tools/fuzz.sh -s "$seconds" -r
echo "| target | findings | executions | edges | inputs kept |"
echo "| --- | --- | ---: | ---: | ---: |"
failed=0
for target; do
    row "$target"
    tail -n 1 "$found/$target.log" | grep -q '^exit 0$' || failed=1
done
exit $failed
