#!/bin/bash
# shellcheck disable=SC2210  # files are named after exposures
# Visits of several exposures are the same in whatever order and by whatever ways their exposures came.
. "$DBB_CLI_LIB"

header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
exposure() { # NUMBER JQ-FILTER
  described $header ".uri |= sub(\"[.]fits\$\"; \"-$1.fits\") | .data_id.exposure = 20250422*100000 + $1 | .records.exposure |= (.id = 20250422*100000 + $1
    | .seq_num = $1 | .obs_id = \"MC_O_20250422_00$1\" | .seq_start = $1 | .seq_end = $1) | $2" > "$1"
  cp "${header%.yaml}.fits" "${header%.yaml}-$1.fits"
}
make_repo template LSSTCam
exposure 251 '.records.exposure.seq_end = 252'
exposure 252 '.records.exposure.seq_start = 251'
exposure 253 .
counter='--grouping one-to-one-and-by-counter'
state() { sql "$1" 'SELECT * FROM visit'; sql "$1" 'SELECT * FROM visit_definition ORDER BY 1, 2, 3'; sql "$1" 'SELECT * FROM visit_system_membership ORDER BY 1, 2, 3'; }
fresh() { rm -rf repo; cp -r template repo; }
come() { dbb-ingest --repo repo -t direct < "$1" | dbb-visits --repo repo "${@:2}"; }

fresh
cat 251 252 253 > all
# shellcheck disable=SC2086  # options
come all $counter > out
state repo | sort > want
expect_eq "$(sql repo 'SELECT visit_system, visit FROM visit_system_membership ORDER BY 1, 2')" '0|2025042200252
0|2025042200253
0|92025042200251
2|2025042200251
2|2025042200253'
for order in '251 252 253' '252 251 253' '253 252 251'; do
  fresh
  # shellcheck disable=SC2086
  for i in $order; do come "$i" $counter > out; done
  state repo | sort | diff want - || fail "another end after $order"
  expect_rc 0 dbb-repo check repo
done
# One way first, then the other: as if it had been the other from the begin on
fresh
come all > out
# shellcheck disable=SC2086
expect_rc 1 dbb-visits --repo repo --instrument LSSTCam $counter
# shellcheck disable=SC2086
expect_rc 0 dbb-visits --repo repo --instrument LSSTCam $counter --incremental
# shellcheck disable=SC2086
state repo | sort | diff want - || fail "another end after a change of grouping"
expect_eq "$(jq -c 'select(.visit == 2025042200251) | [.visit_systems, .visits.outcome]' "$OUT")" '[[2],"updated"]'
# and back: a visit of two is none of one
expect_rc 1 dbb-visits --repo repo --instrument LSSTCam --update-records --rejects back
expect_eq "$(jq -c '[.visit, .error.code, .error.cause.value]' back)" '[2025042200251,"VISIT_CONFLICT","2025042200252"]'
state repo | sort | diff want - || fail "the refused change of grouping left something"

# An exposure that comes late and changes no column of the visit is taken in all the same; --update-records refuses half of that.
group='.records.group.name = "2025-04-22T20:00:00.000" | .records.exposure.group = "2025-04-22T20:00:00.000" | .records.exposure |= (.exposure_time = null | .timespan = null)'
exposure 251 "$group"
exposure 252 "$group"
fresh
come 251 --grouping by-group-metadata > out
dbb-ingest --repo repo -t direct < 252 > late
expect_rc 1 dbb-visits --repo repo --instrument LSSTCam --grouping by-group-metadata --update-records --rejects half
expect_match half 'was made without exposure 2025042200252'
expect_rc 0 dbb-visits --repo repo --grouping by-group-metadata < late
expect_eq "$(jq -c 'select(.visits).visits.outcome' "$OUT")" '"updated"'
expect_eq "$(sql repo 'SELECT exposure FROM visit_definition ORDER BY 1')" '2025042200251
2025042200252'

# Numbers as jq and the manifest write them; what was missing once may have come.
fresh
exposure 253 .
{ cat 253; sleep 1; dbb-ingest --repo repo -t direct < 253 > ingested; cat 253; sleep 1; sed 's/"exposure":2025042200253/"exposure":2025042200253.0/' 253
  jq -c '.data_id.exposure |= tostring' 253; } | dbb-visits --repo repo --rejects missing > out || true
expect_eq "$(wc -l < missing)" 1
expect_eq "$(jq -c 'select(.visits).visits.visits' out | sort | uniq -c | tr -s ' ')" ' 3 [2025042200253]'
exposure 259 '.records.group.name = "G1" | .records.exposure.group = "G1"'
come 259 --grouping by-group-metadata > big
expect_eq "$(jq -c 'select(.visits).visits.visits' big)" "[\"$(sql repo "SELECT id FROM visit WHERE name = 'G1'")\"]"
# Lines and a selection: the others pass.
expect_rc 0 dbb-visits --repo repo --where 'id = 7' < ingested
expect_eq "$(jq -c 'select(.visits).visits' "$OUT")" '{"outcome":"existing","visits":[]}'
expect_rc 2 dbb-visits --repo repo --instrument LSSTcam
expect_match "$ERR" 'did you mean LSSTCam'
# Nothing to make visits of is said.
fresh
exposure 253 '.records.exposure.sky_angle = null'
dbb-ingest --repo repo -t direct < 253 > ingested
expect_rc 0 dbb-visits --repo repo
expect_match "$ERR" 'none of 1 exposures makes a visit'
