#!/bin/bash
# Which columns and windows dbb-efd-join takes, when values are settled, and what --compat consdb changes.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_nights.bash
. "$DBB_ROOT/tests/cli/efd/_nights.bash"

join() { dbb-efd-join -c c.yaml -s s.lp -w w "$@"; }

# --only
cat > c.yaml << 'YAML'
- {name: azimuth_mean, topic: X.tel, field: v}
- {name: azimuth_max, topic: X.tel, field: v, func: max}
- {name: torque, topic: X.tel, field: v, func: min}
YAML
for k in 0 1 2 3; do sample $k v=$k; done > s.lp
window 1 0 4$s > w
expect_rc 0 join --only torque --only 'azimuth_m?x'
expect_eq "$(got '"\(.column)=\(.value)"')" 'azimuth_max=3,torque=0'
expect_rc 0 join --only 'azimuth*'
expect_eq "$(got .column)" azimuth_mean,azimuth_max
expect_rc 2 join --only 'azimuth*' --only torqe
expect_match "$ERR" 'no column of "c.yaml" is named "torqe"'
expect_match "$ERR" 'did you mean torque'
expect_empty "$OUT"
expect_rc 0 join --only torque --show-columns
expect_eq "$(jq -c 'del(.config)' "$OUT")" '{"type":"column","column":"torque","topic":"X.tel","field":"v","index":null,"func":"min","args":{}}'
expect_rc 0 dbb-efd-join -c - --show-columns < c.yaml
expect_eq "$(wc -l < "$OUT")" 3
# --config takes a file of columns, too; one of options stays one, and --columns wins.
{ echo 'version: 1.0.0'; echo 'columns:'; cat c.yaml; } > nested.yaml
printf 'columns: c.yaml\nonly: torque\n' > options.yaml
head -n 1 c.yaml > one.yaml
for file in c.yaml nested.yaml options.yaml one.yaml; do
  expect_rc 0 dbb-efd-join --config $file --show-columns
  wc -l < "$OUT"
done > counts
expect_eq "$(paste -sd' ' counts)" '3 3 1 1'
expect_rc 0 dbb-efd-join --config c.yaml -c one.yaml --show-columns
expect_eq "$(wc -l < "$OUT")" 1
expect_rc 0 dbb-efd-join --config nested.yaml --print-config
expect_match "$OUT" '^columns: "nested.yaml"'
echo 'colums: c.yaml' > options.yaml
expect_rc 2 dbb-efd-join --config options.yaml --show-columns
expect_match "$ERR" 'did you mean columns'
expect_rc 4 dbb-efd-fetch --config c.yaml --influx http://127.0.0.1:1 < w
jq -c '. + {instrument: "LSSTCam", kind: "exposure"}' w > named.w
dbb-efd-join -c c.yaml -s s.lp -w named.w --only torque | dbb-efd-load --db told.sqlite3 --config c.yaml
expect_eq "$(sqlite3 told.sqlite3 'SELECT topic FROM efd_column')" X.tel
# Of a window only the columns that its line lists
{
  window 1 0 4$s | jq -c '. + {columns: ["torque", "azimuth_max", "nobody"]}'
  window 2 0 4$s
  window 3 0 4$s | jq -c '. + {columns: []}'
  window 4 0 4$s | jq -c '. + {columns: ["torque"]}'
  window 5 0 4$s | jq -c '. + {columns: ["nobody"]}'
  window 6 0 4$s | jq -c '. + {columns: null}'
} > w
expect_rc 0 join
expect_eq "$(got '"\(.id) \(.column)"')" '1 azimuth_max,1 torque,2 azimuth_mean,2 azimuth_max,2 torque,4 torque,6 azimuth_mean,6 azimuth_max,6 torque'
expect_eq "$(jq -c 'select(.id == 4) | del(.id)' "$OUT")" "$(jq -c 'select(.id == 2 and .column == "torque") | del(.id)' "$OUT")"
expect_match "$ERR" 'windows ask for columns that "c.yaml" does not have: nobody$'
expect_eq "$(grep -c nobody "$ERR")" 1
expect_rc 0 join --only 'azimuth*'
expect_eq "$(grep -c 'windows ask' "$ERR")" 0 'columns that are not chosen'
for columns in '"torque"' '{"torque":true}' '["torque",7]'; do
  window 1 0 4$s | jq -c ". + {columns: $columns}" > w
  expect_rc 1 join
  expect_match "$ERR" '"columns" is not a list of names of columns'
  expect_eq "$(got .column)" ''
