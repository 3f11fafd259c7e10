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
# Nights, as counted by hand in tests/data/gen3: sequence numbers with gaps, several dataset types.
expect_rc 0 dbb-repo show repo nights
expect_eq "$(jq -c 'select(.type == "night") | [.instrument, .day_obs, .exposures, .first_seq_num, .last_seq_num, .observation_types]' "$OUT")" \
'["LATISS",20240101,4,1,5,{"science":4}]
["LATISS",20240102,4,7,11,{"science":4}]
["LSSTComCam",20240101,2,0,3,{"science":2}]
["LSSTComCam",20240102,2,6,9,{"science":2}]'
expect_eq "$(jq -s 'map(.datasets.raw? // 0) | add' "$OUT")" "$(sql repo "SELECT count(*) FROM dataset JOIN dataset_type AS t
  ON t.id = dataset_type_id WHERE t.name = 'raw'")"
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-repo"}'
expect_rc 0 dbb-repo show repo nights --format table --where "instrument = 'LATISS' AND seq_num < 5"
expect_match "$OUT" '^instrument  day_obs   exposures  seq_num  observation types  datasets$'
expect_match "$OUT" '^LATISS      20240101  3          1 .. 4   science 3          .*raw [0-9]+'
expect_eq "$(wc -l < "$OUT")" 2
expect_rc 0 dbb-repo show old nights
expect_eq "$(jq -c 'select(.instrument) | [.instrument, .day_obs, .exposures, .datasets.raw]' "$OUT")" '["LATISS",20180920,1,1]'
# Mistakes.
expect_rc 2 dbb-repo show repo colections
expect_match "$ERR" 'did you mean collections'
expect_rc 2 dbb-repo show repo records exposures
expect_match "$ERR" 'did you mean exposure'
expect_rc 2 dbb-repo show repo datasets --where 'exposure = '
expect_rc 2 dbb-repo show repo datasets --where "type'); DROP TABLE dataset; --"
expect_rc 4 dbb-repo show nowhere collections
expect_unchanged repo old
# A table is no wider than its terminal, which may say so itself; in a pipe it is whole.
make_repo narrow LATISS
filters='dbb-repo show narrow records physical_filter'
widest() { awk '{ gsub(/…/, "."); if (length($0) > n) n = length($0) } END { print n }' "$1"; }
for columns in 'stty cols 24;' 'COLUMNS=24' 'stty cols 60; COLUMNS=24'; do
  script -qec "$columns $filters" /dev/null < /dev/null | tr -d '\r' > table
  expect_eq "$(widest table)" 24 "$columns"
  expect_match table '…$'
done
COLUMNS=24 expect_rc 0 dbb-repo show narrow records physical_filter --format table
expect_no_match "$OUT" '…'
