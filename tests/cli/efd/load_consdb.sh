#!/bin/bash
# Values into ConsDB's own tables beside ours: which table and column, what never happens to what is there.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_values.bash
. "$DBB_ROOT/tests/cli/efd/_values.bash"

cat > columns.yaml << 'YAML'
version: 1.0.0
columns:
- &wide
  name: wide
  function: mean
  datatype: float
  description: in both wide tables
  packed_series: false
  tables: [exposure_efd, visit1_efd]
  topics: [{name: lsst.sal.A.a, fields: [{name: a}]}]
- {<<: *wide, name: exposures, tables: [exposure_efd]}
- {<<: *wide, name: flag}
- {<<: *wide, name: missing}
- {<<: *wide, name: words}
- {<<: *wide, name: fields, store_unpivoted: true, tables: [exposure_efd_unpivoted, visit1_efd_unpivoted], topics: [{name: lsst.sal.A.b, fields: [{name: f0}, {name: f1}, {name: f2}]}]}
YAML
value 1 1 0 '.column = "other" | .instrument = "X"' | dbb-efd-load --db efd.sqlite3 > /dev/null
sqlite3 efd.sqlite3 < "$DBB_ROOT/tests/data/efd/consdb/tables.sql"
load() { local rc=$1; cat > line; expect_rc "$rc" dbb-efd-load --db efd.sqlite3 --columns columns.yaml --consdb main --instrument LSSTCam < line; }
wide() { sqlite3 efd.sqlite3 "SELECT seq_num, exposure_id, wide, exposures, flag, created_at FROM exposure_efd ORDER BY 1" | paste -sd,; }
fields() { sqlite3 efd.sqlite3 "SELECT field, value, created_at FROM $1_efd_unpivoted ORDER BY 1" | paste -sd,; }
{
  value 1.5 10 0 '.column = "wide"'; value 3 10 0 '.column = "exposures"'; value true 10 0 '.column = "flag"'
  value 1 1 0 '.column = "missing"'; value '"on"' 1 0 '.column = "words"'; value 1 1 0 '.column = "unknown"'
  value 0 5 0 '.column = "fields" | .element = 0'; value 2.5 5 0 '.column = "fields" | .element = 1'; value null 0 20 '.column = "fields" | .element = 2'
  value 7 10 0 '.column = "wide" | .instrument = "LATISS"'; value 8 10 0 '.column = "wide" | .kind = "window"'
  value 0 5 0 '.kind = "visit" | .column = "fields" | .element = 0'; value 4 5 0 '.kind = "visit" | .column = "wide"'
  value 5 5 0 '.kind = "visit" | .column = "exposures"'; value 9 1 0 '.column = "wide" | .id = 77 | del(.seq_num)'
} | load 3
expect_eq "$(wide)" '101|2025042300101|1.5|3.0|1.0|then'
expect_eq "$(sqlite3 efd.sqlite3 'SELECT day_obs, seq_num, visit_id, wide, flag FROM visit1_efd')" '20250423|101|2025042300101|4.0|'
expect_eq "$(fields exposure)" 'f0|0.0|then,f1|2.5|then' 'C8 D8 a value of 0 is one'
expect_eq "$(fields visit1)" 'f0|0.0|then' 'C8 D8 a value of 0 of a visit is one'
expect_match "$ERR" "not in ConsDB's tables: \"main\".\"exposure_efd\" has no columns for missing$"
expect_match "$ERR" "not in ConsDB's tables: are texts, and the tables have numbers: words$"
expect_match "$ERR" "not in ConsDB's tables: the file of columns has not unknown$"
expect_match "$ERR" "not in ConsDB's tables: have windows without day_obs and seq_num: wide$"
expect_eq "$(sqlite3 efd.sqlite3 "SELECT count(*) FROM efd_value v JOIN efd_column USING (column_id) WHERE name <> 'other'")" 15 'our tables have all of them'

# What is there stays: by null, by a failure, by fewer samples, and in columns that are not asked for
sqlite3 efd.sqlite3 "UPDATE exposure_efd SET created_at = 'before'" "UPDATE exposure_efd_unpivoted SET created_at = 'before'"
{ value 1.6 11 0 '.column = "wide"'; value null 10 4 '.column = "exposures"'; value null 0 20 '.column = "flag"'
  value null 5 4 '.column = "fields" | .element = 0'; value 2.5 5 0 '.column = "fields" | .element = 1'; } | load 3
expect_eq "$(wide)" '101|2025042300101|1.6|3.0|1.0|before' 'C5 D5 null and failures replace nothing'
expect_eq "$(fields exposure)" 'f0|0.0|before,f1|2.5|before' 'D5 in unpivoted rows'
value 9 3 0 '.column = "wide"' | load 3
expect_eq "$(wide)" '101|2025042300101|1.6|3.0|1.0|before' 'C4 D4 a part of the samples replaces nothing'
# What our tables have already still gets there
sqlite3 efd.sqlite3 'DELETE FROM exposure_efd'
value 1.6 11 0 '.column = "wide"' | load 0
expect_eq "$(receipt "$OUT")" existing
expect_eq "$(wide)" '101|2025042300101|1.6|||then'
# All or nothing: a window that ConsDB has under another number
sqlite3 efd.sqlite3 'UPDATE exposure_efd SET seq_num = 5'
{ value 2 20 0 '.column = "wide"'; value 2 20 0 '.column = "flag"'; } | load 4
expect_match "$ERR" 'could not write to "main"."exposure_efd": '
expect_match "$ERR" 'another day_obs and seq_num with the same exposure_id'
expect_eq "$(sqlite3 efd.sqlite3 "SELECT n FROM efd_value v JOIN efd_column USING (column_id) WHERE name = 'wide' AND instrument = 'LSSTCam' AND kind = 'exposure' AND obs_id > 100")" 11 'our tables have nothing of it'
# Dry
sqlite3 efd.sqlite3 'DELETE FROM exposure_efd'
value 2 20 0 '.column = "wide"' > line
expect_rc 0 dbb-efd-load --db efd.sqlite3 --columns columns.yaml --consdb main --instrument LSSTCam -n < line
expect_eq "$(wide)" ''
# Usage
usage() { local regex=$1; shift; expect_rc 2 dbb-efd-load --db efd.sqlite3 "$@" < /dev/null; expect_match "$ERR" "$regex"; }
usage '[-]-consdb goes with --instrument' --consdb main --columns columns.yaml
usage '[-]-consdb goes with --columns' --consdb main --instrument LSSTCam
usage '[-]-instrument goes with --consdb' --instrument LSSTCam
usage '[-]-consdb goes with values to load' --consdb main --columns columns.yaml --instrument LSSTCam --report
sqlite3 efd.sqlite3 'DROP TABLE visit1_efd_unpivoted'
usage 'the schema "main" has no table visit1_efd_unpivoted' --consdb main --columns columns.yaml --instrument LSSTCam
