#!/bin/bash
# What is stored, as people ask for it: the report, wide views, views and queries beside a Butler registry.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_values.bash
. "$DBB_ROOT/tests/cli/efd/_values.bash"
# shellcheck source=tests/cli/efd/_memory.bash
. "$DBB_ROOT/tests/cli/efd/_memory.bash"

# The report
: > nothing
dbb-efd-load --db efd.sqlite3 < nothing > /dev/null
expect_rc 0 dbb-efd-load --db efd.sqlite3 --report
expect_empty "$OUT"
{
  for i in 1 2 3; do value 1 1 0 ".id = $i"; done
  value null 0 1 '.id = 4'; value null 0 2 '.id = 5'; value null 0 2 '.id = 6'
  value 1 1 0 '.day_obs = 20250424 | .id = 7'; value 1 1 0 '.column = "d"'; value null 0 50 '.instrument = "LATISS"'
  value 1 1 0 '.kind = "window" | del(.day_obs)'
} > lines
expect_rc 3 dbb-efd-load --db efd.sqlite3 < lines
expect_rc 0 dbb-efd-load --db efd.sqlite3 --report
diff "$OUT" - << 'TABLE' || fail 'the report'
instrument  day_obs   column  values  ok      others
LATISS      20250423  c       1       0 %     status_50 100 %
LSSTCam     -         c       1       100 %
LSSTCam     20250423  c       6       50.0 %  no_samples 16.7 %, stale 33.3 %
LSSTCam     20250423  d       1       100 %
LSSTCam     20250424  c       1       100 %
TABLE
expect_rc 0 dbb-efd-load --db efd.sqlite3 --report --json
expect_eq "$(jq -c 'select(.values == 6)' "$OUT")" '{"type":"report","instrument":"LSSTCam","day_obs":20250423,"column":"c","values":6,"counts":{"ok":3,"no_samples":1,"stale":2},"shares":{"ok":0.5,"no_samples":0.16666666666666666,"stale":0.3333333333333333},"unsettled":0,"fewer":0}'

# Wide views: a column for each active column and element; texts; names that are taken
rm efd.sqlite3
{
  value 1.5 1 0; value 2 1 0 '.column = "d" | .element = 0'; value 3 1 0 '.column = "d" | .element = 1'
  value '"on"' 1 0 '.column = "it'"'"'s \"so\""'; value 4 1 0 '.column = "Day_Obs"'; value 5 1 0 '.id = 2'; value 6 1 0 '.column = "old"'
  value 7 1 0 '.instrument = "LSST-TS8" | .column = "e"'
} > lines
dbb-efd-load --db efd.sqlite3 < lines > /dev/null
sqlite3 efd.sqlite3 "UPDATE efd_column SET active = 0 WHERE name = 'old'"
remember efd.sqlite3
expect_rc 0 dbb-efd-load --db efd.sqlite3 --views -n
expect_unchanged efd.sqlite3
cp efd.sqlite3 dry.sqlite3
sqlite3 dry.sqlite3 < "$OUT"
expect_rc 0 dbb-efd-load --db efd.sqlite3 --views
expect_eq "$(paste -sd, "$OUT")" '-- made the view efd_lsst_ts8,-- made the view efd_lsstcam'
for db in efd dry; do
  expect_eq "$(sqlite3 -header $db.sqlite3 'SELECT * FROM efd_lsstcam ORDER BY obs_id' | cut -d'|' -f 3-5,8- | paste -sd,)" \
    "obs_id|day_obs|seq_num|efd_Day_Obs|c|d_0|d_1|it's \"so\",2|20250423|101||5.0|||,2025042300101|20250423|101|4.0|1.5|2.0|3.0|on"
  expect_eq "$(sqlite3 $db.sqlite3 'SELECT e FROM efd_lsst_ts8')" 7.0
