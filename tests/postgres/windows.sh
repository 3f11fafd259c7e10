#!/bin/bash
# dbb-windows on a PostgreSQL server: of a repository the same lines as on SQLite, of ConsDB's tables the same as of a copy in
# SQLite, as a role that may only read, whatever the server's settings of dates are.
#
# Usage: tests/postgres/windows.sh      its environment: tests/postgres/_lib.sh
# shellcheck source=tests/postgres/_lib.sh
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh
# shellcheck source=tests/cli/efd/_stopped.bash
. "$root/tests/cli/efd/_stopped.bash"
# shellcheck source=tests/cli/efd/_memory.bash
. "$root/tests/cli/efd/_memory.bash"

# ---------------------------------------------------------------- a repository

dbb-repo create lite && dbb-repo register-instrument lite LSSTCam LSSTComCam LATISS > /dev/null
check 'create' registered ours ours
for repo in lite ours; do
  dbb-ingest --repo $repo -t direct "$DBB_EXAMPLES"/LATISS "$DBB_EXAMPLES"/LSSTCam "$DBB_EXAMPLES"/LSSTComCam > /dev/null 2> err || tell "ingest into $repo" "$(cat err)"
done
# same_lines NAME OPTION...    they give the same lines, at least one window, of both repositories
same_lines() {
  local name=$1
  shift
  dbb-windows --repo lite "$@" > lite.lines 2> err || { tell "$name" "$(cat err)"; return; }
  dbb-windows --repo ours "$@" > ours.lines 2> err || { tell "$name" "$(cat err)"; return; }
  tell "$name" "$(grep -q '"type":"window"' lite.lines || echo 'there is no window'; diff lite.lines ours.lines)"
}
same_lines 'exposures'
same_lines 'of a camera and days' --instrument LSSTCam --day-obs 20190319..20190322
same_lines 'of a condition' --where "observation_type = 'bias' OR exposure_time > 0.5"
same_lines 'of a condition on times' --where 'timespan_begin > 1553267000000000000'
same_lines 'since' --since 2019-03-22T15:30:25.904002725Z
query "UPDATE ours.exposure SET timespan = NULL WHERE id = 3018092000065"
tell 'one without times' "$(fails 1 'exposure 3018092000065 has no begin and no end' dbb-windows --repo ours)"
tell 'the others come' "$([ "$(grep -c '"type":"window"' out)" = $(($(query 'SELECT count(*) FROM ours.exposure') - 1)) ] || cat out)"

# ---------------------------------------------------------------- ConsDB

query "CREATE SCHEMA cdb_lsstcam;
  CREATE TABLE cdb_lsstcam.exposure (exposure_id bigint NOT NULL UNIQUE, day_obs int NOT NULL, seq_num int NOT NULL, img_type varchar(16),
    obs_start timestamp, obs_start_mjd double precision, obs_end timestamp, obs_end_mjd double precision, exp_time double precision, can_see_sky boolean,
    PRIMARY KEY (day_obs, seq_num));
  INSERT INTO cdb_lsstcam.exposure SELECT 2025033100000 + n, CASE WHEN n < 100 THEN 20250331 ELSE 20250401 END, n, CASE n % 2 WHEN 0 THEN 'bias' ELSE 'science' END,
    timestamp '2025-03-31 00:00:00.001' + n * interval '40.123 s', CASE WHEN n % 5 = 0 THEN NULL ELSE 60765 + n / 2153.6468e0 END,
    timestamp '2025-03-31 00:00:30' + n * interval '40.123 s', CASE WHEN n % 5 = 0 THEN NULL ELSE 60765 + 30 / 86400e0 + n / 2153.6468e0 END, 30, n % 3 = 0
    FROM generate_series(1, 6000) AS n;
  CREATE VIEW cdb_lsstcam.visit1 AS SELECT *, exposure_id AS visit_id FROM cdb_lsstcam.exposure WHERE seq_num < 100;
  CREATE ROLE reader LOGIN; CREATE ROLE stranger LOGIN;
  GRANT USAGE ON SCHEMA cdb_lsstcam TO reader, stranger; GRANT SELECT ON ALL TABLES IN SCHEMA cdb_lsstcam TO reader;
  ALTER ROLE reader SET DateStyle = 'German, DMY'; ALTER ROLE reader SET TimeZone = 'America/Santiago';
  ALTER ROLE reader SET extra_float_digits = 0; ALTER ROLE reader SET default_transaction_read_only = on"
