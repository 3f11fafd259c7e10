#!/bin/bash
# dbb-repo check of repositories whose registry is a PostgreSQL database: nothing is found where nothing is wrong, also while
# others write; every damage of tests/data/damages_postgres.tsv is found by its name, and mended where that can be done.
#
# Usage: tests/postgres/check.sh     its environment: tests/postgres/_lib.sh, and STEP: only each STEP-th damage (default: all)
# shellcheck source=tests/postgres/_lib.sh
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh
export DBB_TEST_DATA=$root/tests/data

# ---------------------------------------------------------------- every damage, on copies of a repository that has everything

# A stand-in for what the cases of the CLI tests are given.
cases() {
  export CASE_IO=$PWD/io
  mkdir -p "$CASE_IO"
  # shellcheck source=tests/cli/_lib.sh
  . "$root/tests/cli/_lib.sh"
  # shellcheck source=tests/cli/repo/_load.bash
  . "$root/tests/cli/repo/_load.bash"
}
everything() {
  (cases && load_repo universe8 lite) || return 1
  mkdir base && cp -r lite/* base && rm base/gen3.sqlite3 base/butler.yaml
  query 'CREATE DATABASE base' && psql -X -q "${url%/dbb}/base" -c 'CREATE EXTENSION btree_gist' || return 1
  dbb-repo create base --registry "${url%/dbb}/base" || return 1
  python3 "$root/tests/postgres/load_gen3.py" lite/gen3.sqlite3 | psql -X -q -v ON_ERROR_STOP=1 "${url%/dbb}/base" > /dev/null
}

# damage_rows PART PARTS   a part of the rows of damages_postgres.tsv, each on a fresh copy, in a folder of its own; name and
#                          problem of each go to a file there
damage_rows() {
  local part=$1 parts=$2 step=${STEP:-1} row=0 names repairable deed
  mkdir "part-$part" && cd "part-$part" || return 1
  cases
  set +e
  # What damage_one compares.
  state_of() {
    find "$1" -type d -printf '%p %y %m\n' -o -printf '%p %y %m %s %T@ %l\n' | sort
    state_of_database "$PART_URL"
  }
  export PART_URL=${url%/dbb}/part_$part
  cat > "$CASE_IO/bin/q" << 'END'
#!/bin/bash
# q STATEMENT...   run SQL without foreign keys; @raw stands for the id of a raw dataset, @run for its run
{
  echo "SET session_replication_role = replica; SELECT d.id AS raw, d.run_id AS run FROM dataset AS d JOIN dataset_type AS t ON t.id=d.dataset_type_id JOIN dataset_location AS l ON l.dataset_id=d.id JOIN file_datastore_records AS r ON r.dataset_id=d.id WHERE t.name='raw' AND r.path NOT LIKE 'file:%' ORDER BY d.id LIMIT 1 \gset"
  printf '%s;\n' "$@" | sed "s/@raw/:'raw'/g; s/@run/:run/g"
} | psql -X -q -A -t -v ON_ERROR_STOP=1 "$PART_URL"
END
  cat > "$CASE_IO/bin/raw_file" << 'END'
#!/bin/bash
# raw_file   path of a raw file inside the datastore
q "SELECT path FROM file_datastore_records WHERE dataset_id=@raw"
END
  while IFS=$'\t' read -r names repairable deed; do
    [[ $names && $names != \#* && $repairable != never ]] || continue
    row=$((row + 1))
    [ "$((row % step)) $((row / step % parts))" = "0 $part" ] || continue
    echo "$names: $deed" > row.name
    (damage_copy && damage_one "$names" "$repairable" "$deed") > row.log 2>&1 && : > row.log
    jq -n --rawfile name row.name --rawfile log row.log '[$name, $log]' -c >> rows
  done < "$DBB_TEST_DATA/damages_postgres.tsv"
}
# A copy of the database takes long, so the rows are put back, and where that is not enough a copy is made.
damage_copy() {
  rm -rf repo
  cp -r ../base repo && sed -i "s|/base\"|/part_$part\"|" repo/butler.yaml
  psql -X -q "$PART_URL" -c 'CALL keep.restore()' 2> /dev/null && [ "$(state_of_database "$PART_URL")" = "$base_state" ] && return
  query "DROP DATABASE IF EXISTS part_$part WITH (FORCE)" 2> /dev/null
  query "CREATE DATABASE part_$part TEMPLATE base"
}
# What a database has: rows, values of sequences, and definitions
state_of_database() { psql -X -q -A -t "$1" -c 'SELECT * FROM keep.state() ORDER BY 1'; }
keep_rows() { psql -X -q -v ON_ERROR_STOP=1 "${url%/dbb}/base" -f "$root/tests/postgres/keep.sql"; }

check 'a repository that has everything' everything
check 'nothing is wrong with it' dbb-repo check base --orphans
check 'its rows are kept' keep_rows
base_state=$(state_of_database "${url%/dbb}/base")
damage_rows 0 2 > part.log-0 2>&1 &
damage_rows 1 2 > part.log-1 2>&1 &
wait
while IFS=$'\t' read -r name problem; do
  tell "$name" "$(printf '%b' "$problem")"
done < <(cat part-?/rows | jq -r '[(.[0] | rtrimstr("\n")), .[1]] | @tsv')
tell 'rows were tried' "$([ "$(cat part-?/rows | wc -l)" -ge $((100 / ${STEP:-1})) ] || cat part.log-?)"

# ---------------------------------------------------------------- what only whole runs show

# copied NAME              a copy of the database and of the repository
copied() { query "CREATE DATABASE $1 TEMPLATE base" && cp -r base "$1" && sed -i "s|/base\"|/$1\"|" "$1/butler.yaml"; }
in_copy() { psql -X -q -A -t -v ON_ERROR_STOP=1 "${url%/dbb}/$1" -c "$2"; }
as() { cp -r "$1" "$3" && sed -i "s|//dbb@|//$2@|" "$3/butler.yaml"; }
# ends STATUS REGEX COMMAND...     it ends with that status, and something it says matches
ends() {
  local want=$1 regex=$2 rc=0
  shift 2
  "$@" > out 2>&1 || rc=$?
  if [ $rc != "$want" ] || ! grep -qE -e "$regex" out; then echo "it ended with $rc; wanted are $want and $regex"; cat out; return 1; fi
}

check 'a copy' copied older
check 'with the dates of old releases' in_copy older "ALTER TABLE dataset ALTER ingest_date TYPE timestamp USING '2022-05-23 19:16:38'::timestamp, ALTER ingest_date SET DEFAULT now();
  UPDATE butler_attributes SET value='1.0.0' WHERE name LIKE 'version:%ByDimensions%'"
check 'nothing is wrong with them' dbb-repo check older

# The Butler's own tables, with a definition of those of dataset types, and what makes them a registry.
butlers_own() {
  local database=${url%/dbb}/own
  mkdir own && sed 's|^  db: .*|  db: "'"$database"'"\n  namespace: dbbrepo|' base/butler.yaml > own/butler.yaml
  query 'CREATE DATABASE own' && psql -X -q -v ON_ERROR_STOP=1 "$database" -c 'CREATE EXTENSION btree_gist' -f "$root/tests/data/butler/schema-postgresql-universe8.sql" || return 1
  psql -X -q "${url%/dbb}/base" -c 'COPY butler_attributes TO STDOUT' | psql -X -q -v ON_ERROR_STOP=1 "$database" -c 'COPY dbbrepo.butler_attributes FROM STDIN' || return 1
  in_copy own "SET search_path = dbbrepo; INSERT INTO dimension_graph_key VALUES (1), (2);
    INSERT INTO dimension_graph_definition VALUES (1, 'instrument'), (1, 'detector'), (1, 'exposure'), (2, 'instrument'), (2, 'detector');
    INSERT INTO dataset_type VALUES (1, 'raw', 'Exposure', 1, 'dataset_tags_00000001', NULL), (2, 'bias', 'Exposure', 2, 'dataset_tags_00000002', 'dataset_calibs_00000002');
    INSERT INTO opaque_meta VALUES ('file_datastore_records');
    SELECT setval('dataset_type_seq_id', 2), setval('dimension_graph_key_seq_id', 2)"
}
check 'tables that the Butler made' butlers_own
check 'nothing is wrong with what the Butler makes' ends 0 '"found":0' dbb-repo check own

query 'CREATE ROLE reader LOGIN'
check 'a copy for readers' copied lent
check 'may be read' in_copy lent 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader'
as lent reader theirs
check 'a reader finds nothing wrong' dbb-repo check theirs --orphans
check 'and has nothing to mend' dbb-repo check theirs --repair
in_copy lent "SET session_replication_role = replica; INSERT INTO run (collection_id) VALUES (99); DELETE FROM opaque_meta; SELECT setval('dataset_type_seq_id', 1)" > /dev/null
before=$(state_of_database "${url%/dbb}/lent")
check 'a reader finds damage' ends 5 '"damage":"run_without_collection"' dbb-repo check theirs
check 'sequences it may not read are left out' ends 5 '"damages":{"missing_opaque_meta":1,"run_without_collection":1}' dbb-repo check theirs
check 'a reader may not mend' ends 4 'permission denied for table' dbb-repo check theirs --repair
check 'nor try to' ends 4 'permission denied for table' dbb-repo check theirs --repair -n
tell 'nothing was changed' "$(diff <(echo "$before") <(state_of_database "${url%/dbb}/lent"))"
check 'the owner mends it' ends 0 '"mended":3' dbb-repo check lent --repair

# Others hold the lock of writers, and change meanwhile what was found.
check 'a copy for two' copied shared
in_copy shared 'CREATE TABLE dataset_tags_00000077 (dataset_type_id BIGINT, dataset_id UUID, collection_id BIGINT)' > /dev/null
psql -X -q "${url%/dbb}/shared" -c "BEGIN; SELECT pg_advisory_xact_lock(hashtext('dbb'), hashtext('public')); SELECT pg_sleep(3)" \
  -c "UPDATE dataset_type SET tag_association_table='dataset_tags_00000077' WHERE name='temporary'; COMMIT" > /dev/null &
holder=$!
sleep 0.5
check 'who mends waits for others' ends 75 'lock timeout' env DBB_BUSY_TIMEOUT=0.2s dbb-repo check shared --repair
check 'and leaves what is right by then' ends 5 '00000077.*it could not be mended: it is not so any more' dbb-repo check shared --repair
wait $holder
tell 'the table is still there' "$(in_copy shared "SELECT 'it is gone' WHERE to_regclass('dataset_tags_00000077') IS NULL")"

check 'a copy with a rule of its own' copied ruled
in_copy ruled "ALTER TABLE dataset_location ADD CONSTRAINT own CHECK (dataset_id::text >= '8') NOT VALID; SET session_replication_role = replica; DELETE FROM dataset_location" > /dev/null
check 'what can not be mended is said, the rest is mended' ends 5 'could not be mended: CHECK constraint failed: own' dbb-repo check ruled --repair
tell 'the rest' "$([ "$(grep -c '"outcome":"done"' out)-$(grep -c 'not be mended' out)" = "$(in_copy ruled "SELECT format('%s-%s', count(*) FILTER (WHERE dataset_id::text >= '8'), count(*) FILTER (WHERE dataset_id::text < '8')) FROM (SELECT DISTINCT dataset_id FROM file_datastore_records) AS r")" ] || cat out)"

# Texts of SQL that ICU orders otherwise than bytes: pages must not lose a row.
query "CREATE DATABASE ordered TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'"
psql -X -q "${url%/dbb}/ordered" -c 'CREATE EXTENSION btree_gist'
mkdir ordered && cp -r lite/* ordered && rm ordered/gen3.sqlite3 ordered/butler.yaml
check 'a database with a locale' dbb-repo create ordered --registry "${url%/dbb}/ordered"
python3 "$root/tests/postgres/load_gen3.py" lite/gen3.sqlite3 | psql -X -q -v ON_ERROR_STOP=1 "${url%/dbb}/ordered" > /dev/null
printf 1 > 'ordered/not recorded'
printf 1 > "$(printf 'ordered/\377')"
check 'its files without rows' ends 0 '"orphans":2' dbb-repo check ordered --orphans

# ---------------------------------------------------------------- while others write

created() { dbb-repo create "$1" --registry "$url" --namespace "$1" && dbb-repo register-instrument "$1" LSSTCam LATISS > /dev/null; }
python3 "$root/tests/interop/make_night.py" night --instrument LSSTCam --exposures 12 --detectors 6 --amps 1 --npix 8 > /dev/null
dbb-describe night | jq -c 'select(.uri)' > lines
check 'create' created busy
# Some write, take away what they have written, and write it again.
write() {
  for _ in 1 2 3; do
    while IFS= read -r line; do printf '%s\n' "$line"; sleep 0.02; done < lines | dbb-ingest --repo busy -t copy > /dev/null || return 1
    for exposure in $(jq .data_id.exposure lines | sort -u | head -n 4); do
      dbb-repo remove-raw busy --instrument LSSTCam --exposure "$exposure" > /dev/null || return 1
    done
  done
}
write 2> write.err &
writer=$!
checks=0
while kill -0 $writer 2> /dev/null; do
  dbb-repo check busy > "checked-$checks" 2>&1 || { cat "checked-$checks" >> wrong; }
  checks=$((checks + 1))
done
wait_for $writer
tell 'writers end well' "$statuses$(cat write.err)"
tell "$checks checks find nothing wrong with what they do" "$(cat wrong 2> /dev/null; [ $checks -ge 5 ] || echo "only $checks")"
check 'make visits' dbb-visits --repo busy
check 'nothing is wrong afterwards' ends 0 '"complete":true}$' dbb-repo check busy --orphans
tell 'no file is without a row' "$(grep orphan out)"

# ---------------------------------------------------------------- a table whose file is corrupt

check 'a copy to be corrupted' copied corrupt
path=$(in_copy corrupt "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('dataset_location')")
"$root/tests/servers/postgres.sh" stop "$server" > /dev/null 2>&1
head -c 8192 /dev/urandom | dd of="$path" conv=notrunc status=none
"$root/tests/servers/postgres.sh" start "$server" "$port" > /dev/null 2>&1
check 'it is told' ends 5 '"damage":"corrupt_database".*invalid page' dbb-repo check corrupt
check 'the others are as they were' dbb-repo check base

sum_up check
