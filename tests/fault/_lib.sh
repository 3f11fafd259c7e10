# What the suites of this folder share: a small input, a run of dbb-ingest under strace, and what must hold after it.
# shellcheck shell=bash
#
# A suite sources this file in the folder of the project, then calls make_inputs. The program that runs is dbb-ingest, or
# PROGRAM=dbb-convert, which has scenarios and inputs of its own. With SERVER=1 the registry is on a PostgreSQL
# server, which it starts; each try has a database of its own, a copy of that of the template.
. tests/_suite.sh
# In memory where there is room: a kill leaves the same behind, and no fsync has to wait for a disk.
if [ -z "${TMPDIR:-}" ] && [ "$(df --output=avail -k /dev/shm 2> /dev/null | tail -n 1)" -gt 500000 ] 2> /dev/null; then
  work_in /dev/shm
else
  work_in "${TMPDIR:-/tmp}"
fi
export JOBS=${JOBS:-$(nproc)} url='' program=${PROGRAM:-dbb-ingest}
case $program in
  dbb-ingest) scenarios=$root/tests/fault/scenarios.txt ;;
  dbb-convert) scenarios=$root/tests/fault/scenarios_convert.txt ;;
  *) echo "there are no scenarios of $program"; exit 2 ;;
esac
export scenarios
if [ -n "${SERVER:-}" ]; then
  stop_server() { "$root/tests/servers/postgres.sh" stop --remove "$work/server" > /dev/null 2>&1; }
  trap 'stop_server; chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  url=$(tests/servers/postgres.sh start "$work/server" "$port" --db registry --ext btree_gist 2> "$work/server.log" | tail -n 1)
  [ -n "$url" ] || { cat "$work/server.log"; echo "no server: 0 passed, 1 failed"; exit 1; }
fi

# System calls that change a file system, a file or a descriptor that others see. Of openat only those that may create.
calls='openat creat mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir mknod mknodat
  truncate ftruncate fallocate chmod fchmod fchmodat chown lchown fchown fchownat utimensat setxattr fsetxattr removexattr fremovexattr
  fsync fdatasync sync syncfs sync_file_range write writev pwrite64 pwritev pwritev2 copy_file_range sendfile splice vmsplice io_submit
  io_uring_enter msync'${url:+ sendto}
# All others that dbb-ingest may make: they read, or change the process alone. (fcntl and flock take locks.)
harmless='access arch_prctl brk clone clone3 close connect dup dup2 epoll_create1 execve exit exit_group faccessat faccessat2 fadvise64 fcntl flock
  fstat fstatfs futex getcwd getdents64 geteuid getegid getgid getpid getppid getrandom gettid getuid ioctl lseek lstat madvise mlock mmap
  mprotect mremap munmap nanosleep clock_nanosleep newfstatat openat2 pipe2 poll ppoll prctl pread64 prlimit64 read readlink readlinkat readv
  restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield set_robust_list set_tid_address
  recvfrom setsockopt getsockopt getsockname getpeername
  sigaltstack socket stat statfs statx sysinfo tgkill time umask uname wait4'
export calls harmless

make_inputs() { make_inputs_of_"${program#dbb-}"; }

