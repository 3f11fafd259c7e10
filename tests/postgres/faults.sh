#!/bin/bash
# What can happen to a registry on a server while it is used: connections that end at any point, a server that is killed, that
# hangs, that has no room. Programs go on where they may, else they end and say why; a second run completes what is missing.
#
# Usage: tests/postgres/faults.sh      its environment: tests/postgres/_lib.sh
# shellcheck source=tests/postgres/_lib.sh
# A server that is killed must know what it said was committed.
export DBB_PG_FSYNC=on
cd "$(dirname "$0")/../.." && . tests/postgres/_lib.sh

proxy() { "$root/tests/servers/proxy.sh" "$1" "$work/proxy" "${@:2}"; }
proxied=$(proxy start "$(free_port)" "$port" 2> proxy.log | tail -n 1)
case $proxied in
  postgresql://*) tell 'a proxy' '' ;;
  *) tell 'a proxy' "$(cat proxy.log)"; sum_up faults; exit ;;
esac

python3 "$root/tests/interop/make_night.py" night --instrument LSSTCam --exposures 4 --detectors 4 --amps 1 --npix 8 > /dev/null
per_exposure=4
dbb-describe night | jq -c 'select(.uri)' > lines
check 'register what is compared with' registered one one
check 'ingest what is compared with' dbb-ingest --repo one -t copy night
held one | sed "s|$work/one|@|g" > one.held

# fresh    an empty repository net, whose connections go through the proxy
fresh() {
  query 'DROP SCHEMA IF EXISTS net CASCADE' > /dev/null 2>&1
  rm -rf net net.*
  registered net net && sed -i "s|\"postgresql://.*\"|\"$proxied/dbb\"|" net/butler.yaml
}
ingest() { dbb-ingest --repo net -t copy --rejects net.rejects; }
# Four commits: one for each exposure.
slowly() { local n=0; while read -r line; do printf '%s\n' "$line"; [ $((++n % per_exposure)) != 0 ] || sleep 0.12; done < lines; }
# whole    all lines have a receipt, none was refused, the repository holds what another has that nothing happened to, and nothing
#          of it is damaged
whole() {
  [ ! -s net.rejects ] || { cut -c 1-300 net.rejects | tail -n 2; return 1; }
  diff <(uris net.out) <(uris lines) || return 1
  diff <(held net | sed "s|$work/net|@|g") one.held || return 1
  # The fault may still go on; damage would stay.
  for _ in 1 2 3; do dbb-repo check net > checked 2>&1 && return; done
  cat checked
  return 1
}
# ended STATUS REGEX END    a run ended so, and said that
ended() {
  [ "$3" = "it ended with $1" ] || { echo "$3"; cat net.err; return 1; }
  grep -qE -e "$2" net.err || { echo "nothing says $2"; cat net.err; return 1; }
}
# survives REGEX    the run under way ends well, says that, and everything is there
survives() {
  local rc=0
  slowly | ingest > net.out 2> net.err || rc=$?
  wait # for who interrupts, who is not to interrupt what looks for what is there
  ended 0 "$1" "it ended with $rc" && whole
}
# severed at|after TEXT [BEHIND]    a connection that ends there
severed() {
  fresh && proxy "cut-$1" "$2" ${3:+--behind "$3"} || return 1
  survives 'again after' && [ "$(proxy status | grep -o 'cuts.*')" != "$cuts" ]
}

# ---------------------------------------------------------------- connections that end

cuts=$(proxy status | grep -o 'cuts.*')
check 'cut at a begin' severed at BEGIN 'INSERT INTO dataset_location'
check 'cut at a look' severed at 'UNION ALL'
check 'cut at a record' severed at 'INSERT INTO "exposure"'
check 'cut at a dataset' severed at 'INSERT INTO dataset '
check 'cut after a dataset' severed after 'INSERT INTO dataset '
check 'cut at a commit' severed at COMMIT 'INSERT INTO dataset_location'
check 'cut after a commit' severed after COMMIT 'INSERT INTO dataset_location'
check 'cut where the dataset type is registered' severed at 'INSERT INTO dataset_type'
check 'cut after the tables are made' severed after 'CREATE TABLE'

