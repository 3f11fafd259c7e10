#!/bin/bash
# What a dry run does not try is looked at as well: may the registry be written, may the file's place, is there room?
. "$DBB_CLI_LIB"

make_repo repo LATISS
file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
# failing PATH CALL ERROR STATUS WANT [OPTION...]    a system call on that path fails
failing() {
  local path=$1 call=$2 error=$3 status=$4 want=$5
  shift 5
  # Leaks can't be looked for in a traced process.
  expect_rc "$status" env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
    strace -f -o /dev/null -P "$path" -e "inject=$call:error=$error" dbb-why --json --repo repo "$@" "$file"
  expect_eq "$(jq -r 'select(.error) | .error | .code + " " + .stage' "$OUT")" "$want"
}
mkdir repo/LATISS
remember repo
failing "$PWD/repo/LATISS" access EACCES:when=2 3 'PERMISSION transfer' -t copy
failing "$PWD/repo/LATISS" access EROFS:when=2 3 'READ_ONLY transfer' -t copy
failing "$PWD/repo/gen3.sqlite3" openat EACCES:when=4 4 'REPO_READ_ONLY commit'
expect_unchanged repo
# A file that stays where it is needs no place; but SQLite needs a journal.
failing "$PWD/repo" access EACCES 4 'REPO_READ_ONLY commit' -t direct
expect_match "$OUT" 'journal'
expect_unchanged repo
