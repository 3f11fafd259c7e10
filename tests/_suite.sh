# What suites share that run the programs for long and count their checks.
# shellcheck shell=bash
#
# A suite sources this file in the folder of the project. Env: BUILD, the build folder (default: build)
set -u
root=$PWD
bin=$(cd "${BUILD:-build}" && pwd)/bin || exit 2
export root bin PATH=$bin:$PATH LC_ALL=C TZ=UTC
passed=0 failed=0

# work_in FOLDER          make a folder of the suite's own there, $work, which goes with the suite
work_in() {
  work=$(realpath "$(mktemp -d -p "$1")")
  export work
  trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
}

# tell NAME PROBLEM       a line for a check; PROBLEM is empty when it passed
tell() {
  if [ -z "$2" ]; then
    echo "ok $1"
    passed=$((passed + 1))
  else
    echo "FAIL $1"
    printf '%s\n' "$2" | head -n 12 | cut -c 1-600 | sed 's/^/  | /'
    failed=$((failed + 1))
  fi
}

# sum_up NAME             the last line of a suite; its status is the suite's
sum_up() {
  echo "$1: $passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# wait_for PID...         wait for all; $statuses is empty when they ended with 0
wait_for() {
  local pid rc bad=0
  statuses=''
  for pid; do
    rc=0
    wait "$pid" || rc=$?
    statuses+="$rc "
    [ $rc = 0 ] || bad=1
  done
  [ $bad = 1 ] || statuses=''
}

# uris FILE...            with how often each is there
uris() { cat "$@" | sed -nE 's/.*"uri":"([^"]*)".*/\1/p' | sort; }
