#!/bin/bash
# Something that is no folder stands where one is needed: the place is named, not the source, and dbb-why says the same.
. "$DBB_CLI_LIB"

make_repo repo LATISS
file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
blocked() { # PATTERN   repo/LATISS is in the way
  for command in 'dbb-ingest' 'dbb-ingest -n' 'dbb-why'; do
    # shellcheck disable=SC2086  # words of a command
    expect_rc 1 $command --repo repo -t copy "$file"
    grep -qE "$1" "$OUT" "$ERR" || fail "$command: $(cat "$OUT" "$ERR")"
    grep -q "repo/LATISS" "$OUT" "$ERR" || fail "$command does not name the place"
  done
  rm repo/LATISS
}
ln -s "$PWD/not-mounted" repo/LATISS
blocked 'link that leads to no folder'
ln -s LATISS repo/LATISS
blocked 'link that leads to no folder'
touch repo/LATISS
blocked 'no folder, but one is needed'
expect_rc 0 dbb-ingest --repo repo -t copy "$file"

for run in / . /a $'a\nb' $'\xff' ..; do
  expect_rc 2 dbb-why --repo repo -t copy --run "$run" "$file"
  expect_rc 2 dbb-ingest --repo repo -t copy --run "$run" "$file"
done
