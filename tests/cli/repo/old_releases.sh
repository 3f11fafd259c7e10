#!/bin/bash
# Repositories of old releases are added to in the form that they have: columns of their universe, dates of their
# datasets manager. Numbers of groups are compared with those of upstream's translators.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

receipts() { jq -r 'select(.ingest) | .ingest.outcome' "$OUT" | sort | uniq -c | sed 's/^ *//'; }
headers=(latiss-AT_O_20230321_000053 latiss-AT_O_20190306_000014)
for header in "${headers[@]}"; do described "$header".yaml; done > lines
[ "$(wc -l < lines)" = 2 ]

for name in universe0 latiss universe7 universe8; do
  load_repo $name $name
  # Filters that came later.
  jq -r .physical_filter lines | while read -r filter; do
    sqlite3 $name/gen3.sqlite3 "INSERT INTO physical_filter VALUES ('LATISS', '$filter', 'x') ON CONFLICT DO NOTHING"
  done
  remember $name
  expect_rc 0 dbb-ingest --repo $name -t direct -n < lines
  expect_eq "$(receipts)" '2 planned' $name
  expect_unchanged $name
  expect_rc 0 dbb-ingest --repo $name -t direct < lines
  expect_eq "$(receipts)" '2 done' $name
  expect_rc 0 dbb-repo check $name
  remember $name
  expect_rc 0 dbb-ingest --repo $name -t direct < lines
  expect_eq "$(receipts)" '2 existing' $name
  expect_unchanged $name
done

for header in "${headers[@]}"; do
  expected=$DBB_TEST_DATA/expected/$header.json
  id=$(jq .ingest.exposure_record.id "$expected")
  # What only the old form has.
  for name in universe0 latiss; do
    expect_eq "$(sql $name "SELECT group_name, group_id, day_obs, obs_id FROM exposure WHERE instrument='LATISS' AND id=$id")" \
      "$(jq -r '[.ingest.exposure_record.group, (first(.. | .visit_id? // empty)), .ingest.exposure_record.day_obs,
        .ingest.exposure_record.obs_id] | map(tostring) | join("|")' "$expected")" $name
  done
  # What all forms have is the same in all.
  columns=physical_filter,obs_id,exposure_time,dark_time,observation_type,observation_reason,day_obs,seq_num,target_name
  columns+=,science_program,tracking_ra,tracking_dec,sky_angle,zenith_angle,timespan_begin,timespan_end
  for name in universe0 latiss universe7; do
    expect_eq "$(sql $name "SELECT $columns FROM exposure WHERE instrument='LATISS' AND id=$id")" \
      "$(sql universe8 "SELECT $columns FROM exposure WHERE instrument='LATISS' AND id=$id")" $name
  done
done
# Dates of ingest: text in UTC before, TAI nanoseconds now.
expect_eq "$(sql latiss "SELECT count(*) FROM dataset WHERE ingest_date GLOB '202[2-9]-*-* *:*:*'")" 7
expect_eq "$(sql universe8 "SELECT count(DISTINCT typeof(ingest_date)) FROM dataset")" 1

# The raws of 2022 are recognised, to the last bit of their records.
cp -r "$DBB_EXAMPLES/LATISS" "$DBB_EXAMPLES/LSSTCam" .
load_repo lsstCam lsstCam
for name in latiss lsstCam; do
  sql $name "SELECT path FROM file_datastore_records WHERE path LIKE 'raw/%'" | while read -r path; do
    cp -f "$DBB_EXAMPLES"/*/"${path##*/}" "$name/$path" 2> /dev/null || true
  done
done
expect_rc 0 dbb-ingest --repo latiss LATISS
expect_eq "$(receipts)" '1 existing'
expect_rc 0 dbb-ingest --repo lsstCam LSSTCam
expect_eq "$(receipts)" '3 existing'
# An exposure is removed from a repository without groups too.
expect_rc 0 dbb-repo remove-raw latiss AT_O_20230321_000053
expect_eq "$(jq -r 'select(.remove) | [.type, .element] | join(" ")' "$OUT")" $'dataset \ndimension exposure'
expect_rc 0 dbb-repo check latiss

# A major version that is not known is refused, in words.
sqlite3 universe0/gen3.sqlite3 "UPDATE butler_attributes SET value='3.0.0' WHERE name LIKE 'version:%ByDimensions%'"
remember universe0
expect_rc 5 dbb-ingest --repo universe0 -t direct < lines
expect_match "$ERR" 'manager of datasets has version 3\.0\.0; dbb can write 1\.0\.x or 2\.0\.x'
expect_rc 5 dbb-repo check universe0
expect_unchanged universe0
