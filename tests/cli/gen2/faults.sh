#!/bin/bash
# What is wrong with single files and rows is told of them, and keeps nothing else from being told.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/latiss" gen2
raw=raw/2018-09-20
reason() { jq -r --arg path "$1" 'select(.gen2.path == $path) | .action + " " + .reason + (if .gen2.source then " " + .gen2.source else "" end)' "$OUT"; }

cp gen2/$raw/3018092000065-det000.fits gen2/$raw/3018092000066-det000.fits
sqlite3 gen2/registry.sqlite3 "INSERT INTO raw (dayObs, visit, detector, expId) VALUES ('2018-09-20', 3018092000067, 0, 3018092000067);
  INSERT INTO raw (dayObs, visit, detector, expId) VALUES ('2018-09-22', 3018092000068, 0, 3018092000068);
  INSERT INTO raw (dayObs, visit, detector, expId) VALUES ('../../..', 3018092000069, 0, 3018092000069)"
echo moved > gen2/$raw/3018092000068-det000.fits
ln -s nowhere gen2/$raw/3018092000070-det000.fits
mkfifo gen2/$raw/3018092000071-det000.fits
mkdir gen2/raw/circle
ln -s .. gen2/raw/circle/back
echo x > gen2/$raw/"$(printf '3018092000072-\377.fits')"
echo x > gen2/$raw/3018092000065-det000.fits.gz
expect_rc 1 dbb-gen2-scan gen2
expect_eq "$(reason $raw/3018092000065-det000.fits)" 'convert ok both'
expect_eq "$(reason $raw/3018092000065-det000.fits.gz)" 'skip compressed_duplicate'
expect_eq "$(reason $raw/3018092000066-det000.fits)" 'review unregistered_raw tree'
expect_eq "$(reason $raw/3018092000067-det000.fits)" 'error missing_file registry'
note() { jq -r --arg path "$1" 'select(.gen2.path == $path) | .notes | join("; ")' "$OUT"; }
expect_eq "$(note $raw/3018092000066-det000.fits)" 'the registry has no row of it; when the file is good, take it in by a rule with reasons: [unregistered_raw]'
expect_match <(note $raw/3018092000067-det000.fits) 'the file is gone: restore it, or leave it out by a rule$'
# Found by its number, though not where its row says.
expect_eq "$(reason $raw/3018092000068-det000.fits)" 'convert registry_mismatch both'
expect_eq "$(reason raw/2018-09-22/3018092000068-det000.fits)" ''
expect_eq "$(jq -c 'select(.reason == "registry_mismatch") | .notes' "$OUT")" '["the registry has dayObs 2018-09-22, the path 2018-09-20"]'
expect_eq "$(reason $raw/3018092000070-det000.fits)" 'error dangling_link'
expect_eq "$(reason $raw/3018092000071-det000.fits)" 'review not_regular'
expect_eq "$(reason raw/circle/back)" 'review not_regular'
expect_match "$OUT" '3018092000072-\\\\xff.fits.*"reason":"name_not_utf8"'
# No value of a registry leads out of the repository.
expect_eq "$(jq -c 'select(.gen2.registry.dayObs == "../../..") | [.action, .reason, .notes[1]]' "$OUT")" '["error","missing_file","the row lacks what its path is made of"]'
expect_eq "$(jq -c 'select(.gen2.repo == "calib" and .action == "convert") | .reason' "$OUT")" '"ok"'

