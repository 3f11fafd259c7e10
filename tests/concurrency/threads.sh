#!/bin/bash
# Programs that use threads, under the thread sanitizer: no two of them may touch the same memory at once.
#
# Usage: tests/concurrency/threads.sh      BUILD is the build folder (default: build)
# shellcheck source=tests/_suite.sh
cd "$(dirname "$0")/../.." && . tests/_suite.sh
build=${BUILD:-build}/tsan
make --no-print-directory -j"$(nproc)" BUILD="$build" CXXFLAGS='-O1 -g1' SANITIZE='-fsanitize=thread' \
  "$build/bin/dbb-ingest" "$build/bin/dbb-describe" "$build/bin/dbb-efd-join" > /dev/null || { echo 'threads: 0 passed, 1 failed'; exit 1; }
work_in "${TMPDIR:-/tmp}"
checked() { # NAME PROGRAM ARGUMENT...   it ends well, and the sanitizer says nothing
  local name=$1 rc=0
  shift
  TSAN_OPTIONS=exitcode=66 "$root/$build/bin/$1" "${@:2}" > "$work/out" 2> "$work/err" || rc=$?
  tell "$name" "$([ $rc = 0 ] || { echo "it ended with $rc"; head -n 30 "$work/err"; })"
}
# Enough files for several batches, which are described while others are ingested.
python3 tests/interop/make_night.py "$work/night" --instrument LATISS --exposures 1500 --detectors 1 --amps 1 --npix 8 > /dev/null
python3 tests/interop/make_night.py "$work/camera" --instrument LSSTCam --exposures 3 --detectors 60 --amps 1 --npix 8 > /dev/null
for jobs in 2 3 5; do
  dbb-repo create "$work/repo-$jobs" && dbb-repo register-instrument "$work/repo-$jobs" LATISS LSSTCam > /dev/null
  checked "ingest of files with $jobs threads" dbb-ingest --repo "$work/repo-$jobs" -t copy -j $jobs "$work/night" "$work/camera"
  tell "all receipts with $jobs threads" "$([ "$(grep -c '"outcome":"done","path"' "$work/out")" = 1680 ] || echo 'not 1680')"
done
checked 'describe' dbb-describe -j 4 "$work/night" "$work/camera"
checked 'write indexes and sidecars' dbb-describe -j 4 --write-index --write-sidecar "$work/camera"
checked 'describe from indexes' dbb-describe -j 4 "$work/camera"
checked 'describe from sidecars' dbb-describe -j 4 --no-search-indexes "$work/camera"
checked 'describe headers of ten instruments' dbb-describe -j 4 tests/data/headers/[^p]*.yaml
checked 'describe zip files' dbb-describe -j 4 tests/data/zips/*.zip
# Some 2 MB of two topics with tags, in a dozen parts.
echo '[{name: v, topic: X, field: v}, {name: site, topic: Y, field: site, func: mode}]' > "$work/columns.yaml"
awk 'BEGIN { for (i = 0; i < 40000; i++) printf "X v=%.9f,w=%di %d000000000\nY,site=s%d v=1 %d000000000\n", i / 7, i, 1735689600 + i, i % 5, 1735689600 + i }' > "$work/s.lp"
awk 'BEGIN { for (i = 0; i < 400; i++) printf "{\"id\":%d,\"begin_tai_ns\":%d000000000,\"end_tai_ns\":%d000000000}\n", i, 1735689637 + 100 * i, 1735689667 + 100 * i }' > "$work/w"
for jobs in 2 4; do
  checked "join with $jobs threads" dbb-efd-join -c "$work/columns.yaml" -s "$work/s.lp" -w "$work/w" -j $jobs
  tell "all values with $jobs threads" "$([ "$(grep -c '"n":30,"status":0' "$work/out")" = 800 ] || echo 'not 800')"
done
sum_up threads
