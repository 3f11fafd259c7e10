#!/bin/bash
# --verify: nothing differs after a conversion; each way in which a repository can lack something is told, with exit 3.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
mkdir -p gen2/raw
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" gen2/raw
raw=gen2/raw/3018092000065-det000.fits
bias() { bias_line "gen2/CALIB/$1.fits" 0 "$2" "$3" '.run = "LATISS/calib/'"$1"'" | .gen2.dataset_type = "bias" | .gen2.registry.filter = "NONE"'" | ${4:-.}"; }
{
  raw_line "$raw"
  bias b1 null '"2018-10-01T00:00:00.000000000"'
  bias b2 '"2018-10-01T00:00:00.000000000"' null
  other_line gen2/rerun/test/icSrc.yaml '{"dataset_type": "icSrc", "dimensions": ["instrument", "exposure", "detector"], "data_id": {"instrument": "LATISS", "exposure": 3018092000065, "detector": 0}}'
  bias b3 null null '.action = "skip" | .reason = "excluded_by_rule"'
  other_line gen2/README '{"action": "skip", "reason": "ignored_pattern"}' | jq -c 'del(.run)'
  echo '{"type":"collection","name":"LATISS/calib","collection_type":"CALIBRATION"}'
  echo '{"type":"collection","name":"LATISS/defaults","collection_type":"CHAINED","children":["LATISS/raw/all","LATISS/calib"]}'
  echo '{"type":"collection","name":"LATISS/runs/test","collection_type":"CHAINED","children":["LATISS/runs/test/direct","LATISS/defaults"]}'
  echo '{"type":"end","program":"dbb-gen2-scan"}'
} > lines
# verify STATUS [OPTION...]       compare lines with repo; differences are in ./differences
verify() {
  local want=$1
  shift
  expect_rc "$want" dbb-convert --repo repo --verify "$@" < "${LINES_FILE:-lines}"
  jq -c 'select(.type == "difference")' "$OUT" > differences
}
kinds() { jq -r '[.kind, .dataset_type // .name, .data_id.exposure // .day_obs // ""] | join(" ")' differences | sort | uniq -c | sed 's/^ *//'; }

# Before the conversion all is missing.
verify 3
expect_eq "$(kinds)" '1 missing LATISS/calib 
1 missing LATISS/defaults 
1 missing LATISS/runs/test 
2 missing bias 
1 missing icSrc 3018092000065
1 missing raw 3018092000065'
expect_eq "$(jq -r 'select(.dataset_type == "raw").message' differences)" 'dataset type "raw" is not registered'
expect_match "$ERR" 'Gen2 and Gen3 differ: 7 missing'
expect_no_match "$ERR" uncovered

# Afterwards nothing is, and each file was counted. Nothing is written.
expect_rc 0 dbb-convert --repo repo --transfer copy < lines
remember repo
verify 0 --checksum --complete
expect_empty differences
expect_empty "$ERR"
expect_eq "$(jq -c 'select(.type == "summary") | [.dataset_type, .physical_filter, .day_obs, .gen2, .gen3, .left_out]' "$OUT")" \
  '[null,null,null,0,0,1]
["bias",null,null,2,2,1]
["icSrc",null,20180920,1,1,null]
["raw","unknown~unknown",20180920,1,1,null]'
expect_eq "$(tail -n 2 "$OUT" | jq -c .)" '{"type":"end","program":"dbb-gen2-scan"}
{"type":"end","program":"dbb-convert","input_end":true}'
expect_unchanged repo
# What dbb-convert printed does as well.
dbb-convert --repo repo < lines > receipts
LINES_FILE=receipts verify 0

# Files: gone, of another size, with other contents
stored=$(sql repo "SELECT path FROM file_datastore_records JOIN dataset d ON d.id = dataset_id JOIN dataset_type t ON t.id = d.dataset_type_id WHERE t.name = 'raw'")
cp "repo/$stored" kept
printf 'X' | dd of="repo/$stored" bs=1 seek=90000 conv=notrunc status=none
verify 0
verify 3 --checksum
expect_eq "$(jq -c '[.kind, .path == "'"$stored"'", .id, (.gen2 | length), .gen2 == .gen3]' differences)" \
  '["checksum",true,"cfedc2bf-9e0a-5d35-b5db-71a356e436ca",128,false]'
