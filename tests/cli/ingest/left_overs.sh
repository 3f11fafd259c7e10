#!/bin/bash
# Files without rows: an equal one is used, another one is never replaced, and ours are taken back when the row fails.
. "$DBB_CLI_LIB"

name=LATISS/raw/all/raw/20180920/AT_C_20180920_000065/raw_LATISS_unknown~unknown_AT_C_20180920_000065_RXX_S00_LATISS_raw_all.fits
file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
make_repo repo
mkdir -p "repo/$(dirname "$name")"
cp "$file" "repo/$name"
inode=$(stat -c %i "repo/$name")
expect_rc 0 dbb-ingest --repo repo -t copy "$file"
expect_eq "$(stat -c %i "repo/$name")" "$inode" "the left-over was used"
make_repo other
mkdir -p "other/$(dirname "$name")"
echo "something else" > "other/$name"
expect_rc 1 dbb-ingest --repo other -t copy --rejects rejects "$file"
expect_eq "$(jq -r .error.code rejects)" DESTINATION_EXISTS
expect_eq "$(cat "other/$name")" "something else"
expect_eq "$(sql other 'SELECT count(*) FROM dataset')" 0
# A conflict in the registry: the copy that was made for it is gone again.
make_repo conflict
expect_rc 0 dbb-ingest --repo conflict -t copy "$DBB_EXAMPLES/LSSTCam/3019031900001-R10-S02-det029.fits"
sqlite3 conflict/gen3.sqlite3 "UPDATE exposure SET target_name='Other'"
expect_rc 1 dbb-ingest --repo conflict -t copy "$DBB_EXAMPLES/LSSTCam/3019031900001-R22-S21-det097.fits"
expect_match "$ERR" 'target_name is "Other" there and "UNKNOWN" here'
expect_eq "$(find conflict -name '*.fits' | wc -l)" 1
expect_eq "$(find . -name '.dbb*')" ""
# Nobody waits at a FIFO that stands where something else should be.
make_repo fifo
mkdir -p "fifo/$(dirname "$name")"
mkfifo "fifo/$name"
expect_rc 1 timeout 10 dbb-ingest --repo fifo -t copy --rejects fifo.rejects "$file"
expect_eq "$(jq -r .error.code fifo.rejects)" DESTINATION_EXISTS
[ -p "fifo/$name" ] || fail 'the FIFO was replaced'
for part in gen3.sqlite3 butler.yaml; do
  rm "fifo/$part"
  mkfifo "fifo/$part"
  expect_rc 4 timeout 10 dbb-ingest --repo fifo "$file"
  expect_match "$ERR" "$part\" is no regular file"
done
