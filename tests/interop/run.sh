#!/bin/bash
# Prove with the real Python Butler that dbb's repositories are its own. The last line: "N passed, N failed".
#
# Usage: tests/interop/run.sh      BUILD is the build folder (default: build)
# Env:   DBB_INTEROP_KEEP=DIR      work in DIR, which must not exist, and keep what was made
#
# Nights of all three instruments are ingested by dbb and by Python (fill_night.py); dumps (butler_dump.py) of the two
# repositories must be the same text.
set -u
cd "$(dirname "$0")" || exit 2
here=$PWD
bin=$(cd ../.. && cd "${BUILD:-build}/bin" && pwd) || exit 2
export PATH=$bin:$PATH LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1
python=$(sh setup.sh) || { echo 'FAIL setup of the Python Butler'; echo '0 passed, 1 failed'; exit 1; }

if [ -n "${DBB_INTEROP_KEEP:-}" ]; then
  mkdir "$DBB_INTEROP_KEEP" || exit 2
  work=$(cd "$DBB_INTEROP_KEEP" && pwd)
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
cd "$work" || exit 2

# ---------------------------------------------------------------- counting

passed=0 failed=0

# check NAME COMMAND...   silent when it passes
check() {
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1 </dev/null; then
    echo "ok $name"
    passed=$((passed + 1))
  else
    echo "FAIL $name"
    head -n 60 "$work/log" | cut -c 1-400 | sed 's/^/  | /'
    failed=$((failed + 1))
    return 1
  fi
}

# must COMMAND...   a step without which nothing can be compared
must() {
  "$@" >"$work/log" 2>&1 </dev/null && return
  tail -n 20 "$work/log"
  echo "FAIL $*"
  echo "$passed passed, $((failed + 1)) failed"
  exit 1
}

# ---------------------------------------------------------------- verbs

butler_check() { "$python" "$here/butler_check.py" --strict "$1"; }
fill() { "$python" "$here/fill_night.py" "$@"; }
dump() { [ -e "$1.json" ] || "$python" "$here/butler_dump.py" "$1" --relative-to "$work" -o "$1.json"; }
same_dump() { rm -f "$1.json"; dump "$1" && dump "$2" && diff -u "$2.json" "$1.json"; }

# Everything below a repository but its registry, with kind, mode and size: transferred files, and nothing left over.
tree() { (cd "$1" && find . -mindepth 1 ! -name 'gen3.sqlite3*' ! -name butler.yaml \
  \( -type d -printf '%P %y %m\n' -o -printf '%P %y %m %s %l\n' \) | sort); }
same_tree() { diff -u <(tree "$2") <(tree "$1"); }

# Paths of the good files of a night: all, or from..to (counted from 0, without the last).
good_files() {
  jq -r 'select(.failure == null).file' "$1/truth.jsonl" | sed -n "$((${2:-0} + 1)),${3:-\$}p" | sed "s|^|$PWD/$1/|"
}

