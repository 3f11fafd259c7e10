#!/bin/bash
# dbb-efd-load and databases that it can't or must not use, two runs at once, runs that are killed.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_values.bash
. "$DBB_ROOT/tests/cli/efd/_values.bash"

value 1 1 0 > line
# inject PATH SYSCALL ERROR      load into efd.sqlite3 while a system call on that path fails
inject() {
  # Leaks can't be looked for in a traced process.
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o /dev/null -P "$1" -e "inject=$2:error=$3" dbb-efd-load --db efd.sqlite3 < line
}

# No database, one that is damaged, one of somebody else
echo 'this is a letter, and a long one at that, in which nothing at all is said' > letter
remember letter
expect_rc 5 dbb-efd-load --db letter < line
expect_match "$ERR" 'could not use "letter": file is not a database'
expect_rc 5 dbb-efd-load --db letter --report
expect_unchanged letter
[ ! -e letter.lock ] || fail 'a lock of what is no database'
sqlite3 notes 'CREATE TABLE note (text)'
remember notes
expect_rc 5 dbb-efd-load --db notes < line
expect_match "$ERR" '"notes" has no tables of dbb-efd-load$'
expect_rc 5 dbb-efd-load --db notes --report
expect_unchanged notes
expect_rc 4 dbb-efd-load --db nowhere/efd.sqlite3 < line
expect_match "$ERR" 'could not open "nowhere/efd.sqlite3"'
mkdir folder
expect_rc 4 dbb-efd-load --db folder < line
for mode in --report --views; do
  expect_rc 4 dbb-efd-load --db none.sqlite3 $mode
  [ ! -e none.sqlite3 ] || fail "$mode made a database"
done
jq -nc 'range(3000)' | while read -r i; do echo "$i"; done | jq -c --slurpfile line line '. as $i | $line[0] | .id = $i' > many
dbb-efd-load --db efd.sqlite3 < many > /dev/null
cp efd.sqlite3 torn.sqlite3
dd if=/dev/zero of=torn.sqlite3 bs=4096 seek=2 count=40 conv=notrunc status=none
expect_rc 5 dbb-efd-load --db torn.sqlite3 < many
expect_match "$ERR" 'could not use "torn.sqlite3": database disk image is malformed'

# Versions and tables
sqlite3 efd.sqlite3 'UPDATE efd_version SET version = 2'
remember efd.sqlite3
for mode in --report --views --stats; do
  expect_rc 5 dbb-efd-load --db efd.sqlite3 $mode < line
  expect_match "$ERR" '"efd.sqlite3": its tables are of version 2, and this program knows version 1$'
done
expect_unchanged efd.sqlite3
sqlite3 efd.sqlite3 'DELETE FROM efd_version'
expect_rc 5 dbb-efd-load --db efd.sqlite3 < line
expect_match "$ERR" 'efd_version has 0 rows instead of one'
sqlite3 efd.sqlite3 'INSERT INTO efd_version VALUES (1)' 'ALTER TABLE efd_value DROP COLUMN age_ns' 'ALTER TABLE efd_column DROP COLUMN ucd' 'DROP TABLE efd_run'
value 1 1 0 '.age_ns = 5' > aged
expect_rc 0 dbb-efd-load --db efd.sqlite3 < aged
expect_eq "$(sqlite3 efd.sqlite3 'SELECT age_ns FROM efd_value WHERE age_ns IS NOT NULL')" 5 'a column that was added'
expect_eq "$(sqlite3 efd.sqlite3 'SELECT count(*) FROM efd_run')" 1 'a table that was added'
sqlite3 efd.sqlite3 'ALTER TABLE efd_value ADD COLUMN later text'
expect_rc 0 dbb-efd-load --db efd.sqlite3 < aged # a column of a later version does no harm
expect_eq "$(receipt "$OUT")" existing
sqlite3 efd.sqlite3 'ALTER TABLE efd_value RENAME COLUMN element TO elements'
expect_rc 5 dbb-efd-load --db efd.sqlite3 < line
expect_match "$ERR" 'the table efd_value has no column element$'

