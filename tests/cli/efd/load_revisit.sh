#!/bin/bash
# What is worth asking for again, some columns only, and reports of a part and of gaps.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_values.bash
. "$DBB_ROOT/tests/cli/efd/_values.bash"

# A night of eight windows of 30 s, one a minute from 2025-04-23T04:00:00 TAI on, and one of a week before. D14, D15: a null has a
# reason, and what may yet get a value is found without doing all over again.
window() { printf '.id = %s | .seq_num = %s | .begin_tai = "2025-04-23T04:%02d:00.000000001" | .end_tai = "2025-04-23T04:%02d:30.000000000"' "$1" "$1" "$1" "$1"; }
{
  for i in 1 2 3 4 5 6 7 8; do value 1 100 0 "$(window $i)"; value 1 5 0 "$(window $i) | .column = \"d\""; done
  value null 0 1 "$(window 2) | .column = \"no samples\""
  value null 0 2 "$(window 3) | .column = \"stale\""
  value 1 9 3 "$(window 3) | .column = \"low coverage\""
  value null 0 20 "$(window 4) | .column = \"failed\""
  value null 0 21 "$(window 4) | .column = \"failed late\""
  value null 0 4 "$(window 5) | .column = \"all NaN\""
  value 1 49 0 "$(window 6) | .column = \"c\""                       # less than half of the median 100
  value 1 5 0 "$(window 7) | .column = \"d\" | .settled = false"
  value 1 50 0 "$(window 8) | .column = \"c\" | .element = -1"       # half of it
  value null 0 1 '.id = 9 | .day_obs = 20250416 | .begin_tai = "2025-04-16T04:00:00.000000000" | .end_tai = "2025-04-16T04:00:30.000000000"'
  value 1 1 0 '.id = 10 | .settled = false | .kind = "window" | del(.day_obs, .seq_num) | .src = "by hand" | .begin_tai = "2025-04-15T04:00:00.000000000" | .end_tai = "2025-04-15T04:00:30.000000000"'
} > lines
dbb-efd-load --db efd.sqlite3 --force < lines > /dev/null 2>&1 || [ $? = 3 ]
revisit() { expect_rc 0 dbb-efd-load --db efd.sqlite3 --revisit --now "$@"; }
shown() { jq -r 'select(.id) | "\(.id) \(.columns | join("/"))"' "$OUT" | paste -sd,; }
revisit 2025-04-23T12:00:00Z
expect_eq "$(shown)" '10 c,2 no samples,3 low coverage/stale,4 failed/failed late,6 c,7 d' 'within the horizon'
expect_eq "$(jq -c 'select(.id == 2)' "$OUT")" '{"type":"window","instrument":"LSSTCam","kind":"exposure","id":2,"day_obs":20250423,"seq_num":2,"begin_tai":"2025-04-23T04:02:00.000000001","end_tai":"2025-04-23T04:02:30.000000000","columns":["no samples"],"known":{"no samples":{"n":0,"t_last_tai":null,"config":"00000000000000aa"}}}'
expect_eq "$(jq -c 'select(.id == 10)' "$OUT")" '{"type":"window","instrument":"LSSTCam","kind":"window","id":10,"begin_tai":"2025-04-15T04:00:00.000000000","end_tai":"2025-04-15T04:00:30.000000000","src":"by hand","columns":["c"]}'
expect_eq "$(tail -n 1 "$OUT" | jq -r '.type + " " + .program')" 'end dbb-efd-load'
# What is known of settled values, so that dbb-efd-join need not compute again what has not changed
known() { jq -c "select(.id == $1) | (.known // {}) | map_values([.n, .t_last_tai])" "$OUT"; }
expect_eq "$(known 3)" '{"low coverage":[9,null],"stale":[0,null]}'
expect_eq "$(known 4)" "{}" 'of what failed nothing is known'
expect_eq "$(known 7)" "{}" 'what is not settled is computed once more'
{
  value 1 40 3 '.column = "equal" | .element = 0 | .t_last_tai = "2025-04-23T04:07:36.5"'; value 2 40 3 '.column = "equal" | .element = 1 | .t_last_tai = "2025-04-23T04:07:36.5"'
  value 1 40 3 '.column = "other" | .element = 0'; value 2 41 3 '.column = "other" | .element = 1'
  value 1 9 3 'del(.config) | .column = "plain"'; value null 9 8 '.column = "no topic" | .settled = false'
} | dbb-efd-load --db known.sqlite3 > /dev/null
expect_rc 0 dbb-efd-load --db known.sqlite3 --revisit --now 2025-04-23T12:00:00Z
expect_eq "$(jq -c 'select(.id).known' "$OUT")" '{"equal":{"n":40,"t_last_tai":"2025-04-23T04:07:36.500000000","config":"00000000000000aa"},"plain":{"n":9,"t_last_tai":null}}'
# A short exposure has fewer samples, but not fewer a second; one without length has none.
short() { printf '.id = %s | .begin_tai = "2025-04-23T05:00:00.000000000" | .end_tai = "2025-04-23T05:00:0%s.000000000"' "$1" "$2"; }
{
  for i in 1 2 3 4 5; do value 1 100 0 "$(window $i)"; done
  value 1 10 0 "$(short 11 3)"; value 1 4 0 "$(short 12 3)"; value null 0 9 "$(short 13 0)"; value null 0 2 "$(short 14 0)"
} | dbb-efd-load --db short.sqlite3 > /dev/null
expect_rc 0 dbb-efd-load --db short.sqlite3 --revisit --now 2025-04-23T12:00:00Z
expect_eq "$(shown)" '12 c,14 c' 'short exposures'
revisit 2025-04-23T12:00:00Z
# The horizon: 2025-04-16T04:00:30 TAI is 2025-04-16T03:59:53Z
revisit 2025-04-23T03:59:53Z --horizon 7d
expect_match "$OUT" '"id":9,'
revisit 2025-04-23T03:59:54Z --horizon 7d
expect_no_match "$OUT" '"id":9,'
revisit 2026-01-01T00:00:00Z
expect_eq "$(shown)" '10 c,7 d' 'what is not settled has no horizon'
# By the clock, which is years later
expect_rc 0 dbb-efd-load --db efd.sqlite3 --revisit
expect_eq "$(shown)" '10 c,7 d'
revisit 2025-04-23T12:00:00Z --only c --only 'fail*'
expect_eq "$(shown)" '10 c,4 failed/failed late,6 c'
printf -- '- {name: d, topic: t, field: f}\n- {name: stale, topic: t, field: g}\n' > columns.yaml
revisit 2025-04-23T12:00:00Z --columns columns.yaml
expect_eq "$(shown)" '3 stale,7 d'
revisit 2025-04-23T12:00:00Z --columns columns.yaml --only c
expect_eq "$(shown)" ''
expect_rc 2 dbb-efd-load --db efd.sqlite3 --revisit --now 2025-04-23T12:00:00
expect_match "$ERR" '[-]-now'
expect_rc 2 dbb-efd-load --db efd.sqlite3 --revisit --horizon soon
expect_rc 4 dbb-efd-load --db none.sqlite3 --revisit
# Names of columns that would make a line too long are left out; all columns are meant then
value 1 1 0 '.settled = false | .id = 11' > line
seq 6000 | jq -c --slurpfile line line '. as $i | $line[0] | .column = "column \($i) " + "x" * 200' > many
dbb-efd-load --db long.sqlite3 < many > /dev/null
expect_rc 0 dbb-efd-load --db long.sqlite3 --revisit
expect_eq "$(jq -r 'select(.type == "window") | has("columns")' "$OUT")" false
value 1 1 0 '.id = 11' | jq -c 'range(6000) as $i | .column = "column \($i) " + "x" * 90 | .value = null | .n = 0 | .status = 1' | dbb-efd-load --db known.sqlite3 > /dev/null
expect_rc 0 dbb-efd-load --db known.sqlite3 --revisit --now 2025-04-23T12:00:00Z
expect_eq "$(jq -c 'select(.id == 11) | [has("known"), (.columns | length)]' "$OUT")" '[false,6000]' 'what is known goes first'

