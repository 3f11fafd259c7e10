#!/bin/bash
# Real repositories: every file is told once, with what it will be in Gen3, and nothing in them changes.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2" gen2
# Registries that may not be written, in folders that may not be written, are no hindrance.
chmod -R a-w gen2/imsim
touch -d '2020-02-03 04:05:06 UTC' gen2/latiss/registry.sqlite3
for name in latiss lsstCam imsim; do
  remember gen2/$name
  find gen2/$name -type d -printf '%p %T@\n' | sort > before
  expect_rc 0 dbb-gen2-scan gen2/$name
  expect_empty "$ERR"
  cp "$OUT" $name.lines
  expect_unchanged gen2/$name
  find gen2/$name -type d -printf '%p %T@\n' | sort | diff before - || fail "a folder of $name was written to"
  jq -r 'select(.type == "gen2") | .uri' $name.lines | sort > told
  find "$PWD/gen2/$name" -type f | sort | diff - told || fail "not every file of $name is told once"
done

gist() { jq -c 'select(.action == "convert") | [.gen2.path, .dataset_type, .data_id, .run, .dimensions, .storage_class, .validity, .gen2.source, .reason]' "$1"; }
expect_eq "$(gist latiss.lines)" '["raw/2018-09-20/3018092000065-det000.fits","raw",{"instrument":"LATISS","detector":0,"exposure":3018092000065},"LATISS/raw/all",["instrument","detector","exposure"],"Exposure",null,"both","ok"]
["CALIB/bias/2018-09-21/bias-det000_2018-09-21.fits","bias",{"instrument":"LATISS","detector":0},"LATISS/calib/20180921T000000Z",["instrument","detector"],"ExposureF",{"begin_tai":null,"end_tai":null},"both","ok"]'
expect_eq "$(gist imsim.lines | tail -n 1)" '["CALIB/flat/i_sim_1.4/2022-08-06/flat_i_sim_1.4-R11-S20-det042_2022-08-06.fits","flat",{"instrument":"LSSTCam-imSim","detector":42,"physical_filter":"i_sim_1.4"},"LSSTCam-imSim/calib/20220806T000000Z",["instrument","detector","physical_filter"],"ExposureF",{"begin_tai":null,"end_tai":null},"both","ok"]'
expect_eq "$(jq -c 'select(.dataset_type == "bias") | .gen2.calib' latiss.lines)" '{"calib_date":"2018-09-21","valid_start":"1744-12-07","valid_end":"2292-07-05","adjust":["clamp_begin","clamp_end"]}'
# The name of the detector in the calibration registry is another one; it does not count.
expect_eq "$(jq -r 'select(.dataset_type == "bias") | .gen2.registry.detectorName' latiss.lines)" S1
expect_eq "$(jq -c 'select(.dataset_type == "eimage") | [.action, .reason, .gen2.id]' lsstCam.lines)" '["skip","no_storage_class",{"expId":4000021706001,"snap":0,"raftName":"R22","visit":4000021706001,"detectorName":"S00"}]'
expect_eq "$(jq -r 'select(.dataset_type == "raw") | .data_id.detector' lsstCam.lines | tr '\n' ' ')" '29 97 35 '
expect_eq "$(jq -c 'select(.type == "collection" and .children) | [.name, .children]' lsstCam.lines)" '["LSSTCam/defaults",["LSSTCam/raw/all","LSSTCam/calib","skymaps"]]'
expect_eq "$(tail -n 1 imsim.lines)" '{"type":"end","program":"dbb-gen2-scan"}'
