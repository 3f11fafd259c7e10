#!/bin/bash
# Windows that are so many that they, their results and what waits for the usual distance of samples go to disk: the same
# values as of some at a time, which stay in memory.
. "$DBB_CLI_LIB"

cat > c.yaml << 'YAML'
- {name: mean, topic: X.tel, field: v}
- {name: max, topic: X.tel, field: w, func: max, pre: -3}
- {name: held, topic: X.tel, field: v, func: twmean}
- {name: middle, topic: X.tel, field: v, func: asof, at: mid}
- {name: change, topic: X.tel, field: w, func: delta}
YAML
# From one sample to the next a second or two, sometimes half a minute. Field w is not in all rows.
awk 'BEGIN { srand(1)
  for (t = 1735689600; n < 20000; n++) {
    printf "X.tel v=%.3f%s %.0f000000\n", rand(), n % 7 ? sprintf(",w=%di", 100 * rand()) : "", t * 1000
    t += rand() < 0.01 ? 30 : 1 + rand()
  }
  for (i = 0; i < 32000; i++) {
    begin = 1735689637 + int(rand() * 32000)
    printf "{\"id\":%d,\"begin_tai_ns\":%d000000000,\"end_tai_ns\":%d500000000}\n", i, begin, begin + int(60 * rand()) > "w"
  } }' > s.lp
expect_rc 0 dbb-efd-join -c c.yaml -s s.lp -w w
cp "$OUT" all
expect_eq "$(grep -c '"column"' all)" 160000
# With several threads lines go out in the same order.
for jobs in 2 5; do
  expect_rc 0 dbb-efd-join -c c.yaml -s s.lp -w w -j $jobs
  cmp "$OUT" all || fail "other lines with -j $jobs"
done
# Samples on disk, too.
expect_rc 0 dbb-efd-join -c c.yaml -s s.lp -w w --sort
cmp "$OUT" all || fail 'sorted samples give other values'
# That they are right is seen with plain programs.
! is_sanitized || exit 0
split -l 4000 w part.
for part in part.*; do
  expect_rc 0 dbb-efd-join -c c.yaml -s s.lp -w "$part"
  grep '"column"' "$OUT" >> parts
done
pieces=(part.*)
expect_eq ${#pieces[@]} 8
cmp <(grep '"column"' all) parts || fail 'windows have other values when they are many'
