#!/bin/bash
# Threads change nothing: same lines, same order.
. "$DBB_CLI_LIB"

dbb-scan "$DBB_EXAMPLES" "$DBB_TEST_DATA/raw/synthetic" > lines
for _ in $(seq 30); do grep file lines; done > many
expect_rc 1 dbb-describe -j1 --rejects r1 < many
mv "$OUT" one
expect_rc 1 dbb-describe -j7 --rejects r7 < many
cmp one "$OUT" || fail "output differs with -j7"
cmp r1 r7 || fail "rejects differ with -j7"
expect_match "$ERR" '85 more of kind HEADER_TRUNCATED are not shown'
expect_rc 2 dbb-describe -j0 < many
