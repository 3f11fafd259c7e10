#!/bin/bash
# Repositories whose registry is a PostgreSQL database, on a server that this suite starts and stops: what they hold is what
# SQLite holds, writers wait for each other, and what a server can refuse is told.
#
# Usage: tests/postgres/registry.sh      its environment: tests/postgres/_lib.sh
# shellcheck source=tests/postgres/_lib.sh
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh

# ---------------------------------------------------------------- an empty one

check 'create' created empty empty
tell 'namespace in butler.yaml' "$(grep -q '^  namespace: "empty"$' empty/butler.yaml || cat empty/butler.yaml)"
check 'a schema with tables is refused' fails 4 'exists already' created second empty
tell 'nothing is left of what was refused' "$([ ! -e second/butler.yaml ] || echo 'second/butler.yaml is there')"
check 'create without a namespace' dbb-repo create public --registry "$url"
# tests/unit/butler/schema_test.cc compares columns, constraints, indexes and sequences.
tell 'its tables are those of the Butler' "$(diff <(query "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1") \
  <(sed -nE 's/^CREATE TABLE dbbrepo\."?([a-z_0-9]*)"? .*/\1/p' "$root/tests/data/butler/schema-postgresql-universe8.sql" | grep -v '^dataset_.*_0' | sort))"
query 'CREATE DATABASE bare' > /dev/null
check 'a database without btree_gist is refused' fails 4 'lacks the extension btree_gist' dbb-repo create bare --registry "${url%/dbb}/bare"
check 'no URL' fails 2 'is no postgresql:// URL' dbb-repo create x --registry mysql://h/d
check 'a namespace alone' fails 2 'is of a PostgreSQL registry' dbb-repo create x --namespace y
check 'a dry run refuses what create would' fails 4 'exists already' dbb-repo create x -n --registry "$url" --namespace empty
check 'and a server that is not there' fails 4 'could not connect' dbb-repo create x -n --registry postgresql://dbb@127.0.0.1:1/dbb
check 'a password in the URL' fails 2 'a password would stand in butler.yaml' dbb-repo create x --registry postgresql://dbb:secret@127.0.0.1/dbb
check 'a name that is too long' fails 2 'at most 63 bytes, not 70' dbb-repo create x --registry "$url" --namespace "$(printf '%070d' 0)"
check 'a URL without database' fails 2 'it names no database' dbb-repo create x --registry postgresql://127.0.0.1
tell 'what was refused leaves no folder' "$(ls -d x second bare 2> /dev/null)"
makers=()
for i in 1 2 3; do dbb-repo create "race-$i" --registry "$url" --namespace race > /dev/null 2> "race.err-$i" & makers+=($!); done
wait_for "${makers[@]}"
tell 'of three creates at once one makes the repository' "$([ "$(find race-? -name butler.yaml | wc -l) $(cat race.err-? | grep -c 'exists already')" = '1 2' ] || cat race.err-?)"
check 'a dry run makes nothing' dbb-repo create dry --registry "$url" --namespace dry -n
tell 'no schema was made' "$(query "SELECT nspname FROM pg_namespace WHERE nspname = 'dry'")"

# ---------------------------------------------------------------- the same as on SQLite

check 'register' registered ours ours
dbb-repo create lite && dbb-repo register-instrument lite LSSTCam LSSTComCam LATISS > /dev/null
python3 "$root/tests/interop/make_night.py" night --instrument LSSTCam --exposures 4 --detectors 10 --amps 1 --npix 8 > /dev/null
for repo in ours lite; do
  check "ingest into $repo" dbb-ingest --repo $repo -t direct "$DBB_EXAMPLES"/L* night
  check "visits in $repo" dbb-visits --repo $repo
  check "again in $repo" dbb-ingest --repo $repo -t direct night
  tell "files are existing in $repo" "$([ "$(grep -c '"outcome":"existing"' log)" = 40 ] || tail -n 3 log)"
