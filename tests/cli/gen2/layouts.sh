#!/bin/bash
# Repositories that are not laid out as most are: templates of their own in parents, reruns and CALIB, reruns on another disk,
# calibrations in the root, a folder called rerun above all.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/gen2/_hsc.bash"

lines() { jq -r 'select(.type == "gen2" and .action != "skip") | [.gen2.path, .action, .reason, .dataset_type // "-"] | join(" ")' "$OUT" | LC_ALL=C sort; }
chain() { jq -r --arg name "$1" 'select(.name == $name).children | join(" ")' "$OUT"; }
latiss() { cp -r "$DBB_TEST_DATA/gen2/latiss" "$1"; }
raw=raw/2018-09-20/3018092000065-det000.fits

# ---- templates of a repository's own
latiss main
mkdir -p main/rawx
mv main/$raw main/rawx/3018092000065.fits
policy() { printf '_mapper: lsst.obs.lsst.latiss.LatissMapper\n_policy: {%s}\n' "$1"; }
policy 'exposures: {raw: {template: "rawx/%(expId)d.fits"}}' > main/repositoryCfg.yaml
mkdir user
ln -s ../main user/_parent
expect_rc 0 dbb-gen2-scan user --only root
expect_eq "$(lines)" "$PWD/main/rawx/3018092000065.fits convert ok raw"
rm -r user main

latiss main
bias=$(cd main && find CALIB/bias -name '*.fits')
mkdir main/CALIB/mine
for file in $bias; do mv "main/$file" main/CALIB/mine/; done
printf '_mapper: lsst.obs.lsst.latiss.LatissMapper\n_policy: {calibrations: {bias: {template: "mine/bias-det%%(detector)03d_%%(calibDate)s.fits"}}}\n' > main/CALIB/repositoryCfg.yaml
expect_rc 0 dbb-gen2-scan main --only calib
expect_eq "$(lines | grep -c 'CALIB/mine/.* convert ok bias')" "$(wc -l <<< "$bias")"
one=main/rerun/one two=main/rerun/two other=main/rerun/other bad=main/rerun/bad
for rerun in $one $two $other $bad; do
  mkdir -p "$rerun"/own
  ln -s ../.. "$rerun"/_parent
  echo x > "$rerun"/own/3018092000065.fits
done
policy 'exposures: {calexp: {template: "own/%(expId)d.fits"}}' > $one/repositoryCfg.yaml
echo '_parents: [../..]' >> $one/repositoryCfg.yaml
policy 'exposures: {calexp: {level: "?"}}' > $bad/repositoryCfg.yaml
printf '_mapper: lsst.obs.hsc.HscMapper\n_parents: [../..]\n' > $other/repositoryCfg.yaml
expect_rc 3 dbb-gen2-scan main --only reruns
expect_eq "$(lines)" 'rerun/bad/own/3018092000065.fits review unrecognised -
rerun/one/own/3018092000065.fits convert ok calexp
rerun/other/own/3018092000065.fits review unrecognised -
rerun/two/own/3018092000065.fits review unrecognised -'
expect_match "$ERR" 'rerun/other": its rerun is of another camera.s mapper, lsst.obs.hsc.HscMapper'
expect_match "$ERR" 'rerun/bad": the repository ".*rerun/bad" has a policy of its own with "exposures.calexp.level"'
expect_eq "$(chain LATISS/runs/other)$(chain LATISS/runs/bad)" ''
expect_rc 0 dbb-gen2-scan main --explain rerun/one/own/3018092000065.fits
expect_match "$OUT" 'dataset type: calexp'

