#!/bin/bash
# What dbb-efd-fetch could not get is no sample that was not there: values that need it have status 20 or 21.
. "$DBB_CLI_LIB"

cat > columns.yaml <<'EOF'
- {name: m, topic: X.tel, field: v, func: mean}
- {name: b, topic: X.tel, field: v, func: asof}
- {name: y, topic: Y.tel, field: v, func: count, min_coverage: 0}
- {name: two, topic: X.tel, fields: [v, w], func: last}
EOF
# Windows of 10 s of TAI; samples each second, of 2025, in UTC
for id in 1 2 3; do printf '{"type":"window","id":%d,"begin_tai_ns":%d000000000,"end_tai_ns":%d000000000}\n' $id $((1735689627 + 10 * id)) $((1735689637 + 10 * id)); done > windows
# At the begin of this one the last sample may be one of those that are missing; at those of the others it is not
echo '{"type":"window","id":4,"begin_tai_ns":1735689650000000000,"end_tai_ns":1735689651000000000}' >> windows
samples() { for s in $(seq "$1" "$2"); do printf 'X.tel v=%d,w=1 %d000000000\n' "$s" $((1735689600 + s)); done; }
# cells              id, column, element, status and number of samples of what was joined
cells() { jq -r 'select(.type == "value") | [.id, .column, .element, .status, .n] | join(" ")' "$OUT"; }
join() { expect_rc "$1" dbb-efd-join -c columns.yaml -w windows "${@:2}"; }

# A part of a topic
{
  samples 0 9
  echo '# incomplete X.tel 1735689612000000000 1735689614500000000 SERVER_TIMEOUT'
  samples 15 29
  printf 'Y.tel v=1 %d000000000\n' $((1735689601))
} > part.lp
join 3 -s part.lp
cells > got
diff - got <<'EOF' || fail 'a part of a topic'
1 m -1 0 10
1 b -1 0 1
1 y -1 0 1
1 two 0 0 10
1 two 1 0 10
2 m -1 21 0
2 b -1 0 1
2 y -1 1 0
2 two 0 21 0
2 two 1 21 0
3 m -1 0 10
3 b -1 0 1
3 y -1 1 0
3 two 0 0 10
3 two 1 0 10
4 m -1 21 0
4 b -1 21 0
4 y -1 1 0
4 two 0 21 0
4 two 1 21 0
EOF
expect_match "$ERR" '"part.lp": dbb-efd-fetch could not get "X.tel" from 1735689612000000000 to 1735689614500000000: SERVER_TIMEOUT$'
expect_match "$ERR" 'values that need it have status 20 or 21; fetch and join them again'
cp "$OUT" one
join 3 -s part.lp -j 3
cmp one "$OUT"
join 3 -s - --format lp < part.lp
cmp one "$OUT"
# As JSON
{
  samples 0 9 | sed -E 's/X.tel v=([0-9]+),w=1 ([0-9]+)/{"type":"sample","topic":"X.tel","t_ns":"\2","f":{"v":\1,"w":1}}/'
  echo '{"type":"missing","topic":"X.tel","begin_ns":"1735689612000000000","end_ns":"1735689614500000000","scale":"utc","error":{"code":"SERVER_CUT","message":"x"}}'
  samples 15 29 | sed -E 's/X.tel v=([0-9]+),w=1 ([0-9]+)/{"type":"sample","topic":"X.tel","t_ns":"\2","f":{"v":\1,"w":1}}/'
} > part.jsonl
join 3 -s part.jsonl
expect_eq "$(cells | grep -w m | paste -sd,)" '1 m -1 0 10,2 m -1 20 0,3 m -1 0 10,4 m -1 20 0' 'samples as JSON'
echo '{"type":"missing","topic":"X.tel"}' > bad.jsonl
join 1 -s bad.jsonl
expect_match "$ERR" 'it does not tell what is missing'

# A run that came to no end: nothing is known of what it did not bring
{ samples 0 29; echo '# incomplete SERVER_UNREACHABLE'; } > cut.lp
join 3 -s cut.lp
expect_eq "$(cells | cut -d' ' -f4 | sort -u)" 20
expect_match "$ERR" 'dbb-efd-fetch came to no end: SERVER_UNREACHABLE$'
echo '# incomplete stopped by a signal' > nothing.lp
join 3 -s nothing.lp
expect_eq "$(cells | cut -d' ' -f4 | sort -u)" 20 'no topic is not one that does not exist'
# Other comments are comments
{ samples 0 29; echo '# incompletely X.tel 1 2 Y'; echo '# a text'; } > comments.lp
join 0 -s comments.lp
expect_empty "$ERR"

# What is stored stays
jq -c 'select(.type == "value") | .instrument = "LSSTCam" | .kind = "exposure"' one | grep -v '"status":21' | dbb-efd-load --db efd.sqlite3 > /dev/null
join 3 -s cut.lp
jq -c 'select(.type == "value") | .instrument = "LSSTCam" | .kind = "exposure"' "$OUT" > failed
expect_rc 3 dbb-efd-load --db efd.sqlite3 < failed
expect_eq "$(sqlite3 efd.sqlite3 'SELECT count(*) FROM efd_value WHERE status < 20')" "$(grep '"value"' one | grep -vc '"status":21')"
