#!/bin/bash
# dbb-efd-fetch: from a real InfluxDB with limits and users, from recorded answers of a real EFD, and from a server that fails in
# every way that the real one can't be made to. The last line: "fetch: N passed, N failed".
#
# Usage: tests/efd/fetch.sh
# Env:   BUILD   the build folder (default: build)
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
data=$root/tests/data/efd
suite=fetch
. tests/efd/_influx.bash
work_with_servers
ask() { curl -s --noproxy '*' -u dbb:dbb-secret "$real/query" --data-urlencode "q=$1"; }

# fetches WANT REGEX OPTION...   it ends with that status and its messages match; the output is in out
fetches() {
  local want=$1 regex=$2 rc=0
  shift 2
  dbb-efd-fetch "$@" > out 2> err || rc=$?
  cat out err >> said
  [ $rc = "$want" ] || { echo "ended with $rc, not $want"; cat err; }
  [ -z "$regex" ] || grep -qE -e "$regex" err || { echo "nothing says $regex"; cat err; }
}
# same EXPECTED           whether the values on standard input are those of the reference
same() {
  cat > values
  verdict different "$python" "$efd/compare.py" "$1" values
}
of() { jq -r "$1" "${2:-log}" | paste -sd' '; }

# ---- recorded answers of a real EFD
for folder in "$data"/join/*/; do
  recorded=()
  while read -r file; do recorded+=(--recorded "$data/recorded/$(basename "$file").gz"); done < "$folder/samples.txt"
  # The usual distance of samples is that of all that was recorded.
  serve "${recorded[@]}"
  gunzip -c "$folder/expected.jsonl.gz" > expected
  tell "recorded: $(basename "$folder")" "$(fetches 0 '' -c "$folder/config.yaml" --influx "$fake" --margin 1d < "$folder/windows.jsonl"
    dbb-efd-join -c "$folder/config.yaml" -s - --format lp -w "$folder/windows.jsonl" < out 2> joined.err | same expected)"
done

# ---- a real server
"$python" "$efd/efd_night.py" mini -o night > /dev/null
"$python" "$efd/as_influx.py" night/night.lp > kept.lp
reference night/config.yaml night/windows.jsonl kept.lp > expected
night=(-c night/config.yaml -w night/windows.jsonl)
influx
put night/night.lp
tell 'a night' "$(fetches 0 'has no field nosuch' "${night[@]}" --influx "$real"; cp out night.fetched
  grep -q 'has no topic "lsst.sal.None.tel"' err || cat err
  dbb-efd-join "${night[@]}" -s night.fetched --format lp | same expected)"
tell 'a night as sample lines' "$(fetches 0 '' "${night[@]}" --influx "$real" --format jsonl; tail -n 1 out | grep -v '^{"type":"end","program":"dbb-efd-fetch"'
  dbb-efd-join "${night[@]}" -s out --format jsonl 2>&1 | same expected)"
tell 'a night as sample lines through jq' "$(jq -c 'select(.type == "sample")' out > jq.jsonl; dbb-efd-join "${night[@]}" -s jq.jsonl | same expected)"
tell 'few fields in a statement' "$(fetches 0 '' "${night[@]}" --influx "$real" --fields-per-statement 3; diff -q out night.fetched)"
tell 'no margin, the samples of the windows all the same' "$(fetches 0 '' "${night[@]}" --influx "$real" --margin 0
  [ "$(wc -l < out)" -lt "$(wc -l < night.fetched)" ] || wc -l out night.fetched
  dbb-efd-join "${night[@]}" -s out --format lp > values
  diff <(jq -c '[.id, .column, .value, .n]' values) <(dbb-efd-join "${night[@]}" -s night.fetched --format lp | jq -c '[.id, .column, .value, .n]') | head -n 4)"
put night/leap.lp
tell 'over an inserted second' "$(fetches 0 '' -c night/leap_config.yaml -w night/leap_windows.jsonl --influx "$real"
  "$python" "$efd/as_influx.py" night/leap.lp > leap_kept.lp
  reference night/leap_config.yaml night/leap_windows.jsonl leap_kept.lp > expected_leap
  dbb-efd-join -c night/leap_config.yaml -w night/leap_windows.jsonl -s out --format lp | same expected_leap)"

# The index as TAI: by the date, by a stamp against the date, and told. 2021-02-02T00:00:00 TAI; 2025-01-01T00:00:00 TAI
cat > eras.lp <<'END'
lsst.sal.Old.tel x=1 1612223999999999000
lsst.sal.Old.tel x=2 1612224000000000000
lsst.sal.Old.tel x=3 1612224009999999000
lsst.sal.Old.tel x=4 1612224010000000000
lsst.sal.Odd.tel private_sndStamp=1735689600.0,x=5 1735689600000000000
lsst.sal.Odd.tel private_sndStamp=1735689609.0,x=6 1735689609000000000
lsst.sal.Odd.tel private_sndStamp=1735689637.0,x=9 1735689637000000000
END
put eras.lp
cat > eras.yaml <<'END'
columns:
- {name: old, topic: lsst.sal.Old.tel, field: x, func: sum, min_coverage: 0}
- {name: odd, topic: lsst.sal.Odd.tel, field: x, func: sum, min_coverage: 0}
END
printf '%s\n' '{"type":"window","id":1,"begin_tai_ns":1612224000000000000,"end_tai_ns":1612224010000000000}' \
  '{"type":"window","id":2,"begin_tai_ns":1735689600000000000,"end_tai_ns":1735689610000000000}' > eras.jsonl
sums() { dbb-efd-join -c eras.yaml -w eras.jsonl -s out --format lp "$@" | jq -c 'select(.n > 0) | [.id, .column, .value, .n]' | paste -sd' '; }
tell 'an index in TAI' "$(fetches 0 '' -c eras.yaml -w eras.jsonl --influx "$real" --margin 0
  sums | grep -vxF '[1,"old",5,2] [2,"odd",11,2]'; grep -c . out | grep -vx '[4-6]')"
tell 'columns that windows ask for' "$(jq -c '.columns = [if .id == 1 then "old" else "none" end]' eras.jsonl |
    fetches 0 '' -c eras.yaml --influx "$real" --margin 0; cut -d' ' -f1 out | sort | uniq -c | grep -vx ' *2 lsst.sal.Old.tel'
  jq -c '.columns = [if .id == 1 then "odd" else "old" end]' eras.jsonl | fetches 0 '' -c eras.yaml --influx "$real" --margin 0; cat out)"
tell 'an index that is said to be UTC' "$(fetches 0 '' -c eras.yaml -w eras.jsonl --influx "$real" --margin 0 --scale utc
  sums --scale utc | grep . ; grep -c . out | grep -vx 0)"

# What fields hold, each as it is; expected by hand
cat > kinds.lp <<'END'
a\ b\,c f=20,i=9007199254740993i,j=-9223372036854775808i,k=true,q=1e-07,s="a \"b\", c=d \\ e",u="é" 1735689600000000000
a\ b\,c f=20.5,g\ h\=i=1e+21,k=false,s="" 1735689600000000001
END
put kinds.lp
cat > kinds.expected <<'END'
a\ b\,c f=20,i=9007199254740993i,j=-9223372036854775808i,k=t,q=1e-07,s="a \"b\", c=d \\ e",u="é" 1735689600000000000
a\ b\,c f=20.5,g\ h\=i=1e21,k=f,s="" 1735689600000000001
END
hand=(--topic 'a b,c' --begin 2025-01-01T00:00:37 --end 2025-01-01T00:00:01Z)
tell 'kinds of values' "$(fetches 0 '' "${hand[@]}" --influx "$real/"; tr -d '+' < out | diff - kinds.expected)"
tell 'kinds of values as sample lines' "$(fetches 0 '' "${hand[@]}" --field s --field i --field f --field k --influx "$real" --format jsonl
  head -n 1 out | grep -vxF '{"type":"sample","topic":"a b,c","t_ns":"1735689600000000000","f":{"s":"a \"b\", c=d \\ e","i":9007199254740993,"f":20.0,"k":true}}')"
tell 'half open, to the nanosecond' "$(fetches 0 '' --topic 'a b,c' --field f --begin 2025-01-01T00:00:37 --end 2025-01-01T00:00:37.000000001 --influx "$real"; wc -l < out | grep -vx 1)"
tell 'an empty range' "$(fetches 0 '' "${hand[@]:0:4}" --end 2025-01-01T00:00:37 --influx "$real"; wc -l < out | grep -vx 0)"
printf 'mix x=1 1735689600000000000\nmix x=7i 1609459200000000000\n' > mix.lp
put mix.lp
tell 'a field of two types' "$(fetches 0 '"mix": field x has other types' --topic mix --begin 2020-12-31T00:00:00 --end 2025-01-02T00:00:00 --influx "$real"
  diff - out <<< $'mix x=7 1609459200000000000\nmix x=1 1735689600000000000')"
tell 'a database that is not there' "$(fetches 4 'database not found: none' "${hand[@]}" --influx "$real" --influx-db none; grep -vx '# incomplete SOURCE_ERROR' out)"
tell 'a retention policy that is not there' "$(fetches 4 'retention policy not found' "${hand[@]}" --influx "$real" --retention none)"

# ---- what was had once
tell 'into a cache' "$(fetches 0 '[1-9][0-9]* done, 0 existing' "${night[@]}" --influx "$real" --cache c --stats; diff -q out night.fetched)"
pieces=$(find c -name '*.lp.gz' | wc -l)
tell 'out of a cache' "$(fetches 0 "0 done, $pieces existing, 0 incomplete, 3 requests" "${night[@]}" --influx "$real" --cache c --stats; diff -q out night.fetched)"
first=$(find c -name '*.lp.gz' -size +20k | sort | head -n 1)
for damage in 'truncate -s -9' 'sed -i s/./x/40' 'gunzip -c'; do
  case $damage in
    gunzip*) gunzip -c "$first" | sed '2s/=/=1/' | gzip > damaged; mv damaged "$first" ;;
    *) $damage "$first" ;;
  esac
  tell "a damaged file of it: $damage" "$(fetches 0 "$(basename "$first").*asked for again" "${night[@]}" --influx "$real" --cache c --stats
    grep -q ' 1 done' err || cat err; diff -q out night.fetched)"
done
find c -name '*.lp.gz' | sort | head -n 5 > gone
xargs rm < gone
: > "$(head -n 1 gone).part" # of a run that was killed
tell 'what is missing in it' "$(fetches 0 ' 5 done' "${night[@]}" --influx "$real" --cache c --stats; diff -q out night.fetched; find c -name '*.part')"
tell 'two runs at once' "$(rm -r c
  dbb-efd-fetch "${night[@]}" --influx "$real" --cache c > one 2> one.err & one=$!
  fetches 0 '' "${night[@]}" --influx "$real" --cache c; wait_for $one; echo "$statuses" | grep .
  diff -q out night.fetched; diff -q one night.fetched; find c -name '*.part'; find c -name '*.lp.gz' | wc -l | grep -vx "$pieces")"
tell 'what may still change is not kept' "$(fetches 0 '' "${night[@]}" --influx "$real" --cache young --settle 40000d; find young -type f)"

# ---- users
influx DBB_INFLUX_AUTH=1
ask "CREATE USER reader WITH PASSWORD 'topsecret'; CREATE USER nobody WITH PASSWORD 'topsecret'; GRANT READ ON efd TO reader" > /dev/null
hand+=(--influx "$real")
echo '{"username": "reader", "password": "topsecret"}' > c.json
printf 'username: reader\npassword: topsecret\nhost: http://127.0.0.1\nport: %s\npath: //\n' "${real##*:}" > c.yaml
printf 'machine 127.0.0.1 login reader password topsecret\n' > .netrc
chmod 600 c.json c.yaml .netrc
got() { tr -d '+' < out | diff -q - kinds.expected; }
tell 'a user of the environment' "$(EFD_USERNAME=reader EFD_PASSWORD=topsecret fetches 0 '' "${hand[@]}"; got)"
tell 'a user of ~/.netrc' "$(fetches 0 '' "${hand[@]}"; got)"
rm .netrc
tell 'a user of a file' "$(fetches 0 '' "${hand[@]}" --credentials c.json; got)"
tell 'a server of a file' "$(fetches 0 '' "${hand[@]:0:6}" --credentials c.yaml; got)"
tell 'a server of the environment' "$(EFD_HOST=http://127.0.0.1 EFD_PORT=${real##*:} EFD_PATH=/ EFD_USERNAME=reader EFD_PASSWORD=topsecret fetches 0 '' "${hand[@]:0:6}"; got)"
tell 'no user' "$(fetches 4 'status 401: unable to parse authentication' "${hand[@]}")"
tell 'a wrong password' "$(EFD_USERNAME=reader EFD_PASSWORD=topsecret2 fetches 4 'status 401: authorization failed' "${hand[@]}")"
tell 'a user who may not read' "$(EFD_USERNAME=nobody EFD_PASSWORD=topsecret fetches 4 'nobody.*not authorized' "${hand[@]}")"
chmod 640 c.json
tell 'a file that others may read' "$(fetches 4 'c.json": its secrets may be read by others' "${hand[@]}" --credentials c.json)"
tell 'a file with a mistake' "$(printf 'usernam: topsecret\n' > bad.yaml; chmod 600 bad.yaml; fetches 4 'unknown key "usernam"' "${hand[@]}" --credentials bad.yaml
  grep -q 'did you mean username' err || cat err; printf 'password: [topsecret\n' > bad.yaml; fetches 4 'no YAML or JSON' "${hand[@]}" --credentials bad.yaml
  fetches 4 'none.yaml' "${hand[@]}" --credentials none.yaml)"
tell 'no secrets in a URL' "$(fetches 2 'would show them to everybody' "${hand[@]:0:6}" --influx http://reader:topsecret@127.0.0.1:1)"
export EFD_USERNAME=dbb EFD_PASSWORD=dbb-secret

# ---- limits of the server
# How short a time is too short depends on the machine: the first one in which all comes, though not at once.
for limit in 2ms 5ms 12ms 30ms; do
  influx DBB_INFLUX_AUTH=1 DBB_INFLUX_QUERY_TIMEOUT=$limit
  slow=$(fetches 0 ' [1-9][0-9]* retries' "${night[@]}" --influx "$real" --stats; diff -q out night.fetched)
  [ -n "$slow" ] || break
done
tell 'queries that take too long' "$slow"
influx DBB_INFLUX_AUTH=1 DBB_INFLUX_MAX_CONCURRENT_QUERIES=1
tell 'too many queries at once' "$(for i in 1 2 3; do dbb-efd-fetch "${night[@]}" --influx "$real" --max-qps 200 > busy.$i 2> busy.err.$i & runs[i]=$!; done
  wait_for "${runs[@]}"; echo "$statuses" | grep . && cat busy.err.*; for i in 1 2 3; do diff -q busy.$i night.fetched; done)"
influx DBB_INFLUX_AUTH=1 DBB_INFLUX_MAX_ROW_LIMIT=10
tell 'rows that are limited for those who do not ask for chunks' "$(fetches 0 ' 0 retries' "${night[@]}" --influx "$real" --stats; diff -q out night.fetched)"
printf 'tagged,host=a v=1 1735689600000000000\ntagged,host=b v=2 1735689601000000000\n' > tagged.lp
put tagged.lp
influx DBB_INFLUX_AUTH=1 DBB_INFLUX_MAX_SELECT_SERIES=1
tell 'more series than may be read at once' "$(fetches 3 'max-select-series limit exceeded' --topic tagged --begin 2025-01-01T00:00:37 --end 2025-01-01T00:01:17 --influx "$real" --retry-for 0s
  grep -q '^# incomplete tagged 1735689600000000000 1735689640000000000 S' out || cat out)"
"$root/tests/servers/influxdb.sh" stop --remove "$work/influx" > /dev/null 2>&1

# ---- faults. Samples of 40 s in two fields
for i in $(seq 0 39); do echo "t a=${i}i,b=$i.5 $((1735689600 + i))000000000"; done > t.lp
span=(--topic t --begin 2025-01-01T00:00:37 --end 2025-01-01T00:01:17)
unset EFD_USERNAME EFD_PASSWORD
# faulty STATUS REGEX FAULT [OPTION... [-- OPTION...]]   of the server, then of dbb-efd-fetch
faulty() {
  local want=$1 regex=$2 fault=$3 own=()
  shift 3
  while [ $# -gt 0 ] && [ "$1" != -- ]; do own+=("$1"); shift; done
  rm -f log
  serve --lp t.lp --fault "$fault" --log log "${own[@]}"
  fetches "$want" "$regex" "${span[@]}" --influx "$fake" --stats "${@:2}"
  case $want in
    0) diff -q out t.lp ;;
    3) grep -q '^# incomplete t 1735689600000000000 1735689640000000000 S' out || cat out ;;
    4) grep -v '^# incomplete S' out ;;
  esac
}
once() { faulty 0 ' 1 retries' "$1" --times 1 -- --retry-for 5s; }
always() { faulty 3 "$2" "$1" -- --retry-for 0s; }
tell 'without a fault' "$(faulty 0 ' 2 requests, 0 retries' none --times 0)"
for fault in mid cut early no-newline empty gzip top-error 503; do tell "once: $fault" "$(once $fault)"; done
tell 'always: an error behind samples' "$(always mid 'shard is gone')"
tell 'always: cut within an object' "$(always cut 'broke before the response was complete')"
tell 'always: ended before its end' "$(always early 'ends before the result of statement 1 of 1 is complete')"
tell 'always: an object without its end' "$(always no-newline 'ends within an object')"
tell 'always: nothing' "$(always empty 'ends before the result of statement 1')"
tell 'always: no gzip' "$(always gzip 'the compression of a response is broken')"
tell 'always: busy' "$(always 503 'SERVER_BUSY|status 503')"
tell 'always: an integer beyond 64 bits' "$(always huge 'field "a" holds 1e.20, which is not of its type')"
tell 'always: a text in a field of numbers' "$(always other-type 'field "a" holds "seven"')"
tell 'always: too slow for 2 s' "$(faulty 0 ' [1-9][0-9]* retries' timeout)"
# A second is not asked for in parts, but again.
second=("${span[@]:0:4}" --end 2025-01-01T00:00:38)
tell 'once: too slow for a second' "$(serve --lp t.lp --fault 504 --times 1; fetches 0 ' 1 retries' "${second[@]}" --influx "$fake" --stats; head -n 1 t.lp | diff out -)"
tell 'always: too slow for a second' "$(rm -f log; serve --lp t.lp --fault 504 --log log; fetches 3 'status 504' "${second[@]}" --influx "$fake" --retry-for 2s; grep -c SELECT log | grep -vx 2)"
tell 'always: too slow for anything' "$(faulty 3 '"t" from .* could not be had: .*status 504' 504 -- --retry-for 2s | grep -v '^# incomplete t .* SERVER_TIMEOUT$' | grep -v '^t ')"
# Questions for names, too: several topics at once are asked for one by one before it is said that it takes too long
names() { local want=$1 regex=$2; shift 2; rm -f log; serve --lp t.lp --fault 504 --names --log log "$@"; fetches "$want" "$regex" "${span[@]}" --influx "$fake" --stats --retry-for 5s; }
tell 'once: names that take too long' "$(names 0 ' 3 requests, 1 retries' --times 1; diff -q out t.lp)"
tell 'always: names that take too long' "$(SECONDS=0; names 4 'status 504'; jq -s 'length' log | grep -vx 3; [ $SECONDS -ge 2 ] || echo "only $SECONDS s")"
serve --lp eras.lp
dbb-efd-fetch -c eras.yaml -w eras.jsonl --influx "$fake" > eras.fetched 2> err || cat err
several() { rm -f log; serve --lp eras.lp --fault 504 --names --log log "$@"; fetches 0 ' 1 retries' -c eras.yaml -w eras.jsonl --influx "$fake" --stats; diff -q out eras.fetched; }
tell 'names of several topics that take too long together' "$(several --times 1; of 'select(.q | startswith("SHOW FIELD")) | .q | [scan("SHOW FIELD")] | length' | grep -vx '2 1 1')"
tell 'once: a question for the scale that takes too long' "$(several --times 1 --from 2; of 'select(.q | test("LIMIT 1")) | 1' | grep -vx '1 1')"
tell 'CSV' "$(always csv 'is "text/csv" and not JSON')"
tell 'a page for people' "$(always html 'is "text/html; charset=utf-8" and not JSON')"
tell 'no such path' "$(always 404 'status 404: as told 404')"
tell 'not let in' "$(faulty 4 'status 403: as told 403' 403)"
serve --lp t.lp --fault 401 --from 3 # half an hour at once
tell 'let in no more, later on' "$(fetches 4 'status 401' "${span[@]:0:4}" --end 2025-01-01T05:00:00 --influx "$fake"; diff out <(cat t.lp; echo '# incomplete SERVER_AUTH'))"
tell 'rows of equal time' "$(faulty 0 '' twice | grep -v differ; wc -l < out | grep -vx 41)"
tell 'rows of equal time in two statements' "$(faulty 3 'samples of equal time' twice -- --fields-per-statement 1; grep -q 'fields-per-statement 2' err || cat err)"
rm -f log.there
serve --lp t.lp --log log.there
there=$fake
tell 'sent elsewhere' "$(EFD_USERNAME=reader EFD_PASSWORD=topsecret faulty 3 'to "http://127.0.0.1:[0-9]*/query", which is not followed' redirect --elsewhere "$there" --user reader:topsecret -- --retry-for 0s
  [ ! -e log.there ] || cat log.there)"
