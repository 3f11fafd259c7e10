#!/bin/bash
# Replay the inputs that were finds once, then look for new ones.
#
# Usage: tests/fuzz/run.sh BUILD SECONDS [SEED [TARGET...]]      BUILD has tests/fuzz, built with sanitizers (mk/fuzz.mk)
# Env:   PROGRAMS     folder of the programs that make a repository to be damaged (default: BUILD/bin)
#        FUZZ_CORPUS  folder in which inputs that reach something new are gathered, when BUILD has coverage
#        JOBS         how many targets at a time (default: 1)
#
# A find is kept in BUILD/finds/TARGET. Put it into tests/fuzz/regressions/TARGET under a name that says what it is.
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
build=$(cd "$1" && pwd) || exit 2
seconds=$2 seed=${3:-1}
shift $(($# > 3 ? 3 : $#))
fuzz=$build/tests/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
# Memory: half a gigabyte in all, of which the sanitizer takes little for itself.
export DBB_TEST_DATA=$root/tests/data UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 LC_ALL=C TZ=UTC \
  ASAN_OPTIONS=exitcode=99:hard_rss_limit_mb=512:max_allocation_size_mb=512:quarantine_size_mb=8:detect_stack_use_after_return=0
passed=0 failed=0

export PATH=${PROGRAMS:-$build/bin}:$PATH FUZZ_REPO=$work/repo
{
  dbb-repo create repo && dbb-repo register-instrument repo LATISS &&
    dbb-ingest --repo repo -t direct "$root"/examples/data/LATISS/*.fits
} > log 2>&1 || { cat log; echo 'fuzz: 0 passed, 1 failed'; exit 1; }

# Regressions lie in folders named after their target. A crash takes the count with it, so each is its own run.
while IFS= read -r -d '' file; do
  if "$fuzz" --replay "$file" > log 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL ${file#"$root/"}"
    tail -n 20 log | cut -c 1-300
  fi
done < <(find "$root/tests/fuzz/regressions" -type f -print0 2> /dev/null | sort -z)

explore() { # TARGET SECONDS
  local rc=0
  mkdir "$1" && cd "$1" || return
  "$fuzz" "$2" "$seed" "$1" > log 2>&1 || rc=$?
  if [ $rc != 0 ]; then
    grep -q '^FAIL' log || echo "FAIL $1: ended with $rc"
    mkdir -p "$build/finds/$1"
    cp "fuzz-find/$1/find" "$build/finds/$1/$(sha256sum < "fuzz-find/$1/find" | cut -c 1-12)"
    echo "  the input, $(wc -c < "fuzz-find/$1/find") bytes: $build/finds/$1/$(sha256sum < "fuzz-find/$1/find" | cut -c 1-12)"
    grep -E 'ERROR|runtime error|    #[0-9] ' log | grep -v 'std::\|/c++/\|libasan' | head -n 12
  fi
  grep -E '^(ok|FAIL)' log
}
export -f explore
export fuzz build seed
[ $# -gt 0 ] || mapfile -t names < <("$fuzz" --list)
[ $# = 0 ] || names=("$@")
# shellcheck disable=SC2016  # the inner shell expands it
printf '%s\n' "${names[@]}" |
  xargs -P "${JOBS:-1}" -I{} bash -uc 'explore "$@"' _ {} "$(awk -v s="$seconds" -v n=${#names[@]} 'BEGIN { print s / n }')" | tee found
passed=$((passed + $(grep -c '^ok' found)))
failed=$((failed + ${#names[@]} - $(grep -c '^ok' found)))
echo "fuzz: $passed passed, $failed failed"
[ $failed = 0 ]
