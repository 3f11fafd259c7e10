#!/bin/bash
# No bad file stops the others, also where the Python task would end the whole run.
. "$DBB_CLI_LIB"

make_repo repo LSSTCam LATISS
header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
other() { # exposure number, change
  described $header ".data_id.exposure=$1 | .records.exposure.id=$1 | .records.exposure.obs_id=\"o$1\" | $2"
}
{
  other 2025042200301 .
  other 2025042200302 '.physical_filter="g" | .records.exposure.physical_filter="g"'
  other 2025042200303 '.data_id.detector=999'
  other 2025042200304 '.records.exposure.observation_type="abcdefghijklmnopq"'
  other 2025042200305 '.records.exposure.observation_type=""'
  other 2025042200306 '.records.exposure.seq_num="many"'
  other 2025042200307 '.uri="/no/such/file.fits"'
  other 2025042200308 'del(.records.exposure)'
  other 2025042200309 'del(.data_id)'
  other 2025042200310 '.records.exposure.id=1'
  other 2025042200311 '.dataset_type="flat"'
  other 2025042200312 '.records.exposure.colour="red"'
  described comCam-CC_O_20241108_000266_R22_S00.yaml
  echo '{"type":"window"}'
  echo 'text'
  other 2025042200313 .
} > lines
expect_rc 1 dbb-ingest --repo repo -t direct --rejects rejects --metrics metrics --stats < lines
expect_eq "$(jq -r 'select(.ingest) | .data_id.exposure' "$OUT" | tr '\n' ' ')" "2025042200301 2025042200313 "
expect_eq "$(jq -r '((.data_id.exposure // .type) | tostring) + " " + .error.code' rejects | sort)" "\
2024110800266 INSTRUMENT_NOT_REGISTERED
2025042200302 FILTER_NOT_REGISTERED
2025042200303 DETECTOR_NOT_REGISTERED
2025042200304 VALUE_TOO_LONG
2025042200305 VALUE_EMPTY
2025042200306 BAD_VALUE
2025042200307 NOT_FOUND
2025042200308 MISSING_KEY
2025042200310 INCONSISTENT_LINE
2025042200311 BAD_VALUE
2025042200312 BAD_VALUE
file NOT_DESCRIBED
text NOT_JSON
window BAD_VALUE"
expect_eq "$(sql repo 'SELECT id FROM exposure ORDER BY id' | tr '\n' ' ')" "2025042200301 2025042200313 "
expect_match "$ERR" '^dbb-ingest: 15 read, 2 done, 14 rejected, [0-9.]+ s$'
expect_match metrics '^dbb_rejects\{program="dbb-ingest",code="BAD_VALUE"\} 4$'
# After registration the reject alone is tried again.
dbb-repo register-instrument repo LSSTComCam > /dev/null
grep INSTRUMENT_NOT_REGISTERED rejects > again
expect_rc 0 dbb-ingest --repo repo -t direct < again