done
tell 'holds the same as SQLite' "$(same ours lite | head -n 20)"
where="exposure.seq_num >= 1 AND exposure.timespan_begin > 1500000000000000000 AND band = 'r' AND detector > 0.5 AND exposure.exposure_time < 1000.5"
tell 'conditions select the same' "$(diff <(dbb-repo show ours datasets --where "$where" | jq -r .id | sort) <(dbb-repo show lite datasets --where "$where" | jq -r .id | sort))"
check 'why of a file' dbb-why --repo ours "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
# Refusals are those of SQLite.
dbb-describe night | jq -c 'select(.uri)' > lines
refusals() {
  {
    head -n 1 lines | jq -c '.records.exposure.target_name = "Other" | .data_id.detector = 100'
    head -n 1 lines | jq -c '.data_id.detector = 999'
    sed -n 2p lines | jq -c '.data_id.exposure = 7 | .records.exposure.id = 7'
    sed -n 3p lines | jq -c '.physical_filter = "nix" | .records.exposure.physical_filter = "nix"'
    sed -n 4p lines | jq -c '.data_id.exposure = 8 | .records.exposure.id = 8 | .records.exposure.obs_id = "x" | .records.day_obs.timespan.begin_tai = "2020-01-01T00:00:00.000000000"'
    sed -n 5p lines
  } | dbb-ingest --repo "$1" -t direct --rejects "$1.rejects" > "$1.receipts" 2> /dev/null
  jq -c '[.error.code, .error.cause]' "$1.rejects"
}
tell 'refusals are the same' "$(diff <(refusals ours) <(refusals lite))"
tell 'codes of the refusals' "$(diff <(jq -r .error.code ours.rejects) <(printf '%s\n' EXPOSURE_CONFLICT DETECTOR_NOT_REGISTERED OBS_ID_TAKEN FILTER_NOT_REGISTERED DAY_OBS_CONFLICT))"
updated() { head -n 1 lines | jq -c '.records.exposure.target_name = "Other"' | dbb-ingest --repo "$1" -t direct --update-records | jq -c 'select(.ingest) | .ingest.updated'; }
tell 'records are updated' "$(diff <(updated ours) <(updated lite))"
tell 'holds the same after it' "$(same ours lite | head -n 20)"
for repo in ours lite; do check "remove in $repo" dbb-repo remove-raw $repo --instrument LATISS --exposure 3018092000065; done
tell 'holds the same after a removal' "$(same ours lite | head -n 20)"
refused() { sed -n 6p lines | jq -c '(.data_id.exposure, .records.exposure.id) += 1 | .records.exposure.obs_id = "late" | .records.exposure.observation_type = "far too long to be stored"' | dbb-ingest --repo ours -t copy --rejects late.rejects; }
check 'a line that is refused when its file is there' fails 1 '.' refused
tell 'takes its file away' "$(find ours -name '*late*')"
check 'nothing is wrong with it' dbb-repo check --orphans ours
check 'a dry run' fails 1 'LSSTCam is not registered' dbb-ingest -n --repo empty -t direct night

# ---------------------------------------------------------------- round trips

# Lines of exposures of 189 detectors, of one header.
dbb-describe "$root/tests/data/headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml" | jq -c --arg raw "$(jq -r .uri lines | head -n 1)" 'select(.uri)
  | del(.size, .mtime) | .uri = $raw | . as $line | range(3) as $i | range(189) as $d | $line | (.data_id.exposure, .records.exposure.id) += $i
  | .records.exposure.obs_id += "_\($i)" | .records.exposure.group += "_\($i)" | .records.group.name += "_\($i)" | .data_id.detector = $d' > exposures
# turned     how often the program of the trace turned from sending to receiving
turned() { awk '/sendto\(.*= [0-9]+$/ { sent = 1 } /recvfrom\(.*= [1-9][0-9]*$/ { n += sent; sent = 0 } END { print n + 0 }' trace; }
# trips N    the same of dbb-ingest for N exposures, each a commit of its own
trips() {
  query "TRUNCATE trips.exposure, trips.\"group\", trips.dataset CASCADE; TRUNCATE trips.file_datastore_records" > /dev/null 2>&1
  for ((i = 0; i < $1; i++)); do
    sed -n "$((i * 189 + 1)),$(((i + 1) * 189))p" exposures
    sleep 1
  done | ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=sendto,recvfrom dbb-ingest --repo trips -t direct > trips.out 2> trips.err
  turned
}
check 'register for round trips' registered trips trips
trips 1 > /dev/null # the dataset type and the run are there then
one=$(trips 1)
three=$(trips 3)
tell "an exposure of 189 files costs at most 8 round trips: $(((three - one) / 2))" "$([ $((three - one)) -le 16 ] || sed -nE 's/.*sendto\([0-9]+, "(.{100}).*/\1/p' trace)"
tell 'all of them are stored' "$([ "$(grep -c '"outcome":"done","path"' trips.out)" = 567 ] || cat trips.err)"

