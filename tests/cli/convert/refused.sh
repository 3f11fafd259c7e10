#!/bin/bash
# What is not converted: lines that somebody must look at, lines that lack something, lines that are wrong. The others come in,
# and the exit status says which of it was met.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
raw=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
codes() { jq -r '.error.code' rejects | sort | uniq -c | sed 's/^ *//'; }
# convert STATUS      the lines of standard input
convert() {
  local want=$1
  shift
  rm -f rejects
  expect_rc "$want" dbb-convert --repo repo --rejects rejects "$@"
}
bias() { bias_line "gen2/CALIB/$1.fits" 0 "$2" "$3" "${4:-.}"; }

# Left out by decision: passed on as it came
bias skip null null '.action = "skip" | .reason = "excluded_by_rule" | .rule = {"id": "x", "reason": "why"}' > skipped
convert 0 < skipped
expect_eq "$(head -n 1 "$OUT")" "$(cat skipped)"
# Left to somebody, and not for dbb-convert
{ bias a null null '.action = "review" | .reason = "unrecognised" | .notes = ["nearest is bias"]'; bias b null null '.action = "undecided" | .reason = "no_rule"'; } > lines
convert 3 < lines
expect_eq "$(codes)" '1 NEEDS_REVIEW
1 UNDECIDED'
expect_match "$ERR" 'a.fits.*unrecognised; nearest is bias'
{ cat lines; bias c null null '.action = "error" | .reason = "missing_file"'; bias d null null; } | convert 1
expect_eq "$(codes)" '1 NEEDS_REVIEW
1 NOT_CONVERTIBLE
1 UNDECIDED'
expect_eq "$(outcomes "$OUT")" 'bias done'

# Of those that need a skymap dbb-convert --skymap decides nothing: they are scanned again, or a rule includes them.
bias sky null null '.run = "u/sky" | .action = "review" | .reason = "needs_skymap" | del(.calibration)' > heavens
convert 3 --skymap nowhere < heavens
expect_match "$ERR" 'hint: scan again with dbb-gen2-scan --skymap NAME, or let a rule with reasons: \[needs_skymap\] include it'
echo '{rules: 1, owner: me, include: [{id: sky, kind: permanent, reason: r, paths: "**", reasons: [needs_skymap]}]}' > rules.yaml
convert 0 --rules rules.yaml < heavens
expect_eq "$(outcomes "$OUT")" 'bias done'

# A visit that is not there; an exposure that comes later, or never
calexp='{"dataset_type": "calexp", "dimensions": ["instrument", "visit", "detector"], "data_id": {"instrument": "LATISS", "visit": 3018092000065, "detector": 0}}'
src='{"dataset_type": "src", "dimensions": ["instrument", "exposure", "detector"], "data_id": {"instrument": "LATISS", "exposure": 3018092000065, "detector": 0}}'
never=$(jq -c '.data_id.exposure = 1' <<< "$src")
{ other_line gen2/rerun/calexp.fits "$calexp"; other_line gen2/rerun/src.fits "$src"; other_line gen2/rerun/never.fits "$never"; raw_line "$raw"; } > lines
convert 3 < lines
expect_eq "$(codes)" '1 NEEDS_EXPOSURE
1 NEEDS_VISIT'
expect_eq "$(outcomes "$OUT" | sort)" 'raw done
src done'
expect_eq "$(jq -c 'select(.error.code == "NEEDS_VISIT").error | [.retry, .cause.column, .cause.value]' rejects)" '[true,"visit","3018092000065"]'

