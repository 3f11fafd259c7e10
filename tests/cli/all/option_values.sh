#!/bin/bash
# Values of options that are empty or absurd: never the next word, never silently something else.
. "$DBB_CLI_LIB"

touch a.fits b.fits
remember a.fits b.fits
plain=$(dbb-scan a.fits b.fits)

# A variable that is empty is as good as unset.
for name in REJECTS METRICS REGEX DRY_RUN STATS MAX_TIME LOG_FORMAT CONFIG; do
  expect_rc 0 env "DBB_$name=" dbb-scan a.fits b.fits
  expect_eq "$(cat "$OUT")" "$plain" "with an empty DBB_$name"
done
make_repo repo LATISS
dbb-scan "$DBB_EXAMPLES/LATISS" | dbb-describe > lines
expect_rc 0 env DBB_REJECTS= DBB_TRANSFER= DBB_BUSY_TIMEOUT= dbb-ingest --repo repo -n < lines
expect_eq "$(jq -r '.ingest.outcome // empty' "$OUT" | sort -u)" planned

# In a file and on the command line an empty value is a mistake.
for text in 'rejects: ""' 'rejects:' 'rejects: [""]' 'max-time: ""'; do
  echo "$text" > config.yaml
  expect_rc 2 dbb-scan --config config.yaml a.fits b.fits
  expect_match "$ERR" "^dbb-scan: config.yaml: ${text%%:*} needs a value$"
done
for words in "--rejects ''" "--rejects=" "--metrics ''" "--regex ''" "--config ''"; do
  name=${words%%[ =]*}
  expect_rc 2 bash -c "dbb-scan $words a.fits b.fits"
  expect_empty "$OUT"
  expect_match "$ERR" "^dbb-scan: $name needs a value$"
done
expect_rc 2 dbb-repo show repo collections --where= x
expect_match "$ERR" '^dbb-repo: --where needs a value$'
expect_rc 2 dbb-repo show repo collections --where ''
expect_match "$ERR" '^dbb-repo: --where needs a value$'
expect_rc 2 dbb-ingest --repo '' a.fits
# More values than one are no lack of one.
expect_rc 2 dbb-ingest --repo repo -t copy -t direct a.fits
expect_match "$ERR" '^dbb-ingest: --transfer is given twice$'
expect_rc 2 dbb-repo show repo collections --where x --where y
expect_match "$ERR" '^dbb-repo: --where is given twice$'
expect_rc 2 dbb-scan a.fits --rejects
expect_match "$ERR" '^dbb-scan: --rejects needs a value$'
expect_unchanged a.fits b.fits

# Times that no clock shows.
for option in --max-time --min-age; do
  for text in inf nan -inf -nan infinity; do
    expect_rc 2 dbb-scan "$option=$text" a.fits
    expect_match "$ERR" "^dbb-scan: $option: \"$text\" is no duration$"
  done
  for text in 1e300d 1e999 4294967296 49711d; do
    expect_rc 2 dbb-scan "$option=$text" a.fits
    expect_match "$ERR" "^dbb-scan: $option: \"$text\" is too long$"
  done
done
expect_rc 0 dbb-scan --max-time 4294967295 a.fits

# A file of options may be a pipe, and is not read without end.
expect_rc 0 bash -c 'dbb-scan --config <(sleep 0.1; echo "min-age: 1s") --print-config'
expect_match "$OUT" '^min-age: "1s"  # /dev/fd/'
expect_rc 2 dbb-scan --config /dev/zero a.fits
expect_match "$ERR" '^dbb-scan: "/dev/zero" is longer than 8 MiB$'
