#!/bin/bash
# Prove with the real Python Butler what dbb-gen2-scan | dbb-convert makes of Gen2 repositories. The last line: "conversions:
# N passed, N failed".
#
# Usage: tests/interop/gen2.sh
# Env:   BUILD         the build folder (default: build)
#        REPOSITORIES  out of latiss lsstCam imsim (default: all)
#        CAMERAS       out of latiss lsstcam ts8 hsc imsim phosim (default: all)
#
# Repositories of obs_lsst must give the rows that upstream's converter gave in 2022 (tests/gen2/expected_rows.tsv); generated ones
# (tests/gen2/make_gen2.py) the same dump as a conversion by Python alone (fill_gen2.py).
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
export PYTHONDONTWRITEBYTECODE=1
interop=$root/tests/interop gen2=$root/tests/gen2
python=$(sh "$interop/setup.sh") || { echo 'FAIL setup of the Python Butler'; echo 'conversions: 0 passed, 1 failed'; exit 1; }
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2

# ---------------------------------------------------------------- verbs

fill() { "$python" "$interop/fill_gen2.py" "$@" > log 2>&1 || { echo "fill_gen2.py $* ended with $?"; tail -n 5 log; }; }
dump() { rm -f "$1.json"; "$python" "$interop/butler_dump.py" "$1" --relative-to "$work" -o "$1.json" > log 2>&1 || tail -n 5 log; }
same_dump() { dump "$1"; dump "$2"; diff -u "$2.json" "$1.json" | head -n 40; }
butler_check() { "$python" "$interop/butler_check.py" --strict "$1" > log 2>&1 || tail -n 20 log; }
sound() { dbb-repo check "$1" > log 2>&1 || tail -n 20 log; }
state() { (cd "$1" && find . -printf '%p %y %m %s %T@ %l\n' | sort; find . -type f -exec sha256sum {} + | sort); }
registered() { { dbb-repo create "$1" && dbb-repo register-instrument "$1" "$2"; } > log 2>&1 || cat log; }