# Patches need a skymap that is registered
coadd='{"dataset_type": "deepCoadd", "dimensions": ["band", "skymap", "tract", "patch"], "data_id": {"band": "r", "tract": 3}, "patch_xy": "1,2"}'
other_line gen2/rerun/coadd.fits "$coadd" | convert 3
expect_eq "$(codes)" '1 NEEDS_SKYMAP'
expect_match "$ERR" 'no skymap is registered'
other_line gen2/rerun/coadd.fits "$coadd" | convert 3 --skymap nowhere
expect_eq "$(codes)" '1 SKYMAP_NOT_REGISTERED'
sqlite3 repo/gen3.sqlite3 "INSERT INTO skymap (name, hash, tract_max, patch_nx_max, patch_ny_max) VALUES ('rings', 'AA==', 9, 3, 3);
  INSERT INTO tract (skymap, id) VALUES ('rings', 3); INSERT INTO patch (skymap, tract, id, cell_x, cell_y) VALUES ('rings', 3, 7, 1, 2)"
other_line gen2/rerun/coadd.fits "$coadd" | convert 0
expect_eq "$(jq -c 'select(.convert).data_id' "$OUT")" '{"band":"r","tract":3,"skymap":"rings","patch":7}'
other_line gen2/rerun/coadd2.fits "$(jq -c '.patch_xy = "2,2"' <<< "$coadd")" | convert 1
expect_eq "$(codes)" '1 PATCH_NOT_FOUND'
sqlite3 repo/gen3.sqlite3 "INSERT INTO skymap (name, hash, tract_max, patch_nx_max, patch_ny_max) VALUES ('discrete', 'AQ==', 9, 3, 3)"
other_line gen2/rerun/coadd3.fits "$coadd" | convert 3
expect_match "$ERR" 'several skymaps: discrete, rings'

# Validity: another dataset is good for a part of the time. Nothing of the line is stored.
bias one '"2020-01-01T00:00:00.000000000"' '"2020-03-01T00:00:00.000000000"' '.calibration = "c" | .run = "r1"' | convert 0
{
  bias two '"2020-02-28T00:00:00.000000000"' null '.calibration = "c" | .run = "r2"'
  bias three '"2020-03-01T00:00:00.000000000"' null '.calibration = "c" | .run = "r3"'
} | convert 1
expect_eq "$(codes)" '1 CERTIFY_CONFLICT'
expect_eq "$(outcomes "$OUT")" 'bias done'
expect_eq "$(sql repo "SELECT count(*) FROM collection WHERE name = 'r2'")" 0

# A header that contradicts the registry is told, or refused; the file is of another camera
raw_line "$raw" '.gen2.registry.filter = "RG610" | .gen2.registry.expTime = 30.0 | .run = "u/x"' > mismatch
convert 0 < mismatch
expect_match "$OUT" '"warnings":\["the Gen2 registry has filter RG610, the header unknown~unknown","the Gen2 registry has expTime 30, the header 27.0"\]'
jq -c '.run = "u/y"' mismatch | convert 1 --strict
expect_eq "$(codes)" '1 REGISTRY_MISMATCH'
raw_line "$raw" '.instrument = "LSSTCam"' | convert 1
expect_eq "$(codes)" '1 REGISTRY_MISMATCH'
expect_no_match "$ERR" 'strict'
expect_match "$ERR" 'hint: look at the header and where the file comes from'
# A raw that is still being written; a name that is too long: what is said can be done here
: > empty.fits
raw_line "$raw" ".uri = \"$PWD/empty.fits\" | .size = 0 | del(.mtime)" | convert 1
expect_eq "$(codes)" '1 STILL_WRITTEN'
expect_match "$ERR" 'hint: wait for its writer, then convert the rejected line again'
bias long null null '.run = "u/" + ("x" * 300)' | convert 1 --transfer copy
expect_eq "$(codes)" '1 NAME_TOO_LONG'
expect_match "$ERR" 'hint: shorten what it is made of: the run'
# A bad file among good ones
raw_line "$raw" '.run = "u/z"' > good
truncate -s 1000 bad.fits
raw_line "$raw" ".uri = \"$PWD/bad.fits\" | del(.size, .mtime) | .run = \"u/z\"" | cat - good | convert 1
expect_eq "$(codes)" '1 NOT_FITS'
expect_eq "$(outcomes "$OUT")" 'raw done'

