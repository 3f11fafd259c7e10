#!/bin/bash
# What dbb-efd-join refuses, and what it goes on after.
. "$DBB_CLI_LIB"

cp "$DBB_ROOT"/examples/telemetry/* .
join() { dbb-efd-join -w windows.jsonl "$@"; }
# columns YAML PATTERN...     a configuration that is refused
columns() {
  printf '%s\n' "$1" > c.yaml
  expect_rc 2 join -c c.yaml -s azimuth.json
  expect_empty "$OUT"
  shift
  for pattern; do expect_match "$ERR" "$pattern"; done
}
columns 'columns: []' 'no columns'
columns 'column: []' 'no list of columns'
columns '[{name: a}]' 'column 1 \(a\): "topic" is missing'
columns '[{name: a, topic: t}]' 'either "field" or "fields"'
columns '[{name: a, topic: t, field: f, fields: [g]}]' 'either "field" or "fields"'
columns '[{name: a, topic: t, field: f, func: meen}]' 'unknown function "meen"' 'did you mean mean'
columns '[{name: a, topic: t, field: f, func: p101}]' 'unknown function "p101"'
columns '[{name: a, topic: t, field: f, toleranse: 3}]' 'unknown key "toleranse"' 'did you mean tolerance'
columns '[{name: a, topic: t, field: f, tolerance: 3y}]' '"3y" is no duration'
columns '[{name: a, topic: t, field: f, tolerance: -3}]' 'must not be negative'
columns '[{name: a, topic: t, field: f, dup: some}]' '"dup" must be one of last, first'
columns '[{name: a, topic: t, field: f, index: one}]' '"index" must be an integer'
columns '[{name: a, topic: t, field: f, min_coverage: 2}]' '"min_coverage"'
columns '[{name: a, topic: t, field: f, degree: 99}]' '"degree" must be an integer from 0 to 12'
columns '[{name: a, topic: t, field: f, packed: {bass: f}}]' '"base" is missing'
columns '[{name: a, function: mode, topics: [{name: t, fields: [{name: f}]}], packed_series: false}]' 'unknown function "mode"'
columns '[{name: a, function: mean, topics: [{name: t, fields: [{name: f}]}, {name: u}], packed_series: false}]' 'a list of one topic'
columns 'a: [' 'c.yaml'
columns '5' 'no list of columns'

# Of columns with one name only one can be stored
printf '%s\n' '[{name: a, topic: t, field: f}, {name: b, topic: t, field: f}, {name: a, topic: t, field: g}]' > twins.yaml
expect_rc 0 join -c twins.yaml -s azimuth.json
expect_match "$ERR" '"twins.yaml" has several columns of one name: a$'

expect_rc 2 join -c nosuch.yaml -s azimuth.json
expect_match "$ERR" '--columns: .*nosuch.yaml'

# Samples
expect_rc 2 join -c columns.yaml
expect_match "$ERR" '--samples'
expect_rc 2 join -c columns.yaml -s windows
expect_match "$ERR" 'does not tell its format'
expect_rc 4 join -c columns.yaml -s nosuch.lp
expect_match "$ERR" 'nosuch.lp'
expect_rc 2 dbb-efd-join -c columns.yaml -s - --format lp < windows.jsonl
expect_match "$ERR" 'at once'
expect_rc 2 join -c - -s - --format lp < columns.yaml
echo '{"results":[{"statement_id":0,"series":[{"name":"a","columns":["t"],"values":[[1]]}]}]}' > odd.json
expect_rc 4 join -c columns.yaml -s odd.json
expect_match "$ERR" 'no column "time"'
# lines LINE...      each is told with its number, and the others count
good='lsst.sal.MTMount.azimuth actualPosition=12.5,actualTorque=1 1685578353000000000'
for bad in 'lsst.sal.MTMount.azimuth' 'lsst.sal.MTMount.azimuth actualPosition 1' 'lsst.sal.MTMount.azimuth actualPosition=' \
  'lsst.sal.MTMount.azimuth actualPosition=x 1' 'lsst.sal.MTMount.azimuth actualPosition=1.5i 1' 'lsst.sal.MTMount.azimuth actualPosition=1' \
  'lsst.sal.MTMount.azimuth actualPosition=1 1.5' 'lsst.sal.MTMount.azimuth,tag actualPosition=1 1' 'lsst.sal.MTMount.azimuth actualPosition=1,=2 1' \
  'lsst.sal.MTMount.azimuth actualPosition=1 99999999999999999999' 'lsst.sal.MTMount.azimuth actualPosition=truth 1'; do
  printf '%s\n%s\n' "$bad" "$good" > s.lp
  expect_rc 1 join -c columns.yaml -s s.lp
  expect_match "$ERR" '"s.lp", line 1: '
  expect_eq "$(jq -r 'select(.column == "azimuth_mean") | .n' "$OUT" | paste -sd,)" '1,0,0' "after $bad"
done
printf '%s\nlsst.sal.MTMount.azimuth s="open' "$good" > s.lp
expect_rc 1 join -c columns.yaml -s s.lp
expect_match "$ERR" 'a text is not closed'
printf 'time,actualPosition\n1685578390000000000,12.5\n1,2,3\n,5\nx,5\n' > s.csv
expect_rc 1 join -c columns.yaml -s s.csv --csv-topic lsst.sal.MTMount.azimuth --stats --metrics metrics
expect_match "$ERR" ' 3 unreadable'
expect_match metrics 'unreadable.* 3$'
expect_eq "$(grep -c 's.csv", line' "$ERR")" 3
printf '%s\n' '{"topic":"lsst.sal.MTMount.azimuth","t_ns":1685578390000000000,"f":{"actualPosition":1}}' '{"topic":"a"}' 'x' \
  '{"topic":"a","t_ns":1.5,"f":{}}' '{"topic":"a","t_ns":1,"scale":"tt","f":{}}' > s.jsonl
expect_rc 1 join -c columns.yaml -s s.jsonl
expect_eq "$(grep -c 's.jsonl", line' "$ERR")" 4

# Windows
printf '%s\n' '{"begin_tai_ns":5,"end_tai_ns":4}' '{"begin_tai":"2025-01-01","end_tai":"2025-01-02T00:00:00.0"}' '{"end_tai_ns":4}' \
  '{"type":"file","uri":"a"}' '{"begin_tai_ns":"1685578427000000000","end_tai_ns":1685578430000000000,"id":7}' > w
expect_rc 1 dbb-efd-join -c columns.yaml -s azimuth.json --rejects rejects < w
expect_eq "$(jq -r .error.code rejects | paste -sd,)" 'BAD_WINDOW,BAD_VALUE,MISSING_KEY,BAD_VALUE'
expect_eq "$(jq -r 'select(.column == "azimuth_mean") | "\(.id) \(.begin_tai)"' "$OUT")" '7 2023-06-01T00:13:47.000000000'

# What comes too late out of a pipe is left out and told; a file is read again; --sort keeps the pipe.
for t in 390 391 300 392; do echo "lsst.sal.MTMount.azimuth actualPosition=$t 1685578${t}000000000"; done > late.lp
echo '{"id":1,"begin_tai_ns":1685578300000000000,"end_tai_ns":1685578500000000000}' > w
cat late.lp > /dev/null
expect_rc 3 dbb-efd-join -c columns.yaml -w w -s - --format lp --reorder 0s < <(for k in $(seq 1100); do echo "lsst.sal.MTMount.azimuth actualPosition=1 $((1685578300000000000 + k * 100000000))"; done; cat late.lp)
expect_match "$ERR" 'came too late'
expect_rc 0 dbb-efd-join -c columns.yaml -w w -s - --format lp --sort < <(for k in $(seq 1100); do echo "lsst.sal.MTMount.azimuth actualPosition=1 $((1685578300000000000 + k * 100000000))"; done; cat late.lp)

# Scales: by the date, unless the first row tells it.
echo '[{name: c, topic: a.b, field: v, func: first}]' > c.yaml
echo '{"id":1,"begin_tai_ns":1483228776000000000,"end_tai_ns":1483228779000000000}' > w
echo 'a.b v=1 1483228777000000000' > s.lp
first() { dbb-efd-join -c c.yaml -w w -s s.lp "$@" | jq -r 'select(.column) | .value'; }
expect_eq "$(first)" 1 'TAI before October 2021'
expect_eq "$(first --scale utc)" null
echo 'a.b v=1,private_sndStamp=1483228777.5 1483228741500000000' > s.lp
expect_eq "$(first)" 1 'a row that says that it is UTC'
# A stamp that is neither the same nor what TAI is more than UTC tells nothing: 36 s in 2016, so 34 to 38 are not all near.
for apart in 34.9 37.1 20 -36; do
  t=1483228741
  echo "a.b v=1,private_sndStamp=$(awk "BEGIN { printf \"%.1f\", $t + $apart }") ${t}000000000" > s.lp
  expect_rc 3 dbb-efd-join -c c.yaml -w w -s s.lp
  expect_eq "$(jq -c 'select(.column) | [.value, .reason]' "$OUT")" '[null,"source_error"]'
  expect_match "$ERR" '"a.b": the time of its first row is neither its private_sndStamp nor that in UTC'
  expect_eq "$(grep -c private_sndStamp "$ERR")" 1
  for scale in utc tai; do
    expect_rc 0 dbb-efd-join -c c.yaml -w w -s s.lp --scale $scale
    expect_empty "$ERR"
  done
done
for apart in 35.1 36.9 -1 1; do
  echo "a.b v=1,private_sndStamp=$(awk "BEGIN { printf \"%.1f\", $t + $apart }") ${t}000000000" > s.lp
  expect_rc 0 dbb-efd-join -c c.yaml -w w -s s.lp
  expect_empty "$ERR"
done
echo 'a.b v=1,private_sndStamp=1483228777.5 1483228741500000000' > s.lp
expect_eq "$(first --scale tai)" null