# convert STATUS ROOT REPO [OPTION...]   scan and convert, with jq between; SCAN holds options of the scan. Lines are in receipts
#                                        and rejects. Prints what is wrong
convert() {
  local want=$1 tree=$2 repo=$3
  shift 3
  : > rejects
  # shellcheck disable=SC2086  # several options
  dbb-gen2-scan "$tree" ${SCAN:-} 2> scan.err | jq -c . | dbb-convert --repo "$repo" --rejects rejects "$@" > receipts 2> err
  local ended=("${PIPESTATUS[@]}")
  [[ ${ended[0]} =~ ^[013]$ ]] || echo "dbb-gen2-scan ended with ${ended[0]}"
  [ "${ended[2]}" = "$want" ] || { echo "dbb-convert ended with ${ended[2]} instead of $want"; tail -n 5 err scan.err; }
}
# outcomes   how often each outcome stands in receipts of datasets
outcomes() { jq -r 'select(.type == "gen2").convert.outcome // empty' receipts | sort | uniq -c | awk '{ printf "%s%s %s", sep, $2, $1; sep = ", " }'; }
outcome_is() { [ "$(outcomes)" = "$1" ] || echo "outcomes are: $(outcomes); instead of: $1"; }
# rows NAME REPO OPTION...   compare with what upstream made
rows() {
  local name=$1 repo=$2
  shift 2
  "$python" "$interop/gen2_rows.py" "$name" "$repo" --paths "$@" 2> log | LC_ALL=C sort > rows.now || tail -n 3 log
  grep "^$name	" "$gen2/expected_rows.tsv" | LC_ALL=C sort | diff - rows.now
}
# chained REPO NAME CHILD...
chained() {
  local children
  children=$(sqlite3 "$1/gen3.sqlite3" "SELECT c.name FROM collection_chain AS x JOIN collection AS c ON c.collection_id = x.child
    JOIN collection AS p ON p.collection_id = x.parent WHERE p.name = '$2' ORDER BY x.position" | paste -sd ' ')
  [ "$children" = "${*:3}" ] || echo "$2 is a chain of: $children"
}

# ---------------------------------------------------------------- repositories of obs_lsst

declare -A instrument=([latiss]=LATISS [lsstCam]=LSSTCam [imsim]=LSSTCam-imSim) count=([latiss]=2 [lsstCam]=3 [imsim]=4)
for name in ${REPOSITORIES-latiss lsstCam imsim}; do
  cp -rp "$root/tests/data/gen2/$name" "$name"
  camera=${instrument[$name]}
  state "$name" > before

  registered "$name-empty" "$camera"
  tell "$name: dry run changes nothing" "$(
    sqlite3 "$name-empty/gen3.sqlite3" .dump > dump.before
    convert 0 "$name" "$name-empty" --dry-run
    outcome_is "planned ${count[$name]}"
    sqlite3 "$name-empty/gen3.sqlite3" .dump | diff dump.before - | head -n 5)"
  jq -c 'select(.type == "gen2") | [.gen2.path, .id, .convert.path]' receipts | sort > planned
  tell "$name: into an empty repository" "$(convert 0 "$name" "$name-empty"; outcome_is "done ${count[$name]}")"
  tell "$name: the run equals the plan" "$(jq -c 'select(.type == "gen2") | [.gen2.path, .id, .convert.path]' receipts | sort | diff planned -)"
  tell "$name: rows of upstream" "$(rows "$name" "$name-empty" --root "$name")"
  tell "$name: umbrella" "$(chained "$name-empty" "$camera/defaults" "$camera/raw/all" "$camera/calib" skymaps)"
  tell "$name: butler_check" "$(butler_check "$name-empty")"
  tell "$name: dbb-repo check" "$(sound "$name-empty")"
  dump "$name-empty"
  cp "$name-empty.json" once.json
  tell "$name: again" "$(convert 0 "$name" "$name-empty"; outcome_is "existing ${count[$name]}"; dump "$name-empty"; diff once.json "$name-empty.json" | head -n 5)"
  tell "$name: the source is as it was" "$(state "$name" | diff before - | head -n 5)"

  for mode in copy link; do
    registered "$name-$mode" "$camera"
    tell "$name: $mode" "$(convert 0 "$name" "$name-$mode" --transfer $mode; outcome_is "done ${count[$name]}"; butler_check "$name-$mode")"
    tell "$name: $mode, the source is as it was" "$(state "$name" | sed 's/ 2 \([0-9]*\) / \1 /' | diff before - | head -n 5)"
  done

  cp -rp "$name" "$name-place"
  registered "$name-place" "$camera"
  tell "$name: in place" "$(convert 0 "$name-place" "$name-place"; outcome_is "done ${count[$name]}")"
  tell "$name: in place, rows of upstream" "$(rows "$name" "$name-place")"
  tell "$name: in place, butler_check" "$(butler_check "$name-place")"
  tell "$name: in place, again" "$(convert 0 "$name-place" "$name-place"; outcome_is "existing ${count[$name]}")"
done

# ---------------------------------------------------------------- generated ones, beside Python's own conversion

