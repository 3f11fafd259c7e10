#!/bin/bash
# A camera that nobody compiled in: its table is a data file, and every program knows it by that.
. "$DBB_CLI_LIB"

mkdir tables raw
cat > tables/TestCam.yaml << 'YAML'
instrument: {name: TestCam, class_name: my.site.TestCam, visit_system: 0, visit_max: 1000000, exposure_max: 900000, detector_max: 3}
raw: {dataset_type: raw, dimensions: [instrument, detector, exposure], storage_class: Exposure, run: TestCam/raw/all, formatter: my.site.TestCamFormatter}
recognise: [{rule: card_is, card: INSTRUME, values: [TESTCAM]}]
family: lsst
properties:
  # Numbers of its own instead of the family's, and a filter wheel whose positions have names.
  exposure_id: {rule: integer_card, cards: [RUNID]}
  science_program: {rule: first_card, cards: [CAMPAIGN], default: unknown}
---
detectors: [[0, R00_S00, S00, R00, SCIENCE, "TC-1"], [1, R00_S01, S01, R00, SCIENCE, "TC-2"], [2, R00_SG0, SG0, R00, GUIDER, "TC-3"]]
---
physical_filters: [[clear, white], [g, g]]
YAML
# A FITS file of it: FILE SLOT
fits() {
  { card 'SIMPLE  =                    T'; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'
    card "INSTRUME= 'TESTCAM '"; card "OBSID   = 'TC_O_20250101_000007'"; card "DAYOBS  = '20250101'"; card 'SEQNUM  =                    7'
    card 'RUNID   =                 4711'; card "FILTER  = 'g       '"; card "RAFTBAY = 'R00     '"; card "CCDSLOT = '$2     '"
    card 'MJD-BEG =              60677.1'; card 'EXPTIME =                 15.0'; card "IMGTYPE = 'FLAT    '"; card "CAMPAIGN= 'spring  '"; card END; } > "$1"
  pad "$1"
}
fits raw/a.fits S00
fits raw/b.fits S01

# Without the table nobody knows it.
expect_rc 1 dbb-describe --rejects rejects raw
expect_eq "$(jq -r .error.code rejects | sort -u)" UNKNOWN_INSTRUMENT
dbb-repo create repo > /dev/null
expect_rc 2 dbb-repo register-instrument repo TestCam

export DBB_INSTRUMENT_DIR=$PWD/tables
expect_rc 0 dbb-describe raw
expect_eq "$(jq -c 'select(.uri) | [.instrument, .data_id, .run, .records.exposure.science_program]' "$OUT" | head -n 1)" \
  '["TestCam",{"instrument":"TestCam","exposure":4711,"detector":0},"TestCam/raw/all","spring"]'
expect_rc 1 dbb-ingest --repo repo -t copy --rejects early raw
expect_eq "$(jq -r .error.code early | sort -u)" INSTRUMENT_NOT_REGISTERED
unset DBB_INSTRUMENT_DIR

expect_rc 0 dbb-repo register-instrument repo TestCam --instrument-dir tables
expect_eq "$(sql repo 'SELECT name, visit_max, visit_system, exposure_max, detector_max, class_name FROM instrument')" 'TestCam|1000000|0|900000|3|my.site.TestCam'
expect_eq "$(sql repo 'SELECT id, full_name, name_in_raft, raft, purpose FROM detector ORDER BY id' | paste -sd' ')" \
  '0|R00_S00|S00|R00|SCIENCE 1|R00_S01|S01|R00|SCIENCE 2|R00_SG0|SG0|R00|GUIDER'
expect_eq "$(sql repo 'SELECT name, band FROM physical_filter ORDER BY 1' | paste -sd' ')" 'clear|white g|g'
expect_rc 0 dbb-ingest --repo repo --instrument-dir tables -t copy raw
expect_eq "$(jq -r 'select(.ingest).ingest.outcome' "$OUT" | paste -sd' ')" 'done done'
expect_eq "$(sql repo "SELECT id, day_obs, physical_filter, obs_id, exposure_time, observation_type, seq_num, science_program FROM exposure")" \
  '4711|20250101|g|TC_O_20250101_000007|15.0|flat|7|spring'
expect_eq "$(sql repo "SELECT DISTINCT formatter FROM file_datastore_records")" my.site.TestCamFormatter
expect_eq "$(sql repo 'SELECT count(*) FROM dataset_location')" 2
expect_rc 0 dbb-why --repo repo --instrument-dir tables raw/a.fits
expect_match "$OUT" 'TestCam'
expect_rc 0 dbb-repo check repo
expect_rc 0 dbb-repo remove-raw -n repo --instrument-dir tables --instrument TestCam --exposure 4711
expect_rc 2 dbb-repo register-instrument repo TestCam --instrument-dir nowhere
expect_match "$ERR" 'instrument-dir'
