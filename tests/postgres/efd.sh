#!/bin/bash
# dbb-efd-load into PostgreSQL: the same rows as into SQLite, one run at a time, views beside a registry.
#
# Usage: tests/postgres/efd.sh      its environment: tests/postgres/_lib.sh
# shellcheck source=tests/postgres/_lib.sh
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh
# shellcheck source=tests/cli/efd/_values.bash
. "$root/tests/cli/efd/_values.bash"
# shellcheck source=tests/cli/efd/_memory.bash
. "$root/tests/cli/efd/_memory.bash"
examples=$root/examples/telemetry

load() { dbb-efd-load --db "$url" "${@:2}" < "$1"; }
# server_rows SCHEMA     the rows of a server as `rows` prints those of a file.
server_rows() {
  PGOPTIONS="-c search_path=$1" psql -X -q -A -t -v ON_ERROR_STOP=1 "$url" -c "SELECT * FROM efd_column ORDER BY name" -c "SELECT * FROM efd_window ORDER BY 1, 2, 3" \
    -c "SELECT v.instrument, v.kind, v.obs_id, c.name, v.element, value, value_int, value_text, n, status, t_first_tai_ns,
     t_last_tai_ns, coverage, max_gap_ns, n_gaps, age_ns, v.config_hash FROM efd_value v JOIN efd_column c USING (column_id) ORDER BY 1, 2, 3, 4, 5"
}
# Numbers of both in one form
plain() { python3 -c 'import sys
for line in sys.stdin:
    cells = line.rstrip("\n").split("|")
    for i, cell in enumerate(cells):
        if len(cells) == 17 and i in (5, 12) and cell: cells[i] = repr(float(cell))
    print("|".join(cells))'; }
same_rows() { diff <(rows efd.sqlite3 | plain) <(server_rows efd | plain) | head -n 20; }

# Everything that a line may hold; more windows than go into one transaction
{
  cat "$examples/values.jsonl"
  value 0.1 1500 0; value '"a \"b\", é\\{}"' 1 0 '.column = "texts"'; value '""' 1 0 '.column = "texts" | .id = 6'; value '"9007199254740993"' 1 0 '.column = "great"'
  value '"\ttab\nline\rreturn \\N \\. back\\"' 1 0 '.column = "texts" | .id = 7'; value '"\\N"' 1 0 '.column = "texts" | .id = 8'
  value true 1 0 '.column = "truth"'; value null 0 20 '.column = "failed"'; value 1 1 0 '.element = 3'
  value -0.0 1 0 '.column = "minus"'; value 1e308 1 0 '.column = "huge"'
  value 1 1 0 'del(.day_obs, .seq_num, .config) | .kind = "window" | .src = "by hand"'
  value 4 1 0 '.element = 0 | .column = "shapes"'; value 5 2 0 '.column = "shapes"'
  value 9 200 0; value null 0 21; value 3 2000 0; value null 0 20 '.column = "failed"'
  value 1.5 10 0 | jq -c 'range(9000) as $i | .id = $i | .column = "many" | .value = $i / 3'
} > lines
dbb-efd-load --db efd.sqlite3 --columns "$examples/columns.yaml" < lines > lite.out 2> lite.err
lite=$?
load lines --columns "$examples/columns.yaml" > server.out 2> server.err
tell 'the same status' "$(echo "$lite $?" | grep -vx '3 3')"
tell 'the same receipts' "$(diff lite.out server.out | head -n 5)"
tell 'the same remarks' "$(diff lite.err server.err)"
tell 'the same rows' "$(same_rows)"
tell 'the same report' "$(diff <(dbb-efd-load --db efd.sqlite3 --report --json) <(dbb-efd-load --db "$url" --report --json) | head -n 5)"
dbb-efd-load --db efd.sqlite3 < lines > lite.out 2> /dev/null
load lines > server.out 2> /dev/null
tell 'the same receipts of a second run' "$(diff lite.out server.out | head -n 5)"
tell 'a second run changes nothing' "$(same_rows; query 'SELECT count(*) FROM efd.efd_value WHERE run_id > 1' | grep -v '^0$')"
tell 'each run has its row' "$(query 'SELECT run_id, lines_read, exit FROM efd.efd_run ORDER BY 1' | paste -sd, | grep -vx '1|9030|3,2|9030|3')"
tell 'worse by force' "$(value 1 1 0 > line; load line --force > out; dbb-efd-load --db efd.sqlite3 --force < line > /dev/null; receipt out | grep -vx updated; same_rows)"
tell 'a window that has moved' "$(value 7 5 0 '.id = 5 | .end_tai = "2025-04-23T04:07:27.702699721" | .column = "many"' > line
  load line > out; receipt out | grep -vx updated; dbb-efd-load --db efd.sqlite3 < line > /dev/null; same_rows)"