done
window 1 0 4$s > w

# Settled: some time after the window if the topic has gone on, else long after it. The window ends at 00:00:41 TAI.
cat > c.yaml << 'YAML'
- {name: a, topic: X.tel, field: v}
- {name: later, topic: X.tel, field: v, post: 3s}
- {name: missing, topic: Y.tel, field: v}
- {name: event, topic: X.logevent_e, field: v, at: end}
YAML
sample 5 v=5 >> s.lp
sample 3 v=5 X.logevent_e >> s.lp
# settled NOW EXPECTED OPTION...
settled() {
  local now=$1 expected=$2
  shift 2
  expect_rc 0 join --now "$now" "$@"
  expect_eq "$(got '"\(.column)=\(.settled)"')" "$expected" "at $now $*"
}
settled 2025-01-01T00:05:40.999999999 'a=false,later=false,missing=false,event=false'
settled 2025-01-01T00:05:41 'a=true,later=false,missing=false,event=false'
settled 2025-01-01T00:05:03.999999999Z 'a=false,later=false,missing=false,event=false'
settled 2025-01-01T00:05:04Z 'a=true,later=false,missing=false,event=false'
settled 2025-01-04T00:00:40.999999999 'a=true,later=false,missing=false,event=false'
settled 2025-01-04T00:00:41 'a=true,later=false,missing=true,event=true'
settled 2025-01-04T00:00:44 'a=true,later=true,missing=true,event=true'
settled 2025-01-01T00:00:42 'a=true,later=false,missing=false,event=false' --settle 1s
settled 2025-01-01T00:00:42 'a=true,later=false,missing=true,event=true' --settle 0 --settle-max 1s
expect_rc 0 join
expect_eq "$(got .settled)" true,true,true,true 'by the clock'
# The proof is a second after the end.
sed -i '/ 1735689605000000000$/d' s.lp
sample 4.999999 v=5 >> s.lp
settled 2025-01-01T00:05:41 'a=false,later=false,missing=false,event=false'

