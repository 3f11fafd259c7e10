#!/bin/bash
# A configuration of several files, and defaults of the site: files go where the real client would put them.
. "$DBB_CLI_LIB"

line=$(described lsstCam-MC_O_20250422_000250_R01_S01.yaml)
make_repo repo LSSTCam
mkdir -p repo/site site/datastores
cat > repo/butler.yaml <<< 'includeConfigs: site/base.yaml
datastore: {templates: !include site/templates.yaml}'
echo 'datastore: {root: <butlerRoot>, records: {table: file_datastore_records}}' > repo/site/base.yaml
echo "raw: 'shelf/{run}/{exposure.obs_id}_{detector.full_name}'" > repo/site/templates.yaml
echo "checksum: true" > site/datastores/fileDatastore.yaml
DAF_BUTLER_CONFIG_PATH=$PWD/site expect_rc 0 dbb-ingest -n --repo repo -t copy <<< "$line"
DAF_BUTLER_CONFIG_PATH=$PWD/site expect_rc 0 dbb-ingest --repo repo -t copy <<< "$line"
expect_eq "$(cd repo && echo shelf/*)" 'shelf/LSSTCam_raw_all'
expect_eq "$(sql repo "SELECT path, length(checksum) FROM file_datastore_records")" \
  'shelf/LSSTCam_raw_all/MC_O_20250422_000250_R01_S01.fits|128'
# The files that are included are the repository's own.
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r .type "$OUT")" end
# What may not be included stops every program, which says the file and the key.
echo 'name: Elsewhere' > elsewhere.yaml
echo 'datastore: !include ../elsewhere.yaml' > repo/butler.yaml
remember repo
for program in 'dbb-ingest --repo repo' 'dbb-visits --repo repo' 'dbb-repo show repo collections' \
  'dbb-repo check repo' 'dbb-repo register-instrument repo LATISS' 'dbb-repo remove-raw repo MC_O_20250422_000250'; do
  # shellcheck disable=SC2086  # several words
  expect_rc 5 $program <<< "$line"
  expect_match "$ERR" 'butler\.yaml": datastore includes "\.\./elsewhere\.yaml", which is ".*/elsewhere\.yaml", neither below'
  expect_match "$ERR" "DAF_BUTLER_CONFIG_PATH=$PWD"
done
expect_unchanged repo
DAF_BUTLER_CONFIG_PATH=$PWD expect_rc 0 dbb-repo show repo collections