# The circle of a cron job: what was missing is there now
T=$DBB_ROOT/examples/telemetry
echo 'lsst.sal.MTMount.azimuth actualPosition=1,actualTorque=1 1685500000000000000' > early.lp
dbb-efd-join -c "$T/columns.yaml" -s early.lp -s "$T/in_position.json" < "$T/windows.jsonl" | dbb-efd-load --db circle.sqlite3 > /dev/null
circle() { dbb-efd-load --db circle.sqlite3 --revisit --now 2023-06-01T12:00:00Z; }
[ "$(circle | grep -c '"type":"window"')" -ge 1 ] || fail 'nothing to ask for again'
circle | dbb-efd-join -c "$T/columns.yaml" -s "$T/azimuth.json" -s "$T/in_position.json" | dbb-efd-load --db circle.sqlite3 > again.out
expect_eq "$(jq -r 'select(.load).load.outcome' again.out | sort | uniq -c | xargs)" '6 updated' 'only the columns that windows are asked for'
expect_eq "$(sqlite3 circle.sqlite3 'SELECT count(*) FROM efd_value WHERE status = 1')" 0

# One column only: others pass by untouched
value 7 1 0 > line; value 8 1 0 '.column = "cd"' >> line; value 9 1 0 '.column = "e"' >> line
expect_rc 0 dbb-efd-load --db only.sqlite3 --only 'c*' --stats < line
expect_eq "$(jq -r 'select(.column) | .column + " " + (.load.outcome // "-")' "$OUT" | sort | paste -sd,)" 'c done,cd done,e -'
diff <(grep '"column":"e"' "$OUT") <(tail -n 1 line) || fail 'a line was touched'
expect_match "$ERR" '3 read, 2 done, 1 passed'
expect_eq "$(sqlite3 only.sqlite3 'SELECT name FROM efd_column ORDER BY 1' | paste -sd,)" c,cd

