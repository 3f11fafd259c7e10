#!/bin/bash
# What the converter of old got wrong, each defect by its name: one repository that has them all is converted, and
# everything sound in it comes in.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/imsim" gen2
chmod -R u+w gen2
raw=raw/204595/R11/00204595-R11-S20-det042.fits
put() { mkdir -p "gen2/$(dirname "$1")"; echo "$1" > "gen2/$1"; }
raws() { sqlite3 gen2/registry.sqlite3 "$1"; }
# another EXPOSURE     the row of the raw once more, for another exposure
another() {
  raws "CREATE TEMP TABLE one AS SELECT * FROM raw LIMIT 1; UPDATE one SET id = NULL, visit = $1, expId = $1; INSERT INTO raw SELECT * FROM one"
}
another 204596                                             # its file has expired
another 204597                                             # its file can't be read
put raw/204595/R11/00204597-R11-S20-det042.fits
cp gen2/$raw gen2/raw/204595/R11/00204598-R11-S20-det042.fits # has no row
sqlite3 gen2/CALIB/calibRegistry.sqlite3 "INSERT INTO bias (filter, detector, calibDate, validStart, validEnd) VALUES ('NONE', 43, '2022-01-01', '2022-01-01', '2022-01-09'),
  ('NONE', 43, '2022-02-01', '2022-01-10', '2022-03-01'), ('NONE', 44, '2022-01-01', '2022-01-01', '2022-02-01'), ('NONE', 44, '2022-02-01', '2022-01-20', '2022-03-01'),
  ('NONE', 45, '2022-01-01', 'None', 'None')"
for date in 2022-01-01 2022-02-01; do
  put CALIB/bias/$date/bias-R11-S21-det043_$date.fits
  put CALIB/bias/$date/bias-R11-S22-det044_$date.fits
done
put CALIB/bias/2022-01-01/bias-R12-S00-det045_2022-01-01.fits
put CALIB/bias/2022-01-01/bias-R12-S01-det046_2022-01-01.fits # has no row
put processCcd_metadata/00204595-i/R11/processCcdMetadata_00204595-i-R11-S20-det042.yaml # of the root, without a run
put eimage/204595/E000/R11/eimage_00204595_R11_S20_E000.fits.gz # no storage class
for exposure in 00204595 00204596; do
  put rerun/t/postISRCCD/$exposure-i_sim_1.4/R11/postISRCCD_$exposure-i_sim_1.4-R11-S20-det042.fits
done
put rerun/t/config/processCcd.py
put rerun/t/config/processCcd.py~1
put rerun/t/deepCoadd/BrightObjectMasks/3828/BrightObjectMask-3828-1,2-i.reg
put rerun/t/dcrCoadd/i0of3/3828/1,2.fits
ln -s nowhere gen2/rerun/t/config/dangling.py
mkfifo gen2/rerun/t/config/fifo.py
put LSSTCam-imSim/calib/20220101T000000Z/bias/bias_x.fits  # of a conversion in place
: > gen2/butler.yaml
printf '%s\n' '!RepositoryCfg_v1' '_mapper: !!python/object/apply:os.system ["touch pwned"]' '_mapperArgs: {}' '_parents: [../..]' '_policy: null' '_root: null' > gen2/rerun/t/repositoryCfg.yaml
sed -i 's/^_mapper:.*/_mapper: lsst.obs.lsst.imsim.ImsimMapper/; s/^_mapperArgs: .*/_mapperArgs: {x: !!python\/object\/apply:os.system ["touch pwned"]}/' gen2/rerun/t/repositoryCfg.yaml
remember gen2

make_repo repo LSSTCam-imSim
dbb-gen2-scan gen2 > lines 2> scan.err || expect_eq $? 1 'status of the scan'
expect_rc 1 dbb-convert --repo repo --rejects rejects < lines
cp "$OUT" receipts
expect_unchanged gen2
[ ! -e pwned ] || fail 'E.14: a configuration was executed'
told() { jq -r --arg part "$1" 'select(.uri and (.uri | contains($part))) | .action + " " + .reason' lines | sort -u; }
# defect NAME PART EXPECTED      what is told of the files with that part in their path
defect() { expect_eq "$(told "$2")" "$3" "$1"; }
done_of() { jq -r --arg part "$1" 'select(.convert and .uri and (.uri | contains($part))) | .convert.outcome' receipts; }
stored() { expect_eq "$(done_of "$2")" "$3" "$1"; }

