#!/bin/bash
# Files stay where they are, unless they are copied, linked or moved on purpose; a line may say so for itself.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
paths() { sql repo "SELECT path FROM file_datastore_records f JOIN dataset d ON d.id = f.dataset_id JOIN collection c ON c.collection_id = d.run_id WHERE c.name = '$1'"; }
# In place below the root, by URI elsewhere
bias_line repo/CALIB/in.fits 0 null null '.run = "in"  | del(.calibration)' > lines
bias_line gen2/CALIB/out.fits 0 null null '.run = "out" | del(.calibration)' >> lines
expect_rc 0 dbb-convert --repo repo < lines
expect_eq "$(paths in)" CALIB/in.fits
expect_eq "$(paths out)" "file://$PWD/gen2/CALIB/out.fits"
# Copies have the name that the Butler's template gives them.
bias_line gen2/CALIB/out.fits 0 null null '.run = "a/copy" | del(.calibration)' > copied
expect_rc 0 dbb-convert --repo repo --transfer copy < copied
expect_eq "$(paths a/copy)" a/copy/bias/bias_LATISS_RXX_S00_a_copy.fits
cmp gen2/CALIB/out.fits repo/a/copy/bias/bias_LATISS_RXX_S00_a_copy.fits
# A line of its own way among others
bias_line gen2/CALIB/out.fits 0 null null '.run = "linked" | .transfer = "symlink" | del(.calibration)' > mixed
bias_line gen2/CALIB/out.fits 0 null null '.run = "direct" | del(.calibration)' >> mixed
expect_rc 0 dbb-convert --repo repo < mixed
expect_eq "$(readlink "repo/$(paths linked)")" "$PWD/gen2/CALIB/out.fits"
expect_eq "$(paths direct)" "file://$PWD/gen2/CALIB/out.fits"
# Moves need to be allowed, and then the source goes after the commit.
bias_line gen2/CALIB/gone.fits 0 null null '.run = "moved" | .transfer = "move" | del(.calibration)' > move
expect_rc 1 dbb-convert --repo repo < move
[ -e gen2/CALIB/gone.fits ] || fail 'it was moved'
expect_rc 0 dbb-convert --repo repo --i-own-the-source < move
[ ! -e gen2/CALIB/gone.fits ] || fail 'it stays'
expect_rc 0 dbb-repo check repo
expect_rc 0 dbb-convert --repo repo --transfer copy < copied
expect_eq "$(outcomes "$OUT")" 'bias existing'

# A move is repeatable: what it took away is there already, also raws, whose headers can't be read any more.
mkdir -p gen2/raw
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" gen2/raw/a.fits
{
  raw_line gen2/raw/a.fits
  bias_line gen2/CALIB/again.fits 0 null null '.run = "again"'
  other_line gen2/rerun/icSrc.yaml '{"dataset_type": "icSrc", "dimensions": ["instrument", "exposure", "detector"], "data_id": {"instrument": "LATISS", "exposure": 3018092000065, "detector": 0}}'
} > lines
expect_rc 0 dbb-convert --repo repo -t move --i-own-the-source < lines
expect_eq "$(find gen2/raw gen2/CALIB/again.fits gen2/rerun -type f 2> /dev/null)" ''
remember repo/gen3.sqlite3
for transfer in move split; do
  expect_rc 0 dbb-convert --repo repo -t $transfer --i-own-the-source < lines
  expect_eq "$(outcomes "$OUT")" 'raw existing
bias existing
icSrc existing'
  expect_empty "$ERR"
done
jq -c '.transfer = "move"' lines > moves
expect_rc 0 dbb-convert --repo repo --i-own-the-source --update-records < moves
# The next scan finds rows without files.
jq -c 'del(.size, .mtime, .calibration, .validity) | .action = "error" | .reason = "missing_file"' lines > missing
jq -c 'select(.dataset_type == "bias") | .run = "never"' missing > other
expect_rc 1 dbb-convert --repo repo --rejects rejects < other
expect_eq "$(jq -r .error.code rejects)" NOT_CONVERTIBLE
expect_rc 0 dbb-convert --repo repo < missing
expect_eq "$(jq -r 'select(.convert).dataset_type' "$OUT" | wc -l)" 3
expect_eq "$(jq -c 'select(.convert).convert | [.outcome, .warnings]' "$OUT" | sort -u)" '["existing",["the Gen2 file is gone; the repository has it"]]'
expect_unchanged repo/gen3.sqlite3
expect_rc 0 dbb-convert --repo repo --verify --checksum < lines
expect_match "$ERR" '3 Gen2 files are gone'
expect_rc 0 dbb-convert --repo repo --verify --checksum < missing
# What the repository lost as well, or has of another size, was not moved.
raw=repo/$(sql repo "SELECT path FROM file_datastore_records f JOIN dataset d ON d.id = f.dataset_id JOIN dataset_type t ON t.id = d.dataset_type_id WHERE t.name = 'raw'")
mv "$raw" kept
for file in lines missing; do
  expect_rc 1 dbb-convert --repo repo < $file
done
expect_match "$ERR" 'a.fits.*: missing_file'
head -c 5000 kept > "$raw"
expect_rc 1 dbb-convert --repo repo < lines
expect_match "$ERR" 'a.fits'
expect_rc 3 dbb-convert --repo repo --verify --checksum < lines
