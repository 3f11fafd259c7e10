#!/bin/bash
# A registry that a killed writer left in the middle of a change is read as if the change had not begun.
. "$DBB_CLI_LIB"

make_repo repo LATISS
before=$(sql repo 'SELECT count(*) FROM physical_filter')
# The journal is on disk, and pages of the database are changed already, when the process ends.
sqlite3 repo/gen3.sqlite3 >/dev/null 2>&1 <<'EOF' || true
PRAGMA cache_size = 5;
BEGIN IMMEDIATE;
UPDATE physical_filter SET band = 'broken';
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
  INSERT INTO physical_filter SELECT 'LATISS', 'f' || i, 'x' FROM n;
.shell kill -9 $PPID
EOF
[ -s repo/gen3.sqlite3-journal ] || fail "there is no journal"
cp -r repo other
expect_rc 0 dbb-repo check repo
expect_rc 0 dbb-repo show other records physical_filter
expect_eq "$(jq -r 'select(.record) | .record.name' "$OUT" | wc -l)" "$before"
expect_no_match "$OUT" broken
[ ! -e repo/gen3.sqlite3-journal ] || fail "the journal is still there"
