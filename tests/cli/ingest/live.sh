#!/bin/bash
# While live a receipt comes soon, and only when the row is there; many lines share a commit.
. "$DBB_CLI_LIB"

make_repo repo
mkfifo in
dbb-ingest --repo repo -t direct < in > out &
pid=$!
exec 5> in
described lsstCam-MC_O_20250422_000250_R01_S01.yaml >&5
for _ in $(seq 50); do [ -s out ] && break; sleep 0.05; done
expect_eq "$(jq -r .ingest.outcome out)" 'done'
expect_eq "$(sql repo 'SELECT count(*) FROM dataset')" 1
described latiss-AT_O_20230321_000053.yaml >&5
sleep 0.02
kill -TERM $pid
rc=0; wait $pid || rc=$?
exec 5>&-
expect_eq "$rc" 143
# What was taken in before the signal was finished; receipts and rows agree.
expect_eq "$(grep -c '"ingest"' out)" "$(sql repo 'SELECT count(*) FROM dataset')"
expect_no_match out '"type":"end"'