tell 'elements of another definition' "$(for config in aa:0,1,2 bb:1 cc:0,1; do
  value 1.5 1 0 '.column = "array"' | jq -c --arg c "00000000000000${config%:*}" "(${config#*:}) as \$e | .config = \$c | .element = \$e" > line
  load line > out; dbb-efd-load --db efd.sqlite3 < line > /dev/null
  query "SELECT element, right(v.config_hash, 2) FROM efd.efd_value v JOIN efd.efd_column USING (column_id) WHERE name = 'array' ORDER BY element" | paste -sd,
done | paste -sd' ' | grep -vxF '0|aa,1|aa,2|aa 0|aa,1|bb,2|aa 0|cc,1|cc'; same_rows)"
tell 'a dry run does nothing' "$(value 5 5 0 '.id = -1' > line; load line -n > out; receipt out | grep -vx planned; same_rows)"
tell 'nor in a schema that is not there' "$(load line -n --schema dry > out; receipt out | grep -vx planned; query "SELECT nspname FROM pg_namespace WHERE nspname = 'dry'")"

# One at a time: the first waits for its input
mkfifo input
dbb-efd-load --db "$url" < input > first.out 2> first.err & first=$!
exec 8> input
value 1 1 0 '.id = -2' >&8
for _ in $(seq 100); do grep -q 'done' first.out && break; sleep 0.1; done
tell 'a second run at once is told to come back' "$(fails 75 'another dbb-efd-load is writing to "postgresql://' load line)"
tell 'in another schema it is not' "$(load line --schema other > out; receipt out | grep -vx 'done')"
# The server is lost, and comes back
"$root/tests/servers/postgres.sh" stop "$server" > /dev/null 2>&1
value 2 1 0 '.id = -3' >&8
sleep 1
"$root/tests/servers/postgres.sh" start "$server" "$port" > /dev/null 2>&1 8>&- # the server would keep the input open
for _ in $(seq 100); do [ "$(grep -c 'done' first.out)" = 2 ] && break; sleep 0.1; done
tell 'a run outlives a restart of the server' "$([ "$(grep -c 'done' first.out)" = 2 ] || cat first.err)"
tell 'and is still the only one' "$(fails 75 'another dbb-efd-load' load line)"
exec 8>&-
wait_for $first
tell 'it ends well' "$statuses"
tell 'then another can run' "$(load line > /dev/null 2> err || cat err)"

# Windows that are worth asking for again
{
  value 1 9 0 '.id = 1 | .settled = false'
  value 1 9 0 '.id = 2 | .column = "d"'
  value null 0 2 '.id = 3 | .column = "d"'
  for id in 4 5 6; do value 1 20 0 ".id = $id | .column = \"d\""; done
} > again
load again --schema revisit > /dev/null 2>&1
rm -f again.sqlite3; dbb-efd-load --db again.sqlite3 < again > /dev/null 2>&1
for now in 2025-04-24T00:00:00Z 2026-01-01T00:00:00Z; do
  dbb-efd-load --db again.sqlite3 --revisit --now $now > lite.out
  tell "windows to ask for again at $now" "$(dbb-efd-load --db "$url" --schema revisit --revisit --now $now 2>&1 | diff lite.out - | head -n 5)"
done
tell 'gaps' "$(dbb-efd-load --db "$url" --schema revisit --report --gaps --where "n > 1" --day-obs 20250423 2>&1)"

# ConsDB's tables, in its own schema
query "CREATE SCHEMA efd_lsstcam; SET search_path = efd_lsstcam; $(cat "$root/tests/data/efd/consdb/tables.sql")" 
cat > consdb.yaml << 'YAML'
columns:
- &wide {name: wide, function: mean, datatype: float, description: d, packed_series: false, tables: [exposure_efd, visit1_efd], topics: [{name: lsst.sal.A.a, fields: [{name: a}]}]}
- {<<: *wide, name: flag}
- {<<: *wide, name: missing}
- {<<: *wide, name: fields, store_unpivoted: true, tables: [exposure_efd_unpivoted, visit1_efd_unpivoted], topics: [{name: lsst.sal.A.b, fields: [{name: f0}, {name: f1}]}]}
YAML
consdb() { load line --columns consdb.yaml --consdb efd_lsstcam --instrument LSSTCam > out 2> err; }
wide() { query 'SELECT seq_num, exposure_id, wide, flag, created_at FROM efd_lsstcam.exposure_efd ORDER BY 1' | paste -sd,; }
{ for i in 1 2 3; do value $i 10 0 ".id = $i | .seq_num = $i | .column = \"wide\""; done; value true 10 0 '.id = 2 | .seq_num = 2 | .column = "flag"'
  value 0 1 0 '.column = "fields" | .element = 0'; value 5 1 0 '.column = "fields" | .element = 1'; value 6 1 0 '.kind = "visit" | .column = "wide"'; value 1 1 0 '.column = "missing"'; } > line
