#!/bin/bash
# Two files of one exposure and detector in one call: the second is refused, both are named.
. "$DBB_CLI_LIB"

make_repo repo
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" a.fits
cp a.fits b.fits
expect_rc 1 dbb-ingest --repo repo -t copy --rejects rejects a.fits b.fits
expect_eq "$(jq -r .error.code rejects)" DUPLICATE
expect_match "$ERR" '/b.fits" and ".*/a.fits" are the same exposure and detector'
# A dry run and dbb-why see it, too.
expect_rc 1 dbb-ingest --repo repo -n -t copy --rejects dry a.fits b.fits
expect_eq "$(jq -r .error.code dry)" DUPLICATE
make_repo asked
expect_rc 1 dbb-why --repo asked --json a.fits b.fits a.fits
expect_eq "$(jq -r 'select(.type == "why") | .error.code // .outcome' "$OUT" | tr '\n' ' ')" 'planned DUPLICATE planned '
# The same file named twice is no such case.
expect_rc 0 dbb-ingest --repo repo -t copy a.fits a.fits
make_repo twice
expect_rc 0 dbb-ingest --repo twice -t copy a.fits a.fits
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT" | tr '\n' ' ')" "done existing "
# Also when a commit lies between them.
make_repo slow
dbb-scan a.fits b.fits | dbb-describe | grep file > lines
rc=0
{ head -n 1 lines; sleep 0.5; tail -n 1 lines; } | dbb-ingest --repo slow -t copy --rejects slow.rejects > out 2>err || rc=$?
expect_eq "$rc $(jq -r .error.code slow.rejects)" "1 DUPLICATE"
