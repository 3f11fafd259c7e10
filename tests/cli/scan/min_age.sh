#!/bin/bash
# Files that may still be written are left for later.
. "$DBB_CLI_LIB"

touch old.fits new.fits
touch -d '1 hour ago' old.fits
expect_rc 0 dbb-scan --min-age 5m old.fits new.fits
expect_eq "$(jq -r 'select(.uri) | .uri' "$OUT")" "$PWD/old.fits"
expect_rc 0 dbb-scan --min-age 5m -v new.fits
expect_match "$ERR" 'left for later as younger than --min-age: 1$'
expect_rc 2 dbb-scan --min-age soon old.fits
expect_match "$ERR" '"soon" is no duration'
