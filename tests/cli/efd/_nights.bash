# Helpers for the cases of dbb-efd-join: samples and windows about 2025-01-01T00:00:00 UTC, when TAI is 37 s more.
# shellcheck shell=bash

t0=1735689600
# sample SECONDS FIELDS [TOPIC]       a line of line protocol, seconds after t0, to a microsecond
sample() { F=$2 awk -v t="$1" -v t0=$t0 -v m="${3:-X.tel}" 'BEGIN { printf "%s %s %.0f000\n", m, ENVIRON["F"], (t0 + t) * 1e6 }'; }
# window ID BEGIN END                 nanoseconds of TAI after t0 + 37 s
window() { printf '{"id":%s,"begin_tai_ns":%s,"end_tai_ns":%s}\n' "$1" "$(((t0 + 37) * 1000000000 + $2))" "$(((t0 + 37) * 1000000000 + $3))"; }
# shellcheck disable=SC2034  # cases write 30$s
s=000000000
# got FILTER                          of the values that the last expect_rc printed, in one line
got() { jq -r "select(.column) | $1" "$OUT" | paste -sd,; }
