#!/bin/bash
# Defects of the programs that bring the EFD into ConsDB, and of those that people use beside them, as far as a join of files could
# have them: by the numbers of the list in tests/efd/README.md, which says where the others are tested.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_nights.bash
. "$DBB_ROOT/tests/cli/efd/_nights.bash"

# columns YAML...                     columns of X.tel or $topic, each flow YAML without name and topic: a, b ...
columns() {
  local yaml name=a
  for yaml; do
    printf -- '- {name: %s, topic: %s, %s}\n' "$name" "${topic:-X.tel}" "$yaml"
    name=$(tr a-y b-z <<< "$name")
  done > c.yaml
}
# joins STATUS OPTION...              c.yaml with the windows of w; samples of s.lp unless options name others
joins() {
  local want=$1
  shift
  [[ " $* " == *' -s '* ]] || set -- -s s.lp "$@"
  expect_rc "$want" dbb-efd-join -c c.yaml -w w "$@"
}
quality='"\(.value) \(.n) \(.reason // "ok")"'
response() { printf '{"results":[%s]}\n' "$1"; }
series='{"statement_id":0,"series":[{"name":"X.tel","columns":["time","v"],"values":[[1735689601000000000,4]]}]}'

window 1 0 30$s > w
columns 'field: v, min_coverage: 0'

what='D1 an error in a response of status 200 is not taken for no samples'
response "$series" > good.json
response '{"statement_id":0}' > none.json
response '{"statement_id":0,"error":"timeout"}' > failed.json
joins 0 -s none.json -s good.json
expect_eq "$(got "$quality")" '4 1 ok' "$what"
joins 4 -s failed.json
expect_match "$ERR" '"failed.json": the response says: timeout'
expect_empty "$OUT"

what='D2 when a topic fails its values are not told as missing'
{ sample 1 v=1; sample 1 v=2 Y.tel; } > s.lp
head -c 60 good.json > cut.json
joins 4 -s s.lp -s cut.json
expect_match "$ERR" 'cut.json'
expect_empty "$OUT"
joins 4 -s s.lp -s none.json -s nosuch.lp
expect_match "$ERR" 'nosuch.lp.*No such file'
expect_empty "$OUT"

what='D3 when a part of a response fails the rest does not stand for all of it'
response "$series,{\"statement_id\":1,\"error\":\"max-select-point limit exceeded\"}" > part.json
joins 4 -s part.json
expect_match "$ERR" 'the response says: max-select-point'
expect_empty "$OUT"

what='D4 a window that is only partly inside of what was fetched has no value'
for k in 0 1 2 3 4 5; do sample $k "v=$k"; done > s.lp
{ window 1 0 2$s; window 2 2$s 4$s; window 3 4$s 6$s; } > w
joins 3 --range 2025-01-01T00:00:37..2025-01-01T00:00:42
expect_eq "$(got '"\(.id) \(.n)"')" '1 2,2 2' "$what"
expect_match "$ERR" '1 window needs samples from outside of --range'

what='D6 start_offset is obeyed: the last event before is looked for'
sample -3599 v=1 X.logevent_e > s.lp
{ window 1 0 1$s; window 2 0 1000000001; } > w
cat > c.yaml << 'YAML'
- {name: a, function: most_recent_value, datatype: float, packed_series: false, start_offset: -1, topics: [{name: X.logevent_e, fields: [{name: v}]}]}
YAML
joins 0
expect_eq "$(got "$quality")" '1 1 ok,null 0 stale' "$what"

what='D7 what is left over of a straight line is its noise, not its size'
for v in 1 2 3 4 5; do sample "$v" "v=$v"; done > s.lp
k=60
for v in 0 1.1 1.9 3.1 3.9; do sample $k "v=$v"; k=$((k + 1)); done >> s.lp
# A minute of tracking at 0.004 degrees a second, 25 times a second, and 1e-6 up and down: the line takes nothing of that.
awk -v t0=$t0 'BEGIN { for (k = 0; k < 1500; ++k) printf "X.tel v=%.9f %.0f000\n", k / 25 * 0.004 + (k % 4 == 1 || k % 4 == 2 ? 1e-6 : -1e-6), (t0 + 120 + k / 25) * 1e6 }' >> s.lp
{ window 1 0 10$s; window 2 60$s 70$s; window 3 120$s 180$s; } > w
columns 'field: v, func: polyrms'
joins 0
expect_eq "$(got '.value * 1e9 | round')" '0,84852814,1000' "$what"

