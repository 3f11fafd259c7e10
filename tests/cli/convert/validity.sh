#!/bin/bash
# Validity of calibrations that are stored already: each line is judged by itself, and times change only when that is wanted.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
day() { echo "\"2018-0$1-01T00:00:00.000000000\""; }
# bias RUN DETECTOR BEGIN END       of LSSTCam, certified in LSSTCam/calib
bias() { bias_line "gen2/CALIB/$1-$2.fits" "$2" "$3" "$4" ".run = \"$1\"" | sed 's/LATISS/LSSTCam/g'; }
uncertified() { jq -c 'del(.validity, .calibration)'; }
# what became of each line: run, detector, outcome or code
said() { cat receipts rejects | jq -r 'select(.type == "gen2") | "\(.run) \(.data_id.detector) \(.error.code // .convert.outcome)"' | sort; }
# what is certified: run, detector, months of begin and end
certified() {
  sql repo "SELECT c.name, b.detector, strftime('%m', timespan_begin / 1000000000, 'unixepoch'), strftime('%Y-%m', timespan_end / 1000000000, 'unixepoch')
    FROM $(sql repo "SELECT calibration_association_table FROM dataset_type WHERE name = 'bias'") b JOIN dataset d ON d.id = b.dataset_id
    JOIN collection c ON c.collection_id = d.run_id ORDER BY 1, 2, 3" | tr '|' ' '
}
# convert STATUS [OPTION...]        the file lines; a dry run says the same before
convert() {
  local want=$1
  shift
  : > plan.rejects
  : > rejects
  remember repo
  expect_rc "$want" dbb-convert -n --repo repo --rejects plan.rejects "$@" < lines
  expect_unchanged repo
  jq -Sc '[.id, .convert.outcome == "existing", .convert.updated]' "$OUT" > plan
  expect_rc "$want" dbb-convert --repo repo --rejects rejects "$@" < lines
  cp "$OUT" receipts
  cp "$ERR" messages
  diff plan <(jq -Sc '[.id, .convert.outcome == "existing", .convert.updated]' receipts) || fail 'the run is not the plan'
  diff plan.rejects rejects || fail 'other rejects'
  expect_rc 0 dbb-repo check repo
}

# Lines of the same run: one is stored without validity, one is to have another; only that is refused, wherever it stands.
{ bias old 0 null null | uncertified; bias old 1 null null; bias old 2 null null | uncertified; } > lines
convert 0
{ bias old 0 null null; bias old 1 null "$(day 5)"; bias old 2 null null; } > lines
convert 1
expect_eq "$(said)" 'old 0 updated
old 1 CERTIFY_CONFLICT
old 2 updated'
expect_eq "$(certified)" 'old 0 01 2100-01
old 1 01 2100-01
old 2 01 2100-01'
expect_match messages 'hint: the dataset gets the validity of its line with --update-validity'
# Two new ones for the same time: a dry run sees it, too.
{ bias a 7 null null; bias b 7 "$(day 5)" null; } > lines
convert 1
expect_eq "$(said)" 'a 7 done
b 7 CERTIFY_CONFLICT'

# A new one takes a part of the time of an old one. Without the option nothing changes.
{ bias new 0 "$(day 3)" null; bias old 0 null "$(day 3)"; bias new 1 "$(day 3)" null; bias old 1 null "$(day 3)"; } > lines
convert 1
expect_eq "$(said | uniq -c | sed 's/^ *//')" '1 new 0 CERTIFY_CONFLICT
1 new 1 CERTIFY_CONFLICT
1 old 0 CERTIFY_CONFLICT
1 old 1 CERTIFY_CONFLICT'
expect_match messages 'hint: the other dataset, which is among the lines, too, gets the validity of its line with --update-validity'
convert 0 --update-validity
expect_eq "$(said)" 'new 0 done
new 1 done
old 0 updated
old 1 updated'
expect_eq "$(jq -c 'select(.run == "old").convert.updated' receipts | uniq)" '{"calibration":"LSSTCam/calib","validity":[{"begin_tai":null,"end_tai":null}]}'
expect_eq "$(certified)" 'a 7 01 2100-01
new 0 03 2100-01
new 1 03 2100-01
old 0 01 2018-03
old 1 01 2018-03
old 2 01 2100-01'
remember repo/gen3.sqlite3
convert 0 --update-validity
expect_eq "$(said | grep -v existing || true)" ''
convert 0
expect_unchanged repo/gen3.sqlite3
# Several times of one dataset give way.
dataset=$(sql repo "SELECT d.id FROM dataset d JOIN collection c ON c.collection_id = d.run_id WHERE c.name = 'old' ORDER BY d.id LIMIT 1")
calibs=$(sql repo "SELECT calibration_association_table FROM dataset_type WHERE name = 'bias'")
detector=$(sql repo "SELECT detector FROM $calibs WHERE dataset_id = '$dataset'")
sqlite3 repo/gen3.sqlite3 "UPDATE $calibs SET timespan_end = 86400000000000 WHERE dataset_id = '$dataset'; INSERT INTO $calibs (dataset_type_id, dataset_id, collection_id, instrument, detector, timespan_begin, timespan_end)
  SELECT dataset_type_id, dataset_id, collection_id, instrument, detector, 172800000000000, 259200000000000 FROM $calibs WHERE dataset_id = '$dataset'"
