#!/bin/bash
# dbb-convert into a repository on PostgreSQL: the same rows as on SQLite, whoever else writes.
#
# Usage: tests/postgres/convert.sh      its environment: tests/postgres/_lib.sh
# shellcheck source=tests/postgres/_lib.sh
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh
# shellcheck source=tests/cli/convert/_lines.bash
. "$root/tests/cli/convert/_lines.bash"

# 40 detectors with three flats each, one after the other in time; outputs of an exposure; chains.
python3 "$root/tests/interop/make_night.py" night --instrument LSSTCam --exposures 3 --detectors 20 --amps 1 --npix 8 > /dev/null
dbb-describe night 2> /dev/null | jq -c 'select(.uri)' > described
flats() {
  local month next
  for month in 1 2 3; do
    next=$((month + 1))
    mkdir -p "gen2/CALIB/$month"
    seq 0 39 | while read -r detector; do
      : > "gen2/CALIB/$month/$detector.fits"
      printf '{"type":"gen2","uri":"%s","size":0,"instrument":"LSSTCam","data_id":{"instrument":"LSSTCam","detector":%s,"physical_filter":"u_24"},"dataset_type":"flat","dimensions":["instrument","detector","physical_filter"],"storage_class":"ExposureF","is_calibration":true,"run":"LSSTCam/calib/20200%s01T000000Z","calibration":"LSSTCam/calib","validity":{"begin_tai":"2020-0%s-01T00:00:00.000000000","end_tai":"2020-0%s-01T00:00:00.000000000"},"formatter":"lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter","action":"convert","reason":"ok"}\n' \
        "$work/gen2/CALIB/$month/$detector.fits" "$detector" $month $month $next
    done
  done
}
raws() {
  jq -c '{type: "gen2", uri, size, mtime, gen2: {repo: "root", registry: null}, instrument, data_id, dataset_type, run, action: "convert", reason: "ok"}' described
}
outputs() {
  jq -c --arg root "$work" '{type: "gen2", uri: ($root + "/out.fits"), size: 0, instrument, data_id, dataset_type: "src", dimensions: ["instrument", "exposure", "detector"],
    storage_class: "SourceCatalog", run: "LSSTCam/runs/x/direct", formatter: "lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter", action: "convert", reason: "ok"}' described
}
: > out.fits
{
  flats; outputs; raws
  echo '{"type":"collection","name":"skymaps","collection_type":"RUN"}'
  echo '{"type":"collection","name":"LSSTCam/defaults","collection_type":"CHAINED","children":["LSSTCam/raw/all","LSSTCam/calib","skymaps"]}'
  echo '{"type":"collection","name":"LSSTCam/runs/x","collection_type":"CHAINED","children":["LSSTCam/runs/x/direct","LSSTCam/defaults"]}'
} > lines
lines=$(wc -l < lines)

