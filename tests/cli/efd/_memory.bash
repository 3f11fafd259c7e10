# Helpers for tests of memory.
# shellcheck shell=bash

# peak COMMAND...          kB of memory that it had at most; its output is dropped
peak() {
  python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

# grew PROGRAM SMALL LARGE  says so when the second peak is more than 8 MB above the first
grew() {
  [ $(($3 - $2)) -le 8192 ] || echo "$1: $2 kB for few, $3 kB for many"
}
