#!/bin/bash
# A primary header that CFITSIO would not open is refused, with the card and what it holds.
. "$DBB_CLI_LIB"

# made NAME SED-ARGUMENT...   the header of an image of 3 by 2 pixels as NAME.fits, changed by sed
made() {
  local name=$1
  shift
  sed "$@" << 'CARDS' | while IFS= read -r text; do card "$text"; done > "$name.fits"
SIMPLE  =                    T
BITPIX  =                   16
NAXIS   =                    2
NAXIS1  =                    3
NAXIS2  =                    2
INSTRUME= 'LSSTCam'
OBSID   = 'MC_O_20250422_000250'
DAYOBS  = '20250422'
SEQNUM  =                  250
IMGTYPE = 'BIAS'
RAFTBAY = 'R22'
CCDSLOT = 'S11'
MJD-BEG =        60788.171651652
EXPTIME =                  0.0
FILTER  = 'r_57'
END
CARDS
  pad "$name.fits"
}

made good ''
made does_not_conform 's/^\(SIMPLE .*\)T/\1F/'
made no_data -e 's/^\(NAXIS .*\)2/\10/' -e '/^NAXIS[12]/d'
expect_rc 0 dbb-describe good.fits does_not_conform.fits no_data.fits
expect_eq "$(jq -c 'select(.uri) | .data_id.detector' "$OUT" | tr '\n' ' ')" '94 94 94 '
while IFS='|' read -r name card value expected expression; do
  made "$name" "$expression"
  rm -f rejects
  expect_rc 1 dbb-describe --rejects rejects "$name.fits"
  expect_eq "$(jq -r '.error | "\(.code) \(.retry) \(.cause.card) \(.cause.value) \(.cause.expected)"' rejects)" \
    "BAD_CARD false $card $value $expected" "$name"
  expect_match "$ERR" "$name.fits\": card $card is (missing|\"?$value\"?), expected $expected"
done << 'END'
simple_text|SIMPLE|T|T or F|s/^SIMPLE .*/SIMPLE  = 'T'/
simple_undefined|SIMPLE|null|T or F|s/^SIMPLE .*/SIMPLE  =/
bitpix_7|BITPIX|7|one of 8, 16, 32, 64, -32, -64|s/^\(BITPIX .*\)16/\17/
bitpix_real|BITPIX|16.0|one of 8, 16, 32, 64, -32, -64|s/^\(BITPIX .*\)16/\116.0/
no_bitpix|BITPIX|null|one of 8, 16, 32, 64, -32, -64|/^BITPIX/d
naxis_negative|NAXIS|-1|a number from 0 to 999|s/^\(NAXIS .*\)2/\1-1/
naxis_1000|NAXIS|1000|a number from 0 to 999|s/^\(NAXIS .*\)2/\11000/
no_naxis|NAXIS|null|a number from 0 to 999|/^NAXIS /d
no_naxis2|NAXIS2|null|a length of 0 or more, and less than 1 PiB of data|/^NAXIS2/d
naxis1_negative|NAXIS1|-3|a length of 0 or more, and less than 1 PiB of data|s/^\(NAXIS1 .*\)3/\1-3/
naxis2_vast|NAXIS2|1000000000000000|a length of 0 or more, and less than 1 PiB of data|s/^\(NAXIS2 .*\)2/\11000000000000000/
pcount_vast|PCOUNT|9000000000000000000|a count that gives less than 1 PiB of data|s/^NAXIS2 .*/&\nPCOUNT  = 9000000000000000000/
gcount_negative|GCOUNT|-1|a count that gives less than 1 PiB of data|s/^NAXIS2 .*/&\nGCOUNT  = -1/
END
# A header dump is no FITS file.
expect_rc 0 dbb-describe "$DBB_TEST_DATA/headers/latiss-AT_O_20191031_000004.yaml"
