#!/bin/bash
# Datasets of all kinds come in: raws by their header, calibrations with their validity, data IDs of an exposure, of nothing,
# of a sky pixel; a second run finds all of it.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/convert/_lines.bash"

make_repo repo
raw=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
{
  raw_line "$raw"
  bias_line gen2/CALIB/bias-1.fits 0 null '"2018-10-01T00:00:00.000000000"'
  bias_line gen2/CALIB/bias-2.fits 0 '"2018-10-01T00:00:00.000000000"' null '.run = "LATISS/calib/20181001T000000Z"'
  bias_line gen2/CALIB/bias-3.fits 0 null null '.run = "LATISS/calib/20190101T000000Z" | del(.calibration, .validity) | .reason = "no_validity"'
  other_line gen2/rerun/test/icSrc.yaml '{"dataset_type": "icSrc", "dimensions": ["instrument", "exposure", "detector"], "data_id": {"instrument": "LATISS", "exposure": 3018092000065, "detector": 0}}'
  other_line gen2/rerun/test/config.yaml '{"dataset_type": "isr_config", "dimensions": [], "data_id": {}}'
  other_line gen2/ref_cats/gaia/147186.fits '{"dataset_type": "gaia", "dimensions": ["htm7"], "data_id": {"htm7": 147186}, "run": "refcats/gen2", "storage_class": "SimpleCatalog", "formatter": "lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter"}'
  echo '{"type":"collection","name":"LATISS/calib","collection_type":"CALIBRATION"}'
  echo '{"type":"collection","name":"skymaps","collection_type":"RUN"}'
  echo '{"type":"collection","name":"LATISS/defaults","collection_type":"CHAINED","children":["LATISS/raw/all","LATISS/calib","skymaps"]}'
  echo '{"type":"end","program":"dbb-gen2-scan"}'
} > lines
expect_rc 0 dbb-convert --repo repo < lines
expect_eq "$(outcomes "$OUT" | sort | uniq -c | sed 's/^ *//')" '1 LATISS/calib existing
1 LATISS/defaults done
3 bias done
1 gaia done
1 icSrc done
1 isr_config done
1 raw done
1 skymaps done'
expect_eq "$(tail -n 2 "$OUT" | jq -c .)" '{"type":"end","program":"dbb-gen2-scan"}
{"type":"end","program":"dbb-convert","input_end":true}'
# The rows, in the registry's own words.
expect_eq "$(sql repo "SELECT t.name, t.storage_class, c.name, f.path LIKE 'file://%', f.formatter, f.file_size FROM dataset d
  JOIN dataset_type t ON t.id = d.dataset_type_id JOIN collection c ON c.collection_id = d.run_id
  JOIN file_datastore_records f ON f.dataset_id = d.id WHERE t.name IN ('raw', 'gaia', 'isr_config') ORDER BY 1")" \
  "gaia|SimpleCatalog|refcats/gen2|1|lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter|$(stat -c %s gen2/ref_cats/gaia/147186.fits)
isr_config|StructuredDataDict|LATISS/runs/test/direct|1|lsst.daf.butler.formatters.yaml.YamlFormatter|$(stat -c %s gen2/rerun/test/config.yaml)
raw|Exposure|LATISS/raw/all|1|lsst.obs.lsst.rawFormatter.LatissRawFormatter|94940"
expect_eq "$(jq -r 'select(.dataset_type == "raw").id' "$OUT")" cfedc2bf-9e0a-5d35-b5db-71a356e436ca
# UUIDs are version 5 of type, run and data ID, in the Butler's name space.
name='dataset_type=bias,run=LATISS/calib/20180921T000000Z,detector=0,instrument=LATISS'
expect_eq "$(jq -r 'select(.run == "LATISS/calib/20180921T000000Z").id' "$OUT")" \
  "$(python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.UUID(sys.argv[1]), sys.argv[2]))' 840b31d9-05cd-5161-b2c8-00d32b280d0f "$name")"
calibs=$(sql repo "SELECT calibration_association_table FROM dataset_type WHERE name = 'bias'")
expect_eq "$(sql repo "SELECT c.name, r.name, b.detector, timespan_begin, timespan_end FROM $calibs b JOIN collection c USING (collection_id)
  JOIN dataset d ON d.id = b.dataset_id JOIN collection r ON r.collection_id = d.run_id ORDER BY 4")" \
  'LATISS/calib|LATISS/calib/20180921T000000Z|0|0|1538352000000000000
