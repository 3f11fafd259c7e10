#!/bin/bash
# Data that are cut short: a warning, and a refusal with --check-data.
. "$DBB_CLI_LIB"

raw=$DBB_TEST_DATA/raw/synthetic
expect_rc 0 dbb-describe "$raw/truncated-data.fits"
expect_eq "$(jq -c 'select(.uri) | .describe.warnings' "$OUT")" \
  '["the file ends inside the data of HDU 1, after 13000 bytes"]'
expect_rc 1 dbb-describe --check-data --rejects rejects "$raw/truncated-data.fits" "$raw/truncated-gzip.fits.gz" \
  "$raw/continue.fits" "$raw/fpack.fits.fz" "$raw/gzip.fits.gz" "$DBB_EXAMPLES/LATISS"
expect_eq "$(jq -r '(.uri | split("/") | last) + " " + .error.code' rejects | tr '\n' ';')" \
  "truncated-data.fits DATA_TRUNCATED;truncated-gzip.fits.gz GZIP_DAMAGED;"
expect_eq "$(jq -s 'map(select(.data_id)) | length' "$OUT")" 4
# Whole blocks are missing: the size does not give it away, a walk does.
head -c 20160 "$raw/continue.fits" > blocks.fits
touch -d '1 hour ago' blocks.fits
expect_rc 0 dbb-describe blocks.fits
expect_eq "$(jq -c 'select(.uri) | .describe' "$OUT")" '{"outcome":"done"}'
expect_rc 1 dbb-describe --check-data blocks.fits
expect_match "$ERR" 'blocks.fits": the file ends inside the data of HDU 2, after 20160 bytes'
# A file that is not as it was scanned.
cp "$raw/continue.fits" grows.fits
dbb-scan grows.fits > lines
head -c 2880 /dev/zero >> grows.fits
expect_rc 1 dbb-describe --rejects changed < lines
expect_eq "$(jq -c '.error | [.code, .retry, .cause]' changed)" '["CHANGED",true,{"value":"28800","expected":"25920"}]'
