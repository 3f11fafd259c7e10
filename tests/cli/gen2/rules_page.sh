#!/bin/bash
# Every rules file that dbb-rules(5) shows can be copied and used.
. "$DBB_CLI_LIB"

awk '/^\.EX/ { n++; file = "example" n ".yaml"; next } /^\.EE/ { file = ""; next } file { gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); print > file }' \
  "$DBB_ROOT/man/dbb-rules.5"
count=0
for file in example*.yaml; do
  expect_match "$file" '^rules: 1$'
  rc=0
  dbb-gen2-scan "$DBB_TEST_DATA/gen2/latiss" --rules "$file" > out 2> err || rc=$?
  [ $rc = 0 ] || [ $rc = 3 ] || fail "$file: $rc, $(cat err)"
  count=$((count + 1))
done
[ $count -ge 6 ] || fail "only $count examples were found"
