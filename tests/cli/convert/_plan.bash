# shellcheck shell=bash
# A plan of dbb-convert beside the run that follows; sourced by its cases, which have a function `setup` that makes
# an empty repository `repo`, sources in gen2 and raws, and lines in the file `lines`.
. "$DBB_ROOT/tests/cli/_apart.bash"

# keep_sources                  what runs find in gen2 and raws
keep_sources() {
  rm -rf kept
  mkdir kept
  cp -a gen2 raws kept
}

# same_as_run NAME FEED OPTION...   the plan and the run of the lines that FEED of _apart.bash hands over; in their order, or
#                               with in_order=sort in any
same_as_run() {
  local name=$1 feed=$2 rc
  shift 2
  remember repo gen2 raws
  rc=0
  : > "$name.plan"; : > "$name.plan.rejects"
  $feed "$name.plan" "$name.plan.rejects" < lines | dbb-convert -n --repo repo --rejects "$name.plan.rejects" "$@" > "$name.plan" 2> err || rc=$?
  [ $rc -le 1 ] || fail "$name: the plan ended with $rc: $(cat err)"
  expect_unchanged repo gen2 raws
  : > "$OUT"; : > "$name.run.rejects"
  $feed "$OUT" "$name.run.rejects" < lines | expect_rc $rc dbb-convert --repo repo --rejects "$name.run.rejects" "$@"
  cp "$OUT" "$name.run"
  diff <(jq -Sc 'del(.convert.elapsed_ms) | if .convert.outcome == "planned" then .convert.outcome = "done" else . end' "$name.plan" | ${in_order:-cat}) \
    <(jq -Sc 'del(.convert.elapsed_ms) | if .convert.outcome == "updated" then .convert.outcome = "done" else . end' "$name.run" | ${in_order:-cat}) || fail "$name: the run is not the plan"
  diff <(jq -Sc . "$name.plan.rejects" | ${in_order:-cat}) <(jq -Sc . "$name.run.rejects" | ${in_order:-cat}) || fail "$name: other rejects"
  rm -rf repo gen2 raws
  cp -a kept/* .
  setup
}
