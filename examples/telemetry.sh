#!/bin/bash
# Telemetry of the exposures that have just come, from the EFD into a database beside a Butler repository. Meant for cron:
#
#     PATH=/usr/local/bin:/usr/bin:/bin
#     */10 * * * *  REPO=/repo/main COLUMNS_OF=/etc/dbb/columns.yaml EFD=https://efd.example.org/influxdb DB=/data/efd.sqlite3 STATE=/var/lib/dbb/efd /usr/local/share/doc/dbb/examples/telemetry.sh
#
# REPO        Butler repository whose exposures are meant (default: repo)
# INSTRUMENT  only its exposures (default: all)
# COLUMNS_OF  what is asked for, dbb-efd-join(1) (default: columns.yaml)
# EFD         URL of the InfluxDB; user and password as dbb-efd-fetch(1) says (default: that of the environment)
# DB          database of the values, a SQLite file or postgresql:// (default: efd.sqlite3)
# SINCE       exposures that ended after this, as date(1) reads it (default: 2 hours ago); more, when none was looked for for a while
# STATE       folder for the lock, receipts and rejects (default: state)
#
# Ends with 0 when all values are stored or say why not, 1 when a line failed, 3 when samples could not be had (the next run asks
# again), 75 when the run before is still at work.
set -euo pipefail
repo=${REPO:-repo} columns=${COLUMNS_OF:-columns.yaml} db=${DB:-efd.sqlite3} state=${STATE:-state}
since=$(date -u -d "${SINCE:-2 hours ago}" +%FT%TZ)

mkdir -p "$state"
# One run at a time: the lock goes with the process, whatever ends it.
exec 9> "$state/lock"
flock -n 9 || exit 75
: > "$state/rejects.jsonl"
export DBB_REJECTS=$state/rejects.jsonl

# step COMMAND...   run it. What concerns single lines, 1 and 3, counts for the status at the end; all else ends it here.
failed='' open=''
step() {
  local status=0
  "$@" || status=$?
  case $status in
    0) ;;
    1) failed=yes ;;
    3) open=yes ;;
    *) exit "$status" ;;
  esac
}
# load FILE   windows on standard input, values into the database, receipts into the file
load() {
  dbb-efd-join -q -c "$columns" ${EFD:+--influx "$EFD"} --pushdown | dbb-efd-load -q --db "$db" -c "$columns" ${EFD:+--source "$EFD"} > "$state/$1"
}

# 1. What is not settled yet, or had no or few samples, may have more by now: only that is computed again.
again() { dbb-efd-load --db "$db" -c "$columns" --revisit | load again.jsonl; }
[[ $db != postgresql://* && ! -e $db ]] || step again

# 2. Exposures: what is stored already stays as it is.
new() { dbb-windows --repo "$repo" ${INSTRUMENT:+--instrument "$INSTRUMENT"} --since "$since" | load receipts.jsonl; }
step new

jq -r 'select(.load) | .load.outcome' "$state"/*.jsonl | sort | uniq -c
[ -z "$failed" ] || exit 1
[ -z "$open" ] || exit 3
