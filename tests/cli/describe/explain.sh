#!/bin/bash
# --explain names for each property the cards, the rule and the branch that decided.
. "$DBB_CLI_LIB"

header=$DBB_TEST_DATA/headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml
expect_rc 0 dbb-describe --explain "$header"
jq 'select(.uri) | .explain' "$OUT" > explain
expect_eq "$(jq -c '.corrections' explain)" \
  '[{"card":"ROTPA","old":318.6291409919304,"new":138.6291409919304,"by":"fix rotator_off_by_180"}]'
expect_eq "$(jq -c '.properties.datetime_begin | [.value, .rule, .because, .cards]' explain)" \
  '["2025-04-23T04:07:10.702699721","first_date","card MJD-BEG, read as TAI",{"MJD-BEG":60788.17165165162}]'
expect_eq "$(jq -c '.properties.detector_num | [.value, .properties]' explain)" '[1,["detector_group","detector_name"]]'
# Every property that ingest uses is there.
expect_eq "$(jq '[.properties | has("visit_id", "can_see_sky", "tracking_radec", "observing_day_offset")] | all' explain)" true
# Without the option there is no such key, and all else is the same.
jq -c 'del(.explain)' "$OUT" > with
expect_rc 0 dbb-describe "$header"
jq -c . "$OUT" | diff with - || fail "--explain changed the description"
