# Helpers for the cases of tests/run_cli.sh. A case begins with:  . "$DBB_CLI_LIB"
# shellcheck shell=bash
set -euo pipefail

# What the last `expect_rc` printed: files, so that any byte and the last newline are kept.
export OUT=$CASE_IO/out
export ERR=$CASE_IO/err

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# is_sanitized             whether the programs run under sanitizers, which take memory of their own, and much time for long inputs
is_sanitized() { [[ $(ldd "$DBB_BIN/dbb-repo") == *libasan* ]]; }

# expect_rc STATUS COMMAND...   run it (stdin is passed on) and insist on its exit status; output is in $OUT and $ERR
expect_rc() {
  local want=$1 rc=0
  shift
  "$@" >"$OUT" 2>"$ERR" || rc=$?
  [ "$rc" = "$want" ] && return
  head -n 20 "$OUT" "$ERR" >&2
  fail "\"$*\" ended with $rc instead of $want"
}

# expect_eq GOT WANT [WHAT]
expect_eq() {
  [ "$1" = "$2" ] || fail "${3:-value}: got \"$1\" instead of \"$2\""
}

# expect_empty FILE
expect_empty() {
  [ ! -s "$1" ] || fail "$1 should be empty but has: $(head -n 5 "$1")"
}

# expect_match FILE REGEX       some line matches (grep -E)
expect_match() {
  grep -qE -e "$2" "$1" || fail "nothing matches \"$2\" in $1: $(head -n 20 "$1")"
}

expect_no_match() {
  ! grep -qE -e "$2" "$1" || fail "\"$2\" should not be in $1: $(grep -E -e "$2" "$1" | head -n 5)"
}

# plant_bystander DIR           an unrelated file that nothing may touch
plant_bystander() {
  mkdir -p "$1"
  echo 'nobody may touch me' > "$1/bystander.txt"
  chmod 640 "$1/bystander.txt"
  remember "$1/bystander.txt"
}

# remember PATH...              note everything below the paths: names, kinds, modes, sizes, times, bytes
# expect_unchanged PATH...      insist that it is still so
remember() {
  local path
  for path; do state_of "$path" > "$CASE_IO/state-${path//\//%}"; done
}
expect_unchanged() {
  local path
  for path; do
    state_of "$path" | diff "$CASE_IO/state-${path//\//%}" - >&2 || fail "$path has changed"
  done
}
state_of() {
  # Folders without their time: looking for a lock may make and remove a file.
  find "$1" -type d -printf '%p %y %m\n' -o -printf '%p %y %m %s %T@ %l\n' | sort
  find "$1" -type f -print0 | sort -z | xargs -0r sha256sum
}

# make_repo DIR [INSTRUMENT...] a repository with LSSTCam, LSSTComCam and LATISS, or those named
make_repo() {
  local repo=$1
  shift
  dbb-repo create "$repo" >/dev/null
  [ $# -gt 0 ] || set -- LSSTCam LSSTComCam LATISS
  dbb-repo register-instrument "$repo" "$@" >/dev/null
}

# described DUMP [JQ-FILTER]    the described line of a header dump of tests/data, as if it were of a FITS file in
#                               this folder, changed by a jq filter
described() {
  local stem=${1%.*}
  [ -e "$stem.fits" ] || echo "SIMPLE  = T stand-in for $1" > "$stem.fits"
  dbb-describe "$DBB_TEST_DATA/headers/$1" | jq -c --arg uri "$PWD/$stem.fits" \
    "select(.uri) | .uri=\$uri | del(.size, .mtime) | ${2:-.}"
}

# card TEXT                     a card of a FITS header
# pad FILE                      blanks up to whole blocks of a FITS file
card() { printf '%-80s' "$1"; }
pad() {
  local size; size=$(stat -c %s "$1")
  local room=$(( (2880 - size % 2880) % 2880 ))
  [ "$room" = 0 ] || head -c "$room" /dev/zero | tr '\0' ' ' >> "$1"
}

# sql REPO STATEMENT            ask the registry
sql() {
  sqlite3 -readonly "$1/gen3.sqlite3" "$2"
}

# commands_of PROGRAM           a line for the program by itself and for it with each of its verbs
commands_of() {
  echo "$1"
  "$1" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\).*/'"$1"' \1/p'
}