# ingest_gives OUTCOME REPO LIST [OPTION...]   dbb-ingest of the listed paths ends well, each with that outcome
ingest_gives() {
  local want=$1 repo=$2 list=$3 paths count
  shift 3
  mapfile -t paths < "$list"
  [ ${#paths[@]} -gt 0 ] || { echo "no paths in $list"; return 1; }
  dbb-ingest --repo "$repo" -j 2 "$@" "${paths[@]}" > receipts.jsonl || { echo "dbb-ingest ended with $?"; return 1; }
  count=$(jq -c "select(.ingest.outcome == \"$want\")" receipts.jsonl | wc -l)
  [ "$count" = ${#paths[@]} ] || { echo "$count of ${#paths[@]} files are $want"; cat receipts.jsonl; return 1; }
}

ours_registered() { dbb-repo create "$1" && dbb-repo register-instrument "$1" "${@:2}"; }

# ---------------------------------------------------------------- nights

declare -A shape=(
  [LSSTCam]='--exposures 4 --detectors 6'
  [LSSTComCam]='--exposures 4 --detectors 9'
  [LATISS]='--exposures 12 --detectors 1'      # from 12 exposures on there are a dark and a flat
)
cameras=(LSSTCam LSSTComCam LATISS)
all_instruments=$(cd "$here/../data/instruments" && printf '%s\n' *.json | sed 's/\.json$//')

make_night() {
  # shellcheck disable=SC2086  # several options
  "$python" "$here/make_night.py" "$1" --instrument "$2" --amps 2 --npix 64 ${shape[$2]} "${@:3}" > /dev/null
}
for camera in "${cameras[@]}"; do must make_night "night-$camera" "$camera"; done

# ---------------------------------------------------------------- empty and registered

check 'create' dbb-repo create ours-empty
check 'empty: butler_check' butler_check ours-empty
must fill python-empty
check 'empty: same dump' same_dump ours-empty python-empty

# shellcheck disable=SC2086  # one word per instrument
check 'register 11 instruments' ours_registered ours-registered $all_instruments
check 'registered: butler_check' butler_check ours-registered
# shellcheck disable=SC2086
must fill python-registered --register $all_instruments
check 'registered: same dump' same_dump ours-registered python-registered

# ---------------------------------------------------------------- filled

must ours_registered ours-start "${cameras[@]}"
must fill python-start --register "${cameras[@]}"
fresh() { local repo; for repo; do cp -r "${repo%%-*}-start" "$repo"; done; }

fresh ours-filled python-filled
for camera in "${cameras[@]}"; do
  good_files "night-$camera" > paths
  check "ingest $camera" ingest_gives 'done' ours-filled paths --transfer direct
  must fill python-filled "night-$camera"
done
check 'filled: same dump' same_dump ours-filled python-filled
check 'filled: butler_check' butler_check ours-filled
for camera in "${cameras[@]}"; do
  good_files "night-$camera" > paths
  check "ingest $camera again" ingest_gives existing ours-filled paths --transfer direct
done
check 'filled: same dump after a second ingest' same_dump ours-filled python-filled

piped() {
  dbb-scan "$1" | jq -c . | dbb-describe | jq -c . | dbb-ingest --repo "$2" --transfer direct > receipts.jsonl
  local ended="${PIPESTATUS[*]}"
  [ "$ended" = '0 0 0 0 0' ] || { echo "the pipe ended with $ended"; return 1; }
}
fresh ours-piped
for camera in "${cameras[@]}"; do check "scan | describe | ingest of $camera" piped "night-$camera" ours-piped; done
check 'piped: same dump' same_dump ours-piped python-filled

# ---------------------------------------------------------------- each extends the other's repository

fresh ours-mixed python-mixed
for camera in "${cameras[@]}"; do
  night=night-$camera
  # Within an exposure where an exposure has several files.
  cut=$(($(good_files "$night" | wc -l) * 3 / 8))

  good_files "$night" 0 $cut > paths
  check "ours, then Python: our part of $camera" ingest_gives 'done' ours-mixed paths --transfer direct
  check "ours, then Python: $camera records sync without conflict" fill ours-mixed "$night" --files :$cut --present
  check "ours, then Python: the rest of $camera" fill ours-mixed "$night" --files $cut:

  must fill python-mixed "$night" --files :$cut
  good_files "$night" 0 $cut > paths
  check "Python, then ours: $camera files are existing" ingest_gives existing python-mixed paths --transfer direct
  good_files "$night" $cut > paths
  check "Python, then ours: the rest of $camera" ingest_gives 'done' python-mixed paths --transfer direct
done
check 'ours, then Python: same dump' same_dump ours-mixed python-filled
check 'Python, then ours: same dump' same_dump python-mixed python-filled
check 'ours, then Python: butler_check' butler_check ours-mixed
check 'Python, then ours: butler_check' butler_check python-mixed

# ---------------------------------------------------------------- transfer modes

inodes() { find "$@" -name '*.fits' -printf '%i\n' | sort; }

# What a mode leaves in the datastore, beyond what dump and tree show.
files_after() {
  local mode=$1 repo=$2 night=$3
  case $mode in
    direct) [ -z "$(tree "$repo")" ] ;;
    copy) [ -z "$(comm -12 <(inodes "$repo") <(inodes "$night"))" ] &&
      diff <(find "$repo" -name '*.fits' -exec sha256sum {} + | cut -d' ' -f1 | sort) \
        <(find "$night" -name '*.fits' -exec sha256sum {} + | cut -d' ' -f1 | sort) ;;
    auto | link) diff <(inodes "$repo") <(inodes "$night") ;;
  esac
}

for camera in "${cameras[@]}"; do
  good_files "night-$camera" > paths
  for mode in direct copy link auto; do
    fresh "ours-$camera-$mode" "python-$camera-$mode"
    check "$mode $camera" ingest_gives 'done' "ours-$camera-$mode" paths --transfer $mode
    must fill "python-$camera-$mode" "night-$camera" --transfer $mode
    check "$mode $camera: same dump" same_dump "ours-$camera-$mode" "python-$camera-$mode"
    check "$mode $camera: same files" same_tree "ours-$camera-$mode" "python-$camera-$mode"
    check "$mode $camera: kind of files" files_after $mode "ours-$camera-$mode" "night-$camera"
  done
  # Files that lie below the root already; `auto` must find that out by itself.
  for mode in none auto; do
    ours=ours-$camera-in-place-$mode python_repo=python-$camera-in-place-$mode
    fresh "$ours" "$python_repo"
    cp -r "night-$camera" "$ours/incoming"
    cp -r "night-$camera" "$python_repo/incoming"
    good_files "$ours/incoming" > paths.in-place
    check "in place ($mode) $camera" ingest_gives 'done' "$ours" paths.in-place --transfer $mode
    must fill "$python_repo" "$python_repo/incoming" --transfer $mode
    check "in place ($mode) $camera: same dump" same_dump "$ours" "$python_repo"
    check "in place ($mode) $camera: same files" same_tree "$ours" "$python_repo"
  done
done
check 'copies: butler_check' butler_check ours-LSSTCam-copy
check 'links: butler_check' butler_check ours-LSSTComCam-link
check 'in place: butler_check' butler_check ours-LATISS-in-place-none

# ---------------------------------------------------------------- zip files

# An exposure as a zip file of the Butler's, of which ingest_zip and dbb-ingest make the same. Its headers are upstream's
# for one camera, translated ones for the others.
for camera in "${cameras[@]}"; do
  mkdir "zips-$camera"
  exposure=$(jq -r 'select(.failure == null).data_id.exposure' "night-$camera/truth.jsonl" | head -n 1)
  [ "$camera" = LATISS ] && content=metadata || content=translated
  must "$python" "$here/make_zip.py" "python-$camera-copy" "$camera/raw/all" "$camera" "$exposure" "zips-$camera" "$content"
  zip=$(echo "$PWD/zips-$camera"/*.zip)
  for mode in copy direct; do
    fresh "ours-$camera-zip-$mode" "python-$camera-zip-$mode"
    check "zip ($mode) $camera" dbb-ingest --repo "ours-$camera-zip-$mode" --transfer $mode "$zip"
    must "$python" "$here/fill_zip.py" "python-$camera-zip-$mode" "python-$camera-copy" "$zip" $mode
    check "zip ($mode) $camera: same dump" same_dump "ours-$camera-zip-$mode" "python-$camera-zip-$mode"
    check "zip ($mode) $camera: same files" same_tree "ours-$camera-zip-$mode" "python-$camera-zip-$mode"
  done
done
check 'zips: butler_check' butler_check ours-LSSTCam-zip-copy
check 'zips: no damage found in what Python made' dbb-repo check python-LSSTCam-zip-copy

# ---------------------------------------------------------------- a night with faults

# dbb-ingest must reject what truth.jsonl says, for that reason, and ingest all else.
refuses_faults() {
  local repo=$1 night=$2 rc=0
  dbb-ingest --repo "$repo" -j 2 --transfer direct --rejects rejects.jsonl "$night" > receipts.jsonl || rc=$?
  [ "$rc" = 1 ] || { echo "dbb-ingest ended with $rc instead of 1"; return 1; }
  diff <(jq -r --arg night "$night/" 'select(.failure) | .file + " " +
      ({"missing-keyword": "MISSING_CARD", "unknown-detector": "UNKNOWN_DETECTOR", "bad-value": "BAD_DATE"}
        [.failure.class] // "unreadable")' "$night/truth.jsonl" | sort) \
    <(jq -r --arg night "$night/" '(.uri | split($night)[1]) + " " + (if .error.stage == "read" then "unreadable"
      else .error.code end)' rejects.jsonl | sort)
}
for camera in "${cameras[@]}"; do
  night=bad-$camera
  must make_night "$night" "$camera" --bad 0.6 --seed 3 --faults truncated,missing_seqnum,unknown_detector,bad_date
  fresh "ours-$night" "python-$night"
  rm -f rejects.jsonl
  check "faults of $camera" refuses_faults "ours-$night" "$night"
  must fill "python-$night" "$night"
  check "faults of $camera: same dump" same_dump "ours-$night" "python-$night"
done

# ---------------------------------------------------------------- every instrument

# Files with the real headers of all eleven instruments. Five can't all be stored: three have the data ID of another one, one its
# obs_id, one a filter that no instrument registers.
all_cameras() {
  local rc=0
  dbb-ingest --repo "$1" --transfer direct --rejects refused.jsonl "${@:2}" headers/[HL]* > receipts.jsonl || rc=$?
  [ "$rc" = 1 ] || { echo "dbb-ingest ended with $rc instead of 1"; return 1; }
  diff <(jq -r .error.code refused.jsonl | sort) <(printf '%s\n' DUPLICATE DUPLICATE DUPLICATE FILTER_NOT_REGISTERED OBS_ID_TAKEN) &&
    [ "$(jq -r 'select(.ingest).instrument' receipts.jsonl | sort -u | wc -l)" = 11 ]
}
defined() {
  dbb-visits --repo "$1" "${@:2}" > visits.jsonl && [ "$(jq -c 'select(.visits.outcome == "done")' visits.jsonl | wc -l)" = 16 ]
}
described_beside() { dbb-describe "$@" headers > described.jsonl; }
must "$python" "$here/make_headers.py" headers
# shellcheck disable=SC2086
must ours_registered ours-all $all_instruments
check 'all instruments: ingest' all_cameras ours-all
check 'all instruments: butler_check' butler_check ours-all
check 'all instruments: visits' defined ours-all --geometry "$here/../../examples/geometry/LSSTCam-imSim.yaml"
check 'all instruments: Python finds the visits' "$python" "$here/check_visits.py" ours-all
check 'all instruments: butler_check with visits' butler_check ours-all
check 'all instruments: no damage found' dbb-repo check ours-all
check 'all instruments: write sidecars and indexes' described_beside --write-sidecar --write-index
check 'all instruments: Python reads sidecars and indexes' "$python" "$here/check_sidecars.py" headers
# shellcheck disable=SC2086
must ours_registered ours-indexed $all_instruments
rm -f refused.jsonl
check 'all instruments: ingest from indexes' all_cameras ours-indexed
check 'all instruments: visits of what came from indexes' defined ours-indexed --geometry "$here/../../examples/geometry/LSSTCam-imSim.yaml"
check 'all instruments: same dump from indexes' same_dump ours-indexed ours-all
rm headers/*/_index.json refused.jsonl
# shellcheck disable=SC2086
must ours_registered ours-sidecars $all_instruments
check 'all instruments: ingest from sidecars' all_cameras ours-sidecars
check 'all instruments: visits of what came from sidecars' defined ours-sidecars --geometry "$here/../../examples/geometry/LSSTCam-imSim.yaml"
check 'all instruments: same dump from sidecars' same_dump ours-sidecars ours-all

# A guider's file beside a raw image of its exposure. The stand-in holds what the sidecar says, and nothing else.
guider_files() {
  mkdir guider && cp "$here"/../data/raw/guider/*.json guider && : > guider/MC_C_20240918_000013_R42_S11.fits &&
    printf '%-2880s' 'SIMPLE  =                    T' > guider/MC_C_20240918_000013_R00_SG0_guider.fits
}
guided() { dbb-ingest --repo "$1" --transfer copy --guiders guider > receipts.jsonl && [ "$(grep -c '"outcome":"done","path"' receipts.jsonl)" = 2 ]; }
must guider_files
must ours_registered ours-guider LSSTCam
check 'guider: ingest' guided ours-guider
check 'guider: Python finds it' "$python" "$here/check_guider.py" ours-guider
check 'guider: butler_check' butler_check ours-guider

# ---------------------------------------------------------------- PostgreSQL

# The same nights on a server: the real Butler takes the repository for its own, and it holds what that on SQLite holds.
server=$work/server
stop_server() { "$here/../servers/postgres.sh" stop --remove "$server" > /dev/null 2>&1; }
[ -n "${DBB_INTEROP_KEEP:-}" ] || trap 'stop_server; rm -rf "$work"' EXIT
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=$("$here/../servers/postgres.sh" start "$server" "$port" --db dbb --ext btree_gist 2> server.log | tail -n 1)
on_server() { dbb-repo create "$1" --registry "$url" --namespace "$2" && dbb-repo register-instrument "$1" "${@:3}" > /dev/null; }
ingest_nights() { for camera in "${cameras[@]}"; do good_files "night-$camera" | tr '\n' '\0' | xargs -0 dbb-ingest --repo "$1" -t direct > "$1.receipts" || return 1; done; }
# dbb_finds_all REPO    each file of the nights is there already, with what dbb would have written
dbb_finds_all() { ingest_nights "$1" && ! grep '"ingest":' "$1.receipts" | grep -v '"ingest":{"outcome":"existing"'; }
must on_server ours-pg ours "${cameras[@]}"
must ours_registered ours-lite "${cameras[@]}"
for camera in "${cameras[@]}"; do
  good_files "night-$camera" > paths
  check "PostgreSQL: ingest $camera" ingest_gives 'done' ours-pg paths --transfer direct
  check "PostgreSQL: the same on SQLite of $camera" ingest_gives 'done' ours-lite paths --transfer direct
done
for repo in ours-pg ours-lite; do
  check "PostgreSQL: visits of $repo" dbb-visits --repo $repo --grouping one-to-one-and-by-counter
done
check 'PostgreSQL: same dump as SQLite' same_dump ours-pg ours-lite
check 'PostgreSQL: butler_check' butler_check ours-pg
# The same nights by Python there, and each of the two in what the other has made.
nights=("${cameras[@]/#/night-}")
must dbb-repo create lite-of-ours && must dbb-repo register-instrument lite-of-ours "${cameras[@]}"
must ingest_nights lite-of-ours
check 'PostgreSQL: Python fills one of its own' fill python-pg "${nights[@]}" --registry "$url" --namespace python --register "${cameras[@]}"
check 'PostgreSQL: same dump as ours' same_dump python-pg lite-of-ours
check 'PostgreSQL: what Python stored exists here' dbb_finds_all python-pg
must on_server mixed-pg mixed "${cameras[@]}"
check 'PostgreSQL: Python begins in one of ours' fill mixed-pg "${nights[@]}" --files :20
check 'PostgreSQL: ours goes on there' ingest_nights mixed-pg
check 'PostgreSQL: same dump after both' same_dump mixed-pg lite-of-ours
check 'PostgreSQL: butler_check after both' butler_check mixed-pg

# shellcheck source=tests/interop/check_repos.sh
. "$here/check_repos.sh"

# shellcheck source=tests/interop/check_chains.sh
. "$here/check_chains.sh"

# shellcheck source=tests/interop/check_converted.sh
. "$here/check_converted.sh"
stop_server

# Conversion of Gen2 repositories; a suite of its own.
gen2_repositories() { BUILD=$(dirname "$bin") "$here/gen2.sh"; }
check 'Gen2 repositories' gen2_repositories

# Writers of both kinds at once; a suite of its own.
beside() { "$here/../concurrency/python.sh"; }
check 'dbb and Python write to one repository' beside

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
