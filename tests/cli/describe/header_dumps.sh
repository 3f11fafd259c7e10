#!/bin/bash
# A header dump stands in for a FITS file, in each of its forms.
. "$DBB_CLI_LIB"

headers=$DBB_TEST_DATA/headers
expect_rc 0 dbb-describe "$headers"/lsstCam-MC_O_20250422_000250_R01_S01.yaml \
  "$headers"/latiss-AT_O_20191031_000004.yaml "$headers"/latiss-AT_O_20230705_000379_R00_S00.json
expect_eq "$(jq -c 'select(.uri) | .data_id' "$OUT" | tr '\n' ' ')" \
  '{"instrument":"LSSTCam","exposure":2025042200250,"detector":1} {"instrument":"LATISS","exposure":2019103100004,"detector":0} {"instrument":"LATISS","exposure":2023070500379,"detector":0} '
echo '{"__CONTENT__":"translated","instrument":"LSSTCam"}' > t.json
echo 'just text' > t.yaml
printf 'a: [1\nb: 2\n' > broken.yaml
expect_rc 1 dbb-describe --rejects rejects t.json t.yaml broken.yaml
expect_eq "$(jq -r .error.code rejects | tr '\n' ' ')" "NOT_A_HEADER NOT_A_HEADER BAD_YAML "
expect_match "$ERR" 'broken.yaml": line 2'
# No header is that long.
{ echo 'INSTRUME: LSSTCam'; head -c 8400000 /dev/zero | tr '\0' '#'; } > long.yaml
expect_rc 1 dbb-describe --rejects long long.yaml
expect_eq "$(jq -r .error.code long)" HEADER_TOO_LONG
