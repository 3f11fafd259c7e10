# A small Gen2 repository of HSC, for cases of dbb-gen2-scan.
# shellcheck shell=bash

# put FILE...                   files with something in them
put() {
  local file
  for file; do mkdir -p "$(dirname "$file")"; echo data > "$file"; done
}

# hsc_repository DIR            two raws of an image of the sky, one of a bias, outputs of the first in the rerun t, a
#                               reference catalogue, and a flat
hsc_repository() {
  local gen2=$1
  mkdir -p "$gen2/rerun/t"
  echo lsst.obs.hsc.HscMapper > "$gen2/_mapper"
  ln -s ../.. "$gen2/rerun/t/_parent"
  put "$gen2"/COSMOS/2013-11-02/00814/HSC-I/HSC-0904026-00{0,1}.fits "$gen2/BIAS/2022-07-01/00999/NONE/HSC-0999999-000.fits" \
    "$gen2/ref_cats/gaia_dr2/131072.fits" "$gen2/CALIB/FLAT/2014-01-01/HSC-I/FLAT-2014-01-01-HSC-I-000.fits" \
    "$gen2"/rerun/t/{00814/HSC-I/corr/CORR-0904026-000.fits,00814/HSC-I/output/SRC-0904026-001.fits,schema/src.fits,config/processCcd.py}
  echo "config.indexer['HTM'].depth=7" > "$gen2/ref_cats/gaia_dr2/config.py"
  sqlite3 "$gen2/registry.sqlite3" "CREATE TABLE raw (id integer primary key autoincrement, field text, visit int, ccd int,
      pointing int, filter text, dateObs text, taiObs text, expTime double, frameId text, dataType text, unique(visit, ccd));
    INSERT INTO raw (field, visit, ccd, pointing, filter, dateObs, taiObs, expTime, frameId, dataType) VALUES
      ('COSMOS', 904026, 0, 814, 'HSC-I', '2013-11-02', '2013-11-02', 30, 'HSCA90402600', 'OBJECT'),
      ('COSMOS', 904026, 1, 814, 'HSC-I', '2013-11-02', '2013-11-02', 30, 'HSCA90402601', 'OBJECT'),
      ('BIAS', 999999, 0, 999, 'NONE', '2022-07-01', '2022-07-01', 0, 'HSCA99999900', 'BIAS')"
  sqlite3 "$gen2/CALIB/calibRegistry.sqlite3" "CREATE TABLE flat (id integer primary key autoincrement, filter text, ccd int,
      calibDate text, validStart text, validEnd text, unique(filter, ccd, calibDate));
    INSERT INTO flat (filter, ccd, calibDate, validStart, validEnd) VALUES ('HSC-I', 0, '2014-01-01', '2013-01-01', '2015-01-01')"
}
