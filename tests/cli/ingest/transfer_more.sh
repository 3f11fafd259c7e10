#!/bin/bash
# The rest of the transfer modes; modes and groups of what is made; a move that was cut short completes.
. "$DBB_CLI_LIB"

name=LATISS/raw/all/raw/20180920/AT_C_20180920_000065/raw_LATISS_unknown~unknown_AT_C_20180920_000065_RXX_S00_LATISS_raw_all.fits
cp "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" a.fits
ln -s a.fits alias.fits
plant_bystander .
fill() { # mode, options
  make_repo "$1" LATISS
  expect_rc 0 dbb-ingest --repo "$1" -t "$1" "${@:2}"
}
fill hardlink alias.fits
if [ -L "hardlink/$name" ] || ! [ a.fits -ef "hardlink/$name" ]; then fail "no hard link to the file itself"; fi
fill symlink alias.fits
expect_eq "$(readlink "symlink/$name")" "$PWD/a.fits"
fill relsymlink alias.fits
expect_eq "$(readlink "relsymlink/$name")" "../../../../../../../a.fits"
cmp a.fits "relsymlink/$name" || fail "the relative link leads nowhere"
fill split a.fits
expect_eq "$(sql split 'SELECT path FROM file_datastore_records')" "file://$PWD/a.fits"
cp a.fits split/inside.fits
sqlite3 split/gen3.sqlite3 'DELETE FROM dataset_location; DELETE FROM file_datastore_records; PRAGMA foreign_keys=ON; DELETE FROM dataset'
expect_rc 0 dbb-ingest --repo split -t split split/inside.fits
expect_eq "$(sql split 'SELECT path FROM file_datastore_records')" inside.fits

# A move: the source is gone, the file is the same.
cp a.fits source.fits
inode=$(stat -c %i source.fits)
fill move source.fits
[ ! -e source.fits ] || fail "the source is still there"
expect_eq "$(stat -c %i "move/$name")" "$inode"
# The row is there and the source, too, as after a crash between commit and removal: a second run completes.
cp "move/$name" source.fits
expect_rc 0 dbb-ingest --repo move -t move source.fits
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT")" existing
[ ! -e source.fits ] || fail "the second run left the source"
# The file is in place but has no row, as after a crash before the commit.
sqlite3 move/gen3.sqlite3 'DELETE FROM dataset_location; DELETE FROM file_datastore_records'
cp "move/$name" source.fits
expect_rc 0 dbb-ingest --repo move -t move source.fits
expect_eq "$(sql move 'SELECT count(*) FROM file_datastore_records')" 1
[ ! -e source.fits ] || fail "the source stayed"
# Another file under the same data ID is not removed.
cp a.fits other.fits; printf x >> other.fits
expect_rc 1 dbb-ingest --repo move -t move --rejects other.rejects other.fits
expect_eq "$(jq -r .error.code other.rejects)" OTHER_ORIGIN
[ -e other.fits ] || fail "another file was removed"
# A failed row leaves the source where it was.
cp a.fits source.fits
make_repo conflict LATISS
expect_rc 0 dbb-ingest --repo conflict -t copy a.fits
sqlite3 conflict/gen3.sqlite3 "PRAGMA foreign_keys=ON; DELETE FROM dataset_location; DELETE FROM file_datastore_records; DELETE FROM dataset; UPDATE exposure SET target_name='x'"
rm "conflict/$name"
expect_rc 1 dbb-ingest --repo conflict -t move source.fits
cmp a.fits source.fits || fail "the source of a failed move is gone"
[ ! -e "conflict/$name" ] || fail "a file without a row was left"

umask 022
make_repo modes LATISS
chgrp 1 modes
chmod g+s modes
expect_rc 0 dbb-ingest --repo modes -t copy --mode 660 a.fits
expect_eq "$(stat -c '%a %g' "modes/$name")" "660 1"
expect_eq "$(stat -c '%a %g' "modes/$(dirname "$name")")" "2770 1"
fill copy --group 2 --mode 444 a.fits
expect_eq "$(stat -c '%a %g' "copy/$name")" "444 2"
expect_rc 2 dbb-ingest --repo copy -t copy --mode 999 a.fits
expect_rc 2 dbb-ingest --repo copy -t copy --group no-such-group a.fits
expect_unchanged ./bystander.txt

# A name as long as the file system takes is copied, too, although its copy is made under a longer name first.
make_repo long LATISS
for width in 248 250; do # too long for a prefix even with a process number of one digit
  sed -i "/^  templates:/,+1d; s|^datastore:|&\n  templates:\n    raw: \"{exposure:0>$width}\"|" long/butler.yaml
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 expect_rc 0 strace -f -o trace -e trace=renameat2 dbb-ingest --repo long -t copy --run "r$width" a.fits
  cmp a.fits "long/$(printf "%0${width}d" 3018092000065).fits" || fail "no copy with a name of $((width + 5)) bytes"
  expect_match trace '/\.dbb-[0-9]+-000[^/"]*-[0-9]+", '
done
sed -i 's|"{exposure:0>250}"|"{exposure:0>251}"|' long/butler.yaml
expect_rc 1 dbb-ingest --repo long -t copy --run longer --rejects longer a.fits
expect_eq "$(jq -r .error.code longer)" NAME_TOO_LONG

# Names that the Butler would take for others: %XX is an encoded character to it, # begins a fragment, ~ is somebody's home.
make_repo names LATISS
mkdir -p 'names/a%20b' 'names/a%2zb#/c' 'names/~'
for file in 'a%20b/a.fits' 'a#1.fits' \~/a.fits; do
  cp a.fits "names/$file"
  for mode in none auto split; do
    expect_rc 1 dbb-ingest --repo names -t $mode --rejects rejects "names/$file"
    expect_eq "$(jq -r .error.code rejects)" BAD_URI "$file"
    expect_match "$ERR" 'where the Butler would not find it'
    rm rejects
  done
done
for run in 'a%20b' '%2e%2e/x'; do
  for option in '' -n; do
    # shellcheck disable=SC2086
    expect_rc 1 dbb-ingest --repo names -t copy --run "$run" $option --rejects rejects a.fits
    expect_eq "$(jq -r '.error | .code + " " + .hint' rejects)" 'BAD_URI choose another run, or record the file where it is'
    rm rejects
  done
done
[ -z "$(sql names 'SELECT * FROM dataset')" ] || fail 'something was stored'
expect_rc 0 dbb-ingest --repo names -t direct --run 'a%20b' 'names/a%20b/a.fits'
expect_eq "$(sql names 'SELECT path FROM file_datastore_records')" "file://$PWD/names/a%2520b/a.fits"
cp a.fits 'names/a%2zb#/c/x.fits'
expect_rc 0 dbb-ingest --repo names -t none --run other 'names/a%2zb#/c/x.fits'
expect_rc 0 dbb-repo check names
# What the Butler itself has put under such a name is where it looks.
mkdir 'names/a b'
mv 'names/a%2zb#/c/x.fits' 'names/a b/x.fits'
sqlite3 names/gen3.sqlite3 "UPDATE file_datastore_records SET path = 'a%20b/x.fits' WHERE path LIKE '%x.fits'"
expect_rc 0 dbb-repo check names
