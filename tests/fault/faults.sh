#!/bin/bash
# Let system calls of dbb-ingest fail, one at a time, and see that nothing is lost or half there.
#
# Usage: tests/fault/faults.sh
# Env:   BUILD      the build folder (default: build)
#        SCENARIOS  those of which every state-changing call is made to fail (default: copy move link direct)
#        STEP       every STEP-th of them (default: 1)
#        JOBS       how many at a time (default: number of cores)
#
# First the table faults.txt: the right reason, exit status and number of rejected lines. Then every call of some scenarios
# with EIO and ENOSPC: whatever the program makes of it, each line is in receipts or rejects, the repository is sound, and a
# second run completes. Last a disk that is really full, where a small one can be mounted.
cd "$(dirname "$0")/../.." || exit 2
. tests/fault/_lib.sh
make_inputs
cd "$work" || exit 2

# What holds after any error: every line has one outcome unless the program said that it stopped for the output's sake.
kept() {
  local unknown
  grep -q 'Sanitizer\|terminate called' err && cat err
  sound
  find repo -name '.dbb-*' -printf 'a temporary file is left over: %p\n'
  grep -q 'could not write standard output\|could not write \\*"rejects\|could not open \\*"rejects' err && return
  unknown=$(comm -3 <(sed -nE 's/.*"uri":"([^"]*)".*/\1/p' lines | sort) <(cat receipts rejects | sed -nE 's/.*"uri":"([^"]*)".*/\1/p' | sort))
  [ -z "$unknown" ] || { echo "lines without one outcome: ${unknown//$'\n'/ }"; head -n 3 err; }
}

# number_of SCENARIO CALL PATTERN   which call of that name it is
number_of() {
  awk -v call="$2" -v pattern="$3" '$2 ~ "^" call "\\(" { n++; if ($0 ~ pattern) { print n; exit } }' "$work/$1.trace"
}

# ---------------------------------------------------------------- the table

refused() { # SCENARIO CALL PATTERN ERROR REASON LINES STATUS
  local n rc=0
  scenario "$1" && mkdir -p "$work/try.$$" && cd "$work/try.$$" && fresh good || return
  options+=' --log-format json'
  n=$(number_of "$1" "$2" "$3")
  [ -n "$n" ] || { echo 'there is no such call'; return; }
  ingest receipts rejects traced "$2" -e "inject=$2:error=${4%+}:when=$n${4##*[^+]}" || rc=$?
  grep -q INJECTED trace || echo 'the call did not come'
  if [ "$5" = - ]; then
    [ ! -s rejects ] || cut -c 1-300 rejects
  else
    [ "$6" = - ] || [ "$(grep -c "\"error\":{\"code\":\"$5\"" rejects)" = "$6" ] ||
      echo "reasons: $(sed -nE 's/.*"error":\{"code":"([A-Z_0-9]*)".*/\1/p' rejects | sort | uniq -c | tr '\n' ' ')"
    [ "$6" != 0 ] || grep -q "\"code\":\"$5\"" err || { echo 'reason on stderr:'; cat err; }
  fi
  [ $rc = "$7" ] || { echo "ends with $rc instead of $7:"; head -n 3 err; }
  # Before a line was read none has an outcome.
  if [ "$5" != - ] && [ "$6" = 0 ]; then sound; else kept; fi
  complete "$work/$1"
  cd "$work" && rm -rf "$work/try.$$"
}

for name in $(table "$root/tests/fault/faults.txt" | awk '{ print $1 }' | sort -u); do
  problems=$(undisturbed "$name" good)
  [ -z "$problems" ] || tell "$name, undisturbed" "$problems"
done
while read -r scenario call pattern error reason lines status; do
  problems=$(refused "$scenario" "$call" "$pattern" "$error" "$reason" "$lines" "$status" 2>&1)
  rm -rf "$work/try.$$"
  tell "$scenario: $error at $call of $pattern is $reason, $status" "$problems"
done < <(table "$root/tests/fault/faults.txt")

# ---------------------------------------------------------------- every call

fail_at() { # SCENARIO CALL NUMBER ERROR
  local rc=0 problems
  scenario "$1" && mkdir -p "$work/try.$$" && cd "$work/try.$$" && fresh lines || return
  ingest receipts rejects traced "$2" -e "inject=$2:error=$4:when=$3" || rc=$?
  problems=$(
    grep -q INJECTED trace || echo 'the call did not come'
    # 2: without a file for rejects nothing is begun.
    case $rc in 0 | 1 | 4) ;; 2) grep -q 'open "rejects"' err || cat err ;; *) echo "ends with $rc: $(head -n 3 err)" ;; esac
    # What can't be removed because removing fails may stay.
    if [ "$2" = unlink ]; then kept | grep -v 'temporary file is left over'; else kept; fi
    complete "$work/$1"
  )
  [ -z "$problems" ] || printf '%s, %s at %s %s:\n%s\n' "$1" "$4" "$2" "$3" "$problems" | cut -c 1-400
  cd "$work" && rm -rf "$work/try.$$"
}

for name in ${SCENARIOS-copy move link direct}; do
  problems=$(undisturbed "$name")
  if [ -n "$problems" ]; then tell "$name, undisturbed" "$problems"; continue; fi
  points "$name" | awk -v step="${STEP:-1}" -v name="$name" 'n++ % step == 0 { print name, $0, "EIO"; print name, $0, "ENOSPC" }' > chosen
  export -f kept fail_at
  # shellcheck disable=SC2016  # the inner shell expands it
  problems=$(xargs -a chosen -P "$JOBS" -L 1 bash -uc 'fail_at "$@"' _ 2>&1)
  [ -s chosen ] || problems='no call was found'
  tell "$name: $(wc -l < chosen) errors at $(points "$name" | wc -l) calls" "$problems"
done

# ---------------------------------------------------------------- a small disk

# small_disk SCENARIO ROOM LINES STATUS   in a name space of its own: a datastore and registry with ROOM bytes left refuse LINES
small_disk() {
  local rc=0 left
  scenario "$1" && mkdir "$work/small" && cd "$work/small" && fresh good || return
  mv repo filled
  mkdir repo
  mount -t tmpfs -o size=8m tmpfs repo && cp -r filled/* repo || return
  left=$(($(df --output=avail -B1 repo | tail -n 1) - $2))
  head -c $left /dev/zero > repo/filler
  ingest receipts rejects env || rc=$?
  rm repo/filler
  [ $rc = "$4" ] || { echo "ends with $rc:"; cat err; }
  [ "$(grep -c '"error":{"code":"DISK_FULL"' rejects)" = "$3" ] || { echo 'rejects:'; cut -c 1-300 rejects; }
  kept
  # When there is room again the rejects go in.
  mv rejects lines
  : > receipts
  : > rejects
  ingest receipts rejects env || cat err
  [ "$(grep -c '"ingest":{"outcome":"done"' receipts)" = "$3" ] || { echo 'receipts:'; cut -c 1-300 receipts; }
  kept
}
export -f kept small_disk
if unshare -rm mount -t tmpfs tmpfs "$work" 2> /dev/null; then
  # Room for rows and three files, but not for the fourth; room for files, but not for rows.
  # shellcheck disable=SC2016
  for case in 'copy 1500000 1 1' 'direct 8192 4 4'; do
    # shellcheck disable=SC2086  # several words
    tell "a disk that is full: $case" "$(unshare -rm bash -uc 'small_disk "$@"' _ $case 2>&1)"
    rm -rf "$work/small"
  done
else
  echo 'no small disk can be mounted here: a full disk was only injected'
fi

sum_up faults
