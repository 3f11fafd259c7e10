#!/bin/bash
# Four writers on one repository with overlapping files: they wait for each other and never fail; the end is that of one
# writer alone, and each line of each writer has exactly one receipt.
#
# Usage: tests/fault/writers.sh      BUILD is the build folder (default: build)
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
bin=$(cd "${BUILD:-build}" && pwd)/bin || exit 2
export PATH=$bin:$PATH LC_ALL=C TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0
result() { if [ "$2" = "$3" ]; then echo "ok $1"; passed=$((passed + 1)); else echo "FAIL $1: $2 instead of $3"; failed=$((failed + 1)); fi; }

# 200 exposures: one real file under as many numbers.
file=$root/examples/data/LSSTCam/3019031900001-R10-S02-det029.fits
dbb-describe "$file" | jq -c 'select(.uri) | . as $line | range(1; 201) as $i | $line | (.data_id.exposure, .records.exposure.id) += $i
  | .records.exposure.obs_id += ("_" + ($i | tostring))' > all
repo() { dbb-repo create "$1" > /dev/null; dbb-repo register-instrument "$1" LSSTCam > /dev/null; }
state() {
  for table in group day_obs exposure dataset_tags_00000001 dataset_location file_datastore_records collection run \
    collection_summary_dataset_type collection_summary_instrument; do
    sqlite3 -readonly "$1/gen3.sqlite3" "SELECT '$table', * FROM \"$table\"" | sort
  done
  sqlite3 -readonly "$1/gen3.sqlite3" 'SELECT id FROM dataset ORDER BY id'
}
for mode in direct copy; do
  repo serial.$mode
  dbb-ingest --repo serial.$mode -t $mode < all > /dev/null
  repo shared.$mode
  pids=()
  for writer in 1 2 3 4; do
    # Each takes three quarters, in an order of its own, and some of them live.
    awk -v w=$writer 'NR % 4 != w % 4' all | sort -R --random-source=<(yes $writer) > lines.$writer
    if [ $writer -le 2 ]; then
      dbb-ingest --repo shared.$mode -t $mode --rejects rejects.$writer < lines.$writer > out.$writer 2> err.$writer &
    else
      while IFS= read -r line; do printf '%s\n' "$line"; sleep 0.003; done < lines.$writer |
        dbb-ingest --repo shared.$mode -t $mode --rejects rejects.$writer > out.$writer 2> err.$writer &
    fi
    pids+=($!)
  done
  statuses=''
  for pid in "${pids[@]}"; do
    wait "$pid"
    statuses+="$? "
  done
  result "$mode: four writers end well" "$statuses" '0 0 0 0 '
  result "$mode: nothing was refused" "$(cat rejects.? | wc -l)" 0
  result "$mode: a receipt for each line" "$(cat out.? | grep -c '"ingest":')" "$(cat lines.? | wc -l)"
  result "$mode: each dataset was stored by one" "$(cat out.? | jq -r 'select(.ingest.outcome == "done") | .id' | sort | uniq -d | wc -l)" 0
  result "$mode: as one writer alone" "$(state shared.$mode | sed "s/shared/serial/g" | md5sum)" "$(state serial.$mode | md5sum)"
done

echo "writers: $passed passed, $failed failed"
[ "$failed" = 0 ]
