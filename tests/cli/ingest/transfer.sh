#!/bin/bash
# Each transfer mode puts the file and its row where the Butler would.
. "$DBB_CLI_LIB"

name=LATISS/raw/all/raw/20180920/AT_C_20180920_000065/raw_LATISS_unknown~unknown_AT_C_20180920_000065_RXX_S00_LATISS_raw_all.fits
mkdir "in put"
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" "in put/a+b.fits"
plant_bystander "in put"
path_of() { sql "$1" 'SELECT path, file_size FROM file_datastore_records'; }
for mode in direct copy link; do
  make_repo $mode LATISS
  expect_rc 0 dbb-ingest --repo $mode -t $mode "in put/a+b.fits"
done
expect_eq "$(path_of direct)" "file://$PWD/in%20put/a%2Bb.fits|94940"
expect_eq "$(find direct -name '*.fits')" ""
expect_eq "$(path_of copy)" "$name|94940"
cmp "in put/a+b.fits" "copy/$name" || fail "the copy differs"
expect_eq "$(stat -c %h "copy/$name")" 1
expect_eq "$(path_of link)" "$name|94940"
[ "in put/a+b.fits" -ef "link/$name" ] || fail "no link"
expect_eq "$(find copy link -name '.dbb*')" ""
# auto: links what lies outside, leaves what lies inside.
make_repo auto LATISS
expect_rc 0 dbb-ingest --repo auto "in put/a+b.fits"
[ "in put/a+b.fits" -ef "auto/$name" ] || fail "auto did not link"
make_repo inside LATISS
mkdir -p inside/mine
cp "in put/a+b.fits" "inside/mine/x y.fits"
expect_rc 0 dbb-ingest --repo inside "inside/mine/x y.fits"
expect_eq "$(path_of inside)" "mine/x y.fits|94940"
# none: in place or not at all. The root may be called by another name.
make_repo none LATISS
expect_rc 1 dbb-ingest --repo none -t none --rejects rejects "in put/a+b.fits"
expect_eq "$(jq -r .error.code rejects)" OUTSIDE_ROOT
mkdir none/sub
cp "in put/a+b.fits" none/sub/f.fits
ln -s none alias
expect_rc 0 dbb-ingest --repo none -t none alias/sub/f.fits
expect_eq "$(path_of none)" "sub/f.fits|94940"
# Sizes can be left out.
make_repo nosize LATISS
expect_rc 0 dbb-ingest --repo nosize -t direct --no-track-file-attrs "in put/a+b.fits"
expect_match <(path_of nosize) '\|-1$'
expect_unchanged "in put/bystander.txt"
expect_rc 2 dbb-ingest --repo auto -t hard "in put/a+b.fits"
