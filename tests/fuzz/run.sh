#!/bin/bash
# Replay the inputs that were finds once, then look for new ones.
#
# Usage: tests/fuzz/run.sh BUILD SECONDS [SEED]      BUILD has tests/fuzz, built with sanitizers
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
fuzz=$(cd "$1" && pwd)/tests/fuzz
export DBB_TEST_DATA=$root/tests/data ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0

# Regressions lie in folders named after their target. A crash takes the count with it, so each is its own run.
while IFS= read -r -d '' file; do
  if timeout 60 "$fuzz" 0 0 "$file" > log 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $file"; tail -n 20 log; fi
done < <(find "$root/tests/fuzz/regressions" -type f -print0 2> /dev/null | sort -z)

timeout $(($2 + 120)) "$fuzz" "$2" "${3:-1}" > log 2>&1
rc=$?
cat log
read -r good bad < <(sed -nE 's/^fuzz: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' log)
if [ "$rc" != 0 ] && [ "${bad:-0}" = 0 ]; then
  bad=1 good=0
  echo "a find (status $rc), base64:"
  base64 -w 0 fuzz-find | head -c 4000
  echo
fi
echo "fuzz: $((passed + good)) passed, $((failed + bad)) failed"
[ $((failed + bad)) = 0 ]