bias old "$detector" null "$(day 2)" > lines
convert 0 --update-validity
expect_eq "$(jq -c 'select(.convert).convert.updated.validity' receipts)" '[{"begin_tai":null,"end_tai":"1970-01-02T00:00:00.000000000"},{"begin_tai":"1970-01-03T00:00:00.000000000","end_tai":"1970-01-04T00:00:00.000000000"}]'
expect_eq "$(certified | grep "old $detector")" "old $detector 01 2018-02"

# What is refused keeps its time, which then is in the way of what hoped for it.
bias wall 0 "$(day 5)" "$(day 6)" | jq -c '.calibration = "other"' > lines
bias old 0 null null | jq -c '.calibration = "other" | .validity.end_tai = "2018-05-01T00:00:00.000000000"' >> lines
convert 0
{ bias old 0 "$(day 4)" "$(day 6)"; bias new 0 "$(day 1)" "$(day 2)"; } | jq -c '.calibration = "other"' > lines
convert 1 --update-validity
expect_eq "$(said)" 'new 0 CERTIFY_CONFLICT
old 0 CERTIFY_CONFLICT'
expect_no_match messages 'with --update-validity'
{ bias old 0 "$(day 4)" "$(day 5)"; bias new 0 "$(day 1)" "$(day 2)"; } | jq -c '.calibration = "other"' > lines
convert 0 --update-validity

# A copy of what is refused does not stay, nor does its run; another kind of collection in the way refuses all that are to be in it.
bias never 0 "$(day 4)" "$(day 6)" | jq -c '.calibration = "other"' > lines
convert 1 --transfer copy
expect_eq "$(find repo -path '*never*')" ''
expect_eq "$(sql repo "SELECT count(*) FROM collection WHERE name = 'never'")" 0
{ bias never 0 null null; bias never 1 null null; } | jq -c '.calibration = "old"' > lines
bias fine 2 null null | jq -c '.calibration = "zenith"' >> lines
convert 1 --transfer copy
expect_eq "$(said)" 'fine 2 done
never 0 COLLECTION_CONFLICT
never 1 COLLECTION_CONFLICT'
expect_eq "$(find repo -path '*never*')" ''

# The ordinary week: a new generation of a Gen2 repository. Lines come in any order, also more of them than are committed at once.
python3 "$DBB_ROOT/tests/gen2/make_gen2.py" --camera hsc wk > log
make_repo weekly HSC
dbb-gen2-scan wk --only calib > plan
expect_rc 0 dbb-convert --repo weekly < plan
mkdir -p wk/CALIB/BIAS/2018-03-10/NONE
for file in wk/CALIB/BIAS/2018-02-10/NONE/*; do cp "$file" "${file//2018-02-10/2018-03-10}"; done
sqlite3 wk/CALIB/calibRegistry.sqlite3 "INSERT INTO bias (filter, ccd, calibDate, validStart, validEnd) SELECT filter, ccd, '2018-03-10', '2018-03-01', validEnd FROM bias WHERE calibDate = '2018-02-10';
  UPDATE bias SET validEnd = '2018-03-01' WHERE calibDate = '2018-02-10'"
dbb-gen2-scan wk --only calib > plan
expect_rc 1 dbb-convert --repo weekly < plan
for order in cat tac; do
  rm -rf again
  cp -r weekly again
  # (a thousand lines of something else between old and new)
  { grep '2018-0[23]-10' plan | $order | sed -n 1,3p; for ((i = 0; i < 1000; ++i)); do grep -m 1 '"dark"' plan; done; $order plan; } > lines
  expect_rc 0 dbb-convert -n --repo again --update-validity < lines
  jq -Sc 'select(.convert.updated) | [.id, .convert.updated]' "$OUT" > planned
  expect_rc 0 dbb-convert --repo again --update-validity < lines
  expect_eq "$(jq -r 'select(.run == "HSC/calib/20180310T000000Z").convert.outcome' "$OUT" | grep -cx 'done')" 3
  [ -s planned ] || fail 'nothing was planned'
  diff <(sort -u planned) <(jq -Sc 'select(.convert.updated) | [.id, .convert.updated]' "$OUT" | sort -u) || fail 'the week is not as planned'
  expect_rc 0 dbb-convert --repo again --verify < plan
  remember again/gen3.sqlite3
  expect_rc 0 dbb-convert --repo again --update-validity < lines
  expect_eq "$(jq -r 'select(.convert).convert.outcome' "$OUT" | sort -u)" existing
  expect_unchanged again/gen3.sqlite3
  expect_rc 0 dbb-repo check again
done
