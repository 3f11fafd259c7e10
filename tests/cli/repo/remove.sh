#!/bin/bash
# A wrongly ingested exposure is taken out again: all of it, or some detectors, or one run; with its records when
# nothing else needs them; and nothing but that.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

first=MC_C_20190319_000001      # two detectors, 29 and 97
make_repo start LSSTCam LATISS
plant_bystander start/LSSTCam
dbb-ingest --repo start -t copy "$DBB_EXAMPLES/LSSTCam" "$DBB_EXAMPLES/LATISS" > /dev/null
fresh() { rm -rf repo; cp -r start repo; }
outcomes() { jq -r 'select(.remove) | [.type, .element // .data_id.detector, .remove.outcome, (.remove.files // [] | map(.fate) | join(","))] | join(" ")' "$OUT"; }
count() { sql "${2:-repo}" "SELECT count(*) FROM \"$1\""; }

# Dry run first: it says what the real one does, and does nothing.
fresh
remember repo
expect_rc 0 dbb-repo remove-raw -n repo $first
expect_eq "$(outcomes)" $'dataset 29 planned deleted\ndataset 97 planned deleted\ndimension exposure planned \ndimension group planned '
expect_unchanged repo
sed 's/planned/done/' "$OUT" > planned
expect_rc 0 dbb-repo remove-raw repo $first
diff planned "$OUT" >&2 || fail "the dry run said something else"
expect_eq "$(jq -c 'select(.data_id.detector == 29) | [.id, .run, .dataset_type]' "$OUT")" \
  '["7bb5ebb2-2bd9-5364-9069-5f545397e1cc","LSSTCam/raw/all","raw"]'
expect_eq "$(find repo -name '*000001*.fits')" ""
expect_eq "$(find repo -name '*.fits' | wc -l)" 2
expect_eq "$(count dataset) $(count exposure) $(count group) $(count dataset_location_trash) $(count file_datastore_records)" "2 2 2 0 2"
expect_rc 0 dbb-repo check repo --orphans
expect_eq "$(jq -r 'select(.uri) | .uri' "$OUT" | wc -l)" 1 'the bystander'
diff start/LSSTCam/bystander.txt repo/LSSTCam/bystander.txt
# It can come again, and be what it was.
expect_rc 0 dbb-ingest --repo repo -t copy "$DBB_EXAMPLES/LSSTCam"
for table in exposure group dataset_tags_00000001; do
  diff <(sql start "SELECT * FROM \"$table\" ORDER BY 1, 2") <(sql repo "SELECT * FROM \"$table\" ORDER BY 1, 2")
done

# One detector: the exposure stays for the other one, whose turn takes it along.
fresh
expect_rc 0 dbb-repo remove-raw repo --instrument LSSTCam --exposure 3019031900001 --detector 29
expect_eq "$(outcomes)" 'dataset 29 done deleted'
expect_eq "$(count exposure)" 3
expect_rc 2 dbb-repo remove-raw repo $first --detector 29 --detector 30
expect_match "$ERR" 'nothing to remove: exposure LSSTCam 3019031900001 \(MC_C_20190319_000001\) has no raw dataset of detectors 29, 30'
expect_match "$ERR" 'it has: run LSSTCam/raw/all \(detectors 97\)'
expect_rc 0 dbb-repo remove-raw repo $first
expect_eq "$(outcomes)" $'dataset 97 done deleted\ndimension exposure done \ndimension group done '
expect_rc 2 dbb-repo remove-raw repo --instrument LSSTCam --exposure 3019031900001
expect_match "$ERR" 'is not registered'

# The same files in another run: each run by itself; a file that the other run has stays.
fresh
path=$(sql repo "SELECT path FROM file_datastore_records WHERE path LIKE '%R10_S02%'")
expect_rc 0 dbb-ingest --repo repo -t none --run other "repo/$path"
expect_rc 2 dbb-repo remove-raw repo $first --run third
expect_match "$ERR" 'it has: run LSSTCam/raw/all \(detectors 29, 97\), run other \(detectors 29\)'
expect_rc 0 dbb-repo remove-raw -n repo $first --run other
expect_eq "$(outcomes)" 'dataset 29 planned in_use'
expect_rc 0 dbb-repo remove-raw -n repo $first
expect_eq "$(outcomes | grep -c deleted)" 3 'all that have the file go'
expect_rc 0 dbb-repo remove-raw repo $first --run other
expect_eq "$(outcomes)" 'dataset 29 done in_use'
[ -e "repo/$path" ] || fail "the file went, though a dataset has it"
expect_rc 0 dbb-repo check repo

