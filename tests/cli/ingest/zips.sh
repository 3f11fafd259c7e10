#!/bin/bash
# Zip files of raws: each member is a dataset, as Butler.ingest_zip stores it; the file comes in once for all of them.
. "$DBB_CLI_LIB"

cp "$DBB_TEST_DATA/zips/LSSTCam-3019031900001.zip" x.zip
chmod u+w x.zip
# The rows that Butler.ingest_zip of lsst-daf-butler 30.2026.4300 writes for this file
stored=zips/5c9d/5c9dda5f-c9c1-502c-ad11-389da4924240.zip
first=48efd118-raw_LSSTCam_unknown_MC_C_20190319_000001_R22_S21_LSSTCam_raw_all.fits
second=7bb5ebb2-raw_LSSTCam_unknown_MC_C_20190319_000001_R10_S02_LSSTCam_raw_all.fits
rows() { sql "$1" 'SELECT dataset_id, path, formatter, storage_class, component, checksum, file_size FROM file_datastore_records ORDER BY 1'; }
rows_at() {
  local formatter=lsst.obs.lsst.rawFormatter.LsstCamRawFormatter
  echo "48efd118be245f5390a5f19c9c445707|$1#zip-path=$first|$formatter|Exposure|__NULL_STRING__||95626"
  echo "7bb5ebb22bd9536490695f545397e1cc|$1#zip-path=$second|$formatter|Exposure|__NULL_STRING__||95518"
}
outcomes() { jq -r 'select(.ingest).ingest.outcome' "$OUT" | sort | uniq -c | tr -s ' ' | paste -sd,; }
expect_clean() { expect_rc 0 dbb-repo check "$1"; }
# edited NAME PYTHON   a copy of x.zip whose indexes `butler` and `headers`, and members `files`, were changed
edited() {
  python3 - "$1" "$2" <<'PYTHON'
import json, sys, zipfile
names = {"butler": "_butler_zip_index.json", "headers": "_metadata_index.json"}
with zipfile.ZipFile("x.zip") as x:
    files = {n: x.read(n) for n in x.namelist()}
butler, headers = (json.loads(files.pop(n)) for n in names.values())
first, second = sorted(files)
exec(sys.argv[2])
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    for n, data in files.items():
        out.writestr(n, data)
    for index, n in ((butler, names["butler"]), (headers, names["headers"])):
        if index is not None:
            out.writestr(n, index if isinstance(index, str) else json.dumps(index))
PYTHON
}

# A zip file stands for its members, as an argument and as a line, and none of them is opened.
expect_rc 0 dbb-describe x.zip
expect_eq "$(jq -c 'select(.uri) | [.uri, .data_id, .dataset_type, .run, .zip.id]' "$OUT")" \
  "[\"file://$PWD/x.zip#zip-path=$first\",{\"instrument\":\"LSSTCam\",\"exposure\":3019031900001,\"detector\":97},\"raw\",\"LSSTCam/raw/all\",\"48efd118-be24-5f53-90a5-f19c9c445707\"]