# What can only be read; a disk that is full
rm -f efd.sqlite3 efd.sqlite3.lock
dbb-efd-load --db efd.sqlite3 < line > /dev/null
value 2 2 0 > line
expect_rc 4 inject "$PWD/efd.sqlite3.lock" openat EROFS
expect_match "$ERR" 'could not open ".*/efd.sqlite3.lock": Read-only file system'
expect_rc 4 inject "$PWD/efd.sqlite3" openat EACCES
expect_rc 4 inject "$PWD/efd.sqlite3-journal" openat EROFS
expect_rc 4 inject "$PWD/efd.sqlite3-journal" pwrite64 ENOSPC
expect_empty "$OUT"
expect_eq "$(stored value)" 1.0

# Two at once: the second comes back later, the first goes on
mkfifo input
dbb-efd-load --db efd.sqlite3 < input > first.out & first=$!
exec 8> input
cat line >&8
for _ in $(seq 100); do grep -q updated first.out && break; sleep 0.05; done
expect_eq "$(receipt first.out)" updated 'what is stored while the input pauses'
ln -s efd.sqlite3 link.sqlite3
for name in efd.sqlite3 ./efd.sqlite3 link.sqlite3; do
  expect_rc 75 dbb-efd-load --db $name < line
  expect_match "$ERR" "another dbb-efd-load is writing to \"$name\""
  expect_match "$ERR" 'try again when it has finished'
done
expect_rc 75 dbb-efd-load --db efd.sqlite3 --views
expect_rc 0 dbb-efd-load --db efd.sqlite3 --report
# A window that comes in pieces is one transaction
value 3 1 0 '.id = 5' >&8
value 3 1 0 '.id = 5 | .column = "d"' >&8
for _ in $(seq 100); do [ "$(grep -c '"done"' first.out)" = 2 ] && break; sleep 0.05; done
kill -TERM $first
rc=0; wait $first || rc=$?
expect_eq $rc 143
exec 8>&-
expect_eq "$(sqlite3 efd.sqlite3 'SELECT lines_read, exit FROM efd_run ORDER BY run_id DESC LIMIT 1')" '3|143' 'a run that was asked to stop'
expect_rc 0 dbb-efd-load --db efd.sqlite3 < line

# Another program writes to the file: it is waited for
(echo 'BEGIN IMMEDIATE;'; sleep 3) | sqlite3 efd.sqlite3 & writer=$!
sleep 0.5
expect_rc 75 env DBB_BUSY_TIMEOUT=1 dbb-efd-load --db efd.sqlite3 < line
wait $writer

# Killed at any moment and run again, it ends as if nothing had happened; windows are whole
for i in $(seq 0 5999); do echo "$i"; done | jq -c --slurpfile line line '. as $i | $line[0] | .id = ($i / 6 | floor) | .column = "c\($i % 6)" | .value = $i' > many
dbb-efd-load --db undisturbed.sqlite3 < many > /dev/null
for wait in $(seq 0 "${STEP:-1}" 7); do
  rm -f killed.sqlite3*
  (sed -n 1,3000p many; sleep 0.1; sed -n 3001,4501p many; sleep 0.1; sed -n '4502,$p' many; sleep 2) | dbb-efd-load --db killed.sqlite3 > killed.out 2> /dev/null & victim=$!
  sleep "0.$((wait + 1))"
  { kill -9 $victim; wait $victim; } 2> /dev/null || true
  if [ -s killed.sqlite3 ] && sqlite3 killed.sqlite3 'SELECT 1 FROM efd_value LIMIT 1' > /dev/null 2>&1; then
    [ "$(sqlite3 killed.sqlite3 'SELECT count(*) FROM efd_value')" -ge "$(grep -c '"done"}}$' killed.out)" ] || fail 'a receipt without its row'
    expect_eq "$(sqlite3 killed.sqlite3 'SELECT count(*) FROM (SELECT 1 FROM efd_value GROUP BY obs_id HAVING count(*) < 6)')" 0 'windows in pieces'
  fi
  expect_rc 0 dbb-efd-load --db killed.sqlite3 < many
  rows killed.sqlite3 > killed.rows
  rows undisturbed.sqlite3 | diff - killed.rows > /dev/null || fail "killed after 0.$((wait + 1)) s"
done

# A reader that goes away
expect_rc 141 bash -c 'set -o pipefail; dbb-efd-load --db closed.sqlite3 < many | true'
