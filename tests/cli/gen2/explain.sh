#!/bin/bash
# --explain tells how a path is understood, whether or not the file is there.
. "$DBB_CLI_LIB"

gen2=$DBB_TEST_DATA/gen2/latiss
expect_rc 0 dbb-gen2-scan "$gen2" --explain raw/2018-09-20/3018092000065-det000.fits
expect_match "$OUT" '^  dataset type: raw$'
expect_match "$OUT" '^  template: raw/%\(dayObs\)s/%\(expId\)013d-det%\(detector\)03d.fits$'
expect_match "$OUT" '^  Gen2 data ID: \{"dayObs":"2018-09-20","expId":3018092000065,"detector":0\}$'
expect_rc 0 dbb-gen2-scan "$gen2" --explain CALIB/bias/2018-09-21/bias-det000_2018-09-22.fits
expect_match "$OUT" '^  repository: calib in '
expect_match "$OUT" '^  the file is not there$'
expect_match "$OUT" '^  dataset type: none \(unrecognised\)$'
expect_match "$OUT" '^  nearest template: bias/%\(calibDate\)s/bias-det'
expect_match "$OUT" '^  differs at: bias-det000_2018-09-22.fits$'
expect_rc 2 dbb-gen2-scan "$gen2" --explain /elsewhere/x.fits
expect_match "$ERR" 'is not below'
