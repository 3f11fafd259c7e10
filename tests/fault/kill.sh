#!/bin/bash
# Stop dbb-ingest before each of its state-changing system calls and see that nothing is lost or half there.
#
# Usage: tests/fault/kill.sh [STEP]      STEP n tries every n-th point of each system call (default 1: all)
#        BUILD is the build folder, MODES the lines of scenarios.txt to take, as mode:pace (default: all),
#        RANDOM_KILLS the number of random moments of a larger run (default: 0)
#
# strace raises SIGKILL when the process enters the call, so that the call itself never happens (the first check below
# proves that). After each stop: the registry is sound, no row names a missing file, every receipt is true, a second run
# completes, and the end is that of an undisturbed run.
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
bin=$(cd "${BUILD:-build}" && pwd)/bin || exit 2
export PATH=$bin:$PATH LC_ALL=C TZ=UTC
step=${1:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0
calls='openat mkdir rename renameat2 link symlink unlink ftruncate fchmod fchown fsync fdatasync pwrite64 write'

dbb-repo create template > /dev/null && dbb-repo register-instrument template LSSTCam LATISS > /dev/null || exit 2
mkdir source
cp "$root"/examples/data/LSSTCam/*.fits "$root"/examples/data/LATISS/*.fits source

# A killed process may hold its lock for a moment longer.
db() { sqlite3 -cmd '.timeout 5000' "$@"; }

fresh() { # the state before a run
  rm -rf repo raw receipts rejects
  cp -r template repo
  cp -r source raw
  [ "$mode" != none ] || mv raw repo/raw
  dbb-scan "$(raw_folder)" | dbb-describe > lines
  # The end of the input is told by the pipe.
  sed -i '/"type":"end"/d' lines
}
raw_folder() { if [ -d repo/raw ]; then echo repo/raw; else echo raw; fi; }
input() { # live: a line, then a pause that makes a commit
  if [ "$pace" = live ]; then
    while IFS= read -r line; do printf '%s\n' "$line"; sleep 0.08; done < lines
  else
    cat lines
  fi
}
ingest() { dbb-ingest --repo repo -t "$mode" --rejects rejects; }
traced() { # strace options
  input | strace -qq -f -o trace "$@" dbb-ingest --repo repo -t "$mode" --rejects rejects >> receipts 2> err
}

# Rows without what differs from run to run, and files with their content.
state() {
  for table in group day_obs exposure dataset_tags_00000001 dataset_location file_datastore_records dataset_location_trash \
    collection run collection_summary_dataset_type collection_summary_instrument; do
    db -readonly repo/gen3.sqlite3 "SELECT '$table', * FROM \"$table\"" | sort
  done
  db -readonly repo/gen3.sqlite3 'SELECT id, dataset_type_id, run_id FROM dataset ORDER BY id'
  find repo raw -not -name 'gen3.sqlite3*' \( -type f -o -type l \) -printf '%p %l\n' 2> /dev/null | sort
  find repo raw -not -name 'gen3.sqlite3*' -type f -exec sha256sum {} + 2> /dev/null | sort
}

problem() { echo "  $mode $pace, killed at $call $n: $*"; return 1; }

sound() { # right after the stop, before anything else touches the repository
  local bad
  bad=$(db repo/gen3.sqlite3 'PRAGMA integrity_check; PRAGMA foreign_key_check;')
  [ "$bad" = ok ] || problem "registry: $bad" || return
  bad=$(db -readonly repo/gen3.sqlite3 'SELECT path FROM file_datastore_records' | while read -r path; do
    case $path in file://*) file=${path#file://} ;; *) file=repo/$path ;; esac
    [ -e "$file" ] || echo "$path"
  done)
  [ -z "$bad" ] || problem "a row names a missing file: $bad" || return
  bad=$(db -readonly repo/gen3.sqlite3 'SELECT count(*) FROM dataset d WHERE NOT EXISTS (SELECT 1 FROM file_datastore_records f
    WHERE f.dataset_id = d.id) OR NOT EXISTS (SELECT 1 FROM dataset_location l WHERE l.dataset_id = d.id)
    OR NOT EXISTS (SELECT 1 FROM dataset_tags_00000001 t WHERE t.dataset_id = d.id)' 2> /dev/null)
  [ "${bad:-0}" = 0 ] || problem "$bad datasets are half there" || return
  # Receipts are promises.
  bad=$(jq -r 'select(.ingest) | .id' receipts 2> /dev/null | tr -d - | while read -r id; do
    [ "$(db -readonly repo/gen3.sqlite3 "SELECT count(*) FROM file_datastore_records WHERE dataset_id = '$id'")" = 1 ] || echo "$id"
  done)
  [ -z "$bad" ] || problem "a receipt is not true: $bad" || return
  # A file in a place where readers look is whole.
  bad=$(find repo -name '*.fits' -not -name '.dbb-*' -type f | while read -r file; do
    sha256sum < "$file" | grep -qFf sums || echo "$file"
  done)
  [ -z "$bad" ] || problem "a file is half there: $bad"
}

try() { # system call, number: stop there, look, go on
  call=$1 n=$2
  fresh
  : > receipts
  { traced -e trace="$call" -e inject="$call:signal=KILL:when=$n"; } 2> /dev/null
  # The call may come a little earlier or later in another run; then this one simply got through.
  sound || return
  input | ingest > again 2> err || problem "the second run failed: $(cat err)" || return
  rm -f repo/*/raw/all/raw/*/*/.dbb-*
  state | diff "expected.$mode.$pace" - > difference || problem "the end differs: $(head -n 5 difference)" || return
  [ "$(jq -r 'select(.ingest) | .ingest.outcome' again | wc -l)" = "$(wc -l < lines)" ] || problem "lines without a receipt"
}

