#!/bin/bash
# Columns that change their shape: a whole one becomes several elements and back, by the rule of all values.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_values.bash
. "$DBB_ROOT/tests/cli/efd/_values.bash"

load() { local rc=$1; cat > line; expect_rc "$rc" dbb-efd-load --db efd.sqlite3 < line; }
is() { expect_eq "$(sqlite3 efd.sqlite3 'SELECT element, value, n, status FROM efd_value ORDER BY element' | paste -sd,)" "$1" "${2:-}"; }
elements() { for e in "${@:4}"; do value "$1" "$2" "$3" ".element = $e"; done; }
shape() { sqlite3 efd.sqlite3 'SELECT elements FROM efd_column'; }

# What could not be said of elements is replaced by them, and not the other way round
value null 0 7 | load 0
expect_eq "$(shape)" one
elements 1.5 10 0 0 1 | load 0
expect_eq "$(receipt "$OUT")" updated,updated
is '0|1.5|10|0,1|1.5|10|0' 'elements in place of the whole'
expect_eq "$(shape)" both
value null 0 5 | load 3
expect_eq "$(receipt "$OUT")" 'kept regression'
value null 0 20 | load 3
expect_eq "$(receipt "$OUT")" 'kept source_error'
is '0|1.5|10|0,1|1.5|10|0' 'a whole that is no better'
value 2 12 0 | load 0
expect_eq "$(receipt "$OUT")" updated
is '-1|2.0|12|0' 'the whole in place of elements'
# Another definition: what it does not have goes, unless something of it could not be had
elements 3 5 0 0 1 2 | jq -c '.config = "00000000000000bb"' | load 0
is '0|3.0|5|0,1|3.0|5|0,2|3.0|5|0' 'elements of another definition'
{ elements 4 5 0 0; elements null 0 20 1; } | jq -c '.config = "00000000000000cc"' | load 3
is '0|4.0|5|0,1|3.0|5|0,2|3.0|5|0' 'one of the new elements failed'
elements 4 5 0 0 1 | jq -c '.config = "00000000000000cc"' | load 0
expect_eq "$(receipt "$OUT")" existing,updated
is '0|4.0|5|0,1|4.0|5|0' 'all of the new elements'
# An element that is not given now is not taken for one that the new definition has not
rm efd.sqlite3
elements 1.5 10 0 0 1 | load 0
elements 3.5 10 0 1 | jq -c '.config = "00000000000000bb"' | load 0
is '0|1.5|10|0,1|3.5|10|0' 'the other element waits'
elements null 0 20 0 | jq -c '.config = "00000000000000bb"' | load 3
expect_eq "$(receipt "$OUT")" 'kept source_error'
is '0|1.5|10|0,1|3.5|10|0' 'a good one is there still'
{ elements 1.5 10 0 0; elements 4.5 10 0 1 | jq -c '.config = "00000000000000cc"'; } | load 0
expect_eq "$(receipt "$OUT")" existing,updated
is '0|1.5|10|0,1|4.5|10|0' 'elements of two definitions at once'
elements 3.5 10 0 1 | jq -c '.config = "00000000000000bb"' | load 0
elements 2.5 10 0 0 | jq -c '.config = "00000000000000cc"' | load 0
is '0|2.5|10|0,1|3.5|10|0' 'the first of two or more'
{ elements 4 10 0 0 1; value 1 1 0 '.column = "d"'; elements 4 10 0 2; } | jq -c '.config = "00000000000000dd"' | load 0
is '-1|1.0|1|0,0|4.0|10|0,1|4.0|10|0,2|4.0|10|0' 'a third one, later'
# The rest of a window comes after a while
mkfifo pipe.fifo
(elements 5 10 0 0 1 | jq -c '.config = "00000000000000ee"'; sleep 2; elements null 0 20 2 | jq -c '.config = "00000000000000ee"') > pipe.fifo &
expect_rc 3 dbb-efd-load --db efd.sqlite3 < pipe.fifo
wait $!
is '-1|1.0|1|0,0|5.0|10|0,1|5.0|10|0,2|4.0|10|0' 'a column in two transactions'
# Where --columns tells how many elements there are
echo '[{name: c, topic: T, fields: [x]}]' > c.yaml
config=$(echo '{"id":1,"begin_tai_ns":1,"end_tai_ns":9}' | dbb-efd-join -c c.yaml -s /dev/null --format lp 2> /dev/null | jq -r 'select(.column) | .config')
elements 6 10 0 0 | jq -c ".config = \"$config\"" > line
expect_rc 0 dbb-efd-load --db efd.sqlite3 -c c.yaml < line
is '-1|1.0|1|0,0|6.0|10|0' 'one element, which is all'
# Both in one transaction, and tables that do not tell the shape
rm efd.sqlite3
{ value null 0 7; elements 1 1 0 0 1; value 2 2 0; } | load 0
expect_eq "$(receipt "$OUT")" 'done,updated,updated,updated'
is '-1|2.0|2|0'
sqlite3 efd.sqlite3 'ALTER TABLE efd_column DROP COLUMN elements'
elements 3 3 0 0 | load 0
is '0|3.0|3|0' 'tables of before'

# Fewer samples than before are noted, until all are there again
rm efd.sqlite3
fewer() { sqlite3 efd.sqlite3 'SELECT n, settled, fewer_n FROM efd_value'; }
value 1 100 0 '.settled = false' | load 0
expect_eq "$(fewer)" '100|0|'
value 1 60 0 '.settled = true' | load 3
expect_eq "$(fewer)" '100|1|60' 'fewer and settled'
value 1 60 0 '.settled = true' | load 3
expect_eq "$(fewer)" '100|1|60'
expect_rc 0 dbb-efd-load --db efd.sqlite3 --report
expect_match "$OUT" '100 % +fewer samples later: 1$'
expect_eq "$(dbb-efd-load --db efd.sqlite3 --report --json | jq -c '[.fewer, .unsettled]')" '[1,0]'
value 1 100 0 | load 0
expect_eq "$(fewer)" '100|1|' 'all are there again'
value 1 1 0 '.settled = "no"' | load 1
expect_match "$ERR" '"settled" must be true or false'
