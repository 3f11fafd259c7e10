#!/bin/bash
# The same exposure and detector from two writers: the second is refused and both files are named.
. "$DBB_CLI_LIB"

for mode in direct copy; do
  make_repo $mode
  mkdir -p ccs daq
  cp "$DBB_TEST_DATA/raw/synthetic/continue.fits" ccs/x.fits
  # Another writer's header: one card more, everything that is stored is the same.
  sed 's/SHUTTIME=/SHUTTIMX=/' ccs/x.fits > daq/x.fits
  expect_rc 0 dbb-ingest --repo $mode -t $mode ccs/x.fits
  expect_rc 1 dbb-ingest --repo $mode -t $mode --rejects $mode.rejects daq/x.fits
  expect_eq "$(jq -r .error.code $mode.rejects)" OTHER_ORIGIN
  expect_match "$ERR" '"[^"]*/daq/x.fits" is the same exposure and detector as "[^"]*/(ccs/x|raw_LSSTCam_[^"]*).fits"'
  expect_rc 0 dbb-ingest --repo $mode -t $mode ccs/x.fits
  expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT")" existing
  # An equal copy elsewhere is the same file for all that matters.
  cp ccs/x.fits copy.fits
  expect_rc 0 dbb-ingest --repo $mode -t $mode copy.fits
done
