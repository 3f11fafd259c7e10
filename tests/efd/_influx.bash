# shellcheck shell=bash disable=SC2034
# What the suites of the EFD with an InfluxDB share. Sourced in the project's folder behind _suite.sh; `suite` is their name.

export PYTHONDONTWRITEBYTECODE=1
efd=$root/tests/efd
. "$efd/_python.bash"
unset EFD_HOST EFD_PORT EFD_PATH EFD_USERNAME EFD_PASSWORD EFD_TOKEN "${!DBB_INFLUX@}"

# Servers are started in subshells, too, so that a file knows them.
stop_all() {
  while read -r pid; do kill "$pid" 2> /dev/null; done < "$work/pids"
  "$root/tests/servers/influxdb.sh" stop --remove "$work/influx" > /dev/null 2>&1
}
# work_with_servers       in a scratch folder, which is also the home; servers stop with the suite
work_with_servers() {
  work_in "${TMPDIR:-/tmp}"
  cd "$work" || exit 2
  export HOME=$work
  : > pids
  trap 'stop_all; chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
}
free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# serve OPTION...         a server of tests/efd/servers; sets $fake, its URL
serve() {
  rm -f port
  "$python" "$efd/servers/influx.py" port "$@" > serve.log 2>&1 &
  echo $! >> "$work/pids"
  for _ in $(seq 200); do [ ! -e port ] || break; sleep 0.05; done
  fake=http://127.0.0.1:$(cat port)
}
# influx [NAME=VALUE]...  the real server with limits, stopped before if it runs; sets $real
influx() {
  "$root/tests/servers/influxdb.sh" stop "$work/influx" > /dev/null 2>&1
  real=$(env "$@" "$root/tests/servers/influxdb.sh" start "$work/influx" "$(free_port)" --db efd 2> influx.log | tail -n 1)
  case $real in http:*) ;; *) cat influx.log; echo "$suite: 0 passed, 1 failed"; exit 1 ;; esac
}
# put FILE                writes line protocol; InfluxDB leaves out what has another type
put() {
  split -l 20000 "$1" part.
  for part in part.*; do curl -s -o put.out --noproxy '*' -u dbb:dbb-secret --data-binary "@$part" "$real/write?db=efd"; done
  rm part.*
}
# reference CONFIG WINDOWS SAMPLES...   the values, by the slow program
reference() { "$python" "$efd/efd_oracle.py" --config "$1" --windows "$2" --samples "${@:3}"; }
