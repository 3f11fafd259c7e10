#!/bin/bash
# Convert what is new in a Gen2 repository, and verify that it is in the Gen3 repository. Meant for cron, once a week:
#
#     PATH=/usr/local/bin:/usr/bin:/bin
#     30 4 * * 0  GEN2=/datasets/hsc/repo REPO=/repo/main STATE=/var/lib/dbb/hsc RULES=/etc/dbb/hsc.yaml SKYMAP=hsc_rings_v1 /usr/local/share/doc/dbb/examples/gen2-weekly.sh
#
# GEN2     root of the Gen2 repository (default: gen2)
# REPO     Gen3 repository (default: repo)
# RULES    what is converted and what not, dbb-rules(5) (default: none, everything)
# SKYMAP   name in Gen3 of the skymap of all tracts (default: none; what has a tract is then left to be reviewed)
# STATE    folder for the lock, the plan, receipts and what was left over (default: state)
# TRANSFER how files come in, dbb-convert(1) (default: split, which leaves them where they are)
#
# Before the first run, by hand, once:
#
#     dbb-repo create repo
#     dbb-repo register-instrument repo HSC
#     butler write-curated-calibrations repo HSC     # defects and the like come from the camera's data package
#     butler register-skymap repo -C skymap.py       # before coadds: Gen2's own are pickles, which nobody should read
#
# Ends with 0 when all is in and verified, 1 when something failed for good, 3 when something is to be reviewed, undecided or
# differs, 75 when the run before is still at work; with 2, 4 or 5 it stopped, since options or a repository can't be used.
set -euo pipefail
gen2=${GEN2:-gen2} repo=${REPO:-repo} state=${STATE:-state}

mkdir -p "$state"
# One run at a time: the lock goes with the process, whatever ends it.
exec 9> "$state/lock"
flock -n 9 || exit 75

# step COMMAND...   run it. What concerns single datasets, 1 and 3, counts for the status at the end; all else ends it here.
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

# 1. The plan: every file of the Gen2 repository, with what is to become of it. All that follows goes by this one, so a night
#    that is ingested meanwhile waits for the next run.
scan() {
  dbb-gen2-scan "$gen2" ${RULES:+--rules "$RULES"} ${SKYMAP:+--skymap "$SKYMAP"} > "$state/plan.jsonl.new"
}
step scan
mv "$state/plan.jsonl.new" "$state/plan.jsonl"

# 2. Raws, calibrations, and whatever needs no visit. Outputs of visits wait for step 4: a visit is made of exposures, which
#    come with the raws. What can't be converted is told in step 4, so that it is told once.
dbb-convert -q --repo "$repo" --transfer "${TRANSFER:-split}" < "$state/plan.jsonl" > /dev/null 2> "$state/first.log" || {
  status=$?
  [ "$status" = 1 ] || [ "$status" = 3 ] || { cat "$state/first.log" >&2; exit "$status"; }
}

# 3. Visits of all exposures that have none yet.
visits() { dbb-visits --repo "$repo" --incremental < /dev/null > "$state/visits.jsonl"; }
step visits

# 4. The rest. What steps 2 or earlier weeks have brought in is found, not done again.
: > "$state/left-over.jsonl"
convert() {
  dbb-convert --repo "$repo" --transfer "${TRANSFER:-split}" --rejects "$state/left-over.jsonl" < "$state/plan.jsonl" > "$state/receipts.jsonl"
}
step convert

# 5. Is all of the plan there, with the sizes and validity ranges that it names? Left-overs of step 4 differ here, too.
verify() { dbb-convert --repo "$repo" --verify < "$state/plan.jsonl" > "$state/verified.jsonl"; }
step verify

jq -r 'select(.type == "gen2" and .convert) | .convert.outcome' "$state/receipts.jsonl" | sort | uniq -c
if [ -s "$state/left-over.jsonl" ]; then
  echo "left over, see $state/left-over.jsonl:"
  jq -r '.error.code + " " + (.reason // "")' "$state/left-over.jsonl" | sort | uniq -c
fi
[ -z "$failed" ] || exit 1
[ -z "$open" ] || exit 3
