#!/bin/bash
# A gzip stream is inflated no further than its header, whatever lies behind it.
. "$DBB_CLI_LIB"

file=$DBB_EXAMPLES/LSSTCam/3019031900001-R10-S02-det029.fits
# The last two thirds of the stream are noise: only a reader that stops at END can describe it.
head -c 30000 "$file" > damaged.fits
head -c 60000 /dev/urandom >> damaged.fits
expect_rc 0 dbb-describe damaged.fits
expect_eq "$(jq -r 'select(.uri) | .data_id.exposure' "$OUT")" 3019031900001
