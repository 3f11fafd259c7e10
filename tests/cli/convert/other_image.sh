#!/bin/bash
# A raw whose header tells of another image than its path and row is converted as that, unless the right file is there too.
. "$DBB_CLI_LIB"

raw=raw/2018-09-20
row() { sqlite3 gen2/registry.sqlite3 "INSERT INTO raw (dayObs, visit, detector, expId) VALUES ('2018-09-20', $1, 0, $1)"; }
stored() { jq -r 'select(.type == "gen2" and .dataset_type == "raw") | [.gen2.path[15:28], .convert.outcome, .data_id.exposure] | map(tostring) | join(" ")' "$OUT"; }
cp -r "$DBB_TEST_DATA/gen2/latiss" gen2
# It comes first, and does not take the place of the right one.
cp gen2/$raw/3018092000065-det000.fits gen2/$raw/3018092000064-det000.fits
row 3018092000064
dbb-gen2-scan gen2 --only root > plan
for mode in -n ''; do
  make_repo repo LATISS
  : > rejects
  expect_rc 1 dbb-convert --repo repo $mode --rejects rejects < plan
  expect_eq "$(stored | cut -d' ' -f1,3)" '3018092000065 3018092000065' "$mode"
  expect_eq "$(jq -r '[.gen2.path[15:28], .error.code] | join(" ")' rejects)" '3018092000064 DUPLICATE' "$mode"
  [ -z $mode ] || rm -r repo
done
# Alone it is, with a warning, and --verify sees that.
rm -r repo gen2/$raw/3018092000065-det000.fits
sqlite3 gen2/registry.sqlite3 'DELETE FROM raw WHERE expId = 3018092000065'
dbb-gen2-scan gen2 --only root > plan
make_repo repo LATISS
expect_rc 0 dbb-convert --repo repo < plan
expect_eq "$(stored)" '3018092000064 done 3018092000065'
expect_match "$OUT" 'the Gen2 registry has expId 3018092000064, the header 3018092000065'
expect_rc 0 dbb-convert --repo repo --verify < plan
expect_eq "$(jq -c 'select(.type == "difference")' "$OUT")" ''
expect_rc 0 dbb-convert --repo repo < plan