done
value 8 1 0 '.column = "new"' | dbb-efd-load --db efd.sqlite3 > /dev/null
dbb-efd-load --db efd.sqlite3 --views > /dev/null
expect_eq "$(sqlite3 efd.sqlite3 'SELECT new FROM efd_lsstcam WHERE new IS NOT NULL')" 8.0 'a view that was made again'

# A column of several types shows each value as it is, and great integers keep their digits
{
  value '"on"' 1 0 '.id = 1 | .column = "m"'; value 2.5 1 0 '.id = 2 | .column = "m"'; value true 1 0 '.id = 3 | .column = "m"'; value '"9007199254740993"' 1 0 '.id = 4 | .column = "m"'
  value '"-9007199254740993"' 1 0 '.id = 1 | .column = "i"'; value 0.1 1 0 '.id = 2 | .column = "i"'
  value null 0 1 '.id = 1 | .column = "none"'
} > lines
dbb-efd-load --db types.sqlite3 < lines > /dev/null
dbb-efd-load --db types.sqlite3 --views > /dev/null
expect_eq "$(sqlite3 types.sqlite3 'SELECT m, typeof(m), i, none FROM efd_lsstcam ORDER BY obs_id' | paste -sd,)" \
  'on|text|-9007199254740993|,2.5|real|0.1|,1.0|real||,9007199254740993|integer||'

# Names of views that are taken: by our tables, by an index, by another spelling of an instrument, by the second part of a wide one
{
  for name in value efd_window Column version LSSTCam lsstcam value_column I-2; do value 1 1 0 ".instrument = \"$name\" | .column = \"of $name\""; done
  value 1 1 0 '.instrument = "I"' | jq -c 'range(1501) as $i | .column = "c\($i + 10000)"'
} > lines
dbb-efd-load --db names.sqlite3 < lines > /dev/null
for _ in 1 2; do
  expect_rc 0 dbb-efd-load --db names.sqlite3 --views
  expect_eq "$(sed 's/-- made the view //' "$OUT" | paste -sd,)" \
    'efd_efd_column,efd_i,efd_i_2,efd_efd_i_2,efd_lsstcam,efd_efd_window,efd_efd_lsstcam,efd_efd_value,efd_efd_value_column,efd_efd_version'
  expect_match "$ERR" 'the view efd_value of the instrument "value" is called efd_efd_value, since there is another efd_value$'
  expect_match "$ERR" 'the view efd_lsstcam of the instrument "lsstcam" is called efd_efd_lsstcam, since there is another efd_lsstcam$'
  expect_eq "$(grep -c 'is called' "$ERR")" 6
done
expect_eq "$(sqlite3 names.sqlite3 'SELECT "of LSSTCam" FROM efd_lsstcam' 'SELECT "of lsstcam" FROM efd_efd_lsstcam' 'SELECT "of value" FROM efd_efd_value' 'SELECT c11500 FROM efd_i_2' 'SELECT "of I-2" FROM efd_efd_i_2' | paste -sd,)" \
  1.0,1.0,1.0,1.0,1.0

# More columns than a view can have
value 1 1 0 | jq -c 'range(1600) as $i | .column = "c\($i + 10000)"' | dbb-efd-load --db wide.sqlite3 > /dev/null
expect_rc 0 dbb-efd-load --db wide.sqlite3 --views
expect_eq "$(paste -sd, "$OUT")" '-- made the view efd_lsstcam,-- made the view efd_lsstcam_2'
expect_eq "$(sqlite3 wide.sqlite3 'SELECT x.c10000 + x.c11499 + y.c11500 + y.c11599 FROM efd_lsstcam x JOIN efd_lsstcam_2 y USING (obs_id)')" 4.0

# Beside a registry: windows of its exposures, telemetry of those times, joined, loaded, asked for
make_repo repo LSSTCam
dbb-ingest --repo repo "$DBB_EXAMPLES/LSSTCam" > /dev/null
dbb-visits --repo repo --instrument LSSTCam < /dev/null > /dev/null 2>&1 || true
sql repo "SELECT json_object('type', 'window', 'instrument', instrument, 'kind', 'exposure', 'id', id, 'day_obs', day_obs, 'seq_num', seq_num,
  'begin_tai_ns', timespan_begin, 'end_tai_ns', timespan_end + 2000000000) FROM exposure" > windows
