#!/bin/bash
# Several files of one dataset, and calibrations that somebody has to look at: each file is told of once, nothing of it is
# gone, and whichever is chosen has the row's validity.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/gen2/_hsc.bash"

lines() { jq -r 'select(.type == "gen2" and .action != "skip") | [.gen2.path, .action, .reason] | join(" ")' "$OUT" | sort; }

# ---- registered raws: packed twice, and in both layouts of the mapper
cp -r "$DBB_TEST_DATA/gen2/lsstCam" cam
raw=$(dbb-gen2-scan cam | jq -r 'select(.dataset_type == "raw") | .gen2.path' | head -n 1)
others=$(dbb-gen2-scan cam | jq -r 'select(.dataset_type == "raw") | .gen2.path + " convert ok"' | tail -n +2)
cp "cam/$raw" "cam/$raw.gz"
cp "cam/$raw" "cam/$raw.fz"
expect_rc 0 dbb-gen2-scan cam --only root
expect_eq "$(lines)" "$(printf '%s\n' "$raw convert ok" "$others" | sort)"
rm "cam/$raw"
expect_rc 3 dbb-gen2-scan cam --only root
expect_eq "$(lines)" "$(printf '%s\n' "$raw.fz review duplicate_data_id" "$raw.gz review duplicate_data_id" "$others" | sort)"
expect_eq "$(jq -r --arg raw "$raw" 'select(.gen2.path == $raw + ".gz") | .gen2.source + " " + .notes[0]' "$OUT")" \
  "both \"$PWD/cam/$raw.fz\" has the same dataset type, run and data ID"
# Where the registry tells which it is, the other is one that it does not know.
rm "cam/$raw.fz"
mkdir -p cam/raw/1999-01-01/x
cp "cam/$raw.gz" "cam/raw/1999-01-01/$(basename "$(dirname "$raw")")-other.fits"
mkdir -p "cam/raw/1999-01-01/$(basename "$(dirname "$raw")")"
cp "cam/$raw.gz" "cam/raw/1999-01-01/$(basename "$(dirname "$raw")")/$(basename "$raw")"
expect_rc 3 dbb-gen2-scan cam --only root
expect_match <(lines) "^$raw.gz convert ok"
expect_match <(lines) "^raw/1999-01-01/[0-9]+/$(basename "$raw") review unregistered_raw"

# ---- calibrations
hsc_repository gen2
flat=CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits
cp gen2/$flat gen2/$flat.gz
mv gen2/$flat gen2/$flat.fz
sqlite3 gen2/CALIB/calibRegistry.sqlite3 "INSERT INTO flat (filter, ccd, calibDate, validStart, validEnd) VALUES
  ('HSC-I', 0, '2016-01-01', '2015-01-02', '2017-01-01'), ('HSC-I', 1, '2014-01-01', '2013-01-01', '2015-01-01'),
  ('HSC-I', 2, '2014-01-01', '2013-01-01', '2015-01-01')"
put gen2/CALIB/FLAT/2016-01-01/HSC-I/FLAT-2016-01-01-HSC-I-000.fits
ln -s nowhere gen2/CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-001.fits
mkfifo gen2/CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-002.fits
expect_rc 1 dbb-gen2-scan gen2 --only calib
expect_eq "$(lines)" "CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits.fz review duplicate_data_id
CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits.gz review duplicate_data_id
CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-001.fits error dangling_link
CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-002.fits review not_regular
CALIB/FLAT/2016-01-01/HSC-I/FLAT-2016-01-01-HSC-I-000.fits convert ok"
expect_eq "$(jq -c 'select(.gen2.path == "CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-001.fits") | has("size")' "$OUT")" false
# A gap between them is closed, whichever of the two is taken.
cat > rules.yaml << 'YAML'
rules: 1
owner: nobody
include:
- {id: gz, kind: permanent, reason: good, paths: "**/*.gz", reasons: [duplicate_data_id]}
- {id: all, kind: permanent, reason: good, paths: "**"}
exclude:
- {id: packed, kind: permanent, reason: the other is enough, paths: "**/*.fz"}
- {id: broken, kind: permanent, reason: broken, paths: ["**/*-001.fits", "**/*-002.fits"]}
YAML
expect_rc 0 dbb-gen2-scan gen2 --only calib --rules rules.yaml
expect_eq "$(jq -r 'select(.action == "convert") | [.gen2.path[-7:], .validity.begin_tai[:10], .validity.end_tai[:10], .calibration] | join(" ")' "$OUT")" \
  'fits.gz 2013-01-01 2015-01-02 HSC/calib
00.fits 2015-01-02 2017-01-01 HSC/calib'
make_repo repo HSC
dbb-gen2-scan gen2 --only calib --rules rules.yaml > plan
expect_rc 0 dbb-convert --repo repo < plan
table=$(sql repo "SELECT name FROM sqlite_master WHERE name LIKE 'dataset_calibs_%' AND type = 'table'")
expect_eq "$(sql repo "SELECT count(*) FROM $table")" 2 'both are certified'
