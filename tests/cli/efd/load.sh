#!/bin/bash
# Values into SQLite: what replaces what, how each kind of value is kept, what a second run does, lines that can't be read.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_values.bash
. "$DBB_ROOT/tests/cli/efd/_values.bash"

# 16 better is never replaced by worse
load() { local rc=$1; shift; value "$@" > line; expect_rc "$rc" dbb-efd-load --db efd.sqlite3 "${options[@]}" < line; }
is() { expect_eq "$(receipt "$OUT")" "$2" "$1"; expect_eq "$(stored 'value, n, status')" "$3" "$1, stored"; }
options=()
load 0 1.5 1500 0
is 'a first value' 'done' '1.5|1500|0'
load 3 9 200 0
is 'C5 fewer samples' 'kept regression' '1.5|1500|0'
expect_match "$ERR" '^dbb-efd-load: 1 value is of fewer samples, or one farther away, than what is stored, which was kept$'
load 3 null 0 20
is 'C5 a source that failed' 'kept source_error' '1.5|1500|0'
expect_match "$ERR" '^dbb-efd-load: 1 value could not be had from the source'
load 3 null 0 21
is 'a source that was too slow' 'kept source_error' '1.5|1500|0'
load 0 1.6 1600 0
is 'C5 more samples' updated '1.6|1600|0'
load 0 1.7 1600 0
is 'as many samples' updated '1.7|1600|0'
load 0 1.7 1600 0
is 'the same' existing '1.7|1600|0'
load 3 null 0 1
is 'no samples any more' 'kept regression' '1.7|1600|0'
load 0 2 100 0 '.config = "00000000000000bb"'
is 'C5 another definition' updated '2.0|100|0'
load 0 3 50 0 'del(.config)'
is 'C5 a definition that is not told' updated '3.0|50|0'
options=(--force)
load 0 4 10 0 'del(.config)'
is 'C5 by force' updated '4.0|10|0'
load 3 null 0 20 'del(.config)'
is 'C5 a failure by force' updated '|0|20'
options=()
load 3 null 0 21 'del(.config)'
is 'one failure after another' updated '|0|21'
load 0 5 1 0 'del(.config)'
is 'C5 anything is better than a failure' updated '5.0|1|0'
expect_eq "$(sqlite3 efd.sqlite3 'SELECT count(*) FROM efd_value WHERE updated_at IS NULL OR run_id IS NULL')" 0
rm efd.sqlite3
load 3 null 0 20
is 'C5 a failure where nothing is' 'done' '|0|20'
# At an instant there is one sample, always: what counts is how far it is
rm efd.sqlite3
load 0 7 1 0 '.age_ns = -2000'
load 3 8 1 0 '.age_ns = 2001'
is 'a sample farther away' 'kept regression' '7.0|1|0'
load 0 9 1 0 '.age_ns = 2000'
is 'a sample as near' updated '9.0|1|0'
# A window that has moved
rm efd.sqlite3
{ value 1 30 0 '.settled = true'; value 2 30 0 '.settled = true | .column = "d"'; } | dbb-efd-load --db efd.sqlite3 > /dev/null
load 0 3 20 0 '.settled = true | .end_tai = "2025-04-23T04:07:27.702699721"'
expect_eq "$(receipt "$OUT")" updated 'the value of a shorter window'
expect_eq "$(sqlite3 efd.sqlite3 'SELECT c.name, n, v.settled FROM efd_value v JOIN efd_column c USING (column_id) ORDER BY 1' | paste -sd' ')" 'c|20|1 d|30|0' \
  'what is not given of a window that has moved is to be computed again'
# Several lines of one value in one transaction
rm efd.sqlite3
{ value 1 10 0; value 2 5 0; value 3 20 0; value null 0 20; } > line
expect_rc 3 dbb-efd-load --db efd.sqlite3 < line
is 'one after the other' 'done,kept regression,updated,kept source_error' '3.0|20|0'

