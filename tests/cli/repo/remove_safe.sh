#!/bin/bash
# Removal cut off at any step is finished by the next run; nothing is deleted outside of the datastore's root, nothing
# that a dataset still has, and nothing at all where rows contradict each other.
. "$DBB_CLI_LIB"

obs=MC_C_20190319_000001
make_repo start LSSTCam
dbb-ingest --repo start -t copy "$DBB_EXAMPLES/LSSTCam" > /dev/null
fresh() { rm -rf repo; cp -r start repo; }
traced() { ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace "$@"; }
path_of() { sql "${2:-start}" "SELECT path FROM file_datastore_records WHERE path LIKE '%$1%'"; }

# Killed before each system call that changes something: a repeat ends where an undisturbed run ends.
fresh
calls=unlink,unlinkat,fsync,fdatasync,pwrite64,ftruncate
traced -e trace=$calls dbb-repo remove-raw repo $obs > /dev/null
total=$(grep -cE '^[0-9]+ +[a-z]' trace)
# Files go after the first commit (its journal is gone) and before the second.
order=$(sed -nE 's/.*(unlink\(".*-journal"|unlinkat\([0-9]+, "raw_|fsync\().*/\1/p' trace | sed -E 's/unlink\(.*/commit/; s/unlinkat.*/file/; s/fsync\(/sync/' | uniq)
expect_eq "$(grep -vx sync <<< "$order" | uniq | paste -sd' ')" "commit file commit"
cp -r repo wanted
state() { sqlite3 -readonly "$1/gen3.sqlite3" .dump | sha256sum; (cd "$1" && find . -type f ! -name 'gen3.sqlite3*' | sort); }
killed=0
for call in unlink unlinkat fsync fdatasync pwrite64 ftruncate; do
  count=$(grep -cE "^[0-9]+ +$call\(" trace) || true
  cp trace trace.first
  # Of many writes in a row every fifth or so will do.
  for ((n = 1; n <= count; n += STEP + count / 20)); do
    fresh
    rc=0
    traced -e inject=$call:signal=KILL:when=$n dbb-repo remove-raw repo $obs > out 2>&1 || rc=$?
    [ $rc != 0 ] || fail "$call $n was not reached"
    killed=$((killed + 1))
    # Receipts only for what is durable: here nothing is, or all.
    ! grep -q '"remove"' out || [ "$(state repo)" = "$(state wanted)" ] || fail "a receipt came too early (killed at $call $n)"
    # Nothing is half there: a dataset that is registered has its file.
    dbb-repo check repo > report 2> /dev/null || true
    jq -es 'length > 0 and all(.damage == null or .damage == "trash_left_over")' report > /dev/null || fail "$(cat report)"
    rc=0
    dbb-repo remove-raw repo $obs > out 2>&1 || rc=$?
    [ $rc = 0 ] || grep -q 'no exposure has the observation id' out || fail "repeat after $call $n: $(cat out)"
    [ "$(state repo)" = "$(state wanted)" ] || fail "killed at $call $n, the repeat ends elsewhere"
  done
  mv trace.first trace
done
echo "$killed of $total calls"
[ $killed -gt $((25 / STEP)) ] || fail "only $killed moments"

# The same without openat2, as on an old kernel.
fresh
traced -e inject=openat2:error=ENOSYS dbb-repo remove-raw repo $obs > out
[ "$(state repo)" = "$(state wanted)" ] || fail "without openat2"

# A path that leads out of the root by a link: nothing is removed, and a dry run says so.
plant_bystander elsewhere
for kernel in openat2 stepwise; do
  fresh
  ln -s ../elsewhere repo/out
  sqlite3 repo/gen3.sqlite3 "UPDATE file_datastore_records SET path='out/bystander.txt' WHERE path='$(path_of R10_S02)'"
  sqlite3 repo/gen3.sqlite3 .dump > before
  for options in '' -n; do
    if [ $kernel = openat2 ]; then
      expect_rc 1 dbb-repo remove-raw $options repo $obs
    else
      expect_rc 1 traced -e inject=openat2:error=ENOSYS dbb-repo remove-raw $options repo $obs
    fi
    expect_match "$ERR" 'symbolic link.*'
    expect_match "$ERR" 'keep-files'
    expect_eq "$(grep -c '"remove"' "$OUT")" 0 "$kernel"
  done
  expect_unchanged elsewhere/bystander.txt
  sqlite3 repo/gen3.sqlite3 .dump | cmp - before || fail "something was removed"
  rm -f repo/out
  expect_rc 0 dbb-repo remove-raw repo $obs
done