serve --lp t.lp --fault slow
tell 'it stalls' "$(fetches 3 'stalled for 1 s' "${second[@]}" --influx "$fake" --idle-timeout 1s --retry-for 0s)"
serve --lp t.lp --fault slow
tell 'a stop signal ends the waiting' "$(dbb-efd-fetch "${span[@]}" --influx "$fake" > out 2> err & run=$!
  sleep 0.7; kill $run; SECONDS=0; wait $run; echo $? | grep -vx 143; [ $SECONDS -lt 4 ] || echo "$SECONDS s"; tail -n 1 out | grep -v '^# incomplete')"
tell 'nothing listens' "$(fetches 4 'can.t be connected to' "${span[@]}" --influx http://127.0.0.1:1; fetches 4 'no address is known' "${span[@]}" --influx http://name.invalid)"
serve --lp t.lp --log log.tls
tell 'no TLS there' "$(fetches 4 'a trustworthy connection .TLS. is not possible' "${span[@]}" --influx "https${fake#http}")"
tell 'the proxy of others is not asked for this host' "$(http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 fetches 0 '' "${span[@]}" --influx "$fake"; diff -q out t.lp)"
rm -f log
serve --lp t.lp --log log
tell 'not more than four requests a second (D17)' "$(fetches 0 '' "${span[@]}" --influx "$fake" --max-qps 4; jq -s '[.[].time] | .[-1] - .[0] >= 0.2' log | grep -vx true)"
tell 'what requests tell of us' "$(of 'select(.agent | startswith("dbb/") | not) | .agent'; of 'select(.q | test("; /\\* dbb-efd-fetch [0-9.]+ run [0-9a-f]{8} \\*/$") | not) | .q')"
rm log
tell 'all requests go over one connection (D18)' "$(fetches 0 '' "${span[@]:0:4}" --end 2025-01-01T05:00:00 --influx "$fake"
  jq -s 'length > 5 and (map(.port) | unique | length) == 1' log | grep -vx true)"

