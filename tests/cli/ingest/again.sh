#!/bin/bash
# What is there already is said to exist and nothing changes; --no-skip-existing makes it an error.
. "$DBB_CLI_LIB"

make_repo repo
raw=$DBB_EXAMPLES/LSSTCam
expect_rc 0 dbb-ingest --repo repo -t copy "$raw"
remember repo
expect_rc 0 dbb-ingest --repo repo -t copy "$raw"
expect_eq "$(jq -c 'select(.ingest) | .ingest.outcome' "$OUT" | sort -u)" '"existing"'
expect_eq "$(jq -s 'map(select(.ingest)) | length' "$OUT")" 3
expect_rc 1 dbb-ingest --repo repo --no-skip-existing --rejects rejects "$raw"
expect_eq "$(jq -r .error.code rejects | sort -u)" ALREADY_INGESTED
expect_unchanged repo
# Registered but not stored, as after `prune-datasets --unstore`: only the file rows come back.
sqlite3 repo/gen3.sqlite3 'DELETE FROM dataset_location; DELETE FROM file_datastore_records;'
expect_rc 0 dbb-ingest --repo repo -t copy "$raw"
expect_eq "$(jq -c 'select(.ingest) | .ingest.outcome' "$OUT" | sort -u)" '"done"'
expect_eq "$(sql repo 'SELECT count(*) FROM dataset, dataset_location, file_datastore_records')" 27
