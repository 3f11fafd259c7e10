#!/bin/bash
# What a repository holds, as lines and as tables; of repositories that others made too.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

load_repo universe8 repo
load_repo latiss old
remember repo old
expect_rc 0 dbb-repo show repo collections
expect_eq "$(jq -c 'select(.name == "outer") | [.collection_type, .children]' "$OUT")" \
  '["CHAINED",["calib/run1","calib/run2","LATISS/raw/all","inner"]]'
expect_eq "$(jq -r 'select(.collection_type == "CALIBRATION") | .name' "$OUT")" $'calib\ncalib/other'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-repo"}'
expect_rc 0 dbb-repo show repo collections --where "type = 'TAGGED'"
expect_eq "$(jq -r 'select(.name) | .name' "$OUT")" $'tagged\ntagged/empty'
expect_rc 0 dbb-repo show repo dataset-types --where 'calibration = true'
expect_eq "$(jq -r 'select(.name) | .name' "$OUT")" $'bias\nflat'
expect_rc 0 dbb-repo show repo datasets --where "dataset_type = 'raw' AND instrument = 'LSSTComCam'"
expect_eq "$(jq -s 'map(select(.type == "dataset")) | length' "$OUT")" 4
expect_eq "$(jq -s 'map(select(.files | length == 0 and . != null)) | length' "$OUT")" 1 'unstored datasets'
# Columns of exposures, in a universe that has day_obs as a dimension and in one that has it as a column only.
expect_rc 0 dbb-repo show repo datasets --where "exposure.day_obs = 20240101 AND exposure.seq_num IN (3..5) AND detector = 0"
expect_eq "$(jq -r 'select(.data_id) | .data_id.exposure' "$OUT" | sort -u)" "$(sql repo 'SELECT id FROM exposure WHERE
  day_obs = 20240101 AND seq_num BETWEEN 3 AND 5 AND id IN (SELECT exposure FROM dataset_tags_00000001 WHERE detector = 0)')"
expect_rc 0 dbb-repo show old datasets --where "exposure.day_obs = 20180920 AND exposure.observation_type != 'none'"
expect_eq "$(jq -r 'select(.data_id) | .data_id.exposure' "$OUT")" 3018092000065
expect_rc 0 dbb-repo show repo records exposure --where 'seq_num IN (3..5)'
expect_eq "$(jq -r 'select(.record) | .record.id' "$OUT" | sort)" $'2024010100003\n2024010100004\n2024010100005'
expect_rc 0 dbb-repo show repo records band
expect_rc 0 dbb-repo show repo datasets --format table
expect_match "$OUT" '^dataset type +run +data id +file$'
expect_no_match "$OUT" '[{]'
expect_rc 0 dbb-repo show old datasets --where "dataset_type = 'raw'"
expect_eq "$(jq -r 'select(.id) | [.id, .ingest_date_utc] | join(" ")' "$OUT")" \
  'cfedc2bf-9e0a-5d35-b5db-71a356e436ca 2022-05-23 19:16:38'
expect_rc 0 dbb-repo show old records
# Mistakes.
expect_rc 2 dbb-repo show repo colections
expect_match "$ERR" 'did you mean collections'
expect_rc 2 dbb-repo show repo records exposures
expect_match "$ERR" 'did you mean exposure'
expect_rc 2 dbb-repo show repo datasets --where 'exposure = '
expect_rc 2 dbb-repo show repo datasets --where "type'); DROP TABLE dataset; --"
expect_rc 4 dbb-repo show nowhere collections
expect_unchanged repo old
