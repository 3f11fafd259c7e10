#!/bin/bash
# A wrong instrument table is refused in one sentence that names it, by all programs, before anything is written.
. "$DBB_CLI_LIB"

make_repo repo LATISS
mkdir tables
printf '%s\n' 'INSTRUME: TESTCAM' 'OBSID: TC_O_20250101_000007' 'DAYOBS: "20250101"' 'SEQNUM: 7' 'FILTER: g' 'RAFTBAY: R00' 'CCDSLOT: S00' \
  'MJD-BEG: 60677.1' 'EXPTIME: 15.0' 'IMGTYPE: FLAT' > header.yaml
name=TestCam dimensions='[instrument, detector, exposure]' storage_class=Exposure formatter=a.B recognise='{rule: card_is, card: INSTRUME, values: [TESTCAM]}'
more='' detectors='[[0, R00_S00, S00, R00, SCIENCE, "1"]]'
table() {
  cat > tables/TestCam.yaml << YAML
instrument: {name: $name, class_name: lsst.obs.lsst.LsstCam, visit_system: 0, visit_max: 10, exposure_max: 10, detector_max: 1}
raw: {dataset_type: raw, dimensions: $dimensions, storage_class: $storage_class, run: TestCam/raw/all, formatter: $formatter}
recognise: [$recognise]
family: lsst
$more
---
detectors: $detectors
---
physical_filters: [[g, g]]
YAML
}
table
expect_rc 0 dbb-describe --instrument-dir tables header.yaml

broken() { # SETTING
  (
    eval "$1"
    table
  )
  for command in 'dbb-describe' 'dbb-ingest --repo repo -t direct' 'dbb-why --repo repo -t direct'; do
    rc=0
    # shellcheck disable=SC2086  # words of a command
    timeout 20 $command --instrument-dir tables header.yaml > "$OUT" 2> "$ERR" || rc=$?
    [ $rc = 1 ] || [ $rc = 2 ] || fail "$command ended with $rc after $1: $(cat "$ERR")"
    grep -q 'TestCam' "$OUT" "$ERR" || fail "$command does not name the table after $1: $(cat "$ERR")"
    ! grep -q 'internal error' "$OUT" "$ERR" || fail "$command after $1: $(cat "$ERR")"
  done
  expect_eq "$(sql repo 'SELECT count(*) FROM dataset_type')" 0 "$1"
}
while read -r setting; do broken "$setting"; done << 'SETTINGS'
more='properties: {datetime_begin: {rule: first_date}}'
more='properties: {datetime_begin: {rule: first_date, cards: []}}'
more='properties: {datetime_begin: {rule: first_date, cards: DATE-BEG}}'
more='properties: {datetime_begin: {rule: first_date, cards: [1]}}'
more='properties: {exposure_time: {rule: property}}'
more='properties: {datetime_end: {rule: end_date, cards: [DATE-END], scale_card: 3}}' && sed -i '$aDATE-END: "2025-01-01T12:00:00"' header.yaml
more='properties: {observing_day_offset: {rule: constant, value: 1e300}}'
more='properties: []'
dimensions='[visit, tract]'
dimensions='[instrument, detector]'
dimensions='[instrument, detector, exposure, skymap]'
dimensions='[]'
dimensions=instrument
storage_class='""'
formatter='""'
name=Other
recognise='{rule: card_is, card: INSTRUME, values: TESTCAM}'
more='formatter_by_detector: {abc: z}' formatter='x.Y, formatter_by_detector: {abc: z}'
detectors='[[0, R00_S00]]'
detectors=none
SETTINGS
more='properties: {physical_filter: {rule: joined_filters, cards: [FILTER], drop_last: ""}}' table
expect_rc 0 timeout 20 dbb-describe --instrument-dir tables header.yaml

# A table that can't be read is a matter of configuration.
rm tables/TestCam.yaml
ln -s nowhere tables/Z.yaml
expect_rc 2 dbb-describe --instrument-dir tables header.yaml
expect_match "$ERR" 'instrument-dir'
