#!/bin/bash
# Record the system calls of dbb-ingest and prove their order: write, fsync, rename, fsync of the folder, commit, receipt;
# with a move, removal of the source between commit and receipt.
#
# Usage: tests/fault/order.sh      BUILD is the build folder (default: build)
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
bin=$(cd "${BUILD:-build}" && pwd)/bin || exit 2
export PATH=$bin:$PATH LC_ALL=C TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0

dbb-repo create template > /dev/null && dbb-repo register-instrument template LATISS > /dev/null || exit 2

record() { # mode: a trace whose lines show the path of each descriptor
  rm -rf repo raw
  cp -r template repo
  mkdir raw
  cp "$root"/examples/data/LATISS/*.fits raw/a.fits
  # Leaks can't be looked for in a traced process.
  ASAN_OPTIONS=detect_leaks=0 strace -y -s 4096 -o trace \
    -e trace=openat,write,pwrite64,fsync,fdatasync,rename,renameat2,link,symlink,unlink,unlinkat \
    dbb-ingest --repo repo -t "$1" raw/a.fits > receipts
}

# in_order TITLE PATTERN...   each pattern matches a line of the trace behind the line of the one before; the last
#                             match of the commit counts, since type and run were committed before
in_order() {
  local title=$1 at=0 line
  shift
  for pattern; do
    line=$(awk -v from="$at" -v pattern="$pattern" 'NR > from && $0 ~ pattern { print NR; exit }' trace)
    if [ -z "$line" ]; then
      echo "FAIL $title: nothing like $pattern behind line $at"
      tail -n 8 trace | cut -c 1-160 | sed 's/^/  | /'
      failed=$((failed + 1))
      return
    fi
    at=$line
  done
  echo "ok $title"
  passed=$((passed + 1))
}

never_before() { # TITLE PATTERN LATER   no line matches PATTERN before the first that matches LATER
  if awk -v early="$2" -v late="$3" '$0 ~ late { exit } $0 ~ early { bad = 1; exit } END { exit bad }' trace; then
    echo "ok $1"; passed=$((passed + 1))
  else
    echo "FAIL $1"; failed=$((failed + 1))
  fi
}

folder='/AT_C_20180920_000065>'
commit='unlink\\(".*gen3.sqlite3-journal"'
row='pwrite64\\(.*gen3.sqlite3>'
receipt='^write\\(1<.*ingest.*outcome'
record copy
in_order 'copy: write, fsync, rename, fsync of the folder, rows, commit, receipt' \
  'openat\\(.*[.]dbb-.*O_CREAT' 'write\\([0-9]+<.*[.]dbb-' 'fsync\\([0-9]+<.*[.]dbb-' 'renameat2\\(.*[.]dbb-.*RENAME_NOREPLACE' \
  "fsync\\\\([0-9]+<.*$folder" "$row" 'fdatasync|fsync\\([0-9]+<.*gen3.sqlite3>' "$commit" "$receipt"
never_before 'copy: no receipt before the file has its name' "$receipt" 'renameat2'
record move
in_order 'move: link, fsync of the folder, rows, commit, removal of the source, fsync of its folder, receipt' \
  'link\\(.*raw/a.fits".*AT_C_20180920_000065' "fsync\\\\([0-9]+<.*$folder" "$row" "$commit" 'unlink\\(".*raw/a.fits"' \
  'fsync\\([0-9]+<.*/raw>' "$receipt"
record link
in_order 'link: link, fsync of the folder, rows, commit, receipt' \
  'link\\(.*raw/a.fits".*AT_C_20180920_000065' "fsync\\\\([0-9]+<.*$folder" "$row" "$commit" "$receipt"
record direct
in_order 'direct: rows, commit, receipt' "$row" "$commit" "$receipt"

echo "order: $passed passed, $failed failed"
[ "$failed" = 0 ]