(cd source && sha256sum -- *.fits | cut -d' ' -f1) > sums

# A kill at the entry of a call keeps it from happening.
{ strace -qq -o /dev/null -e trace=mkdir -e inject=mkdir:signal=KILL mkdir proof; } 2> /dev/null
if [ ! -d proof ]; then echo 'ok killed before the call'; passed=$((passed + 1)); else echo 'FAIL killed after the call'; failed=$((failed + 1)); fi

while read -r mode pace; do
  case $mode in '' | '#'*) continue ;; esac
  [ -z "${MODES:-}" ] || [[ " $MODES " == *" $mode:$pace "* ]] || continue
  fresh
  : > receipts
  traced -e trace="${calls// /,}"
  state > "expected.$mode.$pace"
  points=0 bad=0 turn=0
  cp trace whole
  for call in $calls; do
    # Numbers of the calls that change something: of openat those that may create.
    grep -E "(^|[0-9] +)$call\(" whole | awk -v call="$call" 'call != "openat" || /O_CREAT/ { print NR }' > numbers
    while read -r n <&3; do
      [ $((turn++ % step)) = 0 ] || continue
      points=$((points + 1))
      try "$call" "$n" || bad=$((bad + 1))
    done 3< numbers
  done
  if [ "$bad" = 0 ] && [ "$points" -gt 0 ]; then
    echo "ok $mode, $pace: $points points"
    passed=$((passed + 1))
  else
    echo "FAIL $mode, $pace: $bad of $points points"
    failed=$((failed + 1))
  fi
done < "$root/tests/fault/scenarios.txt"

# Random moments of a larger run: one file as many exposures.
larger() {
  jq -cn --slurpfile line <(head -n 1 "$work/lines") 'range(1; 61) as $i | $line[0] | (.data_id.exposure, .records.exposure.id) += $i
    | .records.exposure.obs_id += ("_" + ($i | tostring))' > many
  mv many lines
}
if [ "${RANDOM_KILLS:-0}" -gt 0 ]; then
  mode=copy pace=random bad=0
  fresh; larger
  input | ingest > receipts 2> err
  state > expected.copy.random
  for ((k = 0; k < RANDOM_KILLS; k++)); do
    fresh; larger
    : > receipts
    call=moment n=0.0$((RANDOM % 90 + 10))
    { input | timeout -s KILL "$n" dbb-ingest --repo repo -t copy --rejects rejects >> receipts 2> err; } 2> /dev/null
    { sound && input | ingest > again 2> err && rm -f repo/*/raw/all/raw/*/*/.dbb-* &&
      { state | diff expected.copy.random - > difference || problem "the end differs: $(head -n 5 difference)"; }; } || bad=$((bad + 1))
  done
  if [ "$bad" = 0 ]; then echo "ok random moments: $RANDOM_KILLS"; passed=$((passed + 1)); else echo "FAIL random moments: $bad of $RANDOM_KILLS"; failed=$((failed + 1)); fi
fi

echo "kill: $passed passed, $failed failed"
[ "$failed" = 0 ]