# ---- reruns on another disk
hsc_repository near
mkdir -p disk/shared near/rerun/u/config
mv near/rerun/t disk/shared/t
rm disk/shared/t/_parent
ln -s "$PWD/near" disk/shared/t/_parent
ln -s "$PWD/disk/shared" near/rerun/shared
ln -s ../shared/t near/rerun/u/_parent
put near/rerun/u/config/processCcd.py
expect_rc 0 dbb-gen2-scan near --only reruns
expect_eq "$(chain HSC/runs/u)" 'HSC/runs/u/direct HSC/runs/t/direct HSC/raw/all HSC/calib'
expect_eq "$(grep -c . "$ERR")" 0
expect_rc 0 dbb-gen2-scan near/rerun/shared/t
expect_eq "$(lines | cut -d' ' -f2- | sort | uniq -c | awk '{print $1, $2, $3}' | paste -sd, )" '1 convert ok,1 convert ok,1 convert ok,1 convert ok'
mkdir -p far/rerun/w/config
echo lsst.obs.hsc.HscMapper > far/_mapper
ln -s ../../../near/rerun/u far/rerun/w/_parent
put far/rerun/w/config/processCcd.py
expect_rc 0 dbb-gen2-scan far
expect_match "$ERR" 'the rerun "w" reads through to ".*/near/rerun/u", a rerun of another repository, which its chain lacks'

# ---- a rerun under two names, and two whose runs are one
rerun() { # NAME PARENT
  mkdir -p "near/rerun/$1/config"
  ln -s "$2" "near/rerun/$1/_parent"
  put "near/rerun/$1/config/processCcd.py"
}
rerun RC/w_1 ../../..
ln -s RC/w_1 near/rerun/latest
ln -s u near/rerun/A
rerun shared/both ../../..
rerun both ../u
put near/rerun/both/schema/src.fits
expect_rc 3 dbb-gen2-scan near --only reruns
expect_match "$ERR" 'the rerun "latest" is a link to "RC/w_1", which is told of'
expect_match "$ERR" 'the rerun "A" is a link to "u", which is told of'
expect_match "$ERR" 'the reruns "both" and "shared/both" both become the run "HSC/runs/both/direct"'
expect_eq "$(lines | grep -c '^rerun/\(latest\|A\)/')" 0
expect_eq "$(chain HSC/runs/both)" 'HSC/runs/both/direct HSC/runs/u/direct HSC/runs/t/direct HSC/raw/all HSC/calib'
expect_eq "$(lines | grep both)" 'rerun/both/config/processCcd.py review duplicate_data_id processCcd_config
rerun/both/schema/src.fits convert ok src_schema
rerun/shared/both/config/processCcd.py review duplicate_data_id processCcd_config'
expect_rc 0 dbb-gen2-scan near --rerun latest
expect_eq "$(lines)" 'rerun/latest/config/processCcd.py convert ok processCcd_config'
rm -r near/rerun/{latest,A,RC,both,shared/both}
printf '_mapper: lsst.obs.hsc.HscMapper\n_parents: ../shared/t\n' > near/rerun/u/repositoryCfg.yaml
rm near/rerun/u/_parent
expect_rc 0 dbb-gen2-scan near --only reruns
expect_eq "$(chain HSC/runs/u)" 'HSC/runs/u/direct HSC/runs/t/direct HSC/raw/all HSC/calib'

# ---- a folder above the root that is called as reruns are
mkdir -p rerun/ci
mv near rerun/ci/DATA
rm rerun/ci/DATA/rerun/shared disk/shared/t/_parent
mv disk/shared/t rerun/ci/DATA/rerun/t
ln -s ../.. rerun/ci/DATA/rerun/t/_parent
expect_rc 0 dbb-gen2-scan rerun/ci/DATA/rerun/t
expect_eq "$(lines | grep -c 'convert ok')" 4

