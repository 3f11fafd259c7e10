#!/bin/bash
# A dry run refuses and takes what the run does, also where a line meets what an earlier one would have left.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/_apart.bash"

header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
line() { described $header ".data_id.detector=$1 | .uri=\"$PWD/det$1.fits\" | $2"; }
for detector in 1 2 3 4 5 6; do echo "stand-in for detector $detector" > det$detector.fits; done
guider=MC_C_20240918_000013_R00_SG0_guider.fits
raw=MC_C_20240918_000013_R42_S11.fits
cp "$DBB_TEST_DATA"/raw/guider/*.json .
{ card 'SIMPLE  =                    T'; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'; card END; } > $guider
pad $guider
: > $raw
next='.data_id.exposure += 1 | .records.exposure.id += 1 | .records.exposure.seq_num += 1 | .records.exposure.obs_id = "MC_O_20250422_000251"'
{
  line 1 .
  line 2 .
  line 1 .
  line 3 '.records.exposure.target_name = "another"'                              # EXPOSURE_CONFLICT
  line 4 '.data_id.exposure += 1 | .records.exposure.id += 1'                     # OBS_ID_TAKEN
  line 5 "$next"
  line 6 "$next | .records.exposure.target_name = \"another\" | .records.day_obs.timespan.begin_tai = \"2025-04-22T07:00:00.000000000\"" # DAY_OBS_CONFLICT
  line 3 "$next | .records.exposure.target_name = \"another\""
  line 5 "$next"
  dbb-describe --guiders $raw $guider | grep '"file"'
} > lines

# The guider's file comes before its exposure and is refused, then behind it; both are of one commit when nothing is apart.
tac lines > reversed

# same_as_run NAME FEED FILE OPTION...   the plan and the run of the lines of a file, which FEED hands over
same_as_run() {
  local name=$1 feed=$2 file=$3 rc=0 mode
  shift 3
  make_repo "repo-$name" LSSTCam
  remember "repo-$name"
  local dry=(--dry-run)
  for mode in plan run; do
    if [ $mode = run ]; then
      expect_unchanged "repo-$name"
      dry=()
    fi
    rc=0
    : > "$name.$mode"; : > "$name.$mode.rejects"
    # shellcheck disable=SC2094  # the feed looks at their sizes only
    $feed "$name.$mode" "$name.$mode.rejects" < "$file" | dbb-ingest --repo "repo-$name" ${dry[@]+"${dry[@]}"} --rejects "$name.$mode.rejects" "$@" > "$name.$mode" 2> err || rc=$?
    [ $rc -le 1 ] || fail "$name: the $mode ended with $rc: $(cat err)"
    jq -Sc 'select(.ingest) | del(.ingest.elapsed_ms) | .ingest.outcome |= if . == "existing" then . else "done" end' "$name.$mode" > "$name.$mode.lines"
  done
  diff "$name".{plan,run}.lines || fail "$name: the run is not the plan"
  diff <(jq -Sc . "$name.plan.rejects") <(jq -Sc . "$name.run.rejects") || fail "$name: other rejects"
}
codes() { jq -r .error.code "$1" | paste -sd' '; }

transfers='direct copy'
is_sanitized && transfers=copy
for transfer in $transfers; do
  for feed in together apart; do
    for file in lines reversed; do
      same_as_run "$feed-$file-$transfer" $feed $file -t "$transfer"
    done
  done
done
same_as_run update-lines apart lines -t direct --update-records
same_as_run update-reversed apart reversed -t direct --update-records
# A guider's file waits for its exposure in both.
patience=12 same_as_run wait apart reversed -t direct --wait 30s
expect_no_match wait.run.rejects EXPOSURE_NOT_FOUND
# An observation ID that an exposure would have no more is nobody's.
{
  dbb-describe $raw | grep '"file"'
  dbb-describe $raw | jq -c 'select(.uri) | .records.exposure.obs_id = "XX"'
  dbb-describe --guiders $guider | grep '"file"'
} > renamed
for feed in together apart; do same_as_run renamed-$feed $feed renamed -t direct --update-records; done
expect_eq "$(codes renamed-apart.run.rejects)" EXPOSURE_NOT_FOUND
expect_eq "$(codes apart-lines-copy.run.rejects)" 'EXPOSURE_CONFLICT OBS_ID_TAKEN DAY_OBS_CONFLICT EXPOSURE_CONFLICT'
expect_match apart-reversed-copy.run.rejects EXPOSURE_NOT_FOUND
expect_eq "$(codes update-lines.run.rejects)" OBS_ID_TAKEN
expect_match update-lines.plan '"updated":{"exposure":{"target_name"'
