#!/bin/bash
# Rejects from a pipe are explained one by one and counted by reason.
. "$DBB_CLI_LIB"

make_repo repo LSSTCam
{
  dbb-scan "$DBB_EXAMPLES"
  echo '{"type":"file","uri":"'"$DBB_TEST_DATA"'/raw/synthetic/text.fits"}'
  echo 'a line of text'
} | dbb-describe --rejects rejects 2> /dev/null > described || true
dbb-ingest --repo repo --rejects rejects < described > receipts 2> err || true
expect_eq "$(jq -r .error.code rejects | sort | tr '\n' ' ')" \
  'HEADER_TRUNCATED INSTRUMENT_NOT_REGISTERED INSTRUMENT_NOT_REGISTERED NOT_FITS NOT_JSON '

expect_rc 1 dbb-why < rejects
expect_match "$OUT" "^$DBB_EXAMPLES/damaged/truncated-header.fits \(line [0-9]\): HEADER_TRUNCATED$"
expect_match "$OUT" '^  \[FAILED\] register   "[^"]*/3018092000065-det000.fits": instrument LATISS is not registered'
expect_match "$OUT" '^"a line of text" \(line [0-9], which was line [0-9] of the input\): NOT_JSON$'
expect_match "$OUT" "^      remedy    dbb-repo register-instrument $PWD/repo [A-Za-z]+"
expect_match "$OUT" '^      again     trying again can help'
expect_match "$OUT" '^      again     trying again does not help'
expect_match "$OUT" '^2 +INSTRUMENT_NOT_REGISTERED +register +can help +The repository does not know the instrument\.$'
expect_eq "$(grep -A 9 '^rejects  code' "$OUT" | wc -l)" 5
expect_eq "$(grep -c '^  \[FAILED\]' "$OUT")" 5

expect_rc 1 dbb-why --json < rejects
expect_eq "$(jq -r 'select(.error) | .error.code' "$OUT")" "$(jq -r .error.code rejects)"
diff <(jq -cS 'select(.error) | .error' "$OUT") <(jq -cS .error rejects) || fail "errors were changed"
expect_eq "$(jq -c 'select(.type == "summary") | [.rejects, .without_error, .by_code.INSTRUMENT_NOT_REGISTERED]' "$OUT")" '[5,0,2]'
expect_eq "$(jq -r 'select(.error.code == "NOT_JSON") | .stages[0] | .stage + " " + .outcome' "$OUT")" 'input failed'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-why"}'
cp "$OUT" piped
expect_rc 1 dbb-why --json --rejects rejects
expect_eq "$(jq -r 'select(.error) | .source + " " + (.line | tostring)' "$OUT" | head -n 1)" 'rejects 1'
diff <(jq -c 'del(.source)' piped) <(jq -c 'del(.source)' "$OUT") || fail "a file of rejects is not explained as a pipe is"

# A value that is text stands in quotes once.
jq -c 'select(.type == "file" and .instrument == "LSSTCam")' described | head -n 1 > line
dbb-ingest --repo repo -t direct < line > receipts
jq -c '.data_id.exposure += 1 | .records.exposure.id += 1' line | dbb-ingest --repo repo -t direct --rejects taken > receipts 2> err || true
jq -c '.data_id.exposure += 1 | .records.exposure.id += 1 | .records.exposure.seq_num = "many"' line \
  | dbb-ingest --repo repo -t direct --rejects taken > receipts 2> err || true
expect_rc 1 dbb-why < taken
expect_match "$OUT" '^      found     obs_id is "[^"]+"$'
expect_match "$OUT" '^      found     seq_num is "many"$'

# Where trying again can help for all, the status says so; without rejects nothing is wrong.
grep INSTRUMENT_NOT_REGISTERED rejects > again
expect_rc 3 dbb-why < again
expect_rc 0 dbb-why < described
expect_match "$OUT" '^no rejects$'
expect_match "$OUT" '^lines without an error, which are no rejects: 5$'
expect_rc 0 dbb-why < /dev/null
expect_rc 3 dbb-why - < again
# What is no reject is told; so is a code of another version.
{
  echo 'no JSON'
  echo '{"type":"file","uri":"/x.fits","error":{"code":"FUTURE","stage":"orbit","message":"words","retry":false}}'
  echo '{"type":"file","uri":7,"data_id":[],"error":{"code":7,"cause":"x","hint":[],"stage":{}}}'
  head -c 1100000 /dev/zero | tr '\0' x
} > odd
expect_rc 1 dbb-why < odd
expect_match "$OUT" '^"no JSON" \(line 1\): NOT_JSON$'
expect_match "$OUT" '^/x.fits \(line 2\): FUTURE$'
expect_match "$OUT" '\(line 4\): LINE_TOO_LONG$'
expect_rc 1 dbb-why --json < odd
jq -e . "$OUT" > /dev/null || fail "not every line is JSON"
# They come out as they come in.
mkfifo in out
dbb-why < in > out &
exec 8> in 9< out
head -n 1 again >&8
read -r -t 5 line <&9 || fail "no answer while the input stays open"
expect_eq "${line##*: }" INSTRUMENT_NOT_REGISTERED
exec 8>&- 9<&-
wait || true
# The file of rejects may be a pipe.
jq -cs 'map(select(.error.retry | not)) | first' rejects > one
expect_rc 1 dbb-why --rejects <(sleep 0.2; cat one)
expect_match "$OUT" "\(/dev/fd/[0-9]+ line 1[,)]"