# Lines that are wrong
while read -r code filter; do
  bias wrong null null "$filter" | convert 1
  expect_eq "$(codes)" "1 $code" "$filter"
done << 'END'
MISSING_KEY del(.action)
BAD_VALUE .action = "perhaps"
MISSING_KEY del(.dimensions)
BAD_VALUE .dimensions = [1]
BAD_VALUE .dimensions = ["instrument", "moon"]
MISSING_KEY del(.data_id)
MISSING_KEY .data_id = {"instrument": "LATISS"}
MISSING_RECORD .data_id.detector = 99
INSTRUMENT_NOT_REGISTERED .data_id.instrument = "HSC" | .instrument = "HSC"
INCONSISTENT_LINE .data_id.instrument = "HSC"
INCONSISTENT_LINE .instrument = "LSSTCam"
INCONSISTENT_LINE .data_id.moon = 1
INCONSISTENT_LINE .dimensions = [] | .dataset_type = "fresh"
INCONSISTENT_LINE .dimensions = ["instrument"] | .dataset_type = "fresh"
BAD_VALUE .storage_class = ""
BAD_VALUE .storage_class = "Exposure F"
BAD_VALUE .storage_class = "1Exposure"
BAD_VALUE .formatter = ""
BAD_VALUE .formatter = "FitsExposureFormatter"
BAD_VALUE .formatter = "lsst.obs..Formatter"
BAD_VALUE .formatter = "lsst.obs.base; import os"
BAD_VALUE .calibration = ""
BAD_VALUE .calibration = "../x"
MISSING_KEY del(.validity)
MISSING_KEY del(.validity.end_tai)
BAD_VALUE .validity.begin_tai = "yesterday"
BAD_VALUE .validity = {"begin_tai": "2020-01-01T00:00:00", "end_tai": "2019-01-01T00:00:00"}
INCONSISTENT_LINE del(.is_calibration)
BAD_VALUE .is_calibration = "yes"
BAD_VALUE .run = "../x"
MISSING_KEY del(.run)
MISSING_KEY del(.formatter)
MISSING_KEY del(.storage_class)
DATASET_TYPE_CONFLICT .storage_class = "ImageF"
BAD_VALUE .dataset_type = "no.such-name"
BAD_VALUE .transfer = "beam"
BAD_VALUE .transfer = "move"
BAD_VALUE .patch_xy = "1;2" | .data_id.tract = 3 | .data_id.skymap = "rings"
NOT_FOUND .uri = "/nowhere/at/all" | .run = "u/new"
CHANGED .size = 1 | .run = "u/new"
DRY_RUN .convert = {"outcome": "planned"}
END
# The sentence names the file, or the line, and what an action can be; the reject is the line.
bias wrong null null '.action = "perhaps"' | convert 1
expect_match "$ERR" 'gen2/CALIB/wrong.fits": "action" is "perhaps", not convert, skip, review, undecided or error'
expect_eq "$(jq -r .uri rejects)" "$PWD/gen2/CALIB/wrong.fits"
bias wrong null null 'del(.action)' | convert 1
expect_match "$ERR" 'wrong.fits": the line has no "action", which is convert, skip, review, undecided or error'
{ cat skipped; bias wrong null null 'del(.action, .uri)'; } | convert 1
expect_match "$ERR" 'line 2: the line has no "action"'