away() {
  fresh && proxy pause || return 1
  local rc=0
  DBB_RECONNECT_TIMEOUT=0.5s ingest < lines > net.out 2> net.err || rc=$?
  proxy resume
  ended 4 'could not connect to "postgresql://dbb@127.0.0.1:.*/dbb \(schema net\)"' "it ended with $rc"
}
check 'a server that is away from the begin' away
# in_the_middle COMMAND...    a run of which the first exposure is stored when the command is called and the rest comes; prints its end
in_the_middle() {
  local rc=0
  rm -f net.fifo
  mkfifo net.fifo
  DBB_RECONNECT_TIMEOUT=${RECONNECT:-0.5s} ingest < net.fifo > net.out 2> net.err &
  local writer=$!
  exec 9> net.fifo
  head -n "$per_exposure" lines >&9
  for _ in $(seq 200); do [ "$(grep -c '"ingest":' net.out)" = "$per_exposure" ] && break; sleep 0.02; done
  "$@"
  tail -n "+$((per_exposure + 1))" lines >&9
  exec 9>&-
  wait $writer || rc=$?
  echo "it ended with $rc"
}
long() {
  fresh || return 1
  local end
  end=$(in_the_middle proxy pause)
  proxy resume
  ended 4 'it was tried for 0 s .DBB_RECONNECT_TIMEOUT' "$end" || return 1
  diff <(uris net.out net.rejects) <(uris lines) || return 1
  mv net.rejects again && ingest < again >> net.out && whole
}
check 'a server that is away for longer, and the rejects tried again' long
# interrupted HOW    what the network does for a while in the middle of a run
interrupted() {
  fresh || return 1
  local end
  end=$(RECONNECT=30s in_the_middle eval "proxy $1; { sleep 2.5; proxy resume; } > /dev/null 2>&1 9>&- &")
  ended 0 'again after' "$end" || return 1
  whole
}
check 'a server that is away for a while' interrupted pause
export DBB_STATEMENT_TIMEOUT=1s DBB_BUSY_TIMEOUT=1s
check 'a network that is silent' interrupted stall
silent() {
  fresh && proxy stall || return 1
  local rc=0
  DBB_RECONNECT_TIMEOUT=1s timeout 50 dbb-repo show net collections > net.out 2> net.err || rc=$?
  proxy resume
  ended 4 'it does not answer' "it ended with $rc"
}
check 'a server that never answers' silent
unset DBB_STATEMENT_TIMEOUT DBB_BUSY_TIMEOUT

# other TEXT COMMAND...    another program whose connection ends at that text ends well nevertheless
other() {
  local rc=0
  proxy cut-at "$1" || return 1
  "${@:2}" > net.out 2> net.err || rc=$?
  ended 0 'again after' "it ended with $rc"
}
check 'ingest for other programs' eval 'fresh && ingest < lines > net.out'
check 'a reader goes on' other 'FROM collection' dbb-repo show net collections
check 'a list of datasets goes on' other 'dataset_location' dbb-repo show net datasets
tell 'none is left out' "$([ "$(grep -c '"id"' net.out)" = 16 ] || echo 'not 16')"
check 'registering goes on' other 'COMMIT' dbb-repo register-instrument net LSST-TS8
check 'a removal that is cut ends' fails 4 'whether it was kept will show|could not use' eval "proxy cut-after COMMIT --behind dataset_location_trash; dbb-repo remove-raw net --instrument LSSTCam --exposure $(jq -r .data_id.exposure lines | head -n 1)"
check 'and a second one does the rest' dbb-repo remove-raw net --instrument LSSTCam --exposure "$(jq -r .data_id.exposure lines | head -n 1)"
tell 'nothing of it is left' "$(query 'SELECT * FROM net.dataset_location_trash'; [ "$(query 'SELECT count(*) FROM net.dataset') $(find net -name '*.fits' | wc -l)" = '12 12' ] || echo 'not 12 datasets and files')"

# ---------------------------------------------------------------- a server that ends

