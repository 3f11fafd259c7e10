#!/bin/bash
# All checks that need no network, with the plain programs and again with address and undefined-behaviour sanitizers.
# The last line sums everything up: "N passed, N failed".
#
# Usage: tests/run_check.sh      BUILD is the build folder (default: build)
set -u
cd "$(dirname "$0")/.." || exit 2
BUILD=${BUILD:-build}
# The makes below are nobody's children: they get their own number of jobs.
unset MAKEFLAGS MFLAGS MAKELEVEL

passed=0 failed=0
log=$(mktemp)
lanes=$(mktemp -d)
trap 'rm -rf "$log" "$lanes"' EXIT

# check NAME COMMAND...   one check, silent when it passes
check() {
  local name=$1
  shift
  if "$@" >"$log" 2>&1 </dev/null; then
    echo "ok $name"
    passed=$((passed + 1))
  else
    echo "FAIL $name"
    tail -n 100 "$log" | sed 's/^/  | /'
    failed=$((failed + 1))
    return 1
  fi
}

# The unit tests of a build folder, each test case counting as one.
unit_tests() {
  local rc=0 cases bad=0
  ASAN_OPTIONS=exitcode=99:handle_sigill=1 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 \
    LC_ALL=C TZ=UTC "$1/tests/unit" >"$log" 2>&1 </dev/null || rc=$?
  cases=$(sed -nE 's/.*assertions? in ([0-9]+) test cases?.*/\1/p; s/^test cases: *([0-9]+).*/\1/p' "$log" | tail -n 1)
  if [ "$rc" != 0 ]; then
    bad=$(sed -nE 's/^test cases:.* ([0-9]+) failed.*/\1/p' "$log" | tail -n 1)
    bad=${bad:-1}        # it crashed before it could count
    tail -n 100 "$log" | sed 's/^/  | /'
  fi
  passed=$((passed + ${cases:-$bad} - bad))
  failed=$((failed + bad))
  echo "$1/tests/unit: $((${cases:-$bad} - bad)) passed, $bad failed"
}

cli_tests() {
  local good bad
  BUILD=$1 STEP=$2 tests/run_cli.sh 2>&1 | tee "$log"
  read -r good bad < <(sed -nE 's/^CLI: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log")
  passed=$((passed + ${good:-0}))
  failed=$((failed + ${bad:-1}))
}

# build FOLDER [MORE-TARGETS] [MAKE-VARIABLES]...
build() {
  local build=$1
  shift
  check "build $build" make --no-print-directory -j"$(nproc)" BUILD="$build" "$@" all "$build/tests/unit"
}
# run_tests FOLDER STEP
run_tests() {
  unit_tests "$1"
  cli_tests "$1" "$2"
}

files() { find . -path ./.git -prune -o -path "./$BUILD" -prune -o -path ./build -prune -o -type f "$@" -print0; }
shell_scripts() { files \( -name '*.sh' -o -path ./.ci/run -o -path './bench/run*' \) -size +0; }

# suite COMMAND...   one suite of a lane, and how long it took
suite() {
  local start=$SECONDS
  "$@"
  echo "  $1: $((SECONDS - start)) s"
}
# Lanes run beside what takes the processors: suites with a server mostly wait, others use one of them. Of stops, faults,
# order and writers they are a part of what make check-all does.
servers_lane() {
  suite tests/postgres/registry.sh
  STEP=6 suite tests/postgres/check.sh
  suite tests/postgres/faults.sh
  suite tests/postgres/convert.sh
  suite tests/postgres/windows.sh
  suite tests/postgres/efd.sh
  suite tests/efd/fetch.sh
  suite tests/efd/influx.sh
  SERVER=1 SCENARIOS='copy move-live' FULL='' STEP=30 PAGES=20 RANDOM_KILLS=6 suite tests/fault/kill.sh
  FULL='' STEP=60 PAGES=20 RANDOM_KILLS=8 suite tests/fault/kill.sh
  PROGRAM=dbb-convert FULL='' STEP=60 PAGES=20 RANDOM_KILLS=6 suite tests/fault/kill.sh
}
files_lane() {
  suite tests/fault/order.sh
  SCENARIOS='' suite tests/fault/faults.sh
  suite tests/gen2/compare.sh
  suite tests/efd/compare.sh
  suite tests/concurrency/writers.sh
  STEP=8 suite tests/concurrency/meet.sh
}

# finish_lane NAME SUITES   count what a lane has printed; each of its suites ends with a line of its own
finish_lane() {
  local line good bad ended=0
  while IFS= read -r line; do
    echo "$line"
    read -r good bad < <(sed -nE 's/^[a-z ]+: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' <<< "$line") || continue
    passed=$((passed + good))
    failed=$((failed + bad))
    ended=$((ended + 1))
  done < <(cat "$lanes/$1")
  [ "$ended" = "$2" ] || { echo "FAIL $(($2 - ended)) suites ended early"; failed=$((failed + 1)); }
}

check 'direction of includes' tests/check_includes.sh
# Cases of the CLI tests have no first line that names their shell, and source their helpers by a variable (SC1090).
check 'shellcheck' xargs -0r -a <(shell_scripts) -n 40 -P "$(nproc)" shellcheck -x -s bash -e SC1090
check 'clang-format' xargs -0r -a <(files \( -name '*.cc' -o -name '*.h' \)) -n 100 -P "$(nproc)" clang-format --dry-run -Werror
check 'tables of Gen2' tests/gen2/check_tables.sh
check 'man pages' xargs -0ra <(files -path './man/*.[157]') mandoc -T lint -W error

# Where nothing is built yet, as on a server, folders are compiled as a whole.
[ -e "$BUILD/libdbb.a" ] || export UNITY=1
export BUILD
build "$BUILD" && {
  servers_lane > "$lanes/servers" 2>&1 < /dev/null &
  files_lane > "$lanes/files" 2>&1 < /dev/null &
  run_tests "$BUILD" 4
}
# With sanitizers g++ 12 warns of libstdc++'s own <regex>.
sanitized=(UNITY=1 CXXFLAGS='-Og -g1 -D_GLIBCXX_ASSERTIONS -Wno-maybe-uninitialized'
  # Over a million places would be relocated whenever a program starts.
  SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-pie -no-pie')
# What is undefined ends a program, of which AddressSanitizer prints the place. With UBSAN=full it says what it was, of null and misaligned
# pointers, too, which takes a third more of the time; null pointers end programs in any case.
asan=$BUILD/asan-full
if [ "${UBSAN:-}" != full ]; then
  asan=$BUILD/asan
  sanitized[2]+=' -fsanitize-undefined-trap-on-error -fno-sanitize=null,alignment'
fi
# Programs that are killed say the same as plain ones.
build "$asan" "$asan/tests/fuzz" "${sanitized[@]}" && {
  run_tests "$asan" 8
  suite tests/fuzz/run.sh "$asan" "${FUZZ_SECONDS:-3}" > "$lanes/fuzz" 2>&1 < /dev/null
  finish_lane fuzz 1
}
wait
finish_lane files 6
finish_lane servers 11

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
