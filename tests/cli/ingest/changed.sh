#!/bin/bash
# Files that are not what their line, or their row, says: refused, or told of.
. "$DBB_CLI_LIB"

file=a.fits
make_repo repo LATISS
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" $file
dbb-scan $file | dbb-describe > lines
size=$(stat -c %s $file)
remember repo
# Cut short, or written anew, since it was scanned.
refused() { # MODE PATTERN
  expect_rc 1 dbb-ingest --repo repo -t "$1" --rejects rejects < lines
  expect_eq "$(jq -r '[.error.code, .error.retry] | join(" ")' rejects)" 'CHANGED true'
  expect_match "$ERR" "$2"
  expect_unchanged repo
  rm rejects
}
truncate -s 50000 $file
refused direct "had $size bytes when it was scanned and has 50000 now"
refused copy "had $size bytes"
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" $file
touch -d 2030-01-01T00:00:00Z $file
refused direct 'was changed at 2030-01-01T00:00:00.000000000 UTC, but was of 20'
refused link 'was changed at 2030'
expect_rc 1 dbb-ingest --repo repo -n < lines
# A line that says nothing of the file promises nothing; what nobody can read is no promise to break either, but a mistake.
jq -c 'del(.size, .mtime)' lines | expect_rc 0 dbb-ingest --repo repo -n
for mtime in '"yesterday"' 1.5 '[]' true '"1.5"'; do
  jq -c "if .uri then .mtime = $mtime else . end" lines | expect_rc 1 dbb-ingest --repo repo -n
  expect_match "$ERR" 'mtime.* must be seconds|when it was scanned'
done
dbb-scan $file | dbb-describe > lines
expect_rc 0 dbb-ingest --repo repo -t copy < lines
# The file of the repository is taken away: the dataset still exists, and people are told.
stored=$PWD/repo/$(jq -r 'select(.ingest) | .ingest.path' "$OUT")
expect_rc 0 dbb-ingest --repo repo -t copy < lines
expect_empty "$ERR"
expect_eq "$(jq -c 'select(.ingest) | .ingest.warnings' "$OUT")" null
gone() {
  expect_rc 0 dbb-ingest --repo repo -t "$1" < lines
  expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome, .ingest.warnings[]' "$OUT")" \
    "existing"$'\n'"the repository has this dataset, but not its file \"$stored\""
  expect_match "$ERR" "not its file \"$stored\""
}
rm "$stored"
gone copy
gone move
ln -s nowhere "$stored"
gone copy
[ -e $file ] || fail "the source of a move is gone although the repository has no file"
