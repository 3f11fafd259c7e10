#!/bin/bash
# dbb-instrument(5) explains every rule, test and fix that a table can name.
. "$DBB_CLI_LIB"

root=$DBB_TEST_DATA/../..
sed 's/\\-/-/g' "$root/man/dbb-instrument.5" | grep -E '^\.(B|BR|SS) ' > explained
{
  grep -oE '\{"[a-z0-9_]+", ' "$root/lib/instrument/rules.cc" | tr -d '{", '
  grep -ohE 'f\.in\("[a-z0-9_]+"' "$root"/lib/instrument/*_fixes.cc | cut -d'"' -f2
} | sort -u > names
[ "$(wc -l < names)" -gt 80 ] || fail "only $(wc -l < names) names were found"
while read -r name; do
  grep -qwF "$name" explained || fail "dbb-instrument(5) does not explain $name"
done < names
