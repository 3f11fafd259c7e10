#!/bin/bash
# The check of a chain of datastores: each has its own root, name and table of file records.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

make_repo chain LSSTCam
# One has its root below another's, one takes no raws and so has none.
cat > chain/butler.yaml << 'YAML'
datastore:
  cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore
  datastores:
    - {root: <butlerRoot>/one, records: {table: file_datastore_records}}
    - {name: Two, root: <butlerRoot>/two, records: {table: records_of_two}}
    - {name: Inner, root: <butlerRoot>/one/inner, records: {table: records_of_inner}}
    - {name: None, root: <butlerRoot>/none, records: {table: records_of_none}, constraints: {reject: [raw]}}
YAML
one='FileDatastore@<butlerRoot>/one'
clean() { # REPO
  expect_rc 0 dbb-repo check "$1" --orphans
  expect_eq "$(cat "$OUT")" '{"type":"end","program":"dbb-repo","found":0,"mended":0,"damages":{},"complete":true}' "$1"
  expect_empty "$ERR"
}

# Clean: before anything is stored, after an ingest, when a datastore takes nothing, and after a removal.
clean chain
expect_rc 0 dbb-ingest --repo chain -t copy <<< "$(described lsstCam-MC_O_20250422_000250_R01_S01.yaml)"
[ ! -e chain/none ] || fail 'the constraint did not hold'
clean chain
id=$(sql chain 'SELECT id FROM dataset')
path=$(sql chain 'SELECT path FROM records_of_two')
expect_eq "$(sql chain 'SELECT count(*) FROM dataset_location')" 3
cp -r chain removed
expect_rc 0 dbb-repo remove-raw removed MC_O_20250422_000250
clean removed

# A dataset that only one of them has, the others having come later, or the table of one not being there yet.
cp -r chain later
sqlite3 later/gen3.sqlite3 "DELETE FROM dataset_location WHERE datastore_name <> 'Two'; DELETE FROM file_datastore_records;
  DELETE FROM records_of_inner; DROP TABLE records_of_none; DELETE FROM opaque_meta WHERE table_name = 'records_of_none'"
rm -r later/one
clean later

