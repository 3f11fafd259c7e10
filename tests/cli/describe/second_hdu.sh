#!/bin/bash
# When HDU 0 does not say whose file it is, HDU 1 is merged over it.
. "$DBB_CLI_LIB"

{ card 'SIMPLE  =                    T'; card 'BITPIX  =                    8'; card 'NAXIS   =                    1'
  card 'NAXIS1  =                  100'; card "OBJECT  = 'first'"; card "IMGTYPE = 'BIAS'"; card END; } > hdu0
pad hdu0
head -c 2880 /dev/zero > data
{ card "XTENSION= 'IMAGE   '"; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'
  card 'PCOUNT  =                    0'; card 'GCOUNT  =                    1'
  card "INSTRUME= 'lsstCam'"; card "OBJECT  = 'second'"; card "OBSID   = 'MC_O_20250422_000250'"
  card "DAYOBS  = '20250422'"; card 'SEQNUM  =                  250'; card "RAFTBAY = 'R22'"; card "CCDSLOT = 'S11'"
  card 'MJD-BEG =        60788.171651652'; card 'EXPTIME =                  0.0'; card "FILTER  = 'r_57'"; card END; } > hdu1
pad hdu1
cat hdu0 data hdu1 > two.fits
expect_rc 0 dbb-describe two.fits
expect_eq "$(jq -c 'select(.uri) | [.data_id.detector, .records.exposure.target_name, .records.exposure.observation_type]' "$OUT")" \
  '[94,"second","bias"]'
gzip -k two.fits
expect_rc 0 dbb-describe two.fits.gz
# A file that ends before the second HDU could begin may yet become one.
head -c 2885 two.fits > cut.fits
expect_rc 1 dbb-describe --rejects young cut.fits
touch -d '1 hour ago' cut.fits
gzip -c cut.fits > cut.fits.gz
touch -d '1 hour ago' cut.fits.gz
expect_rc 1 dbb-describe --rejects old cut.fits cut.fits.gz
expect_eq "$(jq -c '[.error.code, .error.retry]' young old | tr '\n' ' ')" \
  '["STILL_WRITTEN",true] ["DATA_TRUNCATED",true] ["DATA_TRUNCATED",true] '
expect_match "$ERR" 'cut.fits": the file ends inside the data of HDU 0, after 2885 bytes'
# So may one that ends behind the first HDU, when that announces others.
{ card 'SIMPLE  =                    T'; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'
  card 'EXTEND  =                    T'; card END; } > announces.fits
pad announces.fits
expect_rc 1 dbb-describe --rejects announces announces.fits
touch -d '1 hour ago' announces.fits
expect_rc 1 dbb-describe --rejects announces announces.fits
{ cat announces.fits; echo other; } > followed.fits
expect_rc 1 dbb-describe --rejects announces followed.fits
expect_eq "$(jq -c '[.error.code, .error.retry]' announces | tr '\n' ' ')" \
  '["STILL_WRITTEN",true] ["UNKNOWN_INSTRUMENT",false] ["UNKNOWN_INSTRUMENT",false] '
# Without the second HDU nobody knows the file.
cat hdu0 data > one.fits
expect_rc 1 dbb-describe --rejects rejects one.fits
expect_eq "$(jq -c '[.error.code, .error.stage, .error.retry]' rejects)" '["UNKNOWN_INSTRUMENT","recognise",false]'
expect_match "$ERR" 'INSTRUME is absent'

# A primary header without END is cut short, though an extension with its own END follows; what only looks like an
# extension is none.
sed -z 's/END *//' hdu0 > open
truncate -s 2880 open
tr '\0' ' ' < open > hdu0.open
cat hdu0.open hdu1 > no-end.fits
{ cat hdu0 data; sed 's/^XTENSION/XTENSIOM/' hdu1; } > no-extension.fits
touch -d '1 hour ago' no-end.fits no-extension.fits
expect_rc 1 dbb-describe --rejects no-end no-end.fits no-extension.fits
expect_eq "$(jq -r .error.code no-end | paste -sd' ')" "HEADER_TRUNCATED UNKNOWN_INSTRUMENT"
