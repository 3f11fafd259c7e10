#!/bin/bash
# Lines that are none are rejected, foreign ones pass, unknown keys pass byte for byte, and rejects can be tried again.
. "$DBB_CLI_LIB"

file=$DBB_EXAMPLES/LSSTCam/3019032200002-R10-S22-det035.fits
cp "$file" a.fits
{
  echo '{"type":"file","uri":"'"$PWD"'/a.fits","x":[1.0, 1e3,12345678901234567890 ,"\u00e9"],"y":30.0,"z":[1e400,1234567890123456789012]}'
  echo 'no JSON'
  echo '{"type":"file","uri":"a.fits"} trailing'
  echo '[1]'
  echo '{"uri":"a.fits"}'
  echo '{"type":"file"}'
  echo '{"type":"file","uri":7}'
  echo '{"type":"file","uri":"s3://bucket/key"}'
  echo '{"type":"file","uri":""}'
  echo '{"type":"window","keep":1.50}'
  echo '{"type":"file","uri":"'"$PWD"'/later.fits"}'
  head -c 1200000 /dev/zero | tr '\0' x; echo
  echo '{"type":"end","program":"before"}'
  echo '{"type":"file","uri":"'"$PWD"'/a.fits"}'
} > in
# jq 1.6 refuses what this line holds.
echo '{"type":"window","half":"\ud800"}' > half
expect_rc 0 dbb-describe < half
expect_eq "$(head -n 1 "$OUT")" "$(cat half)"
expect_rc 1 dbb-describe --rejects rejects < in
expect_match "$OUT" '"x":\[1\.0, 1e3,12345678901234567890 ,"\\u00e9"\],"y":30\.0,"z":\[1e400,1234567890123456789012\],"instrument"'
expect_match "$OUT" '^\{"type":"window","keep":1\.50\}$'
expect_eq "$(tail -n 2 "$OUT" | tr '\n' ' ')" \
  '{"type":"end","program":"before"} {"type":"end","program":"dbb-describe","input_end":true} '
expect_eq "$(jq -s 'map(select(.data_id)) | length' "$OUT")" 2
expect_eq "$(jq -r '.error.code' rejects | sort | tr '\n' ' ')" \
  "BAD_URI BAD_URI BAD_VALUE LINE_TOO_LONG MISSING_KEY NOT_AN_OBJECT NOT_FOUND NOT_JSON NOT_JSON NO_TYPE "
expect_eq "$(jq -c 'select(.type=="text" and .line==2) | [.text, .error.stage]' rejects)" '["no JSON","input"]'
expect_eq "$(jq -c 'select(.type=="text" and .line==12) | .text | length' rejects)" 4096
# The missing file comes: its reject, taken as input, is described; the error is gone.
cp "$file" later.fits
grep later rejects > again
expect_rc 0 dbb-describe < again
expect_eq "$(jq -c 'select(.uri) | [.data_id.detector, has("error")]' "$OUT")" '[35,false]'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-describe","input_end":false}'
# A file that grew since it was rejected is looked at anew; a rejected text is read again as the line that it was.
head -c 4000 "$DBB_TEST_DATA/raw/synthetic/continue.fits" > grows.fits
touch -d '1 hour ago' grows.fits
dbb-scan --checksum md5 grows.fits > grows.lines
expect_rc 1 dbb-describe --rejects grows.rejects < grows.lines
cp "$DBB_TEST_DATA/raw/synthetic/continue.fits" grows.fits
touch -d @1700000000 grows.fits
expect_rc 0 dbb-describe < grows.rejects
expect_eq "$(jq -c 'select(.uri) | [.size, .mtime, has("checksum"), has("error")]' "$OUT")" \
  '[25920,"1700000000.000000000",false,false]'
# A line without an error keeps the time that it came with.
dbb-scan grows.fits > kept
touch -d @1800000000 grows.fits
expect_rc 0 dbb-describe < kept
expect_eq "$(jq -r 'select(.uri) | .mtime' "$OUT")" 1700000000.000000000
echo '{"type":"text","line":7,"text":"{\"type\":\"file\",\"uri\":\"a.fits\"}","error":{}}' > text
expect_rc 0 dbb-describe < text
expect_eq "$(jq -c 'select(.uri) | .data_id.detector' "$OUT")" 35
echo '{"type":"text","line":7,"text":"still no JSON","error":{}}' > text
expect_rc 1 dbb-describe --rejects again.text < text
expect_eq "$(jq -c '[.type, .line, .text, .error.code]' again.text)" '["text",7,"still no JSON","NOT_JSON"]'
expect_rc 0 dbb-describe - < grows.rejects
# --explain also for a header that is refused.
echo 'INSTRUME: FOO' > u.yaml
expect_rc 1 dbb-describe --explain --rejects explained u.yaml
expect_eq "$(jq -c .explain explained)" '{"instrument":null,"cards":{"INSTRUME":"FOO"}}'
sed '/^OBSID/d' "$DBB_TEST_DATA/headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml" > noid.yaml
expect_rc 1 dbb-describe --explain --rejects noid u.yaml noid.yaml
expect_eq "$(jq -c 'select(.uri | endswith("noid.yaml")) | .explain.properties.observation_id.error' noid)" '"card OBSID is missing"'
# A line that the next program could not read is refused here, as it came.
{ printf '{"type":"file","uri":"%s/a.fits","mine":"' "$PWD"; head -c 1048000 /dev/zero | tr '\0' m; echo '"}'; } > long
expect_rc 1 dbb-describe --rejects long.rejects < long
expect_eq "$(jq -r .error.code long.rejects)" LINE_TOO_LONG
expect_eq "$(jq -c 'del(.error)' long.rejects)" "$(cat long)"
expect_match "$ERR" 'a\.fits": its description would be a line of [0-9]+ bytes'
