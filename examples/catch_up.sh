#!/bin/bash
# Ingest a whole night, or whatever is below a folder, as fast as the machine can: after an outage, or every morning to
# make sure that nothing was missed. What is in the repository already is passed over.
#
# RAW   folder to search (default: raw)
# REPO  repository (default: repo)
# OUT   folder for receipts and rejects, made anew (default: catch-up)
# JOBS  threads that read headers (default: one for each processor)
#
# Ends with 0 when all is in, 1 when some files failed.
set -euo pipefail
raw=${RAW:-raw} repo=${REPO:-repo} out=${OUT:-catch-up} jobs=${JOBS:-$(nproc)}

mkdir -p "$out"
rm -f "$out"/{receipts,rejects,failed}.jsonl

# Copies, so that the camera's disk can be emptied; take `direct` for files that stay where they are.
status=0
dbb-scan "$raw" --rejects "$out/rejects.jsonl" |
  dbb-describe --check-data -j "$jobs" --rejects "$out/rejects.jsonl" |
  dbb-ingest --repo "$repo" --transfer copy --rejects "$out/rejects.jsonl" > "$out/receipts.jsonl" || status=$?
# More than 1 is no matter of single files: the repository or the disk can't be used, and the message said why.
[ "$status" -le 1 ] || exit "$status"

# Some failures pass by themselves, such as a file that was still being written. Those get a second look, by path,
# since the file may have grown.
touch "$out/rejects.jsonl"
jq -c 'select(.error.retry | not)' "$out/rejects.jsonl" > "$out/failed.jsonl"
status=0
jq -r 'select(.error.retry) | .uri' "$out/rejects.jsonl" |
  dbb-scan --paths -q --rejects "$out/failed.jsonl" |
  dbb-describe --check-data -q -j "$jobs" --rejects "$out/failed.jsonl" |
  dbb-ingest -q --repo "$repo" --transfer copy --rejects "$out/failed.jsonl" >> "$out/receipts.jsonl" || status=$?
[ "$status" -le 1 ] || exit "$status"

jq -r 'select(.ingest) | .instrument + " " + .ingest.outcome' "$out/receipts.jsonl" | sort | uniq -c
if [ -s "$out/failed.jsonl" ]; then
  echo "failed, see $out/failed.jsonl:"
  jq -r '.error.code' "$out/failed.jsonl" | sort | uniq -c
  exit 1
fi
