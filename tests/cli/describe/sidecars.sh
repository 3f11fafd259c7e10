#!/bin/bash
# Sidecars: written as upstream's command writes them, read in place of the file, and passed over where they can't be.
. "$DBB_CLI_LIB"

sidecars=$DBB_TEST_DATA/sidecars
cp "$sidecars"/[ab].yaml .
expect_rc 0 dbb-describe --write-sidecar a.yaml b.yaml
cmp a.json "$sidecars/a.json" || fail "a.json is not upstream's"
cmp b.json "$sidecars/b.json" || fail "b.json is not upstream's"

# A sidecar gives the line that its file gives.
raw=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
cp "$raw" raw.fits
dbb-describe --write-sidecar raw.fits | jq -c 'select(.uri) | del(.describe)' > fresh
expect_rc 0 dbb-describe raw.fits
expect_eq "$(jq -c 'select(.uri) | del(.describe)' "$OUT")" "$(cat fresh)" "line from the sidecar"
expect_eq "$(jq -r 'select(.uri).describe.from' "$OUT")" "$PWD/raw.json"
# … without opening the file
# Leaks can't be looked for in a traced process.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace -e trace=openat dbb-describe raw.fits > from_sidecar
expect_no_match trace 'raw\.fits'
expect_match trace 'raw\.json'
expect_rc 0 dbb-describe --no-sidecars raw.fits
expect_eq "$(jq -r 'select(.uri).describe.from' "$OUT")" null
# Names of compressed files lose both extensions, others the last one.
cp "$raw" x.y.fits.fz
cp "$raw" x.y.fits
expect_rc 0 dbb-describe --write-sidecar x.y.fits.fz x.y.fits
expect_eq "$(echo x.*json)" x.y.json "names of sidecars"
rm x.y.*

# A raw header in a sidecar is corrected and translated; NaN may stand bare in it.
header=lsstCam-MC_O_20250422_000250_R01_S01
dbb-describe "$DBB_TEST_DATA/headers/$header.yaml" | jq -c 'select(.uri) | [.data_id, .records]' > expected
printf "%2880s" "" > h.fits
python_like() { # keywords and values of the dump, as json.dumps would write them
  sed -nE "s/^([A-Z0-9_-]+): (.*)$/\1\t\2/p" "$DBB_TEST_DATA/headers/$header.yaml" |
    jq -Rs '[split("\n")[] | select(. != "") | split("\t") | {key: .[0], value: (.[1] as $v | ($v | fromjson?) // ($v | ltrimstr("\u0027") | rtrimstr("\u0027")))}] | from_entries'
}
python_like | jq -c '. + {"__CONTENT__": "metadata"}' | sed 's/"FOCUSZ":[^,]*/"FOCUSZ":NaN/' > h.json
expect_match h.json NaN
expect_rc 0 dbb-describe h.fits
expect_eq "$(jq -c 'select(.uri) | [.data_id, .records]' "$OUT")" "$(cat expected)" "records from a raw header in a sidecar"

# Content that it does not tell is guessed: two properties make it translated, unless it proves to be none.
jq -c 'del(.__CONTENT__)' raw.json > t && mv t raw.json
expect_rc 0 dbb-describe raw.fits
expect_eq "$(jq -c 'select(.uri) | del(.describe)' "$OUT")" "$(cat fresh)" "line from a guess"

# Old sidecars lack counters of the group and do not say that content is real.
jq -c 'del(.group_counter_start, .group_counter_end, .has_simulated_content)' raw.json > t && mv t raw.json
expect_rc 0 dbb-describe raw.fits
expect_eq "$(jq -c 'select(.uri).records.exposure | [.seq_start == .seq_num, .seq_end == .seq_num, .has_simulated]' "$OUT")" '[true,true,false]'