# A registered repository, files, and the lines that describe them: good ones, two detectors of one exposure, a file of
# several chunks, one that is named twice, and three that must be refused at different stages. Paths begin with @RAW@.
make_inputs_of_ingest() {
  local raw=$work/source
  {
    dbb-repo create "$work/template" ${url:+--registry "$url"} && dbb-repo register-instrument "$work/template" LSSTCam LATISS
  } > /dev/null || exit 2
  mkdir "$raw"
  cp "$root"/examples/data/{LSSTCam,LSSTComCam}/*.fits "$raw"
  gzip -cdq < "$root"/examples/data/LATISS/3018092000065-det000.fits 2> /dev/null | head -c 2500000 > "$raw/latiss.fits"
  cp -p "$raw/3019032200002-R10-S22-det035.fits" "$raw/refused.fits"
  dbb-describe "$raw"/[0-9l]*.fits 2> /dev/null | sed "/\"type\":\"end\"/d; s|$raw|@RAW@|" > "$work/described"
  [ "$(wc -l < "$work/described")" = 5 ] || { echo "5 files were to be described: $(cut -c 1-100 "$work/described")"; exit 2; }
  local other
  other=$(grep det035 "$work/described")
  {
    cat "$work/described"
    head -n 1 "$work/described"
    # Refused by the registry, after its file is in place.
    jq -c '(.data_id.exposure, .records.exposure.id) += 1 | .uri = "@RAW@/refused.fits"
      | .records.exposure.obs_id += "x" | .records.exposure.observation_type = "far too long to be stored"' <<< "$other"
    # Refused because it is not there.
    jq -c '(.data_id.exposure, .records.exposure.id) += 2 | .uri = "@RAW@/gone.fits" | .records.exposure.obs_id += "y"' <<< "$other"
  } > "$work/lines"
  grep -v LSSTComCam "$work/described" > "$work/good"
  (cd "$raw" && sha256sum -- *.fits) | cut -d' ' -f1 | sort -u > "$work/sums"
}

# A repository with a sky map, and lines of a Gen2 repository: raws, calibrations with ranges, outputs of reruns, coadds, one
# that is named twice, three that must be refused at different stages, and collections. Paths begin with @RAW@.
make_inputs_of_convert() {
  local raw=$work/source
  { dbb-repo create "$work/template" ${url:+--registry "$url"} && dbb-repo register-instrument "$work/template" LSSTCam; } > /dev/null || exit 2
  "$root/tests/gen2/make_gen2.py" "$raw" --camera lsstcam --exposures 2 --detectors 2 --small --faults gap,none_validity,missing_file
  gen2_lines "$raw" > "$work/lines"
  {
    head -n 1 "$work/lines"
    # Refused because it is not there, and because its exposure is not.
    jq -c 'select(.gen2.dataset_type == "src") | .uri += ".gone" | .data_id.detector += 50' "$work/lines" | head -n 1
    jq -c 'select(.gen2.dataset_type == "src") | .data_id.exposure += 7' "$work/lines" | head -n 1
  } > "$work/more"
  cat "$work/more" >> "$work/lines"
  find "$raw" -type f -exec sha256sum {} + | cut -d' ' -f1 | sort -u > "$work/sums"
}

# gen2_lines ROOT   what the scan says of files that are to be converted or can't be, and of collections
gen2_lines() {
  dbb-gen2-scan "$1" 2> /dev/null |
    jq -c 'select(.type == "collection" or .action == "convert" or .action == "error")' | sed "s|$1|@RAW@|g"
}

# The lines of table $1 that have $2 columns or more, comments left out.
table() { sed -E 's/(^|[[:space:]])#.*//; /^[[:space:]]*$/d' "$1"; }

# scenario NAME           sets name, pace, files, faults and options from the table
scenario() {
  read -r name pace files faults options < <(table "$scenarios" | awk -v name="$1" '$1 == name')
  [ -n "$name" ] || { echo "there is no scenario $1"; return 1; }
  options=${options//@GID@/$(id -g)}
  [ "$faults" != - ] || faults=''
}

# The state before a run, in this folder: repo, raw (outside or inside of it), lines made of
# file $1.
fresh() {
  rm -rf repo raw receipts rejects again rejects.again ended
  cp -r "$work/template" repo
  if [ -n "$url" ]; then
    database=try_$$
    psql -X -q "${url%/registry}/postgres" -c "DROP DATABASE IF EXISTS $database (FORCE)" -c "CREATE DATABASE $database TEMPLATE registry" 2> /dev/null
    sed -i "s|/registry\"|/$database\"|" repo/butler.yaml
  fi
  raw=$PWD/raw
  [ "$files" = outside ] || raw=$PWD/repo/raw
  cp -rp "$work/source" "$raw"
  sed "s|@RAW@|$raw|g" "$work/$1" > lines
  : > receipts
  : > rejects
}

# feed RECEIPTS REJECTS   the input at the scenario's pace. live: each line when the one before has its outcome; the
#                         reader's end ends the wait
feed() {
  local count=0 line
  case $pace in
    catch-up) cat lines ;;
    trickle) while IFS= read -r line; do printf '%s\n' "$line"; sleep 0.004; done < lines ;;
    live)
      while IFS= read -r line; do
        printf '%s\n' "$line"
        count=$((count + 1))
        until [ -e ended ] || [ "$(cat "$1" "$2" | grep -c '^{"type":"file"')" -ge $count ]; do sleep 0.005; done
      done < lines
      ;;
  esac 2> /dev/null
}

