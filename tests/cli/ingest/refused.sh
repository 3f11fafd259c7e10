#!/bin/bash
# Lines that are refused, wherever on their way, leave nothing of their own: no run, no dataset type, no records, no
# file, no folder. What was there, and what other lines brought, stays.
. "$DBB_CLI_LIB"

file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
forbid() { sqlite3 "$1/gen3.sqlite3" "CREATE TRIGGER t BEFORE INSERT ON exposure WHEN new.instrument = '$2' BEGIN SELECT RAISE(ABORT, 'no'); END"; }

# Rows and names; the bytes of the database change with a transaction that is taken back, too.
state() { sql "$1" .dump; find "$1" | sort; }

# Before its file has a place.
make_repo template LATISS
sed -i 's/^datastore:/datastore:\n  templates:\n    raw: "{nonsense}\/x"/' template/butler.yaml
remember template
expect_rc 1 dbb-ingest --repo template -t copy "$file"
expect_match "$ERR" nonsense
expect_unchanged template
# By the registry, with its file and folders in place already; a folder of somebody else among them.
make_repo repo
mkdir -p repo/LATISS/raw
plant_bystander repo/LATISS/other
forbid repo LATISS
before=$(state repo)
for mode in copy link symlink direct; do
  expect_rc 1 dbb-ingest --repo repo -t $mode "$file"
  expect_match "$ERR" ': no$'
  expect_eq "$(state repo)" "$before" "rows and names after $mode"
done
# Its neighbours of the same call are not refused, nor is it taken for done when they are there.
expect_rc 1 dbb-ingest --repo repo -t copy --rejects rejects "$file" "$DBB_EXAMPLES/LSSTCam"
expect_eq "$(jq -s 'map(select(.ingest.outcome == "done")) | length' "$OUT")" 3
expect_eq "$(sql repo 'SELECT name FROM collection')" LSSTCam/raw/all
expect_eq "$(find repo/LATISS)" "$(printf 'repo/LATISS%s\n' '' /raw /other /other/bystander.txt)"
sqlite3 repo/gen3.sqlite3 'DROP TRIGGER t'
expect_rc 0 dbb-ingest --repo repo -t copy < rejects
expect_eq "$(sql repo 'SELECT count(*) FROM run')" 2
expect_rc 0 dbb-repo check repo
# By the file system, which makes folders but no files.
make_repo full LATISS
remember full
expect_rc 1 env ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -f -o /dev/null -e inject=renameat2:error=ENOSPC \
  dbb-ingest --repo full -t copy "$file"
expect_match "$ERR" 'No space left'
expect_unchanged full

# A limit of the size of files is no sudden death.
make_repo limited LATISS
rc=0
(ulimit -f 40; exec dbb-ingest --repo limited -t copy --rejects limited.rejects "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits") > limited.out 2> limited.err || rc=$?
[ $rc = 1 ] || [ $rc = 4 ] || fail "with ulimit -f: $rc, $(cat limited.err)"
expect_match limited.err 'File too large|disk is full|database or disk is full'
expect_eq "$(jq -r .error.code limited.rejects)" DISK_FULL
expect_eq "$(grep -c '"ingest"' limited.out)" 0
expect_rc 0 dbb-repo check limited