# ---- calibrations in the root, beside all else, and in the root of a parent
hsc_repository flat
mv flat/CALIB/* flat/
rmdir flat/CALIB
put flat/README flat/FLAT/2014-01-01/README
expect_rc 3 dbb-gen2-scan flat
expect_eq "$(lines | grep -v '^rerun')" "BIAS/2022-07-01/00999/NONE/HSC-0999999-000.fits convert ok raw
COSMOS/2013-11-02/00814/HSC-I/HSC-0904026-000.fits convert ok raw
COSMOS/2013-11-02/00814/HSC-I/HSC-0904026-001.fits convert ok raw
FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits convert ok flat
FLAT/2014-01-01/README review unrecognised -
README review unrecognised -
ref_cats/gaia_dr2/131072.fits convert ok gaia_dr2"
expect_rc 0 dbb-gen2-scan flat --only calib
expect_eq "$(lines)" 'FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits convert ok flat'
mkdir child
ln -s ../flat child/_parent
expect_rc 0 dbb-gen2-scan child --only calib
expect_eq "$(lines)" "$PWD/flat/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits convert ok flat"

# ---- names that the Butler can't be asked for, or that are none
rm flat/README flat/FLAT/2014-01-01/README
for name in 'a*b' 'in?' '[ab]' 'a,b' 'a b'; do
  mkdir -p "flat/rerun/$name/config"
  ln -s ../.. "flat/rerun/$name/_parent"
  put "flat/rerun/$name/config/processCcd.py"
done
put flat/ref_cats/sdss-dr9-fink-v5b/131072.fits flat/ref_cats/gaia_dr2/{1,262144}.fits
echo "config.indexer['HTM'].depth=7" > flat/ref_cats/sdss-dr9-fink-v5b/config.py
expect_rc 1 dbb-gen2-scan flat
expect_eq "$(jq -r 'select(.reason == "bad_run_name").gen2.repo' "$OUT" | LC_ALL=C sort | paste -sd:)" 'rerun/[ab]:rerun/a b:rerun/a*b:rerun/a,b:rerun/in?'
expect_eq "$(lines | grep -v convert | grep ref_cats)" 'ref_cats/gaia_dr2/1.fits review unrecognised gaia_dr2
ref_cats/gaia_dr2/262144.fits review unrecognised gaia_dr2
ref_cats/sdss-dr9-fink-v5b/131072.fits error bad_dataset_type_name sdss-dr9-fink-v5b'
expect_eq "$(jq -r 'select(.collection_type == "CHAINED").name' "$OUT" | grep -c runs)" 1

# ---- folders called as those of a Gen3 repository, with and without one
latiss gen3
put gen3/u/me/x.fits gen3/LATISS/raw/all/x.fits
expect_rc 3 dbb-gen2-scan gen3 --only root
expect_eq "$(lines | grep -v 'convert ok')" 'LATISS/raw/all/x.fits review unrecognised -
u/me/x.fits review unrecognised -'
echo 'datastore: {}' > gen3/butler.yaml
dbb-gen2-scan gen3 --only root > "$OUT" 2> "$ERR" || true
expect_eq "$(jq -r 'select(.reason == "gen3_product").gen2.path' "$OUT" | paste -sd' ')" 'LATISS/raw/all/x.fits u/me/x.fits'

# ---- days and sequence numbers tell of an image only beside its exposure
mkdir -p gen3/rerun/t
ln -s ../.. gen3/rerun/t/_parent
put gen3/rerun/t/quickLookExp/d2019-03-22/quickLookExp-d2019-03-22-s00002.fits
expect_rc 3 dbb-gen2-scan gen3 --only reruns
expect_eq "$(lines)" 'rerun/t/quickLookExp/d2019-03-22/quickLookExp-d2019-03-22-s00002.fits review data_id_collapse quickLookExp'
expect_eq "$(jq -r 'select(.reason == "data_id_collapse").notes | join("; ")' "$OUT")" 'its dayObs has no place in a Gen3 data ID; its seqNum has no place in a Gen3 data ID'

# ---- mosaics of the focal plane, which upstream leaves out, below CALIB as well
hsc_repository mosaics
put mosaics/{,CALIB/}focalplane/BIAS/2018-01-10/NONE/BIAS-2018-01-10.fits
expect_rc 0 dbb-gen2-scan mosaics
expect_eq "$(jq -r 'select(.reason == "excluded_type").gen2.path' "$OUT" | LC_ALL=C sort | paste -sd' ')" \
  'CALIB/focalplane/BIAS/2018-01-10/NONE/BIAS-2018-01-10.fits focalplane/BIAS/2018-01-10/NONE/BIAS-2018-01-10.fits'
