# Repositories whose configuration is more than butler create writes: chains of datastores, constraints, files that are
# included, defaults of the site, a live ObsCore table. The Python Butler makes them; it and dbb-ingest make the same of
# them. Part of run.sh, which has its helpers.
# shellcheck shell=bash disable=SC2154

# rows REPO TABLE...   all rows of tables of the registry, sorted
rows() {
  "$python" - "$1/gen3.sqlite3" "${@:2}" <<'PYTHON'
import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as db:
    for table in sys.argv[2:]:
        for row in sorted(db.execute(f'SELECT * FROM "{table}"'), key=repr):
            print(table, *row, sep="|")
PYTHON
}
# same OURS PYTHONS TABLE...
same_rows() { diff <(rows "$2" "${@:3}") <(rows "$1" "${@:3}"); }
created_from() { "$(dirname "$python")/butler" create --seed-config "$1" "$2"; }

cat > chain-seed.yaml << 'SEED'
datastore:
  cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore
  datastores:
    - cls: lsst.daf.butler.datastores.inMemoryDatastore.InMemoryDatastore
    - cls: lsst.daf.butler.datastores.fileDatastore.FileDatastore
      records: {table: records_of_first}
    - cls: lsst.daf.butler.datastores.fileDatastore.FileDatastore
      records: {table: records_of_second}
      checksum: true
      templates:
        raw: 'shelf/{run:/}/{day_obs|exposure.day_obs}/{exposure.obs_id}_{detector.full_name}'
SEED
stored=(dataset_location records_of_first records_of_second)
camera=LSSTComCam
night=night-$camera
must created_from chain-seed.yaml python-chain-start
must fill python-chain-start --register "$camera"
good_files "$night" > paths

# chained NAME     ours-chain-NAME and python-chain-NAME
chained() { cp -r python-chain-start "ours-chain-$1" && cp -r python-chain-start "python-chain-$1"; }
agree() {
  rm -f "python-chain-$1.json"
  check "$1: same dump" same_dump "ours-chain-$1" "python-chain-$1"
  check "$1: same files" same_tree "ours-chain-$1" "python-chain-$1"
  check "$1: same rows" same_rows "ours-chain-$1" "python-chain-$1" "${stored[@]}"
  check "$1: nothing is wrong with what Python made" nothing_wrong "python-chain-$1"
}
nothing_wrong() { dbb-repo check --orphans "$1" | diff <(echo '{"type":"end","program":"dbb-repo","found":0,"mended":0,"damages":{},"complete":true}') -; }
for mode in direct copy link hardlink symlink relsymlink auto; do
  must chained $mode
  check "chain: $mode" ingest_gives 'done' ours-chain-$mode paths --transfer $mode
  must fill python-chain-$mode "$night" --transfer $mode
  agree $mode
done
check 'chain: ours again' ingest_gives existing ours-chain-copy paths --transfer copy
check 'chain: what Python stored' ingest_gives existing python-chain-copy paths --transfer copy
check 'chain: same dump after it' same_dump python-chain-copy ours-chain-copy
check 'chain: Python uses what we stored' "$python" "$here/check_chain.py" ours-chain-hardlink

# Each of two datastores gets a file of its own, and the source goes.
must chained move
cp -r "$night" ours-moved
cp -r "$night" python-moved
good_files ours-moved > moved
check 'chain: move' ingest_gives 'done' ours-chain-move moved --transfer move
must fill python-chain-move python-moved --transfer move
agree move
no_images() { [ -z "$(find "$@" -name '*.fits')" ]; }
check 'chain: the sources of a move are gone' no_images ours-moved python-moved
each_is_one() { [ -z "$(find "$1" -name '*.fits' -links +1)" ]; }
check 'chain: no file is shared' each_is_one ours-chain-move

# Of what is removed both files and all rows go; of the others none.
removed() {
  local exposure
  exposure=$(jq -r 'select(.failure == null).data_id.exposure' "$night/truth.jsonl" | head -n 1)
  dbb-repo remove-raw ours-chain-copy --instrument "$camera" --exposure "$exposure" --keep-records > removed.jsonl &&
    "$python" - python-chain-copy "$camera" "$exposure" <<'PYTHON'
import sys

from lsst.daf.butler import Butler

repo, instrument, exposure = sys.argv[1:]
butler = Butler(repo, writeable=True)
refs = butler.query_datasets("raw", f"{instrument}/raw/all", where="instrument = i AND exposure = e",
                             bind={"i": instrument, "e": int(exposure)})
butler.pruneDatasets(refs, purge=True, unstore=True, disassociate=True)
PYTHON
}
check 'chain: remove an exposure' removed
agree copy
listed() { diff <(dbb-repo show "$1" datasets | jq -c 'select(.id).files | map(.datastore)' | sort -u) \
  <(echo '["FileDatastore@<butlerRoot>/FileDatastore_1","FileDatastore@<butlerRoot>/FileDatastore_2"]'); }
check 'chain: both files are listed' listed ours-chain-copy