# Rows that contradict each other, or name files that may not go: nothing is removed, not even the sound dataset.
location="FROM dataset_location WHERE dataset_id IN (SELECT dataset_id FROM file_datastore_records WHERE path='$(path_of R10_S02)')"
refused() { # MESSAGE SQL
  fresh
  sqlite3 repo/gen3.sqlite3 "$2"
  remember repo
  expect_rc 5 dbb-repo remove-raw -n repo $obs
  expect_rc 5 dbb-repo remove-raw repo $obs
  expect_match "$ERR" "$1"
  expect_empty "$OUT"
  expect_unchanged repo
}
while read -r message path; do
  refused "$message" "UPDATE file_datastore_records SET path='$path', file_size=-1 WHERE path='$(path_of R10_S02)'"
  expect_rc 0 dbb-repo remove-raw --keep-files repo $obs
done << 'PATHS'
is.no.path.below ../elsewhere/bystander.txt
is.no.path.below /etc/passwd
is.no.path.below
is.a.folder LSSTCam
is.the.registry gen3.sqlite3
is.the.registry gen3.sqlite3-journal
is.the.registry butler.yaml
PATHS
expect_unchanged elsewhere/bystander.txt
refused 'stored in datastore "elsewhere"' "INSERT INTO dataset_location (datastore_name, dataset_id) SELECT 'elsewhere', dataset_id $location; DELETE $location AND datastore_name<>'elsewhere'"
refused 'no file is recorded' "DELETE FROM file_datastore_records WHERE path='$(path_of R10_S02)'"
refused 'no file is recorded|has no table' 'DROP TABLE file_datastore_records'
refused 'no row in table dataset_type;' 'DELETE FROM dataset_type'
refused 'no row in table dataset;' 'DELETE FROM dataset'
refused 'no row in table dataset_tags_00000001;' 'DELETE FROM dataset_tags_00000001'
refused 'no row in table dataset_tags_00000001;' 'DELETE FROM dataset_tags_00000001; DELETE FROM dataset'

# A file that a live dataset names through a link is in use; so is one that the file of another run is a link to.
fresh
expect_rc 0 dbb-ingest --repo repo -t symlink --run other "repo/$(path_of R10_S02)"
[ -L "repo/$(sql repo "SELECT path FROM file_datastore_records WHERE path LIKE 'other/%'")" ] || fail "no link was made"
expect_rc 0 dbb-repo remove-raw repo $obs --run LSSTCam/raw/all
expect_eq "$(jq -r 'select(.data_id) | .remove.files[0].fate' "$OUT" | paste -sd,)" in_use,deleted
expect_rc 0 dbb-repo check repo
fresh
ln -s repo linked
expect_rc 0 dbb-ingest --repo repo -t direct --run other "linked/$(path_of R10_S02)"
expect_rc 0 dbb-repo remove-raw repo $obs --run LSSTCam/raw/all
expect_eq "$(jq -r 'select(.data_id) | .remove.files[0].fate' "$OUT" | paste -sd,)" in_use,deleted
expect_rc 0 dbb-repo check repo

# A file that can't be removed: the others go, a repeat finishes.
fresh
expect_rc 1 traced -e inject=unlinkat:error=EACCES:when=1 dbb-repo remove-raw repo $obs
expect_match "$ERR" 'Permission denied'
expect_eq "$(jq -r 'select(.remove) | .type' "$OUT")" dataset
expect_rc 5 dbb-repo check repo
expect_eq "$(jq -r 'select(.damage) | .damage' "$OUT")" trash_left_over
expect_rc 0 dbb-repo remove-raw repo $obs
[ "$(state repo)" = "$(state wanted)" ] || fail "after a failed deletion"

# Somebody ingests a file again while it is being deleted: that waits, and then the file is there.
fresh
traced -e inject=unlinkat:delay_enter=2000000:when=1 dbb-repo remove-raw repo $obs > out 2> err &
sleep 1
expect_rc 0 dbb-ingest --repo repo -t copy "$DBB_EXAMPLES/LSSTCam/3019031900001-R10-S02-det029.fits"
wait $!
expect_rc 0 dbb-repo check repo --orphans
expect_eq "$(sql repo 'SELECT count(*) FROM dataset')" 2

# Removals that follow each other without a pause: the trash is never empty, and nothing is left over.
fresh
others() {
  local n
  for ((n = 10; n < 35; n++)); do
    sqlite3 repo/gen3.sqlite3 "PRAGMA busy_timeout=5000; BEGIN IMMEDIATE; DELETE FROM dataset_location_trash;
      INSERT INTO dataset_location_trash VALUES ('000000000000000000000000000000$n', 'FileDatastore@<butlerRoot>'); COMMIT" > /dev/null || break
    sleep 0.1
  done
}
others &
sleep 0.3
expect_rc 0 dbb-repo check repo
kill -0 $! || fail 'the others ended early'
wait $!
expect_rc 5 dbb-repo check repo
expect_eq "$(jq -r 'select(.damage) | .where.dataset_id' "$OUT")" 00000000000000000000000000000034
