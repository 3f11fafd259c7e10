#!/bin/bash
# Of an exposure: which detectors are there, missing, or failed.
. "$DBB_CLI_LIB"

make_repo repo
cp -r "$DBB_EXAMPLES" raw
dbb-ingest --repo repo -t copy raw/LSSTCam raw/LATISS > /dev/null
remember repo
counts() { jq -c 'select(.detectors) | [.outcome, .detectors.total, .detectors.there, .detectors.missing, .detectors.failed]' "$OUT"; }

# Complete.
expect_rc 0 dbb-why --repo repo AT_C_20180920_000065
expect_match "$OUT" '^AT_C_20180920_000065: exposure 3018092000065 of LATISS, unknown, filter unknown~unknown, in LATISS/raw/all$'
expect_match "$OUT" '^  \[ok\]     there      1  RXX_S00$'
expect_rc 0 dbb-why --repo repo --json LATISS/3018092000065
expect_eq "$(counts)" '["complete",1,1,0,0]'
expect_eq "$(jq -r 'select(.detectors) | .obs_id' "$OUT")" AT_C_20180920_000065

# Two of a camera's detectors; guiders are none that an ingest of raws waits for.
expect_rc 3 dbb-why --repo repo MC_C_20190319_000001
expect_match "$OUT" '^  science: 2 of 189$'
expect_match "$OUT" '^  \[ok\]     there      2  R10_S02, R22_S21$'
expect_match "$OUT" '^  \[-\]      missing    187  R01_S00\.\.R10_S01, R10_S10\.\.R22_S20, R22_S22\.\.R43_S22$'
expect_match "$OUT" '^  wavefront: 0 of 8$'
expect_match "$OUT" '^  guider: 0 of 8 '
expect_rc 3 dbb-why --repo repo --json MC_C_20190319_000001
expect_eq "$(counts)" '["incomplete",197,2,195,0]'
expect_eq "$(jq -c 'select(.detectors) | .detectors.by_purpose[] | select(.purpose == "SCIENCE") | .there' "$OUT")" '["R10_S02","R22_S21"]'

# Some failed: by data ID, by obs_id in the name of the file, by the exposure's number in it.
{
  jq -nc '{type: "file", uri: "/d/x.fits", data_id: {instrument: "LSSTCam", exposure: 3019031900001, detector: 1},
    error: {code: "FILTER_NOT_REGISTERED", stage: "register", message: "unknown filter", retry: true}}'
  # By now it is there.
  jq -nc '{type: "file", uri: "/d/y.fits", data_id: {instrument: "LSSTCam", exposure: 3019031900001, detector: 29},
    error: {code: "FILTER_NOT_REGISTERED", stage: "register", message: "unknown filter", retry: true}}'
  jq -nc '{type: "file", uri: "/d/MC_C_20190319_000001_R22_S22.fits", error: {code: "NOT_FITS", stage: "read", message: "no FITS", retry: false}}'
  echo 'no reject at all MC_C_20190319_000001'
} > first
{
  jq -nc '{type: "file", uri: "/d/LSSTCam/3019031900001-R01-S02-det002.fits", error: {code: "EMPTY_FILE", stage: "read", message: "empty", retry: true}}'
  # Others: another camera's exposure of the same number, another exposure, a longer number.
  jq -nc '{type: "file", uri: "/d/LATISS/3019031900001-det003.fits", error: {code: "EMPTY_FILE", stage: "read", message: "empty", retry: true}}'
  jq -nc '{type: "file", uri: "/d/MC_C_20190319_000002_R22_S20.fits", error: {code: "EMPTY_FILE", stage: "read", message: "empty", retry: true}}'
  jq -nc '{type: "file", uri: "/d/13019031900001-R22-S19.fits", error: {code: "EMPTY_FILE", stage: "read", message: "empty", retry: true}}'
  jq -nc '{type: "file", uri: "/d/z.fits", data_id: {instrument: "LSSTCam", exposure: 3019031900002, detector: 5},
    error: {code: "FILTER_NOT_REGISTERED", stage: "register", message: "unknown filter", retry: true}}'
} > second
for subject in MC_C_20190319_000001 LSSTCam/3019031900001; do
  expect_rc 1 dbb-why --repo repo --json "$subject" --rejects first --rejects second
  expect_eq "$(counts)" '["failed",197,2,192,3]'
  expect_eq "$(jq -r 'select(.detectors) | .detectors.failures[] | .detector + " " + .error.code' "$OUT" | sort | tr '\n' ';')" \
    'R01_S01 FILTER_NOT_REGISTERED;R01_S02 EMPTY_FILE;R22_S22 NOT_FITS;'
done
expect_rc 1 dbb-why --repo repo MC_C_20190319_000001 --rejects first --rejects second
expect_match "$OUT" '^  \[FAILED\] failed     3  R01_S01, R01_S02, R22_S22$'
expect_match "$OUT" '^      file +/d/MC_C_20190319_000001_R22_S22.fits$'
expect_rc 2 dbb-why --repo repo MC_C_20190319_000001 --rejects nowhere
expect_empty "$OUT"

# An exposure that never came: its camera is known by its rejects, or by exposures that begin alike.
expect_rc 3 dbb-why --repo repo --json MC_C_20190319_000009
expect_eq "$(counts)" '["incomplete",197,0,197,0]'
expect_eq "$(jq -r 'select(.detectors) | .instrument + " " + (.registered | tostring)' "$OUT")" 'LSSTCam false'
expect_rc 3 dbb-why --repo repo --json CC_C_20190530_000001
expect_eq "$(counts)" '["unknown",0,0,0,0]'
jq -nc '{type: "file", uri: "/d/x.fits", instrument: "LSSTComCam", data_id: {instrument: "LSSTComCam", exposure: 3019053000001, detector: 4},
  records: {exposure: {obs_id: "CC_C_20190530_000001"}}, error: {code: "VALUE_EMPTY", stage: "register", message: "empty", retry: false}}' > rejects
expect_rc 1 dbb-why --repo repo --json CC_C_20190530_000001 --rejects rejects
expect_eq "$(counts)" '["failed",9,0,8,1]'
# Real rejects, of a real file.
expect_rc 1 dbb-ingest --repo repo --rejects real "$DBB_TEST_DATA/headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml"
expect_rc 1 dbb-why --repo repo --json MC_O_20250422_000250 --rejects real
expect_eq "$(jq -r 'select(.detectors) | .detectors.failures[0].detector' "$OUT")" R01_S01
# Files that are gone do not count as there.
rm "$(find repo -name 'raw_*R10_S02*')"
expect_rc 3 dbb-why --repo repo MC_C_20190319_000001
expect_match "$OUT" '^  \[FAILED\] gone +1  R10_S02$'

# Mistakes.
expect_rc 2 dbb-why MC_C_20190319_000001
expect_match "$ERR" 'give --repo REPO'
expect_rc 3 dbb-why --repo repo LSSTCm/3019031900001
expect_match "$OUT" 'did you mean LSSTCam\?'
