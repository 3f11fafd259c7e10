#!/bin/bash
# Try a correction of a header: show what would change in the records, before anybody else gets to see it.
#
#     examples/try_correction.sh FILE 'KEYWORD: value'...
#     examples/try_correction.sh raw/LATISS/3018092000065-det000.fits 'OBJECT: HD 2811' 'EXPTIME: 30.0'
#
# CORRECTIONS  folder to keep the correction in, for --corrections or METADATA_CORRECTIONS_PATH (default: none)
# NAME         <instrument>-<observation ID>; only needed for a header that can't be described without the correction
#
# Without arguments it tries the second line above, with RAW (default: raw) in place of raw.
# Ends with 0 when the corrected header can be described.
set -euo pipefail
[ $# -gt 0 ] || set -- "${RAW:-raw}/LATISS/3018092000065-det000.fits" 'OBJECT: HD 2811' 'EXPTIME: 30.0'
file=$1
shift

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# describe OPTION...    the description of the file, or nothing
describe() { dbb-describe "$@" "$file" | jq -c 'select(.describe)'; }

describe > "$folder/before.json" || echo 'That is how it stands without the correction.' >&2
name=${NAME:-$(jq -r '.instrument + "-" + .records.exposure.obs_id' "$folder/before.json")}
if [ -z "$name" ]; then
  echo "set NAME to <instrument>-<observation ID>, since the header does not tell" >&2
  exit 2
fi
printf '%s\n' "$@" > "$folder/$name.yaml"

describe --corrections "$folder" > "$folder/after.json"
echo "$name.yaml changes:"
jq -rn --slurpfile before "$folder/before.json" --slurpfile after "$folder/after.json" '
  $after[0].records | tostream | select(length == 2) as [$path, $new]
  | ($before[0].records | getpath($path)) as $old
  | select($old != $new)
  | "  \($path | join("."))  \($old | tojson) -> \($new | tojson)"'

if [ -n "${CORRECTIONS:-}" ]; then
  cp "$folder/$name.yaml" "$CORRECTIONS/"
  echo "kept as $CORRECTIONS/$name.yaml"
fi
