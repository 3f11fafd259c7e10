#!/bin/bash
# The run is the plan also where a file is one that an earlier line moved, linked to, or would have left in its place.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"
. "$DBB_ROOT/tests/cli/convert/_plan.bash"

# setup                         a repository whose files of some types come to lie on one another, with what the lines of
#                               the file `before` have put there
setup() {
  make_repo repo
  sed -i 's|^datastore:|&\n  templates:\n    shelf: "{run}/shelf"\n    bias: "{run}/shelf"|' repo/butler.yaml
  dbb-convert --repo repo < before > before.out
}
: > before

mkdir raws
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" raws/one.fits
setup
detector='{"dataset_type": "src", "dimensions": ["instrument", "detector"], "data_id": {"instrument": "LATISS", "detector": 0}}'
shelf='{"dataset_type": "shelf", "dimensions": ["instrument", "physical_filter"], "data_id": {"instrument": "LATISS", "physical_filter": "unknown~unknown"}}'
# of TYPE                       the description of a dataset of another type
of() { jq -c --arg type "$1" '.dataset_type = $type' <<< "$detector"; }
# codes FILE                    outcomes and codes, in the order of types
outcome_codes() { cat "$1" "$2" | jq -r 'select(.dataset_type) | .dataset_type + " " + (.error.code // .convert.outcome)' | sort | paste -sd,; }

# A source that was moved is gone for other datasets, and counts no more for its own; one that others have stays.
raw_line raws/one.fits '.gen2.registry.filter = "other"' > raw
{
  other_line gen2/a.fits "$detector"
  other_line gen2/a.fits "$(of src2)"                                    # apart: NOT_FOUND
  other_line gen2/a.fits "$detector" | jq -c '.size = 999'               # apart: OTHER_ORIGIN
  other_line gen2/a.fits "$detector" | jq -c '.action = "error" | .reason = "missing_file"' # apart: existing
  other_line gen2/b.fits "$(jq -c '.transfer = "split"' <<< "$(of src3)")"
  other_line gen2/b.fits "$(of src4)"                                    # moved, but the first one has it where it is
  other_line gen2/c.fits "$(of src5)"
  other_line gen2/c.fits "$(jq -c '.transfer = "symlink"' <<< "$(of src6)")" # after a move: NOT_FOUND
  cat raw raw
  jq -c '.data_id.detector = 3' raw                                      # apart: NOT_FOUND
} > lines
keep_sources
strict_too=--strict names='split symlink relsymlink copy link'
! is_sanitized || strict_too='' names='symlink copy'
for feed in together apart; do
  for strict in '' $strict_too; do
    # shellcheck disable=SC2086  # none or one
    same_as_run "move-$feed$strict" $feed -t move --i-own-the-source $strict
  done
done
expect_eq "$(outcome_codes move-apart.run move-apart.run.rejects)" \
  'raw NOT_FOUND,raw done,raw existing,src OTHER_ORIGIN,src done,src existing,src2 NOT_FOUND,src3 done,src4 done,src5 done,src6 NOT_FOUND'
# What has its file by its URI keeps it.
expect_rc 0 dbb-convert --repo repo -t move --i-own-the-source < <(sed -n 5,6p lines)
expect_match "$ERR" 'b.fits" stays: another dataset has this file'
expect_rc 0 dbb-repo check repo
# Once more, where sources or what the repository has are gone.
expect_rc 0 dbb-convert --repo repo -t move --i-own-the-source < <(sed -n 7p lines)
rm gen2/b.fits
for dry in -n ''; do
  # shellcheck disable=SC2086  # none or one
  expect_rc 0 dbb-convert $dry --repo repo -t move --i-own-the-source < <(sed -n 5,7p lines)
  expect_eq "$(outcomes "$OUT" | paste -sd,)" 'src3 existing,src4 existing,src5 existing'
done
rm -rf repo
setup

# The same file by another name.
ln -s a.fits gen2/link.fits
ln -s gen2 folder
mkdir gen2/d
echo 'dataset gen2/a.fits' > gen2/d/e.fits
ln -s d gen2/f
{
  other_line gen2/a.fits "$detector"
  other_line gen2/link.fits "$detector" | jq -c --argjson size "$(stat -c %s gen2/a.fits)" '.size = $size'
  other_line gen2/d/e.fits "$(of src2)"
  other_line gen2/f/e.fits "$(of src2)"
  cat raw raw
} > lines
keep_sources
for transfer in $names; do
  for feed in together apart; do same_as_run "name-$transfer-$feed" $feed -t "$transfer"; done
done
expect_eq "$(outcome_codes name-symlink-apart.run name-symlink-apart.run.rejects)" 'raw done,raw existing,src done,src existing,src2 done,src2 existing'
expect_eq "$(outcome_codes name-copy-apart.run name-copy-apart.run.rejects)" 'raw done,raw existing,src DUPLICATE,src done,src2 DUPLICATE,src2 done'

# A link stands where a copy is wanted; a file of a line that was refused stays when another dataset has it.
echo same > gen2/b1.fits
echo same > gen2/b2.fits
echo other > gen2/b3.fits
echo older > gen2/w.fits
{
  other_line gen2/a.fits "$(jq -c '.transfer = "symlink" | .run = "links"' <<< "$shelf")"
  other_line gen2/a.fits "$(jq -c '.transfer = "copy" | .run = "links" | .data_id.physical_filter = "empty~empty"' <<< "$shelf")" # DESTINATION_EXISTS
  bias_line gen2/w.fits 0 null null '.run = "W"'
  bias_line gen2/b1.fits 0 null null '.run = "R"'                        # CERTIFY_CONFLICT
  other_line gen2/b2.fits "$(jq -c '.run = "R"' <<< "$shelf")"
  other_line gen2/b3.fits "$(jq -c '.run = "R" | .data_id.physical_filter = "empty~empty"' <<< "$shelf")" # DESTINATION_EXISTS
} > lines
keep_sources
for feed in together apart mixed; do
  printf '%s\n' 0 1 1 1 0 1 > breaks
  same_as_run "place-$feed" $feed -t copy
done
expect_eq "$(outcome_codes place-mixed.run place-mixed.run.rejects)" \
  'bias CERTIFY_CONFLICT,bias done,shelf DESTINATION_EXISTS,shelf DESTINATION_EXISTS,shelf done,shelf done'

# Two reasons at once: the same one is told. A repository in whose way an earlier run has put something.
{
  bias_line gen2/w.fits 0 null null '.calibration = "CC"'
  other_line gen2/a.fits "$detector"
  other_line gen2/b3.fits "$(jq -c '.storage_class = "Catalog" | .run = "CC"' <<< "$detector")"
} > lines
head -n 1 lines > before
rm -r repo
setup
same_as_run reasons apart -t split
expect_eq "$(jq -r .error.code reasons.run.rejects)" DATASET_TYPE_CONFLICT