# ---- services that know where an EFD is
serve --lp t.lp --user reader:topsecret
alias=("${span[@]}" --efd test_efd)
tell 'segwarides' "$(fetches 0 '' "${alias[@]}" --credentials-service "$fake/"; diff -q out t.lp)"
tell 'Repertoire' "$(EFD_TOKEN=tok-secret fetches 0 '' "${alias[@]}" --repertoire "$fake"; diff -q out t.lp)"
tell 'Repertoire with a file' "$(echo tok-secret > token; chmod 600 token; fetches 0 '' "${alias[@]}" --repertoire "$fake" --token-file token; diff -q out t.lp
  chmod 604 token; fetches 4 'may be read by others' "${alias[@]}" --repertoire "$fake" --token-file token)"
tell 'Repertoire without a token' "$(fetches 4 'it wants a token' "${alias[@]}" --repertoire "$fake")"
tell 'Repertoire with a wrong one' "$(EFD_TOKEN=tok-other fetches 4 'status 401' "${alias[@]}" --repertoire "$fake")"
tell 'an alias that is not known' "$(fetches 4 'it knows no EFD "other_efd"' "${span[@]}" --efd other_efd --credentials-service "$fake")"
tell 'an answer that is none' "$(fetches 4 'no mapping of host' "${span[@]}" --efd odd_efd --credentials-service "$fake")"
tell 'a service that is down' "$(fetches 4 'can.t be connected to' "${alias[@]}" --credentials-service http://127.0.0.1:1)"