[\"file://$PWD/x.zip#zip-path=$second\",{\"instrument\":\"LSSTCam\",\"exposure\":3019031900001,\"detector\":29},\"raw\",\"LSSTCam/raw/all\",\"7bb5ebb2-2bd9-5364-9069-5f545397e1cc\"]"
cp "$OUT" lines
dbb-scan x.zip | jq -c '.note = "kept"' | expect_rc 0 dbb-describe
expect_eq "$(jq -c 'select(.uri) | del(.note)' "$OUT")" "$(jq -c 'select(.uri)' lines)" "lines through a pipe"
expect_eq "$(jq -c 'select(.uri).note' "$OUT" | paste -sd,)" '"kept","kept"'
# What the header of the file itself says is the same.
unzip -q x.zip "$first" 2>/dev/null || python3 -m zipfile -e x.zip .
expect_rc 0 dbb-describe "$first"
expect_eq "$(jq -c 'select(.uri) | [.data_id, .records]' "$OUT")" "$(jq -c 'select(.uri) | [.data_id, .records]' lines | head -n 1)" "records of a member"

# Every mode
for mode in copy link hardlink symlink relsymlink move; do
  make_repo "repo-$mode"
  cp x.zip "to-$mode.zip"
  expect_rc 0 dbb-ingest --repo "repo-$mode" -t $mode -n "to-$mode.zip"
  expect_eq "$(outcomes)" ' 2 planned'
  expect_rc 0 dbb-ingest --repo "repo-$mode" -t $mode "to-$mode.zip"
  expect_eq "$(outcomes)" ' 2 done'
  expect_eq "$(rows "repo-$mode")" "$(rows_at $stored)" "rows of $mode"
  cmp x.zip "repo-$mode/$stored"
  expect_clean "repo-$mode"
  [ $mode = move ] && cp x.zip to-move.zip
  expect_rc 0 dbb-ingest --repo "repo-$mode" -t $mode "to-$mode.zip"
  expect_eq "$(outcomes)" ' 2 existing'
  [ $mode = move ] && [ -e to-move.zip ] && fail "the source of a move is still there"
done
make_repo repo-direct
expect_rc 0 dbb-ingest --repo repo-direct -t direct x.zip
expect_eq "$(rows repo-direct)" "$(rows_at "file://$PWD/x.zip")"
expect_clean repo-direct
make_repo repo-none
mkdir repo-none/kept && cp x.zip repo-none/kept
expect_rc 0 dbb-ingest --repo repo-none -t none repo-none/kept/x.zip
expect_eq "$(rows repo-none)" "$(rows_at kept/x.zip)"
expect_clean repo-none

# In another run they are other datasets: ids are those of raw images there.
make_repo repo-run
expect_rc 0 dbb-ingest --repo repo-run -t copy --run u/test x.zip
expect_eq "$(jq -r 'select(.ingest).id' "$OUT" | head -n 1)" \
  "$(python3 -c 'import uuid; print(uuid.uuid5(uuid.UUID("840b31d9-05cd-5161-b2c8-00d32b280d0f"), "dataset_type=raw,run=u/test,detector=97,exposure=3019031900001,instrument=LSSTCam"))')"
# The same images as files of their own are the same datasets.
make_repo repo-files
expect_rc 0 dbb-ingest --repo repo-files -t copy "$DBB_EXAMPLES"/LSSTCam/3019031900001-*.fits
expect_rc 0 dbb-ingest --repo repo-files -t copy x.zip
expect_eq "$(outcomes)" ' 2 existing'
expect_clean repo-files

# A move that was stopped after some members goes on, and the source stays until all are in.
make_repo repo-part
cp x.zip part.zip
dbb-describe part.zip > part.lines
grep -F "$first" part.lines | expect_rc 0 dbb-ingest --repo repo-part -t move
expect_match "$ERR" 'part.zip" stays: of its 2 members the repository has 1'
[ -e part.zip ] || fail "the source went too early"
cp part.zip kept.zip
expect_rc 0 dbb-ingest --repo repo-part -t move part.zip
expect_eq "$(outcomes)" ' 1 done, 1 existing'
[ ! -e part.zip ] || fail "the source of a complete move is still there"
expect_eq "$(rows repo-part)" "$(rows_at $stored)"
make_repo repo-gone
grep -F "$first" part.lines | sed 's/part\.zip/kept.zip/; s/"mtime":"[^"]*",//' | expect_rc 0 dbb-ingest --repo repo-gone -t move
rm kept.zip
grep -F "$second" part.lines | sed 's/part\.zip/kept.zip/; s/"mtime":"[^"]*",//' | expect_rc 0 dbb-ingest --repo repo-gone -t move
expect_eq "$(rows repo-gone)" "$(rows_at $stored)" "rows after the source has gone"

# Listed by its URI
expect_rc 0 dbb-repo show repo-copy datasets
expect_eq "$(jq -r 'select(.files).files[0].uri' "$OUT" | head -n 1)" "file://$PWD/repo-copy/$stored#zip-path=$second"

# Removing: the file goes with its last member. Where and why, for a zip file and a member.
expect_rc 0 dbb-why --repo repo-copy x.zip
expect_eq "$(grep -c "^  stored .*repo-copy/$stored#zip-path=" "$OUT")" 2
expect_rc 0 dbb-why --repo repo-copy "file://$PWD/x.zip#zip-path=$second"
expect_eq "$(grep -c "^$PWD\|^file:" "$OUT")" 1
expect_rc 3 dbb-why --repo repo-copy "file://$PWD/x.zip#zip-path=none.fits"
expect_match "$OUT" 'x.zip#zip-path=none.fits": the zip file.s indexes name no such member'
expect_rc 3 dbb-why --repo repo-copy MC_C_20190319_000001
expect_match "$OUT" "there      2  R10_S02, R22_S21"
rm "repo-copy/$stored"
expect_rc 5 dbb-repo check repo-copy
expect_match "$OUT" missing_file
cp x.zip "repo-copy/$stored"
expect_rc 0 dbb-repo remove-raw repo-copy --instrument LSSTCam --exposure 3019031900001
expect_eq "$(jq -r 'select(.id).remove.files[].fate' "$OUT" | paste -sd,)" deleted,deleted
[ ! -e "repo-copy/$stored" ] || fail "the zip file of no dataset is still there"
expect_clean repo-copy

# What the two indexes do not agree on: a member without header is told by its exposure, one without dataset is left out.
edited lent.zip 'del headers[first]; headers["other.fits"] = headers[second]'
make_repo repo-lent
expect_rc 0 dbb-ingest --repo repo-lent -t copy lent.zip
expect_match "$ERR" 'lent.zip": "other.fits" is no dataset of the Butler.s index and is left out'
expect_eq "$(jq -c 'select(.ingest) | [.data_id.detector, .describe.warnings]' "$OUT" | head -n 1)" \
  "[97,[\"it has no header in the index; its exposure is as that of \\\"$second\\\" says\",\"no card DARKTIME; took exposure_time\"]]"
expect_eq "$(rows repo-lent)" "$(rows_at $stored)"
expect_clean repo-lent

# Zip files that can't be taken: the reason at once, exit 1, nothing changed.
make_repo repo-bad
remember repo-bad
bad() {
  edited bad.zip "$1"
  touch -d '1 hour ago' bad.zip
  rm -f refused
  expect_rc 1 dbb-ingest --repo repo-bad -t copy --rejects refused bad.zip
  expect_eq "$(jq -r .error.code refused | sort -u)" "${3:-BAD_ZIP}" "code of $1"
  expect_match refused "$2"
  expect_unchanged repo-bad
}
bad 'butler = None' 'bad.zip.*: it has no _butler_zip_index.json, which tells which datasets it holds'
bad 'headers = None' 'it has no _metadata_index.json, which tells what their headers say'
bad 'butler = "{"' '_butler_zip_index.json: '
bad 'butler = "[]"' '_butler_zip_index.json: its version is null'
bad 'butler["index_version"] = "V2"' 'its version is .*V2'
bad 'headers = "[]"' '_metadata_index.json: it holds no JSON object'
bad 'butler["artifact_map"] = {}' 'it names no member'
bad 'butler["artifact_map"]["../a.fits"] = butler["artifact_map"][first]' 'a.fits.* can.t be the path of a member'
bad 'butler["artifact_map"][first]["ids"] *= 2' 'is not exactly one dataset'
bad 'butler["artifact_map"][first]["info"]["component"] = "image"' 'is not exactly one dataset'
bad 'butler["refs"]["compact_refs"] = {}' 'nothing is said of the dataset'
bad 'butler["artifact_map"][first]["info"]["formatter"] = None' 'has no .*formatter'
bad 'del files[first]' "member .*$first.* is not there"
bad 'files[first] += b"x"' "member .*$first.* has 95627 bytes, but the Butler.s index says 95626"
bad 'headers = {"__COMMON__": {}, "__CONTENT__": "metadata", "other.fits": {}}' 'has neither its header nor another of its exposure'
of_refs() { echo "for ref in butler['refs']['compact_refs'].values(): $1"; }
bad "$(of_refs 'ref["data_id"]["exposure"] = 5')" 'the header.s exposure is 3019031900001, but the Butler.s index says 5'
bad "$(of_refs 'ref["dataset_type_name"] = "calexp"')" 'it is a calexp, no raw'
bad 'for a in butler["artifact_map"].values(): a["info"]["storage_class"] = "Foo"' 'its storage class is Foo, but a raw is an Exposure'
# UUIDs that belong to each other's data IDs, or to nobody
bad 'a, b = (butler["artifact_map"][n] for n in (first, second)); r = butler["refs"]["compact_refs"]; i, j = a["ids"][0], b["ids"][0]; r[i], r[j] = r[j], r[i]; a["ids"], b["ids"] = b["ids"], a["ids"]' \
  'the Butler.s index says that it is dataset 7bb5ebb2-2bd9-5364-9069-5f545397e1cc, but its data ID and run make it 48efd118-be24-5f53-90a5-f19c9c445707'
python3 - <<'PYTHON' 2> /dev/null
import zipfile
with zipfile.ZipFile("x.zip") as x, zipfile.ZipFile("bad.zip", "w") as out:
    for n in x.namelist() + x.namelist()[:1]:
        out.writestr(n, x.read(n))
PYTHON
touch -d '1 hour ago' bad.zip
expect_rc 1 dbb-describe --rejects refused bad.zip
expect_match refused 'it has two members of the name'
# Cut short, and still being written
head -c 40000 x.zip > bad.zip
expect_rc 1 dbb-describe --rejects refused bad.zip
expect_eq "$(tail -n 1 refused | jq -r .error.code)" STILL_WRITTEN
touch -d '1 hour ago' bad.zip
expect_rc 1 dbb-describe --rejects refused bad.zip
expect_eq "$(tail -n 1 refused | jq -r .error.code)" BAD_ZIP
expect_rc 1 dbb-describe --rejects refused none.zip
expect_eq "$(tail -n 1 refused | jq -r .error.code)" NOT_FOUND
# An index that unpacks to more than any has
python3 -c 'import zipfile; z = zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED); z.writestr("_butler_zip_index.json", bytes(20 << 20))'
touch -d '1 hour ago' bomb.zip
expect_rc 1 dbb-describe --rejects refused bomb.zip
expect_match refused 'FILE_TOO_LONG'

# Lines that nobody described, or that speak of other places
grep -F "$first" lines | jq -c 'del(.zip)' | expect_rc 1 dbb-ingest --repo repo-bad -t copy --rejects refused
expect_eq "$(tail -n 1 refused | jq -r .error.code)" NOT_DESCRIBED
grep -F "$first" lines | jq -c '.zip.path = "../x.zip"' | expect_rc 1 dbb-ingest --repo repo-bad -t copy --rejects refused
expect_eq "$(tail -n 1 refused | jq -r .error.code)" BAD_VALUE
for change in '.zip.path = "butler.yaml.zip"' '.zip.members = 0' '.zip.formatter = ""' '.uri |= sub("zip-path=.*"; "zip-path=../x.fits")' '.uri |= sub("zip-path=.*"; "zip-path=a%00b.fits")'; do
  grep -F "$first" lines | jq -c "$change" | expect_rc 1 dbb-ingest --repo repo-bad -t copy --rejects refused
  expect_eq "$(tail -n 1 refused | jq -r .error.code)" BAD_VALUE "$change"
done
for change in '.zip.size = 1' '.uri |= sub("zip-path=.*"; "zip-path=none.fits")'; do
  grep -F "$first" lines | jq -c "$change" | expect_rc 1 dbb-ingest --repo repo-bad -t direct --rejects refused
  expect_eq "$(tail -n 1 refused | jq -r .error.code)" BAD_ZIP "$change"
done
dbb-scan x.zip | expect_rc 1 dbb-ingest --repo repo-bad -t copy --rejects refused
expect_eq "$(tail -n 1 refused | jq -r .error.code)" NOT_DESCRIBED "a zip file's own line"
mkdir 'repo-none/k#zip-path=q' && cp x.zip 'repo-none/k#zip-path=q'
expect_rc 1 dbb-ingest --repo repo-none -t none --run u/mark 'repo-none/k#zip-path=q/x.zip'
expect_match "$ERR" 'can.t be recorded where it is'
grep -F "$first" lines | jq -c '.zip.id = "x"' | expect_rc 1 dbb-ingest --repo repo-bad -t copy --rejects refused
expect_eq "$(tail -n 1 refused | jq -r .error.code)" BAD_VALUE
expect_unchanged repo-bad