# Files that are not the datastore's own, files that are to stay, files that are gone.
fresh
cp -r "$DBB_EXAMPLES/LSSTCam" outside
rm -rf repo && make_repo repo LSSTCam
dbb-ingest --repo repo -t direct outside > /dev/null
remember outside
expect_rc 0 dbb-repo remove-raw repo $first
expect_eq "$(outcomes | sed -n 1p)" 'dataset 29 done outside'
expect_unchanged outside
fresh
expect_rc 0 dbb-repo remove-raw --keep-files repo $first
expect_eq "$(outcomes | sed -n 1p)" 'dataset 29 done kept'
expect_eq "$(find repo -name '*.fits' | wc -l) $(count dataset_location_trash) $(count file_datastore_records)" "4 0 2"
expect_rc 0 dbb-repo check repo --orphans
expect_eq "$(tail -n 1 "$OUT" | jq .orphans)" 3
fresh
rm "repo/$path"
expect_rc 0 dbb-repo remove-raw repo $first
expect_eq "$(outcomes | sed -n 1p)" 'dataset 29 done missing'

# What needs the exposure keeps its record: visits, datasets of other types. Tags go with their datasets.
load_repo universe8 filled
rm -f filled/butler.yaml && cp "$DBB_TEST_DATA/gen3/butler.yaml" filled
remember filled
expect_rc 1 dbb-repo remove-raw filled X_O_000007
expect_match "$ERR" 'is part of visit 2024010100007, so its record can.t go; nothing was removed'
expect_rc 1 dbb-repo remove-raw -n filled X_O_000007
expect_unchanged filled
expect_rc 0 dbb-repo remove-raw --keep-records filled X_O_000002
expect_eq "$(outcomes)" 'dataset 0 done deleted'
expect_eq "$(count exposure filled)" 12
expect_rc 0 dbb-repo check filled
sqlite3 filled/gen3.sqlite3 'DELETE FROM visit_definition'
expect_rc 0 dbb-repo remove-raw filled X_O_000004    # in a tagged collection
expect_eq "$(outcomes)" $'dataset 0 done deleted\ndimension exposure done '
expect_eq "$(sql filled "SELECT count(*) FROM dataset_tags_00000001 WHERE exposure=2024010100004")" 0
expect_rc 0 dbb-repo remove-raw filled X_O_000001    # an unstored dataset of type `temporary` has it too
expect_eq "$(outcomes)" 'dataset 0 done outside'
expect_match "$ERR" 'stays: there are other datasets of it \(temporary\)'
expect_rc 0 dbb-repo check filled

# Records whose datasets others removed.
sqlite3 filled/gen3.sqlite3 "PRAGMA foreign_keys=ON; DELETE FROM dataset_location; DELETE FROM file_datastore_records; DELETE FROM dataset"
expect_rc 0 dbb-repo remove-raw filled X_O_000001
expect_eq "$(outcomes)" $'dimension exposure done \ndimension group done '

# Which exposure? Nothing is guessed.
fresh
remember repo
expect_rc 2 dbb-repo remove-raw repo
expect_match "$ERR" 'OBS_ID'
expect_rc 2 dbb-repo remove-raw repo --exposure 3019031900001
expect_match "$ERR" 'needs --instrument'
expect_rc 2 dbb-repo remove-raw repo $first --exposure 3019031900001 --instrument LSSTCam
expect_rc 2 dbb-repo remove-raw repo --instrument LSSTCam --exposure 3x
expect_rc 2 dbb-repo remove-raw repo --instrument LATISS $first
expect_rc 2 dbb-repo remove-raw repo MC_C_20190319_000003
expect_match "$ERR" 'did you mean MC_C_20190319_000001'
expect_rc 2 dbb-repo remove-raw repo "x' OR '1'='1"
expect_rc 4 dbb-repo remove-raw nowhere $first
expect_unchanged repo
