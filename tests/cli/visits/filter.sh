#!/bin/bash
# Behind dbb-ingest: each line gets the visits of its exposure, in order, also of exposures that come in pieces.
. "$DBB_CLI_LIB"

make_repo repo
header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
described $header > first
described $header '.data_id.detector = 5 | .uri |= sub("R01_S01"; "R01_S02")' > second
cp "${header%.yaml}.fits" lsstCam-MC_O_20250422_000250_R01_S02.fits
dark=lsstCam-MC_O_20260315_000051_R01_S01.yaml
described $dark > third
{ cat first third second; echo '{"type":"end","program":"dbb-describe"}'; } > lines
{ dbb-ingest --repo repo -t direct < lines; echo '{"type":"other","x":1}'; } > ingested
expect_rc 0 dbb-visits --repo repo < ingested
expect_eq "$(jq -c 'select(.type != "end") | [.type, .visits.outcome, .visits.visits, .ingest.outcome]' "$OUT")" "$(jq -c 'select(.type != "end") | [.type, (.data_id | if . == null then null else
  if .exposure == 2025042200250 then "done" else "existing" end end), (.data_id | if . == null then null elif .exposure == 2025042200250 then [.exposure] else [] end),
  .ingest.outcome]' ingested)"
expect_eq "$(grep -c '"type":"end"' "$OUT")" 3
expect_eq "$(tail -n 1 "$OUT" | jq -r .program)" dbb-visits
expect_eq "$(sql repo 'SELECT count(*) FROM visit')" 1
# idempotent, with jq between
jq -c . ingested | expect_rc 0 dbb-visits --repo repo
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT" | sort -u)" existing
# An exposure that is not there; a line of a dry run
jq -c '.data_id.exposure = 7' first | expect_rc 1 dbb-visits --repo repo --rejects rejects
expect_eq "$(jq -c '[.error.code, .data_id.exposure]' rejects)" '["EXPOSURE_NOT_FOUND",7]'
dbb-ingest -n --repo repo -t direct < first > planned
jq -c 'if .ingest then .ingest.outcome = "planned" else . end' planned > dry
expect_rc 1 dbb-visits --repo repo --rejects dry_rejects < dry
expect_eq "$(jq -r '.error.code' dry_rejects)" DRY_RUN
# A reject can be tried again.
jq -c '.data_id.exposure = 2025042200250' rejects | expect_rc 0 dbb-visits --repo repo
expect_eq "$(jq -c 'select(.visits) | has("error")' "$OUT")" false
# no line at all: every exposure of the repository
printf '' | expect_rc 0 dbb-visits --repo repo
expect_eq "$(jq -c 'select(.visits) | [.visit, .visits.outcome]' "$OUT")" '[2025042200250,"existing"]'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-visits"}'
# a writer that had nothing to say: nothing
echo '{"type":"end","program":"dbb-ingest"}' | expect_rc 0 dbb-visits --repo repo
expect_eq "$(jq -c 'select(.visits)' "$OUT")" ''

# A visit of two snaps grows when the second one comes.
snap() { described $header ".uri |= sub(\"[.]fits\$\"; \"-$1.fits\") | .data_id.exposure += $1 | .records.exposure |= (.id += $1 | .seq_num += $1
  | .obs_id = \"MC_O_20250422_0003$1\" | .seq_start = .seq_num - $1 + 1 | .seq_end = .seq_start + 1)"; cp "${header%.yaml}.fits" "${header%.yaml}-$1.fits"; }
make_repo snaps
snap 1 | dbb-ingest --repo snaps -t direct | dbb-visits --repo snaps --grouping one-to-one-and-by-counter > one
expect_eq "$(jq -c 'select(.visits).visits' one)" '{"outcome":"done","visits":[2025042200251]}'
snap 2 | dbb-ingest --repo snaps -t direct | dbb-visits --repo snaps --grouping one-to-one-and-by-counter > two
expect_eq "$(jq -c 'select(.visits).visits' two)" '{"outcome":"done","visits":[2025042200252,2025042200251]}'
expect_eq "$(sql snaps 'SELECT exposure FROM visit_definition WHERE visit = 2025042200251 ORDER BY 1')" '2025042200251
2025042200252'
expect_eq "$(sql snaps 'SELECT exposure_time FROM visit WHERE id = 2025042200251')" 30.0
expect_rc 0 dbb-repo check snaps
# Not by itself in a run over the repository: that must be said.
sqlite3 snaps/gen3.sqlite3 "UPDATE visit SET exposure_time = 15 WHERE id = 2025042200251"
expect_rc 1 dbb-visits --repo snaps --instrument LSSTCam --grouping one-to-one-and-by-counter --rejects conflict
expect_eq "$(jq -c '[.visit, .error.code, .error.cause]' conflict)" '[2025042200251,"VISIT_CONFLICT",{"column":"exposure_time","value":"30.0","expected":"15.0"}]'
expect_rc 0 dbb-visits --repo snaps --instrument LSSTCam --grouping one-to-one-and-by-counter --update-records
expect_eq "$(jq -c 'select(.visits.updated).visits' "$OUT")" '{"outcome":"updated","updated":{"exposure_time":15}}'

# Lines come out while their writer goes on.
{ cat ingested; sleep 3; } | dbb-visits --repo repo > live &
for _ in $(seq 20); do [ -s live ] && break; sleep 0.1; done
[ -s live ] || fail "no line came before the end of input"
wait