declare -A named=([latiss]=LATISS [lsstcam]=LSSTCam [ts8]=LSST-TS8 [hsc]=HSC [imsim]=LSSTCam-imSim [phosim]=LSSTCam-PhoSim)
export SCAN='--skymap rings'
faults=gap,touching,overlap,wide_gap,none_validity,unregistered_calib,packed_raw,linked_raw,stale_parent,truncated_visits,backups
for camera in ${CAMERAS:-latiss lsstcam ts8 hsc imsim phosim}; do
  tree=generated-$camera
  "$gen2/make_gen2.py" "$tree" --camera "$camera" --faults $faults
  files=$(jq -c 'select(.action == "convert")' "$tree.expected-skymap" | wc -l)
  visits=$(jq -c 'select(.action == "convert" and .data_id.visit)' "$tree.expected-skymap" | wc -l)
  jq -r --arg root "$PWD/$tree/" 'select(.dataset_type == "raw") | $root + .path' "$tree.expected" | xargs dbb-describe > described 2> log
  tell "$camera: start" "$(fill "ours-$camera" --register "${named[$camera]}" --skymap rings 9813)"
  if [ "$visits" -gt 0 ]; then
    tell "$camera: without visits" "$(
      convert 3 "$tree" "ours-$camera"
      outcome_is "done $((files - visits))"
      [ "$(jq -c 'select(.data_id.visit)' rejects | wc -l)" = "$visits" ] && [ "$(wc -l < rejects)" = "$visits" ] || echo "rejected are $(wc -l < rejects)")"
    # Any focal plane will do (HSC has 112 detectors); without regions Python's queries find no visits.
    sed "s/^camera: .*/camera: ${named[$camera]}/; /^  1[0-9][0-9]:/d" "$root/examples/geometry/LSSTCam-imSim.yaml" > geometry.yaml
    tell "$camera: visits" "$(dbb-visits --repo "ours-$camera" --geometry geometry.yaml > log 2>&1 || tail -n 5 log)"
  fi
  cp -r "ours-$camera" "python-$camera"
  tell "$camera: convert" "$(convert 0 "$tree" "ours-$camera"; outcome_is "done $((visits > 0 ? visits : files))$([ "$visits" = 0 ] || echo ", existing $((files - visits))")")"
  tell "$camera: Python converts" "$(fill "python-$camera" "$tree.expected-skymap" described "$tree")"
  tell "$camera: same dump" "$(same_dump "ours-$camera" "python-$camera")"
  tell "$camera: butler_check" "$(butler_check "ours-$camera")"
  tell "$camera: dbb-repo check" "$(sound "ours-$camera")"
  tell "$camera: again" "$(convert 0 "$tree" "ours-$camera"; outcome_is "existing $files")"
done

# ---------------------------------------------------------------- everything that can be wrong

# One bad file never blocks another: what the scan would not convert and what can't be read is rejected or passed through, all else is there.
"$gen2/make_gen2.py" faulty --camera lsstcam --faults all
corrupt=$(jq -r 'select(.dataset_type == "raw" and .action == "convert").path' faulty.expected-skymap | head -n 1)
truncate -s 1000 "faulty/$corrupt"
tell 'faults: start' "$(fill ours-faulty --register LSSTCam --skymap rings 9813 --filter LSSTCam a-b x)"
jq -r 'select(.action == "review" or .action == "error").path' faulty.expected-skymap | cat - <(echo "$corrupt") | sort > rejects.expected
jq -r --arg corrupt "$corrupt" 'select(.action == "convert" and .path != $corrupt).path' faulty.expected-skymap | sort > receipts.expected
for time in once again; do
  tell "faults: $time" "$(
    convert 1 faulty ours-faulty
    jq -r .gen2.path rejects | sort | diff rejects.expected - | sed 's/^/rejects: /'
    jq -r 'select(.type == "gen2" and .convert).gen2.path' receipts | sort | diff receipts.expected - | sed 's/^/receipts: /'
    jq -c 'select(.error == null) | .gen2.path' rejects
    outcome_is "$([ $time = once ] && echo 'done' || echo existing) $(wc -l < receipts.expected)")"
done
tell 'faults: butler_check' "$(butler_check ours-faulty)"

# A header wins over the registry, unless that is asked for.
"$gen2/make_gen2.py" contrary --camera latiss --faults registry_mismatch
SCAN='' files=$(jq -c 'select(.dataset_type == "raw")' contrary.expected | wc -l)
registered contrary-strict LATISS
registered contrary-plain LATISS
tell 'contrary registry: strict' "$(convert 1 contrary contrary-strict --strict; [ "$(jq -r .error.code rejects | grep -c REGISTRY_MISMATCH)" = 1 ] || cut -c 1-200 rejects)"
tell 'contrary registry: plain' "$(convert 3 contrary contrary-plain; [ "$(jq -c 'select(.dataset_type == "raw" and .convert)' receipts | wc -l)" = "$files" ] || echo 'a raw is missing')"

sum_up conversions
