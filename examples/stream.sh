#!/bin/bash
# Ingest what a camera has just written. Meant for cron, once a minute for each stream:
#
#     PATH=/usr/local/bin:/usr/bin:/bin
#     * * * * *  RAW=/data/LATISS REPO=/repo/LATISS STATE=/var/lib/dbb/LATISS /usr/local/share/doc/dbb/examples/stream.sh
#
# RAW     folder that the camera writes into (default: raw)
# REPO    repository (default: repo)
# STATE   folder for the lock, rejects and counters (default: state)
# MIN_AGE files that changed less than this ago are left for the next run (default: 5s)
# WINDOW  minutes to look back; catch_up.sh finds what came in while nobody looked (default: 60)
#
# Correction files of the site belong into METADATA_CORRECTIONS_PATH of the crontab.
#
# Ends with 0 when all is in, 1 when some files failed, 75 when the run before is still at work.
set -euo pipefail
raw=${RAW:-raw} repo=${REPO:-repo} state=${STATE:-state}

mkdir -p "$state"
# One run at a time: the lock goes with the process, whatever ends it.
exec 9> "$state/lock"
flock -n 9 || exit 75

# What fails now. A file that was incomplete is found again by the next run, so older entries need not be kept.
rejects=$state/rejects.jsonl
: > "$rejects"

# -cmin is the time of arrival here, also when a transfer keeps the time of the original.
find "$raw" -type f -name '*.fits*' -cmin "-${WINDOW:-60}" -print0 |
  dbb-scan -0 --min-age "${MIN_AGE:-5s}" --rejects "$rejects" --metrics "$state/scan.prom" |
  dbb-describe --check-data --rejects "$rejects" --metrics "$state/describe.prom" |
  dbb-ingest --repo "$repo" --rejects "$rejects" --metrics "$state/ingest.prom" > "$state/receipts.jsonl"
