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