# What can't be read is passed over, and said.
for text in 'nothing' '[1]' '{"somebody":"else"}' '{}' '{"__CONTENT__":"secret"}' '{"__CONTENT__":"translated","colour":1}' \
  '{"__CONTENT__":"translated","exposure_id":"3"}'; do
  echo "$text" > raw.json
  expect_rc 0 dbb-describe raw.fits
  expect_eq "$(jq -c 'select(.uri) | del(.describe)' "$OUT")" "$(cat fresh)" "line in spite of $text"
  expect_eq "$(jq -r 'select(.uri).describe.warnings[0]' "$OUT" | cut -c 1-24)" 'the sidecar was not used' "$text"
done
mkdir other && mv raw.json other/
mkdir raw.json
expect_rc 0 dbb-describe raw.fits
rmdir raw.json
# A header dump has none: what stands beside it may be another one.
cp "$DBB_TEST_DATA/headers/$header.yaml" dump.yaml
cp a.json dump.json
expect_rc 0 dbb-describe dump.yaml
expect_eq "$(jq -r 'select(.uri) | .instrument + " " + (.describe.from // "itself")' "$OUT")" 'LSSTCam itself'

# A property that is needed and null is no reason to look elsewhere.
jq -c 'del(.physical_filter)' a.json > t && mv t a.json
cp "$raw" a.fits && rm a.yaml
expect_rc 1 dbb-describe --rejects rejects a.fits
expect_eq "$(jq -r '.error.code' rejects)" MISSING_PROPERTY
expect_match rejects 'physical_filter: it is required and not there .from .*/a.json'

# The file must be there and be the one that was scanned; that it has no bytes is said.
cp "$sidecars/b.json" gone.json
expect_rc 1 dbb-describe --rejects gone gone.fits
: > gone.fits
touch -d '1 hour ago' gone.fits
echo "{\"type\":\"file\",\"uri\":\"$PWD/gone.fits\"}" | expect_rc 0 dbb-describe
expect_eq "$(jq -c 'select(.uri).describe.warnings' "$OUT")" '["the file is empty"]'
echo 1 > gone.fits
echo "{\"type\":\"file\",\"uri\":\"$PWD/gone.fits\",\"size\":77}" | expect_rc 1 dbb-describe --rejects changed
expect_eq "$(jq -r .error.code changed)" CHANGED
# A guider's file is one, whatever stands beside it.
cp "$raw" MC_O_20251121_000156_R00_SG0_guider.fits
cp "$sidecars/b.json" MC_O_20251121_000156_R00_SG0_guider.json
expect_rc 1 dbb-describe --rejects guider MC_O_20251121_000156_R00_SG0_guider.fits
expect_eq "$(jq -r .error.code guider)" GUIDER_FILE

# A sidecar is written again, but nobody else's file is.
cp "$raw" mine.fits
echo '{"precious": true}' > mine.json
remember mine.json
expect_rc 1 dbb-describe --write-sidecar --rejects mine mine.fits
expect_eq "$(jq -r .error.code mine)" DESTINATION_EXISTS
expect_unchanged mine.json
rm mine.json
expect_rc 0 dbb-describe --write-sidecar mine.fits
expect_rc 0 dbb-describe --write-sidecar mine.fits
# Nor is a raw header, an index, or the file itself.
cp "$DBB_TEST_DATA/raw/guider/MC_C_20240918_000013_R42_S11.json" header.json
cp "$raw" header.fits
mkdir index && cp "$raw" index/_index.fits && cp "$raw" index/b.fits
dbb-describe --write-index index/b.fits > out
remember header.json index
expect_rc 1 dbb-describe --write-sidecar header.fits
expect_rc 1 dbb-describe --write-sidecar header.json
expect_rc 1 dbb-describe --write-sidecar index/_index.fits
expect_unchanged header.json index
# A file that is refused gets no sidecar.
cp "$DBB_EXAMPLES/damaged/truncated-header.fits" bad.fits
expect_rc 1 dbb-describe --write-sidecar bad.fits
[ ! -e bad.json ] || fail "a refused file got a sidecar"
