#!/bin/bash
# Instruments with their detectors and filters: new, there already, changed, unknown.
. "$DBB_CLI_LIB"

outcomes() { jq -r 'select(.register) | [.name, .register.outcome] | join(" ")' "$OUT"; }

dbb-repo create repo
expect_rc 0 dbb-repo register-instrument -n repo LATISS LSSTCam
expect_eq "$(outcomes)" $'LATISS planned\nLSSTCam planned'
expect_eq "$(sql repo 'SELECT count(*) FROM instrument')" 0
expect_rc 0 dbb-repo register-instrument repo LATISS LSSTCam
expect_eq "$(outcomes)" $'LATISS done\nLSSTCam done'
expect_eq "$(jq -c 'select(.name == "LSSTCam") | [.type, .element, .detectors]' "$OUT")" '["dimension","instrument",205]'
expect_eq "$(sql repo 'SELECT count(*) FROM detector')" 206
expect_eq "$(sql repo 'SELECT count(*) FROM visit_skypix_overlap_summary')" 2
remember repo
expect_rc 0 dbb-repo register-instrument repo LSSTCam LATISS
expect_eq "$(outcomes)" $'LSSTCam existing\nLATISS existing'
expect_unchanged repo
# Values that differ are a conflict with what they are; others are not held up by it.
sqlite3 repo/gen3.sqlite3 "UPDATE physical_filter SET band='x' WHERE instrument='LATISS' AND name='empty~empty'"
remember repo
expect_rc 1 dbb-repo register-instrument -n repo LATISS
expect_match "$ERR" 'band is "x" there'
expect_rc 0 dbb-repo register-instrument -n --update repo LATISS LSSTComCam LSSTCam
expect_eq "$(outcomes)" $'LATISS planned\nLSSTComCam planned\nLSSTCam existing'
# A dry run needs no right to write, waits for no writer, and opens nothing for writing.
traced() { ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 strace -f -o trace -e trace=openat "$@"; }
sqlite3 repo/gen3.sqlite3 'BEGIN IMMEDIATE' '.shell touch locked; until [ -e dry ]; do sleep 0.05; done' ROLLBACK &
until [ -e locked ]; do sleep 0.05; done
expect_rc 0 traced dbb-repo register-instrument -n --update repo LATISS
touch dry
wait
expect_match trace 'gen3.sqlite3"'
expect_no_match trace 'repo/.*(O_RDWR|O_WRONLY|O_CREAT)'
expect_unchanged repo
expect_rc 1 dbb-repo register-instrument repo LATISS LSSTComCam
expect_eq "$(outcomes)" 'LSSTComCam done'
expect_rc 0 dbb-repo register-instrument --update repo LATISS
expect_eq "$(outcomes)" 'LATISS updated'
expect_rc 0 dbb-repo check repo
# Names that nobody knows: before anything is written.
remember repo
expect_rc 2 dbb-repo register-instrument repo LSSTComCamSim LATTIS
expect_match "$ERR" 'did you mean LATISS'
expect_rc 2 dbb-repo register-instrument repo
expect_rc 4 dbb-repo register-instrument nowhere LATISS
expect_unchanged repo
