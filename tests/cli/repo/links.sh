#!/bin/bash
# Files that are recorded through links: they are no orphans, and a removal spares them whatever the link's name.
. "$DBB_CLI_LIB"

make_repo start LATISS
file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
expect_rc 0 dbb-ingest --repo start -t copy "$file"
stored=$PWD/start/$(sql start "SELECT path FROM file_datastore_records")
expect_rc 0 dbb-ingest --repo start -t relsymlink --run my/run "$stored"
expect_rc 0 dbb-repo check start
cp -r start dry
expect_rc 0 dbb-repo remove-raw -n --run LATISS/raw/all dry AT_C_20180920_000065
expect_eq "$(jq -r 'select(.remove.files) | .remove.files[].fate' "$OUT")" in_use

# A removal that was killed behind its first transaction is finished by --repair, which spares the file as well.
cp -r start killed
sqlite3 killed/gen3.sqlite3 "PRAGMA foreign_keys=ON; INSERT INTO dataset_location_trash (datastore_name, dataset_id) SELECT datastore_name, dataset_id FROM dataset_location
  WHERE dataset_id IN (SELECT d.id FROM dataset AS d JOIN collection AS c ON c.collection_id = d.run_id WHERE c.name = 'LATISS/raw/all');
  DELETE FROM dataset_location WHERE dataset_id IN (SELECT dataset_id FROM dataset_location_trash);
  DELETE FROM dataset WHERE id IN (SELECT dataset_id FROM dataset_location_trash)"
expect_rc 0 dbb-repo check --repair killed
expect_eq "$(jq -r 'select(.damage) | .damage + " " + .repair.outcome' "$OUT")" "trash_left_over done"
expect_rc 0 dbb-repo check killed
expect_eq "$(find killed -name '*_my_run.fits' -exec sha256sum {} + | cut -d' ' -f1)" "$(sha256sum < "$file" | cut -d' ' -f1)"

# Orphans: a repository that is reached through a link, and a folder below the root that is one.
orphans() { dbb-repo check --orphans "$1" | jq -r 'select(.type == "orphan") | .uri' | sed 's|.*/||'; }
make_repo real LATISS
mkdir real/incoming
cp "$file" real/incoming/a.fits
expect_rc 0 dbb-ingest --repo real -t direct "$PWD/real/incoming/a.fits"
ln -s real by-link
expect_eq "$(orphans real)$(orphans by-link)" ""
make_repo linked LATISS
mkdir linked/disk
ln -s disk linked/LATISS
expect_rc 0 dbb-ingest --repo linked -t copy "$file"
expect_eq "$(orphans linked)" ""
cp "$file" linked/disk/b.fits
expect_eq "$(orphans linked)" b.fits
# It can't be removed through the link: said beforehand, by a dry run, too.
for options in '' -n; do
  # shellcheck disable=SC2086  # none or one
  expect_rc 1 dbb-repo remove-raw $options linked AT_C_20180920_000065
  expect_match "$ERR" keep-files
done
expect_eq "$(sql linked 'SELECT count(*) FROM dataset, dataset_location')" 1
expect_rc 0 dbb-repo remove-raw --keep-files linked AT_C_20180920_000065
expect_rc 0 dbb-repo check linked