# Kinds of values
kind() { # NAME VALUE STORED DTYPE
  rm -f efd.sqlite3
  load 0 "$2" 1 0
  expect_eq "$(stored 'value, value_int, value_text')" "$3" "$1"
  expect_eq "$(sqlite3 efd.sqlite3 'SELECT dtype FROM efd_column')" "$4" "dtype of $1"
}
kind 'a number' 1.25e-300 '1.25e-300||' number
kind 'all digits of a number' 0.30000000000000004 '0.3||' number
expect_eq "$(sqlite3 efd.sqlite3 "SELECT printf('%!.17g', value) FROM efd_value")" 0.30000000000000004
kind 'an integer' 42 '42.0||' number
kind 'a great integer' '"9007199254740993"' '9.00719925474099e+15|9007199254740993|' number
kind 'the greatest integer' '"-9223372036854775808"' '-9.22337203685478e+18|-9223372036854775808|' number
kind 'a text of digits' '"12"' '||12' text
kind 'a text of too many digits' '"9223372036854775808"' '||9223372036854775808' text
kind 'a text' '"on, \"off\" é"' '||on, "off" é' text
kind 'an empty text' '""' '||' text
kind 'true' true '1.0||' boolean
kind 'false' false '0.0||' boolean
kind 'nothing' null '||' ''
kind 'minus zero' -0.0 '0.0||' number
rm efd.sqlite3
{ value 1 1 0 '.id = 1'; value '"a"' 1 0 '.id = 2'; value true 1 0 '.id = 3'; value null 0 1 '.id = 4'; } > line
expect_rc 0 dbb-efd-load --db efd.sqlite3 < line
expect_eq "$(sqlite3 efd.sqlite3 'SELECT dtype FROM efd_column')" mixed
# Elements, kinds of windows, and what a window may lack
rm efd.sqlite3
{ value 1 1 0 '.element = 0 | .column = "e"'; value 2 1 0 '.element = 1 | .column = "e"'; value 3 1 0 'del(.element)'; value 4 1 0 '.kind = "visit"'
  value 5 1 0 'del(.day_obs, .seq_num) | .kind = "window" | .src = "shutter"'
  value 6 1 0 '.id = "2025042300101" | .begin_tai_ns = "5" | .end_tai_ns = 7 | del(.begin_tai, .end_tai)'; } > line
expect_rc 0 dbb-efd-load --db efd.sqlite3 < line
expect_eq "$(sqlite3 efd.sqlite3 'SELECT kind, element, value FROM efd_value ORDER BY 1, 2' | paste -sd,)" 'exposure|-1|6.0,exposure|0|1.0,exposure|1|2.0,visit|-1|4.0,window|-1|5.0'
expect_eq "$(sqlite3 efd.sqlite3 'SELECT kind, day_obs, seq_num, begin_tai_ns, end_tai_ns, src FROM efd_window ORDER BY 1' | paste -sd,)" \
  'exposure|20250423|101|5|7|,visit|20250423|101|1745381227702699721|1745381257702699721|,window|||1745381227702699721|1745381257702699721|shutter'
# A window keeps what a later line does not tell, and gets what it tells otherwise
value 7 1 0 'del(.day_obs) | .seq_num = 102 | .id = 2025042300101' > line
expect_rc 0 dbb-efd-load --db efd.sqlite3 < line
expect_eq "$(sqlite3 efd.sqlite3 "SELECT day_obs, seq_num, begin_tai_ns FROM efd_window WHERE kind = 'exposure'")" '20250423|102|1745381227702699721'

