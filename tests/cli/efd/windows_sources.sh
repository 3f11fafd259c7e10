#!/bin/bash
# dbb-windows of two instants and of CSV: time scales, days, conditions, and what can't be read.
. "$DBB_CLI_LIB"

windows() { jq -c 'select(.type == "window")' "$OUT"; }
spans() { windows | jq -r '[.begin_tai, .end_tai] | join(" ")'; }

# ---------------------------------------------------------------- instants

expect_rc 0 dbb-windows --begin 2023-06-01T00:12:30Z --end 2023-06-01T00:14:00.25Z
expect_eq "$(cat "$OUT")" '{"type":"window","kind":"window","id":"1685578387000000000","day_obs":20230531,"begin_tai":"2023-06-01T00:13:07.000000000","end_tai":"2023-06-01T00:14:37.250000000","src":"arguments"}
{"type":"end","program":"dbb-windows"}'
expect_rc 0 dbb-windows --begin 2023-06-01T00:12:30 --end 2023-06-01T00:14:00.25 --scale tai --instrument LSSTCam --kind visit
expect_eq "$(windows)" '{"type":"window","instrument":"LSSTCam","kind":"visit","id":"1685578350000000000","day_obs":20230531,"begin_tai":"2023-06-01T00:12:30.000000000","end_tai":"2023-06-01T00:14:00.250000000","src":"arguments"}'
# Z goes before the scale
expect_rc 0 dbb-windows --begin 2023-06-01T00:12:30Z --end 2023-06-01T00:13:07.5 --scale tai
expect_eq "$(spans)" '2023-06-01T00:13:07.000000000 2023-06-01T00:13:07.500000000'
expect_rc 0 dbb-windows --begin 2023-06-01T00:12:30 --end 2023-06-01T00:12:31 --scale utc
expect_eq "$(spans)" '2023-06-01T00:13:07.000000000 2023-06-01T00:13:08.000000000'
# in pieces, the last one shorter
expect_rc 0 dbb-windows --begin 2023-06-01T00:00:00Z --end 2023-06-01T00:00:02.1Z --every 1s
expect_eq "$(spans)" '2023-06-01T00:00:37.000000000 2023-06-01T00:00:38.000000000
2023-06-01T00:00:38.000000000 2023-06-01T00:00:39.000000000
2023-06-01T00:00:39.000000000 2023-06-01T00:00:39.100000000'
expect_eq "$(windows | jq .id | sort -u | wc -l)" 3
expect_rc 0 dbb-windows --begin 2023-06-01T00:00:00Z --end 2023-06-01T00:00:02Z --every 250ms
expect_eq "$(windows | wc -l)" 8
# without length
expect_rc 0 dbb-windows --begin 2023-06-01T00:00:00Z --end 2023-06-01T00:00:00Z --every 1s
expect_eq "$(spans)" '2023-06-01T00:00:37.000000000 2023-06-01T00:00:37.000000000'
# across a leap second, which has a name in UTC
expect_rc 0 dbb-windows --begin 2016-12-31T23:59:59Z --end 2017-01-01T00:00:00Z --every 1s
expect_eq "$(spans)" '2017-01-01T00:00:35.000000000 2017-01-01T00:00:36.000000000
2017-01-01T00:00:36.000000000 2017-01-01T00:00:37.000000000'
expect_rc 0 dbb-windows --begin 2016-12-31T23:59:60.5Z --end 2017-01-01T00:00:00Z
expect_eq "$(spans)" '2017-01-01T00:00:36.500000000 2017-01-01T00:00:37.000000000'
expect_rc 2 dbb-windows --begin 2017-12-31T23:59:60Z --end 2018-01-01T00:00:00Z
# The day rolls at noon UTC, not TAI.
expect_rc 0 dbb-windows --begin 2023-06-01T11:59:59.9Z --end 2023-06-01T12:00:00.1Z --every 100ms
expect_eq "$(windows | jq .day_obs | paste -sd,)" 20230531,20230601
expect_rc 0 dbb-windows --begin 2023-06-01T12:00:36.9 --end 2023-06-01T12:00:37.1 --every 100ms --scale tai
expect_eq "$(windows | jq .day_obs | paste -sd,)" 20230531,20230601
expect_rc 0 dbb-windows --begin 2023-05-30T12:00:00Z --end 2023-06-03T12:00:00Z --every 12h --day-obs 20230601
expect_eq "$(windows | jq .day_obs | paste -sd,)" 20230601,20230601
expect_rc 0 dbb-windows --begin 2023-06-01T00:00:00Z --end 2023-06-01T00:00:03Z --every 1s --since 2023-06-01T00:00:02Z
expect_eq "$(spans)" '2023-06-01T00:00:39.000000000 2023-06-01T00:00:40.000000000'