# ingest RECEIPTS REJECTS [COMMAND...]   run the program, as argument of COMMAND, with the input of the scenario; its
#                                        status becomes ours
ingest() {
  local receipts=$1 rejects=$2 paths=()
  shift 2
  rm -f ended
  [ "$pace" != paths ] || paths=("$raw"/[0-9l]*.fits)
  # shellcheck disable=SC2086  # several options
  feed "$receipts" "$rejects" | {
    "$@" "$program" --repo repo $options --rejects "$rejects" "${paths[@]}" >> "$receipts" 2> err
    rc=$?
    : > ended
    exit $rc
  }
} 2> /dev/null    # "Killed"

# traced CALLS OPTIONS...   as argument of ingest: strace of CALLS (with commas, or empty) with the scenario's faults
traced() {
  local set=$1 more=() fault
  shift
  for fault in $faults; do more+=(-e "inject=$fault"); set+=,${fault%%:*}; done
  while [ "$1" != "$program" ]; do more+=("$1"); shift; done
  # Not with --seccomp-bpf: its stops swallow signals. Leaks can't be looked for in a traced process.
  ASAN_OPTIONS=detect_leaks=0 strace -qq -f -o trace -e "trace=${set#,}" "${more[@]}" "$@"
}

# with_faults             as argument of ingest: nothing but the scenario's faults
with_faults() { if [ -z "$faults" ]; then "$@"; else traced '' "$@"; fi; }

# What became of each line, from RECEIPTS and REJECTS: path (of collections the name) and "receipt" or the reason. The folder's
# own path is taken out.
outcomes() {
  {
    sed -nE 's/^\{"type":"[a-z0-9]*","(uri|name)":"([^"]*)".*"'"${program#dbb-}"'":\{"outcome":.*/\2 receipt/p' "$1"
    sed -nE 's/^\{"type":"[a-z0-9]*","(uri|name)":"([^"]*)".*"error":\{"code":"([A-Z_0-9]*)".*/\2 \3/p' "$2"
  } | sed "s|$PWD/||" | sort
}

