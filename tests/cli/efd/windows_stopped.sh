#!/bin/bash
# SIGTERM in the midst of a long run of dbb-windows: it reads no further, prints whole lines only, no end line, and ends with 143.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_stopped.bash
. "$DBB_ROOT/tests/cli/efd/_stopped.bash"
# shellcheck source=tests/cli/efd/_memory.bash
. "$DBB_ROOT/tests/cli/efd/_memory.bash"
! is_sanitized || windows=40000

is_stopped() { expect_eq "$(stopped "$@")" '' "$*"; }

count="WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < $windows)"
make_repo repo LSSTCam
sqlite3 repo/gen3.sqlite3 "$count INSERT INTO \"group\" SELECT 'LSSTCam', 'g' || i FROM c;
  INSERT INTO day_obs VALUES ('LSSTCam', 20300101, 0, 1);
  $count INSERT INTO exposure (instrument, id, day_obs, \"group\", physical_filter, obs_id, exposure_time, observation_type, seq_num, has_simulated,
    timespan_begin, timespan_end) SELECT 'LSSTCam', 2030010100000 + i, 20300101, 'g' || i, 'r_57', 'o' || i, 30.0, 'science', i, 0,
    1900000000000000000 + i * 40000000000, 1900000030000000000 + i * 40000000000 FROM c"
is_stopped dbb-windows --repo repo

sqlite3 consdb.sqlite3 "CREATE TABLE exposure (exposure_id bigint PRIMARY KEY, day_obs int, seq_num int, obs_start_mjd double, obs_end_mjd double);
  $count INSERT INTO exposure SELECT i, 20250401, i, 60765 + i / 2160.0, 60765 + 30 / 86400.0 + i / 2160.0 FROM c"
is_stopped dbb-windows --db consdb.sqlite3 --table exposure

seq 0 $((windows - 1)) | awk 'BEGIN { print "id,begin_tai_ns,end_tai_ns" } { printf "%d,%d000000000,%d000000000\n", $1, 1900000000 + $1 * 40, 1900000030 + $1 * 40 }' > windows.csv
is_stopped dbb-windows --csv windows.csv
is_stopped dbb-windows --begin 2025-01-01T00:00:00Z --end "$(date -u -d "@$((1735689600 + windows))" +%FT%TZ)" --every 1s
# A writer that has not come to its end
mkfifo csv
dbb-windows --csv - < csv > out 2> err & pid=$!
exec 4> csv
head -n 1001 windows.csv >&4
sleep 0.3
kill $pid
rc=0
wait $pid || rc=$?
exec 4>&-
expect_eq $rc 143 'status while it waits'
expect_empty out

# Memory does not grow with the number of windows
! is_sanitized || exit 0
small=$(peak dbb-windows --repo repo --where 'seq_num < 60000')
expect_eq "$(grew dbb-windows "$small" "$(peak dbb-windows --repo repo)")" '' memory
