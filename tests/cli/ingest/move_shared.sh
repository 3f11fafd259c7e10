#!/bin/bash
# A move never takes away a file that another dataset has.
. "$DBB_CLI_LIB"

file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
source_of() { rm -rf in; mkdir in; cp "$file" in/a.fits; }
stays() { # REPO   the second run of the file has its own copy or name, the first still has what it recorded
  expect_rc 0 dbb-ingest --repo "$1" --run other -t move "$2"
  expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT")" 'done'
  expect_match "$ERR" 'stays: another dataset has this file'
  cmp "$file" "$2" || fail "$1: the file is gone"
  expect_rc 0 dbb-repo check "$1"
}
for mode in direct symlink relsymlink split; do
  source_of
  make_repo $mode LATISS
  expect_rc 0 dbb-ingest --repo $mode -t $mode in/a.fits
  stays $mode in/a.fits
done
# What a repository has in its own folder.
source_of
make_repo copy LATISS
expect_rc 0 dbb-ingest --repo copy -t copy in/a.fits
stays copy "$(find copy -name 'raw_*.fits')"
make_repo inside LATISS
mkdir inside/in
cp "$file" inside/in/a.fits
expect_rc 0 dbb-ingest --repo inside -t none inside/in/a.fits
stays inside inside/in/a.fits
# A copy that is nobody's goes.
source_of
expect_rc 0 dbb-ingest --repo copy --run third -t move in/a.fits
[ ! -e in/a.fits ] || fail "the source of a plain move stayed"
expect_rc 0 dbb-repo check copy