# What is certified, in words that both databases have.
certified() {
  local table
  if [ "$1" = lite ]; then
    table=$(sqlite3 -readonly lite/gen3.sqlite3 "SELECT calibration_association_table FROM dataset_type WHERE name = 'flat'")
    sqlite3 -readonly -separator ' ' lite/gen3.sqlite3 "SELECT dataset_id, detector, timespan_begin, timespan_end FROM $table ORDER BY 1"
  else
    table=$(query "SELECT calibration_association_table FROM $1.dataset_type WHERE name = 'flat'")
    query "SELECT replace(dataset_id::text, '-', ''), detector, lower(timespan), upper(timespan) FROM $1.$table ORDER BY 1" | tr '|' ' '
  fi
}
# `check` gives its command no input
convert() { dbb-convert --repo "$1" --rejects rejects < "$2"; }
dbb-repo create lite && dbb-repo register-instrument lite LSSTCam LSSTComCam LATISS > /dev/null
check 'create' registered ours ours
# The run is the plan, also where lines build on others, repeat or contradict them.
{
  cat lines
  jq -c 'select(.dataset_type == "src") | .storage_class = "Catalog"' lines
  cat lines
} > twice
check 'create for a plan' registered plans plans
planned_and_done() {
  dbb-convert -n --repo plans --rejects plan.rejects < twice > plan || [ $? = 1 ]
  dbb-convert --repo plans --rejects run.rejects < twice > run || [ $? = 1 ]
}
check 'plan and convert' planned_and_done
outcomes() { jq -Sc 'del(.convert.elapsed_ms) | if .convert.outcome == "existing" then . else .convert.outcome = "done" end' "$1"; }
tell 'the run is the plan' "$(diff <(outcomes plan) <(outcomes run) | head -n 5; diff plan.rejects run.rejects | head -n 5)"
tell 'what contradicts is refused' "$([ "$(jq -r .error.code run.rejects | sort | uniq -c | tr -s ' ')" = ' 60 DATASET_TYPE_CONFLICT' ] || tail -n 3 run.rejects)"
for repo in lite ours; do
  check "convert into $repo" convert $repo lines
  tell "each line has a receipt in $repo" "$([ "$(grep -c '"outcome":"done"' log)" = "$lines" ] || tail -n 3 log)"
done
tell 'the same rows' "$(same ours lite | head -n 20)"
tell 'the same validity' "$(diff <(certified lite) <(certified ours) | head -n 20)"
tell 'of all flats' "$([ "$(certified ours | wc -l)" = 120 ] || certified ours | wc -l)"
check 'again' convert ours lines
tell 'all is existing' "$([ "$(grep -c '"outcome":"existing"' log)" = "$lines" ] || tail -n 3 log)"
check 'nothing is damaged' dbb-repo check ours
# The exposures are of the filter of the flats, but not of their days.
verified() { dbb-convert --repo "$1" --verify --checksum --complete < lines; }
for repo in lite ours; do
  check "verify $repo" fails 3 'Gen2 and Gen3 differ: 40 uncovered_day' verified $repo
  mv out "verified-$repo"
done
tell 'the same differences and sums' "$(diff verified-lite verified-ours | head -n 20)"

# Two flats at the same time are refused, wherever they come from
jq -c 'select(.dataset_type == "flat" and .data_id.detector < 2) | .run += "x"' lines > twice
check 'another flat for the same time' fails 1 'is certified for .* already' convert ours twice
tell 'each is rejected' "$([ "$(jq -r .error.code rejects | sort -u) $(wc -l < rejects)" = 'CERTIFY_CONFLICT 6' ] || cat rejects)"
tell 'and nothing of them is there' "$(query "SELECT name FROM ours.collection WHERE name LIKE '%x' AND name LIKE '%calib%'")"

