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