truncate -s 90000 "repo/$stored"
verify 3
expect_eq "$(jq -c '[.kind, .gen2, .gen3]' differences)" '["size",94940,90000]'
expect_match differences 'the file has 90000 bytes instead of 94940'
rm "repo/$stored"
verify 3
expect_eq "$(jq -c '[.kind, .data_id.exposure]' differences)" '["file",3018092000065]'
mkdir "repo/$stored"
verify 3
expect_match differences 'is no regular file'
rmdir "repo/$stored"
cp kept "repo/$stored"
# A Gen2 file that has grown since
jq -c 'if .dataset_type == "raw" then .size = 95000 else . end' lines > grown
LINES_FILE=grown verify 3
expect_eq "$(jq -c '[.kind, .gen2, .gen3]' differences)" '["size",95000,94940]'
mv "$raw" away
verify 0
verify 0 --checksum
expect_match "$ERR" '1 Gen2 files are gone'
mv away "$raw"

# A row without its file record, and a dataset under another UUID
cp repo/gen3.sqlite3 whole.sqlite3
sqlite3 repo/gen3.sqlite3 "DELETE FROM file_datastore_records WHERE path = '$stored'"
verify 3
expect_eq "$(jq -c '[.kind, .message]' differences)" '["missing","it is registered, but not stored"]'
expect_eq "$(jq -c 'select(.type == "summary" and .dataset_type == "raw") | [.gen2, .gen3]' "$OUT")" '[1,0]'
cp whole.sqlite3 repo/gen3.sqlite3
old=cfedc2bf9e0a5d35b5db71a356e436ca new=00000000000040008000000000000001
tags=$(sql repo "SELECT tag_association_table FROM dataset_type WHERE name = 'raw'")
sqlite3 repo/gen3.sqlite3 "PRAGMA foreign_keys = OFF; UPDATE dataset SET id = '$new' WHERE id = '$old'; UPDATE $tags SET dataset_id = '$new' WHERE dataset_id = '$old';
  UPDATE dataset_location SET dataset_id = '$new' WHERE dataset_id = '$old'; UPDATE file_datastore_records SET dataset_id = '$new' WHERE dataset_id = '$old'"
verify 0
cp whole.sqlite3 repo/gen3.sqlite3

# Certification: not there, for another time; and nights without
calibs=$(sql repo "SELECT calibration_association_table FROM dataset_type WHERE name = 'bias'")
sqlite3 repo/gen3.sqlite3 "UPDATE $calibs SET timespan_end = 1506816000000000000 WHERE timespan_begin = 0"
verify 3
expect_eq "$(kinds)" '1 uncertified bias 
1 uncovered_day bias 20180920'
expect_eq "$(jq -c 'select(.kind == "uncovered_day") | [.calibration, .data_id, .day_obs, .last_day_obs, .nights]' differences)" \
  '["LATISS/calib",{"instrument":"LATISS","detector":0},20180920,20180920,1]'
sqlite3 repo/gen3.sqlite3 "DELETE FROM $calibs"
verify 3
expect_eq "$(kinds)" '2 uncertified bias '
cp whole.sqlite3 repo/gen3.sqlite3

# Collections: of another type, without a child
sqlite3 repo/gen3.sqlite3 "DELETE FROM collection_chain WHERE child = (SELECT collection_id FROM collection WHERE name = 'LATISS/raw/all')"
verify 3
expect_eq "$(jq -c '[.kind, .name, .message]' differences)" '["chain","LATISS/defaults","it lacks LATISS/raw/all"]'
# (the chain of chains is of what its parts are now)

jq -c 'if .name == "LATISS/calib" then .collection_type = "RUN" else . end' lines > other
cp whole.sqlite3 repo/gen3.sqlite3
LINES_FILE=other verify 3
expect_eq "$(jq -r .message differences)" 'it is a CALIBRATION'

# What nobody wants there: a dataset that a rule excludes, one that no line names
dbb-repo create direct > log
dbb-repo register-instrument direct LATISS > log
expect_rc 0 dbb-convert --repo direct < lines
jq -c 'if .dataset_type == "icSrc" then .action = "skip" | .reason = "excluded_by_rule" else . end' lines > excluded
expect_rc 3 dbb-convert --repo direct --verify < excluded
expect_eq "$(jq -c 'select(.type == "difference") | [.kind, .dataset_type, .message]' "$OUT")" '["extra","icSrc","it is stored, although the line says skip"]'
# the same decision made by a rules file
echo '{rules: 1, owner: me, include: [{id: all, kind: permanent, reason: r, paths: "**"}],
  exclude: [{id: src, kind: permanent, reason: r, match: {exposure: 3018092000065}}]}' > rules.yaml
