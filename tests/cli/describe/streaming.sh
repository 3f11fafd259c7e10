#!/bin/bash
# A line is answered while the next is still awaited; a stop ends as the signal does.
. "$DBB_CLI_LIB"

mkfifo in
dbb-describe < in > out &
pid=$!
exec 5> in
echo '{"type":"file","uri":"'"$DBB_EXAMPLES"'/LATISS/3018092000065-det000.fits"}' >&5
for _ in $(seq 50); do [ -s out ] && break; sleep 0.1; done
expect_eq "$(jq -r .instrument out)" LATISS
kill -TERM $pid
rc=0; wait $pid || rc=$?
exec 5>&-
expect_eq "$rc" 143 "status after SIGTERM"
expect_no_match out '"type":"end"'
# A reader that goes away ends the program quietly, as SIGPIPE would.
dbb-scan "$DBB_EXAMPLES" | grep file > one
for _ in $(seq 400); do cat one; done > many
rc=0
(dbb-describe -q < many 2> err; echo $? > status) | head -n 1 > /dev/null || true
expect_eq "$(cat status)" 141
