#!/bin/bash
# The table of the Earth's orientation can be replaced, in the form of the IERS too; --version shows the built-in one.
. "$DBB_CLI_LIB"

expect_rc 0 dbb-describe --version
expect_match "$OUT" '^IERS table astropy-iers-data [0-9.]+, MJD 58119 to 61707$'

# A simulated image without hour angle: azimuth and altitude follow from the right ascension and the time.
grep -v '^- \[HASTART' "$DBB_TEST_DATA/headers/imsim-lsst_a_204595_R11_S02_i.yaml" | grep -v '^HASTART' > header.yaml
horizon() { dbb-describe "$@" header.yaml | jq -c 'select(.records) | .records.exposure | [.azimuth, .zenith_angle]'; }
built_in=$(horizon)
expect_match <(echo "$built_in") '^.[0-9.]+,[0-9.]+.$'
csv=$DBB_TEST_DATA/../../lib/astro/data/iers.csv
expect_eq "$(horizon --iers "$csv")" "$built_in"
# Rapid values, and final ones that count instead of them.
awk -F, '/^[0-9]/ { printf "%7s%8.2f I %9.6f %8.6f %9.6f %8.6f  I%10.7f %9.7f\n", "", $1, $3, 0, $4, 0, $2, 0 }' "$csv" > finals2000A.all
expect_eq "$(horizon --iers finals2000A.all)" "$built_in"
awk -F, '/^[0-9]/ { line = sprintf("%7s%8.2f I %9.6f %8.6f %9.6f %8.6f  I%10.7f %9.7f", "", $1, 9, 0, 9, 0, 0.9, 0)
  printf "%-134s%10.6f%10.6f%11.7f\n", line, $3, $4, $2 }' "$csv" > finals2000A.final
expect_eq "$(horizon --iers finals2000A.final)" "$built_in"
sed -E 's/^([0-9]+),[^,]*/\1,0.5/' "$csv" > other.csv
[ "$(horizon --iers other.csv)" != "$built_in" ] || fail "another table makes no difference"

for file in nowhere header.yaml /dev/null; do
  for command in 'dbb-describe' 'dbb-ingest --repo repo' 'dbb-why'; do
    # shellcheck disable=SC2086  # words of a command
    expect_rc 2 $command --iers $file header.yaml
    expect_match "$ERR" 'iers.*finals2000A|--iers'
  done
done
{ head -n 10 "$csv"; head -n 10 "$csv"; } > disorder.csv
expect_rc 2 dbb-describe --iers disorder.csv header.yaml
expect_match "$ERR" 'not in order'