what='D9 a sample on the edge of two windows is in one of them'
for k in 0 1 2 3 4 5 6; do sample $((10 * k)) "v=$k"; done > s.lp
{ window 1 0 30$s; window 2 30$s 60$s; } > w
columns 'field: v' 'field: v, func: count'
joins 0
expect_eq "$(got .value)" '1,3,4,3' "$what"

what='D10 edges of windows are not rounded to milliseconds'
printf 'X.tel v=%s %s\n' 1 1735689600000399999 2 1735689600000400000 3 1735689600000400001 4 1735689600999599999 5 1735689600999600000 > s.lp
window 1 400000 999600000 > w
columns 'field: v, func: first' 'field: v, func: last' 'field: v, func: count'
joins 0
expect_eq "$(got .value)" '2,4,3' "$what"

what='D11 an index is a number, also where some rows have none and some have it as 301.0'
cat > s.jsonl << 'END'
{"topic":"X.tel","t_ns":1735689601000000000,"scale":"utc","f":{"v":1,"salIndex":301}}
{"topic":"X.tel","t_ns":1735689602000000000,"scale":"utc","f":{"v":2,"salIndex":301.0}}
{"topic":"X.tel","t_ns":1735689603000000000,"scale":"utc","f":{"v":30}}
{"topic":"X.tel","t_ns":1735689604000000000,"scale":"utc","f":{"v":40,"salIndex":null}}
{"topic":"X.tel","t_ns":1735689605000000000,"scale":"utc","f":{"v":50,"salIndex":3010}}
END
window 1 0 6$s > w
columns 'field: v, index: 301, func: sum' 'field: v, index: [301, 3010], func: sum'
joins 0 -s s.jsonl
expect_eq "$(got "$quality")" '3 2 ok,53 3 ok' "$what"

what='a field that tells instances apart may hold text'
{ sample 1 'v=1,salIndex=1i,sensorName="a"'; sample 2 'v=20,salIndex=1i,sensorName="b"'; sample 3 'v=300,salIndex=1i,sensorName="a"'
  sample 4 'v=4000,salIndex=1i'; sample 5 'v=50000,salIndex=1i,sensorName="c d"'; } > s.lp
by='field: v, index_field: sensorName, func: sum'
columns "$by, index: a" "$by, index: [b, c d]" "$by, index: z" "$by" "$by, index: any" 'field: v, index: 1, func: sum'
for j in 1 2; do
  joins 0 -s s.lp -j $j
  expect_eq "$(got "$quality")" '301 2 ok,50020 2 ok,null 0 no_samples,null 0 mixed_index,54321 5 ok,54321 5 ok' "$what"
done
expect_rc 0 dbb-efd-join -c c.yaml --show-columns
expect_eq "$(jq -c .index "$OUT" | paste -sd' ')" '"a" ["b","c d"] "z" null "any" 1' "$what"

what='D12 an array is a value for each element, unless it is pooled on purpose'
{ sample 1 f0=1,f1=10; sample 2 f0=3,f1=20; } > s.lp
columns 'fields: [f0, f1]' 'fields: [f0, f1], reduce: pool'
joins 0
expect_eq "$(got '"\(.column)\(.element) \(.value)"')" 'a0 2,a1 15,b-1 8.5' "$what"

what='D13 a window without length has values at its instant, and the others say why not'
{ window 1 2$s 2$s; window 2 2$s 2000000001; } > w
columns 'field: f0, func: asof' 'field: f0, func: interp' 'field: f0'
joins 0
expect_eq "$(got "$quality")" '3 1 ok,3 1 ok,null 0 empty_window,3 1 ok,3 1 ok,null 0 empty_window' "$what"

