# Helpers for tests of dbb-windows that is asked to stop: they print what is wrong.
# shellcheck shell=bash

# How many windows they are given: as many as take some time.
windows=200000

# stopped COMMAND...         both of the following
stopped() {
  stopped_reading "$@"
  stopped_printing "$@"
}

# stopped_reading COMMAND... stopped while it reads its source, as the growth of its temporary file shows, so that nothing is
#                            printed; --stats tells how much it has read of $windows
stopped_reading() {
  local pid written=0 read rc=0
  "$@" --stats > out 2> err & pid=$!
  while [ "$written" -lt 1000000 ] && kill -0 $pid; do
    sleep 0.01
    written=$(sed -n 's/^wchar: //p' "/proc/$pid/io")
  done
  kill $pid
  wait $pid || rc=$?
  [ $rc = 143 ] || echo "while reading: it ended with $rc: $(cat err)"
  read=$(sed -nE 's/.*: ([0-9]+) read.*/\1/p' err)
  [ "${read:-$windows}" -lt $windows ] || echo "it went on reading: $(cat err)"
  [ ! -s out ] || echo "it printed $(head -n 1 out)"
}

# stopped_printing COMMAND...  stopped when a reader has had the first line and does not go on for a while
stopped_printing() {
  local pid line rc=0
  rm -f pipe
  mkfifo pipe
  "$@" > pipe 2> err & pid=$!
  exec 3< pipe
  read -r line <&3
  kill $pid
  sleep 0.2
  { echo "$line"; cat <&3; } > out
  exec 3<&-
  wait $pid || rc=$?
  [ $rc = 143 ] || echo "while printing: it ended with $rc: $(cat err)"
  jq -r .type out | sort -u | grep -vx window
  [ "$(wc -l < out)" -lt $windows ] || echo 'it went on printing'
}
