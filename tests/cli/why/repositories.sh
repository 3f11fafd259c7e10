#!/bin/bash
# A repository that can't be used is explained as a file is, with its own exit status, and left as it was.
. "$DBB_CLI_LIB"

file=$DBB_EXAMPLES/LATISS/3018092000065-det000.fits
# unusable STATUS CODE REPO    both kinds of subjects say so; a file's header is looked at all the same
unusable() {
  expect_rc "$1" dbb-why --json --repo "$3" "$file"
  expect_eq "$(jq -r 'select(.error) | .error.code + " " + .error.stage' "$OUT")" "$2 commit"
  expect_eq "$(jq -r 'select(.stages) | [.stages[] | select(.outcome == "ok") | .stage] | join(" ")' "$OUT")" 'read recognise translate'
  expect_rc "$1" dbb-why --json --repo "$3" AT_C_20180920_000065
  expect_eq "$(jq -r 'select(.error) | .error.code + " " + .error.stage' "$OUT")" "$2 commit"
}

unusable 4 REPO_NOT_FOUND nowhere
expect_rc 4 dbb-why --repo nowhere "$file"
expect_match "$OUT" '^      remedy .*dbb-repo create nowhere$'
mkdir remote
echo 'cls: lsst.daf.butler.remote_butler.RemoteButler' > remote/butler.yaml
unusable 5 REPO_UNSUPPORTED remote
make_repo newer LATISS
cp -r newer broken
cp -r newer locked
sqlite3 newer/gen3.sqlite3 "UPDATE butler_attributes SET value='7.0.0' WHERE name LIKE 'version:%dimensions.static%'"
remember newer
unusable 5 REPO_UNSUPPORTED newer
expect_unchanged newer
head -c 8192 /dev/urandom > broken/gen3.sqlite3
unusable 5 REPO_DAMAGED broken
# A damaged file is a damaged file, whatever the repository.
expect_rc 3 dbb-why --json --repo nowhere "$DBB_TEST_DATA/raw/synthetic/empty.fits"

# held LOCK COMMAND...    while another program holds a lock on the registry
held() {
  local lock=$1
  shift
  mkfifo go
  { echo "BEGIN $lock;"; echo '.shell touch held'; cat go; echo 'COMMIT;'; } | sqlite3 locked/gen3.sqlite3 &
  exec 8> go
  while [ ! -e held ]; do sleep 0.01; done
  "$@"
  exec 8>&-
  wait
  rm go held
}
# Nothing can be read.
held EXCLUSIVE unusable 75 REPO_LOCKED locked
# Another program writes: reading goes on, and the answer comes quickly, with the one who holds the lock.
start=${EPOCHREALTIME//[!0-9]/}
held IMMEDIATE expect_rc 75 dbb-why --json --repo locked "$file"
took=$((${EPOCHREALTIME//[!0-9]/} - start))
[ "$took" -lt 3000000 ] || fail "the answer took $took microseconds"
expect_eq "$(jq -r 'select(.stages) | [.stages[] | select(.outcome == "ok") | .stage] | join(" ")' "$OUT")" \
  'read recognise translate register transfer'
expect_eq "$(jq -r 'select(.error) | .error.code + " " + (.error.retry | tostring)' "$OUT")" 'REPO_LOCKED true'
expect_match "$OUT" 'by process [0-9]+ \(sqlite3\)'
held IMMEDIATE expect_rc 3 dbb-why --repo locked AT_C_20180920_000065
expect_rc 0 dbb-why --repo locked "$file"
