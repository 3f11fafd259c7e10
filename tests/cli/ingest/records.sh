#!/bin/bash
# Records that differ are a conflict with column and values; --update-records replaces them.
. "$DBB_CLI_LIB"

make_repo repo
header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
described $header > first
expect_rc 0 dbb-ingest --repo repo -t direct < first
jq -c '.data_id.detector=2 | .records.exposure.zenith_angle=18.6097428477113' first > other
expect_rc 1 dbb-ingest --repo repo -t direct --rejects rejects < other
expect_eq "$(jq -c '.error | [.code, .stage, .cause, .retry]' rejects)" \
  '["EXPOSURE_CONFLICT","register",{"column":"zenith_angle","value":"18.6097428477113","expected":"18.609742847711203"},false]'
expect_eq "$(sql repo 'SELECT count(*) FROM dataset')" 1
expect_rc 0 dbb-ingest --repo repo -t direct --update-records < other
expect_eq "$(jq -c 'select(.ingest) | [.ingest.outcome, .ingest.updated]' "$OUT")" \
  '["done",{"exposure":{"zenith_angle":18.609742847711203}}]'
expect_eq "$(sql repo 'SELECT zenith_angle FROM exposure')" 18.6097428477113
expect_rc 0 dbb-ingest --repo repo -t direct --update-records < first
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT")" updated
# A day with another offset: laboratory against summit.
jq -c '.data_id.exposure=2025042200251 | .records.exposure.id=2025042200251 | .records.exposure.obs_id="MC_O_20250422_000251"
  | .records.day_obs.timespan.begin_tai="2025-04-22T07:00:00.000000000"' first > day
expect_rc 1 dbb-ingest --repo repo -t direct --rejects day.rejects < day
expect_eq "$(jq -r .error.code day.rejects)" DAY_OBS_CONFLICT
# The same observation id under another exposure id.
jq -c '.data_id.exposure=2025042200252 | .records.exposure.id=2025042200252' first > taken
expect_rc 1 dbb-ingest --repo repo -t direct --rejects taken.rejects < taken
expect_eq "$(jq -r .error.code taken.rejects)" OBS_ID_TAKEN
expect_match "$ERR" 'MC_O_20250422_000250'