# A zip file whose members are removed one by one, where texts are not ordered by their bytes
query "CREATE DATABASE ordered TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'" > /dev/null
psql -X -q "${url%/dbb}/ordered" -c 'CREATE EXTENSION btree_gist'
check 'create in a database with a locale' dbb-repo create zipped --registry "${url%/dbb}/ordered"
check 'register there' dbb-repo register-instrument zipped LSSTCam
check 'ingest a zip file' dbb-ingest --repo zipped -t copy "$root"/tests/data/zips/*.zip
check 'remove one of its members' dbb-repo remove-raw zipped --instrument LSSTCam --exposure 3019031900001 --detector 29
tell 'its file stays for the other' "$([ -e zipped/zips/5c9d/5c9dda5f-c9c1-502c-ad11-389da4924240.zip ] || cat log)"
check 'remove the other' dbb-repo remove-raw zipped --instrument LSSTCam --exposure 3019031900001
tell 'its file goes' "$(find zipped -name '*.zip')"

# ---------------------------------------------------------------- a chain of datastores

check 'register for a chain' registered chain chain
cat > datastores << 'YAML'
datastore:
  cls: lsst.daf.butler.datastores.chainedDatastore.ChainedDatastore
  datastores:
    - {root: <butlerRoot>/one, records: {table: file_datastore_records}}
    - {root: <butlerRoot>/two, records: {table: records_of_two}, checksum: true}
YAML
sed '/^datastore:/,/^[a-z]*:$/{/^registry:/!d}' chain/butler.yaml | cat datastores - > chain.yaml && mv chain.yaml chain/butler.yaml
check 'ingest into a chain' dbb-ingest --repo chain -t copy night
chained() { query "SELECT (SELECT count(*) FROM chain.dataset_location), (SELECT count(*) FROM chain.file_datastore_records),
  (SELECT count(checksum) FROM chain.records_of_two)"; }
tell 'both datastores have all' "$([ "$(chained) $(find chain/one -name '*.fits' | wc -l) $(find chain/two -name '*.fits' | wc -l)" = '80|40|40 40 40' ] || chained)"
check 'again' dbb-ingest --repo chain -t copy night
tell 'files are existing in the chain' "$([ "$(grep -c '"outcome":"existing"' log)" = 40 ] || tail -n 3 log)"
check 'nothing is wrong with the chain' dbb-repo check chain --orphans
exposure=$(dbb-repo show chain datasets | jq -r 'select(.data_id).data_id.exposure' | head -n 1)
tell 'datasets have two files' "$(dbb-repo show chain datasets | jq -c 'select(.id) | select(.files | length != 2)')"
check 'remove from the chain' dbb-repo remove-raw chain --instrument LSSTCam --exposure "$exposure"
tell 'it is gone from both' "$([ "$(chained) $(find chain/one -name '*.fits' | wc -l) $(find chain/two -name '*.fits' | wc -l)" = '60|30|30 30 30' ] || chained)"
check 'nothing is wrong without it' dbb-repo check chain --orphans
# In the second: a location without its record, a record without its location, trash of what the first has, a lost file, one too many.
query "DELETE FROM chain.records_of_two WHERE dataset_id = (SELECT min(dataset_id::text)::uuid FROM chain.records_of_two);
  DELETE FROM chain.dataset_location WHERE datastore_name LIKE '%two' AND dataset_id = (SELECT max(dataset_id::text)::uuid FROM chain.records_of_two);
  WITH gone AS (DELETE FROM chain.dataset_location WHERE datastore_name LIKE '%two' AND dataset_id = (SELECT min(dataset_id::text)::uuid
    FROM chain.records_of_two) RETURNING datastore_name, dataset_id) INSERT INTO chain.dataset_location_trash (datastore_name, dataset_id)
    SELECT datastore_name, dataset_id FROM gone" > /dev/null
touch chain/two/one.fits
dbb-repo check chain --orphans > log 2>&1
tell 'damage of the second is found' "$([ "$(jq -rR 'fromjson? | .damage // (select(.uri) | .type)' log | paste -sd ' ')" = 'location_without_record missing_location trash_left_over orphan orphan' ] || cat log)"
check 'it is mended' dbb-repo check --repair chain
check 'nothing is wrong afterwards' dbb-repo check chain
tell 'only the second has less' "$([ "$(chained) $(find chain/one -name '*.fits' | wc -l) $(find chain/two -name '*.fits' | wc -l)" = '58|30|28 30 30' ] || chained)"

# ---------------------------------------------------------------- several writers

# Eight begin at the same moment with a repository that has neither dataset type nor run, in different orders, and share files.
check 'register for writers' registered many many
writers=()
for i in 1 2 3 4 5 6 7 8; do
  case $((i % 4)) in
    0) shuf --random-source=<(yes "$i") lines ;;
    1) cat lines ;;
    2) tac lines ;;
    3) tail -n +21 lines; head -n 20 lines ;;
  esac > "many.lines-$i"
  { until [ -e begin ]; do sleep 0.01; done; cat "many.lines-$i"; } |
    dbb-ingest --repo many -t copy --rejects "many.rejects-$i" > "many.out-$i" 2> "many.err-$i" &
  writers+=($!)
done
deadlocks() { query "SELECT sum(deadlocks) FROM pg_stat_database"; }
before=$(deadlocks)
sleep 0.5
touch begin
wait_for "${writers[@]}"
tell 'eight writers end well' "$statuses$(cat many.err-*)"
tell 'every file is stored once' "$(diff <(cat many.out-* | jq -r 'select(.ingest.outcome == "done") | .id' | sort) <(dbb-repo show many datasets | jq -r 'select(.id).id' | sort))"
tell 'every line has one receipt' "$(diff <(uris many.out-*) <(uris many.lines-*))"
sleep 1
tell 'no deadlock' "$([ "$(deadlocks)" = "$before" ] || deadlocks)"
check 'one writer' registered one one
check 'one writer ingests' dbb-ingest --repo one -t copy night
tell 'eight writers leave what one does' "$(diff <(held many | sed "s|$work/many|@|g") <(held one | sed "s|$work/one|@|g") | head -n 20)"
rows() { query "SELECT table_name, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM $1.' || quote_ident(table_name), false, true, '')))[1] FROM information_schema.tables WHERE table_schema = '$1' ORDER BY 1"; }
tell 'and as many rows in each table' "$(diff <(rows many) <(rows one))"

check 'nothing is wrong with what they leave' dbb-repo check many

# Behind a pooler that gives each transaction another connection, two schemas at once
pooled=$("$root/tests/servers/pgbouncer.sh" start "$work/pooler" "$(free_port)" "$port" 2> pooler.log | tail -n 1)
case $pooled in
  postgresql://*) tell 'a pooler' '' ;;
  *) tell 'a pooler' "$(cat pooler.log)" ;;
esac
writers=()
for repo in left right; do
  check "create $repo behind a pooler" dbb-repo create $repo --registry "$pooled/dbb" --namespace $repo
  check "register in $repo" dbb-repo register-instrument $repo LSSTCam LSSTComCam LATISS
done
for i in 1 2 3; do
  for repo in left right; do
    dbb-ingest --repo $repo -t direct < lines > "$repo.out-$i" 2> "$repo.err-$i" &
    writers+=($!)
  done
done
wait_for "${writers[@]}"
tell 'six writers behind a pooler end well' "$statuses$(cat left.err-* right.err-*)"
tell 'both schemas hold the same' "$(same left right | head -n 20)"
tell 'and what one writer stores' "$([ "$(dbb-repo show left datasets | grep -c '"id"')" = 40 ] || echo 'not 40 datasets')"

check 'nothing is wrong with it behind a pooler' dbb-repo check left

# Visits: each commit may come over another connection. Names of groups differ behind their twentieth letter.
jq -c 'select(.data_id.detector == 0 and (.records.exposure.obs_id | endswith("_0"))) | . as $line | range(600) as $i | $line
  | .data_id.exposure += $i | "2025-04-23T03:52:21.\(1000 + $i)" as $group | .records.group.name = $group
  | .records.exposure |= (.id += $i | .obs_id += "_\($i)" | .group = $group | .seq_num = $i | .seq_start = $i - $i % 2 | .seq_end = .seq_start + 1
    | if $i == 7 or $i == 9 then .seq_start = null | .seq_end = null else . end)' exposures > snaps
visits_of() { for element in visit visit_definition visit_system visit_system_membership; do dbb-repo show "$1" records $element; done; }
dbb-repo create plain && dbb-repo register-instrument plain LSSTCam LSSTComCam LATISS > /dev/null
for repo in left right plain; do dbb-ingest --repo $repo -t direct < snaps > $repo.snaps 2> $repo.err || cat $repo.err; done
dbb-ingest --repo plain -t direct < lines > /dev/null # which the others have
# By condition where one of two is wanted, by lines where all are, and both at once over each repository
writers=()
for repo in left right; do
  dbb-visits --repo $repo --grouping by-group-metadata --where 'seq_num < 400' < /dev/null > $repo.walk 2> $repo.err-walk &
  writers+=($!)
  dbb-visits --repo $repo --grouping by-group-metadata < $repo.snaps > $repo.lines 2> $repo.err-lines &
  writers+=($!)
done
wait_for "${writers[@]}"
tell 'four that make visits behind a pooler end well' "$statuses$(cat {left,right}.err-{walk,lines} | grep -vE 'without regions|hint:')"
check 'visits on SQLite' dbb-visits --repo plain --grouping by-group-metadata
for repo in left right; do
  tell "visits of $repo are those of SQLite" "$(diff <(visits_of plain) <(visits_of $repo) | head -n 20)"
  tell "every line of $repo has its visit" "$([ "$(jq -c 'select(.visits).visits.visits | length' $repo.lines | sort | uniq -c | tr -s ' ')" = ' 600 1' ] || head -n 3 $repo.lines)"
done

# Snaps that belong together, of which one is meant; the connection is lost in the middle of a commit.
check 'register for snaps' registered counted counted
dbb-repo create counts && dbb-repo register-instrument counts LSSTCam > /dev/null
for repo in counted counts; do dbb-ingest --repo $repo -t direct < snaps > /dev/null 2> $repo.err || cat $repo.err; done
pairs=(--grouping one-to-one-and-by-counter --where 'seq_num IN (9, 100..499)')
psql -X -q "$url" -c 'BEGIN; LOCK TABLE counted.visit IN EXCLUSIVE MODE; SELECT pg_sleep(3)' > /dev/null &
holder=$!
sleep 1
dbb-visits --repo counted "${pairs[@]}" < /dev/null > counted.out 2> counted.err &
writers=($!)
cut=0
for _ in $(seq 20); do
  cut=$(query "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \"visit\"%'")
  [ "$cut" = 0 ] || break
  sleep 0.1
done
wait $holder
wait_for "${writers[@]}"
tell 'a connection that is lost in a commit of visits' "$([ "$cut" = 1 ] || echo "$cut connections were cut")$statuses$(grep -q 'connected to .* again' counted.err || cat counted.err)"
check 'snaps on SQLite' dbb-visits --repo counts "${pairs[@]}"
tell 'its visits are those of SQLite' "$(diff <(visits_of counts) <(visits_of counted) | head -n 20)"
tell 'and so is what it printed' "$(diff log counted.out | grep -vE 'without regions|hint:' | grep '^[<>]' | head -n 20)"
# Of 200 groups of two each alone and both together; the two without a counter each alone, though only one is meant
tell 'as many as there should be' "$([ "$(query 'SELECT count(*), count(DISTINCT visit) FROM counted.visit_definition')" = '802|602' ] || query 'SELECT count(*), count(DISTINCT visit) FROM counted.visit_definition')"
# visit_trips SEQ-NUMS    how often dbb-visits turns from sending to receiving for exposures by themselves
visit_trips() {
  ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=sendto,recvfrom dbb-visits --repo counted --where "seq_num IN ($1)" < /dev/null > trips.out 2> trips.err
  turned
}
twenty=$(visit_trips 500..519)
forty=$(visit_trips 520..559)
tell "a visit costs at most 6 round trips: $(((forty - twenty) / 20))" "$([ $((forty - twenty)) -le 120 ] || cat trips.err)"
tell 'all of them are made' "$([ "$(grep -c '"outcome":"done"' trips.out)" = 40 ] || cat trips.err)"

# ---------------------------------------------------------------- who is killed

# killed MILLISECONDS    a run that is stopped then leaves what is whole, and a second one completes it
killed() {
  local rc=0
  query 'DROP SCHEMA IF EXISTS dead CASCADE' && rm -rf dead && registered dead dead || return 1
  timeout -s KILL "0.$(printf %03d "$1")" dbb-ingest --repo dead -t copy night > dead.out 2> dead.err || rc=$?
  [ $rc = 137 ] || [ $rc = 0 ] || { echo "it ended with $rc"; cat dead.err; return 1; }
  # The server may be at the last commit yet.
  sleep 0.2
  diff <(sed -nE 's/.*"id":"([^"]*)","ingest".*/\1/p' dead.out | sort) <(dbb-repo show dead datasets | jq -r 'select(.id).id' | sort) | grep '^<' && { echo 'a receipt is not true'; return 1; }
  dbb-ingest --repo dead -t copy night > dead.again || return 1
  diff <(held dead | sed "s|$work/dead|@|g") <(held one | sed "s|$work/one|@|g") && dbb-repo check dead
}
for at in 10 20 35 50 70 90 120; do check "killed after $at ms" killed $at; done