# damaged WANT REPAIRABLE SEED   WANT has a line "name table-or-path" for each damage, REPAIRABLE is yes or no
damaged() {
  local want=$1 repairable=$2 seed=$3
  rm -rf repo
  cp -r chain repo
  (cd repo && eval "$seed")
  expect_rc 5 dbb-repo check repo
  expect_eq "$(jq -r --arg here "$PWD/repo/" 'select(.damage) | .damage + " " + (.where.table // (.where.path | ltrimstr($here))) +
    (.where.datastore_name // "" | if . == "" then . else " " + . end)' "$OUT")" "$want" "found after: $seed"
  remember repo
  expect_rc 5 dbb-repo check --repair -n repo
  expect_unchanged repo
  if [ "$repairable" = no ]; then
    expect_rc 5 dbb-repo check --repair repo
    expect_unchanged repo
    return
  fi
  expect_rc 0 dbb-repo check --repair repo
  expect_rc 0 dbb-repo check repo
  expect_eq "$(wc -l < "$OUT")" 1 "lines after mending: $seed"
}
q() { sqlite3 gen3.sqlite3 "PRAGMA foreign_keys = OFF; $1"; }
rows_of() { sql repo "SELECT (SELECT count(*) FROM dataset), (SELECT group_concat(datastore_name) FROM (SELECT datastore_name FROM dataset_location ORDER BY 1)),
  (SELECT count(*) FROM file_datastore_records), (SELECT count(*) FROM records_of_two), (SELECT count(*) FROM records_of_inner),
  (SELECT count(*) FROM dataset_location_trash)"; }
strange=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee

# Rows: what one datastore has says nothing about another.
damaged 'missing_location records_of_two' yes "q \"DELETE FROM dataset_location WHERE datastore_name = 'Two'\""
expect_eq "$(rows_of)" "1|$one,Inner,Two|1|1|1|0"
damaged $'missing_location file_datastore_records\nmissing_location records_of_two\nmissing_location records_of_inner' yes 'q "DELETE FROM dataset_location"'
expect_eq "$(rows_of)" "1|$one,Inner,Two|1|1|1|0"
# Another record tells that the table is the right one.
q_second() { # STATEMENT   with another dataset, which Two alone has
  q "INSERT INTO dataset SELECT '$strange', dataset_type_id, ingest_date, run_id FROM dataset;
    INSERT INTO dataset_tags_00000001 SELECT dataset_type_id, '$strange', collection_id, instrument, 2, exposure FROM dataset_tags_00000001;
    INSERT INTO records_of_two SELECT '$strange', path, formatter, storage_class, component, checksum, file_size FROM records_of_two;
    INSERT INTO dataset_location (datastore_name, dataset_id) VALUES ('Two', '$strange'); $1"
}
damaged 'location_without_record dataset_location Two' no 'q "DELETE FROM records_of_two"'
damaged 'location_without_record dataset_location Two' yes "q_second \"DELETE FROM records_of_two WHERE dataset_id = '$id'\""
expect_eq "$(rows_of)" "2|$one,Inner,Two|1|1|1|0"
damaged 'record_without_dataset records_of_two' yes \
  "q \"INSERT INTO records_of_two SELECT '$strange', 'x.fits', formatter, storage_class, component, checksum, 1 FROM records_of_two\""
expect_eq "$(rows_of)" "1|$one,Inner,Two|1|1|1|0"
# That a dataset is in another datastore alone does not mean that it has lost its record here.
damaged 'record_without_dataset file_datastore_records' yes "q \"DELETE FROM dataset_location WHERE datastore_name <> 'Two';
  DELETE FROM records_of_inner; UPDATE file_datastore_records SET dataset_id = '$strange'\""
expect_eq "$(rows_of)" '1|Two|0|1|0|0'
damaged 'location_without_dataset dataset_location Two' yes "q \"INSERT INTO dataset_location (datastore_name, dataset_id) VALUES ('Two', '$strange')\""
# A record in any datastore may help to get the dataset back.
damaged $'location_without_dataset dataset_location Two\nrecord_without_dataset records_of_inner' no \
  "q \"INSERT INTO dataset_location (datastore_name, dataset_id) VALUES ('Two', '$strange');
  INSERT INTO records_of_inner SELECT '$strange', 'x.fits', formatter, storage_class, component, checksum, 1 FROM records_of_inner\""
damaged 'unknown_datastore_name dataset_location Other' no "q \"UPDATE dataset_location SET datastore_name = 'Other' WHERE datastore_name = 'Two'\""
expect_match "$OUT" 'the configuration has .*FileDatastore@.*, .*Two.*, .*Inner'
damaged $'bad_value records_of_two\npath_outside_root records_of_two' no "q \"UPDATE records_of_two SET formatter = '', path = '../x.fits'\""
damaged 'bad_uuid records_of_two
location_without_record dataset_location Two
record_without_dataset records_of_two' no 'q "UPDATE records_of_two SET dataset_id = upper(dataset_id)"'

# Trash of the second alone, with the dataset gone or stored in the others.
damaged 'trash_left_over dataset_location_trash Two' yes "q \"UPDATE dataset_location SET datastore_name = 'gone' WHERE datastore_name = 'Two';
  INSERT INTO dataset_location_trash (datastore_name, dataset_id) VALUES ('Two', '$id'); DELETE FROM dataset_location WHERE datastore_name = 'gone'\""
expect_eq "$(rows_of)" "1|$one,Inner|1|0|1|0"
[ ! -e "repo/two/$path" ] || fail 'the file in the trash is there'
for file in "repo/one/$path" "repo/one/inner/$path"; do [ -e "$file" ] || fail "$file went, which is stored"; done
damaged 'trash_and_live dataset_location_trash Two' yes "q \"INSERT INTO dataset_location_trash (datastore_name, dataset_id) VALUES ('Two', '$id')\""
[ -e "repo/two/$path" ] || fail 'a file that is stored went'

# What keeps one of them from finishing a removal keeps no other.
rm -rf repo
cp -r chain repo
(cd repo && ln -s . one/link && q "UPDATE file_datastore_records SET path = 'link/' || path;
  INSERT INTO dataset_location_trash (dataset_id, datastore_name) SELECT dataset_id, datastore_name FROM dataset_location;
  DELETE FROM dataset_location; DELETE FROM dataset; DELETE FROM dataset_tags_00000001")
expect_rc 5 dbb-repo check --repair repo
expect_eq "$(jq -c 'select(.damage) | [.damage, .where.datastore_name, .repair.outcome]' "$OUT")" \
  "[\"trash_left_over\",\"$one\",null]"$'\n["trash_left_over","Two","done"]\n["trash_left_over","Inner","done"]'
expect_eq "$(rows_of)" '0||1|0|0|1'
expect_eq "$(cd repo && find one two -name '*.fits')" "one/$path"

# Tables of file records.
damaged 'missing_records_table records_of_two' no 'q "DROP TABLE records_of_two"'
damaged 'missing_records_table records_of_two' yes "q \"DROP TABLE records_of_two; DELETE FROM dataset_location WHERE datastore_name = 'Two'\""
expect_eq "$(rows_of)" "1|$one,Inner|1|0|1|0"
damaged 'missing_opaque_meta opaque_meta' yes "q \"DELETE FROM opaque_meta WHERE table_name = 'records_of_two'\""
damaged 'missing_index records_of_two' yes 'q "DROP INDEX records_of_two_idx_path"'
damaged 'wrong_columns records_of_two' no 'q "ALTER TABLE records_of_two RENAME COLUMN checksum TO sum"'

# Files.
damaged 'missing_file records_of_two' no "rm 'two/$path'"
damaged 'wrong_size records_of_two' no "echo more >> 'two/$path'"
damaged $'missing_file file_datastore_records\nmissing_file records_of_two\nmissing_file records_of_inner' no 'find . -name "*.fits" -delete'
damaged $'missing_datastore_root two\nmissing_file records_of_inner' no "rm -r two 'one/inner/$path'"

# Files without rows, below each root once; one that any datastore has is none.
rm -rf repo
cp -r chain repo
touch repo/outside.fits repo/two/b.fits repo/one/a.fits repo/one/inner/c.fits
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r 'select(.type == "orphan") | .uri | ltrimstr("file://'"$PWD"'/repo/")' "$OUT" | paste -sd ' ')" 'one/a.fits one/inner/c.fits two/b.fits'
# The other datastore's file of the inner one's folder, by a path, as a URI, and through a link.
sqlite3 repo/gen3.sqlite3 "UPDATE file_datastore_records SET path = 'inner/c.fits'"
mv "repo/one/$path" repo/one/inner/c.fits
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r 'select(.type == "orphan") | .uri' "$OUT" | wc -l)" 2
sqlite3 repo/gen3.sqlite3 "UPDATE file_datastore_records SET path = 'file://$PWD/repo/two/b.fits'"
mv repo/one/inner/c.fits repo/two/b.fits
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r 'select(.type == "orphan") | .uri | ltrimstr("file://'"$PWD"'/repo/")' "$OUT")" one/a.fits
ln -s ../two repo/one/link
sqlite3 repo/gen3.sqlite3 "UPDATE file_datastore_records SET path = 'link/b.fits'"
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r 'select(.type == "orphan") | .uri | ltrimstr("file://'"$PWD"'/repo/")' "$OUT")" one/a.fits
# A path of one datastore is none of another.
sqlite3 repo/gen3.sqlite3 "DELETE FROM file_datastore_records; DELETE FROM dataset_location WHERE datastore_name = '$one'"
rm -r repo/one/LSSTCam repo/one/link repo/two/b.fits
mkdir -p "repo/one/${path%/*}"
mv repo/one/a.fits "repo/one/$path"
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r 'select(.type == "orphan") | .uri | ltrimstr("file://'"$PWD"'/repo/")' "$OUT")" "one/$path"
# A root that is a link to a folder of the other: no file is listed twice, and each has its rows.
rm -rf repo
cp -r chain repo
mv repo/two repo/one/deeper
ln -s one/deeper repo/two
touch repo/two/b.fits
expect_rc 0 dbb-repo check --orphans repo
expect_eq "$(jq -r 'select(.type == "orphan") | .uri | ltrimstr("file://'"$PWD"'/repo/")' "$OUT")" one/deeper/b.fits