wrong() { # REGEX OPTION...     a mistake on the command line: status 2, nothing printed
  local regex=$1
  shift
  expect_rc 2 dbb-windows "$@"
  expect_empty "$OUT"
  expect_match "$ERR" "$regex"
}
begin=2023-06-01T00:00:00Z end=2023-06-01T00:01:00Z
wrong 'there is no source'
wrong 'several sources' --begin $begin --end $end --csv x
wrong 'several sources' --repo x --db y --table z
wrong 'belong together' --begin $begin
wrong 'belong together' --end $end
wrong 'end is before --begin' --begin $end --end $begin
wrong 'does not say its time scale' --begin $begin --end 2023-06-01T00:01:00
wrong 'no instant' --begin today --end $end
wrong 'no instant' --begin 1971-12-31T00:00:00Z --end $end
wrong 'no instant' --begin 1969-12-31T00:00:00 --end $end --scale tai
wrong 'no duration' --begin $begin --end $end --every often
wrong 'no length' --begin $begin --end $end --every 0s
wrong 'no length' --begin $begin --end $end --every=-1s
wrong 'more than 10000000' --begin $begin --end $end --every 1us
wrong 'every goes with --begin and --end only' --csv x --every 1s
wrong 'table goes with --db only' --csv x --table t
wrong 'where goes with' --begin $begin --end $end --where 'id = 1'
wrong 'needs --table' --db x

# ---------------------------------------------------------------- CSV

cat > windows.csv <<'EOF'
id,begin,end,instrument,kind,day_obs,seq_num,note
3,2023-06-01T00:00:20Z,2023-06-01T00:00:30Z,LSSTCam,exposure,20230531,3,"a ""third"", one"
2,2023-06-01T00:00:10Z,2023-06-01T00:00:10Z,LSSTCam,exposure,,2,bias
1,2023-06-01T00:00:10Z,2023-06-01T00:00:11.000000001Z,LATISS,visit,,,

9007199254740993,2023-06-01T12:00:00Z,2023-06-01T12:00:01Z,,,,,late
EOF
expect_rc 0 dbb-windows --csv windows.csv
expect_eq "$(windows)" '{"type":"window","instrument":"LATISS","kind":"visit","id":1,"day_obs":20230531,"begin_tai":"2023-06-01T00:00:47.000000000","end_tai":"2023-06-01T00:00:48.000000001","src":"csv"}
{"type":"window","instrument":"LSSTCam","kind":"exposure","id":2,"day_obs":20230531,"seq_num":2,"begin_tai":"2023-06-01T00:00:47.000000000","end_tai":"2023-06-01T00:00:47.000000000","src":"csv"}
{"type":"window","instrument":"LSSTCam","kind":"exposure","id":3,"day_obs":20230531,"seq_num":3,"begin_tai":"2023-06-01T00:00:57.000000000","end_tai":"2023-06-01T00:01:07.000000000","src":"csv"}
{"type":"window","kind":"window","id":"9007199254740993","day_obs":20230601,"begin_tai":"2023-06-01T12:00:37.000000000","end_tai":"2023-06-01T12:00:38.000000000","src":"csv"}'
cp "$OUT" all
expect_rc 0 dbb-windows --csv - < windows.csv
cmp "$OUT" all
{ printf '\xEF\xBB\xBF'; sed 's/$/\r/' windows.csv; } > dos.csv
expect_rc 0 dbb-windows --csv dos.csv
cmp "$OUT" all
ids() { windows | jq -r .id | paste -sd,; }
expect_rc 0 dbb-windows --csv windows.csv --where "note = 'a \"third\", one' OR note IS NULL"
expect_eq "$(ids)" 1,3
expect_rc 0 dbb-windows --csv windows.csv --where 'seq_num < 10 AND NOT id IN (3..5)'
expect_eq "$(ids)" 2
expect_rc 0 dbb-windows --csv windows.csv --instrument LSSTCam
expect_eq "$(windows | jq -r '"\(.instrument) \(.id)"' | paste -sd,)" 'LSSTCam 2,LSSTCam 3,LSSTCam 9007199254740993'
expect_rc 0 dbb-windows --csv windows.csv --kind visit
expect_eq "$(windows | jq -r '"\(.kind) \(.id)"' | paste -sd,)" 'visit 1,visit 9007199254740993'
expect_rc 0 dbb-windows --csv windows.csv --day-obs 20230601..
expect_eq "$(ids)" 9007199254740993
expect_rc 0 dbb-windows --csv windows.csv --since 2023-06-01T00:00:11Z
expect_eq "$(ids)" 1,3,9007199254740993
# without Z
sed 's/Z,/,/g' windows.csv > plain.csv
expect_rc 0 dbb-windows --csv plain.csv --scale utc
cmp "$OUT" all
expect_rc 0 dbb-windows --csv plain.csv --scale tai
expect_eq "$(windows | jq -r 'select(.id == 3).begin_tai')" 2023-06-01T00:00:20.000000000
wrong '"?begin"? is .* does not say its time scale' --csv plain.csv
# nanoseconds, TAI
printf 'end_tai_ns,id,begin_tai_ns\n1685578350000000002,7,1685578350000000001\n' > ns.csv
expect_rc 0 dbb-windows --csv ns.csv
expect_eq "$(spans)" '2023-06-01T00:12:30.000000001 2023-06-01T00:12:30.000000002'

