#!/bin/bash
# dbb-repo check of repositories whose registry is a PostgreSQL database: nothing is found where nothing is wrong, also while
# others write; every damage of tests/data/damages_postgres.tsv is found by its name, and mended where that can be done.
#
# Usage: tests/postgres/check.sh     BUILD is the build folder (default: build), PGPORT_TESTS a port (default: a free one)
# shellcheck source=tests/_suite.sh
cd "$(dirname "$0")/../.." && . tests/_suite.sh
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2
export DBB_EXAMPLES=$root/examples/data DBB_TEST_DATA=$root/tests/data

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=${PGPORT_TESTS:-$(free_port)}
server=$work/server
stop_server() { "$root/tests/servers/postgres.sh" stop --remove "$server" > /dev/null 2>&1; }
trap 'stop_server; chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
url=$("$root/tests/servers/postgres.sh" start "$server" "$port" --db dbb --ext btree_gist 2> start.log | tail -n 1)
case $url in
  postgresql://*) ;;
  *) cat start.log; echo 'check: 0 passed, 1 failed'; exit 1 ;;
esac
query() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$url" -c "$1"; }
# check NAME COMMAND...    silent when it passes
check() {
  local name=$1
  shift
  tell "$name" "$("$@" > log 2>&1 < /dev/null || { tail -n 12 log; echo "$* failed"; })"
}

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

# damage_rows PART PARTS   every PARTS-th row of damages_postgres.tsv, each on a fresh copy, in a folder of its own; outcome
#                          and name of each go to a file there
damage_rows() {
  local part=$1 parts=$2 row=0 names repairable deed
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
    [ $((row % parts)) = "$part" ] || continue
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
keep_rows() {
  psql -X -q -v ON_ERROR_STOP=1 "${url%/dbb}/base" << 'END'
CREATE SCHEMA keep;
SELECT format('CREATE TABLE keep.%I AS TABLE public.%I', relname, relname) FROM pg_class WHERE relkind IN ('r', 'S') AND
  relnamespace = 'public'::regnamespace \gexec
CREATE PROCEDURE keep.restore() LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE name text; kind text;
BEGIN
  FOR name, kind IN SELECT c.relname, c.relkind FROM pg_class AS c JOIN pg_class AS k ON k.relname = c.relname
      WHERE c.relnamespace = 'public'::regnamespace AND k.relnamespace = 'keep'::regnamespace LOOP
    IF kind = 'r' THEN
      EXECUTE format('DELETE FROM public.%I', name);
      EXECUTE format('INSERT INTO public.%I SELECT * FROM keep.%I', name, name);
    ELSE
      EXECUTE format('SELECT setval(%L, last_value, is_called) FROM keep.%I', 'public.' || name, name);
    END IF;
  END LOOP;
END $$;
CREATE FUNCTION keep.state() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE name text; kind text;
BEGIN
  FOR name, kind IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') LOOP
    RETURN QUERY EXECUTE format(CASE kind WHEN 'r' THEN 'SELECT format(''%%s %%s'', %L, md5(string_agg(t::text, '','' ORDER BY t::text))) FROM %I AS t'
      ELSE 'SELECT format(''%%s %%s %%s'', %L, last_value, is_called) FROM %I' END, name, name);
  END LOOP;
  RETURN QUERY SELECT format('%s %s', c.oid::regclass, md5(string_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod),
    attnotnull), ',' ORDER BY attnum))) FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 GROUP BY c.oid;
  RETURN QUERY SELECT format('%s %s', conrelid::regclass, md5(string_agg(pg_get_constraintdef(oid), ',' ORDER BY pg_get_constraintdef(oid))))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace GROUP BY conrelid;
  RETURN QUERY SELECT format('not valid: %s', indexrelid::regclass) FROM pg_index WHERE NOT indisvalid;
  RETURN QUERY SELECT format('disabled: %s of %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE tgenabled = 'D';
END $$;
END
}

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

sum_up check
