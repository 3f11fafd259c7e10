#!/bin/bash
# dbb-efd-load into PostgreSQL: the same rows as into SQLite, one run at a time, views beside a registry.
#
# Usage: tests/postgres/efd.sh      its environment: tests/postgres/_lib.sh
# shellcheck source=tests/postgres/_lib.sh
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh
# shellcheck source=tests/cli/efd/_values.bash
. "$root/tests/cli/efd/_values.bash"
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
  value true 1 0 '.column = "truth"'; value null 0 20 '.column = "failed"'; value 1 1 0 '.element = 3'
  value -0.0 1 0 '.column = "minus"'; value 1e308 1 0 '.column = "huge"'
  value 1 1 0 'del(.day_obs, .seq_num, .config) | .kind = "window" | .src = "by hand"'
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
tell 'each run has its row' "$(query 'SELECT run_id, lines_read, exit FROM efd.efd_run ORDER BY 1' | paste -sd, | grep -vx '1|9026|3,2|9026|3')"
tell 'worse by force' "$(value 1 1 0 > line; load line --force > out; dbb-efd-load --db efd.sqlite3 --force < line > /dev/null; receipt out | grep -vx updated; same_rows)"
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

# Killed in the middle, then run again
value 1.5 10 0 | jq -c 'range(60000) as $i | .id = $i | .column = "k\($i % 3)"' > many
load many --schema killed > killed.out 2> /dev/null & victim=$!
for _ in $(seq 200); do [ -s killed.out ] && break; sleep 0.05; done
{ kill -9 $victim; wait $victim; } 2> /dev/null
got=$(query 'SELECT count(*) FROM killed.efd_value')
tell 'it was killed in the middle' "$([ "$got" -gt 0 ] && [ "$got" -lt 60000 ] || echo "$got")"
tell 'what has a receipt is there' "$([ "$(grep -c '"load":{"outcome":"done"}}$' killed.out)" -le "$got" ] || wc -l killed.out)"
for _ in $(seq 50); do load many --schema killed > again.out 2> err && break; sleep 0.1; done # the server may not know yet
load many --schema undisturbed > /dev/null
tell 'again, it ends as an undisturbed run' "$(diff <(server_rows killed) <(server_rows undisturbed) | head -n 5)"

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
tell 'a registry that is none' "$(fails 5 'are not as they should be' dbb-efd-load --db "$url" --schema beside --views --repo-schema nowhere)"

sum_up 'efd'
