#!/bin/bash
# One dataset certified several times, by lines of one call: each is certified or refused, and none is said to exist that does not.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo LATISS
bias_line gen2/CALIB/bias.fits 0 null '"2018-10-01T00:00:00.000000000"' > first
other() { jq -c "$1" first; }
# convert STATUS REPO       the lines of standard input; what has become of each
convert() { rm -f rejects; expect_rc "$1" dbb-convert --repo "$2" --rejects rejects; }
told() { jq -r 'select(.convert) | .convert.outcome' "$OUT" | tr '\n' ' '; if [ -e rejects ]; then jq -r .error.code rejects | tr '\n' ' '; fi; }
certified() { # REPO
  sql "$1" "SELECT c.name, timespan_begin / 86400000000000, timespan_end / 86400000000000
    FROM $(sql "$1" "SELECT calibration_association_table FROM dataset_type WHERE name = 'bias'") JOIN collection c USING (collection_id) ORDER BY 1, 2"
}

# Another collection, another time, a time that overlaps, the very same once more
{
  cat first
  other '.calibration = "LATISS/other"'
  other '.validity = {"begin_tai": "2019-01-01T00:00:00.000000000", "end_tai": null}'
  other '.validity.end_tai = "2018-11-01T00:00:00.000000000"'
  cat first
  other 'del(.calibration, .validity)'
  other '.calibration = "LATISS/other"'
} > lines
convert 1 repo < lines
expect_eq "$(told)" 'done existing existing updated existing updated CERTIFY_CONFLICT '
all='LATISS/calib|0|17805
LATISS/calib|17897|47482
LATISS/other|0|17805'
expect_eq "$(certified repo)" "$all"
convert 1 repo < lines
expect_eq "$(told | xargs -n 1 | sort | uniq -c | xargs)" '1 CERTIFY_CONFLICT 6 existing'
expect_eq "$(certified repo)" "$all"

# First without a validity
make_repo late LATISS
{ other 'del(.calibration, .validity)'; cat first; } | convert 0 late
expect_eq "$(told)" 'done updated '
expect_eq "$(certified late)" 'LATISS/calib|0|17805'

# When the first of them is refused, the others are tried by themselves; a dry run plans each
make_repo refused LATISS
bias_line gen2/CALIB/older.fits 0 null null '.run = "LATISS/calib/older"' | convert 0 refused
{ cat first; other '.calibration = "LATISS/other"'; } > lines
expect_rc 0 dbb-convert --repo late -n < lines
expect_eq "$(told)" 'existing planned '
convert 1 refused < lines
expect_eq "$(told)" 'done CERTIFY_CONFLICT '
expect_eq "$(certified refused)" 'LATISS/calib|0|47482
LATISS/other|0|17805'
for repo in repo late refused; do expect_rc 0 dbb-repo check $repo; done
