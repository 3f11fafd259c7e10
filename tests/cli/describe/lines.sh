#!/bin/bash
# Lines that are none are rejected, foreign ones pass, unknown keys pass byte for byte, and rejects can be tried again.
. "$DBB_CLI_LIB"

file=$DBB_EXAMPLES/LSSTCam/3019032200002-R10-S22-det035.fits
cp "$file" a.fits
{
  echo '{"type":"file","uri":"'"$PWD"'/a.fits","x":[1.0, 1e3,12345678901234567890 ,"\u00e9"],"y":30.0}'
  echo 'no JSON'
  echo '{"type":"file","uri":"a.fits"} trailing'
  echo '[1]'
  echo '{"uri":"a.fits"}'
  echo '{"type":"file"}'
  echo '{"type":"file","uri":7}'
  echo '{"type":"file","uri":"s3://bucket/key"}'
  echo '{"type":"window","keep":1.50}'
  echo '{"type":"file","uri":"'"$PWD"'/later.fits"}'
  head -c 1200000 /dev/zero | tr '\0' x; echo
  echo '{"type":"end","program":"before"}'
  echo '{"type":"file","uri":"'"$PWD"'/a.fits"}'
} > in
expect_rc 1 dbb-describe --rejects rejects < in
expect_match "$OUT" '"x":\[1\.0, 1e3,12345678901234567890 ,"\\u00e9"\],"y":30\.0,"instrument"'
expect_match "$OUT" '^\{"type":"window","keep":1\.50\}$'
expect_eq "$(tail -n 2 "$OUT" | tr '\n' ' ')" \
  '{"type":"end","program":"before"} {"type":"end","program":"dbb-describe","input_end":true} '
expect_eq "$(jq -s 'map(select(.data_id)) | length' "$OUT")" 2
expect_eq "$(jq -r '.error.code' rejects | sort | tr '\n' ' ')" \
  "BAD_URI BAD_VALUE LINE_TOO_LONG MISSING_KEY NOT_AN_OBJECT NOT_FOUND NOT_JSON NOT_JSON NO_TYPE "
expect_eq "$(jq -c 'select(.type=="text" and .line==2) | [.text, .error.stage]' rejects)" '["no JSON","input"]'
expect_eq "$(jq -c 'select(.type=="text" and .line==11) | .text | length' rejects)" 4096
# The missing file comes: its reject, taken as input, is described; the error is gone.
cp "$file" later.fits
grep later rejects > again
expect_rc 0 dbb-describe < again
expect_eq "$(jq -c 'select(.uri) | [.data_id.detector, has("error")]' "$OUT")" '[35,false]'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-describe","input_end":false}'
