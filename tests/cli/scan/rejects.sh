#!/bin/bash
# What can't be taken is named, rejected and does not stop the rest.
. "$DBB_CLI_LIB"

mkdir in
touch in/good.fits
ln -s nowhere in/dangling.fits
touch "$(printf 'in/bad\377.fits')"
expect_rc 1 dbb-scan --rejects rejects in missing.fits
expect_eq "$(jq -r 'select(.uri) | .uri' "$OUT")" "$PWD/in/good.fits"
expect_eq "$(jq -r '.error.code' rejects | sort | tr '\n' ' ')" "NAME_NOT_UTF8 NOT_FOUND NOT_FOUND "
# The byte that is none of a character can be told, also where JSON has no place for it.
expect_match "$ERR" 'bad\\xff\.fits": the name is no UTF-8'
expect_eq "$(jq -r 'select(.error.code == "NAME_NOT_UTF8") | .error.message' rejects)" "\"$PWD/in/bad\\xff.fits\": the name is no UTF-8"
expect_match "$ERR" 'could not look at ".*missing.fits": No such file or directory'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-scan"}'
# Rejects can go to a descriptor; both programs append.
expect_rc 1 dbb-scan --rejects fd:7 missing.fits 7>>rejects
expect_eq "$(wc -l < rejects)" 4
expect_rc 2 dbb-scan --rejects fd:9 missing.fits
expect_rc 2 dbb-scan --rejects no/such/folder missing.fits
# An empty name, as of a variable that is not set, is not the working folder.
touch here.fits
expect_rc 1 dbb-scan '' here.fits --rejects empty
expect_eq "$(jq -r .error.code empty)" NOT_FOUND
expect_eq "$(jq -r 'select(.uri) | .uri' "$OUT")" "$PWD/here.fits"