stored 'D.8: an expired raw blocked the whole conversion' $raw 'done'
defect 'D.8: a raw without a file' 00204596-R11 'error missing_file'
expect_eq "$(jq -r 'select(.uri | contains("00204597")).error.code' rejects)" NOT_FITS 'D.8: a bad header'
stored 'D.8: calibrations were never reached after a bad header' CALIB/flat 'done'
defect 'D.8: a raw without a row was never seen' 00204598-R11 'review unregistered_raw'
defect 'D.4 item 3: a type of the root without a run ended everything' processCcdMetadata 'review no_run'
defect 'D.4 item 2: a type without storage class was left out quietly' eimage_ 'skip no_storage_class'
defect 'D.5: a calibration without a row was never certified, and nobody knew' det046 'convert no_validity'
stored 'D.5: but it comes in' det046 'done'
defect 'B.2: None as validity' det045 'convert bad_validity_text'
expect_eq "$(jq -c 'select(.gen2.path == "CALIB/bias/2022-01-01/bias-R11-S21-det043_2022-01-01.fits").gen2.calib.adjust' lines)" '["gap_closed"]' 'E.2: gaps of a day'
defect 'D.5: an overlap ended the certification of all' det044 'error validity_overlap'
expect_eq "$(jq -r 'select(.convert and .dataset_type == "bias") | .data_id.detector' receipts | sort | uniq -c | tr -s ' \n' ' ')" ' 1 42 2 43 1 45 1 46 ' 'D.5: the others are certified'
expect_eq "$(jq -c 'select(.dataset_type == "postISRCCD").data_id' lines)" '{"instrument":"LSSTCam-imSim","detector":42,"exposure":204595}
{"instrument":"LSSTCam-imSim","detector":42,"exposure":204596}' 'D.7 (1): outputs by expId collapsed'
defect 'D.7 (2): subfilters were dropped' dcrCoadd/i0of3 'review data_id_collapse'
defect 'C.4: a dangling link was passed over' dangling.py 'error dangling_link'
defect 'C.4: so was what is no file' fifo.py 'review not_regular'
defect 'E.4: backups of configurations' 'processCcd.py~1' 'skip ignored_pattern'
defect 'E.13: products of a conversion in place' bias_x.fits 'skip gen3_product'
expect_eq "$(jq -r 'select(.dataset_type == "brightObjectMask").run' lines)" masks 'E.7: masks of a rerun are of a run of their own'
expect_eq "$(sql repo "SELECT timespan_begin, timespan_end FROM exposure")" '1664952806356800115|1664952836357000000' 'E.12: times come from the header'
expect_eq "$(find gen2/rerun -name '*.sqlite3')" '' 'E.3: a registry was made'

# D.8: a second run conflicted, and appended the same children again.
chains() { dbb-repo show repo collections | jq -c 'select(.children) | [.name, .children]'; }
chains > before
expect_rc 1 dbb-convert --repo repo < lines
expect_eq "$(jq -r 'select(.convert).convert.outcome' "$OUT" | sort -u)" existing 'D.8: a second run'
chains | diff before - || fail 'D.8: chains have changed'
# D.8: raws that were compressed later, behind a template with the suffix of an HDU, were not found; twins conflicted.
gzip gen2/$raw
dbb-gen2-scan gen2 > lines 2> scan.err || expect_eq $? 1
defect 'D.8: only .gz' 00204595-R11-S20-det042.fits.gz 'convert ok'
gzip -dk gen2/$raw.gz
dbb-gen2-scan gen2 > lines 2> scan.err || expect_eq $? 1
defect 'D.8: both' 00204595-R11-S20-det042.fits.gz 'skip compressed_duplicate'
# E.1: files of older layouts were lost quietly; a table tells where they are.
put rerun/t/oldStyle/00204595/R11/calexp-42.fits
dbb-gen2-scan gen2 --rerun t > lines 2> scan.err || expect_eq $? 1
defect 'E.1: unknown' calexp-42 'review unrecognised'
echo 'types: {calexp: {template: "oldStyle/%(visit)08d/%(raftName)s/calexp-%(detector)d.fits"}}' > templates.yaml
dbb-gen2-scan gen2 --rerun t --templates templates.yaml > lines 2> scan.err || expect_eq $? 1
defect 'E.1: with its template' calexp-42 'convert ok'
