#!/bin/bash
# What bash completes: verbs, words of a verb's argument, choices of the verb's own options, files.
. "$DBB_CLI_LIB"

mkdir files
touch files/one.fits
cd files || exit 1
completed() { # WORDS...   candidates for the last word
  local program=$1
  bash -c 'eval "$("$1" --completion bash)"; shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); "_${1//-/_}"; printf "%s\n" "${COMPREPLY[@]}" | sort | paste -sd" "' _ "$program" "$@"
}
expect_eq "$(completed dbb-repo c)" "check create"
expect_eq "$(completed dbb-repo show repo d)" "dataset-types datasets"
expect_eq "$(completed dbb-repo show repo x --format '')" "json table"
expect_eq "$(completed dbb-repo check repo --format '')" "json text"
expect_eq "$(completed dbb-repo check --rep)" "--repair"
expect_eq "$(completed dbb-ingest --transfer li)" link
expect_eq "$(completed dbb-ingest o)" one.fits
