#!/bin/bash
# Four dbb-ingest and the Python Butler write to one SQLite repository at once, eight and two to one on PostgreSQL: none fails, and
# the end is what the Python Butler alone makes. With direct they share files. With copy they share exposures only: the Butler that
# comes second with a file removes it in its undo, whoever has it.
#
# Usage: tests/concurrency/python.sh      BUILD is the build folder (default: build); downloads the Python Butler once
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
interop=$root/tests/interop here=$root/tests/concurrency
export PYTHONDONTWRITEBYTECODE=1
python=$(sh "$interop/setup.sh") || { tell 'setup of the Python Butler' 'it failed'; sum_up python; exit 1; }
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2

"$python" "$interop/make_night.py" night --instrument LSSTCam --amps 2 --npix 64 --exposures 8 --detectors 6 > /dev/null || exit 2
dbb-repo create start > /dev/null && dbb-repo register-instrument start LSSTCam > /dev/null || exit 2
dbb-scan night | dbb-describe | sed '/"type":"end"/d' > all
files=$(wc -l < all)
slowly() { while IFS= read -r line; do printf '%s\n' "$line"; sleep "0.00$((RANDOM % 9 + 1))"; done; }

for mode in direct copy; do
  rm -rf alone repo out.* err.* rejects.*
  cp -r start alone
  "$python" "$interop/fill_night.py" alone night --transfer $mode > /dev/null || exit 2
  cp -r start repo
  touch started
  if [ $mode = direct ]; then every=1,0; cp all ours; else every=2,0; sed -n 'n; p' all > ours; fi
  # Python takes the night from its begin. Two of ours begin when it does, from behind; two are there before.
  "$python" "$here/python_writer.py" repo night --transfer $mode --every $every > out.python 2> err.python &
  theirs=$!
  pids=()
  for writer in 1 2 3 4; do
    awk -v w=$writer 'int(NR / 4) % 4 != w % 4' ours | if [ $writer -le 2 ]; then tac; else cat; fi > lines.$writer
    { [ $writer -gt 2 ] || until [ repo/gen3.sqlite3 -nt started ] || ! kill -0 $theirs; do sleep 0.01; done
      [ $writer -le 2 ] || sleep 1.$writer
      slowly < lines.$writer; } 2> /dev/null |
      dbb-ingest --repo repo -t $mode --rejects rejects.$writer > out.$writer 2> err.$writer &
    pids+=($!)
  done
  wait_for "${pids[@]}"
  tell "$mode: four dbb-ingest beside Python end well" "${statuses:+$statuses$(cat err.?)}$(cat rejects.? 2> /dev/null)"
  rc=0
  wait $theirs || rc=$?
  [ $rc = 0 ] && rc=''
  stored=$(cat out.? | grep -c '"ingest":{"outcome":"done"')
  tell "$mode: Python ends well ($(tail -n 1 out.python); $((files - stored)) of $files datasets are its own)" "${rc:+$(cat err.python)}"
  tell "$mode: each line has one outcome" "$(for writer in 1 2 3 4; do diff <(uris lines.$writer) <(uris out.$writer); done)"
  for repo in alone repo; do "$python" "$interop/butler_dump.py" $repo --relative-to "$work" -o $repo.json; done
  tell "$mode: as Python alone" "$(diff alone.json repo.json)"
  tell "$mode: sound" "$(dbb-repo check repo 2>&1 | grep -v '"found":0'; "$python" "$interop/butler_check.py" --strict repo > checked 2>&1 || cat checked)"
done

# ---------------------------------------------------------------- on a server

server=$work/server
stop_server() { "$root/tests/servers/postgres.sh" stop --remove "$server" > /dev/null 2>&1; }
trap 'stop_server; chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=$("$root/tests/servers/postgres.sh" start "$server" "$port" --db dbb --ext btree_gist 2> server.log | tail -n 1)
deadlocks() { sleep 1; psql -X -A -t "$url" -c 'SELECT sum(deadlocks) FROM pg_stat_database'; }
# Fewer files of more exposures, so that all of them come to the same ones; the repository has neither dataset type nor run.
"$python" "$interop/make_night.py" many --instrument LSSTCam --amps 1 --npix 8 --exposures 24 --detectors 6 > /dev/null || exit 2
dbb-describe many | sed '/"type":"end"/d' > all
files=$(wc -l < all)
for mode in direct copy; do
  rm -rf alone repo begin out.* err.* rejects.*
  cp -r start alone
  "$python" "$interop/fill_night.py" alone many --transfer $mode > /dev/null || exit 2
  dbb-repo create repo --registry "$url" --namespace "shared_$mode" && dbb-repo register-instrument repo LSSTCam > /dev/null || exit 2
  before=$(deadlocks)
  python_pids=()
  for k in 0 1; do
    if [ $mode = direct ]; then every=1,0; else every=4,$k; fi
    "$python" "$here/python_writer.py" repo many --transfer $mode --every $every --go begin > out.python$k 2> err.python$k &
    python_pids+=($!)
  done
  if [ $mode = direct ]; then cp all ours; else sed -n 'n; n; p; n; p' all > ours; fi
  pids=()
  for writer in 1 2 3 4 5 6 7 8; do
    if [ $((writer % 2)) = 0 ]; then shuf --random-source=<(yes $writer) ours; else tac ours; fi > lines.$writer
    { until [ -e begin ]; do sleep 0.01; done; slowly < lines.$writer; } |
      dbb-ingest --repo repo -t $mode --rejects rejects.$writer > out.$writer 2> err.$writer &
    pids+=($!)
  done
  # Until Python has opened the repository.
  sleep 6
  touch begin
  wait_for "${pids[@]}"
  tell "PostgreSQL, $mode: eight dbb-ingest beside two Python end well" "${statuses:+$statuses$(cat err.?)}$(cat rejects.? 2> /dev/null)"
  wait_for "${python_pids[@]}"
  stored=$(cat out.? | grep -c '"ingest":{"outcome":"done"')
  tell "PostgreSQL, $mode: Python ends well ($(tail -qn 1 out.python? | paste -sd ' '); $((files - stored)) of $files datasets are its own)" "${statuses:+$(cat err.python?)}"
  tell "PostgreSQL, $mode: each line has one outcome" "$(for writer in 1 2 3 4 5 6 7 8; do diff <(uris lines.$writer) <(uris out.$writer); done)"
  tell "PostgreSQL, $mode: no deadlock" "$([ "$(deadlocks)" = "$before" ] || deadlocks)"
  for repo in alone repo; do "$python" "$interop/butler_dump.py" $repo --relative-to "$work" -o $repo.json; done
  tell "PostgreSQL, $mode: as Python alone" "$(diff alone.json repo.json)"
  tell "PostgreSQL, $mode: sound" "$("$python" "$interop/butler_check.py" --strict repo > checked 2>&1 || cat checked)"
done

sum_up python
