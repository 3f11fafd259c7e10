#!/bin/bash
# A file that is stored as a dataset that is no raw image: which it is, whatever its header says, or that it has none.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
{
  bias_line gen2/CALIB/bias.fits 0 null null
  other_line repo/src.yaml '{"dataset_type": "packages", "dimensions": [], "data_id": {}}'
  raw_line "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
} > lines
expect_rc 0 dbb-convert --repo repo < lines
id=$(jq -r 'select(.dataset_type == "bias").id' "$OUT")
remember repo
expect_rc 0 dbb-why --repo repo gen2/CALIB/bias.fits repo/src.yaml
expect_match "$OUT" '^gen2/CALIB/bias.fits: ingested'
expect_match "$OUT" 'register +bias [{]"instrument":"LATISS","detector":0[}]'
expect_match "$OUT" "^  id         $id"
expect_match "$OUT" '^repo/src.yaml: ingested'
expect_rc 0 dbb-why --json --repo repo gen2/CALIB/bias.fits
expect_eq "$(jq -c 'select(.type == "why") | [.outcome, .dataset_type, .run, .id, .status]' "$OUT")" "[\"existing\",\"bias\",\"LATISS/calib/20180921T000000Z\",\"$id\",null]"
expect_unchanged repo
# Without the repository, and of a file that it does not have, it is what its header says.
expect_rc 1 dbb-why gen2/CALIB/bias.fits
expect_match "$OUT" NOT_FITS
cp gen2/CALIB/bias.fits other.fits
expect_rc 1 dbb-why --repo repo other.fits
expect_match "$OUT" NOT_FITS
# Raws are looked at as before; so is all when there is no repository.
expect_rc 0 dbb-why --repo repo "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
expect_match "$OUT" 'recognise +LATISS'
expect_rc 4 dbb-why --repo nowhere "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