# ---------------------------------------------------------------- a server that asks for a password

query "CREATE ROLE keeper LOGIN SUPERUSER PASSWORD 'k/e:y'" > /dev/null
hba=$(query 'SHOW hba_file')
sed -i '1i host all keeper 127.0.0.1/32 scram-sha-256' "$hba"
query 'SELECT pg_reload_conf()' > /dev/null
mkdir kept && sed "s|//dbb@|//keeper@|; s|<butlerRoot>\$|$work/ours|" ours/butler.yaml > kept/butler.yaml
export HOME=$work/home
mkdir -p "$HOME"
check 'without a password' fails 4 'no password supplied' dbb-repo show kept datasets
check 'a wrong one' fails 4 'password authentication failed' env PGPASSWORD=other dbb-repo show kept datasets
printf '127.0.0.1:%s:dbb:keeper:k/e\\:y\n' "$port" > "$HOME/.pgpass" && chmod 600 "$HOME/.pgpass"
check 'from ~/.pgpass' dbb-repo show kept datasets
rm "$HOME/.pgpass"
mkdir -p "$HOME/.lsst"
printf -- '- url: postgresql://127.0.0.1:%s/dbb\n  username: keeper\n  password: k/e:y\n' "$port" > "$HOME/.lsst/db-auth.yaml"
chmod 600 "$HOME/.lsst/db-auth.yaml"
check 'from ~/.lsst/db-auth.yaml' dbb-repo show kept datasets
sed -i "s|//keeper@|//|" kept/butler.yaml
check 'with its user as well' dbb-repo show kept datasets
chmod 644 "$HOME/.lsst/db-auth.yaml"
check 'which others may read' fails 4 'may be read by others than you' dbb-repo show kept datasets
mv "$HOME/.lsst/db-auth.yaml" auth.yaml && chmod 600 auth.yaml
check 'from LSST_DB_AUTH' env LSST_DB_AUTH=auth.yaml dbb-repo show kept datasets
check 'from LSST_DB_AUTH_CREDENTIALS' env LSST_DB_AUTH_CREDENTIALS="[{\"url\": \"postgresql://127.0.0.1:$port/dbb\", \"username\": \"keeper\", \"password\": \"k/e:y\"}]" \
  dbb-ingest -n --repo kept -t direct "$DBB_EXAMPLES/LATISS"