what='D14 nothing is not always the same: each null has its reason'
cat > s.jsonl << 'END'
{"topic":"X.tel","t_ns":1735689601000000000,"scale":"utc","f":{"v":NaN,"w":null,"text":"on"}}
{"topic":"X.tel","t_ns":1735689605000000000,"scale":"utc","f":{"v":1,"w":1}}
{"topic":"X.logevent_e","t_ns":1735680000000000000,"scale":"utc","f":{"v":1}}
{"topic":"Y.tel","t_ns":1735689601000000000,"scale":"utc","f":{"v":1,"salIndex":1}}
{"topic":"Y.tel","t_ns":1735689601000000000,"scale":"utc","f":{"v":1,"salIndex":2}}
{"topic":"Z.tel","t_ns":1735689601000000000,"scale":"utc","f":{"v":1}}
{"topic":"Z.tel","t_ns":1735689601000000000,"scale":"utc","f":{"v":2}}
END
window 1 0 2$s > w
cat > c.yaml << 'YAML'
- {name: a, topic: X.tel, field: v}
- {name: b, topic: X.tel, field: w}
- {name: c, topic: X.tel, field: text}
- {name: d, topic: X.tel, field: nosuch}
- {name: e, topic: X.nosuch, field: v}
- {name: f, topic: X.logevent_e, field: v}
- {name: g, topic: Y.tel, field: v}
- {name: h, topic: Z.tel, field: v, dup: error}
- {name: i, topic: Z.tel, field: v, func: stddev, min_coverage: 0}
YAML
joins 3 -s s.jsonl
expect_eq "$(got '"\(.column) \(.value) \(.reason // "ok")"')" "a null all_nan,b null no_samples,c null type_error,d null no_such_field,\
e null no_such_topic,f null stale,g null mixed_index,h null source_error,i null ok" "$what"

what='D15 a column that is new is computed by itself, and stored without a migration beside what is there'
{ sample 1 v=1,w=7; sample 2 v=3,w=9; } > s.lp
window 1 0 3$s | jq -c '. + {instrument: "LSSTCam", kind: "exposure", day_obs: 20241231, seq_num: 1}' > w
columns 'field: v'
joins 0
dbb-efd-load --db efd.sqlite3 < "$OUT" > load.out
columns 'field: v' 'field: w, func: max'
joins 0 --only b
expect_eq "$(got .column)" b "$what"
dbb-efd-load --db efd.sqlite3 < "$OUT" > load.out
expect_eq "$(sqlite3 efd.sqlite3 'SELECT name, value FROM efd_value JOIN efd_column USING (column_id) ORDER BY name' | paste -sd,)" 'a|2.0,b|9.0' "$what"

what='D19 times are integers, and samples may come in any order'
# A double has no nanoseconds at these times: 256 ns lie between two of them.
for k in $(seq 0 99); do echo "X.tel v=$k $((1735689600000000000 + k))"; done > sorted.lp
awk '{ line[NR - 1] = $0 } END { for (k = 0; k < NR; ++k) print line[k * 37 % NR] }' sorted.lp > s.lp
for k in $(seq 0 19); do window "$k" $((5 * k)) $((5 * k + 5)); done > w
columns 'field: v, func: sum' 'field: v, func: first'
joins 0
# 5 k to 5 k + 4 are 25 k + 10.
expect_eq "$(got .value)" "$(for k in $(seq 0 19); do echo "$((25 * k + 10)),$((5 * k))"; done | paste -sd,)" "$what"
cp "$OUT" shuffled
joins 0 -s sorted.lp
cmp shuffled "$OUT" || fail "$what"

what='D22 what lies between two samples is weighted by time, not by their number'
{ sample 0 v=0; sample 10 v=10; } > s.lp
window 1 1$s 1$s > w
columns 'field: v, func: interp, at: begin'
joins 0
expect_eq "$(got "$quality")" '1 2 ok' "$what"

what='D24 the last value before, of one instance, is a column and no loop'
{ sample -1500 v=1,salIndex=1i X.logevent_e; sample -2 v=20,salIndex=2i X.logevent_e; sample 0 v=30,salIndex=1i X.logevent_e
  sample 5 v=4,salIndex=1i X.logevent_e; } > s.lp
window 1 0 10$s > w
topic=X.logevent_e columns 'field: v, index: 1, strict: true' 'field: v, index: 1' 'field: v, index: 2' \
  'field: v, index: 1, strict: true, tolerance: 25m' 'field: v, index: 1, strict: true, tolerance: 1499s'
joins 0
expect_eq "$(got "$quality")" '1 1 ok,30 1 ok,20 1 ok,1 1 ok,null 0 stale' "$what"
expect_eq "$(jq .age_ns "$OUT" | head -n 1)" 1500$s "$what: its age"