# What a joined file leaves, with and without jq in between; a second run finds all of it
T=$DBB_ROOT/examples/telemetry
dbb-efd-join -c "$T/columns.yaml" -s "$T/azimuth.json" -s "$T/in_position.json" -w "$T/windows.jsonl" > values
diff values "$T/values.jsonl" || fail 'examples/telemetry/values.jsonl is not what dbb-efd-join prints'
rm -f efd.sqlite3
expect_rc 0 dbb-efd-load --db efd.sqlite3 --columns "$T/columns.yaml" --source 'https://reader:secret@efd.example/influx?p=secret' < values
expect_eq "$(receipt "$OUT" | tr , '\n' | sort | uniq -c | xargs)" '12 done'
expect_eq "$(jq -c 'del(.load)' "$OUT" | grep '"value"' | md5sum)" "$(jq -c . values | grep '"value"' | md5sum)" 'lines but for receipts'
expect_eq "$(jq -r 'select(.type == "end").program' "$OUT" | paste -sd,)" dbb-efd-join,dbb-efd-load
jq -c . values | dbb-efd-load --db jq.sqlite3 --columns "$T/columns.yaml" > /dev/null
expect_eq "$(rows jq.sqlite3)" "$(rows efd.sqlite3)" 'what came through jq'
expect_eq "$(sqlite3 efd.sqlite3 "SELECT topic, field, func, args_json, unit, description, dtype, active FROM efd_column WHERE name = 'azimuth_jitter'")" \
  'lsst.sal.MTMount.azimuth|actualPosition|polyrms|{"degree":2}|deg|what is left of the position when a parabola is taken off|number|1'
expect_eq "$(sqlite3 efd.sqlite3 "SELECT max(value) FROM efd_value JOIN efd_column USING (column_id) WHERE dtype = 'boolean'")" 1.0
expect_eq "$(sqlite3 efd.sqlite3 'SELECT tool_version, source, lines_read, done, existing, exit FROM efd_run')" "$(dbb-efd-load --version | awk 'NR == 1 { print $NF }')|https://reader@efd.example/influx|12|12|0|0"
expect_eq "$(sqlite3 efd.sqlite3 'SELECT count(*) FROM efd_run WHERE started IS NULL OR finished < started')" 0
rows efd.sqlite3 > before
expect_rc 0 dbb-efd-load --db efd.sqlite3 < values
expect_eq "$(receipt "$OUT" | tr , '\n' | sort | uniq -c | xargs)" '12 existing'
rows efd.sqlite3 | diff before - || fail 'a second run has changed something'
expect_eq "$(sqlite3 efd.sqlite3 'SELECT DISTINCT run_id FROM efd_value')" 1
# Receipts can be loaded, too
cp "$OUT" receipts
expect_rc 0 dbb-efd-load --db efd.sqlite3 < receipts
expect_eq "$(receipt "$OUT" | tr , '\n' | sort | uniq -c | xargs)" '12 existing'
# Columns of another file than that of the values
sed 's/degree: 2/degree: 3/' "$T/columns.yaml" > other.yaml
rm efd.sqlite3
expect_rc 0 dbb-efd-load --db efd.sqlite3 --columns other.yaml < values
expect_match "$ERR" '"other.yaml" defines columns otherwise than their values were computed: azimuth_jitter; '
expect_eq "$(sqlite3 efd.sqlite3 "SELECT name FROM efd_column WHERE func IS NULL")" azimuth_jitter
# What was known of a definition goes with it; what is known stays when a run does not know
dbb-efd-load --db efd.sqlite3 < values > /dev/null
expect_eq "$(sqlite3 efd.sqlite3 "SELECT count(*) FROM efd_column WHERE func IS NOT NULL")" 3
jq -c 'select(.column == "azimuth_mean") | .config = "00000000000000bb"' values | dbb-efd-load --db efd.sqlite3 > /dev/null
expect_eq "$(sqlite3 efd.sqlite3 "SELECT func, unit, dtype, config_hash FROM efd_column WHERE name = 'azimuth_mean'")" '||number|00000000000000bb'

# A dry run does nothing, and its lines are not taken for done
rm efd.sqlite3 efd.sqlite3.lock
expect_rc 0 dbb-efd-load --db efd.sqlite3 -n < values
expect_eq "$(receipt "$OUT" | tr , '\n' | sort | uniq -c | xargs)" '12 planned'
[ ! -e efd.sqlite3 ] || fail 'a dry run made a database'
cp "$OUT" planned
dbb-efd-load --db efd.sqlite3 < line > /dev/null
rows efd.sqlite3 > before
expect_rc 0 dbb-efd-load --db efd.sqlite3 -n < values
rows efd.sqlite3 | diff before - || fail 'a dry run has changed something'
expect_rc 1 dbb-efd-load --db efd.sqlite3 --rejects rejects < planned
expect_eq "$(jq -r .error.code rejects | sort | uniq -c | xargs)" '12 DRY_RUN'

