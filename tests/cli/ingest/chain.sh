#!/bin/bash
# The chain of programs and the single program give the same rows, also with jq -c between every two.
. "$DBB_CLI_LIB"

dump() { # everything but ids of rows and times of ingest
  for table in instrument detector physical_filter group day_obs exposure dataset_tags_00000001 dataset_location \
    file_datastore_records collection run collection_summary_dataset_type collection_summary_instrument; do
    sql "$1" "SELECT '$table', * FROM \"$table\" " | sort | sed "s|$PWD/$1|REPO|g"
  done
}
for repo in plain jq paths; do make_repo $repo; done
raw=("$DBB_EXAMPLES"/LSSTCam "$DBB_EXAMPLES"/LSSTComCam "$DBB_EXAMPLES"/LATISS)
dbb-scan "${raw[@]}" | dbb-describe -j2 | dbb-ingest --repo plain > plain.out
dbb-scan "${raw[@]}" | jq -c . | dbb-describe | jq -c . | dbb-ingest --repo jq | jq -c . > jq.out
expect_rc 0 dbb-ingest --repo paths -j2 "${raw[@]}"
dump plain > want
[ "$(grep -c '^file_datastore_records' want)" = 5 ] || fail "not all files arrived"
dump jq | diff want - || fail "jq in between changed rows"
dump paths | diff want - || fail "dbb-ingest with paths gave other rows"
expect_eq "$(jq -c 'select(.ingest) | .ingest.outcome' plain.out | sort | uniq -c | tr -s ' ')" ' 5 "done"'
expect_eq "$(tail -n 3 plain.out | jq -r .program | tr '\n' ' ')" "dbb-scan dbb-describe dbb-ingest "
# UUIDs follow from the data ID: the vector was made with the Python Butler.
expect_eq "$(jq -r 'select(.data_id.exposure==3019031900001 and .data_id.detector==29) | .id' plain.out)" \
  7bb5ebb2-2bd9-5364-9069-5f545397e1cc
