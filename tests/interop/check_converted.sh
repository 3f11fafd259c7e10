# What is written into a repository that older data are converted into: dataset types of all dimensions, collections of all
# types, datasets with files by template, certifications, chains. converted.cc writes it with dbb and converted.py with the
# Python Butler, in repositories of all universes and on a server. Part of run.sh, which has its helpers.
# shellcheck shell=bash disable=SC2154

converted=$(cd "$bin/../tests/interop" && pwd)/converted
with_dbb() { "$converted" "$1" < "$here/converted.jsonl" | tee /dev/stderr | grep -qx "$2"; }
with_python() { "$python" "$here/converted.py" "$@"; }

# Templates with columns of records of every kind, null ones among them.
cat > templates.yaml << 'YAML'
  templates:
    aside: '{run:/}/{visit.name}/{visit.exposure_time}_{visit.seq_num:?}_{detector.raft}_{detector.id:03d}_{instrument.class_name}_{physical_filter.band}_{visit.nothing:?}{instrument.detector_max}_{visit}_{detector.name_in_raft}_{band.name}_{datasetType}'
    instrument<LSSTComCam>:
      aside: '{run:/}/own/{visit.day_obs:?}/{visit}_{detector.full_name}_{instrument.visit_max:>15d}_{datasetType}'
    postISR: '{run:/}/{exposure.exposure_time}_{exposure.dark_time}_{exposure.tracking_ra}_{exposure.azimuth:?}_{exposure.has_simulated:?}/{exposure.observation_reason}_{exposure.target_name}_{exposure.day_obs}_{exposure}_{datasetType}'
    skymap+tract: '{run:/}/{skymap.tract_max}/{tract.id:05d}_{skymap.patch_nx_max}_{datasetType}'
    htm7+: 'shelf/{run:/}/{skypix:08d}_{htm7.id}_{skypix.id}'
YAML

# everything REPO   names of the tables of a SQLite registry that the steps write to
everything() {
  printf '%s\n' collection collection_chain collection_summary_{dataset_type,instrument,skymap} dataset_type dimension_graph_definition \
    dataset_location file_datastore_records
  registry "$1" "SELECT name FROM sqlite_master WHERE name GLOB 'dataset_[tc]a*_0*' AND type = 'table'"
}
same_everything() {
  local tables
  mapfile -t tables < <(everything "$2")
  same_rows "$1" "$2" "${tables[@]}"
}

# agree_on NAME OURS PYTHONS
agree_on() {
  check "$1: with dbb" with_dbb "$2" '27 7'
  check "$1: with dbb again" with_dbb "$2" '0 0'
  check "$1: with Python" with_python "$3" "$here/converted.jsonl"
  check "$1: same dump" same_dump "$2" "$3"
  check "$1: same files" same_tree "$2" "$3"
  check "$1: no damage found" clean "$2"
}

for universe in 0 1 2 3 4 5 6 7 8; do
  for who in ours python; do
    must cp -r python-universe-$universe "$who-converted-$universe"
    [ $((universe % 2)) = 0 ] || sed -i '/^datastore:/r templates.yaml' "$who-converted-$universe/butler.yaml"
  done
  agree_on "converted, universe $universe" "ours-converted-$universe" "python-converted-$universe"
  check "converted, universe $universe: same rows" same_everything "ours-converted-$universe" "python-converted-$universe"
  # The check of everything takes long.
  [ $universe -lt 7 ] || check "converted, universe $universe: same warnings of butler_check" \
    same_warnings <(warnings "python-converted-$universe") "ours-converted-$universe"
done

for who in ours python; do
  must dbb-repo create "$who-converted-pg" --registry "$url" --namespace "${who}_converted"
  sed -i '/^datastore:/r templates.yaml' "$who-converted-pg/butler.yaml"
  must with_python --records "$who-converted-pg"
done
agree_on 'converted, PostgreSQL' ours-converted-pg python-converted-pg
check 'converted, PostgreSQL: same warnings of butler_check' same_warnings <(warnings python-converted-pg) ours-converted-pg

# Locks are those that Python takes: who only writes rows would not wait for a writer of rows.
# while_held STATEMENT STEPS   steps of dbb do not go on while another connection holds what the statement locks
while_held() {
  DBB_BUSY_TIMEOUT=0.3s "$python" - "$url" "$1" "$converted" ours-converted-pg "$2" <<'EOF'
import subprocess
import sys

import psycopg2

url, statement, program, repo, steps = sys.argv[1:]
connection = psycopg2.connect(url)
connection.cursor().execute(statement)
done = subprocess.run([program, repo], input=steps, text=True, capture_output=True)
print(done.stdout, done.stderr)
sys.exit(not (done.returncode == 1 and done.stderr.startswith("REPO_LOCKED")))
EOF
}
check 'converted, PostgreSQL: certifying waits for another writer' while_held \
  "DO \$\$ BEGIN EXECUTE (SELECT format('LOCK TABLE ours_converted.%I IN ROW EXCLUSIVE MODE', calibration_association_table)
    FROM ours_converted.dataset_type WHERE name = 'darkCurrent'); END \$\$" "$(grep '"certify":"darkCurrent"' "$here/converted.jsonl")"
check 'converted, PostgreSQL: a chain waits for another writer' while_held \
  "SELECT 1 FROM ours_converted.collection WHERE name = 'LATISS/empty' FOR SHARE" "$(grep '"chain":"LATISS/empty"' "$here/converted.jsonl")"
check 'converted, PostgreSQL: with dbb when nobody else writes' with_dbb ours-converted-pg '0 0'

# What contradicts what is certified is refused, with nothing written.
refuses() {
  "$converted" "$1" <<< "$2" > refused 2>&1
  grep -E "^$3" refused || { cat refused; return 1; }
}
for repo in ours-converted-8 ours-converted-pg; do
  certify='{"certify":"darkCurrent","collection":"LATISS/calib","run":"LATISS/calib/20190921T000000Z","data_ids":[{"instrument":"LATISS","detector":0}]'
  check "converted, $repo: an overlap" refuses $repo "$certify,\"begin_tai\":\"2019-09-20T00:00:00\",\"end_tai\":\"2019-09-20T23:59:59\"}" \
    'CERTIFY_CONFLICT: darkCurrent .* since dataset 9e45bab3-.* is certified for \[unbounded, 2019-09-21T00:00:00.000000000\) already'
  check "converted, $repo: another time" refuses $repo "$certify,\"begin_tai\":\"2020-01-01T00:00:00\",\"end_tai\":null}" \
    'CERTIFY_CONFLICT: darkCurrent .* since it is certified for \[2019-09-21'
  check "converted, $repo: no such patch" refuses $repo \
    '{"datasets":"deepCoadd","run":"x","data_ids":[{"skymap":"ring","tract":1,"patch_xy":[3,0],"band":"g"}]}' 'PATCH_NOT_FOUND: .* only 0,0 to 2,2'
  check "converted, $repo: no such visit" refuses $repo \
    '{"datasets":"calexp","run":"x","data_ids":[{"instrument":"LATISS","visit":1,"detector":0}]}' 'MISSING_RECORD: visit 1 of instrument "LATISS"'
done
check 'converted: nothing of what was refused' same_dump ours-converted-8 python-converted-8
check 'converted, PostgreSQL: nothing of what was refused' same_dump ours-converted-pg python-converted-pg