tell 'values in wide tables' "$(consdb || cat err; wide | grep -vx '1|1|1||then,2|2|2|1|then,3|3|3||then')"
tell 'what has no column is told' "$(grep -q 'exposure_efd" has no columns for missing$' err || cat err)"
tell 'D8 a value of 0 in unpivoted tables' "$(query 'SELECT property, field, value FROM efd_lsstcam.exposure_efd_unpivoted ORDER BY 2' | paste -sd, | grep -vx 'fields|f0|0,fields|f1|5')"
{ value null 10 4 '.id = 1 | .seq_num = 1 | .column = "wide"'; value 9 5 0 '.id = 2 | .seq_num = 2 | .column = "wide"'; value 4 11 0 '.id = 3 | .seq_num = 3 | .column = "wide"'; } > line
query "UPDATE efd_lsstcam.exposure_efd SET created_at = 'before'"
tell 'D4 D5 neither null nor fewer samples replace a value' "$(consdb; wide | grep -vx '1|1|1||before,2|2|2|1|before,3|3|4||before')"
value 5 12 0 '.id = 3 | .seq_num = 4 | .column = "wide"' > line
tell 'a window under another number' "$(fails 4 'another day_obs and seq_num with the same exposure_id' load line --columns consdb.yaml --consdb efd_lsstcam --instrument LSSTCam; wide | grep -vx '1|1|1||before,2|2|2|1|before,3|3|4||before'; query "SELECT v.n FROM efd.efd_value v JOIN efd.efd_column USING (column_id) WHERE name = 'wide' AND obs_id = 3" | grep -vx 11)"
tell 'a schema without tables' "$(fails 2 'has no table exposure_efd$' load line --columns consdb.yaml --consdb nowhere --instrument LSSTCam)"

# Killed at several moments, then run again
value 1.5 10 0 | jq -c 'range(60000) as $i | .id = ($i / 6 | floor) | .column = "k\($i % 6)" | .value = $i' > many
load many --schema undisturbed > /dev/null
server_rows undisturbed > undisturbed.rows
for wait in 0.05 0.3 0.7 1.1; do
  query 'DROP SCHEMA IF EXISTS killed CASCADE' 2> /dev/null
  rm -f killed.out
  dbb-efd-load --db "$url" --schema killed < many > killed.out 2> /dev/null & victim=$!
  for _ in $(seq 200); do [ -s killed.out ] && break; sleep 0.05; done
  sleep $wait
  { kill -9 $victim; wait $victim; } 2> /dev/null
  tell "killed after $wait s: what has a receipt is there" "$([ "$(grep -c '"load":{"outcome":"done"}}$' killed.out)" -le "$(query 'SELECT count(*) FROM killed.efd_value')" ] || wc -l killed.out)"
  tell 'windows are whole' "$(query 'SELECT obs_id FROM killed.efd_value GROUP BY obs_id HAVING count(*) < 6 LIMIT 3')"
  for _ in $(seq 100); do load many --schema killed > again.out 2> err && break; sleep 0.1; done # the server may not know yet
  tell 'it can be run again' "$(cat err)"
  tell 'and ends as an undisturbed run' "$(server_rows killed | diff undisturbed.rows - | head -n 5)"
done

# Memory does not grow with the input
few=$(peak dbb-efd-load --db "$url" --schema memory < many)
for i in 1 2 3; do sed "s/\"id\":/&$i/" many; done > even_more
tell 'memory does not grow with what is new' "$(grew dbb-efd-load "$few" "$(peak dbb-efd-load --db "$url" --schema memory < even_more)")"
tell 'nor with what is there' "$(grew dbb-efd-load "$few" "$(peak dbb-efd-load --db "$url" --schema memory < even_more)")"