# Lines that can't be read are told and left out; the others are stored
bad() { # CODE JQ-FILTER
  value 1 1 0 "$2" > line
  rm -f rejects
  expect_rc 1 dbb-efd-load --db bad.sqlite3 --rejects rejects < line
  expect_eq "$(jq -r .error.code rejects)" "$1" "$2"
}
for key in instrument kind id column n status; do bad MISSING_KEY "del(.$key)"; done
bad MISSING_KEY 'del(.begin_tai)'
bad BAD_VALUE '.begin_tai = "yesterday"'
bad BAD_WINDOW '.end_tai = "2025-04-23T04:07:07.000000000"'
bad BAD_VALUE '.kind = "night"'
bad BAD_VALUE '.id = "a"'
bad BAD_VALUE '.instrument = ""'
bad BAD_VALUE '.instrument = 1'
bad BAD_VALUE '.column = "a\u0000b"'
bad BAD_VALUE '.value = "a\u0000b"'
bad BAD_VALUE '.value = [1]'
bad BAD_VALUE '.n = -1'
bad BAD_VALUE '.n = 1.5'
bad BAD_VALUE '.status = 40000'
bad BAD_VALUE '.element = -2'
bad BAD_VALUE '.element = 3000000000'
bad BAD_VALUE '.day_obs = 3000000000'
bad BAD_VALUE '.t_first_tai = 5'
bad BAD_VALUE '.coverage = "all"'
bad BAD_VALUE '.config = "abc"'
expect_eq "$(sqlite3 bad.sqlite3 'SELECT count(*) FROM efd_value')" 0
expect_eq "$(sqlite3 bad.sqlite3 'SELECT sum(rejected), max(exit) FROM efd_run')" '25|1'
{ value 1 1 0; echo '{"type":"val'; value 2 1 0 'del(.n)'; echo '{"type":"window","id":1}'; value 3 1 0 '.id = 8'; } > line
expect_rc 1 dbb-efd-load --db bad.sqlite3 --rejects rejects < line
expect_eq "$(jq -r '.type + " " + (.load.outcome // "-")' "$OUT" | sort | paste -sd,)" 'end -,value done,value done,window -'
expect_eq "$(sqlite3 bad.sqlite3 'SELECT value FROM efd_value ORDER BY 1' | paste -sd,)" 1.0,3.0
# A rejected line that was mended goes in without its error
jq -c 'select(.type == "value" and .n == null) | .n = 7' rejects | tail -n 1 | dbb-efd-load --db bad.sqlite3 > out
expect_eq "$(jq -r 'select(.load) | [.load.outcome, .error] | map(tostring) | join(" ")' out)" 'updated null'

# Usage
usage() { local regex=$1; shift; expect_rc 2 dbb-efd-load "$@" < /dev/null; expect_match "$ERR" "$regex"; }
usage 'neither a path nor a postgresql:// URL' --db mysql://h/d
usage 'a password on the command line' --db postgresql://u:p@h/d
usage 'it names no database' --db postgresql://h
usage '[-]-json goes with --report' --db x --json
usage '[-]-repo-file goes with --views' --db x --repo-file y
usage 'two programs in one run' --db x --report --views
usage '[-]-repo-schema is of PostgreSQL' --db x --views --repo-schema y
usage '[-]-repo-file is of SQLite' --db postgresql://h/d --views --repo-file y
usage 'could not open "nowhere"' --db x --columns nowhere
echo '[{name: a, topic: b, field: c, func: meen}]' > wrong.yaml
usage 'did you mean mean' --db x --columns wrong.yaml
[ ! -e x ] || fail 'a mistake made a database'
