#!/usr/bin/env python3
"""Compare value lines of dbb-efd-join with the results of the reference join (efd_oracle.py), line by line.

usage: compare.py EXPECTED.jsonl VALUES.jsonl

n, status, times and counts are equal; values agree to 1e-12 of their size, to 1e-9 for polynomials above degree 1.
The last line counts what was compared: "N equal, N different".
"""
import json
import sys
from datetime import datetime, timezone


def nanoseconds(iso):
    if iso is None:
        return None
    whole, decimals = iso.split(".")
    t = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(t.timestamp()) * 10**9 + int(decimals)


def close(a, b, tolerance, absolute=0.0):
    if isinstance(a, (bool, str, type(None))) or isinstance(b, (bool, type(None))):
        return a == b and type(a) is type(b)
    if isinstance(b, str):      # an integer beyond 2^53
        b = int(b)
        if isinstance(a, int):
            return a == b
    return a == b or abs(a - b) <= max(absolute, tolerance * max(abs(a), abs(b)))


def differences(want, got, tolerance, absolute=0.0):
    """Keys of a result of the reference that a value line has otherwise; of the value more than both tolerances."""
    got = dict(got)
    for key in ("first", "last"):
        got["t_%s_tai_ns" % key] = nanoseconds(got["t_%s_tai" % key])
    wrong = [k for k in want if k not in ("value", "coverage") and want[k] != got.get(k)]
    wrong += [] if close(want["value"], got["value"], tolerance, absolute) else ["value"]
    return wrong + ([] if close(want["coverage"], got["coverage"], tolerance) else ["coverage"])


def main():
    expected = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    values = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    values = [v for v in values if v["type"] == "value"]
    different = 0
    if len(expected) != len(values):
        print("expected %d lines, got %d" % (len(expected), len(values)))
        different += 1
    for want, got in zip(expected, values):
        tolerance = 1e-9 if "polyrms" in want["column"] and "4" in want["column"] else 1e-12
        wrong = differences(want, got, tolerance)
        if wrong:
            different += 1
            if different <= 20:
                print(want["id"], want["column"], want["element"],
                      " ".join("%s: %r, not %r" % (k, got.get(k), want[k]) for k in wrong))
    print("%d equal, %d different" % (max(0, min(len(expected), len(values)) - different), different))
    return different > 0


if __name__ == "__main__":
    sys.exit(main())
