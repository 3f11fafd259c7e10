#!/bin/bash
# An empty repository: made whole or not at all, never over something that is there.
. "$DBB_CLI_LIB"

plant_bystander place
expect_rc 0 dbb-repo create -n place/repo
expect_empty "$OUT"
[ ! -e place/repo ] || fail "a dry run made something"
expect_rc 0 dbb-repo create place/repo
expect_empty "$OUT"
expect_empty "$ERR"
expect_eq "$(ls -A place/repo)" $'butler.yaml\ngen3.sqlite3'
expect_eq "$(sql place/repo 'SELECT count(*) FROM butler_attributes')" 13
expect_eq "$(sql place/repo 'SELECT * FROM opaque_meta')" file_datastore_records
expect_rc 0 dbb-repo check place/repo --orphans
expect_eq "$(wc -l < "$OUT")" 1
# A second time nothing changes, also not in a dry run, which says the same.
remember place
expect_rc 4 dbb-repo create place/repo
expect_match "$ERR" 'butler.yaml" exists already'
expect_rc 4 dbb-repo create -n place/repo
expect_unchanged place
# A registry without butler.yaml is what an interrupted create may leave; somebody else's it may be too.
mkdir half
echo 'not ours' > half/gen3.sqlite3
remember half
expect_rc 4 dbb-repo create half
expect_match "$ERR" 'interrupted'
expect_unchanged half
# Files that lie in the folder stay.
mkdir used
echo data > used/data.fits
expect_rc 0 dbb-repo create used
expect_eq "$(cat used/data.fits)" data
# Where nothing can be made.
echo file > file
expect_rc 4 dbb-repo create file/repo
expect_rc 2 dbb-repo create
expect_match "$ERR" 'REPO'
# Folder names with blanks, points and other letters.
for name in 'a b' repo_1.2 'é' ./-dash; do
  expect_rc 0 dbb-repo create "$name"
  expect_rc 0 dbb-repo show "$name" collections
done
