#!/bin/bash
# What every program must do: help, version, a mistake, completion, a disk that is full.
. "$DBB_CLI_LIB"

make_repo repo LSSTCam
cp -r "$DBB_EXAMPLES/LSSTCam" raw
# A command of each program that prints something. A program without a line here fails the test below.
declare -A prints=(
  [dbb-repo]='dbb-repo show repo collections'
  [dbb-scan]='dbb-scan raw'
  [dbb-describe]='dbb-scan raw | dbb-describe'
  [dbb-ingest]='dbb-ingest --repo repo raw'
  [dbb-why]='dbb-why EMPTY_FILE'
  [dbb-convert]='echo "{\"type\":\"collection\",\"name\":\"c\",\"collection_type\":\"RUN\"}" | dbb-convert --repo repo'
  [dbb-efd-fetch]='dbb-efd-fetch --topic t --begin 2025-01-01T00:00:37 --end 2025-01-01T00:00:37 --influx http://127.0.0.1:1'
  [dbb-efd-join]="dbb-efd-join -c $DBB_ROOT/examples/telemetry/columns.yaml -s $DBB_ROOT/examples/telemetry/azimuth.json -w $DBB_ROOT/examples/telemetry/windows.jsonl"
  [dbb-windows]='dbb-windows --begin 2023-06-01T00:12:30Z --end 2023-06-01T00:14:00Z'
  [dbb-efd-load]="dbb-efd-load --db efd.sqlite3 < $DBB_ROOT/examples/telemetry/values.jsonl"
  [dbb-gen2-scan]="dbb-gen2-scan $DBB_TEST_DATA/gen2/latiss"
  [dbb-visits]='dbb-visits --repo repo --instrument LSSTCam'
)
# A registered repository has no collection yet, and show must have something to print.
dbb-ingest --repo repo raw >/dev/null

for path in "$DBB_BIN"/dbb-*; do
  program=${path##*/}
  while read -r -a command; do
    expect_rc 0 "${command[@]}" --help
    expect_empty "$ERR"
    expect_match "$OUT" '^Usage: '
    expect_match "$OUT" 'Exit status'
    examples=$(grep -cE '^  [^ ]' <(sed -n '/^Examples:/,/^$/p' "$OUT")) || true
    [ "${#command[@]}" -gt 1 ] || [ "$examples" -ge 2 ] || fail "$program --help shows $examples examples, not 2"

    expect_rc 2 "${command[@]}" --hepl
    expect_empty "$OUT"
    expect_match "$ERR" "^$program: .*--hepl"
    expect_match "$ERR" 'did you mean "?--help'
  done < <(commands_of "$program")

  for option in --version -V; do
    expect_rc 0 "$program" $option
    expect_empty "$ERR"
    expect_match "$OUT" "^$program .*[0-9]+\.[0-9]+\.[0-9]+"
  done
  expect_rc 0 "$program" -h

  expect_rc 2 "$program" --completion tcsh
  for shell in bash zsh fish; do
    expect_rc 0 "$program" --completion $shell
    expect_empty "$ERR"
    expect_match "$OUT" "$program"
    if [ -n "$(type -P $shell)" ]; then $shell -n "$OUT" || fail "$shell does not accept $program's completion"; fi
  done

  [ -n "${prints[$program]:-}" ] || fail "$program has no command in the table of this test"
  for command in "$program --help" "${prints[$program]}"; do
    expect_rc 4 bash -o pipefail -c "$command > /dev/full"
    expect_match "$ERR" "^$program: "
  done
done
