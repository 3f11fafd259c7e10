#!/bin/bash
# A PhoSim file is recognised by its first HDU and described by the first two.
. "$DBB_CLI_LIB"

{ card 'SIMPLE  =                    T'; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'
  card 'EXTEND  =                    T'; card "CREATOR = 'PHOSIM  '"; card "FILTER  = 'u       '"; card END; } > hdu0
{ card "XTENSION= 'IMAGE   '"; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'
  card 'PCOUNT  =                    0'; card 'GCOUNT  =                    1'; card 'OBSID   =               204595'
  card "FILTER  = 'i       '"; card "RAFTNAME= 'R11     '"; card "SENSNAME= 'S02     '"; card 'MJD-OBS =     59798.2854090173'
  card 'EXPTIME =                 30.0'; card 'ZENITH  =                 30.0'; card 'AZIMUTH =                400.0'
  card 'ROTANGZ =                100.0'; card 'RATEL   =               51.625'; card 'DECTEL  =              -39.875'
  card 'LSST_NUM= 1'; card END; } > hdu1
pad hdu0
pad hdu1
cat hdu0 hdu1 > phosim.fits
expect_rc 0 dbb-describe phosim.fits
expect_eq "$(jq -c 'select(.data_id) | [.instrument, .data_id.exposure, .data_id.detector, .physical_filter,
  (.records.exposure | .azimuth, .zenith_angle, .sky_angle, .tracking_ra, .observation_type)]' "$OUT")" \
  "[\"LSSTCam-PhoSim\",204595,$(jq -c '.detectors[] | select(.full_name == "R11_S02") | .id' "$DBB_TEST_DATA/instruments/LSSTCam-PhoSim.json"),\"i\",40,30,350,51.625,\"science\"]"
touch -d '1 hour ago' hdu0
expect_rc 1 dbb-describe --rejects half hdu0
