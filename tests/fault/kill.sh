#!/bin/bash
# Stop dbb-ingest (or another program) before each of its state-changing system calls and at random moments, and see that nothing is lost or
# half there: the repository is sound, receipts are true, files are whole, a second run of the same input completes and
# gives each line one outcome, and the end is that of an undisturbed run.
#
# Usage: tests/fault/kill.sh
# Env:   BUILD         the build folder (default: build)
#        PROGRAM       dbb-ingest (default) or dbb-convert
#        SCENARIOS     names out of scenarios.txt, or scenarios_convert.txt (default: all)
#        FULL          those of them of which each point is tried (default: all)
#        STEP          of the others every STEP-th point (default: 40)
#        PAGES         of writes to the database and its journal only every PAGES-th (default: 1)
#        RANDOM_KILLS  number of random moments of larger runs (default: 200), RANDOM_SEED where they begin
#        SERVER=1      the registry is on a PostgreSQL server, which the suite starts; what is sent to it is a point, too
#        JOBS          how many at a time (default: number of cores)
#
# strace raises SIGKILL when the process enters the call, so that the call itself never happens; the first checks prove
# that, call by call.
cd "$(dirname "$0")/../.." || exit 2
. tests/fault/_lib.sh
make_inputs
all=$(table "$scenarios" | awk '{ print $1 }')
names=${SCENARIOS:-$all}
full=${FULL-$all}
cd "$work" || exit 2

# ---------------------------------------------------------------- the tool

# killed_before CALL COMMAND...   the command, killed when it enters the call, leaves folder `proof` as it was
killed_before() {
  local call=$1 rc=0
  shift
  rm -rf proof
  mkdir proof
  printf 'old' > proof/file
  chmod 644 proof/file
  find proof -printf '%p %y %m %n %s %T@ %l\n' | sort > before
  { strace -qq -f -o trace -e "trace=$call" -e "inject=$call:signal=KILL" "$@"; } > /dev/null 2>&1 || rc=$?
  find proof -printf '%p %y %m %n %s %T@ %l\n' | sort > after
  if [ $rc != 137 ]; then
    echo "$call: ended with $rc: $*"
  elif ! cmp -s before after || [ "$(cat proof/file)" != old ]; then
    echo "$call happened all the same"
  fi
}
tell 'a kill on entry keeps the call from happening' "$(
  killed_before mkdir mkdir proof/new
  killed_before openat touch proof/new
  killed_before write sh -c 'printf new >> proof/file'
  killed_before ftruncate truncate -s 1 proof/file
  killed_before renameat2 mv -n proof/file proof/new
  killed_before unlinkat rm proof/file
  killed_before unlink unlink proof/file
  killed_before linkat ln proof/file proof/new
  killed_before link link proof/file proof/new
  killed_before symlinkat ln -s file proof/new
  killed_before fchmodat chmod 600 proof/file
  killed_before pwrite64 sqlite3 proof/file.db 'CREATE TABLE t (x)' 2>&1 | grep -v 'all the same'
)"

# ---------------------------------------------------------------- points

# stop_at SCENARIO CALL NUMBER   prints what is wrong afterwards
stop_at() {
  local rc=0 problems try
  # Paths as long as those of the undisturbed run: those that are stored make as many pages of the database.
  try=$(mktemp -d "$work/$1.XXX") && chmod 755 "$try"
  scenario "$1" && cd "$try" && fresh lines || return
  ingest receipts rejects traced "$2" -e "inject=$2:signal=KILL:when=$3" || rc=$?
  problems=$(
    [ $rc = 137 ] || echo "the run was not stopped but ended with $rc: $(cat err)"
    sound
    moved
    complete "$work/$1"
  )
  [ -z "$problems" ] || printf '%s, killed at %s %s:\n%s\n' "$1" "$2" "$3" "$problems" | cut -c 1-400
  cd "$work" && rm -rf "$try"
}

for name in $names; do
  problems=$(undisturbed "$name")
  if [ -n "$problems" ]; then tell "$name, undisturbed" "$problems"; continue; fi
  step=${STEP:-40}
  [[ " ${full//$'\n'/ } " != *" $name "* ]] || step=1
  points "$name" > all-points
  awk -v step="$step" -v pages="${PAGES:-1}" '$1 == "pwrite64" && pw++ % pages { next } n++ % step == 0' all-points > chosen
  export -f stop_at
  # shellcheck disable=SC2016  # the inner shell expands it
  problems=$(xargs -a chosen -P "$JOBS" -L 1 bash -uc 'stop_at "$0" "$@"' "$name" 2>&1)
  [ -s chosen ] || problems='no point was found'
  tell "$name: stopped at $(wc -l < chosen) of $(wc -l < all-points) points" "$problems"