pid_of_server() { head -n 1 "$(cat "$server/home")/data/postmaster.pid"; }
start_again() { "$root/tests/servers/postgres.sh" start "$server" "$port" > /dev/null 2>&1; }
# As an operator's "stop -m immediate", and as a machine that dies: no connection is told, no buffer written.
killed() {
  fresh || return 1
  { sleep 0.25; kill "-$1" "$(pid_of_server)"; sleep 0.5; start_again; } &
  survives 'again after'
}
check 'a server that is stopped at once and started again' killed QUIT
check 'a server that is killed and started again' killed KILL
terminated() {
  fresh || return 1
  { for _ in 1 2 3 4 5 6; do sleep 0.12; query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dbb'"; done > /dev/null; } &
  survives 'again after'
}
check 'a server that ends our connections' terminated

# ---------------------------------------------------------------- waiting

# held_by LOCK SIGNAL-OR-EMPTY VARIABLES...    while a lock is held, a run that is asked to stop, or has time-outs; prints its end
held_by() {
  local lock=$1 signal=$2 rc=0 start
  shift 2
  fresh || return 1
  start=$EPOCHREALTIME
  psql -X -q "$url" -c "BEGIN; $lock; SELECT pg_sleep(4)" > /dev/null 2>&1 &
  local holder=$!
  sleep 0.5
  head -n 1 lines | env "$@" dbb-ingest --repo net -t direct --rejects net.rejects > net.out 2> net.err &
  local writer=$!
  [ -z "$signal" ] || { sleep 0.7; kill "-$signal" $writer; }
  wait $writer || rc=$?
  echo "$rc after $(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print (b - a < 3.9 ? "less" : "more") }') than it was held"
  query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" > /dev/null
  wait $holder 2> /dev/null
}
advisory="SET search_path = net; SELECT pg_advisory_xact_lock(hashtext('dbb'), hashtext(current_schema()))"
tell 'asked to stop while others write alone' "$(held_by "$advisory" TERM | grep -v '^143 after less' && cat net.err)"
tell 'asked to stop while others have a row' "$(held_by 'LOCK TABLE net.exposure IN EXCLUSIVE MODE' TERM | grep -v '^143 after less' && cat net.err)"
tell 'the line that was in hand is a reject' "$(diff <(uris net.out net.rejects) <(head -n 1 lines | uris))"
tell 'a time-out for statements' "$(held_by "$advisory" '' DBB_STATEMENT_TIMEOUT=0.5s | grep -v '^4 after less' && cat net.err)"
tell 'is told' "$(grep -q 'statement timeout' net.err || cat net.err)"
tell 'a time-out for locks of rows' "$(held_by 'LOCK TABLE net.exposure IN EXCLUSIVE MODE' '' DBB_BUSY_TIMEOUT=0.5s | grep -v '^75 after less' && cat net.err)"
tell 'a lock that is let go of' "$(held_by 'LOCK TABLE net.exposure IN EXCLUSIVE MODE' '' A=b | grep -v '^0 after more' && cat net.err)"
reader() { psql -X -q "$url" -c "BEGIN; LOCK TABLE net.collection IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2)" > /dev/null & sleep 0.5; fails 75 'lock timeout' env DBB_BUSY_TIMEOUT=0.5s dbb-repo show net collections; }
check 'a reader has one, too' reader

# ---------------------------------------------------------------- no room

# The server's process meets a full disk: what it appends to a table is refused by the system.
full() {
  fresh || return 1
  local end
  # Rows enough for new pages.
  end=$(in_the_middle no_room)
  end_of_no_room
  ended 4 'No space left on device' "$end" || { cat strace.err; return 1; }
  mv net.rejects again
  # Lines that it had not read have neither.
  diff <(uris net.out again) <({ cat lines; more; } | uris) | grep '^<' && return 1
  { cat lines; more; } | dbb-ingest --repo net -t direct > net.out || return 1
  [ "$(query 'SELECT count(*) FROM net.dataset')" = $(($(wc -l < lines) + $(more | wc -l))) ]
}
# Other runs of the same files.
more() { for i in $(seq 20); do jq -c --argjson i "$i" '.run = "u/full/\($i)"' lines; done; }
no_room() {
  strace -qq -o strace.out -p "$(query "SELECT pid FROM pg_stat_activity WHERE application_name = 'dbb'")" \
    -e trace=pwrite64,fallocate -e inject=pwrite64,fallocate:error=ENOSPC > /dev/null 2> strace.err &
  echo $! > tracer
  sleep 0.3
  more >&9
}
end_of_no_room() { kill "$(cat tracer)" 2> /dev/null; }
check 'a full disk, and the rejects tried again' full
tell 'the reason is told' "$(grep -q DISK_FULL again || cut -c 1-300 again | head -n 1)"

sum_up faults