# --range: what needs other samples is left out.
# ranged COLUMN WINDOWS RANGE EXPECTED      ids of windows that have a value
ranged() {
  printf '[{name: a, topic: X.tel, field: v, %s}]\n' "$1" > c.yaml
  printf '%s\n' "$2" > w
  local rc=0 all
  all=$(jq -r .id w | paste -sd,)
  [ "$all" = "$4" ] || rc=3
  expect_rc $rc join --range "$3"
  expect_eq "$(got .id)" "$4" "$1 in $3"
  [ $rc = 0 ] || expect_match "$ERR" 'windows? needs? samples from outside of --range'
}
three=$(window 1 0 1$s; window 2 1$s 2$s; window 3 2$s 3$s)
ranged 'func: mean' "$three" 2025-01-01T00:00:37..2025-01-01T00:00:40 1,2,3
ranged 'func: mean' "$three" 2025-01-01T00:00:37.000000001..2025-01-01T00:00:39.999999999 2
ranged 'func: mean' "$three" 2025-01-01T00:00:01Z.. 2,3
ranged 'func: mean' "$three" ..2025-01-01T00:00:39 1,2
ranged 'func: mean, pre: -1s' "$three" 2025-01-01T00:00:37.. 2,3
ranged 'func: mean, post: 1s' "$three" ..2025-01-01T00:00:40 1,2
ranged 'func: mean, closed: right' "$three" ..2025-01-01T00:00:40 1,2
ranged 'func: asof, tolerance: 2s' "$three" 2025-01-01T00:00:37.. 3
ranged 'func: asof, tolerance: 2s' "$three" ..2025-01-01T00:00:38 1
ranged 'func: asof, dir: forward, at: end, tolerance: 1s' "$three" ..2025-01-01T00:00:40.000000001 1,2
ranged 'func: asof, dir: nearest, at: mid, tolerance: 500ms' "$three" 2025-01-01T00:00:38..2025-01-01T00:00:39.000000001 2
ranged 'func: interp, max_gap: 1s' "$three" 2025-01-01T00:00:37.5..2025-01-01T00:00:39.500000001 2
ranged 'func: delta, tolerance: 1s' "$three" 2025-01-01T00:00:37..2025-01-01T00:00:40 2
ranged 'func: twmean, tolerance: 1s' "$three" 2025-01-01T00:00:37..2025-01-01T00:00:40 2,3
ranged 'func: twmean, mode: linear, tolerance: 1s' "$three" ..2025-01-01T00:00:40.000000001 1,2
ranged 'packed: {base: v, n: 2, dt: 250ms}' "$three" 2025-01-01T00:00:37.5.. 2,3
ranged 'packed: {base: v, n: 2}' "$three" 2025-01-01T00:00:37.. 3
printf '%s\n' '- {name: a, topic: X.tel, field: v}' '- {name: b, topic: X.tel, field: v, pre: -1s}' > c.yaml
expect_rc 3 join --range 2025-01-01T00:00:37..
expect_eq "$(got .id)" 2,2,3,3 'a window comes with all columns or not at all'
expect_rc 0 join --range 2025-01-01T00:00:37.. --only a
jq -c '. + {columns: ["a"]}' <<< "$three" > w
expect_rc 0 join --range 2025-01-01T00:00:37..
expect_eq "$(got .id)" 1,2,3 'a column that no window asks for needs nothing'

for wrong in '--range 2025-01-01T00:00:37' '--range 2025..' '--range 2025-01-02T00:00:00..2025-01-01T00:00:00' '--now yesterday' \
  '--settle -1s' '--settle soon' '--settle 2h --settle-max 1h' '--reorder x' '--compat all' '--compat consdb'; do
  # shellcheck disable=SC2086  # several words
  expect_rc 2 join $wrong
  expect_match "$ERR" "${wrong%% *}" "$wrong"
  expect_empty "$OUT"
done
expect_rc 2 join --compat consdb
expect_match "$ERR" 'column 1 \(a\) is not in ConsDB.s form'

