# shellcheck shell=bash
# Lines for a program that commits what it has when no more comes for a moment; sourced by cases that want them in commits
# of their own, however busy the machine is.

# together OUT REJECTS          standard input as it comes
# apart OUT REJECTS             line by line, the next when something was said of the last: on the program's standard output,
#                               a file, or in its file of rejects, which is there; else after ten seconds, or as patience=N says
#                               in fortieths of a second. Of collections nothing is said before the end.
# mixed OUT REJECTS             in groups: one begins where the file breaks has another line than 0
together() { cat; }
apart() { mixed "$@" <(yes); }
mixed() {
  local line break group=''
  while IFS= read -r line && IFS= read -r break <&3; do
    if [ "$break" != 0 ] && [ -n "$group" ]; then
      hand_over "$group" "$1" "$2"
      group=''
    fi
    group+=$line$'\n'
  done 3< "${3:-breaks}"
  printf '%s' "$group"
}
hand_over() {
  local tries all
  all=$(($(said_so_far "$2" "$3") + $(grep -c . <<< "$1")))
  printf '%s' "$1"
  case $1 in *'"type":"collection"'*) return ;; esac
  for ((tries = 0; tries < ${patience:-400}; tries++)); do
    sleep 0.025
    [ "$(said_so_far "$2" "$3")" -lt $all ] || return 0
  done
}
said_so_far() { cat "$1" "$2" | wc -l; }
