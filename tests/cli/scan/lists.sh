#!/bin/bash
# Paths come from the command line, globs, and lists on standard input.
. "$DBB_CLI_LIB"

mkdir in
touch in/a.fits in/b.fits in/notes.txt "in/with
newline.fits"
printf '%s\n' in/a.fits in/notes.txt > list
expect_rc 0 dbb-scan --paths < list
expect_eq "$(jq -r 'select(.uri) | .uri' "$OUT" | sed "s|^$PWD/||" | tr '\n' ' ')" "in/a.fits in/notes.txt "
find in -name '*.fits' -print0 | sort -z > list0
expect_rc 0 dbb-scan -0 < list0
expect_eq "$(jq -s 'map(select(.uri)) | length' "$OUT")" 3
expect_match "$OUT" 'with\\nnewline\.fits'
expect_rc 0 dbb-scan 'in/*.fits'
expect_eq "$(jq -s 'map(select(.uri)) | length' "$OUT")" 3
expect_rc 1 dbb-scan 'in/*.nothing'
expect_match "$ERR" 'no file matches'
touch 'in/a[1].fits'
expect_rc 0 dbb-scan 'in/a[1].fits'
expect_match "$OUT" 'a\[1\]\.fits'
expect_rc 2 dbb-scan
expect_match "$ERR" 'nothing to scan'
touch -- -dash.fits
expect_rc 0 dbb-scan -- -dash.fits
# An entry that is too long is one reject and not the end.
tooLong=$(head -c 1100000 /dev/zero | tr '\0' x)
printf '%s\n' in/a.fits "$tooLong" in/b.fits > list
printf '%s\0' in/a.fits in/b.fits > list0
printf %s "$tooLong" >> list0
for option in --paths -0; do
  expect_rc 1 dbb-scan $option --rejects "rejects$option" < "list${option//[^0]/}"
  expect_eq "$(jq -s 'map(select(.uri)) | length' "$OUT")" 2
  expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-scan"}'
  expect_eq "$(jq -r .error.code "rejects$option")" LINE_TOO_LONG
done

# What is found goes on before the next path comes.
mkfifo slow
dbb-scan --paths < slow > early &
pid=$!
exec 8> slow
echo "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" >&8
for _ in $(seq 50); do [ -s early ] && break; sleep 0.1; done
expect_match early 3018092000065
exec 8>&-
wait $pid
