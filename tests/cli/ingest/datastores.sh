#!/bin/bash
# A chain of datastores: files go into all that accept them, or into none; they are read from the first that has them.
. "$DBB_CLI_LIB"

line=$(described lsstCam-MC_O_20250422_000250_R01_S01.yaml)
make_chain() {
  make_repo "$1" LSSTCam
  cat > "$1/butler.yaml" << 'YAML'
datastore:
  cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore
  datastores:
    - {cls: lsst.daf.butler.datastores.inMemoryDatastore.InMemoryDatastore}
    - {root: <butlerRoot>/one, records: {table: file_datastore_records}}
    - {name: Two, root: <butlerRoot>/two, records: {table: records_of_two}, checksum: true, templates: {raw: '{run:/}/{exposure.obs_id}'}}
YAML
}
in_one=LSSTCam/raw/all/raw/20250422/MC_O_20250422_000250/raw_LSSTCam_r_57_MC_O_20250422_000250_R01_S01_LSSTCam_raw_all.fits
in_two=LSSTCam/raw/all/MC_O_20250422_000250.fits
files_of() { (cd "$1" && find one two -type f 2> /dev/null | sort | tr '\n' ' '); }
both="one/$in_one two/$in_two "
rows_of() { sql "$1" "SELECT (SELECT count(*) FROM dataset), (SELECT count(*) FROM dataset_location),
  (SELECT count(*) FROM file_datastore_records), (SELECT count(*) FROM records_of_two), (SELECT count(*) FROM dataset_location_trash)"; }

# A dry run makes nothing, not even the table that a new datastore lacks.
make_chain repo
remember repo
receipts() { jq -c 'select(.ingest) | [.ingest.outcome, .ingest.path, .ingest.datastore]' "$OUT" | paste -sd' '; }
receipt() { echo "[\"$1\",\"$in_one\",\"FileDatastore@<butlerRoot>/one\"]"; }
expect_rc 0 dbb-ingest -n --repo repo -t copy < <(echo "$line"; echo "$line")
expect_eq "$(receipts)" "$(receipt planned) $(receipt existing)"
expect_unchanged repo
expect_rc 0 dbb-ingest --repo repo -t copy < <(echo "$line"; echo "$line")
expect_eq "$(receipts)" "$(receipt "done") $(receipt existing)"
expect_eq "$(files_of repo)" "$both"
expect_eq "$(sql repo 'SELECT datastore_name FROM dataset_location ORDER BY 1')" $'FileDatastore@<butlerRoot>/one\nTwo'
expect_eq "$(sql repo 'SELECT r.path, r.checksum IS NULL, t.path, length(t.checksum) FROM file_datastore_records AS r
  JOIN records_of_two AS t ON t.dataset_id = r.dataset_id')" "$in_one|1|$in_two|128"
expect_rc 0 dbb-repo show repo datasets
expect_eq "$(jq -c 'select(.id) | .files | map([.datastore, .uri])' "$OUT")" \
  "[[\"FileDatastore@<butlerRoot>/one\",\"file://$PWD/repo/one/$in_one\"],[\"Two\",\"file://$PWD/repo/two/$in_two\"]]"
remember repo
expect_rc 0 dbb-ingest --repo repo -t copy <<< "$line"
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT")" existing
expect_unchanged repo
# Where the first has lost its file, the second counts; where both have, that is said.
mv "repo/one/$in_one" kept
expect_rc 0 dbb-ingest --repo repo -t copy <<< "$line"
expect_eq "$(jq -c 'select(.ingest) | [.ingest.outcome, .ingest.path, .ingest.datastore, .ingest.warnings]' "$OUT")" \
  "[\"existing\",\"$in_two\",\"Two\",null]"
mv "repo/two/$in_two" lost
expect_rc 0 dbb-ingest --repo repo -t copy <<< "$line"
expect_match "$OUT" '"warnings":\["the repository has this dataset, but not its file '
mv kept "repo/one/$in_one"
mv lost "repo/two/$in_two"

# A dataset that one datastore alone has is stored.
cp -r repo partly
sqlite3 partly/gen3.sqlite3 "DELETE FROM file_datastore_records; DELETE FROM dataset_location WHERE datastore_name <> 'Two'"
remember partly
expect_rc 0 dbb-ingest --repo partly -t copy <<< "$line"
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT")" existing
expect_unchanged partly
sqlite3 partly/gen3.sqlite3 "DELETE FROM dataset_location"
expect_rc 5 dbb-ingest --repo partly -t copy <<< "$line"
expect_match "$ERR" 'has a file, but no location in datastore Two'

# What is removed goes everywhere; a removal that stopped between the two is finished.
cp -r repo half
expect_rc 0 dbb-repo remove-raw repo MC_O_20250422_000250
expect_eq "$(jq -c 'select(.type == "dataset") | .remove.files | map([.datastore, .path, .fate])' "$OUT")" \
  "[[\"FileDatastore@<butlerRoot>/one\",\"$in_one\",\"deleted\"],[\"Two\",\"$in_two\",\"deleted\"]]"
expect_eq "$(files_of repo)$(rows_of repo)" '0|0|0|0|0'
sqlite3 half/gen3.sqlite3 "PRAGMA foreign_keys = ON; INSERT INTO dataset_location_trash (datastore_name, dataset_id) SELECT datastore_name, dataset_id
  FROM dataset_location; DELETE FROM dataset_location; DELETE FROM dataset; DELETE FROM file_datastore_records;
  DELETE FROM dataset_location_trash WHERE datastore_name <> 'Two'"
rm "half/one/$in_one"
expect_rc 1 dbb-ingest --repo half -t copy --rejects rejects <<< "$line"
expect_eq "$(jq -r .error.code rejects)" DATASET_IN_TRASH
expect_rc 0 dbb-repo remove-raw half --instrument LSSTCam --exposure "$(jq .data_id.exposure <<< "$line")"
expect_eq "$(files_of half)$(rows_of half)" '0|0|0|0|0'
cp -r partly keeping
sqlite3 keeping/gen3.sqlite3 "INSERT INTO dataset_location (datastore_name, dataset_id) SELECT 'Two', dataset_id FROM records_of_two"
expect_rc 0 dbb-repo remove-raw keeping MC_O_20250422_000250 --keep-files
expect_eq "$(rows_of keeping)$(files_of keeping)" "0|0|0|0|0$both"

# One datastore that can't take the file: neither keeps it, and no row speaks of it.
make_chain full
mkdir -p "full/two/LSSTCam/raw/all"
echo other > "full/two/$in_two"
expect_rc 1 dbb-ingest --repo full -t copy --rejects full.rejects <<< "$line"
expect_eq "$(jq -r .error.code full.rejects)" DESTINATION_EXISTS
expect_eq "$(files_of full)$(rows_of full)" "two/$in_two 0|0|0|0|0"
rm "full/two/$in_two"
expect_rc 0 dbb-ingest --repo full -t copy < full.rejects
expect_eq "$(files_of full)" "$both"

# A move: each gets a file of its own; a source that is one of the repository's files stays.
make_chain moved
cp lsstCam-MC_O_20250422_000250_R01_S01.fits source.fits
expect_rc 0 dbb-ingest --repo moved -t move <<< "$(jq -c --arg uri "$PWD/source.fits" '.uri = $uri' <<< "$line")"
expect_eq "$(files_of moved)" "$both"
[ ! -e source.fits ] || fail 'the source is there'
expect_eq "$(find moved -type f -links +1)" ''
make_chain within
mkdir -p within/two/LSSTCam/raw elsewhere
ln -s "$PWD/elsewhere" within/two/LSSTCam/raw/all
cp lsstCam-MC_O_20250422_000250_R01_S01.fits elsewhere/MC_O_20250422_000250.fits
expect_rc 0 dbb-ingest --repo within -t move <<< "$(jq -c --arg uri "$PWD/elsewhere/MC_O_20250422_000250.fits" '.uri = $uri' <<< "$line")"
expect_match "$ERR" 'stays: '
for file in "within/two/$in_two" "within/one/$in_one"; do [ -s "$file" ] || fail "$file went"; done

# Files of one datastore's folder: in place there, linked into the other; --transfer none wants them below both.
make_chain place
mkdir place/one
cp lsstCam-MC_O_20250422_000250_R01_S01.fits place/one/x.fits
inside=$(jq -c --arg uri "$PWD/place/one/x.fits" '.uri = $uri' <<< "$line")
expect_rc 1 dbb-ingest --repo place -t none --rejects none.rejects <<< "$inside"
expect_eq "$(jq -r .error.code none.rejects)" OUTSIDE_ROOT
expect_rc 0 dbb-ingest --repo place -t auto <<< "$inside"
expect_eq "$(files_of place)" "one/x.fits two/$in_two "

# A zip file comes into each of them.
make_chain zipped
expect_rc 0 dbb-ingest --repo zipped -t copy "$DBB_TEST_DATA"/zips/*.zip
expect_eq "$(find zipped/one zipped/two -name '*.zip' | wc -l) $(rows_of zipped)" '2 2|4|2|2|0'

# Who foretells and who checks.
make_chain asked
expect_rc 0 dbb-why --repo asked -t copy "$DBB_EXAMPLES/LSSTCam/3019031900001-R10-S02-det029.fits"
expect_rc 0 dbb-ingest --repo asked -t copy "$DBB_EXAMPLES/LSSTCam/3019031900001-R10-S02-det029.fits"
expect_rc 0 dbb-why --repo asked -t copy "$DBB_EXAMPLES/LSSTCam/3019031900001-R10-S02-det029.fits"
expect_match "$OUT" 'asked/one|stored'
expect_rc 0 dbb-repo check asked --orphans

# Constraints: of one datastore in a chain, and of a single one.
make_chain limited
sed -i 's/checksum: true/constraints: {reject: [{instrument<LSSTCam>: [raw]}]}/' limited/butler.yaml
expect_rc 0 dbb-ingest --repo limited -t copy <<< "$line"
expect_eq "$(files_of limited)$(rows_of limited)" "one/$in_one 1|1|1|0|0"
make_repo single LSSTCam
printf 'datastore: {root: <butlerRoot>, constraints: {accept: [bias]}}\n' > single/butler.yaml
for options in '-n -t copy' '-t copy' '-t direct'; do
  rm -f rejects
  # shellcheck disable=SC2086
  expect_rc 1 dbb-ingest --repo single $options --rejects rejects <<< "$line"
  expect_eq "$(jq -r .error.code rejects)" DATASET_NOT_ACCEPTED
done
expect_eq "$(find single -name '*.fits')$(sql single 'SELECT count(*) FROM dataset')" 0
