#!/bin/bash
# A TCP proxy on loopback before a PostgreSQL server that delays, cuts and stalls connections.
#   proxy.sh start DIR PORT SERVER-PORT [--delay-ms N]
#   proxy.sh cut | pause | stall | resume | status DIR
#   proxy.sh cut-at | cut-after DIR TEXT [--behind TEXT]
#   proxy.sh stop [--remove] DIR
# Last line of standard output of start: a connection URL without its database.

# shellcheck source=tests/servers/lib.sh
. "$(dirname -- "$0")/lib.sh"

KIND=proxy
usage() {
  die "usage: $PROG start DIR PORT SERVER-PORT [--delay-ms N] | cut|pause|stall|resume|status DIR | cut-at|cut-after DIR TEXT [--behind TEXT] | stop [--remove] DIR"
}

start() {
  [ $# = 3 ] || { [ $# = 5 ] && [ "$4" = --delay-ms ]; } || usage
  is_port "$2" || die "bad port: $2"
  is_port "$3" || die "bad port: $3"
  local delay=${5:-0}
  case $delay in
  '' | *[!0-9.]*) die "bad delay: $delay" ;;
  esac
  claim_dir "$1" "$KIND"
  lock_dir
  apt_need python3
  # The name of a socket is short.
  HOME_DIR=$(side_dir)
  pid_alive "$DIR/pid" python3 || {
    need_free "$2"
    rm -f "$HOME_DIR/control"
    background "$DIR/pid" "$DIR/log/proxy.log" python3 "$HERE/proxy.py" serve "$HOME_DIR/control" "$2" "$3" "$delay"
    # Not port_open: that would be a connection to the server.
    wait_for 10 "$DIR/pid" python3 ask status || die "does not listen (see $DIR/log/proxy.log)"
  }
  echo "postgresql://dbb@127.0.0.1:$2"
}

ask() { python3 "$HERE/proxy.py" ask "$HOME_DIR/control" "$@"; }

control() { # COMMAND DIR [TEXT [BEHIND]]
  open_dir "$2" "$KIND"
  pid_alive "$DIR/pid" python3 || die "not running: $DIR"
  HOME_DIR=$(side_dir)
  ask "$1" "${@:3}"
}

stop() {
  parse_stop "$@"
  open_dir "$STOP_DIR" "$KIND"
  lock_dir
  stop_pid "$DIR/pid" 10 python3
  [ "$REMOVE" = 0 ] || remove_dir
}

cmd=${1:-}
[ $# -eq 0 ] || shift
case $cmd in
start) start "$@" ;;
stop) stop "$@" ;;
cut | pause | stall | resume | status)
  [ $# = 1 ] || usage
  control "$cmd" "$1"
  ;;
cut-at | cut-after)
  [ $# = 2 ] || { [ $# = 4 ] && [ "$3" = --behind ]; } || usage
  control "$cmd" "$1" "$2" "${@:4}"
  ;;
*) usage ;;
esac
