#!/bin/bash
# Record the system calls of dbb-ingest and prove their order, for every file of every scenario: write of the temporary
# file, its fsync, rename or link, fsync of the folder and of new folders above it, the row, fsync of journal and database,
# commit, fsync of the registry's folder; then the removal of a moved source and the fsync of its folder; then the receipt.
#
# Usage: tests/fault/order.sh [SCENARIO...]      BUILD is the build folder (default: build); default: all of scenarios.txt
cd "$(dirname "$0")/../.." || exit 2
. tests/fault/_lib.sh
make_inputs
names=("$@")
[ $# -gt 0 ] || mapfile -t names < <(table tests/fault/scenarios.txt | awk '{ print $1 }')
cd "$work" || exit 2

recorder() { # RECEIPTS TRACE
  local move=0
  [[ $options != *"--transfer move"* ]] || move=1
  awk -f "$root/tests/fault/order.awk" -v repo="$PWD/repo" -v move=$move "$1" "$2"
}
recorded='write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat'
record() { traced "$recorded" -y -s 9000 "$@"; }
prove() { # NAME   the run in this folder has the right order
  local answer
  ingest receipts rejects record
  answer=$(recorder receipts trace)
  tell "$1: $(sed -n 's/^proved: //p' <<< "$answer")" "$(sed '/^proved: /d' <<< "$answer")"
}

mkdir run
cd run || exit 2
for name in "${names[@]}"; do
  scenario "$name" || exit 2
  fresh lines
  prove "$name"
done

# A file that an earlier run left behind.
for name in copy link move; do
  scenario $name
  fresh lines
  ingest receipts rejects record
  # Killed when all files have their names, at the first fsync behind that.
  n=$(awk '/ fsync\(/ { n++ } / (renameat2|link)\(/ { at = n } END { print at + 1 }' trace)
  fresh lines
  ingest receipts rejects traced fsync -e "inject=fsync:signal=KILL:when=$n"
  [ "$? $(find repo -name 'raw_*.fits' | wc -l)" = '137 5' ] || tell "$name, killed before its folders are durable" "it was not: $(cat err)"
  prove "$name, files of a killed run"
done

# The recorder itself: without the syncs of any one file or folder it must complain.
for name in copy move; do
  scenario $name
  fresh lines
  ingest receipts rejects record
  missed='' count=0
  # The file of the line that is refused is nobody's.
  while read -r path; do
    awk -v path="<$path>" '/^[0-9]+ +f(data)?sync\(/ && index($0, path) { next } { print }' trace > doctored
    count=$((count + 1))
    recorder receipts doctored > answer && missed+=$path$'\n'
  done < <(sed -nE 's/^[0-9]+ +f(data)?sync\([0-9]+<([^>]*)>.*/\2/p' trace | sort -u | grep -v '000002x_')
  [ $count -ge 10 ] || missed+="only $count paths were synced"
  tell "$name: the recorder notices each of $count files and folders that is not synced" "$missed"
done

sum_up order
