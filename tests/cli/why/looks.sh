#!/bin/bash
# Marks follow the locale; colours need a terminal, and NO_COLOR takes them away; names can't drive a terminal.
. "$DBB_CLI_LIB"

cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" a.fits
for locale in LC_ALL=C.UTF-8 'LC_ALL= LANG=en_US.utf8' 'LC_ALL= LC_CTYPE=C.UTF-8 LANG=C'; do
  # shellcheck disable=SC2086  # several settings
  expect_rc 0 env $locale dbb-why a.fits
  expect_match "$OUT" '^  ✓ read$'
  expect_match "$OUT" '^  · commit$'
done
for locale in LC_ALL=C 'LC_ALL=C LANG=C.UTF-8' 'LC_ALL= LANG=de_DE.ISO-8859-1'; do
  # shellcheck disable=SC2086
  expect_rc 0 env $locale dbb-why a.fits
  expect_match "$OUT" '^  \[ok\]     read$'
done
expect_rc 3 env LC_ALL=C.UTF-8 dbb-why missing.fits
expect_match "$OUT" '^  ✗ read  '
expect_no_match "$OUT" $'\033'

terminal() { script -qc "$1" /dev/null < /dev/null | tr -d '\r' > "$OUT"; }
terminal 'TERM=xterm LC_ALL=C.UTF-8 dbb-why a.fits'
expect_match "$OUT" $'^  \033\\[32m✓\033\\[0m read$'
for quiet in NO_COLOR=1 TERM=dumb; do
  terminal "TERM=xterm $quiet LC_ALL=C.UTF-8 dbb-why a.fits"
  expect_match "$OUT" '^  ✓ read$'
  expect_no_match "$OUT" $'\033'
done
cp a.fits $'b\033[31m.fits'
terminal "NO_COLOR=1 TERM=xterm dbb-why b*.fits"
expect_no_match "$OUT" $'\033'
expect_match "$OUT" '^b\\x1b\[31m.fits: '
expect_rc 0 dbb-why b*.fits
expect_match "$OUT" $'^b\033\\[31m.fits: '
# Nothing to explain.
terminal 'dbb-why < /dev/tty'
expect_match "$OUT" '^dbb-why: nothing to explain'
