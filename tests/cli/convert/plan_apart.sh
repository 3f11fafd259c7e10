#!/bin/bash
# The run is the plan also where a line meets what an earlier one would have left, in the same commit or in one before.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"
. "$DBB_ROOT/tests/cli/convert/_plan.bash"

# changed FILE OUT KEY VALUE NEW   the compressed file with another value of as many characters in its primary header
changed() {
  zcat "$1" | { dd bs=28800 count=1 iflag=fullblock status=none | LC_ALL=C sed "s/\($3 *= *\)$4/\1$5/"; cat; } | gzip -1 > "$2"
  cmp -s <(zcat "$1") <(zcat "$2") && fail "$3 of $1 is not $4"
  return 0
}

# setup                         an empty repository whose files of type shelf come to lie on one another
setup() {
  make_repo repo
  sed -i 's|^datastore:|&\n  templates:\n    shelf: "{run}/shelf"|' repo/butler.yaml
}

latiss=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
mkdir raws
cp "$latiss" raws/one.fits
cp "$latiss" raws/copy.fits
cp "$DBB_EXAMPLES"/LSSTCam/3019031900001-R10-S02-det029.fits raws/a.fits
changed "$DBB_EXAMPLES/LSSTCam/3019031900001-R22-S21-det097.fits" raws/b.fits IMGTYPE "'BIAS" "'DARK"
changed "$latiss" raws/number.fits SEQNUM 65 66
setup

src='{"dataset_type": "src", "dimensions": ["instrument", "exposure", "detector"], "data_id": {"instrument": "LATISS", "exposure": 3018092000065, "detector": 0}}'
shelf='{"dataset_type": "shelf", "dimensions": ["instrument", "physical_filter"], "data_id": {"instrument": "LATISS", "physical_filter": "unknown~unknown"}}'
{
  raw_line raws/one.fits
  raw_line raws/one.fits
  raw_line raws/copy.fits                      # DUPLICATE
  raw_line raws/number.fits                    # OBS_ID_TAKEN
  raw_line raws/a.fits
  raw_line raws/b.fits                         # EXPOSURE_CONFLICT
  raw_line raws/a.fits
  other_line gen2/src.fits "$src"
  other_line gen2/src.fits "$src"
  other_line gen2/src-other.fits "$src"        # DUPLICATE
  other_line gen2/src-class.fits "$(jq -c '.storage_class = "Catalog" | .run = "LATISS/runs/class"' <<< "$src")" # DATASET_TYPE_CONFLICT
  other_line gen2/src.fits "$(jq -c '.storage_class = "Catalog"' <<< "$src")" # the same
  other_line gen2/src-calib.fits "$(jq -c '.run = "LATISS/runs/calib" | .is_calibration = true' <<< "$src")" # the same
  other_line gen2/src-dims.fits "$(jq -c '.dimensions = ["instrument", "exposure"] | del(.data_id.detector)' <<< "$src")" # the same
  bias_line gen2/bias.fits 0 null '"2018-09-21T00:00:00"'
  bias_line gen2/bias.fits 0 null '"2018-09-21T00:00:00"'
  bias_line gen2/late.fits 0 '"2018-09-20T00:00:00"' null '.run = "LATISS/calib/later"' # CERTIFY_CONFLICT
  other_line gen2/in-calib.fits "$(jq -c '.run = "LATISS/calib" | .dataset_type = "src3"' <<< "$src")" # RUN_CONFLICT
  bias_line gen2/flat.fits 0 null null '.dataset_type = "flat" | .calibration = "LATISS/runs/test/direct"' # COLLECTION_CONFLICT
  bias_line gen2/flat2.fits 0 null null '.dataset_type = "flat" | .storage_class = "ExposureI"'
  other_line gen2/shelf.fits "$shelf"
  other_line gen2/shelf2.fits "$(jq -c '.data_id.physical_filter = "empty~empty"' <<< "$shelf")" # copied, DESTINATION_EXISTS
  other_line gen2/here.fits "$(jq -c '.dataset_type = "src4"' <<< "$src")"
  other_line gen2/gone.fits "$(jq -c '.dataset_type = "src4"' <<< "$src")" | jq -c '.action = "error" | .reason = "missing_file"'
  echo '{"type":"collection","name":"LATISS/runs/test/direct","collection_type":"CALIBRATION"}' # COLLECTION_CONFLICT
  echo '{"type":"collection","name":"LATISS/all","collection_type":"CHAINED","children":["LATISS/raw/all","LATISS/calib"]}'
} > lines
rm gen2/gone.fits
keep_sources

codes() { jq -r .error.code "$1" | paste -sd' '; }
refused='DUPLICATE OBS_ID_TAKEN EXPOSURE_CONFLICT DUPLICATE DATASET_TYPE_CONFLICT DATASET_TYPE_CONFLICT DATASET_TYPE_CONFLICT DATASET_TYPE_CONFLICT CERTIFY_CONFLICT RUN_CONFLICT COLLECTION_CONFLICT'
transfers='split copy'
is_sanitized && transfers=copy
for transfer in $transfers; do
  same_as_run "together-$transfer" together --transfer "$transfer"
  same_as_run "apart-$transfer" apart --transfer "$transfer"
done
is_sanitized || expect_eq "$(codes apart-split.run.rejects)" "$refused COLLECTION_CONFLICT"
expect_eq "$(codes apart-copy.run.rejects)" "$refused DESTINATION_EXISTS COLLECTION_CONFLICT"
expect_eq "$(jq -r 'select(.reason == "missing_file") | .convert.outcome' apart-copy.plan)" existing
same_as_run update apart --transfer direct --update-records

# Any lines in any order, as often as it comes, and committed together or not; some wait for others that come later.
{
  cat lines
  bias_line gen2/late.fits 0 '"2018-09-20T00:00:00"' null '.run = "LATISS/calib/later" | .transfer = "copy"'
  bias_line gen2/third.fits 0 '"2018-09-21T00:00:00"' '"2018-09-22T00:00:00"' '.run = "LATISS/calib/third"'
  jq -c 'select(.uri) | .transfer = "copy"' lines
} > pool
mapfile -t pool < pool
ways=('--transfer split' '--transfer copy' '--transfer direct --update-records' '--transfer link --update-validity')
RANDOM=1
rounds=4
is_sanitized && rounds=1
for ((round = 0; round < rounds; round++)); do
  for ((i = 0; i < 25; i++)); do
    printf '%s\n' "${pool[RANDOM % ${#pool[@]}]}" >&3
    echo $((RANDOM % 3 == 0)) >&4
  done 3> lines 4> breaks
  # shellcheck disable=SC2086  # several options
  patience=12 in_order=sort same_as_run "random-$round" mixed ${ways[round % 4]}
done
