#!/bin/bash
# Make dbb-reasons(7) out of the catalogue in code, and insist that each reason has a test.
#
# Usage: mk/make_reasons.sh PROGRAM TEMPLATE TESTS > PAGE      PROGRAM is dbb-why, TESTS is tests/data/reasons.txt
set -euo pipefail

catalogue=$("$1" --list-reasons)
untested=$(comm -23 <(jq -r 'select(.type == "reason") | .code' <<< "$catalogue" | sort) <(sed -n 's/^\([A-Z_0-9]*\) .*/\1/p' "$3" | sort -u))
if [ -n "$untested" ]; then
  echo "make_reasons.sh: reasons without a test in $3: $untested" >&2
  exit 1
fi

# One section a stage, in the order in which a file passes them; roff wants - and . protected.
rows=$(jq -rs 'map(select(.type == "reason")) | group_by(.stage) | map({stage: .[0].stage, rows: .})
  | (["input", "read", "recognise", "translate", "register", "transfer", "commit"] | to_entries | map({(.value): .key}) | add) as $order
  | sort_by($order[.stage])[]
  | ".SS Stage " + .stage,
    (.rows | sort_by(.code)[] | ".TP\n.B " + .code + "\n" + .meaning
      + (if .remedy == "" then "" else "\nRemedy: " + .remedy + "." end)
      + (if .retry then "\nTrying again can help." else "" end))' <<< "$catalogue" | sed 's/-/\\-/g')
while IFS= read -r line; do
  if [ "$line" = '@REASONS@' ]; then printf '%s\n' "$rows"; else printf '%s\n' "$line"; fi
done < "$2"
