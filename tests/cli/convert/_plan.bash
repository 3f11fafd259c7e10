# shellcheck shell=bash
# A plan of dbb-convert beside the run that follows; sourced by its cases, which have a function `setup` that makes
# an empty repository `repo`, sources in gen2 and raws, and lines in the file `lines`.

# keep_sources                  what runs find in gen2 and raws
keep_sources() {
  rm -rf kept
  mkdir kept
  cp -a gen2 raws kept
}

# apart                         each line by itself, so that it is committed before the next comes
# mixed                         some of them, as the file breaks says
apart() { mixed <(yes); }
mixed() {
  local line break
  while IFS= read -r line && IFS= read -r break <&3; do
    [ "$break" = 0 ] || sleep 0.1
    printf '%s\n' "$line"
  done 3< "${1:-breaks}"
}

# same_as_run NAME FEED OPTION...   the plan and the run of the lines that FEED hands over
same_as_run() {
  local name=$1 feed=$2 rc
  shift 2
  remember repo gen2 raws
  rc=0
  $feed < lines | dbb-convert -n --repo repo --rejects "$name.plan.rejects" "$@" > "$name.plan" 2> err || rc=$?
  [ $rc -le 1 ] || fail "$name: the plan ended with $rc: $(cat err)"
  expect_unchanged repo gen2 raws
  $feed < lines | expect_rc $rc dbb-convert --repo repo --rejects "$name.run.rejects" "$@"
  cp "$OUT" "$name.run"
  touch "$name".{plan,run}.rejects
  diff <(jq -Sc 'del(.convert.elapsed_ms) | if .convert.outcome == "planned" then .convert.outcome = "done" else . end' "$name.plan") \
    <(jq -Sc 'del(.convert.elapsed_ms) | if .convert.outcome == "updated" then .convert.outcome = "done" else . end' "$name.run") || fail "$name: the run is not the plan"
  diff <(jq -Sc . "$name.plan.rejects") <(jq -Sc . "$name.run.rejects") || fail "$name: other rejects"
  rm -rf repo gen2 raws
  cp -a kept/* .
  setup
}
