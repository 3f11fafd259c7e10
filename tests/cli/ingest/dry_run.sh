#!/bin/bash
# A dry run checks everything and writes nothing, even where nothing can be written.
. "$DBB_CLI_LIB"

make_repo repo
expect_rc 0 dbb-ingest --repo repo -t copy "$DBB_EXAMPLES/LATISS"
remember repo
export before; before=$(find repo | sort)
dbb-scan "$DBB_EXAMPLES"/L* | dbb-describe > lines
bad=$(described latiss-AT_O_20230321_000053.yaml '.physical_filter="nope" | .records.exposure.physical_filter="nope"')
expect_rc 1 dbb-ingest --repo repo -t copy -n --rejects rejects < <(cat lines; echo "$bad")
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 1 existing; 4 planned;"
expect_eq "$(jq -r .error.code rejects)" FILTER_NOT_REGISTERED
expect_eq "$(find repo | sort)" "$before"
expect_unchanged repo
# Lines of a dry run are not taken for done by a real one.
cp "$OUT" planned
expect_rc 1 dbb-ingest --repo repo --rejects real < planned
expect_eq "$(jq -r .error.code real | sort | uniq -c | tr -s ' ')" " 4 DRY_RUN"
expect_rc 0 dbb-ingest --repo repo -n < planned
# With update: what would change is named.
changed=$(described latiss-2018-09-20-05700065-det000.yaml ".uri=\"$DBB_EXAMPLES/LATISS/3018092000065-det000.fits\" | .records.exposure.target_name=\"Other\"")
expect_rc 1 dbb-ingest --repo repo -n -t direct <<< "$changed"
expect_match "$ERR" 'target_name is "UNKNOWN" there and "Other" here'
expect_rc 0 dbb-ingest --repo repo -n -t direct --update-records <<< "$changed"
expect_eq "$(jq -c 'select(.ingest) | .ingest.updated.exposure' "$OUT")" '{"target_name":"UNKNOWN"}'
expect_unchanged repo
