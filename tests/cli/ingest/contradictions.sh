#!/bin/bash
# Lines of one exposure that contradict each other: each is judged by its own records, and the result is the same
# in one commit and in several, in whatever order.
. "$DBB_CLI_LIB"

header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
line() { described $header ".data_id.detector=$1 | .uri=\"$PWD/det$1.fits\" | $2"; }
for detector in 1 2 3 4; do echo "stand-in for detector $detector" > det$detector.fits; done
line 1 . > good
line 2 . > good_too
line 3 '.records.exposure.target_name="another"' > contrary
line 4 '.records.exposure.observation_type="far too long to be stored"' > bad
codes() { jq -r '(.data_id.detector | tostring) + " " + .error.code' "$1" 2> /dev/null | sort | paste -sd' '; }

together() { cat "$@"; }
apart() { for f; do cat "$f"; sleep 0.3; done; }
n=0
for pace in together apart; do
  for order in 'good good_too contrary bad' 'bad good contrary good_too'; do
    n=$((n + 1))
    make_repo repo$n LSSTCam
    # shellcheck disable=SC2086  # several files
    $pace $order | dbb-ingest --repo repo$n -t direct --rejects rejects$n > out$n 2> err$n && fail "nothing was refused"
    expect_eq "$(jq -r 'select(.ingest) | .data_id.detector' out$n | sort | paste -sd' ')" '1 2' "$pace: $order"
    expect_eq "$(codes rejects$n)" '3 EXPOSURE_CONFLICT 4 VALUE_TOO_LONG' "$pace: $order"
    expect_eq "$(jq -r 'select(.error.code == "EXPOSURE_CONFLICT") | .error.cause | .column + " " + .value' rejects$n)" \
      'target_name another'
    # A repeat says the same of each.
    # shellcheck disable=SC2086
    cat $order | dbb-ingest --repo repo$n -t direct --rejects again$n > out$n 2> err$n && fail "nothing was refused again"
    expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' out$n | paste -sd' ')" 'existing existing'
    expect_eq "$(codes again$n)" '3 EXPOSURE_CONFLICT 4 VALUE_TOO_LONG'
  done
done

# Two exposures that claim one observation ID: that is the reason, not the file of the first in the way of the second.
line 1 '.data_id.exposure += 1 | .records.exposure.id += 1 | .records.exposure.seq_num += 1' > claimed
cp det1.fits det9.fits
sed -i 's/det1.fits/det9.fits/' claimed
echo other >> det9.fits
for pace in together apart; do
  make_repo claims_$pace LSSTCam
  $pace good claimed | dbb-ingest --repo claims_$pace -t copy --rejects claims_$pace.rejects > out 2> err && fail 'both were taken'
  expect_eq "$(jq -r .error.code claims_$pace.rejects)" OBS_ID_TAKEN "$pace"
  expect_rc 0 dbb-repo check claims_$pace --orphans
done
