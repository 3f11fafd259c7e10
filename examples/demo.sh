#!/bin/bash
# What `make demo` runs: make a repository, register three cameras, ingest the raw files of examples/data, and show
# what arrived and what was refused. Ends with 0 when all of it went as it should; one file is damaged on purpose.
#
# Usage: examples/demo.sh      BUILD is the build folder (default: build); everything is made in $BUILD/demo
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
PATH=$(cd "$build" && pwd)/bin:$PATH
demo=$build/demo
repo=$demo/repo
rm -rf -- "${demo:?}"
mkdir -p "$demo"

step() { printf '\n%s\n' "$*"; }
# Show a command as it could be typed, then run it.
run() {
  printf '$ %s\n' "$1"
  bash -o pipefail -c "$1"
}
fail() {
  echo "demo: $*" >&2
  exit 1
}

step '1. An empty repository'
run "dbb-repo create $repo"

step '2. Three cameras with their detectors and filters'
run "dbb-repo register-instrument $repo LSSTCam LSSTComCam LATISS"

step '3. Find raw files, read their headers, ingest them; one file is damaged on purpose'
status=0
run "dbb-scan examples/data | dbb-describe --rejects $demo/rejects.jsonl |
    dbb-ingest --repo $repo > $demo/receipts.jsonl" || status=$?
[ "$status" = 1 ] || fail "the pipe ended with $status; 1 was expected, because one file can't be read"
run "jq -r 'select(.ingest) | .instrument + \" \" + .ingest.outcome' $demo/receipts.jsonl | sort | uniq -c"

step '4. What arrived'
run "dbb-repo show $repo collections --format table"
echo
run "dbb-repo show $repo datasets --format table | cut -c 1-90"
echo
run "dbb-repo show $repo records exposure --format table | cut -c 1-114"

step '5. What was refused, why, and what to do about it'
run "jq -r '.error | .code, .message, .hint' $demo/rejects.jsonl"

# The demo is a test, too.
arrived=$(jq -s 'map(select(.ingest.outcome == "done")) | length' "$demo/receipts.jsonl")
refused=$(jq -r '.error.code' "$demo/rejects.jsonl")
[ "$arrived" = 5 ] || fail "$arrived files arrived instead of 5"
# The second code stands for a file that changed a moment ago, as all do in a fresh copy of the sources.
case $refused in
  HEADER_TRUNCATED | STILL_WRITTEN) ;;
  *) fail "refused: \"$refused\" instead of HEADER_TRUNCATED" ;;
esac

step 'Next: ask why, stage by stage'
echo "\$ $build/bin/dbb-why --repo $repo examples/data/damaged/truncated-header.fits"