# Tables of others, of a later version, and of an earlier one
query 'CREATE SCHEMA foreign_one; CREATE TABLE foreign_one.t (i int)'
tell 'tables of others' "$(fails 5 'has no tables of dbb-efd-load' load line --schema foreign_one)"
tell 'a schema that is not there' "$(fails 4 'there is no such schema' dbb-efd-load --db "$url" --schema none --report)"
query 'UPDATE other.efd_version SET version = 2'
tell 'a later version' "$(fails 5 'of version 2, and this program knows version 1' load line --schema other)"
query 'UPDATE other.efd_version SET version = 1; ALTER TABLE other.efd_value DROP COLUMN age_ns; ALTER TABLE other.efd_run DROP COLUMN rejected'
tell 'columns that are missing are added' "$(value 1 1 0 '.age_ns = 5' > line; load line --schema other > out 2> err || cat err; query 'SELECT age_ns FROM other.efd_value WHERE age_ns IS NOT NULL' | grep -vx 5; query 'SELECT rejected FROM other.efd_run ORDER BY run_id DESC LIMIT 1' | grep -vx 0)"
query 'ALTER TABLE other.efd_value RENAME COLUMN element TO elements'
tell 'a table without its key' "$(fails 5 'efd_value has no column element' load line --schema other)"
tell 'a server that is not there' "$(DBB_RECONNECT_TIMEOUT=1 fails 4 'could not connect' dbb-efd-load --db "postgresql://dbb@127.0.0.1:$(free_port)/dbb" < line)"
tell 'a source of secrets' "$(LSST_DB_AUTH=/nowhere load line --source 'postgresql://a:b@c/d' > /dev/null; query 'SELECT source FROM efd.efd_run ORDER BY run_id DESC LIMIT 1' | grep -vx 'postgresql://a@c/d')"

# Views beside a registry in the same database
check 'a registry' registered repo main
check 'with images' sh -c "dbb-ingest --repo repo '$root/examples/data/LSSTCam' > /dev/null"
dbb-repo show repo records exposure > exposures
jq -c '(.record // .) | select(.instrument == "LSSTCam") | {type: "value", instrument, kind: "exposure", id, day_obs, seq_num, begin_tai: "2019-03-19T15:50:28", end_tai: "2019-03-19T15:50:29",
  column: ("azimuth_jitter", "azimuth_mean", "azimuth_torque_max", "azimuth_in_position", "exposure_time"), value: 2.5e-6, n: 3, status: 0}' exposures > values
load values --schema beside > /dev/null
check 'make views' dbb-efd-load --db "$url" --schema beside --views --repo-schema main
tell 'that are told' "$(diff log - <<< $'-- made the view efd_lsstcam\n-- made the view efd_lsstcam_exposure\n-- made the view efd_lsstcam_visit')"
tell 'with each image' "$([ "$(query 'SELECT count(*), min(efd_exposure_time) FROM beside.efd_lsstcam_exposure')" = '2|2.5e-06' ] || query 'SELECT * FROM beside.efd_lsstcam_exposure')"
check 'make them once more' dbb-efd-load --db "$url" --schema beside --views --repo-schema main
check 'ask the three questions' env PGOPTIONS='-c search_path=beside' psql -X -v ON_ERROR_STOP=1 "$url" -f "$examples/queries.sql"
{ value '"on"' 1 0 '.id = 1 | .column = "m"'; value 0.1 1 0 '.id = 2 | .column = "m"'; value '"9007199254740993"' 1 0 '.id = 3 | .column = "m"'
  value '"9007199254740993"' 1 0 '.id = 1 | .column = "i"'; value 0.1 1 0 '.id = 2 | .column = "i"'; value 1e300 1 0 '.id = 3 | .column = "i"'; } > line
for name in value LSSTCAM; do value 1 1 0 ".instrument = \"$name\""; done >> line
load line --schema types > out
check 'views of columns of several types' dbb-efd-load --db "$url" --schema types --views
tell 'show each value' "$(query "SELECT m, i = CASE obs_id WHEN 3 THEN 1e300 WHEN 2 THEN 0.1 ELSE 9007199254740993 END FROM types.efd_efd_lsstcam ORDER BY obs_id" | paste -sd, | diff - <(echo 'on|t,0.1|t,9007199254740993|t'))"
tell 'also of instruments with names that are taken' "$(grep -vx -- '-- made the view efd_\(efd_value\|lsstcam\|efd_lsstcam\)' log | grep -v 'is called\|hint')"
tell 'a registry that is none' "$(fails 5 'are not as they should be' dbb-efd-load --db "$url" --schema beside --views --repo-schema nowhere)"

sum_up 'efd'