# The same in SQLite.
{
  echo 'CREATE TABLE exposure (exposure_id bigint, day_obs int, seq_num int, img_type text, obs_start timestamp, obs_start_mjd double,
    obs_end timestamp, obs_end_mjd double, exp_time double, can_see_sky boolean); BEGIN;'
  query "SELECT format('INSERT INTO exposure VALUES (%s, %s, %s, %L, %L, %s, %L, %s, %s, %s);', exposure_id, day_obs, seq_num, img_type, obs_start,
    coalesce(obs_start_mjd::text, 'NULL'), obs_end, coalesce(obs_end_mjd::text, 'NULL'), exp_time, can_see_sky::int) FROM cdb_lsstcam.exposure"
  echo 'COMMIT; CREATE VIEW visit1 AS SELECT *, exposure_id AS visit_id FROM exposure WHERE seq_num < 100;'
} | sqlite3 copy.sqlite3
reader=${url/:\/\/*@/:\/\/reader@}
[[ $url == *@* ]] || reader=${url/:\/\//:\/\/reader@}
# same_rows NAME WINDOWS OPTION...     they give the same lines of both, and so many windows
same_rows() {
  local name=$1 count=$2 table=$3
  shift 3
  dbb-windows --db copy.sqlite3 --table "$table" --instrument LSSTCam "$@" > lite.lines 2> err || { tell "$name" "$(cat err)"; return; }
  dbb-windows --db "$reader" --table "cdb_lsstcam.$table" "$@" > ours.lines 2> err || { tell "$name" "$(cat err)"; return; }
  tell "$name" "$([ "$(grep -c '"type":"window"' lite.lines)" = "$count" ] || wc -l lite.lines; diff lite.lines ours.lines | head -n 6)"
}
same_rows 'a table, read as a role that may only read' 6000 exposure
tell 'sources of times' "$(diff <(jq -r 'select(.src).src' ours.lines | sort | uniq -c | sed 's/^ *//') <(printf '1200 consdb\n4800 consdb_mjd\n'))"
tell 'the camera is that of the schema' "$([ "$(jq -r 'select(.id).instrument' ours.lines | sort -u)" = LSSTCam ] || head -n 1 ours.lines)"
same_rows 'a view of visits' 99 visit1
same_rows 'exposures of that view' 99 visit1 --kind exposure
same_rows 'a day' 99 exposure --day-obs 20250331
same_rows 'a condition' 10 exposure --where "img_type = 'bias' AND seq_num IN (1..20) AND exp_time > 29.5"
same_rows 'a condition on a truth value' 7 exposure --where 'can_see_sky = TRUE AND seq_num <= 23'
same_rows 'since' 11 exposure --since 2025-04-02T18:45:10 --scale tai
tell 'it stays as it was' "$([ "$(query 'SELECT count(*) FROM cdb_lsstcam.exposure')" = 6000 ] || echo 'rows are gone')"
tell 'no right to read' "$(fails 4 'permission denied' dbb-windows --db "${reader/reader/stranger}" --table cdb_lsstcam.exposure)"
tell 'no such table' "$(fails 2 'no table cdb_latiss.exposure' dbb-windows --db "$reader" --table cdb_latiss.exposure)"
tell 'no such column' "$(fails 2 'no column "img_typ"' dbb-windows --db "$reader" --table cdb_lsstcam.exposure --where "img_typ = 'bias'")"
tell 'a text for a number' "$(fails 2 'invalid input' dbb-windows --db "$reader" --table cdb_lsstcam.exposure --where "seq_num = 'x'")"
tell 'no such database' "$(fails 4 'nowhere' dbb-windows --db "${reader%/dbb}/nowhere" --table cdb_lsstcam.exposure)"

# ---------------------------------------------------------------- asked to stop, among 200000 windows

dbb-repo register-instrument ours LSSTCam > /dev/null
query "INSERT INTO ours.\"group\" SELECT 'LSSTCam', 'g' || i FROM generate_series(0, 199999) i;
  INSERT INTO ours.day_obs VALUES ('LSSTCam', 20300101, int8range(0, 1));
  INSERT INTO ours.exposure (instrument, id, day_obs, \"group\", physical_filter, obs_id, exposure_time, observation_type, seq_num, has_simulated, timespan)
    SELECT 'LSSTCam', 2030010100000 + i, 20300101, 'g' || i, 'r_57', 'o' || i, 30.0, 'science', i, FALSE,
      int8range(1900000000000000000 + i::bigint * 40000000000, 1900000030000000000 + i::bigint * 40000000000) FROM generate_series(0, 199999) i;
  CREATE TABLE cdb_lsstcam.many AS SELECT 2025040100000 + n AS exposure_id, 20250401 AS day_obs, n AS seq_num, 60765 + n / 2160e0 AS obs_start_mjd,
    60765 + 30 / 86400e0 + n / 2160e0 AS obs_end_mjd FROM generate_series(0, 199999) n;
  CREATE INDEX ON cdb_lsstcam.many (exposure_id)"
tell 'a repository' "$(stopped dbb-windows --repo ours)"
tell "ConsDB's tables" "$(stopped dbb-windows --db "$url" --table cdb_lsstcam.many)"
few=$(peak dbb-windows --repo ours --where "instrument = 'LSSTCam' AND seq_num < 60000")
tell 'memory does not grow with the number of windows' "$(grew dbb-windows "$few" "$(peak dbb-windows --repo ours --instrument LSSTCam)")"

sum_up 'windows on a server'
