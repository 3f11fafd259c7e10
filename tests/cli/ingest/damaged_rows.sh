#!/bin/bash
# A dataset of which some rows are lost is neither ingested nor missing: nothing is promised, and dbb-why says the same.
. "$DBB_CLI_LIB"

make_repo start LATISS
file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
expect_rc 0 dbb-ingest --repo start -t copy "$file"
n=0
lost() { # PATTERN STATEMENT
  n=$((n + 1))
  cp -r start repo$n
  sqlite3 repo$n/gen3.sqlite3 "PRAGMA foreign_keys=OFF; $2"
  sqlite3 repo$n/gen3.sqlite3 .dump > before
  for options in '' -n; do
    # shellcheck disable=SC2086  # none or one
    expect_rc 5 dbb-ingest --repo repo$n -t copy $options "$file"
    expect_match "$ERR" "$1"
    expect_match "$ERR" 'dbb-repo check'
    expect_eq "$(grep -c '"outcome"' "$OUT")" 0
  done
  expect_rc 5 dbb-why --repo repo$n -t copy "$file"
  expect_match "$OUT" REPO_DAMAGED
  sqlite3 repo$n/gen3.sqlite3 .dump | cmp - before || fail "something was written: $2"
  expect_rc 5 dbb-repo check repo$n
}
lost 'has no row in dataset_tags_00000001' 'DELETE FROM dataset_tags_00000001'
lost 'has a file, but no row in dataset' 'DELETE FROM dataset'
lost 'has a location, but no row in file_datastore_records' 'DELETE FROM file_datastore_records'
lost 'has a file, but no location in datastore' 'DELETE FROM dataset_location'
lost 'has a file, but no location in datastore' "UPDATE dataset_location SET datastore_name = 'Other'"
lost 'is a run, but has no row in run' 'DELETE FROM run'
lost 'contradicts column dataset.ingest_date' "UPDATE butler_attributes SET value='1.0.0' WHERE name LIKE 'version:%ByDimensions%'"
lost 'has dimensions .* but its table dataset_tags_00000001 has columns for' "DELETE FROM dimension_graph_definition WHERE dimension_name='exposure'"

# A repository whose table of file records was lost before anything was stored gets it back; a reader or a dry run finds
# what a writer would, and changes nothing.
make_repo empty LATISS
sqlite3 empty/gen3.sqlite3 'DROP TABLE IF EXISTS file_datastore_records'
sqlite3 empty/gen3.sqlite3 .dump > before
expect_rc 0 dbb-ingest --repo empty -t copy -n "$file"
expect_match "$OUT" '"outcome":"planned"'
expect_rc 0 dbb-why --repo empty -t copy "$file"
expect_rc 0 dbb-repo show empty datasets
sqlite3 empty/gen3.sqlite3 .dump | cmp - before || fail "something was written"
expect_rc 0 dbb-ingest --repo empty -t copy "$file"
expect_rc 0 dbb-repo check empty
