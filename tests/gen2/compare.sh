#!/bin/bash
# Compare dbb-gen2-scan, line by line, with what a generator of Gen2 repositories and an independent model say of them. The
# last line: "scans: N passed, N failed".
#
# Usage: tests/gen2/compare.sh
# Env:   BUILD      the build folder (default: build)
#        CAMERAS    out of latiss lsstcam imsim phosim ts8 hsc (default: all)
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
export PYTHONDONTWRITEBYTECODE=1
gen2=$root/tests/gen2
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2

# All that a reader could change of a tree.
state() { (cd "$1" && find . -printf '%p %y %m %s %T@ %l\n' | sort; find . -type f -exec sha256sum {} + | sort); }

# scanned EXPECTED ROOT OPTION...   what is wrong with a scan
scanned() {
  local expected=$1 tree=$2 rc=0
  shift 2
  state "$tree" > before
  dbb-gen2-scan "$tree" "$@" > lines 2> err || rc=$?
  state "$tree" | diff before - | sed 's/^/the repository has changed: /'
  "$gen2/compare.py" "$expected" lines --rc $rc || sed 's/^/stderr: /' err
  # jq between two programs must not change what a line means.
  diff <(jq -cS . lines) <(jq -c . lines | jq -cS .) > /dev/null || echo 'a line does not survive jq'
}

# only FILTER EXPECTED   expected lines of files that a jq filter selects, without collections
only() { jq -c "select(.path and ($1))" "$2"; }
# The same for what was scanned: which collections belong to a selection is another question.
selected() {
  local filter=$1 expected=$2 tree=$3 rc=0
  shift 3
  only "$filter" "$expected" > part
  dbb-gen2-scan "$tree" "$@" > all 2> err || rc=$?
  jq -c 'select(.type != "collection")' all > lines
  "$gen2/compare.py" part lines --rc $rc || sed 's/^/stderr: /' err
}

for camera in ${CAMERAS:-latiss lsstcam imsim phosim ts8 hsc}; do
  for faults in none all; do
    tree=$camera-$faults
    "$gen2/make_gen2.py" "$tree" --camera "$camera" --faults $faults || { tell "make $tree" 'the generator failed'; continue; }
    tell "$tree: generator and model agree" "$(
      "$gen2/model.py" "$tree" | diff <(jq -cS . "$tree.expected" | sort) <(jq -cS . | sort)
      "$gen2/model.py" "$tree" --skymap rings | diff <(jq -cS . "$tree.expected-skymap" | sort) <(jq -cS . | sort))"
    tell "$tree: scan" "$(scanned "$tree.expected" "$tree")"
    tell "$tree: scan with a sky map" "$(scanned "$tree.expected-skymap" "$tree" --skymap rings)"
  done
  tree=$camera-all
  tell "$tree: one rerun" "$(selected '.repo == "rerun/shared/t"' "$tree.expected" "$tree" --rerun shared/t)"
  tell "$tree: reruns by a glob" "$(selected '.repo | startswith("rerun/private/")' "$tree.expected" "$tree" --rerun 'private/*/*')"
  tell "$tree: calibrations only" "$(selected '.repo == "calib"' "$tree.expected" "$tree" --only calib)"
  tell "$tree: root only" "$(selected '.repo == "root"' "$tree.expected" "$tree" --only root)"
  tell "$tree: one type" "$(selected '.dataset_type == "bias"' "$tree.expected" "$tree" --dataset-type bias)"
done

# An older convention: the end of a range is a day before the next one's start.
"$gen2/make_gen2.py" older --camera lsstcam --no-increment
tell 'ends before the next start: scan' "$(scanned older.expected older)"

# A layout that only a table of the user's has.
cat > templates.yaml <<'Y'
types:
  bias:
    template:
      - "bias/%(calibDate)s/bias-%(raftName)s-%(detectorName)s-det%(detector)03d_%(calibDate)s.fits"
      - "by_hand/%(calibDate)s/b%(detector)03d.fits"
Y
"$gen2/make_gen2.py" by-hand --camera lsstcam --faults foreign_layout --known-layout
tell 'a layout of its own: scan with templates' "$(scanned by-hand.expected by-hand --templates templates.yaml)"

# Nights, and conditions on data IDs.
day=$(jq -r 'select(.dataset_type == "raw") | .id.dayObs' lsstcam-all.expected | sort | tail -n 1)
tell 'raws of one night' "$(selected ".dataset_type == \"raw\" and .id.dayObs == \"$day\"" lsstcam-all.expected lsstcam-all \
  --dataset-type raw --day-obs "${day//-/}..${day//-/}")"
tell 'raws of one detector' "$(selected '.dataset_type == "raw" and .data_id.detector == 35' lsstcam-all.expected lsstcam-all \
  --dataset-type raw --where 'detector = 35')"

# Each fault alone, so that none hides behind another.
for fault in $("$gen2/make_gen2.py" --list-faults); do
  "$gen2/make_gen2.py" "alone-$fault" --camera lsstcam --faults "$fault"
  tell "$fault alone: scan" "$(scanned "alone-$fault.expected" "alone-$fault")"
done

# Repositories of the observatory.
for name in latiss imsim lsstCam; do
  [ -d "$root/tests/data/gen2/$name" ] || { tell "$name of obs_lsst" 'it is not in tests/data/gen2'; continue; }
  "$gen2/model.py" "$root/tests/data/gen2/$name" > "$name.expected"
  tell "$name of obs_lsst: scan" "$(scanned "$name.expected" "$root/tests/data/gen2/$name")"
done

sum_up scans
