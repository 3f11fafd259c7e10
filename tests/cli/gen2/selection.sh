#!/bin/bash
# Parts of a repository: root, calibrations, reruns, dataset types, days, conditions; runs, skymaps, templates, rules.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/latiss" gen2
calexp=calexp/2018-09-20/calexp_3018092000065-unknown~unknown-det000.fits
put() { # FILE...
  for file; do mkdir -p "$(dirname "$file")"; echo data > "$file"; done
}
mkdir -p gen2/rerun/{RC/w_2021_02/sfm,shared/t/inner,private/u1/t}
ln -s ../../.. gen2/rerun/shared/t/_parent
ln -s ../../../.. gen2/rerun/private/u1/t/_parent
ln -s ../../../../rerun/shared/t gen2/rerun/RC/w_2021_02/sfm/_parent
ln -s ../../../.. gen2/rerun/shared/t/inner/_parent
put gen2/rerun/{RC/w_2021_02/sfm,shared/t,private/u1/t,shared/t/inner}/$calexp gen2/$calexp
put gen2/rerun/shared/t/deepCoadd/r/9813/3,2.fits

paths() { jq -r 'select(.type == "gen2" and .action != "skip") | .gen2.path' "$OUT" | tr '\n' ' '; }
chains() { jq -r 'select(.children) | .name + "=" + (.children | join(","))' "$OUT" | tr '\n' ' '; }
expect_rc 3 dbb-gen2-scan gen2
root='LATISS/raw/all,LATISS/calib'
expect_eq "$(chains)" "LATISS/defaults=$root,skymaps LATISS/runs/RC/w_2021_02/sfm=LATISS/runs/RC/w_2021_02/sfm/direct,LATISS/runs/t/direct,$root u/u1/t=u/u1/t/direct,$root LATISS/runs/t=LATISS/runs/t/direct,$root LATISS/runs/t/inner=LATISS/runs/t/inner/direct,$root "
expect_eq "$(jq -c 'select(.reason == "no_run") | [.gen2.path, .notes]' "$OUT")" "[\"$calexp\",[\"outputs in the root have no run; name one with --run calexp=RUN\"]]"
expect_eq "$(jq -c 'select(.reason == "needs_skymap") | [.action, .data_id, .patch_xy, .dimensions]' "$OUT")" '["review",{"band":"r","tract":9813},"3,2",["band","skymap","tract","patch"]]'
# An output that upstream would have given the data ID of its detector alone.
expect_eq "$(jq -c 'select(.gen2.repo == "rerun/private/u1/t" and .dataset_type) | [.data_id, .dimensions, .run, .formatter]' "$OUT")" '[{"instrument":"LATISS","detector":0,"exposure":3018092000065},["instrument","detector","exposure"],"u/u1/t/direct","lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter"]'

expect_rc 0 dbb-gen2-scan gen2 --run calexp=LATISS/old --skymap rings
expect_eq "$(jq -r 'select(.gen2.path == "'$calexp'") | .run' "$OUT")" LATISS/old
expect_eq "$(jq -c 'select(.patch_xy) | .data_id' "$OUT")" '{"band":"r","skymap":"rings","tract":9813}'

# Reruns by their names, or named in the place of the root.
for words in 'gen2 --rerun private/u1/t' gen2/rerun/private/u1/t 'gen2 --rerun private/*/?'; do
  read -r -a options <<< "$words"
  expect_rc 0 dbb-gen2-scan "${options[@]}"
  expect_eq "$(paths)" "rerun/private/u1/t/$calexp " "$words"
done
expect_rc 0 dbb-gen2-scan gen2 --rerun RC/w_2021_02/sfm
expect_eq "$(chains)" "LATISS/defaults=$root,skymaps LATISS/runs/RC/w_2021_02/sfm=LATISS/runs/RC/w_2021_02/sfm/direct,LATISS/runs/t/direct,$root "

expect_rc 0 dbb-gen2-scan gen2 --only calib
expect_eq "$(paths)" 'CALIB/bias/2018-09-21/bias-det000_2018-09-21.fits '
expect_rc 0 dbb-gen2-scan gen2 --only root --dataset-type 'ra?'
expect_eq "$(paths)" 'raw/2018-09-20/3018092000065-det000.fits '
expect_rc 3 dbb-gen2-scan gen2 --only root --only calib --day-obs 20180920
expect_eq "$(paths)" "$calexp raw/2018-09-20/3018092000065-det000.fits "
expect_rc 0 dbb-gen2-scan gen2 --dataset-type raw --day-obs 20180921..20190101
expect_eq "$(paths)" ''
for days in 20180920 2018-09-20 20180901.. ..2018-09-30 2018-09-01..20180930; do
  expect_rc 0 dbb-gen2-scan gen2 --dataset-type raw --day-obs $days
  expect_eq "$(paths)" 'raw/2018-09-20/3018092000065-det000.fits ' "$days"
