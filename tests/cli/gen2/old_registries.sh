#!/bin/bash
# Registries from before there was an expId: the visit, the same number then, tells which image a row is of.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/latiss" gen2
raw=raw/2018-09-20
today=$(date -u +%F)
echo another > gen2/$raw/3018092000066-det000.fits
echo third > gen2/$raw/3018092000067-det000.fits
sqlite3 gen2/registry.sqlite3 "CREATE TABLE old AS SELECT id, dayObs, visit, detector, filter, dateObs, expTime, imageType FROM raw;
  DROP TABLE raw; ALTER TABLE old RENAME TO raw;
  INSERT INTO raw (dayObs, visit, detector, dateObs, imageType) VALUES ('2018-09-20', 3018092000066, 0, '${today}T00:00:00', 'NEW')"
output=rerun/t/postISRCCD/2018-09-20/postISRCCD_3018092000066-NONE-det000.fits
mkdir -p "gen2/$(dirname $output)"
echo x > gen2/$output
ln -s ../.. gen2/rerun/t/_parent
expect_rc 3 dbb-gen2-scan gen2 --only root
rows() { jq -r 'select(.dataset_type == "raw") | [.gen2.path[15:28], .action, .reason, .data_id.exposure, .gen2.registry.visit, .gen2.registry.imageType] | map(tostring) | join(" ")' "$OUT"; }
type=$(sqlite3 gen2/registry.sqlite3 'SELECT imageType FROM raw WHERE visit = 3018092000065')
expect_eq "$(rows)" "3018092000065 convert ok 3018092000065 3018092000065 $type
3018092000066 convert ok 3018092000066 3018092000066 NEW
3018092000067 review unregistered_raw 3018092000067 null null"

# An exposure that was begun today stays where it is, and so do its outputs.
cat > embargo.yaml << 'YAML'
rules: 1
owner: nobody
include: [{id: all, kind: permanent, reason: r, paths: "**"}]
exclude: [{id: young, kind: permanent, reason: embargo, younger_than_h: 720, match: {imageType: NEW}}]
YAML
expect_rc 3 dbb-gen2-scan gen2 --only root --only reruns --rules embargo.yaml
expect_eq "$(jq -r 'select(.rule.id == "young") | .gen2.path' "$OUT" | xargs)" "$raw/3018092000066-det000.fits $output"

# A column with an endless text is as good as empty: lines stay short enough for any reader.
sqlite3 gen2/registry.sqlite3 "UPDATE raw SET filter = printf('%.2000000c', 'x')"
dbb-gen2-scan gen2 --only root > plan || true
expect_eq "$(awk 'length > 100000' plan | wc -l)" 0
expect_eq "$(jq -c 'select(.dataset_type == "raw") | .gen2.registry | [.imageType, .filter]' plan | sort -u | paste -sd' ')" "[\"NEW\",null] [\"$type\",null] [null,null]"

# Neither: nothing is guessed.
sqlite3 gen2/registry.sqlite3 'CREATE TABLE older AS SELECT id, dayObs, detector, imageType FROM raw; DROP TABLE raw; ALTER TABLE older RENAME TO raw'
expect_rc 1 dbb-gen2-scan gen2 --only root
expect_eq "$(jq -r 'select(.dataset_type == "raw") | [.gen2.path[15:28], .action, .reason, .gen2.registry.imageType] | map(tostring) | join(" ")' "$OUT" | sort)" \
  " error missing_file NEW
 error missing_file $type
3018092000065 review unregistered_raw null
3018092000066 review unregistered_raw null
3018092000067 review unregistered_raw null" 'paths of rows that lack what they are made of'
