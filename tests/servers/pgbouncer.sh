#!/bin/bash
# A private PgBouncer in transaction mode on loopback, before a PostgreSQL server.
#   pgbouncer.sh start DIR PORT SERVER-PORT
#   pgbouncer.sh stop [--remove] DIR
# Last line of standard output of start: a connection URL without its database.

# shellcheck source=tests/servers/lib.sh
. "$(dirname -- "$0")/lib.sh"

KIND=pgbouncer
usage() { die "usage: $PROG start DIR PORT SERVER-PORT | stop [--remove] DIR"; }

# It refuses to run as root.
as_user() {
  if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

start() {
  [ $# = 3 ] || usage
  is_port "$2" || die "bad port: $2"
  is_port "$3" || die "bad port: $3"
  claim_dir "$1" "$KIND"
  lock_dir
  apt_need pgbouncer
  HOME_DIR=$(side_dir)
  pid_alive "$HOME_DIR/pid" pgbouncer || {
    need_free "$2"
    echo '"dbb" ""' >"$HOME_DIR/users"
    cat >"$HOME_DIR/pgbouncer.ini" <<CONF
[databases]
* = host=127.0.0.1 port=$3
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $2
unix_socket_dir =
auth_type = trust
auth_file = $HOME_DIR/users
pool_mode = transaction
default_pool_size = 2
logfile = $HOME_DIR/log
pidfile = $HOME_DIR/pid
CONF
    [ "$(id -u)" != 0 ] || chown -R postgres "$HOME_DIR"
    as_user pgbouncer -q -d "$HOME_DIR/pgbouncer.ini" >>"$DIR/log/start.log" 2>&1 </dev/null 9>&- ||
      die "did not start (see $DIR/log/start.log)"
    wait_for 10 '' '' port_open "$2" || die "does not listen (see $HOME_DIR/log)"
  }
  echo "postgresql://dbb@127.0.0.1:$2"
}

stop() {
  parse_stop "$@"
  open_dir "$STOP_DIR" "$KIND"
  lock_dir
  HOME_DIR=$(side_dir)
  if pid_alive "$HOME_DIR/pid" pgbouncer; then stop_pid "$HOME_DIR/pid" 10 pgbouncer; fi
  [ "$REMOVE" = 0 ] || remove_dir
}

cmd=${1:-}
[ $# -eq 0 ] || shift
case $cmd in
start) start "$@" ;;
stop) stop "$@" ;;
*) usage ;;
esac
