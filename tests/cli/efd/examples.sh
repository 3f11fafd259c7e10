#!/bin/bash
# Worked examples of the join, by hand: t0 is 2025-01-01T00:00:00 UTC, TAI is 37 s ahead.
. "$DBB_CLI_LIB"

t0=1735689600

# sample SECONDS FIELDS [TOPIC]       a line of line protocol, seconds after t0
sample() { F=$2 awk -v t="$1" -v t0=$t0 -v m="${3:-X.tel}" 'BEGIN { printf "%s %s %d%09.0f\n", m, ENVIRON["F"], t0 + int(t) - (t < int(t)), 1e9 * (t - int(t) + (t < int(t))) }'; }
# window BEGIN END                    TAI seconds after t0 + 37 s
window() { jq -nc --argjson b "$1" --argjson e "$2" --argjson t0 $((t0 + 37)) '{type:"window",id:1,
  begin_tai_ns:((($t0 + $b) * 1000 | floor | tostring) + "000000"), end_tai_ns:((($t0 + $e) * 1000 | floor | tostring) + "000000")}'; }
# is NAME COLUMN EXPECTED             COLUMN is flow YAML without name and topic; EXPECTED: value n status of each line
is() {
  printf '[{name: c, topic: %s, %s}]\n' "${topic:-X.tel}" "$2" > columns.yaml
  dbb-efd-join -c columns.yaml -s samples."${format:-lp}" --scale utc -w windows > values || [ "${rc:-0}" != 0 ] || fail "$1: ended with $?"
  expect_eq "$(jq -r 'select(.column) | [.value, .n, .status] | map(tostring) | join(" ")' values | paste -sd,)" "$3" "$1"
}
# field VALUE...                      samples at t0, t0 + 1 ...
fields() { local k=0 v; for v; do sample $k "v=$v"; k=$((k + 1)); done > samples.lp; }

