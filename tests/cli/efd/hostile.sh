#!/bin/bash
# Input of dbb-efd-join that nobody should give it: it ends soon, with one clear sentence, and the right status.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_nights.bash
. "$DBB_ROOT/tests/cli/efd/_nights.bash"

echo "X.tel v=1 1735689601$s" > s.lp
window 1 0 10$s > good.w
echo '[{name: a, topic: X.tel, field: v, min_coverage: 0}]' > good.yaml
# attack STATUS REGEX OPTION...       a message matches, and the program is no victim of a signal or of its patience
attack() {
  local want=$1 regex=$2
  shift 2
  expect_rc "$want" timeout 20 dbb-efd-join "$@"
  expect_match "$ERR" "^dbb-efd-join: .*$regex"
  [ "$(grep -c '^dbb-efd-join: ' "$ERR")" -le 6 ] || fail "more than a few sentences: $(head -n 8 "$ERR")"
}

# ---- windows. Those behind a bad one have their values.
# bad LINE REGEX
bad() {
  { printf '%s\n' "$1"; cat good.w; } > w
  attack 1 "$2" -c good.yaml -s s.lp -w w
  expect_eq "$(got '"\(.id) \(.value)"')" '1 1' "behind $1"
}
most=9223372036854775807
bad "{\"begin_tai_ns\":-${most%7}8,\"end_tai_ns\":$most}" 'begin is not between 1970 and 2100'
bad "{\"begin_tai_ns\":-1,\"end_tai_ns\":1}" 'begin is not between 1970 and 2100'
bad "{\"begin_tai_ns\":1,\"end_tai_ns\":4102444800000000001}" 'end is not between 1970 and 2100'
bad "{\"begin_tai_ns\":1,\"end_tai_ns\":4000000000000000000}" 'longer than 100 years'
bad "{\"begin_tai_ns\":1,\"end_tai_ns\":${most}0}" '"end_tai_ns" must be an integer'
bad '{"begin_tai_ns":2,"end_tai_ns":1}' 'ends at .* before it begins'
bad '{"begin_tai_ns":1.5,"end_tai_ns":2}' '"begin_tai_ns" must be an integer'
for instant in 0001-01-01T00:00:00.0 9999-12-31T00:00:00.0 2025-13-01T00:00:00.0 2025-01-01T24:00:01 now ''; do
  bad "{\"begin_tai\":\"$instant\",\"end_tai\":\"2025-01-01T00:00:00.0\"}" '"begin_tai" is .* which is no instant'
