# shellcheck shell=bash
# What suites on a PostgreSQL server share: sourced in the folder of the project, it starts a server of the suite's own and goes
# into a work folder. Both go with the suite.
#
# Env: BUILD is the build folder (default: build), PGPORT_TESTS a port (default: a free one)
# shellcheck source=tests/_suite.sh
. tests/_suite.sh
work_in "${TMPDIR:-/tmp}"
cd "$work" || exit 2
export DBB_EXAMPLES=$root/examples/data

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=${PGPORT_TESTS:-$(free_port)}
server=$work/server
stop_server() {
  "$root/tests/servers/pgbouncer.sh" stop --remove "$work/pooler" > /dev/null 2>&1
  "$root/tests/servers/proxy.sh" stop --remove "$work/proxy" > /dev/null 2>&1
  "$root/tests/servers/postgres.sh" stop --remove "$server" > /dev/null 2>&1
}
trap 'stop_server; chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
url=$("$root/tests/servers/postgres.sh" start "$server" "$port" --db dbb --ext btree_gist 2> start.log | tail -n 1)
case $url in
  postgresql://*) ;;
  *) cat start.log; echo 'server: 0 passed, 1 failed'; exit 1 ;;
esac
query() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$url" -c "$1"; }

# check NAME COMMAND...    silent when it passes
check() {
  local name=$1
  shift
  tell "$name" "$("$@" > log 2>&1 < /dev/null || { tail -n 12 log; echo "$* failed"; })"
}
# fails STATUS REGEX COMMAND...    it ends with that status and says that
fails() {
  local want=$1 regex=$2 rc=0
  shift 2
  "$@" > out 2> err || rc=$?
  [ $rc = "$want" ] || { echo "it ended with $rc"; cat err; return 1; }
  grep -qE -e "$regex" err || { echo "nothing says $regex"; cat err; return 1; }
}
created() { dbb-repo create "$1" --registry "$url" --namespace "$2"; }
registered() { created "$1" "$2" && dbb-repo register-instrument "$1" LSSTCam LSSTComCam LATISS > /dev/null; }
# What a repository holds, without what differs from one to the next.
held() {
  for what in collections dataset-types datasets records nights; do
    dbb-repo show "$1" $what | jq -cS 'del(.ingest_date_tai, .program)' | sort
  done
}
same() { diff <(held "$1") <(held "$2"); }