# What can't be read is set aside, the rest comes.
{
  cat <<'EOF'
id,begin,end,kind,day_obs
1,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,,
2,2023-06-01T00:00:01Z,2023-06-01T00:00:00Z,,
x,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,,
,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,,
5,2023-06-01T00:00:00Z,yesterday,,
6,2023-06-01T00:00:00Z,,,
7,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z
8,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,night,
9,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,,20230532
EOF
  head -c 1100000 /dev/zero | tr '\0' x
  printf '\n11,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,,\n'
} > bad.csv
expect_rc 1 dbb-windows --csv bad.csv --rejects rejects --metrics metrics --stats
expect_eq "$(ids)" 1,11
expect_eq "$(jq -r '[.error.code, .type, .line // .id] | join(" ")' rejects)" 'BAD_WINDOW window 2
BAD_VALUE text 4
BAD_VALUE text 5
BAD_VALUE text 6
NO_TIMES window 6
BAD_VALUE text 8
BAD_VALUE text 9
BAD_VALUE text 10
LINE_TOO_LONG text 11'
expect_eq "$(jq -c 'select(.error.code == "BAD_WINDOW") | [.begin_tai, .end_tai]' rejects)" '["2023-06-01T00:00:38.000000000","2023-06-01T00:00:37.000000000"]'
expect_eq "$(jq -r 'select(.line == 4) | .text, .error.cause.column' rejects | paste -sd' ')" 'x,2023-06-01T00:00:00Z,2023-06-01T00:00:01Z,, id'
expect_match "$ERR" '11 read, 2 done, 9 rejected'
expect_match metrics 'dbb_rejects.*BAD_WINDOW.* 1$'
printf 'id,begin_tai_ns,end_tai_ns\n1,-5,5\n2,99999999999999999999,5\n3,,5\n' > bad_ns.csv
expect_rc 1 dbb-windows --csv bad_ns.csv --rejects bad_ns
expect_eq "$(jq -r .error.code bad_ns | paste -sd,)" BAD_VALUE,BAD_VALUE,NO_TIMES

: > empty.csv
wrong 'has no header' --csv empty.csv
printf 'id,begin\n' > half.csv
wrong 'no id, begin and end' --csv half.csv
printf 'begin,end\n' > noid.csv
wrong 'no id, begin and end' --csv noid.csv
wrong 'there is no column "nite"' --csv windows.csv --where "nite = 'x'"
expect_rc 4 dbb-windows --csv nothing.csv
expect_match "$ERR" 'nothing.csv'
expect_rc 4 dbb-windows --csv .

# Asked to stop while it waits for more: what came so far is no whole, so nothing of it is printed.
mkfifo rows
for text in '' 'id,begin_tai_ns,end_tai_ns
1,1,2
'; do
  dbb-windows --csv - < rows > "$OUT" 2> "$ERR" & pid=$!
  exec 9> rows
  printf '%s' "$text" >&9
  sleep 0.3
  kill -TERM $pid
  rc=0
  wait $pid || rc=$?
  exec 9>&-
  expect_eq $rc 143 'status when stopped'
  expect_empty "$OUT"
done