# The rows of the registry, files with mode, content or target, and folders with mode. What a killed run may leave behind does
# not count: temporary files, and whole files that no row names (of a line that is refused: nobody comes to remove it).
state() {
  { echo "SELECT 'named ' || path FROM file_datastore_records;"; all_tables; } | registry |
    sed -E 's/(dataset_(tags|calibs))_[0-9]{8}/\1/g' | sort > rows.now
  sed -n 's|^named \([^:]*\)$|repo/\1|p; s|^named file://||p' rows.now > named
  files_of repo raw > files.now
  find repo -mindepth 2 \( -type f -o -type l \) -not -path 'repo/raw/*' | grep -vxFf named | while read -r path; do
    sha256sum < "$path" | cut -d' ' -f1 | grep -qxFf - "$work/sums" && printf '%s \n  %s\n' "$path" "$path"
  done > left
  # Folders of files that are named, up to the repository.
  awk '/^repo\// { while (sub(/\/[^\/]*$/, "") && $0 != "repo" && !seen[$0]++) print }' named | tr '\n' '\0' |
    xargs -0r stat -c '%n folder %a' | sort > folders.now
  # Each try has a database of its own, whose name is in butler.yaml.
  { cat rows.now folders.now; grep -vFf left files.now | grep -v ' repo/butler.yaml$'; } | sed "s|$PWD/|@/|g"
}
# Statements that show all rows of the repository but for dates of registration. Collections and dataset types are shown by name:
# which number each got depends on what was made first, and on a server on what was taken back. So do numbers of tables of datasets.
all_tables() {
  if [ -z "$url" ]; then
    echo 'SELECT type, name, sql FROM sqlite_master;'
    registry "SELECT 'SELECT ''' || m.name || ''', ' || (SELECT group_concat(CASE
        WHEN c.name IN ('collection_id', 'run_id', 'parent', 'child') THEN '(SELECT name FROM collection WHERE collection_id = t.' || c.name || ')'
        WHEN c.name = 'dataset_type_id' THEN '(SELECT name FROM dataset_type WHERE id = t.dataset_type_id)'
        ELSE 'quote(t.\"' || c.name || '\")' END, ', ') FROM pragma_table_info(m.name) AS c
      WHERE c.name NOT IN ('ingest_date', 'dimensions_key', 'dimension_graph_id', 'tag_association_table', 'calibration_association_table')
        AND NOT (c.name = 'id' AND (m.name IN ('dataset_type', 'dimension_graph_key') OR m.name LIKE 'dataset_calibs_%')))
      || ' FROM \"' || m.name || '\" AS t;' FROM sqlite_master AS m
      WHERE m.type = 'table' AND m.name NOT IN ('sqlite_sequence', 'dimension_graph_key')"
    return
  fi
  registry "SELECT format('SELECT %L, (to_jsonb(t) - ''{ingest_date,collection_id,run_id,parent,child,dataset_type_id,dimensions_key,tag_association_table,calibration_association_table}''::text[]',
      c.relname)
    || CASE c.relname WHEN 'dataset_type' THEN ' - ''id''' WHEN 'dimension_graph_key' THEN ' - ''id'''
       WHEN 'dimension_graph_definition' THEN ' - ''dimension_graph_id''' ELSE CASE WHEN c.relname LIKE 'dataset_calibs%' THEN ' - ''id''' ELSE '' END END || ')::text'
    || coalesce((SELECT string_agg(CASE WHEN a.attname = 'dataset_type_id' THEN ', (SELECT name FROM dataset_type WHERE id = dataset_type_id)'
       ELSE format(', (SELECT c.name FROM collection AS c WHERE c.collection_id = t.%I)', a.attname) END, '')
       FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname IN ('collection_id', 'run_id', 'parent', 'child', 'dataset_type_id')), '')
    || format(' FROM %I AS t;', c.relname) FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
}
files_of() {
  find "$@" -name '.dbb-*' -prune -o \( -type f -o -type l \) -not -name 'gen3.sqlite3*' -printf '%p %y %m %l\n' 2> /dev/null | sort
  find "$@" -name '.dbb-*' -prune -o -type f -not -name 'gen3.sqlite3*' -print0 2> /dev/null | sort -z | xargs -0r sha256sum
}
# registry [STATEMENTS]    the answers of the registry to statements, or to those on standard input; columns joined by "|"
registry() {
  if [ -n "$url" ]; then
    psql -X -q -A -t "$(sed -nE 's/^  db: "?(postgresql:[^"]*)"?$/\1/p' repo/butler.yaml)" ${1:+-c "$1"}
  else
    # A killed process may hold its lock for a moment longer.
    sqlite3 -cmd '.timeout 5000' -readonly repo/gen3.sqlite3 "$@"
  fi
}
# The server may be busy with what a killed process sent last.
settled() {
  local sessions="SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dbb'"
  [ -z "$url" ] || until [ "$(registry "$sessions")" = 0 ]; do sleep 0.02; done
}

# Whether the repository is sound, receipts so far are true, and no file is lost or half there. Prints what is wrong.
sound() {
  local path tables
  settled
  if ! dbb-repo check repo > checked 2>&1; then
    echo 'dbb-repo check finds damage:'
    cat checked
    return
  fi
  # The same by other means, since the checker is not what is on trial here. There are no tags before the first type.
  tables=$(registry "SELECT DISTINCT tag_association_table FROM dataset_type" | sed 's/.*/SELECT dataset_id FROM &/' | paste -sd '@' | sed 's/@/ UNION /g')
  {
    [ -n "$url" ] || echo 'PRAGMA integrity_check; PRAGMA foreign_key_check;'
    echo "SELECT 'half there: ' || id FROM dataset WHERE id NOT IN (SELECT dataset_id FROM file_datastore_records)
      OR id NOT IN (SELECT dataset_id FROM dataset_location);
    SELECT 'half there: ' || dataset_id FROM file_datastore_records WHERE dataset_id NOT IN (SELECT id FROM dataset);
    SELECT 'row ' || replace(dataset_id${url:+::text}, '-', '') || ' ' || path FROM file_datastore_records ORDER BY dataset_id;
    ${tables:+SELECT 'half there: ' || id FROM dataset WHERE id NOT IN ($tables);}"
  } | registry > registry.out 2>&1
  grep -v '^row ' registry.out | grep -vx ok
  [ -n "$url" ] || [ "$(head -n 1 registry.out)" = ok ] || echo 'no integrity'
  sed -n 's/^row //p' registry.out > rows
  while read -r _ path; do
    case $path in file://*) path=${path#file://} ;; *) path=repo/$path ;; esac
    [ -e "$path" ] || echo "a row names a missing file: $path"
  done < rows
  # Receipts are promises.
  sed -nE 's/.*"id":"([^"]*)".*"'"${program#dbb-}"'":\{"outcome":"(done|existing|updated)","path":"([^"]*)".*/\1 \3/p' receipts |
    sed -E 's/^(.{8})-(.{4})-(.{4})-(.{4})-/\1\2\3\4/' | sort -u | comm -23 - rows | sed 's/^/a receipt is not true: /'
  # What readers of the repository may see is whole; else there are temporary files.
  files_of repo > seen
  grep -E '^[0-9a-f]{64} ' seen | grep -vFf "$work/sums" | grep -v ' repo/butler.yaml$' | sed 's/^/not whole: /'
  find repo \( -name '.*' -not -name '.dbb-*' \) -printf 'what is %p\n'
  # Nothing that came in is lost.
  files_of "$raw" repo | grep -oE '^[0-9a-f]{64}' | sort -u | comm -23 "$work/sums" - | sed 's/^/lost: /'
}

# Receipts of a move say that the source is gone.
moved() {
  [[ $options != *"--transfer move"* ]] || sed -nE 's/.*"uri":"([^"]*)".*"'"${program#dbb-}"'":\{.*/\1/p' receipts | while read -r path; do
    [ ! -e "$path" ] || echo "a receipt of a moved file, but it is still there: $path"
  done
}

# complete EXPECTED       run the same input again: it completes, and the end is that of an undisturbed run, whose state
#                         and outcomes are in files EXPECTED.state and EXPECTED.outcomes, its status in EXPECTED.status
complete() {
  local rc=0
  : > again
  : > rejects.again
  ingest again rejects.again with_faults || rc=$?
  [ "$rc" = "$(cat "$1.status")" ] || { echo "the second run ends with $rc:"; cat err; }
  outcomes again rejects.again | diff "$1.outcomes" - | sed 's/^/outcomes of the second run: /'
  state | diff "$1.state" - | head -n 6 | sed 's/^/the end differs: /'
  [ ! -e repo/gen3.sqlite3-journal ] || echo 'a journal is left over'
}

# undisturbed NAME [LINES]   run scenario NAME without a stop; leaves $work/NAME.{state,outcomes,status,trace}, the last being
#                            all calls of the run. Prints what is wrong
undisturbed() {
  local rc=0 expected=$work/$1
  scenario "$1" || return
  mkdir -p "$work/$1.run" && cd "$work/$1.run" || return
  fresh "${2:-lines}"
  ingest receipts rejects traced all -y || rc=$?
  cp trace "$expected.trace"
  echo $rc > "$expected.status"
  [ $rc = 0 ] || [ $rc = 1 ] || { echo "ends with $rc:"; cat err; }
  outcomes receipts rejects > "$expected.outcomes"
  [ "$(wc -l < "$expected.outcomes")" = "$(if [ "$pace" = paths ]; then echo 5; else grep -c . lines; fi)" ] ||
    { echo 'lines without an outcome:'; cat "$expected.outcomes"; }
  state > "$expected.state"
  sound
  moved
  # A second run changes nothing, so the test itself is steady.
  complete "$expected"
  # A call that nobody has thought of would be a point without a test.
  sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' "$expected.trace" | sort -u |
    grep -vxFf <(tr -s ' ' '\n' <<< "$calls $harmless") | sed 's/^/neither known to change something nor to be harmless: /'
  cd "$work" || return
}

# points NAME             the state-changing calls of a scenario, one a line: call, its number among calls of that name
#                         in its thread, which is how strace counts
points() {
  local call
  scenario "$1" || return
  for call in $calls; do
    # A call that the scenario makes fail changes nothing.
    [[ " $faults" != *" $call:"* ]] || continue
    grep -E "^[0-9]+ +$call\(" "$work/$1.trace" |
      awk -v call="$call" '{ n[$1]++ } (call != "openat" || /O_CREAT/) && !seen[n[$1]]++ { print call, n[$1] }'
  done
}

# For what suites start by xargs.
export -f table scenario fresh feed ingest traced with_faults registry settled outcomes state all_tables files_of sound moved complete