expect_rc 3 dbb-convert --repo direct --verify --rules rules.yaml < lines
expect_eq "$(jq -r 'select(.type == "difference") | .dataset_type' "$OUT" | sort)" 'icSrc
raw'
# A copy of the same dataset is no such thing.
expect_rc 0 dbb-convert --repo repo --verify < excluded
grep -v '"icSrc"' lines > fewer
LINES_FILE=fewer verify 0 --complete
jq -c 'select(.dataset_type != "bias" or .uri != env.PWD + "/gen2/CALIB/b1.fits")' lines > fewer
bias b9 null null '.run = "LATISS/calib/b1" | .data_id.detector = 1 | del(.calibration, .validity)' >> fewer
LINES_FILE=fewer verify 3 --complete
expect_eq "$(jq -c '[.kind, .dataset_type, .run, .data_id.detector]' differences)" '["missing","bias","LATISS/calib/b1",1]
["extra","bias","LATISS/calib/b1",0]'

# A line that can't be read is rejected; the others are compared.
{ jq -c 'select(.dataset_type == "raw") | del(.run)' lines; cat lines; } > bad
expect_rc 1 dbb-convert --repo repo --verify --rejects rejects < bad
expect_eq "$(jq -r .error.code rejects)" MISSING_KEY
echo '{"type":"collection","name":"x"}' | expect_rc 1 dbb-convert --repo repo --verify
# Patches are found by their place, as in a conversion.
coadd='{"dataset_type": "deepCoadd", "dimensions": ["band", "skymap", "tract", "patch"], "data_id": {"band": "r", "tract": 3}, "patch_xy": "1,2"}'
other_line gen2/rerun/coadd.fits "$coadd" > coadds
LINES_FILE=coadds verify 3
expect_match differences 'dataset type .*deepCoadd.* is not registered'
sqlite3 repo/gen3.sqlite3 "INSERT INTO skymap (name, hash, tract_max, patch_nx_max, patch_ny_max) VALUES ('rings', 'AQ==', 9, 3, 3);
  INSERT INTO tract (skymap, id) VALUES ('rings', 3); INSERT INTO patch (skymap, tract, id, cell_x, cell_y) VALUES ('rings', 3, 7, 1, 2);
  INSERT INTO physical_filter (instrument, name, band) VALUES ('LATISS', 'some_r', 'r')"
expect_rc 0 dbb-convert --repo repo < coadds
LINES_FILE=coadds verify 0
jq -c '.data_id.skymap = "other"' coadds > other
LINES_FILE=other verify 3
expect_eq "$(jq -c '[.kind, .dataset_type]' differences)" '["missing","deepCoadd"]'
expect_rc 2 dbb-convert --repo repo --checksum < lines
expect_match "$ERR" 'give --verify as well'
expect_rc 4 dbb-convert --repo nowhere --verify < lines

# What differs is told while the input is still to come; lines are counted.
make_repo empty LATISS
mkfifo pipe
dbb-convert --repo empty --verify --stats < pipe > live 2> stats &
program=$!
exec 3> pipe
head -n 1 lines >&3
for ((i = 0; i < 100; ++i)); do [ -s live ] && break; sleep 0.1; done
expect_match live '"kind":"missing"'
exec 3>&-
wait "$program" && fail 'it should have found a difference'
expect_match stats ' 1 read, 1 differences, 1 missing, 0 rejected'
expect_match stats 'the input has no end line'

# A pipe whose writer died: nothing at all is not equal to what there is.
expect_rc 3 dbb-convert --repo repo --verify < /dev/null
expect_match "$ERR" 'the input is empty: nothing was compared'
expect_rc 0 dbb-convert --repo repo --verify --stats <<< '{"type":"end","program":"dbb-gen2-scan"}'
expect_eq "$(sed 's/, [0-9.]* s$//' "$ERR")" 'dbb-convert: 0 read, 0 differences, 0 rejected'
# Each kind has its remedy, and only where it helps that is to convert once more.
remedies() {
  expect_rc 3 dbb-convert --repo repo --verify < "$1"
  grep -A 1 'Gen2 and Gen3 differ' "$ERR" | sed -n 's/^ *hint: //p' | tr ';' '\n' | sed 's/^ *//'
}
cp whole.sqlite3 repo/gen3.sqlite3
bias new null null > line
expect_eq "$(remedies line)" 'missing: run dbb-convert with the same lines, then verify again'
jq -c 'if .validity then .validity.end_tai = "2020-01-01T00:00:00.000000000" else . end' lines > other
expect_match <(remedies other) '^uncertified: --update-validity replaces'
expect_match <(remedies grown) '^size: compare the two files'
expect_no_match <(remedies grown) 'run dbb-convert'
