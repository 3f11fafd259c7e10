#!/bin/bash
# Rules and --where see the same of a dataset: its path, its row, what the registry says of its exposure, and what
# follows in Gen3. What is of no exposure has neither day nor age.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/gen2/_hsc.bash"

hsc_repository gen2
paths() { jq -r 'select(.type == "gen2" and .action != "skip") | .gen2.path' "$OUT" | tr '\n' ' '; }
# What an exclude rule with these keys takes, of all that would be converted.
excluded() {
  cat > rules.yaml << YAML
rules: 1
owner: nobody
include: [{id: all, kind: permanent, reason: r, paths: "**"}]
exclude: [{id: x, kind: permanent, reason: r, $1}]
YAML
  dbb-gen2-scan gen2 --rules rules.yaml > "$OUT" 2> "$ERR" || true
  jq -r 'select(.rule.id == "x") | .gen2.path' "$OUT" | tr '\n' ' '
}
raws='COSMOS/2013-11-02/00814/HSC-I/HSC-0904026-000.fits COSMOS/2013-11-02/00814/HSC-I/HSC-0904026-001.fits '
outputs='rerun/t/00814/HSC-I/corr/CORR-0904026-000.fits rerun/t/00814/HSC-I/output/SRC-0904026-001.fits '
bias='BIAS/2022-07-01/00999/NONE/HSC-0999999-000.fits '
flat='CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits '
of_sky=$raws$outputs

# The same answers to the same questions.
both() { # CONDITION RULE PATHS
  expect_eq "$(excluded "$2")" "$3" "$2"
  expect_rc 0 dbb-gen2-scan gen2 --where "$1"
  expect_eq "$(paths)" "$3" "$1"
}
both "dataType = 'OBJECT'" 'match: {dataType: OBJECT}' "$of_sky"
both "expTime = 30" 'match: {expTime: 30}' "$of_sky"
both "dataType = 'BIAS'" 'match: {dataType: BIAS}' "$bias"
both "visit = 999999" 'match: {visit: 999999}' "$bias"
both "day_obs = 20131102" 'day_obs: 20131102' "$of_sky"
both "physical_filter = 'HSC-I'" 'match: {physical_filter: HSC-I}' "$raws$flat$outputs"
both "band = 'i'" 'match: {band: i}' "$raws$flat$outputs"
expect_rc 0 dbb-gen2-scan gen2 --day-obs 20131102
expect_eq "$(paths)" "$of_sky"

# What all rows of the exposure agree in, and nothing of a single detector.
exposure=$(jq -c 'select(.gen2.path == "rerun/t/00814/HSC-I/corr/CORR-0904026-000.fits") | [.gen2.exposure, .implied]' "$OUT")
expect_eq "$exposure" '[{"field":"COSMOS","dateObs":"2013-11-02","taiObs":"2013-11-02","expTime":30,"dataType":"OBJECT"},{"physical_filter":"HSC-I","band":"i","day_obs":20131102}]'
expect_eq "$(jq -c 'select(.dataset_type == "raw") | .gen2.exposure' "$OUT" | sort -u)" null

# Neither day nor age: configurations, schemas and reference catalogues are not kept back with the exposures.
expect_eq "$(excluded 'younger_than_h: 100000000, repos: [root, rerun], match: {dataType: [OBJECT, null]}')" "$of_sky"
expect_eq "$(excluded 'younger_than_h: 100000000')" "$bias$raws$flat$outputs"
expect_eq "$(excluded 'day_obs: ..20991231')" "$bias$raws$flat$outputs"
expect_eq "$(excluded 'match: {dataType: "*"}')" ''
# An output whose exposure is in no registry may be young.
mkdir -p gen2/rerun/t/00814/HSC-I/corr
echo x > gen2/rerun/t/00814/HSC-I/corr/CORR-0904999-000.fits
expect_match <(excluded 'younger_than_h: 1') 'CORR-0904999-000.fits $'
rm gen2/rerun/t/00814/HSC-I/corr/CORR-0904999-000.fits
# Only who says so means what has no value.
expect_match <(excluded 'match: {dataType: [FLAT, null]}') 'rerun/t/schema/src.fits'

# Gen3 names are as good as those of Gen2.
expect_eq "$(excluded 'dataset_types: [gaia_dr2]')" 'ref_cats/gaia_dr2/131072.fits '
expect_eq "$(excluded 'dataset_types: [ref_cat]')" 'ref_cats/gaia_dr2/131072.fits '

# The same without an index, and registries are left as they are.
sqlite3 gen2/registry.sqlite3 'CREATE TABLE copy AS SELECT * FROM raw; DROP TABLE raw; ALTER TABLE copy RENAME TO raw'
remember gen2
both "dataType = 'OBJECT'" 'match: {dataType: OBJECT}' "$of_sky"
expect_unchanged gen2

# Dataset types by either name, numbers as text.
where() { # CONDITION PATHS
  expect_rc 0 dbb-gen2-scan gen2 --where "$1"
  expect_eq "$(paths)" "$2" "$1"
}
refcat='ref_cats/gaia_dr2/131072.fits '
where "dataset_type = 'gaia_dr2'" "$refcat"
where "dataset_type = 'ref_cat'" "$refcat"
where "dataset_type IN ('flat', 'gaia_dr2')" "$refcat$flat"
where "NOT dataset_type = 'gaia_dr2' AND dataset_type IN ('flat', 'ref_cat')" "$flat"
where "visit = '904026'" "$of_sky"
where "visit = '904026' AND ccd IN ('1')" "$(echo "$of_sky" | tr ' ' '\n' | grep 001 | tr '\n' ' ')"
where "visit > '904026'" "$bias"
where "frameId = 'HSCA90402601'" "$(echo "$raws" | tr ' ' '\n' | grep 001 | tr '\n' ' ')"
where "visit = 'x'" ''
where ' ' "$(dbb-gen2-scan gen2 | jq -r 'select(.type == "gen2" and .action != "skip") | .gen2.path' | tr '\n' ' ')"

# dbb-convert decides on the same lines as the scan does, also when they went through jq.
make_repo repo HSC
expect_eq "$(excluded 'match: {dataType: OBJECT, band: i}, day_obs: 20131102, younger_than_h: 100000000')" "$of_sky"
dbb-gen2-scan gen2 | jq -c . > lines
dbb-convert -n --repo repo --rules rules.yaml < lines > "$OUT" 2> "$ERR" || true
expect_eq "$(jq -r 'select(.rule.id == "x") | .gen2.path' "$OUT" | tr '\n' ' ')" "$of_sky"
