#!/bin/bash
# The reasons of each instrument: tests/data/reasons_by_instrument.tsv has a header, what to change in it, and what must be said.
. "$DBB_CLI_LIB"

# edit_header FILE EDIT...   a header dump, a mapping or a list of entries, with cards that are taken out (-KEY) or set (KEY=value)
edit_header() {
  awk 'BEGIN {
    for (i = 2; i < ARGC; i++) {
      edit = ARGV[i]; ARGV[i] = ""
      if (sub(/^-/, "", edit)) gone[edit] = 1
      else { at = index(edit, "="); key = substr(edit, 1, at - 1); gone[key] = 1; added[++n] = key; value[n] = substr(edit, at + 1) }
    }
  }
  /^- \[/ { list = 1; key = $2; gsub(/[[,]/, "", key) }
  /^[A-Z"]/ { key = $1; sub(/:$/, "", key) }
  !(key in gone)
  END { for (i = 1; i <= n; i++) if (list) print "- [" added[i] ", String, " value[i] ", x]"; else print added[i] ": " value[i] }' "$@"
}
# Primary header and extension of PhoSim stand in two dumps; in the file the second goes over the first.
merged() {
  local keys
  mapfile -t keys < <(sed -n 's/^- \[\([^,]*\),.*/-\1/p' "$2")
  edit_header "$1" "${keys[@]}"
  sed '/^!</d' "$2"
}

rows=0
while IFS=$'\t' read -r instrument header edits code message; do
  [[ -z $instrument || $instrument == \#* ]] && continue
  rows=$((rows + 1))
  case $header in
    phosim) merged "$DBB_TEST_DATA"/headers/phosim-hdu[01]-*.yaml > base.yaml ;;
    *) cp "$DBB_TEST_DATA/headers/$header.yaml" base.yaml ;;
  esac
  read -ra cards <<< "$edits"
  edit_header base.yaml "${cards[@]}" > "$(printf '%03d' $rows).yaml"
  printf '%s\t%s\t%s\t%s\n' "$instrument" "$edits" "$code" "$message" >> expected
done < "$DBB_TEST_DATA/reasons_by_instrument.tsv"
[ $rows -gt 100 ] || fail "only $rows rows were read"

dbb-describe --rejects rejects ./*.yaml > described 2> /dev/null || true
jq -r '[(.uri | sub(".*/"; "")), .error.code, .error.message] | @tsv' rejects > got
failures=0
for n in $(seq $rows); do
  IFS=$'\t' read -r instrument edits code message < <(sed -n "${n}p" expected)
  IFS=$'\t' read -r _ got_code got_message < <(grep "^$(printf '%03d' "$n").yaml" got || echo "- done -")
  if [ "$got_code" != "$code" ] || ! grep -qE -e "$message" <<< "$got_message"; then
    echo "$instrument $edits: $got_code \"$got_message\" instead of $code \"$message\"" >&2
    failures=$((failures + 1))
  fi
done
[ $failures = 0 ] || fail "$failures of $rows rows"
# Each of the eleven has rows, and an unchanged header of each is described: it is the change that was refused.
expect_eq "$(cut -f 1 expected | sort -u | wc -l)" 11
sed '/^#/d' "$DBB_TEST_DATA/reasons_by_instrument.tsv" | cut -f 2 | sort -u | while read -r header; do
  case $header in
    '') ;;
    phosim) merged "$DBB_TEST_DATA"/headers/phosim-hdu[01]-*.yaml > "good-$header.yaml" ;;
    *) cp "$DBB_TEST_DATA/headers/$header.yaml" "good-$header.yaml" ;;
  esac
done
expect_rc 0 dbb-describe good-*.yaml

# What the header says and a registry has not. Header dumps can only be tried.
mkdir empty && dbb-repo create empty/repo > /dev/null
rm rejects
expect_rc 1 dbb-ingest --repo empty/repo -n --rejects rejects good-*.yaml
expect_eq "$(jq -r '.error.code' rejects | sort | uniq -c | tr -s ' ')" " $(find . -name 'good-*' | wc -l) INSTRUMENT_NOT_REGISTERED"
expect_eq "$(jq -r '.instrument' rejects | sort -u | wc -l)" 11
dbb-repo create repo > /dev/null
mapfile -t instruments < <(jq -r .instrument rejects | sort -u)
dbb-repo register-instrument repo "${instruments[@]}" > /dev/null
# refused INSTRUMENT HEADER EDITS CODE MESSAGE   by a repository with all eleven instruments
refused() {
  local cards
  read -ra cards <<< "$3"
  cp "good-$2.yaml" base.yaml
  edit_header base.yaml "${cards[@]}" > h.yaml
  rm -f rejects
  expect_rc 1 dbb-ingest --repo repo -n --rejects rejects h.yaml
  expect_eq "$(jq -r '[.instrument, .error.code] | join(" ")' rejects)" "$1 $4" "reason of $3"
  expect_match rejects "$5"
}
refused LATISS latiss-AT_O_20230321_000053 'FILTER=diffuser GRATING=ronchi170lpmm' FILTER_NOT_REGISTERED 'diffuser~ronchi170lpmm'
refused LSSTCam-PhoSim phosim FILTER=nix FILTER_NOT_REGISTERED 'physical filter .*"nix.*" of LSSTCam-PhoSim'
refused LSSTCam-imSim imsim-lsst_a_204595_R11_S02_i FILTER=nix FILTER_NOT_REGISTERED 'physical filter .*"nix.*" of LSSTCam-imSim'
refused HSC fitsheader-hsc FILTER01=nix FILTER_NOT_REGISTERED 'physical filter .*"NIX.*" of HSC'
refused HSC fitsheader-hsc DET-ID=200 DETECTOR_NOT_REGISTERED 'detector 200 of HSC'
long=averylongtypeofobservation
for one in 'LSSTCam lsstCam-MC_O_20250422_000250_R01_S01' 'LSST-TS3 ts3-E2V-CCD250-411_lambda_flat_1000_025_20181115075559' 'LSSTCam-imSim imsim-lsst_a_204595_R11_S02_i'; do
  refused "${one% *}" "${one#* }" IMGTYPE=$long VALUE_TOO_LONG $long
done

# Translated headers of each that lack what is required
for instrument in "${instruments[@]}"; do
  : > "$instrument.fits"
  echo "{\"__CONTENT__\":\"translated\",\"instrument\":\"$instrument\",\"observation_id\":\"x\"}" > "$instrument.json"
  rm -f rejects
  expect_rc 1 dbb-describe --rejects rejects "$instrument.fits"
  expect_eq "$(jq -r .error.code rejects)" MISSING_PROPERTY "$instrument"
done
