#!/bin/bash
# Several dbb-ingest on one SQLite repository with overlapping files: they wait for each other and never fail; the end is
# that of one writer alone; each line of each writer has exactly one outcome; who looks meanwhile sees a sound repository;
# and when one of them is killed the others do not notice.
#
# Usage: tests/concurrency/writers.sh [MODE...]      BUILD is the build folder (default: build), EXPOSURES how many (120),
#                                                    MODEs are of --transfer (default: direct copy move)
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
[ $# -gt 0 ] || set -- direct copy move
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2

# Lines of many exposures with two detectors each; their files, small ones of one kind but with contents of their own.
dbb-repo create template > /dev/null && dbb-repo register-instrument template LSSTCam > /dev/null || exit 2
dbb-describe "$root/tests/data/headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml" | jq -c --argjson n "${EXPOSURES:-120}" 'select(.uri) | del(.size, .mtime)
  | . as $line | range($n) as $i | range(2) as $d | $line
  | (.data_id.exposure, .records.exposure.id) += $i | .records.exposure.obs_id += "_\($i)" | .data_id.detector = $d
  | .uri = "@RAW@/\($i)-\($d).fits"' > all
mkdir source
jq -r '.uri[6:]' all | while read -r name; do echo "SIMPLE  = T stand-in for $name" > "source/$name"; done
lines=$(wc -l < all)

fresh() { # DIR   a repository and files in it
  rm -rf "$1"
  mkdir "$1"
  cp -r template "$1/repo"
  cp -r source "$1/raw"
}
lines_for() { sed "s|@RAW@|$work/$1/raw|" all; } # DIR
# Writer N takes three quarters of the lines: two writers in one order, so that they meet, the others in orders of their own.
quarter_less() { awk -v w="$1" 'int(NR / 8) % 4 != w % 4' | if [ "$1" -le 2 ]; then cat; else sort -R --random-source=<(yes "$1"); fi; }
slowly() { while IFS= read -r line; do printf '%s\n' "$line"; sleep 0.002; done; }

state() { # DIR   without dates of registration and ids that depend on the order
  sqlite3 -readonly "$1/repo/gen3.sqlite3" "SELECT 'SELECT ''' || m.name || ''', ' || (SELECT group_concat('quote(\"' || c.name || '\")', ', ')
    FROM pragma_table_info(m.name) AS c WHERE c.name <> 'ingest_date') || ' FROM \"' || m.name || '\";'
    FROM sqlite_master AS m WHERE m.type = 'table'" > "$1/tables.sql"
  {
    sqlite3 -readonly "$1/repo/gen3.sqlite3" < "$1/tables.sql"
    find "$1/repo" "$1/raw" -type f -not -name 'gen3.sqlite3' -exec sha256sum {} +
  } | sed "s|$1/|@/|g" | sort
}

for mode; do
  fresh serial
  lines_for serial | dbb-ingest --repo serial/repo -t "$mode" > serial/out || exit 2
  fresh shared
  pids=()
  for writer in 1 2 3 4; do
    lines_for shared | quarter_less $writer > shared/lines.$writer
    # Two of them live.
    if [ $writer -le 2 ]; then cat shared/lines.$writer; else slowly < shared/lines.$writer; fi |
      dbb-ingest --repo shared/repo -t "$mode" --rejects shared/rejects.$writer > shared/out.$writer 2> shared/err.$writer &
    pids+=($!)
  done
  looks=0 alarms=''
  while [ "$(jobs -r | wc -l)" -gt 0 ]; do
    alarms+=$(dbb-repo check shared/repo 2>&1 | grep -v '"found":0')
    looks=$((looks + 1))
    sleep 0.2
  done
  wait_for "${pids[@]}"
  tell "$mode: four writers end well" "${statuses:+$statuses$(cat shared/err.*)}"
  tell "$mode: nothing was refused" "$(cat shared/rejects.* 2> /dev/null)"
  tell "$mode: each of $(cat shared/lines.? | wc -l) lines has one outcome" "$(for writer in 1 2 3 4; do
    diff <(uris shared/lines.$writer) <(uris shared/out.$writer shared/rejects.$writer)
  done)"
  tell "$mode: each dataset was stored by one" "$(
    cat shared/out.? | jq -r 'select(.ingest.outcome == "done") | .id' | sort | uniq -d
    [ "$(cat shared/out.? | grep -c '"ingest":{"outcome":"done"')" = "$lines" ] || echo "not $lines datasets were stored"
  )"
  tell "$mode: as one writer alone" "$(diff <(state serial) <(state shared))"
  tell "$mode: sound at each of $looks looks" "$alarms"

  # One more, of whom one is killed again and again, in the middle of something.
  fresh killed
  pids=()
  for writer in 1 2; do
    lines_for killed | quarter_less $writer > killed/lines.$writer
    slowly < killed/lines.$writer |
      dbb-ingest --repo killed/repo -t "$mode" --rejects killed/rejects.$writer > killed/out.$writer 2> killed/err.$writer &
    pids+=($!)
  done
  kills=0
  lines_for killed > killed/lines
  {
    while [ "$(jobs -r | wc -l)" -gt 0 ] || [ $kills = 0 ]; do
      timeout -s KILL "0.0$((RANDOM % 90 + 10))" dbb-ingest --repo killed/repo -t "$mode" < killed/lines >> killed/out.killed 2>> killed/err.killed
      [ $? = 137 ] && kills=$((kills + 1))
      [ "$(jobs -r | wc -l)" -gt 0 ] || break
    done
  } 2> /dev/null
  wait_for "${pids[@]}"
  tell "$mode: two writers beside one that is killed ($kills times) end well" "${statuses:+$statuses$(cat killed/err.?)}$(cat killed/rejects.? 2> /dev/null)"
  tell "$mode: their lines have one outcome" "$(for writer in 1 2; do diff <(uris killed/lines.$writer) <(uris killed/out.$writer); done)"
  dbb-ingest --repo killed/repo -t "$mode" < killed/lines > /dev/null 2> killed/err
  find killed/repo -name '.dbb-*' -delete
  tell "$mode: then all lines once more: as one writer alone" "$(diff <(state serial) <(state killed))"
done

sum_up writers
