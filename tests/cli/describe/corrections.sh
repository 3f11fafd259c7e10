#!/bin/bash
# Correction files: embedded, of --corrections, of METADATA_CORRECTIONS_PATH, in that precedence from behind.
. "$DBB_CLI_LIB"

header=$DBB_TEST_DATA/headers/latiss-AT_O_20191118_000011.yaml
type_of() { jq -r 'select(.uri) | .records.exposure.observation_type' "$OUT"; }
file_of() { jq -r 'select(.uri) | .explain.correction_file' "$OUT"; }
expect_rc 0 dbb-describe --explain "$header"
expect_eq "$(file_of)" LATISS-AT_O_20191118_000011.yaml
before=$(type_of)
mkdir mine site
echo 'IMGTYPE: MINE' > mine/LATISS-AT_O_20191118_000011.yaml
echo 'IMGTYPE: SITE' > site/LATISS-AT_O_20191118_000011.yaml
METADATA_CORRECTIONS_PATH=nowhere:$PWD/site expect_rc 0 dbb-describe --explain "$header"
expect_eq "$(type_of)" site
METADATA_CORRECTIONS_PATH=$PWD/site expect_rc 0 dbb-describe --explain --corrections mine "$header"
expect_eq "$(type_of)" mine
expect_eq "$(file_of)" mine/LATISS-AT_O_20191118_000011.yaml
# A file that is no mapping is passed over with a warning; so is a broken one.
echo '- a list' > mine/LATISS-AT_O_20191118_000011.yaml
expect_rc 0 dbb-describe --corrections mine "$header"
expect_eq "$(type_of)" "$before"
expect_eq "$(jq -r 'select(.uri) | .describe.warnings[0]' "$OUT" | grep -c 'is no mapping and was skipped')" 1
expect_rc 2 dbb-describe --corrections no-such-folder "$header"
# An observation id that would lead out of the folder is looked up nowhere.
mkdir mine/LATISS-x
sed 's|- AT_O_20191118_000011$|- x/../../site/LATISS-AT_O_20191118_000011|' "$header" > evil.yaml
expect_rc 0 dbb-describe --corrections mine --explain evil.yaml
expect_eq "$(jq -r 'select(.uri) | .records.exposure.obs_id' "$OUT")" x/../../site/LATISS-AT_O_20191118_000011
expect_eq "$(file_of)" null
# Nor is one waited for, or read without end.
mkdir odd
mkfifo odd/LATISS-AT_O_20191118_000011.yaml
expect_rc 0 timeout 10 dbb-describe --corrections odd "$header"
expect_match "$ERR" 'correction file skipped: ".*AT_O_20191118_000011.yaml" is no regular file'
rm odd/*
truncate -s 9M odd/LATISS-AT_O_20191118_000011.yaml
expect_rc 0 dbb-describe --corrections odd "$header"
expect_match "$ERR" 'correction file skipped: ".*AT_O_20191118_000011.yaml" is longer than 8 MiB'
# A folder without any correction file is hardly the one that was meant; one with files of other exposures may be.
mkdir none other
touch none/README.yaml none/LATISS-AT_O_20191118_000011.yaml.off
expect_rc 0 dbb-describe --corrections none "$header" "$header"
expect_eq "$(grep -c 'no file in "none" is a correction' "$ERR")" 1
touch other/LSSTCam-MC_O_20250422_000250.yaml
expect_rc 0 dbb-describe --corrections other "$header"
expect_no_match "$ERR" 'is a correction'
# No correction takes CALIB_ID away, whose presence alone says that the file is no raw; so none is suggested.
{ cat "$DBB_TEST_DATA/headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml"; echo 'CALIB_ID: "detector=1"'; } > calibration.yaml
mkdir away
echo 'CALIB_ID: null' > away/LSSTCam-MC_O_20250422_000250.yaml
expect_rc 1 dbb-describe --corrections away --rejects calibration calibration.yaml
expect_eq "$(jq -r .error.code calibration)" CALIBRATION_FILE
expect_match "$ERR" 'hint: no correction makes it a raw; ingest it as the calibration that it is'
