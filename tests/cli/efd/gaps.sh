#!/bin/bash
# dbb-efd-join --gaps: the gaps of windows, one by one.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_nights.bash
. "$DBB_ROOT/tests/cli/efd/_nights.bash"

# gaps STATUS OPTION...           c.yaml with w and s.lp; gaps.jsonl has the gaps
gaps() {
  local want=$1
  shift
  expect_rc "$want" dbb-efd-join -c c.yaml -w w -s s.lp --gaps gaps.jsonl "$@"
}
# told                            of each gap: window, column, element, begin and end in seconds after 00:00:37, edge
told() {
  jq -r '(.gap_begin_tai, .gap_end_tai) |= (.[14:] | (.[0:2] | tonumber) * 60 + (.[3:] | tonumber) - 37 | . * 1000 | round / 1000)
    | "\(.id) \(.column)\(.element) \(.gap_begin_tai) \(.gap_end_tai) \(.edge)"' gaps.jsonl | paste -sd,
}

# Samples every second from 2 s to 6 s, from 10 s to 12 s, and at 20 s.
for k in 2 3 4 5 6 10 11 12 20; do sample "$k" "v=$k,w=1"; done > s.lp
{ window 1 0 30$s; window 2 2$s 7$s; window 3 7$s 10$s; window 4 13$s 13$s; } > w
echo '[{name: v, topic: X.tel, field: v, gap_max: 3s}]' > c.yaml
gaps 0
# A gap of 3 s is none; a window without samples is one as a whole.
expect_eq "$(told)" '1 v-1 6 10 null,1 v-1 12 20 null,1 v-1 20 30 end'
expect_eq "$(jq -c . gaps.jsonl | head -n 1)" '{"type":"gap","id":1,"begin_tai":"2025-01-01T00:00:37.000000000","end_tai":"2025-01-01T00:01:07.000000000","column":"v","element":-1,"topic":"X.tel","field":"v","gap_begin_tai":"2025-01-01T00:00:43.000000000","gap_end_tai":"2025-01-01T00:00:47.000000000","length_ns":4000000000,"edge":null}'
expect_eq "$(got '"\(.n_gaps)"')" 3,0,0,null 'as many as the values say'
echo '[{name: v, topic: X.tel, field: v, gap_max: 1s}]' > c.yaml
gaps 0
expect_eq "$(told)" '1 v-1 0 2 begin,1 v-1 6 10 null,1 v-1 12 20 null,1 v-1 20 30 end,3 v-1 7 10 both'
# By default what is longer than five times the usual distance: 5 s here.
echo '[{name: v, topic: X.tel, field: v}]' > c.yaml
gaps 0
expect_eq "$(told)" '1 v-1 12 20 null,1 v-1 20 30 end'
# Shifted and closed windows, elements, pools; a time-weighted mean has the gap from the window's begin on, whatever prevails.
cat > c.yaml << 'YAML'
- {name: a, topic: X.tel, fields: [v, w], gap_max: 7s, pre: -2s, post: -1s}
- {name: b, topic: X.tel, fields: [v, w], gap_max: 7s, reduce: pool}
- {name: c, topic: X.tel, field: v, gap_max: 7s, func: twmean}
- {name: d, topic: X.tel, field: v, func: asof}
- {name: e, topic: X.tel, field: nosuch}
YAML
window 1 14$s 30$s > w
gaps 0
expect_eq "$(told)" '1 a0 12 20 null,1 a0 20 29 end,1 a1 12 20 null,1 a1 20 29 end,1 b-1 20 30 end,1 c-1 20 30 end'
expect_eq "$(jq -r .field gaps.jsonl | paste -sd,)" v,v,w,w,null,v
# A sample at the end of a closed window ends the gap.
echo '[{name: v, topic: X.tel, field: v, gap_max: 7s, closed: right}]' > c.yaml
window 1 12$s 20$s > w
gaps 0
expect_eq "$(told)" '1 v-1 12 20 null'
# Gaps of an event that are shorter than 2 s.
{ sample 0 v=1 X.logevent_e; sample 1.5 v=2 X.logevent_e; } > s.lp
echo '[{name: v, topic: X.logevent_e, field: v, func: last, gap_max: 500ms}]' > c.yaml
window 1 0 2$s > w
gaps 0
expect_eq "$(told)" '1 v-1 0 1.5 null'
window 1 0 1700000000 > w
sample 0 v=1 X.logevent_e > s.lp
gaps 0
expect_eq "$(told)" '1 v-1 0 1.7 end'

# As many as the values tell, of every column, on a night with faults; also when most of what is known of them lies on disk.
# Samples 3 s apart, 25 columns of 10 s windows every 3 s: three intervals of each are remembered until the end.
for k in $(seq 0 3 30000); do echo "X.tel v=$k $((t0 + k))$s"; done > s.lp
for k in $(seq 0 3 29900); do window "$k" "$k$s" "$((k + 10))$s"; done > w
for k in $(seq 25); do echo "- {name: c$k, topic: X.tel, field: v, min_coverage: 0, hold_max: ${k}ms}"; done > c.yaml
echo '- {name: last, topic: X.tel, field: v, gap_max: 2999ms, hold_max: 1h}' >> c.yaml
gaps 0
expect_eq "$(wc -l < gaps.jsonl)" "$(jq -s 'map(.n_gaps // 0) | add' "$OUT")"
expect_eq "$(wc -l < gaps.jsonl)" "$(($(wc -l < w) * 3))"

# The file appears when all gaps are in it; without a gap it is empty. What was there before goes, a link stays one.
window 1 0 6$s > w
gaps 0 --only c1
expect_empty gaps.jsonl
echo before > target
ln -s target link
expect_rc 0 dbb-efd-join -c c.yaml -w w -s s.lp --only last --gaps link
[ -L link ] || fail 'a link became a file'
expect_eq "$(wc -l < target)" 2
expect_eq "$(dbb-efd-join -c c.yaml -w w -s s.lp --only last --gaps /dev/stdout | jq -r .type | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd,)" '1 end,2 gap,1 value'
echo before > kept
remember kept
expect_rc 4 dbb-efd-join -c c.yaml -w w -s nosuch.lp --gaps kept
expect_unchanged kept
expect_eq "$(find . -name '*.tmp*')" '' 'left over'
# Where it can't be written
expect_rc 4 dbb-efd-join -c c.yaml -w w -s s.lp --gaps no/such/gaps.jsonl
expect_match "$ERR" '^dbb-efd-join: --gaps: could not create "no/such/gaps.jsonl": No such file'
expect_empty "$OUT"
expect_rc 4 dbb-efd-join -c c.yaml -w w -s s.lp --gaps .
expect_match "$ERR" '^dbb-efd-join: --gaps: could not create "."'
expect_rc 4 dbb-efd-join -c c.yaml -w w -s s.lp --only last --gaps /dev/full
expect_match "$ERR" '^dbb-efd-join: --gaps: could not write "/dev/full": No space left on device'
expect_rc 2 dbb-efd-join -c c.yaml -w w -s s.lp --gaps ''
expect_match "$ERR" '^dbb-efd-join: --gaps needs a value'
expect_rc 2 dbb-efd-join -c c.yaml -w w -s s.lp --gaps -
expect_match "$ERR" '^dbb-efd-join: --gaps: standard output has the values'
