#!/bin/bash
# Compare dbb-efd-join, value by value, with an exact reference: on recorded responses of a real EFD and on generated nights
# with faults. The last line: "telemetry: N passed, N failed".
#
# Usage: tests/efd/compare.sh
# Env:   BUILD   the build folder (default: build)
#        SEEDS   of generated nights, separated by blanks (default: 1)
#        NIGHTS  seeds of random nights, such as "7 100-300" (default: 1-40)
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
export PYTHONDONTWRITEBYTECODE=1
SEEDS=${SEEDS:-1} NIGHTS=${NIGHTS:-1-40}
efd=$root/tests/efd data=$root/tests/data/efd
. tests/efd/_python.bash
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2

# same NAME EXPECTED OPTION...   a join of windows on stdin
same() {
  local name=$1 expected=$2 rc=0 problem
  shift 2
  dbb-efd-join "$@" > values 2> err || rc=$?
  problem=$([ $rc = 0 ] || { echo "ended with $rc"; cat err; }
    verdict different "$python" "$efd/compare.py" "$expected" values)
  tell "$name" "$problem"
}

# reference EXPECTED WINDOWS CONFIG SAMPLES...
reference() {
  local expected=$1 windows=$2 config=$3
  shift 3
  "$python" "$efd/efd_oracle.py" --windows "$windows" --config "$config" --samples "$@" > "$expected"
}

for folder in "$data"/join/*/; do
  samples=()
  while read -r file; do
    name=$(basename "$file")
    gunzip -c "$data/recorded/$name.gz" > "$name"
    samples+=(-s "$name")
  done < "$folder/samples.txt"
  gunzip -c "$folder/expected.jsonl.gz" > expected
  same "recorded responses: $(basename "$folder")" expected -c "$folder/config.yaml" "${samples[@]}" < "$folder/windows.jsonl"
done

for seed in $SEEDS; do
  rm -rf night
  "$python" "$efd/efd_night.py" mini -o night --seed "$seed" > /dev/null
  reference expected night/windows.jsonl night/config.yaml night/night.lp night/nan.jsonl
  same "night $seed" expected -c night/config.yaml -s night/night.lp -s night/nan.jsonl < night/windows.jsonl
  reference without_nan night/windows.jsonl night/config.yaml night/night.lp
  same "night $seed: windows and samples from pipes" without_nan -c night/config.yaml \
    -w <(cat night/windows.jsonl) -s - --format lp < <(cat night/night.lp)
  same "night $seed: rows with NaN as CSV" expected -c night/config.yaml -s night/night.lp -s night/nan.csv \
    --csv-topic lsst.sal.ESS.dewPoint < night/windows.jsonl

  reference expected night/windows.jsonl night/config.yaml night/night.lp night/late.lp night/nan.jsonl
  same "night $seed with a block that came late" expected -c night/config.yaml -s night/night.lp -s night/late.lp \
    -s night/nan.jsonl < night/windows.jsonl

  # Later parts first: in one pass they would come too late.
  half=$(($(wc -l < night/night.lp) / 2))
  head -n $half night/night.lp > first.lp
  tail -n +$((half + 1)) night/night.lp > second.lp
  reference expected night/windows.jsonl night/config.yaml second.lp first.lp
  same "night $seed in two files, the later one first" expected -c night/config.yaml -s second.lp -s first.lp < night/windows.jsonl
  same "night $seed in a pipe, the later half first" expected -c night/config.yaml -s - --format lp --sort -w night/windows.jsonl \
    < <(cat second.lp first.lp)

  reference expected night/leap_windows.jsonl night/leap_config.yaml night/leap.lp
  same "night $seed of a leap second" expected -c night/leap_config.yaml -s night/leap.lp < night/leap_windows.jsonl
done

# shellcheck disable=SC2086  # several words
tell "random nights $NIGHTS" "$(verdict different "$python" "$efd/differential.py" $NIGHTS)"

# All columns of ConsDB's own configurations: what they become, on a night of all their topics; then with its flaws.
for config in "$data"/consdb/config_*.yaml; do
  name=$(basename "$config" .yaml)
  tell "columns of $name" "$(dbb-efd-join -c "$config" --show-columns | verdict wrong "$python" "$efd/consdb.py" check "$config")"
  rm -rf consdb
  mkdir consdb
  "$python" "$efd/consdb.py" night "$config" consdb "${SEEDS%% *}"
  "$python" "$efd/consdb.py" oracle "$config" > consdb/columns.json
  reference expected consdb/windows.jsonl consdb/columns.json consdb/night.lp
  same "night of $name" expected -c "$config" -s consdb/night.lp < consdb/windows.jsonl
  "$python" "$efd/consdb.py" original "$config" consdb/night.lp consdb/windows.jsonl > expected
  dbb-efd-join --compat consdb -c "$config" -s consdb/night.lp < consdb/windows.jsonl > values
  tell "night of $name, --compat consdb" "$(verdict wrong "$python" "$efd/consdb.py" compare expected values)"
done

sum_up telemetry