done

# ---------------------------------------------------------------- random moments

# A larger input: one file as many exposures, each under a name of its own; or a larger Gen2 repository.
make_larger() { make_larger_of_"${program#dbb-}"; }
make_larger_of_convert() {
  rm -rf "$work/source"
  "$root/tests/gen2/make_gen2.py" "$work/source" --camera lsstcam --exposures 6 --detectors 5
  gen2_lines "$work/source" > "$work/larger"
  find "$work/source" -type f -exec sha256sum {} + | cut -d' ' -f1 | sort -u > "$work/sums"
}
make_larger_of_ingest() {
  local i
  for ((i = 1; i <= 40; i++)); do
    sed 's|@RAW@/[^"]*|@RAW@/many'$i'.fits|' <(head -n 1 "$work/described") |
      jq -c "(.data_id.exposure, .records.exposure.id) += $i | .records.exposure.obs_id += \"_$i\""
    cp "$work/source/3019031900001-R10-S02-det029.fits" "$work/source/many$i.fits"
  done > "$work/larger"
}

# stop_somewhere SCENARIO SEED   up to three stops, then the run that completes. Prints "killed N" and what is wrong
stop_somewhere() {
  local rc problems='' stops killed=0 longest at
  RANDOM=$2
  scenario "$1" && mkdir -p "$work/try.$$" && cd "$work/try.$$" || return
  [ "$pace" != live ] || pace=trickle
  fresh larger
  longest=$(cat "$work/$1.ms")
  stops=$((RANDOM % 3 + 1))
  while [ $((stops--)) -gt 0 ] && [ -z "$problems" ]; do
    at=$((RANDOM * longest / 32768 + 1))
    rc=0
    ingest receipts rejects timeout -s KILL "$((at / 1000)).$(printf %03d $((at % 1000)))" || rc=$?
    [ $rc != 137 ] || killed=$((killed + 1))
    problems=$(sound; moved)
  done
  problems+=$(complete "$work/$1")
  echo "killed $killed"
  [ -z "$problems" ] || printf '%s, killed at random with seed %s:\n%s\n' "$1" "$2" "$problems" | cut -c 1-400
  cd "$work" && rm -rf "$work/try.$$"
}

kills=${RANDOM_KILLS:-200}
if [ "$kills" -gt 0 ]; then
  make_larger
  # The larger input is lines, and no tracer stands between here and the program.
  names=$(for name in $names; do scenario "$name"; [ "$pace" = paths ] || [ -n "$faults" ] || echo "$name"; done)
  for name in $names; do
    mkdir -p "$work/$name.run" && cd "$work/$name.run" || exit 2
    scenario "$name"
    [ "$pace" != live ] || pace=trickle
    fresh larger
    start=$EPOCHREALTIME
    ingest receipts rejects with_faults
    echo $? > "$work/$name.status"
    end=$EPOCHREALTIME
    echo $(((${end/./} - ${start/./}) / 1000)) > "$work/$name.ms"
    outcomes receipts rejects > "$work/$name.outcomes"
    state > "$work/$name.state"
  done
  cd "$work" || exit 2
  # shellcheck disable=SC2206  # words
  list=($names)
  for ((k = 0; k < kills; k++)); do echo "${list[k % ${#list[@]}]} $((${RANDOM_SEED:-1} + k))"; done > chosen
  export -f stop_somewhere
  # shellcheck disable=SC2016
  xargs -a chosen -P "$JOBS" -L 1 bash -uc 'stop_somewhere "$@"' _ > log 2>&1
  stopped=$(sed -n 's/^killed //p' log | paste -sd + | bc)
  problems=$(grep -v '^killed ' log)
  [ "${stopped:-0}" -gt 0 ] || problems+='nothing was ever stopped'
  tell "random moments: $kills runs, stopped $stopped times" "$problems"
fi

sum_up "kill${PROGRAM:+ ${program#dbb-}}${SERVER:+ with a server}"
