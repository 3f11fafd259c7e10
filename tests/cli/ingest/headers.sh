#!/bin/bash
# Headers that the Python task answers with an abort of the run are rejects of their exposure.
. "$DBB_CLI_LIB"

make_repo repo
headers=$DBB_TEST_DATA/headers
base=$headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml
sed -e '/^ROTPA:/d' -e 's/^IMGTYPE:.*/IMGTYPE: OBJECT/' "$base" > no_rotation.yaml
sed -e 's/^MJD-BEG:.*/MJD-BEG: 40000.5/' -e 's/^DATE-END:.*/DATE-END: "1960-01-01T00:00:00"/' "$base" > old.yaml
sed -e 's/^FILTER:.*/FILTER: g/' "$base" > filter.yaml
expect_rc 1 dbb-describe --rejects rejects no_rotation.yaml old.yaml filter.yaml "$base"
touch stand_in.fits
jq -c --arg uri "$PWD/stand_in.fits" 'select(.uri) | .uri=$uri | del(.size, .mtime)' "$OUT" > lines
expect_rc 1 dbb-ingest --repo repo -t direct --rejects rejects < lines
expect_eq "$(jq -r .error.code rejects | sort | tr '\n' ' ')" "DATE_OUT_OF_RANGE FILTER_NOT_REGISTERED NO_ROTATION "
expect_eq "$(sql repo 'SELECT obs_id FROM exposure')" MC_O_20250422_000250
# A name that is too long for a file is told as what it is, in a message of bounded length.
make_repo long LATISS
for size in 300 100000; do
  described latiss-AT_O_20191031_000004.yaml ".records.exposure.obs_id=(\"x\"*$size)" > long.line
  rm -f long.rejects
  expect_rc 1 dbb-ingest --repo long -t copy --rejects long.rejects < long.line
  expect_eq "$(jq -r .error.code long.rejects)" NAME_TOO_LONG
  expect_match long.rejects 'File name too long"'
  [ "$(wc -c < "$ERR")" -lt 11000 ] || fail 'a message without end'
done
# What lies outside the years of a registry is left open, as Python does, and said.
sed -e 's/^MJD-BEG:.*/MJD-BEG: 40000.5/' "$base" > begins_early.yaml
expect_rc 0 dbb-describe begins_early.yaml
expect_eq "$(jq -c 'select(.uri) | [.records.exposure.timespan.begin_tai, (.describe.warnings | map(select(startswith("datetime_begin"))))]' "$OUT")" \
  '[null,["datetime_begin lies outside the years 1970 to 2099 and was left open"]]'
