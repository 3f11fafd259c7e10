#!/bin/bash
# Checksums are those of well-known programs and vectors.
. "$DBB_CLI_LIB"

printf 'Wikipedia' > w.fits
head -c 3000000 /dev/zero > z.fits
expect_rc 0 dbb-scan --checksum md5,adler32,sha256 w.fits z.fits
# Adler-32 of "Wikipedia" is the vector of that article.
expect_eq "$(jq -r 'select(.size==9) | .checksum.adler32' "$OUT")" 11e60398
expect_eq "$(jq -r 'select(.size==3000000) | .checksum.md5' "$OUT")" "$(md5sum z.fits | cut -d' ' -f1)"
expect_eq "$(jq -r 'select(.size==3000000) | .checksum.sha256' "$OUT")" "$(sha256sum z.fits | cut -d' ' -f1)"
expect_eq "$(jq -c 'select(.size==9) | .checksum | keys_unsorted' "$OUT")" '["md5","adler32","sha256"]'
expect_rc 2 dbb-scan --checksum md4 w.fits
expect_match "$ERR" 'unknown "md4"'
expect_empty "$OUT"
