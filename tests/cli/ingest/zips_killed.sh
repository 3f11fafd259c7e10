#!/bin/bash
# An ingest of a zip file that is stopped before any call that changes something leaves a sound repository; a second run
# completes it, and a move loses nothing.
. "$DBB_CLI_LIB"

zip=$DBB_TEST_DATA/zips/LSSTCam-3019031900001.zip
stored=zips/5c9d/5c9dda5f-c9c1-502c-ad11-389da4924240.zip
make_repo template LSSTCam
calls=openat,mkdir,rename,renameat2,link,linkat,unlink,unlinkat,ftruncate,fchmod,fsync,fdatasync,pwrite64,write
# start MODE   the state before a run
start() {
  rm -rf repo x.zip
  cp -r template repo
  cp "$zip" x.zip
}
for mode in copy move; do
  start
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace -e trace=$calls dbb-ingest --repo repo -t $mode x.zip > /dev/null
  sql repo 'SELECT dataset_id, path, file_size FROM file_datastore_records ORDER BY 1' > rows
  expect_eq "$(wc -l < rows)" 2
  # Every third point; of calls that read or write other things, too, of every tenth.
  sed -nE 's/^[0-9]+ +([a-z0-9]+)\(.*/\1/p' trace | awk -v step="$STEP" '{ n[$1]++ } (($1 != "openat" && $1 != "pwrite64" && $1 != "write") || n[$1] % 10 == 1) && ++all % (3 * step) == 1 { print $1, n[$1] }' > points
  [ "$(wc -l < points)" -gt $((8 / STEP)) ] || fail "only $(wc -l < points) points were found"
  while read -r call number; do
    start
    rc=0
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$number" \
      dbb-ingest --repo repo -t $mode x.zip > receipts 2> /dev/null || rc=$?
    [ $rc = 137 ] || fail "$mode: it was not stopped at $call $number but ended with $rc"
    dbb-repo check repo > found || fail "$mode, stopped at $call $number: $(head -n 3 found)"
    grep -c '"ingest":' receipts > count || true
    expect_eq "$(sql repo 'SELECT count(*) >= '"$(cat count)"' FROM dataset_location')" 1 "rows for receipts, stopped at $call $number"
    cmp -s x.zip "$zip" || cmp -s "repo/$stored" "$zip" || fail "$mode, stopped at $call $number: no whole copy is left"
    if [ -e x.zip ] || [ $mode = copy ]; then
      dbb-ingest --repo repo -t $mode x.zip > again || fail "$mode, stopped at $call $number: the second run fails"
    fi
    cmp -s "repo/$stored" "$zip" || fail "$mode, stopped at $call $number: the repository's file is another one"
    [ $mode = copy ] || [ ! -e x.zip ] || fail "the source of a move stayed, stopped at $call $number"
    expect_eq "$(sql repo 'SELECT dataset_id, path, file_size FROM file_datastore_records ORDER BY 1')" "$(cat rows)" "rows, stopped at $call $number"
    dbb-repo check repo > found || fail "$mode, after the second run: $(head -n 3 found)"
  done < points
done
