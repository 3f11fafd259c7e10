#!/bin/bash
# Whatever stops a file in dbb-ingest stops it in dbb-why, with the same words, and dbb-why changes nothing.
. "$DBB_CLI_LIB"

data=$DBB_TEST_DATA/raw/synthetic
# edited [KEY VALUE]... > FILE   a real file with other values in its header; an empty value takes the card away
edited() {
  local script='' card
  while [ $# -gt 0 ]; do
    printf -v card '%-8s= %-70s' "$1" "$2"
    [ -n "$2" ] || printf -v card '%-80s' COMMENT
    script+="s|$(printf '%-8s= ' "$1").\{70\}|$card|;"
    shift 2
  done
  LC_ALL=C sed "$script" "$data/continue.fits"
}

# same CODE STAGE STATUS REPO FILE [OPTION...]     $apart: keys of the error that may differ
apart=''
same() {
  local code=$1 stage=$2 status=$3 repo=$4 file=$5
  shift 5
  remember "$repo"
  expect_rc "$status" dbb-why --json --repo "$repo" "$file" "$@"
  expect_empty "$ERR"
  expect_unchanged "$repo"
  jq -c 'select(.type == "why")' "$OUT" > why
  expect_eq "$(jq -r .error.code why)" "$code"
  # Stages before the one that fails are ok, those behind it not reached.
  expect_eq "$(jq -r '[.stages[] | select(.outcome == "failed") | .stage] | join(" ")' why)" "$stage" "failed stage of $code"
  expect_eq "$(jq -r '[.stages[].outcome] | join(" ")' why | sed -E 's/^(ok )*failed( not_reached)*$/in order/')" 'in order'
  expect_eq "$(jq -r .error.stage why)" "$stage"
  rm -f rejects
  ! dbb-ingest --repo "$repo" --rejects rejects "$file" "$@" > out 2> err || fail "$code: dbb-ingest has nothing against it"
  diff <(jq -S ".error | del(.stage$apart)" rejects) <(jq -S ".error | del(.stage$apart)" why) || fail "$code differs"
}

make_repo fresh LSSTCam
cp -r fresh repo
# read, recognise
same EMPTY_FILE read 3 repo "$data/empty.fits"
same NOT_FITS read 1 repo "$data/text.fits"
same HEADER_TRUNCATED read 3 repo "$data/truncated-header.fits"
same NOT_FOUND read 3 repo missing.fits
same NOT_FOUND read 3 repo 'no/*.fits'
printf 'a: 1\nb: [\n' > bad.yaml
same BAD_YAML read 1 repo bad.yaml
echo text > bad.json
same NOT_JSON read 1 repo bad.json
head -c 300 "$data/continue.fits" > young.fits
same STILL_WRITTEN read 3 repo young.fits
same DATA_TRUNCATED read 3 repo "$data/truncated-data.fits" --check-data
edited INSTRUME "'FancyCam'" > a.fits
same UNKNOWN_INSTRUMENT recognise 1 repo a.fits
# translate
edited EXPTIME "'long'" > a.fits
same BAD_CARD_VALUE translate 1 repo a.fits
edited OBSID '' > a.fits
same MISSING_CARD translate 1 repo a.fits
edited RAFTBAY "'R99'" > a.fits
same UNKNOWN_DETECTOR translate 1 repo a.fits
# register
same INSTRUMENT_NOT_REGISTERED register 3 repo "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
edited FILTER "'nope'" > a.fits
same FILTER_NOT_REGISTERED register 3 repo a.fits
edited > good.fits
sqlite3 repo/gen3.sqlite3 'DELETE FROM detector WHERE id=0'
same DETECTOR_NOT_REGISTERED register 3 repo good.fits
rm -r repo; cp -r fresh repo
edited IMGTYPE "'abcdefghijklmnopq'" > a.fits
same VALUE_TOO_LONG register 1 repo a.fits
sqlite3 repo/gen3.sqlite3 "INSERT INTO collection (name, type) VALUES ('tagged', 2)"
# A dry run knows less of the collection.
apart=,.message,.cause same RUN_CONFLICT register 1 repo good.fits --run tagged
expect_rc 0 dbb-ingest --repo repo -t direct good.fits
edited CCDSLOT "'S02'" PROGRAM "'Other'" > a.fits
same EXPOSURE_CONFLICT register 1 repo a.fits
expect_rc 0 dbb-why --repo repo a.fits --update-records
expect_match "$OUT" 'would replace values that differ: .*science_program.*BLOCK-T60'
edited SHUTTIME 1.5 > a.fits
same OTHER_ORIGIN register 1 repo a.fits
expect_eq "$(jq -r '[.ingested.file, .ingested.same_file] | map(tostring) | join(" ")' why)" "$PWD/good.fits false"
expect_rc 1 dbb-why --repo repo a.fits
expect_match "$OUT" "^  stored +$PWD/good.fits\$"
expect_match "$OUT" "^  this file +$PWD/a.fits \(another one\)\$"
sqlite3 repo/gen3.sqlite3 'UPDATE day_obs SET timespan_begin=timespan_begin-1'
edited CCDSLOT "'S02'" > a.fits
same DAY_OBS_CONFLICT register 1 repo a.fits
sqlite3 repo/gen3.sqlite3 'INSERT INTO dataset_location_trash SELECT dataset_id, datastore_name FROM dataset_location; DELETE FROM dataset_location'
same DATASET_IN_TRASH register 3 repo good.fits
rm -r repo; cp -r fresh repo
expect_rc 0 dbb-ingest --repo repo -t direct good.fits
sqlite3 repo/gen3.sqlite3 "UPDATE dataset_type SET storage_class='StructuredDataDict'"
remember repo
expect_rc 1 dbb-why --json --repo repo good.fits
expect_unchanged repo
expect_eq "$(jq -r '.error // empty | .code + " " + .stage' "$OUT")" 'DATASET_TYPE_CONFLICT register'
# transfer
rm -r repo; cp -r fresh repo
same OUTSIDE_ROOT transfer 1 repo good.fits -t none
same BAD_EXTENSION transfer 1 repo "$DBB_TEST_DATA/headers/lsstCam-MC_O_20250415_000060_R01_S01.yaml"
for name in e.fits.bak e.fits.GZ; do
  cp good.fits $name
  same BAD_EXTENSION transfer 1 repo $name
  expect_rc 1 dbb-ingest --repo repo -n -t direct $name
  expect_match "$ERR" 'the Butler reads raw files named'
done
expect_rc 0 dbb-ingest --repo repo -n -t direct "$DBB_TEST_DATA/headers/lsstCam-MC_O_20250415_000060_R01_S01.yaml"
edited OBSID "'$(printf 'x%.0s' {1..60})'" > a.fits
sed -i 's|^datastore:|&\n  templates:\n    raw: "{exposure.obs_id}{exposure.obs_id}{exposure.obs_id}{exposure.obs_id}{exposure.obs_id}"|' repo/butler.yaml
same NAME_TOO_LONG transfer 1 repo a.fits -t copy
expect_rc 1 dbb-ingest --repo repo -n -t copy a.fits
expect_match "$ERR" 'could not create "[^"]*xxx\.fits": File name too long'
rm -r repo; cp -r fresh repo
# A hard link into another file system, where there is one.
elsewhere=$(mktemp -d -p /dev/shm 2> /dev/null || mktemp -d)
trap 'rm -r "$elsewhere"' EXIT
cp good.fits "$elsewhere"
if [ "$(stat -c %d "$elsewhere")" != "$(stat -c %d .)" ]; then
  same LINK_IMPOSSIBLE transfer 1 repo "$elsewhere/good.fits" -t hardlink
  expect_rc 1 dbb-ingest --repo repo -n -t hardlink "$elsewhere/good.fits"
  expect_match "$ERR" "a hard link can't lead to another file system"
  expect_eq "$(jq -r .error.retry rejects)" false
fi
expect_rc 0 dbb-ingest --repo repo -t copy good.fits
sqlite3 repo/gen3.sqlite3 'DELETE FROM dataset_location; DELETE FROM file_datastore_records'
echo other > "$(find repo -name 'raw_*')"
same DESTINATION_EXISTS transfer 1 repo good.fits -t copy
