#!/bin/bash
# A registry or configuration whose parts are missing or something else: every program says so, with status 5, and does
# not make it worse.
. "$DBB_CLI_LIB"

make_repo whole LATISS
dbb-ingest --repo whole -t copy "$DBB_EXAMPLES/LATISS" > /dev/null
dbb-scan "$DBB_EXAMPLES/LATISS" | dbb-describe > lines

# damaged PATTERN COMMAND...    the command ends with 5, a message that matches, and the way to learn more
damaged() {
  local pattern=$1
  shift
  remember repo
  expect_rc 5 "$@" < lines
  expect_match "$ERR" "$pattern"
  expect_match "$ERR" 'hint: .*dbb-repo check'
  expect_unchanged repo
}
# seed COMMAND                  a fresh copy of the repository, damaged by the command
seed() {
  rm -rf repo
  cp -r whole repo
  (cd repo && eval "$1")
}

seed 'sqlite3 gen3.sqlite3 "DROP TABLE collection"'
damaged 'no such table: collection' dbb-repo show repo collections
damaged 'no such table: collection' dbb-repo show repo datasets
damaged 'no such table: collection' dbb-ingest --repo repo -t direct
seed 'sqlite3 gen3.sqlite3 "DROP TABLE run"'
damaged 'no such table: run' dbb-ingest --repo repo -t direct --run other
seed 'sqlite3 gen3.sqlite3 "PRAGMA legacy_alter_table=ON; ALTER TABLE exposure RENAME TO e; CREATE VIEW exposure AS SELECT * FROM e"'
damaged 'exposure because it is a view' dbb-repo show repo records exposure
damaged 'exposure' dbb-ingest --repo repo -t direct --run other
seed 'sqlite3 gen3.sqlite3 "INSERT INTO dimension_graph_definition VALUES (1, '\''nonsense'\'')"'
damaged 'dimension_graph_definition: .*"nonsense"' dbb-repo show repo datasets
damaged 'dimension_graph_definition: .*"nonsense"' dbb-ingest --repo repo -t direct
for typo in file_datastore_record other; do
  seed "sed -i 's/table: file_datastore_records/table: $typo/' butler.yaml"
  damaged "has no table $typo of file records" dbb-ingest --repo repo -t copy --run other
done
seed 'printf "datastore: 5\n" > butler.yaml'
damaged 'butler.yaml": datastore is no mapping but 5' dbb-repo show repo datasets
seed 'printf "registry: x\n" > butler.yaml'
damaged 'butler.yaml": registry is no mapping but "x"' dbb-ingest --repo repo -t direct
damaged 'butler.yaml": registry is no mapping but "x"' dbb-repo check repo
seed ': > butler.yaml'
damaged 'butler.yaml" is empty' dbb-repo show repo datasets
damaged 'butler.yaml" is empty' dbb-ingest --repo repo -t direct