# ---------------------------------------------------------------- constraints, includes, defaults of the site

# with_keys REPO YAML...   a file with keys that butler.yaml includes
with_keys() {
  printf '%s\n' "${@:2}" > "$1/more.yaml"
  echo 'includeConfigs: more.yaml' >> "$1/butler.yaml"
}
# constrained NAME YAML    both repositories get these keys and the same night
constrained() {
  must chained "$1"
  with_keys "ours-chain-$1" "$2"
  with_keys "python-chain-$1" "$2"
  check "constraints: $1" ingest_gives 'done' "ours-chain-$1" paths --transfer copy
  must fill "python-chain-$1" "$night" --transfer copy
  agree "$1"
}
constrained by-type 'datastore: {datastore_constraints: [{}, {constraints: {reject: [raw]}}, {}]}'
constrained by-instrument "datastore: {datastore_constraints: [{}, {}, {constraints: {reject: [{instrument<$camera>: [all]}]}}]}"
constrained by-dimensions 'datastore: {constraints: {accept: [exposure+detector]}, datastore_constraints:
  [{}, {constraints: {accept: [bias]}}, {constraints: {accept: [Exposure], reject: [all]}}]}'
must chained by-nobody
with_keys ours-chain-by-nobody 'datastore: {constraints: {reject: [raw]}}'
with_keys python-chain-by-nobody 'datastore: {constraints: {reject: [raw]}}'
not_accepted() {
  local rc=0
  rm -f rejects.jsonl
  xargs -a paths dbb-ingest --repo ours-chain-by-nobody --transfer copy --rejects rejects.jsonl > receipts.jsonl || rc=$?
  [ "$rc" = 1 ] || [ "$rc" = 123 ] || { echo "dbb-ingest ended with $rc instead of 1"; return 1; }
  diff <(jq -r .error.code rejects.jsonl | sort -u) <(echo DATASET_NOT_ACCEPTED)
}
check 'constraints: by nobody' not_accepted
nor_by_python() { ! fill python-chain-by-nobody "$night" --transfer copy 2> errors && grep -q DatasetTypeNotSupportedError errors; }
check 'constraints: nor by Python' nor_by_python
check 'constraints: nothing is stored' same_rows ours-chain-by-nobody python-chain-start "${stored[@]}"

mkdir -p site/datastores
cat > site/datastores/fileDatastore.yaml << 'SITE'
datastore:
  checksum: true
  templates: !include templates.yaml
SITE
echo "raw: 'of-the-site/{run:/}/{exposure.obs_id}_{detector.full_name}'" > site/datastores/templates.yaml
export DAF_BUTLER_CONFIG_PATH=$PWD/nothing:$PWD/site
must chained site
check 'site: chain' ingest_gives 'done' ours-chain-site paths --transfer copy
must fill python-chain-site "$night" --transfer copy
agree site
must ours_registered ours-site "$camera"
cp -r ours-site python-site
check 'site: one datastore' ingest_gives 'done' ours-site paths --transfer copy
must fill python-site "$night" --transfer copy
check 'site: same dump' same_dump ours-site python-site
check 'site: same files' same_tree ours-site python-site
unset DAF_BUTLER_CONFIG_PATH

# ---------------------------------------------------------------- a live ObsCore table

cat > obscore-seed.yaml << 'SEED'
registry:
  managers:
    obscore:
      cls: lsst.daf.butler.registry.obscore.ObsCoreLiveTableManager
      config:
        namespace: daf_butler_obscore
        version: 1
        collection_type: RUN
        facility_name: Observatory
        dataset_types:
          raw: {dataproduct_type: image, calib_level: 1, obs_id_fmt: '{records[exposure].obs_id}'}
SEED
must created_from obscore-seed.yaml python-obscore
must fill python-obscore --register "$camera"
cp -r python-obscore ours-obscore
passed_over() {
  ingest_gives 'done' ours-obscore paths --transfer direct --ignore-obscore && [ -z "$(rows ours-obscore obscore)" ]
}
refused() { local rc=0; xargs -a paths dbb-ingest --repo ours-obscore -t direct > receipts.jsonl || rc=$?; [ "$rc" = 5 ] || [ "$rc" = 123 ]; }
check 'ObsCore: refused' refused
check 'ObsCore: passed over' passed_over
must fill python-obscore "$night"
check 'ObsCore: same dump' same_dump ours-obscore python-obscore
# What `butler obscore update-table` does.
brought_up_to_date() {
  "$python" - ours-obscore "$camera" <<'PYTHON'
import sys

from lsst.daf.butler import Butler

repo, instrument = sys.argv[1:]
butler = Butler(repo, writeable=True)
refs = butler.registry.queryDatasets("raw", collections=f"{instrument}/raw/all").expanded()
butler.registry.obsCoreTableManager.add_datasets(refs)
PYTHON
}
check 'ObsCore: Python brings the table up to date' brought_up_to_date
check 'ObsCore: same rows then' same_rows ours-obscore python-obscore obscore