done
bad '{"begin_tai":"1960-01-01T00:00:00.0","end_tai":"1960-01-01T00:00:01.0"}' 'begin is not between 1970 and 2100'
bad '{"begin_tai":[],"end_tai":{}}' 'which is no instant'
bad '{"begin_tai":null}' 'neither "begin_tai" nor'
bad "$(printf '[%.0s' $(seq 3000))" 'JSON'
bad "$(head -c 2000000 /dev/zero | tr '\0' x)" 'longer than 1 MiB'
{ printf '\0\0{\n\377\376\n'; cat good.w; } > w
attack 1 'not a JSON value' -c good.yaml -s s.lp -w w
expect_eq "$(got .value)" 1
mkdir folder
attack 2 '--windows: "folder" is a folder' -c good.yaml -s s.lp -w folder
# The whole time there is, which is one window.
echo '{"begin_tai_ns":946684800000000000,"end_tai_ns":4102444800000000000}' > w
echo '[{name: a, topic: X.tel, field: v, min_coverage: 0, pre: "-87600h", post: "87600h", func: twmean, tolerance: "87600h"}, {name: b, topic: X.tel, field: v, func: asof, dir: nearest, tolerance: "87600h"}]' > c.yaml
expect_rc 0 dbb-efd-join -c c.yaml -s s.lp -w w
expect_eq "$(got '"\(.value) \(.n) \(.reason // "ok")"')" '1 1 leap_ambiguous,null 0 stale' 'it has leap seconds'

# ---- columns: nothing is printed
# columns YAML REGEX
columns() {
  printf '%s\n' "$1" > c.yaml
  attack 2 "$2" -c c.yaml -s s.lp -w good.w
  expect_empty "$OUT"
}
# column KEYS REGEX
column() { columns "[{name: a, topic: X.tel, field: v, $1}]" "column 1 \\(a\\): $2"; }
laughs='a0: &a0 [x, x]'
for k in $(seq 25); do laughs+=$'\n'"a$k: &a$k [*a$((k - 1)), *a$((k - 1))]"; done
columns "$laughs"$'\n''columns: *a25' 'c.yaml'
columns 'columns: &a [*a]' 'c.yaml'
columns "$(printf '[%.0s' $(seq 20000))" 'c.yaml'
columns "columns: $(printf '{a: %.0s' $(seq 5000))" 'c.yaml'
columns "$(printf 'a\tb: \001')" 'c.yaml'
printf '\377\376\0\1' > c.yaml
attack 2 'c.yaml' -c c.yaml -s s.lp -w good.w
head -c 9000000 /dev/zero | tr '\0' '#' > c.yaml
attack 2 'longer than' -c c.yaml -s s.lp -w good.w
attack 2 '"folder" is a folder' -c folder -s s.lp -w good.w
columns '[{name: 5, topic: X.tel, field: v}]' '"name" must be text, not 5'
columns '[{name: a, topic: X.tel, field: [v]}]' '"field" must be text'
columns '[{name: a, topic: X.tel, fields: {v: w}}]' '"fields" must be a list of names'
columns '[5]' 'a column is a mapping'
column 'args: [1]' '"args" is no mapping'
column 'args: {name: b}' '"name" is in "args"'
column 'args: {func: max, index: 1}' '"index" is in "args"'
column 'index: 1.5' '"index" must be an integer'
column 'index: 99999999999999999999' '"index" must be an integer'
column 'degree: 1.5' '"degree" must be an integer'
column 'tolerance: .nan' '"tolerance": null is no duration'
column 'tolerance: .inf' '"tolerance": null is no duration'
column 'tolerance: 1e30' '"tolerance": .* is no duration'
column 'pre: "-3653d"' '"pre" must not be longer than ten years'
column 'hold_max: 9e9' '"hold_max" must not be longer than ten years'
column 'packed: 1' '"packed" must be a mapping, not 1'
column 'packed: {base: 5}' '"packed": "base" must be text, not 5'
column 'packed: {base: v, dt: 2h}' '"packed": "dt" must not be longer than 1h'
column 'packed: {base: v, n: 1000000}' '"packed": "n" must be an integer from 1 to 100000'
column 'packed: {base: v, basis: w}' '"packed": unknown key "basis"'
# Anchors and merge keys are no attack.
printf '%s\n' '- &a {name: a, topic: X.tel, field: v, min_coverage: 0}' '- {<<: *a, name: b, func: max}' > c.yaml
expect_rc 0 dbb-efd-join -c c.yaml -s s.lp -w good.w
expect_eq "$(got .value)" 1,1

# ---- samples
{ printf x; head -c 200000 /dev/urandom; } > noise
for format in lp jsonl csv json; do
  expect=1
  # What is not even the beginning of the format can't be used at all.
  [ $format = json ] && expect=4
  [ $format = csv ] && expect=2
  attack $expect '"noise"' -c good.yaml -w good.w -s noise --format $format --csv-topic X.tel
done
head -c 3000000 /dev/zero > zeros
attack 1 '"zeros", line 1: it is too long' -c good.yaml -w good.w -s zeros --format lp
attack 1 '"zeros", line 1: it is too long' -c good.yaml -w good.w -s zeros --format jsonl
attack 4 'not a JSON value' -c good.yaml -w good.w -s zeros --format json
for stamp in -$most $most -1 4102444800000000001; do
  { echo "X.tel v=7 $stamp"; cat s.lp; } > t.lp
  attack 1 'line 1: its time stamp is not between 1970 and 2100' -c good.yaml -w good.w -s t.lp
  expect_eq "$(got .value)" 1
  { printf 'time,v\n%s,7\n1735689601%s,1\n' "$stamp" $s; } > t.csv
  attack 1 'line 2: its time is not between 1970 and 2100' -c good.yaml -w good.w -s t.csv --csv-topic X.tel
  expect_eq "$(got .value)" 1
  printf '{"topic":"X.tel","t_ns":%s,"f":{"v":%s}}\n' "$stamp" 7 '"1735689601000000000"' 1 > t.jsonl
  attack 1 'line 1: "t_ns", .* is not between 1970 and 2100' -c good.yaml -w good.w -s t.jsonl
  expect_eq "$(got .value)" 1
done
# A time of a field that is none is that of no sample; before 1972 there is no UTC with whole seconds, and nobody falls over it.
echo '[{name: a, topic: X.tel, field: v, time_field: t, time_scale: utc, min_coverage: 0, func: count}]' > c.yaml
for t in -1 0 1e300 -1e300 9223372036854775807i 4102444801; do echo "X.tel v=7,t=$t 1735689601$s"; done > t.lp
echo "X.tel v=1,t=1735689601 1735689601$s" >> t.lp
expect_rc 0 dbb-efd-join -c c.yaml -w good.w -s t.lp
expect_eq "$(got '"\(.value) \(.n_null) \(.n_nan)"')" '1 0 0'
# Integers and doubles at the edge of what they can hold
for v in "${most}i" "-${most}i" 1.7e308 -1.7e308 5e-324; do echo "X.tel v=$v 1735689601$s"; done > t.lp
for func in sum mean range stddev rms median slope polyrms increase circmean twmean; do echo "- {name: $func, topic: X.tel, field: v, dup: all, func: $func, min_coverage: 0}"; done > c.yaml
expect_rc 0 dbb-efd-join -c c.yaml -w good.w -s t.lp
expect_eq "$(got .column | tr , '\n' | wc -l)" 11
