#!/bin/sh
# Runs steps one after the other, stops at the first that fails, and says at the end how long each took.
# usage: steps.sh NAME COMMAND [NAME COMMAND]…
set -eu

# Tests write and sync thousands of small files: in memory, where there is room and programs may run. (What
# they prove outlives processes; tests of power cuts bring a file system of their own.)
in_memory() {
    test -z "${TMPDIR:-}" && test -w /dev/shm || return 0
    test "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -ge 3000000 || return 0
    made=$(mktemp -d /dev/shm/smart-counter.XXXXXX)
    trap 'rm -rf "$made"' EXIT
    chmod 755 "$made" # PostgreSQL does not run as root
    printf '#!/bin/sh\n' >"$made/try"
    chmod 755 "$made/try"
    if "$made/try" 2>/dev/null; then export TMPDIR="$made"; fi
}

row() { table="$table$(printf '%8d  %s' "$1" "$2")
"; }

summary() { printf '\n seconds  step\n%s' "$table"; }

in_memory
table=""
begun=$(date +%s)
while test $# -gt 0; do
    name=$1 command=$2 since=$(date +%s) code=0
    shift 2
    printf '\n== %s\n' "$name"
    sh -c "$command" || code=$?
    row $(($(date +%s) - since)) "$name"
    if test "$code" -ne 0; then
        summary
        echo "failed: $name"
        exit "$code"
    fi
done
row $(($(date +%s) - begun)) all
summary
