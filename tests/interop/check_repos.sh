# Repositories that the Python Butler made in all its universes: dbb-repo finds no damage in them, and dbb-ingest adds
# to them as Python does. Part of run.sh, which has its helpers.
# shellcheck shell=bash disable=SC2154

fill_all() { "$python" "$here/check_fill.py" "$@"; }
python_night() { "$python" "$here/check_night.py" "$@"; }
clean() {
  if ! dbb-repo check "$1" --orphans > report.jsonl || [ "$(wc -l < report.jsonl)" != 1 ]; then
    cat report.jsonl
    return 1
  fi
}
# Checks that do not say ok: old releases get warnings for what they wrote, and nothing may come to that.
warnings() { "$python" "$here/butler_check.py" "$1" | grep -E '^(warn|FAIL) ' | sed 's/:.*//' ; }
same_warnings() { diff "$1" <(warnings "$2"); }

# registry REPO STATEMENT...   run SQL
registry() {
  "$python" - "$1/gen3.sqlite3" "${@:2}" <<'EOF'
import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as db:
    for statement in sys.argv[2:]:
        for row in db.execute(statement):
            print(*row, sep="|")
EOF
}

# Overlaps of regions are taken away and made again: all rows that Python wrote are back.
overlaps=() no_overlaps=()
for element in tract patch visit visit_detector_region; do
  overlaps+=("SELECT '$element', * FROM ${element}_skypix_overlap")
  no_overlaps+=("DELETE FROM ${element}_skypix_overlap")
done
remakes_overlaps() {
  registry "$1" "${overlaps[@]}" | sort > overlaps.before
  registry "$1" "${no_overlaps[@]}"
  dbb-repo check "$1" --repair --no-files > report.jsonl 2> /dev/null
  registry "$1" "${overlaps[@]}" | sort > overlaps.after
  # Overlaps of boxes can only be made by Python.
  jq -r 'select(.damage == "missing_overlap" and .repair == null) | .where | del(.table) | map(tostring) | join("|")' \
    report.jsonl | sed 's/.*/|&|/' > boxes
  comm -23 overlaps.before overlaps.after | grep -vFf boxes > lost
  [ -s overlaps.after ] && [ ! -s lost ]
}

# The exposure that was ingested last.
removes_last() {
  local obs_id
  obs_id=$(jq -r 'select(.records) | .records.exposure.obs_id' receipts.jsonl | tail -n 1)
  dbb-repo remove-raw "$1" "$obs_id" > removed.jsonl && [ "$(jq -c 'select(.remove)' removed.jsonl | wc -l)" -ge 2 ]
}

for universe in 0 1 2 3 4 5 6 7 8; do
  manager=2.0.0
  [ $universe -ge 7 ] || manager=1.0.0
  repo=python-universe-$universe
  must fill_all "$repo" --universe $universe --manager $manager --seed $universe
  check "universe $universe: no damage found" clean "$repo"
  cp -r "$repo" "ours-universe-$universe"
  good_files night-LATISS > paths
  warnings "$repo" > warnings.before
  check "universe $universe: ingest" ingest_gives 'done' "ours-universe-$universe" paths --transfer direct
  check "universe $universe: ingest again" ingest_gives existing "ours-universe-$universe" paths --transfer direct
  must python_night "$repo" night-LATISS
  check "universe $universe: same dump" same_dump "ours-universe-$universe" "$repo"
  check "universe $universe: remove an exposure" removes_last "ours-universe-$universe"
  check "universe $universe: no damage found after our work" clean "ours-universe-$universe"
  check "universe $universe: same warnings of butler_check" same_warnings warnings.before "ours-universe-$universe"
  check "universe $universe: overlaps can be made again" remakes_overlaps "ours-universe-$universe"
done

# Repositories that releases of 2022 made, with a stand-in for each file.
load_gen3() {
  "$python" - "$here/../data/gen3" "$1" "$2" <<'EOF'
import gzip
import shutil
import sqlite3
import sys
from pathlib import Path

data, name, repo = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
repo.mkdir()
shutil.copy(data / "butler.yaml", repo)
with sqlite3.connect(repo / "gen3.sqlite3") as db:
    db.executescript(gzip.open(data / f"{name}.sql.gz", "rt").read())
    for path, size in db.execute("SELECT path, file_size FROM file_datastore_records"):
        file = repo / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(max(size, 0)))
EOF
}
registered_anew() { dbb-repo register-instrument --update "$@"; }

for name in latiss lsstCam imsim; do
  repo=python-2022-$name
  must load_gen3 $name "$repo"
  warnings "$repo" > warnings.before
  check "$name of 2022: no damage found" clean "$repo"
  check "$name of 2022: register LATISS" registered_anew "$repo" LATISS
  good_files night-LATISS > paths
  check "$name of 2022: ingest" ingest_gives 'done' "$repo" paths --transfer direct
  check "$name of 2022: ingest again" ingest_gives existing "$repo" paths --transfer direct
  check "$name of 2022: no damage found after our ingest" clean "$repo"
  check "$name of 2022: same warnings of butler_check" same_warnings warnings.before "$repo"
done