# 1 scales, half-open
for s in -1:9 0:10 10:12 20:14 30:16; do sample "${s%:*}" "v=${s#*:}"; done > samples.lp
window 0 30 > windows
is 'TAI windows, UTC samples' 'field: v, func: mean' '12 3 0'
is 'stddev' 'field: v, func: stddev' '2 3 0'
is 'a closed window' 'field: v, func: mean, closed: right' '13 4 0'
# 2 basic functions
fields 1 2 4 8
window 0 4 > windows
is mean 'field: v' '3.75 4 0'
is stddev 'field: v, func: stddev' '3.095695936834452 4 0'
is 'stddev, ddof 0' 'field: v, func: stddev, ddof: 0' '2.680951323690902 4 0'
is 'min max' 'field: v, func: min' '1 4 0'
is max 'field: v, func: max' '8 4 0'
is sum 'field: v, func: sum' '15 4 0'
is range 'field: v, func: range' '7 4 0'
is median 'field: v, func: median' '3 4 0'
is p95 'field: v, func: p95' '7.4 4 0'
is p95_rank 'field: v, func: p95_rank' '8 4 0'
is rms 'field: v, func: rms' '4.6097722286464435 4 0'
# 3 windows that touch
for k in 0 1 2 3 4 5 6; do sample $((10 * k)) "v=$k"; done > samples.lp
{ window 0 30; window 30 60; } > windows
is 'no sample twice' 'field: v' '1 3 0,4 3 0'
is 'C9 closed counts one twice' 'field: v, closed: right' '1.5 4 0,4.5 4 0'
# 4 events
topic=X.logevent_e
for s in -3600:1 -0.5:2 5:3; do sample "${s%:*}" "v=${s#*:}" X.logevent_e; done > samples.lp
window 0 30 > windows
is 'C6 the value before' 'field: v' '2 1 0'
expect_eq "$(jq .age_ns values | head -1)" 500000000
is tolerance 'field: v, tolerance: 250ms' 'null 0 2'
is 'asof end' 'field: v, at: end' '3 1 0'
is forward 'field: v, dir: forward' '3 1 0'
is nearest 'field: v, dir: nearest' '2 1 0'
sample 0 v=7 X.logevent_e >> samples.lp
is exact 'field: v' '7 1 0'
is strict 'field: v, strict: true' '2 1 0'
unset topic
# 5 interpolation
{ sample 10 v=2; sample 30 v=6; } > samples.lp
is interp 'field: v, func: interp' '3 2 0'
is 'interp, max_gap' 'field: v, func: interp, max_gap: 15s' 'null 0 2'
window 0 10 > windows
is 'interp outside' 'field: v, func: interp' 'null 0 2'
is 'interp at a sample' 'field: v, func: interp, at: end' '2 1 0'
# 6 weighted by time
for s in -2:5 1:1 3:2 7:4; do sample "${s%:*}" "v=${s#*:}"; done > samples.lp
is twmean 'field: v, func: twmean' '2.7 4 0'
expect_eq "$(jq .coverage values | head -1)" 1
sed -i 1d samples.lp
is 'twmean without what was before' 'field: v, func: twmean' '2.4444444444444446 3 0'
is 'plain mean' 'field: v' '2.3333333333333335 3 0'
# 7 rows that are not clean
format=jsonl
row() { printf '{"topic":"X.tel","t_ns":%d,"scale":"utc","f":{"v":%s%s}}\n' $(((t0 + $1) * 1000000000)) "$2" "${3:-}"; }
{ row 2 30; row 1 10; row 1 20; row 3 NaN; row 4 null; } > samples.jsonl
is 'last of two' 'field: v' '25 2 0'
expect_eq "$(jq -c '[.n_dup, .n_nan, .n_null]' values | head -1)" '[1,1,1]'
is 'last' 'field: v, func: last' '30 2 0'
is 'first of two' 'field: v, dup: first' '20 2 0'
is 'mean of two' 'field: v, dup: mean' '22.5 2 0'
is 'all of two' 'field: v, dup: all' '20 3 0'
rc=3
is 'an error of two' 'field: v, dup: error' 'null 0 20'
rc=0
# 8 instances of a component
window 0 3 > windows
{ row 1 10 ',"salIndex":111'; row 1 20 ',"salIndex":112'; } > samples.jsonl
is 'C11 one instance' 'field: v, index: 111' '10 1 0'
is another 'field: v, index: 112' '20 1 0'
is 'no index' 'field: v' 'null 0 5'
is 'any instance' 'field: v, index: any' '15 2 0'
# 9 packed rows
packed() { printf '{"topic":"X.tel","t_ns":0,"scale":"tai","f":{"cRIO_timestamp":%s,"a0":%s,"a1":%s,"a2":%s,"a3":%s}}\n' "$@"; }
{ packed 1735689637.0 1 2 3 4; packed 1735689638.0 5 6 7 8; } > samples.jsonl
window 0.5 1.25 > windows
is 'packed rows' 'field: a, packed: {base: a}' '4 3 0'
sed -i 2d samples.jsonl
is 'one packed row' 'field: a, packed: {base: a}' 'null 0 6'
is 'one packed row of known distance' 'field: a, packed: {base: a, dt: 250ms}' '3.5 2 0'
# 10 a leap second
tai() { printf '{"topic":"X.tel","t_ns":%s00000000,"scale":"%s","f":{"v":%s}}\n' "$1" "$2" "$3"; }
echo '{"id":1,"begin_tai_ns":1483228835000000000,"end_tai_ns":1483228838000000000}' > windows
{ tai 14832288355 tai 1; tai 14832288365 tai 2; tai 14832288375 tai 6; } > samples.jsonl
is 'a leap second in TAI' 'field: v' '3 3 0'
{ tai 14832287995 utc 1; tai 14832288005 utc 2; tai 14832288005 utc 6; } > samples.jsonl
is 'a leap second in UTC' 'field: v' '3.5 2 10'
unset format
# 12, 13 polynomials
fields 0 1.1 1.9 3.1 3.9
window 0 5 > windows
is slope 'field: v, func: slope' '0.98 5 0'
is 'C7 jitter' 'field: v, func: polyrms' '0.08485281374238578 5 0'
for s in 0 1 2 10; do sample $s v=$s; done > samples.lp
window 0 11 > windows
is 'uneven times' 'field: v, func: polyrms' '0 4 0'
is 'by number' 'field: v, func: polyrms, basis: index' '1.9170289512680814 4 0'
# 14 angles, 15 counters
fields 350 10 20
window 0 3 > windows
is circmean 'field: v, func: circmean' '6.70495327058324 3 0'
fields 100i 150i 10i 60i
window 0 4 > windows
is increase 'field: v, func: increase' '110 4 0'
is 'increase per second' 'field: v, func: increase_rate' '36.666666666666664 4 0'
is rate 'field: v, func: rate' '-13.333333333333334 4 0'
# 17 without length
window 0 0 > windows
is 'C13 a bias' 'field: v' 'null 0 9'
is 'at its instant' 'field: v, func: asof' '100 1 0'
# 18 far from zero
fields 1000000001 1000000002 1000000003
window 0 3 > windows
is variance 'field: v, func: variance' '1 3 0'

# Texts, truth values, integers beyond doubles
{ sample 0 'v="on, off",b=true,i=9007199254740993i'; sample 1 'v="a \"b\"",b=f,i=9007199254740995i'; } > samples.lp
is 'a text' 'field: v, func: last' 'a "b" 2 0'
is 'mean of texts' 'field: v' 'null 0 6'
is 'fraction' 'field: b' '0.5 2 0'
is 'any' 'field: b, func: any' 'true 2 0'
is 'an integer with all its digits' 'field: i, func: first' '9007199254740993 2 0'
is 'sum of integers' 'field: i, func: sum' '18014398509481988 2 0'
is 'no such field' 'field: w' 'null 0 7'
topic=Y.tel
is 'no such topic' 'field: w' 'null 0 8'
