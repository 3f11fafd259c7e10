#!/bin/bash
# Four dbb-ingest and the Python Butler write to one SQLite repository at once: none fails, and the end is what the Python
# Butler alone makes. With direct they share files. With copy they share exposures only: the Butler that comes second with a
# file removes it in its undo, whoever has it.
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

sum_up python