tell 'the password is said nowhere' "$(grep -F 'k/e:y' out err log)"

# ---------------------------------------------------------------- what a server can refuse

query "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ours TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA ours TO reader" > /dev/null
as() { mkdir -p "$2" && sed "s|//dbb@|//$1@|; s|<butlerRoot>\$|$work/ours|" ours/butler.yaml > "$2/butler.yaml"; }
as reader theirs
check 'a reader reads' dbb-repo show theirs datasets
why_fails() { local rc=0; dbb-why --repo "$1" --run u/new "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits" > why.out || rc=$?; if [ $rc != "$2" ] || ! grep -q "$3" why.out; then echo "it ended with $rc"; cat why.out; return 1; fi; }
check 'why sees that a reader may not write' why_fails theirs 4 'permission denied for table'
query 'CREATE ROLE nobody LOGIN' > /dev/null
as nobody nobody
check 'a schema that may not be used' fails 4 'permission denied for the schema' dbb-repo show nobody datasets
check 'a value of another kind in a condition' fails 2 'invalid input syntax' dbb-repo show ours datasets --where "detector = 'a'"
check 'a reader may not write' fails 4 'permission denied' dbb-ingest --repo theirs -t direct --rejects reader.rejects "$DBB_EXAMPLES/LATISS"
query "CREATE ROLE half LOGIN; GRANT ALL ON SCHEMA ours TO half; GRANT ALL ON ALL TABLES IN SCHEMA ours TO half; GRANT ALL ON ALL SEQUENCES IN SCHEMA ours TO half; REVOKE INSERT ON ours.dataset_location FROM half" > /dev/null
as half half
check 'a grant that lacks is told by its table' fails 4 'permission denied for table dataset_location' dbb-ingest --repo half -t direct "$DBB_EXAMPLES/LATISS"
tell 'nothing of it is stored' "$([ "$(dbb-repo show ours datasets --where "instrument = 'LATISS'" | grep -c '"id"')" = 0 ] || echo 'rows are there')"
query 'ALTER TABLE ours.exposure RENAME TO exposed' > /dev/null
check 'a table that is not there' fails 5 'tables of .* are not as they should be' dbb-ingest --repo ours -t direct "$DBB_EXAMPLES/LATISS"
query 'ALTER TABLE ours.exposed RENAME TO exposure' > /dev/null
psql -X -q "$url" -c 'BEGIN; LOCK TABLE ours.exposure; SELECT pg_sleep(3)' > /dev/null &
holder=$!
sleep 1
check 'a lock of others is waited for so long' fails 75 'lock timeout' env DBB_BUSY_TIMEOUT=0.5s dbb-ingest --repo ours -t direct "$DBB_EXAMPLES/LATISS"
wait $holder
check 'and then it goes on' dbb-ingest --repo ours -t direct "$DBB_EXAMPLES/LATISS"
# Another program, which has the lock of writers, ends a removal that dbb-ingest has seen begun.
check 'register for a removal' registered trash trash
check 'ingest what is removed' dbb-ingest --repo trash -t copy "$DBB_EXAMPLES/LATISS"
check 'begin it' query 'INSERT INTO trash.dataset_location_trash (datastore_name, dataset_id)
    SELECT datastore_name, dataset_id FROM trash.dataset_location;
  DELETE FROM trash.dataset_location'
