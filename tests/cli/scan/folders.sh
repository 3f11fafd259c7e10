#!/bin/bash
# Folders are walked in bytewise order; only names that look like FITS are taken; links to folders are not followed.
. "$DBB_CLI_LIB"

mkdir -p in/b/c in/a
for name in a/x.fits a/x.fits.gz a/y.fit a/z.fits.fz a/z.txt a/x.fitsx b/c/1.fits b/.hidden.fits B.fits; do
  printf 'abc' > "in/$name"
done
ln -s ../a in/b/loop
ln -s ../a/x.fits in/b/link.fits
plant_bystander in

expect_rc 0 dbb-scan in
expect_empty "$ERR"
expect_eq "$(jq -r 'select(.type=="file") | .uri' "$OUT" | sed "s|^$PWD/||" | tr '\n' ' ')" \
  "in/B.fits in/a/x.fits in/a/x.fits.gz in/a/y.fit in/a/z.fits.fz in/b/.hidden.fits in/b/c/1.fits in/b/link.fits "
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-scan"}'
expect_eq "$(jq -c 'select(.uri and (.uri|endswith("y.fit"))) | keys_unsorted' "$OUT")" '["type","uri","size","mtime"]'
touch -d '2026-01-02 03:04:05.123456789 UTC' in/a/y.fit
expect_rc 0 dbb-scan in/a/y.fit
expect_eq "$(head -n 1 "$OUT")" "{\"type\":\"file\",\"uri\":\"$PWD/in/a/y.fit\",\"size\":3,\"mtime\":\"1767323045.123456789\"}"

expect_rc 0 dbb-scan --regex '\.txt$' in
expect_eq "$(jq -r 'select(.uri) | .uri' "$OUT" | sed "s|^$PWD/||" | tr '\n' ' ')" "in/a/z.txt in/bystander.txt "
expect_rc 2 dbb-scan --regex '(' in
expect_match "$ERR" 'no regular expression'
expect_unchanged in/bystander.txt