# Another file of a dataset that is no raw: no exposure is spoken of, nor how raws are removed.
bias same null null '.run = "u/same" | del(.calibration)' | convert 0
echo 'something else' > gen2/CALIB/other.fits
bias other null null '.run = "u/same" | del(.calibration)' | convert 1
expect_eq "$(codes)" '1 OTHER_ORIGIN'
expect_match "$ERR" 'other.fits" is the same dataset as ".*same.fits", which the repository has, but another file'
expect_match "$ERR" 'hint: compare the two files; leave this one out, or remove the dataset \(butler prune-datasets'
cp gen2/CALIB/same.fits kept.fits
echo more >> gen2/CALIB/same.fits
bias same null null '.run = "u/same" | del(.calibration, .size)' | convert 1
expect_eq "$(codes)" '1 OTHER_ORIGIN'
expect_no_match "$ERR" 'remove-raw|exposure'
bias same null null '.run = "u/same" | del(.calibration, .size)' > gone
rm gen2/CALIB/same.fits
convert 0 < gone
expect_match "$ERR" 'hint: put the file back there, or remove the dataset \(butler prune-datasets'
expect_no_match "$ERR" remove-raw
mv kept.fits gen2/CALIB/same.fits
{ bias twin-a null null '.run = "u/twins" | del(.calibration)'; bias twin-b null null '.run = "u/twins" | del(.calibration)'; } | convert 1
expect_eq "$(codes)" '1 DUPLICATE'
expect_match "$ERR" 'twin-b.fits" and ".*twin-a.fits" are the same dataset$'

# Cameras whose datasets of one name differ
bias visit null null '.dimensions += ["physical_filter"] | .data_id.physical_filter = "RG610" | del(.calibration)' | convert 1
expect_eq "$(codes)" '1 DATASET_TYPE_CONFLICT'
expect_match "$ERR" 'hint: cameras whose datasets of one name differ need repositories of their own'

# An instrument that is not registered: the same is said of all of its lines, with the remedy as it is to be typed, and nothing is made.
dbb-repo create empty > log
remember empty
{
  raw_line "$raw"
  bias lone null null
  other_line gen2/ref_cats/gaia/1.fits '{"dataset_type": "gaia", "dimensions": ["htm7"], "data_id": {"htm7": 147186}, "run": "refcats/gen2", "storage_class": "SimpleCatalog"}'
  for name in LATISS/calib refcats/gen2 skymaps; do echo '{"type":"collection","name":"'$name'","collection_type":"RUN"}'; done
  echo '{"type":"collection","name":"LATISS/defaults","collection_type":"CHAINED","children":["LATISS/calib"]}'
} > unknown
for dry in '' -n; do
  rm -f rejects
  # shellcheck disable=SC2086  # one option, or none
  expect_rc 1 dbb-convert $dry --repo empty --rejects rejects < unknown
  expect_eq "$(codes)" '7 INSTRUMENT_NOT_REGISTERED'
done
expect_match "$ERR" "hint: dbb-repo register-instrument $PWD/empty LATISS"
expect_eq "$(dbb-repo show empty collections | jq -r 'select(.name).name')" ''
expect_unchanged empty
# Beside one that is, only its own collections are left out.
dbb-repo register-instrument empty LSSTCam > log
{ cat unknown; bias known null null | sed 's/LATISS/LSSTCam/g'; } > both
rm -f rejects
expect_rc 1 dbb-convert --repo empty --rejects rejects < both
expect_eq "$(dbb-repo show empty collections | jq -r 'select(.name).name')" 'LSSTCam/calib
LSSTCam/calib/20180921T000000Z
refcats/gen2
skymaps'
expect_rc 0 dbb-repo check empty

for line in '{"type":"collection","name":"x"}' '{"type":"collection","name":"x","collection_type":"HEAP"}' \
  '{"type":"collection","name":"x","collection_type":"CHAINED"}' '{"type":"collection","name":"x","collection_type":"CHAINED","children":["nowhere"]}' \
  '{"type":"collection","name":"LATISS/raw/all","collection_type":"CHAINED","children":["r1"]}' '{"type":"collection","name":"c","collection_type":"RUN"}'; do
  echo "$line" | convert 1
done
expect_rc 2 dbb-convert --repo repo --transfer move < skipped
expect_match "$ERR" 'give --i-own-the-source'
expect_rc 4 dbb-convert --repo nowhere < skipped
dbb-repo check --repair repo > /dev/null # summaries of the sky maps made above
expect_rc 0 dbb-repo check repo
