#!/bin/bash
# A private PostgreSQL 15 on loopback.
#   postgres.sh start DIR PORT [--db NAME]... [--ext NAME]...
#   postgres.sh createdb DIR NAME [EXTENSION]...
#   postgres.sh stop [--remove] DIR
#   postgres.sh status DIR
# Environment: DBB_PG_FSYNC=on (default off).
# Last line of standard output of start and createdb: a connection URL.

# shellcheck source=tests/servers/lib.sh
. "$(dirname -- "$0")/lib.sh"

BIN=/usr/lib/postgresql/15/bin
KIND=postgres
PGUSER_NAME=dbb

usage() {
  die "usage: $PROG start DIR PORT [--db NAME]... [--ext NAME]... | createdb DIR NAME [EXT]... | stop [--remove] DIR | status DIR"
}

as_pg() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec runuser -u postgres -- env -u PGDATA -u PGHOST -u PGPORT -u PGUSER "$@")
  else
    env -u PGDATA -u PGHOST -u PGPORT -u PGUSER "$@"
  fi
}

# Where the cluster lives: DIR, or a short directory beside it when the user
# postgres cannot enter DIR or the socket's name would be too long.
choose_home() {
  if [ -f "$DIR/side" ]; then
    cat "$DIR/side"
  elif [ ${#DIR} -gt 80 ] || ! as_pg test -x "$DIR"; then
    side_dir
  else
    echo "$DIR"
  fi
}

is_name() {
  case $1 in
  '' | *[!A-Za-z0-9_]* | [0-9]*) return 1 ;;
  esac
}

sql() { # DATABASE SQL
  as_pg "$BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$HOME_DIR" -p "$PORT" -U "$PGUSER_NAME" -d "$1" -c "$2"
}

make_db() { # NAME EXT...
  local db=$1 e
  shift
  is_name "$db" || die "bad database name: $db"
  if [ "$(sql postgres "select 1 from pg_database where datname='$db'" 2>>"$DIR/log/start.log")" != 1 ]; then
    sql postgres "create database \"$db\" template template0 encoding 'UTF8'" >>"$DIR/log/start.log" 2>&1 ||
      die "cannot create database $db (see $DIR/log/start.log)"
  fi
  for e in "$@"; do
    is_name "$e" || die "bad extension name: $e"
    sql "$db" "create extension if not exists $e" >>"$DIR/log/start.log" 2>&1 ||
      die "cannot create extension $e in $db (see $DIR/log/start.log)"
  done
}

running() {
  [ -f "$DIR/home" ] || return 1
  HOME_DIR=$(cat "$DIR/home")
  pid_alive "$HOME_DIR/data/postmaster.pid" postgres
}

# After a kill -9 the postmaster can stay a zombie for as long as its parent
# does not reap it, and its pid file then keeps PostgreSQL from starting.
drop_stale_pid() {
  local file=$HOME_DIR/data/postmaster.pid pid='' i
  [ -s "$file" ] || return 0
  read -r pid <"$file"
  for ((i = 0; i < 40; i++)); do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.05
  done
  if ! pid_alive_pid "$pid"; then rm -f -- "$file"; fi
}

start() {
  local dbs=() exts=() db
  [ $# -ge 2 ] || usage
  local dir=$1
  PORT=$2
  shift 2
  is_port "$PORT" || die "bad port: $PORT"
  while [ $# -gt 0 ]; do
    case $1 in
    --db) [ $# -ge 2 ] || usage; dbs+=("$2"); shift ;;
    --ext) [ $# -ge 2 ] || usage; exts+=("$2"); shift ;;
    *) usage ;;
    esac
    shift
  done
  claim_dir "$dir" "$KIND"
  lock_dir
  if running; then
    PORT=$(cat "$DIR/port")
  else
    need_free "$PORT"
    apt_need postgresql-15
    [ -x "$BIN/initdb" ] || die "no $BIN/initdb"
    HOME_DIR=$(choose_home) || die "cannot make a directory for the cluster"
    echo "$HOME_DIR" >"$DIR/home"
    if [ ! -s "$HOME_DIR/data/PG_VERSION" ]; then
      rm -rf -- "$HOME_DIR/data"
      mkdir "$HOME_DIR/data" || die "cannot create $HOME_DIR/data"
      chmod 0700 "$HOME_DIR/data"
      mkdir -p "$HOME_DIR/log"
      if [ "$(id -u)" = 0 ]; then
        # The socket goes into HOME_DIR, so postgres must own it.
        chown postgres "$HOME_DIR" "$HOME_DIR/data" "$HOME_DIR/log"
      fi
      as_pg "$BIN/initdb" -D "$HOME_DIR/data" -A trust -U "$PGUSER_NAME" -E UTF8 --locale=C --no-sync \
        >"$DIR/log/initdb.log" 2>&1 9>&- || die "initdb failed (see $DIR/log/initdb.log)"
      echo "include 'dbb.conf'" >>"$HOME_DIR/data/postgresql.conf"
    fi
    drop_stale_pid
    local sync=${DBB_PG_FSYNC:-off}
    cat >"$HOME_DIR/data/dbb.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = '$HOME_DIR'
fsync = $sync
synchronous_commit = $sync
full_page_writes = $sync
timezone = 'UTC'
log_timezone = 'UTC'
max_connections = 60
shared_buffers = '64MB'
CONF
    as_pg "$BIN/pg_ctl" -D "$HOME_DIR/data" -s -w -t 30 -l "$HOME_DIR/log/postgres.log" start \
      >>"$DIR/log/start.log" 2>&1 </dev/null 9>&- || die "did not start (see $HOME_DIR/log/postgres.log)"
    echo "$PORT" >"$DIR/port"
  fi
  for db in "${dbs[@]}"; do
    make_db "$db" "${exts[@]}"
  done
  if [ ${#dbs[@]} -gt 0 ] || [ ! -s "$DIR/url" ]; then
    echo "postgresql://$PGUSER_NAME@127.0.0.1:$PORT/${dbs[0]:-postgres}" >"$DIR/url"
  fi
  cat "$DIR/url"
}

createdb() {
  [ $# -ge 2 ] || usage
  open_dir "$1" "$KIND"
  running || die "not running: $DIR"
  PORT=$(cat "$DIR/port")
  local db=$2
  shift 2
  make_db "$db" "$@"
  echo "postgresql://$PGUSER_NAME@127.0.0.1:$PORT/$db"
}

stop() {
  parse_stop "$@"
  open_dir "$STOP_DIR" "$KIND"
  lock_dir
  if running; then
    as_pg "$BIN/pg_ctl" -D "$HOME_DIR/data" -s -m fast -w -t 30 stop >>"$DIR/log/start.log" 2>&1 9>&- ||
      as_pg "$BIN/pg_ctl" -D "$HOME_DIR/data" -s -m immediate -w -t 30 stop >>"$DIR/log/start.log" 2>&1 9>&- ||
      die "did not stop (see $DIR/log/start.log)"
  fi
  rm -f "$DIR/url"
  [ "$REMOVE" = 0 ] || remove_dir
}

cmd=${1:-}
[ $# -eq 0 ] || shift
case $cmd in
start) start "$@" ;;
createdb) createdb "$@" ;;
stop) stop "$@" ;;
status)
  open_dir "${1:-}" "$KIND"
  running || die "not running: $DIR"
  cat "$DIR/url"
  ;;
*) usage ;;
esac
