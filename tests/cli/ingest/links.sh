#!/bin/bash
# Symbolic links below the datastore root: folders may be links to other disks; a link in the place of a file is no copy
# of it, is never written through, and what it leads to is never removed.
. "$DBB_CLI_LIB"

folder=LATISS/raw/all/raw/20180920/AT_C_20180920_000065
name=$folder/raw_LATISS_unknown~unknown_AT_C_20180920_000065_RXX_S00_LATISS_raw_all.fits
mkdir raw disk
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" raw
source=$PWD/raw/3018092000065-det000.fits
plant_bystander elsewhere
remember raw elsewhere

linked_repo() { # LINK TARGET   a repository in which LINK leads to TARGET
  rm -rf repo
  make_repo repo LATISS
  mkdir -p "repo/${1%/*}"
  ln -s "$2" "repo/$1"
}
# A file's place is taken by a link: to the source itself, to something else, to nothing.
for mode in copy move hardlink; do
  linked_repo "$name" "$source"
  expect_rc 1 dbb-ingest --repo repo -t $mode --rejects rejects raw
  expect_eq "$(jq -r .error.code rejects)" DESTINATION_EXISTS
  expect_match "$ERR" "is a symbolic link, not a copy of \"$source\""
  expect_unchanged raw
  rm rejects
done
for mode in copy move hardlink link symlink; do
  for target in "$PWD/elsewhere/bystander.txt" "$PWD/elsewhere/nothing"; do
    linked_repo "$name" "$target"
    remember repo
    expect_rc 1 dbb-ingest --repo repo -t $mode --rejects rejects raw
    expect_eq "$(jq -r .error.code rejects)" DESTINATION_EXISTS "$mode, $target"
    expect_unchanged repo elsewhere raw
    rm rejects
  done
done
linked_repo "$name" "$source"
expect_rc 0 dbb-ingest --repo repo -t symlink raw
# What was linked can't be moved afterwards: the link would lead nowhere.
expect_rc 0 dbb-ingest --repo repo -t move raw
expect_match "$ERR" 'stays: the repository has no copy of its own of it'
expect_unchanged raw
# A folder that is a link is where the files go.
linked_repo LATISS/raw "$PWD/disk"
expect_rc 0 dbb-ingest --repo repo -t copy raw
cmp "disk/${name#LATISS/raw/}" "$source"
expect_rc 0 dbb-repo check repo
# The same file by its name on that disk is no source of a move.
remember disk
expect_rc 0 dbb-ingest --repo repo -t move disk
expect_unchanged disk
expect_rc 0 dbb-ingest --repo repo -t move raw
[ ! -e "$source" ] || fail "the source of a move is still there"
expect_unchanged disk elsewhere

# A source that is a link: what it leads to is copied, and is left alone.
rm -rf repo kept
make_repo repo LATISS
mkdir kept incoming
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" kept/file.fits
chmod 600 kept/file.fits
ln -s ../kept/file.fits incoming/3018092000065-det000.fits
remember kept
for again in once twice; do
  expect_rc 0 dbb-ingest --repo repo -t move --mode 444 incoming
  [ ! -L incoming/3018092000065-det000.fits ] || fail "the link is still there ($again)"
  expect_eq "$(stat -c '%a %h' "repo/$name" kept/file.fits | paste -sd,)" '444 1,600 1'
  expect_unchanged kept
  ln -sf ../kept/file.fits incoming/3018092000065-det000.fits
done