psql -X -q -v ON_ERROR_STOP=1 "$url" -c "BEGIN; SET LOCAL search_path = trash; SELECT pg_advisory_xact_lock(hashtext('dbb'), hashtext('trash'))" \
  -c 'SELECT pg_sleep(3); DELETE FROM dataset_location_trash; DELETE FROM file_datastore_records; DELETE FROM dataset; COMMIT' > /dev/null &
holder=$!
sleep 1
check 'a removal that ends meanwhile' dbb-ingest --repo trash -t copy "$DBB_EXAMPLES/LATISS"
wait $holder
tell 'what was removed is there again' "$([ "$(query 'SELECT count(*) FROM trash.dataset_location')" -gt 0 ] || echo 'no row')"
query "UPDATE many.butler_attributes SET value = '7.0.0' WHERE name LIKE 'version:%datasets%'" > /dev/null
check 'another version is refused' fails 5 'has version 7.0.0' dbb-ingest --repo many -t direct "$DBB_EXAMPLES/LATISS"
query "UPDATE many.butler_attributes SET value = '2.0.0' WHERE name LIKE 'version:%datasets%';
  UPDATE many.butler_attributes SET value = 'mine.OpaqueManager' WHERE name = 'config:registry.managers.opaque'" > /dev/null
check 'an unknown manager is refused' fails 5 'its opaque are kept by mine.OpaqueManager; dbb knows' dbb-repo show many datasets
mkdir remote && { echo 'cls: lsst.daf.butler.remote_butler.RemoteButler'; cat ours/butler.yaml; } > remote/butler.yaml
check 'a client/server repository is refused' fails 5 'cls makes it a client/server repository' dbb-repo show remote datasets
check 'register for ObsCore' registered obscore obscore
query "INSERT INTO obscore.butler_attributes VALUES ('config:obscore.json', '{}')" > /dev/null
check 'a live ObsCore table is refused' fails 5 'with --ignore-obscore, .*butler obscore update-table' dbb-ingest --repo obscore -t direct "$DBB_EXAMPLES/LATISS"
tell 'nothing was written' "$(dbb-repo show obscore datasets | grep '"id"')"
check 'or passed over' dbb-ingest --repo obscore -t direct --ignore-obscore "$DBB_EXAMPLES/LATISS"
tell 'which is said' "$(grep -q 'the live ObsCore table of .* is left as it is' log || cat log)"
mkdir nowhere && sed 's/namespace: .*/namespace: nowhere/' ours/butler.yaml > nowhere/butler.yaml
check 'a schema that is not there' fails 4 'there is no such schema' dbb-repo show nowhere datasets
mkdir odd && sed 's/namespace: .*/namespace: 5/' ours/butler.yaml > odd/butler.yaml
check 'a namespace that is no text' fails 5 'registry.namespace is no name of a schema but 5' dbb-repo show odd datasets
query 'CREATE SCHEMA nothing' > /dev/null
mkdir none && sed 's/namespace: .*/namespace: nothing/' ours/butler.yaml > none/butler.yaml
check 'a schema without a registry' fails 5 'is no Butler registry' dbb-repo show none datasets
sed -i 's|/dbb"|/gone"|' none/butler.yaml
check 'a database that is not there' fails 4 'database "gone" does not exist' dbb-repo show none datasets