exposures=$(wc -l < windows)
[ "$exposures" -ge 2 ] || fail 'too few exposures'
head -n 1 windows | jq -r .begin_tai_ns > begin
for k in 0 1 2 3 4 5 6 7; do echo "lsst.sal.MTMount.azimuth actualPosition=$((k * k * k)),actualTorque=$k $(($(cat begin) + k * 200000000))"; done > samples.lp
dbb-efd-join -c "$DBB_ROOT/examples/telemetry/columns.yaml" -s samples.lp --scale tai < windows > values
rm efd.sqlite3
dbb-efd-load --db efd.sqlite3 --columns "$DBB_ROOT/examples/telemetry/columns.yaml" < values > /dev/null
remember repo
expect_rc 0 dbb-efd-load --db efd.sqlite3 --views --repo-file repo/gen3.sqlite3
expect_unchanged repo
cp "$OUT" views.sql
asked() { cat views.sql - | sqlite3 -readonly "$@" efd.sqlite3; }
expect_eq "$(asked <<< 'SELECT count(*), count(azimuth_jitter), max(azimuth_torque_max) FROM efd_lsstcam_exposure;')" "$exposures|1|7.0"
expect_eq "$(asked <<< 'SELECT count(*) FROM efd_lsstcam_visit;')" 0
asked -header < "$DBB_ROOT/examples/telemetry/queries.sql" > answers
expect_match answers '^[0-9]{8}\|unknown\|1\|1\|[0-9.e-]+\|7\.0$|^[0-9]{8}\|[^|]+\|1\|1\|[0-9.e-]+\|7\.0$'
expect_match answers '^[0-9]{8}\|[0-9]+\|[a-z]+\|azimuth_jitter\|1\|0$'
expect_match answers '^[0-9]{8}\|[0-9]+\|[a-z]+\|azimuth_in_position\|8\|0$'
expect_rc 4 dbb-efd-load --db efd.sqlite3 --views --repo-file nowhere.sqlite3
expect_match "$ERR" 'there is no database "nowhere.sqlite3"'
expect_match "$ERR" 'hint: --repo-file names a registry'
for mode in --report --views --revisit; do
  expect_rc 4 dbb-efd-load --db nowhere.sqlite3 $mode
  expect_match "$ERR" 'there is no database "nowhere.sqlite3"'
  expect_match "$ERR" 'hint: dbb-efd-load makes it when it loads values'
done
expect_rc 5 dbb-efd-load --db efd.sqlite3 --views --repo-file efd.sqlite3
expect_match "$ERR" 'no such table: exposure'
# A column with the name of a record's
value 1 1 0 '.column = "exposure_time" | .id = '"$(jq -s '.[0].id' windows)" | dbb-efd-load --db efd.sqlite3 > /dev/null
dbb-efd-load --db efd.sqlite3 --views --repo-file repo/gen3.sqlite3 > views.sql
expect_eq "$(asked <<< 'SELECT exposure_time <> efd_exposure_time FROM efd_lsstcam_exposure WHERE efd_exposure_time = 1;')" 1

# Memory does not grow with the input
! is_sanitized || exit 0
value 1.5 10 0 > line
seq 0 119999 | awk -v line="$(sed 's/"id":[0-9]*/"id":@/' line)" '{ l = line; sub("@", int($1 / 4), l); sub("\"column\":\"c\"", "\"column\":\"c" $1 % 4 "\"", l); print l }' > many
# SQLite's cache is full after the first of these
small=$(head -n 90000 many | peak dbb-efd-load --db small.sqlite3)
large=$(peak dbb-efd-load --db large.sqlite3 < many)
expect_eq "$(grew dbb-efd-load "$small" "$large")" '' memory
