# shellcheck shell=bash disable=SC2034
# What the benches have in common. Sourced in the project's folder, with errexit.

build=$(cd "${BUILD:-build}" && pwd)
runs=${RUNS:-7}
export PATH=$build/bin:$build/bench:$PATH LC_ALL=C TZ=UTC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_night() { python3 tests/interop/make_night.py "$work/$1" --instrument "$2" --exposures "$3" --detectors "$4" --amps 1 --npix 8 > /dev/null; }
# $work/cam and $work/latiss: folders; .files: their file lines; .lines: described; .live: as many as come live; and how many
# there are in $cam and $latiss.
make_nights() {
  make_night cam LSSTCam 20 189
  make_night latiss LATISS 3000 1
  for name in cam latiss; do
    dbb-scan "$work/$name" > "$work/$name.files"
    # One run for both instruments, so that the floor needs to know of one only.
    dbb-describe < "$work/$name.files" | grep '"data_id"' | sed 's|"run":"LATISS/raw/all"|"run":"LSSTCam/raw/all"|' > "$work/$name.lines"
  done
  # Live, a commit waits for 50 ms without a further line, so a whole night of LATISS would take minutes.
  cp "$work/cam.lines" "$work/cam.live"
  head -n 200 "$work/latiss.lines" > "$work/latiss.live"
  cam=$(wc -l < "$work/cam.lines") latiss=$(wc -l < "$work/latiss.lines")
}

seconds() { # wall-clock seconds of a command, its output dropped
  local start=$EPOCHREALTIME
  "$@" > /dev/null
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.6f\n", b - a }'
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
server_cpu() { # POSTMASTER: CPU seconds of all of its connections that have ended
  sleep 0.1 # the last one's process outlives it a little
  awk -v hz="$(getconf CLK_TCK)" '{ print ($16 + $17) / hz }' "/proc/$1/stat"
}
note() { cat >> "$work/t.$1"; } # one measured time more of that name

# row TITLE NAME FLOOR NUMBER-OF-FILES [SECONDS-TO-TAKE-OFF]
row() {
  paste "$work/t.$2" "$work/t.$3" | awk -v title="$1" -v n="$4" -v off="${5:-0}" '
    { a[NR] = ($1 - off) / n * 1e6; b[NR] = $2 / n * 1e6 }
    function sorted(v, m,    i, j, t) {
      for (i = 2; i <= m; i++) for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
      return m % 2 ? v[(m + 1) / 2] : (v[m / 2] + v[m / 2 + 1]) / 2
    }
    END {
      x = sorted(a, NR); y = sorted(b, NR)
      printf "%-44s %8.1f (%.1f-%.1f)  beside %8.1f (%.1f-%.1f)  ratio %5.2f\n", title, x, a[1], a[NR], y, b[1], b[NR], x / y
    }'
}

# What follows is for the benches of telemetry.

find_numpy() { # python: one that has it
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import numpy' 2> /dev/null && return
  done
  echo 'no python3 with numpy: apt-get install python3-numpy' >&2
  exit 2
}
find_peers() { # peers: a python3, others: which of pandas and DuckDB it has
  peers=${PEERS:-python3} others=()
  local other
  for other in pandas duckdb; do
    if "$peers" -c "import $other, numpy" 2> /dev/null; then others+=("$other"); else echo "without $other, which $peers has not"; fi
  done
}
timed() { # NAME COMMAND...   wall-clock and processor time (with -cpu)
  local name=$1 real user system TIMEFORMAT='%R %U %S'
  shift
  read -r real user system < <({ time "$@"; } 2>&1 | tail -n 1)
  echo "$real" | note "$name"
  awk -v u="$user" -v s="$system" 'BEGIN { print u + s }' | note "$name-cpu"
}
# SCRIPT WAY   WAY-alone: on one processor; pandas' reader has taken to using two. numpy is to choose its kernels by itself.
peer() {
  local alone=()
  [[ $2 != *-alone ]] || alone=(taskset -c 0)
  "${alone[@]}" env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$peers" "$1" "${2%-alone}" . > took
}
time_peers() { # SCRIPT   each of others: as a cron job runs it, with its own start, and what it says of itself
  local other taken processor sum
  for other in "${others[@]}"; do
    timed "$other-program" peer "$1" "$other"
    read -r taken processor sum < took
    echo "$taken" | note "$other"
    echo "$processor" | note "$other-cpu"
    echo "$sum" > "sum.$other"
  done
}
same_sums() { # NAME   whether all results add up to the same as sum.NAME says
  local sum
  for sum in sum.*; do
    awk 'NR == FNR { a = $1; next } { d = (a - $1) / $1 } END { exit !(NR > 1 && d * d < 1e-24) }' "$sum" "sum.$1" \
      || { echo "$sum: $(tail -n 1 "$sum"), but sum.$1: $(tail -n 1 "sum.$1")" >&2; exit 1; }
  done
}
peer_rows() { # JOIN THOUSANDS-OF-VALUES
  local other
  for other in "${others[@]}"; do
    row "$other of csv | join of csv by two threads" "$other-program" "$1" "$2"
    row "the same without its start | with it" "$other" "$1" "$2"
    row "the same by processor time" "$other-cpu" "$1-cpu" "$2"
  done
}