LATISS/calib|LATISS/calib/20181001T000000Z|0|1538352000000000000|4102444800000000000'
expect_eq "$(dbb-repo show repo collections | jq -c 'select(.name == "LATISS/defaults").children')" '["LATISS/raw/all","LATISS/calib","skymaps"]'
expect_rc 0 dbb-repo check repo

# Again: nothing changes. A raw that is where it was is not read.
remember repo/gen3.sqlite3
expect_rc 0 dbb-convert --repo repo < lines
expect_eq "$(outcomes "$OUT" | sed 's/.* //' | sort -u)" existing
expect_unchanged repo/gen3.sqlite3
cp "$OUT" again
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -e trace=openat -o trace dbb-convert --repo repo < lines > "$OUT" 2> "$ERR" || fail 'traced'
expect_no_match trace '3018092000065-det000.fits'
# To replace records one has to read it.
jq -c 'select(.dataset_type == "raw")' lines > raw
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -e trace=openat -o trace dbb-convert --repo repo --update-records < raw > "$OUT" 2> "$ERR" || fail 'traced'
expect_match trace '3018092000065-det000.fits'
# A file that has changed, or is gone, is not passed over.
cp -p gen2/rerun/test/icSrc.yaml kept.yaml
echo more >> gen2/rerun/test/icSrc.yaml
jq -c 'select(.dataset_type == "icSrc") | del(.size)' lines > src
expect_rc 1 dbb-convert --repo repo < src
expect_match "$ERR" 'has [0-9]+ bytes, but was registered with'
rm gen2/rerun/test/icSrc.yaml
expect_rc 0 dbb-convert --repo repo < src
expect_match "$ERR" 'the repository has this dataset, but not its file'
mv kept.yaml gen2/rerun/test/icSrc.yaml
# Another definition of the type is told, also of what is there.
jq -c 'select(.dataset_type == "isr_config") | .storage_class = "Config"' lines > other
expect_rc 1 dbb-convert --repo repo --rejects rejects < other
expect_eq "$(jq -r .error.code rejects)" DATASET_TYPE_CONFLICT
# A dataset that is stored, but not certified yet
bias_line gen2/CALIB/bias-3.fits 0 '"1990-01-01T00:00:00.000000000"' '"1991-01-01T00:00:00.000000000"' \
  '.run = "LATISS/calib/20190101T000000Z" | .calibration = "LATISS/calib/other"' > later
expect_rc 0 dbb-convert --repo repo < later
expect_eq "$(jq -c 'select(.convert).convert | [.outcome, .updated]' "$OUT")" '["updated",{"calibration":"LATISS/calib/other"}]'
expect_rc 0 dbb-repo check repo
# Chains come after their children, whatever the order of lines; children that are chains are replaced by theirs.
expect_rc 0 dbb-convert --repo repo << 'END'
{"type":"collection","name":"z/outer","collection_type":"CHAINED","children":["z/inner","skymaps","LATISS/raw/all"]}
{"type":"collection","name":"z/inner","collection_type":"CHAINED","children":["z/run","LATISS/defaults"]}
{"type":"collection","name":"z/run","collection_type":"RUN"}
END
expect_eq "$(dbb-repo show repo collections | jq -c 'select(.name == "z/outer").children')" '["z/run","LATISS/raw/all","LATISS/calib","skymaps"]'
# A chain that somebody has arranged keeps its order and gets what it lacks, before what the line has behind it.
sqlite3 repo/gen3.sqlite3 "DELETE FROM collection_chain WHERE parent = (SELECT collection_id FROM collection WHERE name = 'z/outer') AND position = 1"
echo '{"type":"collection","name":"z/outer","collection_type":"CHAINED","children":["LATISS/raw/all","z/run"]}' > line
expect_rc 0 dbb-convert --repo repo < line
expect_eq "$(jq -r 'select(.convert).convert.outcome' "$OUT")" updated
expect_eq "$(dbb-repo show repo collections | jq -c 'select(.name == "z/outer").children')" '["LATISS/raw/all","z/run","LATISS/calib","skymaps"]'
