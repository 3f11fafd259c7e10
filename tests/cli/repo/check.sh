#!/bin/bash
# The check of whole repositories: no false alarm, forms of the report, statuses, files without rows.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

# Every kind of damage has a row in the tables of damages, and every name there exists.
expect_rc 0 dbb-repo check --list-damages
jq -r .damage "$OUT" | sort > known
[ "$(wc -l < known)" -ge 25 ] || fail "only $(wc -l < known) kinds"
named() { tr ',' '\n' | sed '/^$/d' | sort -u; }
{ grep -v '^#' "$DBB_TEST_DATA/damages.tsv" | cut -f 2; grep -v '^#' "$DBB_TEST_DATA/damages_postgres.tsv" | cut -f 1; } | named > tested
diff known tested >&2 || fail "kinds of damage and rows of the tables of damages differ"
# What only one of the databases can have is no more than this.
grep -v '^#' "$DBB_TEST_DATA/damages_postgres.tsv" | cut -f 1 | named > of_server
expect_eq "$(grep -v '^#' "$DBB_TEST_DATA/damages.tsv" | cut -f 2 | named | comm -3 - of_server | tr -d '\t' | paste -sd,)" missing_sequence,sequence_behind
expect_eq "$(jq -r 'select((.meaning | length < 10) or (.remedy | length < 10)) | .damage' "$OUT")" ""

# Repositories that others made, of universes 0, 1, 7 and 8, with files of the recorded sizes.
for name in universe0 latiss lsstCam imsim universe7 universe8; do
  load_repo $name $name
  remember $name
  expect_rc 0 dbb-repo check $name --orphans
  expect_eq "$(cat "$OUT")" '{"type":"end","program":"dbb-repo","found":0,"mended":0,"damages":{},"complete":true}' $name
  expect_empty "$ERR"
  expect_rc 0 dbb-repo check --repair $name
  expect_unchanged $name
done
# What only `butler create` has touched lacks the table of file records.
dbb-repo create fresh
sqlite3 fresh/gen3.sqlite3 'DROP TABLE file_datastore_records; DELETE FROM opaque_meta'
expect_rc 0 dbb-repo check fresh --orphans
expect_eq "$(sql fresh 'SELECT count(*) FROM opaque_meta')" 0

# Ids of raws that are random (uuid4) or come from elsewhere are none to recompute.
cp -r universe8 other_ids
for table in dataset.id dataset_location.dataset_id dataset_tags_00000001.dataset_id file_datastore_records.dataset_id; do
  column=${table#*.}
  echo "UPDATE ${table%.*} SET $column = substr($column, 1, 12) || '4' || substr($column, 14) WHERE $column IN (SELECT id FROM raws);"
done > ids.sql
sqlite3 other_ids/gen3.sqlite3 "CREATE TEMP TABLE raws AS SELECT d.id FROM dataset AS d JOIN dataset_type AS t ON t.id = d.dataset_type_id AND t.name = 'raw'" '.read ids.sql'
expect_rc 0 dbb-repo check --no-files other_ids

# Files are looked at unless told not to; the report can be limited; the rest is counted.
rm -r lsstCam/LSSTCam/calib/curated
expect_rc 0 dbb-repo check --no-files lsstCam
expect_rc 5 dbb-repo check lsstCam
expect_eq "$(names_of "$OUT") $(wc -l < "$OUT")" "missing_file 190"
expect_rc 5 dbb-repo check --limit 3 lsstCam
expect_eq "$(wc -l < "$OUT")" 4
expect_eq "$(tail -n 1 "$OUT" | jq -c .damages)" '{"missing_file":189}'
expect_match "$ERR" 'has 189 damages'
expect_rc 5 dbb-repo check --format text --limit 2 lsstCam
expect_match "$OUT" '^missing_file \(189\): A file is not where it is recorded\.$'
expect_match "$OUT" '^  and 187 more$'
expect_match "$OUT" '^  remedy: put it back'
expect_match "$OUT" '^189 found$'

# Mended in part: the status says that something stays.
sqlite3 universe8/gen3.sqlite3 'DELETE FROM collection_summary_skymap'
rm -r universe8/calib
expect_rc 5 dbb-repo check --repair --format text universe8
expect_match "$OUT" 'its summary does not say so: nobody finds them \[mended\]$'
expect_match "$OUT" '^10 found, 2 mended$|^9 found, 1 mended$'
expect_rc 5 dbb-repo check universe8
expect_eq "$(names_of "$OUT")" missing_file

# Files without rows, names escaped, in order; the registry and what belongs to it are none.
mkdir -p imsim/a/b
printf 12345 > 'imsim/a/b/left over.fits'
touch imsim/Z imsim/gen3.sqlite3-journal
ln -s /nowhere imsim/dangling
ln -s /usr imsim/elsewhere
expect_rc 0 dbb-repo check --no-files --orphans imsim
expect_eq "$(jq -c 'select(.type == "orphan") | [(.uri | ltrimstr("file://'"$PWD"'/imsim/")), .size]' "$OUT")" \
  $'["Z",0]\n["a/b/left%20over.fits",5]\n["dangling",8]'
expect_eq "$(tail -n 1 "$OUT" | jq .orphans)" 3

# Mistakes, and repositories that are none.
expect_rc 2 dbb-repo check
expect_match "$ERR" 'REPO is missing'
expect_rc 2 dbb-repo check --limit many fresh
expect_rc 4 dbb-repo check nowhere
for how in 'rm gen3.sqlite3' 'rm gen3.sqlite3; mkdir gen3.sqlite3' 'ln -sf nowhere gen3.sqlite3' \
  'rm butler.yaml; mkdir butler.yaml'; do
  rm -rf lost
  cp -r fresh lost
  (cd lost && eval "$how")
  for verb in 'check lost' 'check --repair lost' 'show lost collections'; do
    # shellcheck disable=SC2086  # words of a command
    expect_rc 4 dbb-repo $verb
    expect_match "$ERR" 'hint: put it back, or correct registry.db and root in butler.yaml'
  done
done
sqlite3 fresh/gen3.sqlite3 "UPDATE butler_attributes SET value='7.0.0' WHERE name LIKE 'version:%dimensions.static%'"
remember fresh
expect_rc 5 dbb-repo check --repair fresh
expect_match "$ERR" '7\.0\.0'
expect_unchanged fresh
