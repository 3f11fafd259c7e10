#!/bin/bash
# The catalogue of reasons and single codes.
. "$DBB_CLI_LIB"

expect_rc 0 dbb-why --list-reasons
expect_eq "$(jq -r '[.type, (.code | type), (.stage | type), (.retry | type), (.meaning | type), (.remedy | type)] | join(" ")' "$OUT" | sort -u)" \
  'reason string string boolean string string'
expect_eq "$(jq -r .code "$OUT" | sort | uniq -d)" ''
expect_eq "$(jq -r .stage "$OUT" | sort -u | tr '\n' ' ')" 'commit input read recognise register transfer translate '
cp "$OUT" all
# Each explains itself.
while read -r code; do
  expect_rc 0 dbb-why "$code"
  expect_match "$OUT" "^$code\$"
  expect_match "$OUT" '^ +stage '
done < <(jq -r .code all)
expect_rc 0 dbb-why --json NOT_FITS EMPTY_FILE
expect_eq "$(jq -c 'select(.reason) | [.subject, .reason.stage, .reason.retry]' "$OUT" | tr '\n' ' ')" \
  '["NOT_FITS","read",false] ["EMPTY_FILE","read",true] '
# A slip is noticed.
expect_rc 2 dbb-why NOT_FIT
expect_match "$ERR" 'did you mean NOT_FITS\?'
expect_rc 2 dbb-why --repo nowhere EMPTY_FLIE
