#!/bin/bash
# A live ObsCore table keeps programs from writing, until they are told to leave it as it is.
. "$DBB_CLI_LIB"

line=$(described lsstCam-MC_O_20250422_000250_R01_S01.yaml)
make_repo repo LSSTCam
expect_rc 0 dbb-ingest --repo repo -t copy <<< "$line"
sqlite3 repo/gen3.sqlite3 "INSERT INTO butler_attributes VALUES
  ('config:registry.managers.obscore', 'lsst.daf.butler.registry.obscore._manager.ObsCoreLiveTableManager'),
  ('config:obscore.json', '{}'); CREATE TABLE obscore (obs_id TEXT); INSERT INTO obscore VALUES ('as it is');
  DELETE FROM collection_summary_instrument"
programs=('dbb-ingest --repo repo -t copy' 'dbb-visits --repo repo' 'dbb-repo register-instrument repo LATISS'
  'dbb-repo check --repair repo' 'dbb-repo remove-raw repo MC_O_20250422_000250 --keep-records')
remember repo
for program in "${programs[@]}"; do
  # shellcheck disable=SC2086  # several words
  expect_rc 5 $program <<< "$line"
  expect_match "$ERR" 'registry.managers.obscore keeps a live ObsCore table, which dbb would leave out of date'
  expect_match "$ERR" "hint: write nevertheless with --ignore-obscore, .*: butler obscore update-table $PWD/repo,"
done
expect_unchanged repo
# Who reads only is not concerned; dbb-why foretells what dbb-ingest would do.
for program in 'dbb-repo show repo collections' 'dbb-ingest -n --repo repo -t copy --ignore-obscore'; do
  # shellcheck disable=SC2086
  expect_rc 0 $program <<< "$line"
  expect_empty "$ERR"
done
raw=$DBB_EXAMPLES/LSSTCam
expect_rc 5 dbb-why --repo repo "$raw/3019031900001-R10-S02-det029.fits"
expect_match "$OUT" '--ignore-obscore'
expect_rc 0 dbb-why --repo repo --ignore-obscore "$raw/3019031900001-R10-S02-det029.fits"
expect_unchanged repo

for program in "${programs[@]}"; do
  # shellcheck disable=SC2086
  expect_rc 0 $program --ignore-obscore <<< "$line"
  expect_eq "$(grep -c 'the live ObsCore table of .* is left as it is' "$ERR")" 1 "warnings of $program"
  expect_match "$ERR" "hint: bring it up to date when this is done: butler obscore update-table $PWD/repo,"
  expect_eq "$(sql repo 'SELECT * FROM obscore')" 'as it is'
done
expect_eq "$(sql repo 'SELECT (SELECT count(*) FROM dataset), group_concat(name) FROM instrument')" '0|LATISS,LSSTCam'
