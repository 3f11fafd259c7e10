#!/bin/bash
# Every example of --help and of the man pages works as it stands: ./repo is a repository with LSSTCam, LSSTComCam
# and LATISS, ./raw a copy of examples/data, ./gen2 a Gen2 repository of LATISS, ./telemetry the folder of examples, ./new-repo does not exist. An example that ends with another status
# than 0 says so in a comment: "dbb-ingest --repo repo raw   # exit 1".
. "$DBB_CLI_LIB"

mkdir sandbox
make_repo sandbox/repo
cp -r "$DBB_EXAMPLES" sandbox/raw
cp -r "$DBB_TEST_DATA/gen2/latiss" sandbox/gen2
cp -r "$DBB_ROOT/examples/telemetry" sandbox/telemetry

# Lines two spaces in, between "Examples:" and the next empty line.
from_help() {
  "$@" --help | sed -n '/^Examples:/,/^$/s/^  \([^ ].*\)/\1/p'
}

# What follows a "$ " between .EX and .EE, without roff's escapes; a backslash at the end joins lines.
from_man() {
  sed -n '/^\.EX/,/^\.EE/p' "$1" |
    sed "s/\\\\&//g; s/\\\\-/-/g; s/\\\\(aq/'/g; s/\\\\(dq/\"/g; s/\\\\(ti/~/g; s/\\\\(ha/^/g; s/\\\\(rs/\\\\/g; s/\\\\e/\\\\/g" |
    sed -n ':join; /\\$/{N; s/\\\n */ /; b join}; s/^\$ //p'
}

run_example() {
  local where=$1 command=$2 want=0
  [[ $command =~ '# exit '([0-9]+) ]] && want=${BASH_REMATCH[1]}
  # Run as it stands it would leave the sandbox.
  [[ ! ${command//\/dev\/null/} =~ (^|[[:space:]\"\'=>])(/[a-z]|~|\.\./) ]] || fail "example of $where names a path outside: $command"
  rm -rf here
  cp -a sandbox here
  (cd here && expect_rc "$want" bash -o pipefail -c "$command" </dev/null) || fail "example of $where: $command"
  count=$((count + 1))
}

count=0
for path in "$DBB_BIN"/dbb-*; do
  program=${path##*/}
  while read -r -a command; do
    while IFS= read -r example; do run_example "${command[*]} --help" "$example"; done < <(from_help "${command[@]}")
  done < <(commands_of "$program")
  page=$DBB_ROOT/man/$program.1
  [ -e "$page" ] || fail "$program has no man page"
  [ "$(from_man "$page" | wc -l)" -ge 5 ] || fail "$page has fewer than five examples"
done
for page in "$DBB_ROOT"/man/*.[157]; do
  while IFS= read -r example; do run_example "${page##*/}" "$example"; done < <(from_man "$page")
done
echo "$count examples"