# A new generation takes the second half of February: only when that is wanted, and then whatever the order of the lines.
jq -c 'select(.dataset_type == "flat" and (.uri | test("/2/")) and .data_id.detector < 20)' lines > february
{
  jq -c '.run = "LSSTCam/calib/20200215T000000Z" | .validity.begin_tai = "2020-02-15T00:00:00.000000000"' february
  jq -c '.validity.end_tai = "2020-02-15T00:00:00.000000000"' february
} > week
updating() { dbb-convert --repo "$1" --update-validity "${@:3}" --rejects rejects < "$2"; }
planned() { jq -Sc 'select(.convert) | [.id, .convert.outcome == "existing", .convert.updated]' "$1"; }
rm -f rejects
check 'without the option' fails 1 'with --update-validity' convert ours week
tell 'all of it is refused' "$([ "$(jq -r .error.code rejects | sort | uniq -c | tr -s ' ')" = ' 40 CERTIFY_CONFLICT' ] || tail -n 3 rejects)"
tell 'and no time has changed' "$(diff <(certified lite) <(certified ours) | head -n 20)"
for repo in lite ours; do
  check "plan the week in $repo" updating $repo week --dry-run
  planned log > plan
  check "the week in $repo" updating $repo week
  tell "as planned in $repo" "$(diff plan <(planned log) | head -n 5)"
  tell "each of both generations in $repo" "$([ "$(jq -r 'select(.convert).convert | "\(.outcome) \(.updated.validity[0].end_tai)"' log | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 20 done null; 20 updated 2020-03-01T00:00:00.000000000;' ] || tail -n 2 log)"
  check "the week again in $repo" updating $repo week
  tell "all of it is there in $repo" "$([ "$(grep -c '"outcome":"existing"' log)" = 40 ] || tail -n 2 log)"
done
tell 'the same validity after the week' "$(diff <(certified lite) <(certified ours) | head -n 20)"
check 'nothing is damaged by the week' dbb-repo check ours
# (the others compare with what there was before)
rm -rf lite
dbb-repo create lite && dbb-repo register-instrument lite LSSTCam LSSTComCam LATISS > /dev/null
check 'convert once more' convert lite lines

# A move takes no file that another dataset has by its URI; the plan says the same.
check 'create for moves' registered mover mover
echo shared > shared.fits
echo alone > alone.fits
{
  raws
  outputs | head -n 1 | jq -c --arg root "$work" '.size = 7 | .uri = $root + "/shared.fits" | ., (.dataset_type = "taken" | .transfer = "move")'
  outputs | head -n 1 | jq -c --arg root "$work" '.size = 6 | .uri = $root + "/alone.fits" | .transfer = "move" | .dataset_type = "src2", .dataset_type = "src3"'
} > moving
moving() {
  # One after the other, since a source goes when its line is committed.
  while read -r line; do echo "$line"; [ "${line/move/}" = "$line" ] || sleep 0.3; done < moving
}
move() { moving | dbb-convert "$@" --repo mover --i-own-the-source --rejects "moves$*.rejects" > "moves$*" 2> "moves$*.err" || [ $? = 1 ]; }
plan_and_move() { move -n && move; }
check 'plan and move' plan_and_move
tell 'the moves are the plan' "$(diff <(outcomes moves-n) <(outcomes moves) | head -n 5; diff moves-n.rejects moves.rejects | head -n 5)"
tell 'what was moved is gone for others' "$([ "$(jq -r '.dataset_type + " " + .error.code' moves.rejects)" = 'src3 NOT_FOUND' ] || cat moves.rejects)"
kept() { [ -e shared.fits ] && [ ! -e alone.fits ] && grep -q 'shared.fits" stays: another dataset' moves.err; }
tell 'what a dataset has by its URI stays' "$(kept || cat moves.err)"

# Four at once, in different orders, into a repository where nothing of it is registered yet
check 'create for several' registered many many
makers=()
for i in 1 2 3 4; do
  shuf --random-source=<(yes "$i") lines > "lines-$i"
  dbb-convert --repo many --rejects "rejects-$i" < "lines-$i" > "out-$i" 2> "err-$i" & makers+=($!)
done
wait_for "${makers[@]}"
tell 'none fails' "$(cat rejects-? 2> /dev/null | jq -r '.error | .code + " " + .message' | sort | uniq -c | head -n 5)"
tell 'each has a receipt for each line' "$(for i in 1 2 3 4; do [ "$(grep -c '"outcome"' "out-$i")" = "$lines" ] || { echo "out-$i"; tail -n 3 "err-$i"; }; done)"
tell 'each dataset is done once' "$([ "$(jq -r 'select(.convert.outcome == "done" and .type == "gen2").id' out-? | sort | uniq -d | wc -l)" = 0 ] || jq -r 'select(.convert.outcome == "done" and .type == "gen2").id' out-? | sort | uniq -d | head -n 3)"
tell 'the same rows from four' "$(same many lite | head -n 20)"
tell 'the same validity from four' "$(diff <(certified lite) <(certified many) | head -n 20)"
check 'nothing is damaged by four' dbb-repo check many

sum_up 'convert'