# ---------------------------------------------------------------- a server that goes

check 'register for a restart' registered cut cut
mkfifo lines.fifo
DBB_RECONNECT_TIMEOUT=1s dbb-ingest --repo cut -t direct --rejects cut.rejects < lines.fifo > cut.out 2> cut.err &
writer=$!
exec 9> lines.fifo
head -n 20 lines >&9
for _ in $(seq 100); do [ "$(grep -c '"ingest":' cut.out)" = 20 ] && break; sleep 0.1; done
"$root/tests/servers/postgres.sh" stop "$server" > /dev/null 2>&1
sed -n '21,40p' lines >&9
exec 9>&-
rc=0
wait $writer || rc=$?
tell 'a server that goes ends the program with 4' "$([ $rc = 4 ] || { echo "it ended with $rc"; cat cut.err; })"
tell 'each line has one receipt or reject' "$(diff <(uris cut.out cut.rejects) <(uris lines))"
check 'a server that is not there' fails 4 'could not connect' dbb-repo show cut datasets
"$root/tests/servers/postgres.sh" start "$server" "$port" > /dev/null 2>&1
retried() { dbb-ingest --repo cut -t direct < cut.rejects; }
check 'rejects are tried again' retried
tell 'all are stored' "$([ "$(dbb-repo show cut datasets | grep -c '"id"')" = 40 ] || dbb-repo show cut datasets | grep -c '"id"')"
for repo in ours trash zipped cut; do check "nothing is wrong with $repo" dbb-repo check $repo; done
sum_up postgres
