#!/bin/bash
# Every reason of the catalogue is reached through a real program: tests/data/reasons.txt has one input for each.
. "$DBB_CLI_LIB"

make_repo template
header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
described $header > line.json

# inject PATH SYSCALL ERROR COMMAND...   run a command in which a system call on that path fails
inject() {
  local path=$1 call=$2 error=$3
  shift 3
  # Leaks can't be looked for in a traced process.
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o /dev/null ${path:+-P "$path"} -e "inject=$call:error=$error" "$@"
}
# edited SED-EXPRESSION...   the header of an LSSTCam file, changed, as h.yaml
edited() { sed "$@" "$DBB_TEST_DATA/headers/$header" > h.yaml; }
# line JQ-FILTER             its description, changed
line() { jq -c "$1" ../line.json; }
# gen2 JQ-FILTER             a line of a Gen2 bias, changed
gen2() {
  jq -nc --arg uri "$PWD/../bias.fits" '{type: "gen2", uri: $uri, gen2: {repo: "calib", path: "CALIB/bias.fits"}, instrument: "LSSTCam",
    data_id: {instrument: "LSSTCam", detector: 0}, dataset_type: "bias", dimensions: ["instrument", "detector"], storage_class: "ExposureF",
    is_calibration: true, run: "LSSTCam/calib/20180921T000000Z", calibration: "LSSTCam/calib", validity: {begin_tai: null, end_tai: null},
    formatter: "lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter", action: "convert", reason: "ok"} | '"$1"
}
# The same of a patch of a coadd
coadd() {
  gen2 'del(.is_calibration, .calibration, .validity) | .dataset_type = "deepCoadd" | .dimensions = ["skymap", "tract", "patch", "band"]
    | .data_id = {skymap: "ring", tract: 1, band: "r"} | .patch_xy = "3,2"'
}
# faulty FAULT               samples from a server that fails so
faulty() {
  local server
  seq 0 9 | sed 's/.*/t a=&i 173568960&000000000/' > t.lp
  python3 "$DBB_ROOT/tests/efd/servers/influx.py" port --lp t.lp --fault "$1" & server=$!
  for _ in $(seq 200); do [ ! -e port ] || break; sleep 0.05; done
  dbb-efd-fetch --topic t --begin 2025-01-01T00:00:37 --end 2025-01-01T00:00:47 --influx "http://127.0.0.1:$(cat port)" --retry-for 0s
  kill $server
}
echo x > bias.fits
export -f inject edited line gen2 coadd faulty
export header

row() { # code, commands, pattern
  local code=$1 commands=$2 pattern=$3
  mkdir "$code"
  (
    cd "$code"
    cp -r ../template repo
    # A program's errors as JSON have their codes beside their sentences.
    export DBB_LOG_FORMAT=json
    set +e
    eval "$commands"
  ) < /dev/null > "$code/out" 2> "$code/err" || true
  cat "$code/err" "$code/rejects" 2> /dev/null > "$code/all" || true
  jq -Rr 'fromjson? | (.error // .) | select(type == "object" and has("code")) | .code + " " + .message' "$code/all" > "$code/seen"
  grep -qE "^$code .*$pattern" "$code/seen" && return
  echo "$code with \"$pattern\" was not reached, but: $(head -n 3 "$code/seen") $(head -n 3 "$code/err")" >> missed
}

seen=''
while IFS= read -r text; do
  case $text in
    '' | '#'*) ;;
    '  '*) commands+=${text#  }$'\n' ;;
    *) # CODE pattern: what came before it is complete
      [ -z "${code:-}" ] || row "$code" "$commands" "$pattern"
      code=${text%% *} pattern=${text#* } commands=''
      seen+="$code"$'\n'
      ;;
  esac
done < "$DBB_TEST_DATA/reasons.txt"
row "$code" "$commands" "$pattern"
[ ! -e missed ] || fail "$(cat missed)"

dbb-why --list-reasons | jq -r 'select(.type == "reason") | .code' | sort > all
sort <<< "${seen%$'\n'}" | diff all - || fail "the catalogue (<) and the table of tests (>) differ"
