#!/bin/bash
# Two dbb-ingest with the same input meet at every state-changing system call: one is halted behind the call, the other runs
# as far as it can, then the first goes on. Each line has its outcome with both, each dataset is stored by one of them, and
# the end is that of one writer alone.
#
# Usage: tests/concurrency/meet.sh [SCENARIO...]      of tests/fault/scenarios.txt (default: copy move link direct)
# Env:   BUILD  the build folder (default: build)
#        STEP   every STEP-th point (default: 1); PAGES of writes to the database only every PAGES-th (default: 20)
#        JOBS   how many at a time (default: number of cores)
cd "$(dirname "$0")/../.." || exit 2
. tests/fault/_lib.sh
make_inputs
[ $# -gt 0 ] || set -- copy move link direct
cd "$work" || exit 2

outcomes_of() { # RECEIPTS REJECTS WHO
  outcomes "$1" "$2" | diff "$work/$name.outcomes" - | sed "s/^/outcomes of the $3: /"
}

meet_at() { # SCENARIO CALL NUMBER
  local rc=0 problems first second pid tries=0
  scenario "$1" && mkdir -p "$work/try.$$" && cd "$work/try.$$" && fresh lines || return
  : > receipts.2
  : > rejects.2
  problems=$(
    ingest receipts rejects traced "$2" -e "inject=$2:signal=STOP:when=$3" &
    first=$!
    until grep -q 'stopped by SIGSTOP' trace 2> /dev/null || [ $((tries++)) -gt 1000 ]; do sleep 0.01; done
    pid=$(sed -nE 's/^([0-9]+) +--- stopped by SIGSTOP.*/\1/p' trace | head -n 1)
    # shellcheck disable=SC2030,SC2031  # another process
    (
      ingest receipts.2 rejects.2 env || rc=$?
      cp err err.2
      exit $rc
    ) &
    second=$!
    # It ends, or waits for the lock of the first.
    tries=0
    while kill -0 $second 2> /dev/null && [ $((tries++)) -lt 30 ]; do sleep 0.01; done
    kill -CONT "$pid" || cat trace
    wait $first || rc=$?
    [ $rc = "$(cat "$work/$1.status")" ] || echo "the first ends with $rc"
    rc=0
    wait $second || rc=$?
    [ $rc = "$(cat "$work/$1.status")" ] || echo "the second ends with $rc"
    outcomes_of receipts rejects first
    outcomes_of receipts.2 rejects.2 second
    cat receipts receipts.2 | sed -nE 's/.*"id":"([^"]*)".*"ingest":\{"outcome":"done".*/stored by both: \1/p' | sort | uniq -d
    cat receipts.2 >> receipts
    sound
    state "$work/$1.sql" | diff "$work/$1.state" - | head -n 6 | sed 's/^/the end differs: /'
  )
  [ -z "$problems" ] || printf '%s, the first halted behind %s %s:\n%s\n' "$1" "$2" "$3" "$problems" | cut -c 1-400
  cd "$work" && rm -rf "$work/try.$$"
}

for name; do
  problems=$(undisturbed "$name")
  if [ -n "$problems" ]; then tell "$name, undisturbed" "$problems"; continue; fi
  points "$name" > all-points
  awk -v step="${STEP:-1}" -v pages="${PAGES:-20}" -v name="$name" '$1 == "pwrite64" && pw++ % pages { next } n++ % step == 0 { print name, $0 }' \
    all-points > chosen
  export -f outcomes_of meet_at
  # shellcheck disable=SC2016  # the inner shell expands it
  problems=$(xargs -a chosen -P "$JOBS" -L 1 bash -uc 'meet_at "$@"' _ 2>&1)
  [ -s chosen ] || problems='no point was found'
  tell "$name: two writers met at $(wc -l < chosen) of $(wc -l < all-points) points" "$problems"
done

sum_up meet