# --compat consdb: flaws and all. Names of the defects are those of the list that C numbers follow.
# both NAME FUNCTION KEYS EXPECTED ORIGINAL      value of each window as it is, and as ConsDB has it
both() {
  printf '[{name: c, function: %s, datatype: float, packed_series: %s, topics: [{name: %s, fields: [%s]}], %s}]\n' "$2" "${packed:-false}" \
    "${topic:-X.tel}" "${fields:-{name: v\}}" "$3" > c.yaml
  expect_rc 0 join
  expect_eq "$(got '.value')" "$4" "$1"
  sum=$(got .config | head -c 16)
  expect_rc 0 join --compat consdb
  expect_eq "$(got '.value')" "$5" "$1, compat"
  [ "$(got .config | head -c 16)" != "$sum" ] || fail "$1: the same definition"
}
plain='tables: [exposure_efd]'
for v in -1:9 0:10 10:12 20:14 30:16; do sample "${v%:*}" "v=${v#*:}"; done > s.lp
window 1 0 30$s > w
both 'C9 closed' mean "$plain" 12 13
for k in 0 1 2 3 4 5 6; do sample $((10 * k)) "v=$k"; done > s.lp
{ window 1 0 30$s; window 2 30$s 60$s; } > w
both 'C9 touching' mean "$plain" 1,4 1.5,4.5
both 'ddof' stddev "$plain, function_args: {ddof: 0}" 0.816496580927726,0.816496580927726 1.118033988749895,1.118033988749895
{ window 1 20000000999 29999999999; window 2 20000001001 30000000999; } > w
both 'edges of whole microseconds' max "$plain" null,3 2,3
# One of 1 ns is one without length; so is one that begins and ends in the same microsecond.
{ window 1 20$s 20000000001; window 2 20$s 20000000900; } > w
both 'C13 a bias' max "$plain" null,2 null,null
k=0
for v in 0 1.1 1.9 3.1 3.9; do sample $k v=$v; k=$((k + 1)); done > s.lp
window 1 0 4500000000 > w
both 'C7 jitter' rms_from_polynomial_fit "$plain" 0.08485281374238578 1.9618358748886207
for k in 0 1 2 10; do sample $k v=$k; done > s.lp
window 1 0 11$s > w
both 'by number' rms_from_polynomial_fit "$plain" 1.9170289512680814 5.263078946776307
both 'by time' rms_from_polynomial_fit "$plain, function_args: {fit_basis: time}" 0 5.60133912560202
both 'too few' rms_from_polynomial_fit "$plain, function_args: {degree: 4}" null null
for v in 0.1:1 0.2:2 0.3:3 1.5:10; do sample "${v%:*}" "v=${v#*:}"; done > s.lp
window 1 0 2$s > w
both 'bucket trap' mean "$plain, pre_aggregate_interval: 1s" 4 6
# The bucket of second 1 begins in the window and has a sample behind it; that of second 0 begins before it.
window 1 50000000 1400000000 > w
both 'buckets at the edges' mean "$plain, pre_aggregate_interval: 1s" 2 10
both 'no buckets of stddev' stddev "$plain, pre_aggregate_interval: 1s" 1 1
# Buckets begin at whole minutes of UTC.
{ sample 59 v=1; sample 61 v=3; } > s.lp
window 1 0 100$s > w
both 'buckets of a minute' max "$plain, pre_aggregate_interval: 1m" 3 3
window 1 1$s 100$s > w
both 'buckets of a minute begin in UTC' min "$plain, pre_aggregate_interval: 1m" 1 3
topic=X.logevent_e
for v in -1800:1 -0.5:2 40:4; do sample "${v%:*}" "v=${v#*:}" X.logevent_e; done > s.lp
{ window 1 0 30$s; window 2 30$s 60$s; } > w
both 'C6 the value before' most_recent_value "$plain, start_offset: -1" 2,4 null,4
{ sample 1 v=1,w=2 X.logevent_e; sample 2 v=3 X.logevent_e; } > s.lp
fields='{name: v}, {name: w}'
both 'the first field of the last whole row' most_recent_value "$plain" 3,null 1,null
both 'C12 an array is one number' mean "$plain" 1.5,null 1.5,null
both 'each field, of whole rows' max 'store_unpivoted: true' 3,2,null,null 1,2,null,null
fields='{name: salIndex}, {name: v}'
subset="$plain, subset_field: salIndex, subset_value"
{ sample 1 v=1,salIndex=1i X.logevent_e; sample 2 v=3,salIndex=2i X.logevent_e; } > s.lp
both 'an index' mean "$subset: 1" 1,null 1,null
both 'indices as texts' mean "$subset: ['1', 2]" 2,null 2,null
sample 3 v=7 X.logevent_e >> s.lp
both 'C11 a row without index' mean "$subset: 1" 1,null null,null
unset topic fields
packed=true
{ sample 0 cRIO_timestamp=1735689637,v0=1,v1=2,v2=3,v3=4; sample 1 cRIO_timestamp=1735689638,v0=5,v1=6,v2=7,v3=8
  sample 1.8 cRIO_timestamp=1735689638.8,v0=9,v1=10,v2=11,v3=12; } > s.lp
{ window 1 500000000 1220000000; window 2 1550000000 1700000000; } > w
both 'packed rows, in the distance of the first two' max "$plain" 6,8 5,null
sed -i 2,3d s.lp
window 1 0 10000000 > w
expect_rc 0 join
expect_eq "$(got '[.value, .status]|tostring')" '[null,6]'
expect_rc 0 join --compat consdb
expect_eq "$(got '[.value, .n]|tostring')" '[4,4]' 'one packed row: all samples at once'