# Without a registry the tree alone counts, as in Gen2.
rm -r gen2/$raw/* gen2/raw/circle gen2/registry.sqlite3
echo x > gen2/$raw/3018092000065-det000.fits
mkdir gen2/raw/2018-09-21
echo x > gen2/raw/2018-09-21/3018092000065-det000.fits
echo x > gen2/$raw/3018092000066-det000.fits
expect_rc 3 dbb-gen2-scan gen2
expect_eq "$(reason $raw/3018092000066-det000.fits)" 'convert ok tree'
expect_eq "$(reason $raw/3018092000065-det000.fits)" 'review duplicate_data_id tree'
expect_eq "$(reason raw/2018-09-21/3018092000065-det000.fits)" 'review duplicate_data_id tree'
expect_eq "$(note raw/2018-09-21/3018092000065-det000.fits)" "\"$PWD/gen2/$raw/3018092000065-det000.fits\" has the same dataset type, run and data ID"
expect_eq "$(note $raw/3018092000065-det000.fits)" "\"$PWD/gen2/raw/2018-09-21/3018092000065-det000.fits\" has the same dataset type, run and data ID"

# Validity: gap, overlap, neither, text, and an overlap that nobody can explain, which keeps only its detector.
bias=CALIB/bias
rows=''
calibration() { # DETECTOR DATE START END
  mkdir -p gen2/$bias/"$2"
  echo x > gen2/$bias/"$2/bias-det00$1_$2.fits"
  rows+="INSERT INTO bias (filter, detector, calibDate, validStart, validEnd) VALUES ('NONE', $1, '$2', '$3', '$4');"
}
calibration 1 2018-01-05 2018-01-01 2018-01-09
calibration 1 2018-01-15 2018-01-10 2018-01-20
calibration 2 2018-01-15 2018-01-10 2018-01-20
calibration 2 2018-01-05 2018-01-01 2018-01-11
calibration 3 2018-01-05 2018-01-01 2018-01-08
calibration 3 2018-01-15 2018-01-10 2018-01-20
calibration 4 2018-01-05 2018-01-01 2018-01-12
calibration 4 2018-01-15 2018-01-10 2018-01-20
calibration 5 2018-01-05 None None
calibration 6 2018-01-05 2018-01-01 2018-01-10
calibration 6 2018-01-15 2018-01-10 2018-01-20
sqlite3 gen2/CALIB/calibRegistry.sqlite3 "$rows"
echo x > gen2/$bias/2018-01-05/bias-det007_2018-01-05.fits
echo x > gen2/$bias/2018-01-05/bias-det001_2018-01-06.fits
expect_rc 1 dbb-gen2-scan gen2 --only calib
span() { jq -r --arg path "$bias/2018-01-05/bias-det00$1_2018-01-05.fits" 'select(.gen2.path == $path) | [.reason, (.validity.end_tai // "-")[:10], (.gen2.calib.adjust // [])[]] | join(" ")' "$OUT"; }
expect_eq "$(span 1)" 'ok 2018-01-10 gap_closed'
expect_eq "$(span 2)" 'ok 2018-01-10 overlap_removed'
expect_eq "$(span 3)" 'ok 2018-01-08'
expect_eq "$(span 4)" 'validity_overlap -'
expect_eq "$(span 5)" 'bad_validity_text -'
expect_eq "$(span 6)" 'ok 2018-01-10'
expect_eq "$(span 7)" 'no_validity -'
expect_eq "$(jq -r 'select(.reason == "validity_overlap") | .action' "$OUT" | tr '\n' ' ')" 'error error '
expect_eq "$(reason $bias/2018-01-05/bias-det001_2018-01-06.fits)" 'review unrecognised'
expect_match <(note $bias/2018-01-05/bias-det001_2018-01-06.fits) '^--explain tells how its path was read, --templates'
overlap() { note "$bias/2018-01-$1/bias-det004_2018-01-$1.fits"; }
expect_eq "$(overlap 05)" "its validity overlaps by more than a day with that of \"$PWD/gen2/$bias/2018-01-15/bias-det004_2018-01-15.fits\""
expect_eq "$(overlap 15)" "its validity overlaps by more than a day with that of \"$PWD/gen2/$bias/2018-01-05/bias-det004_2018-01-05.fits\""
expect_rc 1 dbb-gen2-scan gen2 --only calib --validity-scale utc
expect_match "$OUT" '"end_tai":"2018-01-10T00:00:37.000000000"'

# A rerun whose name no run can have
rerun=$'gen2/rerun/new\nline'
mkdir -p "$rerun/config"
ln -s ../.. "$rerun/_parent"
echo x > "$rerun/config/processCcd.py"
expect_rc 1 dbb-gen2-scan gen2 --only reruns
expect_eq "$(jq -c 'select(.dataset_type == "processCcd_config") | [.action, .reason, (.notes[0] | contains("control character"))]' "$OUT")" \
  '["error","bad_run_name",true]'
expect_eq "$(jq -r 'select(.type == "collection").name | contains("\n")' "$OUT" | sort -u)" false
rm -r "$rerun"

# Rules that come through a FIFO whose writer is late
mkfifo rules
dbb-gen2-scan gen2 --only root --rules rules > out 2> err & pid=$!
sleep 0.5
printf 'rules: 1\nowner: me\nexclude:\n- {id: all, kind: permanent, reason: test, paths: ["**"]}\n' > rules
wait $pid || fail "$(cat err)"
expect_eq "$(jq -r 'select(.gen2).action' out | sort -u)" skip
rc=0
timeout 1 dbb-gen2-scan gen2 --rules rules > /dev/null 2> err || rc=$?
expect_eq $rc 124

# Several rows of one calibration: each range counts once, those that meet are one, and the last line is of the file without any.
rows='CREATE TABLE bias2 AS SELECT * FROM bias WHERE 0; DROP TABLE bias; ALTER TABLE bias2 RENAME TO bias;' # without its UNIQUE
calibration 8 2018-01-05 2018-01-01 2018-01-09
calibration 8 2018-01-05 2018-01-10 2018-01-20
calibration 8 2018-01-05 2018-03-01 2018-03-10
calibration 8 2018-01-05 2018-03-01 2018-03-10
calibration 8 2018-01-15 2018-01-20 2018-02-20
calibration 8 2018-01-05 None None
calibration 9 2018-01-05 2018-01-01 2018-01-10
calibration 9 2018-01-05 2018-01-05 2018-01-20
sqlite3 gen2/CALIB/calibRegistry.sqlite3 "$rows"
expect_rc 1 dbb-gen2-scan gen2 --only calib
spans() { jq -r --argjson d "$1" 'select(.data_id.detector == $d and .gen2.registry) | [.gen2.path[11:21], .reason, (.validity // {} | .begin_tai, .end_tai | (. // "-")[:10]), (.gen2.calib.adjust // [])[]] | join(" ")' "$OUT"; }
expect_eq "$(spans 8)" '2018-01-05 ok 2018-01-01 2018-01-20 gap_closed joined
2018-01-05 ok 2018-03-01 2018-03-10
2018-01-05 bad_validity_text - -
2018-01-15 ok 2018-01-20 2018-02-20'
expect_eq "$(spans 9)" '2018-01-05 validity_overlap - -
2018-01-05 validity_overlap - -'
make_repo repo LATISS
sqlite3 repo/gen3.sqlite3 "INSERT INTO detector (instrument, id, full_name) VALUES ('LATISS', 8, 'eight')"
jq -c 'select(.data_id.detector == 8)' "$OUT" > lines
for outcomes in 'done existing updated done' 'existing existing existing existing'; do
  expect_rc 0 dbb-convert --repo repo < lines
  expect_eq "$(jq -r 'select(.convert).convert.outcome' "$OUT" | sort | xargs)" "$(xargs -n 1 <<< "$outcomes" | sort | xargs)"
done
expect_eq "$(sql repo "SELECT count(*) FROM $(sql repo "SELECT calibration_association_table FROM dataset_type WHERE name = 'bias'")")" 3
expect_rc 0 dbb-repo check repo
