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
# What upstream can't read either: several documents, and another encoding.
base=$headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml
{ cat "$base"; echo ---; cat "$base"; } > several.yaml
{ cat "$base"; printf 'OBSERVER: Ren\351\n'; } > latin.yaml
expect_rc 1 dbb-describe --rejects unread several.yaml latin.yaml
expect_eq "$(jq -r .error.code unread | tr '\n' ' ')" "BAD_YAML BAD_YAML "
expect_match "$ERR" 'several.yaml": it holds several documents where one is expected'
expect_match "$ERR" 'latin.yaml": it is not encoded in UTF-8'
# No header is that long.
{ echo 'INSTRUME: LSSTCam'; head -c 8400000 /dev/zero | tr '\0' '#'; } > long.yaml
expect_rc 1 dbb-describe --rejects long long.yaml
expect_eq "$(jq -r .error.code long)" HEADER_TOO_LONG
# What nobody reads may be anything that JSON allows; what is no JSON names its file.
json=$headers/latiss-AT_O_20230705_000379_R00_S00.json
jq -c . "$json" | sed 's/^{/{"BIG":123456789012345678901234567890,"HUGE":-1e400,"HALF":"\\ud800",/' > odd.json
expect_rc 0 dbb-describe odd.json
expect_eq "$(jq -c 'select(.uri) | .records' "$OUT")" "$(dbb-describe "$json" | jq -c 'select(.uri) | .records')"
head -c 100 "$json" > cut.json
touch -d '1 hour ago' cut.json
expect_rc 1 dbb-describe --rejects not_json cut.json
expect_eq "$(jq -r .error.code not_json)" NOT_JSON
expect_match "$ERR" 'could not read "[^"]*/cut\.json": not a JSON value'
expect_match "$ERR" 'hint: write the header dump again'
# An exposure time that is no number refuses the file; where a value may be missing it is left out, with a warning.
for value in .inf -.inf .nan; do
  sed "s/^EXPTIME:.*/EXPTIME: $value/" "$base" > required.yaml
  expect_rc 1 dbb-describe --rejects "required$value" required.yaml
  expect_eq "$(jq -r .error.code "required$value")" BAD_CARD_VALUE
  expect_match "$ERR" 'exposure_time_requested: the value is -?(inf|nan), which is no finite number'
done
sed "s/^DARKTIME:.*/DARKTIME: .nan/" "$base" > optional.yaml
expect_rc 0 dbb-describe optional.yaml
expect_eq "$(jq -c 'select(.uri) | [.records.exposure.dark_time, (.describe.warnings[] | select(startswith("dark_time")))]' "$OUT")" \
  '[null,"dark_time left empty: the value is nan, which is no finite number"]'
# The cards that are to blame are named with what they hold.
sed -e 's/^MJD-BEG:.*/MJD-BEG: 30000.5/' -e 's/^DATE-END:.*/DATE-END: "1950-01-01T00:00:00"/' "$base" > early.yaml
sed -e '/^OBSID:/d' -e '/^IMGNAME:/d' -e 's/^\(OBSTYPE\|IMGTYPE\):.*/\1: BIAS/' "$headers/latiss-AT_O_20230321_000053.yaml" > unnamed.yaml
expect_rc 1 dbb-describe --rejects named early.yaml unnamed.yaml
expect_eq "$(jq -c '.error | [.code, .cause]' named | tr '\n' ' ')" \
  '["DATE_OUT_OF_RANGE",{"card":"MJD-BEG","value":"30000.5","expected":"an instant from 1970 to 2099"}] ["NULL_VALUE",{"card":"OBSID","expected":"a value"}] '
expect_match "$ERR" 'early.yaml": card MJD-BEG is "30000.5", expected an instant from 1970 to 2099'
expect_match "$ERR" 'unnamed.yaml": observation_id: none of the cards OBSID, IMGNAME has a value'
