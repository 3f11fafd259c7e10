#!/bin/bash
# Run the test cases tests/cli/<tool>/<case>.sh against the programs in $BUILD/bin.
#
# Usage: tests/run_cli.sh [CASE.sh...]      BUILD  the build folder (default: build)
#                                           STEP   of points at which programs are killed, and of damages, every STEP-th (1)
#
# A case runs in an empty folder of its own with a clean environment. Golden files beside it are compared where
# they exist: <case>.out, <case>.err (paths of the temporary folder appear as <TMP>, of examples/data as <EXAMPLES>,
# of tests/data as <DATA>) and <case>.rc (absent: the case must end with 0).
set -u
cd "$(dirname "$0")/.." || exit 2
root=$PWD
bin=$(cd "${BUILD:-build}" && pwd)/bin || exit 2
export root bin

scratch=$(realpath "$(mktemp -d)")
trap 'chmod -R u+rwX "$scratch"; rm -rf "$scratch"' EXIT
export scratch

# One case: prints "ok NAME" or "FAIL NAME", details go to a log that is shown at the end.
run_case() {
  local case=$1 name rc=0 want=0 problems=''
  name=${case#tests/cli/}; name=${name%.sh}
  local golden=${case%.sh} dir=$scratch/$name
  local log=$scratch/${name//\//.}.log
  mkdir -p "$dir"/{work,home,tmp,io}
  # A sanitizer's own exit status must not pass for one that a case expects. Leaks are looked for in the unit tests: here
  # it would take a fifth of a program's time.
  (cd "$dir/work" && exec env -i LC_ALL=C TZ=UTC PATH="$bin:/usr/local/bin:/usr/bin:/bin" \
    HOME="$dir/home" TMPDIR="$dir/tmp" CASE_IO="$dir/io" STEP="${STEP:-1}" DBB_ROOT="$root" DBB_BIN="$bin" \
    DBB_CLI_LIB="$root/tests/cli/_lib.sh" DBB_TEST_DATA="$root/tests/data" DBB_EXAMPLES="$root/examples/data" \
    ASAN_OPTIONS=exitcode=99:detect_leaks=0:handle_sigill=1 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 \
    timeout -k 5 400 bash "$root/$case" </dev/null >"$dir/out" 2>"$dir/err") || rc=$?

  sed -i "s|$dir|<TMP>|g; s|$root/examples/data|<EXAMPLES>|g; s|$root/tests/data|<DATA>|g" "$dir/out" "$dir/err"
  [ -e "$golden.rc" ] && want=$(<"$golden.rc")
  [ "$rc" = "$want" ] || problems+="ended with $rc instead of $want"$'\n'
  local stream
  for stream in out err; do
    [ -e "$golden.$stream" ] || continue
    problems+=$(diff -u --label "$golden.$stream" --label got "$golden.$stream" "$dir/$stream") || problems+=$'\n'
  done
  if [ -z "$problems" ]; then
    echo "ok $name"
  else
    echo "FAIL $name"
    {
      printf '%s\n' "--- $name" "$problems"
      for stream in out err; do
        [ -s "$dir/$stream" ] && { echo "    std$stream:"; tail -n 40 "$dir/$stream" | sed 's/^/    | /'; }
      done
    } > "$log"
  fi
  chmod -R u+rwX "$dir"
  rm -rf "$dir"
}
export -f run_case

if [ $# -gt 0 ]; then cases=("$@"); else cases=(tests/cli/*/*.sh); fi
# Cases wait now and then: one more than there are processors.
# shellcheck disable=SC2016  # the inner shell expands it
printf '%s\0' "${cases[@]}" | xargs -0 -P "$(($(nproc) + 1))" -n 1 bash -c 'run_case "$@"' _ | tee "$scratch/results"
cat "$scratch"/*.log 2>/dev/null

passed=$(grep -c '^ok ' "$scratch/results")
failed=$((${#cases[@]} - passed))
echo "CLI: $passed passed, $failed failed"
[ "$failed" = 0 ]
