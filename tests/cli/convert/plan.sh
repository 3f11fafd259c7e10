#!/bin/bash
# What a dry run prints is what the run then does: the same lines with other outcomes, also where one line builds on another.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
src='{"dataset_type": "src", "dimensions": ["instrument", "exposure", "detector"], "data_id": {"instrument": "LATISS", "exposure": 3018092000065, "detector": 0}}'
{
  other_line gen2/rerun/src.fits "$src" # before its raw
  raw_line "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
  other_line gen2/rerun/src2.fits "$(jq -c '.dataset_type = "src2"' <<< "$src")"
  other_line gen2/rerun/never.fits "$(jq -c '.data_id.exposure = 1' <<< "$src")"
  bias_line gen2/CALIB/bias.fits 0 null null
  bias_line gen2/CALIB/late.fits 0 null null '.action = "undecided"'
  echo '{"type":"collection","name":"LATISS/calib","collection_type":"CALIBRATION"}'
  echo '{"type":"collection","name":"skymaps","collection_type":"RUN"}'
  echo '{"type":"collection","name":"LATISS/inner","collection_type":"CHAINED","children":["skymaps","LATISS/calib"]}'
  echo '{"type":"collection","name":"LATISS/outer","collection_type":"CHAINED","children":["LATISS/inner","LATISS/raw/all"]}'
  echo '{"type":"collection","name":"LATISS/wrong","collection_type":"CHAINED","children":["nowhere"]}'
} > lines
for transfer in split copy; do
  remember repo gen2
  expect_rc 1 dbb-convert -n --repo repo --transfer $transfer --rejects plan.rejects < lines
  expect_unchanged repo gen2
  cp "$OUT" plan
  expect_rc 1 dbb-convert --repo repo --transfer $transfer --rejects run.rejects < lines
  diff <(jq -Sc 'del(.convert.elapsed_ms) | if .convert.outcome == "planned" then .convert.outcome = "done" else . end' plan) \
    <(jq -Sc 'del(.convert.elapsed_ms)' "$OUT") || fail "$transfer: the run is not the plan"
  diff <(jq -Sc 'del(.error.message)' plan.rejects) <(jq -Sc 'del(.error.message)' run.rejects) || fail "$transfer: other rejects"
  rm -rf repo plan.rejects run.rejects
  make_repo repo
  # Lines of a dry run are not taken for done, be they of datasets or of collections.
  grep planned plan > planned.lines || fail 'nothing was planned'
  remember repo
  expect_rc 1 dbb-convert --repo repo --rejects planned.rejects < planned.lines
  expect_match "$ERR" 'printed by a dry run of dbb-convert'
  expect_eq "$(jq -r .error.code planned.rejects | uniq -c | xargs)" "$(wc -l < planned.lines) DRY_RUN"
  expect_unchanged repo
  rm planned.rejects
done
expect_rc 0 dbb-repo check repo
