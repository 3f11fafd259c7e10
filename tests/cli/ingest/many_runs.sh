#!/bin/bash
# Ever new runs do not fill the memory. What is allowed here are the pages that SQLite may keep.
. "$DBB_CLI_LIB"
! is_sanitized || exit 0

make_repo repo LATISS
described latiss-AT_O_20230321_000053.yaml > line
lines() { jq -c --argjson from "$1" --argjson to "$2" 'range($from; $to) as $i | .run = "run/\($i)"' line; }
peak() { awk '/^VmHWM/ {print $2}' "/proc/$pid/status"; }

mkfifo in
dbb-ingest --repo repo -t direct < in > out &
pid=$!
exec 3> in
wait_for() { until [ "$(wc -l < out)" = "$1" ]; do kill -0 $pid; sleep 0.05; done; }
lines 0 3000 >&3
wait_for 3000
before=$(peak)
lines 3000 15000 >&3
wait_for 15000
after=$(peak)
exec 3>&-
wait $pid
expect_eq "$(sql repo 'SELECT count(*) FROM run')" 15000
[ $((after - before)) -lt 28000 ] || fail "$((after - before)) kB more for 12000 more runs"
