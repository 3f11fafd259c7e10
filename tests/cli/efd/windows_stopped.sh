#!/bin/bash
# SIGTERM in the midst of a long run of dbb-windows: it reads no further, prints whole lines only, no end line, and ends with 143.
. "$DBB_CLI_LIB"

# while_reading COMMAND...   stopped while it reads its source, as the growth of its temporary file shows, so that nothing is
#                            printed; --stats tells how much it has read of 200000 windows
while_reading() {
  local rc=0 read written=0
  "$@" --stats > out 2> err & pid=$!
  while [ "$written" -lt 1000000 ]; do written=$(sed -n 's/^wchar: //p' "/proc/$pid/io"); done
  kill $pid
  wait $pid || rc=$?
  expect_eq $rc 143 "status of $*"
  read=$(sed -nE 's/.*: ([0-9]+) read.*/\1/p' err)
  [ "${read:-200000}" -lt 200000 ] || fail "$* read all: $(cat err)"
  expect_empty out
}
# while_printing COMMAND...  stopped when a reader has had the first line and does not go on for a while
while_printing() {
  local rc=0
  rm -f pipe
  mkfifo pipe
  "$@" > pipe 2> err & pid=$!
  exec 3< pipe
  read -r line <&3
  kill $pid
  sleep 0.2
  { echo "$line"; cat <&3; } > out
  exec 3<&-
  wait $pid || rc=$?
  expect_eq $rc 143 "status of $*"
  expect_eq "$(jq -r .type out | sort -u)" window "lines of $*"
  [ "$(wc -l < out)" -lt 200000 ] || fail "$* printed all"
}
stopped() { while_reading "$@"; while_printing "$@"; }

count="WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < 200000)"
make_repo repo LSSTCam
sqlite3 repo/gen3.sqlite3 "$count INSERT INTO \"group\" SELECT 'LSSTCam', 'g' || i FROM c;
  INSERT INTO day_obs VALUES ('LSSTCam', 20300101, 0, 1);
  $count INSERT INTO exposure (instrument, id, day_obs, \"group\", physical_filter, obs_id, exposure_time, observation_type, seq_num, has_simulated,
    timespan_begin, timespan_end) SELECT 'LSSTCam', 2030010100000 + i, 20300101, 'g' || i, 'r_57', 'o' || i, 30.0, 'science', i, 0,
    1900000000000000000 + i * 40000000000, 1900000030000000000 + i * 40000000000 FROM c"
stopped dbb-windows --repo repo

sqlite3 consdb.sqlite3 "CREATE TABLE exposure (exposure_id bigint PRIMARY KEY, day_obs int, seq_num int, obs_start_mjd double, obs_end_mjd double);
  $count INSERT INTO exposure SELECT i, 20250401, i, 60765 + i / 2160.0, 60765 + 30 / 86400.0 + i / 2160.0 FROM c"
stopped dbb-windows --db consdb.sqlite3 --table exposure

seq 0 199999 | awk 'BEGIN { print "id,begin_tai_ns,end_tai_ns" } { printf "%d,%d000000000,%d000000000\n", $1, 1900000000 + $1 * 40, 1900000030 + $1 * 40 }' > windows.csv
stopped dbb-windows --csv windows.csv
stopped dbb-windows --begin 2025-01-01T00:00:00Z --end 2025-01-03T07:33:20Z --every 1s
# A writer that has not come to its end
mkfifo csv
dbb-windows --csv - --stats < csv > out 2> err & pid=$!
exec 4> csv
head -n 1001 windows.csv >&4
sleep 0.3
kill $pid
rc=0
wait $pid || rc=$?
exec 4>&-
expect_eq $rc 143 'status while it waits'
expect_empty out
