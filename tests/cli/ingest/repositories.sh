#!/bin/bash
# A repository that can't be used is said to be so, with its own exit status, and left as it was.
. "$DBB_CLI_LIB"

line=$(described lsstCam-MC_O_20250422_000250_R01_S01.yaml)
expect_rc 4 dbb-ingest --repo nowhere <<< "$line"
expect_match "$ERR" 'nowhere'
expect_empty "$OUT"
mkdir remote
echo 'cls: lsst.daf.butler.remote_butler.RemoteButler' > remote/butler.yaml
expect_rc 5 dbb-ingest --repo remote <<< "$line"
make_repo newer
sqlite3 newer/gen3.sqlite3 "UPDATE butler_attributes SET value='7.0.0' WHERE name LIKE 'version:%dimensions.static%'"
remember newer
expect_rc 5 dbb-ingest --repo newer <<< "$line"
expect_match "$ERR" '7\.0\.0'
expect_unchanged newer
make_repo broken
head -c 4096 /dev/urandom > broken/gen3.sqlite3
expect_rc 5 dbb-ingest --repo broken <<< "$line"
# Every line that was in hand is among the rejects when the database fails in the middle.
make_repo readonly
expect_rc 0 dbb-ingest --repo readonly -t direct <<< "$line"
sqlite3 readonly/gen3.sqlite3 "CREATE TRIGGER boom BEFORE INSERT ON exposure BEGIN SELECT RAISE(ROLLBACK, 'boom'); END"
described latiss-AT_O_20230321_000053.yaml > next
rc=0; dbb-ingest --repo readonly -t direct --rejects rejects < next > out 2> err || rc=$?
[ "$rc" != 0 ] || fail "no error"
expect_eq "$(wc -l < rejects)" 1
expect_no_match out '"ingest"'
# Monitoring sees an error that stopped the program, not the counters of the run before.
echo 'dbb_outcomes{program="dbb-ingest",outcome="done"} 7' > metrics
expect_rc 4 dbb-ingest --repo nowhere --metrics metrics <<< "$line"
expect_match metrics '^dbb_failed\{program="dbb-ingest",code="REPO_NOT_FOUND"\} 1$'
expect_match metrics '^dbb_lines_read\{program="dbb-ingest"\} 0$'
expect_no_match metrics 'outcome="done"'
expect_rc 4 dbb-ingest --repo nowhere --metrics /nowhere/metrics <<< "$line"
expect_match "$ERR" 'no repository|nowhere'
