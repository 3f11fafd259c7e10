# shellcheck shell=bash disable=SC2034
# What bench/run and bench/run_postgres have in common. Sourced in the project's folder, with errexit.

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
