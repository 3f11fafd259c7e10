#!/bin/bash
# What people read at the end of a scan: options that nothing met, and why the status is not 0.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/gen2/_hsc.bash"

hsc_repository gen2
warned() { # REGEX OPTION...    exactly one warning, and no line of a dataset
  local regex=$1
  shift
  expect_rc 0 dbb-gen2-scan gen2 "$@"
  expect_match "$ERR" "$regex"
  expect_eq "$(grep -vc '^  hint:' "$ERR")" 1 "warnings of $*"
  expect_eq "$(grep -c '"type":"gen2"' "$OUT" || true)" 0 "lines of $*"
}
warned '^dbb-gen2-scan: --dataset-type: nothing is of the type "nosuch"$' --dataset-type nosuch
expect_no_match "$ERR" hint
warned '--dataset-type: nothing is of the type "CALEXP"$' --dataset-type CALEXP
expect_match "$ERR" '^  hint: did you mean calexp\?$'
warned 'nothing is of the type "calxep"$' --dataset-type calxep
expect_match "$ERR" '^  hint: did you mean calexp\?$'
warned 'nothing is of the type "calexpBackground"$' --dataset-type calexpBackground # which there is, but not here
expect_no_match "$ERR" hint
warned '--where: of 13 datasets none meets "visit = 3"$' --where 'visit = 3'
warned '--where: of 1 dataset none meets' --where 'visit = 3' --dataset-type calexp
warned '--day-obs: of 13 datasets none is of "20010101"$' --day-obs 20010101
warned '--rerun: no rerun is named "u\*"$' --rerun 'u*'
# Of several patterns, those that met nothing.
expect_rc 0 dbb-gen2-scan gen2 --dataset-type 'cal*' --dataset-type 'sr' --dataset-type gaia_dr2
expect_eq "$(cat "$ERR")" "dbb-gen2-scan: --dataset-type: nothing is of the type \"sr\"
  hint: did you mean src?"
expect_rc 0 dbb-gen2-scan gen2
expect_empty "$ERR"

# Registries that are not there: raws and calibrations are told all the same.
mkdir aside
mv gen2/registry.sqlite3 aside
expect_rc 0 dbb-gen2-scan gen2
expect_eq "$(cat "$ERR")" "dbb-gen2-scan: \"$PWD/gen2\" has no registry.sqlite3, so raws can't be compared with it, and missing ones not be noticed"
expect_eq "$(jq -r 'select(.dataset_type == "raw") | .action + " " + .gen2.source' "$OUT" | sort -u)" 'convert tree'
mv gen2/CALIB/calibRegistry.sqlite3 aside/calib
expect_rc 0 dbb-gen2-scan gen2 --only calib
expect_match "$ERR" 'gen2/CALIB" has no calibRegistry.sqlite3, so its calibrations can.t be certified$'
mv aside/calib gen2/CALIB/calibRegistry.sqlite3
# Neither is it in a parent.
mkdir child
ln -s ../gen2 child/_parent
expect_rc 0 dbb-gen2-scan child
expect_match "$ERR" 'child" has no registry.sqlite3, nor have its parents, so raws'
mv aside/registry.sqlite3 gen2
expect_rc 0 dbb-gen2-scan child
expect_no_match "$ERR" 'registry.sqlite3'

# One sentence says why the status is not 0, terminal or not; with -q, only of errors.
put gen2/stray.txt gen2/rerun/t/{other,another}.txt
hint='  hint: dbb-gen2-scan(1) says what the reasons mean, and the notes of the lines what to do'
expect_rc 3 dbb-gen2-scan gen2
expect_eq "$(cat "$ERR")" "dbb-gen2-scan: of 16 datasets 3 must be looked at (unrecognised: 3)
$hint"
expect_rc 3 dbb-gen2-scan gen2 -q
expect_empty "$ERR"
rm gen2/BIAS/2022-07-01/00999/NONE/HSC-0999999-000.fits
expect_rc 1 dbb-gen2-scan gen2 -q
expect_eq "$(cat "$ERR")" "dbb-gen2-scan: of 16 datasets 1 can't be converted (missing_file: 1), 3 must be looked at (unrecognised: 3)
$hint"
cat > rules.yaml << 'YAML'
rules: 1
owner: nobody
include: [{id: raws, kind: permanent, reason: r, dataset_types: raw}]
YAML
expect_rc 3 dbb-gen2-scan gen2 --rules rules.yaml --only reruns
expect_match "$ERR" '^dbb-gen2-scan: of 6 datasets 6 are undecided \(no_rule: 6\)$'

# Lines that went to the wrong program.
make_repo repo LATISS
dbb-gen2-scan gen2 --dataset-type raw 2> /dev/null > lines || true
expect_rc 1 dbb-ingest --repo repo < lines
expect_match "$ERR" 'lines of type "gen2" can.t be ingested as raw files$'
expect_match "$ERR" '^  hint: lines of dbb-gen2-scan go through dbb-convert$'

# A camera that can be scanned, but not converted.
mkdir decam
echo lsst.obs.decam.DecamMapper > decam/_mapper
expect_rc 0 dbb-gen2-scan decam
expect_eq "$(grep -c '^dbb-gen2-scan: dbb has no table of the instrument DECam, so it can.t be registered and its raws can.t be converted$' "$ERR")" 1
expect_match "$ERR" '^  hint: give dbb-repo and dbb-convert a table with --instrument-dir'
# The path of its raws lacks the detector, which only a registry or the header tells.
put decam/2013-09-01/g/decam0229388.fits.fz
expect_rc 3 dbb-gen2-scan decam
expect_eq "$(jq -r 'select(.reason == "unregistered_raw") | .notes[]' "$OUT")" 'neither its path nor a registry tells its exposure and detector; dbb-ingest takes these from its header'