# ---- the command line
refuses() { fetches 2 "$1" "${@:2}"; }
tell 'mistakes' "$(refuses 'nothing is asked for' --influx "$fake"; refuses 'two ways' -c x --topic t; refuses 'goes with --begin' --topic t
  refuses '--field, --begin' -c x --begin 2025-01-01T00:00:37; refuses 'no server' "${span[@]}"; refuses 'no URL of http' "${span[@]}" --influx ftp://x
  refuses 'query or fragment' "${span[@]}" --influx 'http://x/?q'; refuses 'goes with --credentials-service' "${alias[@]}"; refuses 'two services' "${alias[@]}" --repertoire "$fake" --credentials-service "$fake"
  refuses 'is no alias' "${span[@]}" --efd a/b --repertoire "$fake"; refuses 'asked for an alias' "${span[@]}" --repertoire "$fake"; refuses '--max-qps' "${span[@]}" --influx "$fake" --max-qps 0
  refuses '--end is before' --topic t --begin 2025-01-01T00:00:37 --end 2024-01-01T00:00:37 --influx "$fake"; refuses '--columns: .*none' -c none --influx "$fake"; refuses 'margin must not' "${span[@]}" --influx "$fake" --margin=-1)"
tell 'windows that are none are rejected' "$(echo '{"type":"window"}' | fetches 1 'has neither "begin_tai"' -c eras.yaml --influx "$fake" --credentials c.yaml)"

tell 'no secret was ever shown' "$(grep -nE 'topsecret|tok-secret|dbb-secret' said err out busy.err.* | head -n 5)"
sum_up fetch