# Reports of a part
report() { expect_rc 0 dbb-efd-load --db efd.sqlite3 --report "$@"; }
report --day-obs 20250423 --where "column IN ('c', 'd') AND status = 0"
expect_eq "$(tail -n +2 "$OUT" | tr -s ' ' | paste -sd,)" 'LSSTCam 20250423 c 8 100 %,LSSTCam 20250423 d 8 100 % unsettled: 1'
report --where 'n < 50 AND n > 5' --json
expect_eq "$(jq -c '[.column, .values]' "$OUT" | paste -sd,)" '["c",1],["low coverage",1]'
expect_rc 2 dbb-efd-load --db efd.sqlite3 --report --where "status IN (0, 'stale')"
expect_match "$ERR" 'status is a number, not a text at position 15'
expect_rc 2 dbb-efd-load --db efd.sqlite3 --report --where 'colum = 1'
expect_match "$ERR" 'column'
# Gaps, the longest first
{
  value 1 10 0 '.id = 1 | .n_gaps = 2 | .max_gap_ns = 3000000000'; value 1 10 0 '.id = 2 | .n_gaps = 1 | .max_gap_ns = 4500000000'
  value 1 10 0 '.id = 3 | .n_gaps = 0 | .max_gap_ns = 9000000000'; value 1 10 0 '.id = 1 | .column = "d" | .n_gaps = 1 | .max_gap_ns = 8000000000'
  value 1 10 0 '.id = 4 | .column = "e" | .element = 0 | .n_gaps = 3 | .max_gap_ns = 7000000000'; value 1 10 0 '.id = 4 | .column = "e" | .element = 1 | .n_gaps = 3 | .max_gap_ns = 7000000000'
} > lines
dbb-efd-load --db gaps.sqlite3 < lines > /dev/null
expect_rc 0 dbb-efd-load --db gaps.sqlite3 --report --gaps
expect_eq "$(tr -s ' ' < "$OUT" | paste -sd,)" 'instrument day_obs column windows gaps longest,LSSTCam 20250423 d 1 1 8.000 s,LSSTCam 20250423 e 1 3 7.000 s,LSSTCam 20250423 c 2 3 4.500 s'
expect_rc 0 dbb-efd-load --db gaps.sqlite3 --report --gaps --json --where "column = 'c'"
expect_eq "$(cat "$OUT")" '{"type":"report","instrument":"LSSTCam","day_obs":20250423,"column":"c","windows":2,"gaps":3,"max_gap_ns":4500000000}'
usage() { local regex=$1; shift; expect_rc 2 dbb-efd-load --db x "$@" < /dev/null; expect_match "$ERR" "$regex"; }
usage '[-]-gaps goes with --report' --gaps
usage '[-]-where goes with --report' --where 'n = 1'
usage '[-]-now goes with --revisit' --now 2025-01-01T00:00:00Z
usage 'two programs in one run' --report --revisit