done
for days in 20180921.. ..20180919; do
  expect_rc 0 dbb-gen2-scan gen2 --dataset-type raw --day-obs $days
  expect_eq "$(paths)" '' "$days"
done
for words in "expTime > 26 AND detector = 0" "imageType = 'UNKNOWN' AND expId IN (3018092000001..3018092000099)" "dataset_type = 'raw'"; do
  expect_rc 0 dbb-gen2-scan gen2 --only root --dataset-type raw --where "$words"
  expect_eq "$(paths)" 'raw/2018-09-20/3018092000065-det000.fits ' "$words"
done
# What the path of an output lacks is taken from the row of its exposure.
expect_rc 0 dbb-gen2-scan gen2 --rerun 'shared/**' --where "obsid = 'AT_C_20180920_000065'"
expect_eq "$(paths)" "rerun/shared/t/$calexp rerun/shared/t/inner/$calexp "

# A layout that no mapper has.
put gen2/CALIB/by_hand/2018-09-21/7.fits
expect_rc 3 dbb-gen2-scan gen2 --only calib
expect_eq "$(jq -c 'select(.reason == "unrecognised") | .gen2.nearest.element' "$OUT")" '"by_hand"'
echo '{types: {dark: {template: "by_hand/%(calibDate)s/%(detector)d.fits"}}}' > templates.yaml
expect_rc 0 dbb-gen2-scan gen2 --only calib --templates templates.yaml
expect_eq "$(jq -c 'select(.dataset_type == "dark") | [.data_id, .storage_class, .reason]' "$OUT")" '[{"instrument":"LATISS","detector":7},"ExposureF","no_validity"]'
rm -r gen2/CALIB/by_hand

# Calibrations that are elsewhere; those that are not meant can be scanned by themselves.
cp -r gen2/CALIB elsewhere
expect_rc 0 dbb-gen2-scan gen2 --calib ../elsewhere --dataset-type bias
expect_match "$ERR" 'gen2/CALIB" is a repository of its own, which has to be scanned by itself$'
expect_eq "$(paths)" "$PWD/elsewhere/bias/2018-09-21/bias-det000_2018-09-21.fits "
expect_rc 0 dbb-gen2-scan gen2/CALIB
expect_eq "$(jq -c 'select(.type == "gen2" and .action != "skip") | [.gen2.repo, .gen2.path, .action, .run, .calibration]' "$OUT")" '["calib","bias/2018-09-21/bias-det000_2018-09-21.fits","convert","LATISS/calib/20180921T000000Z","LATISS/calib"]'
expect_no_match "$ERR" 'registry.sqlite3'
rm -r gen2/CALIB
expect_rc 0 dbb-gen2-scan gen2 --calib ../elsewhere --only calib
expect_eq "$(paths)" "$PWD/elsewhere/bias/2018-09-21/bias-det000_2018-09-21.fits "

# Rules decide, and what none speaks of is undecided.
cat > rules.yaml << 'YAML'
rules: 1
owner: nobody
include: [{id: raws, kind: permanent, reason: wanted, dataset_types: [raw]}]
exclude: [{id: sfm, kind: permanent, reason: done elsewhere, reruns: ["RC/**"]}]
YAML
expect_rc 3 dbb-gen2-scan gen2 --rules rules.yaml
expect_eq "$(jq -r 'select(.action == "convert") | .rule.id' "$OUT")" raws
expect_eq "$(jq -r 'select(.rule.id == "sfm") | .action + " " + .reason' "$OUT")" 'skip excluded_by_rule'
expect_match "$OUT" '"action":"undecided","reason":"no_rule"'
# Nothing of any rerun is converted, so there is no chain or run of one.
expect_eq "$(chains)" "LATISS/defaults=$root,skymaps "
expect_eq "$(jq -r 'select(.collection_type == "RUN") | .name' "$OUT" | tr '\n' ' ')" 'LATISS/raw/all skymaps '
expect_match "$ERR" 'the rules convert nothing of 4 reruns, which get no chains: RC/w_2021_02/sfm, private/u1/t, shared/t, shared/t/inner$'
# Chains of others lack the runs of those that are left out, be they the parents.
sed -i 's/dataset_types: \[raw\]/reruns: ["**"]/; s/"RC\/\*\*"/"shared\/**", "private\/**"/' rules.yaml
expect_rc 3 dbb-gen2-scan gen2 --rules rules.yaml
expect_eq "$(chains)" "LATISS/defaults=$root,skymaps LATISS/runs/RC/w_2021_02/sfm=LATISS/runs/RC/w_2021_02/sfm/direct,$root "
