#!/usr/bin/env python3
"""Samples of one topic for bench/run_efd: 20 Hz with jitter, 20 fields, exposures of 30 s every 35 s.

usage: make_samples.py DIR EXPOSURES      writes samples.lp, samples.csv, windows.jsonl, windows.txt, columns.yaml
"""
import json
import os
import sys

import numpy as np

FIELDS, RATE, T0 = 20, 20, 1735689600
FUNCTIONS = ("mean", "stddev", "min", "max", "count", "asof")


def main():
    folder, exposures = sys.argv[1], int(sys.argv[2])
    rng = np.random.default_rng(1)
    n = exposures * 35 * RATE
    times = T0 * 10**9 + np.arange(n) * (10**9 // RATE) + rng.integers(0, 2000, n) * 1000
    values = np.cumsum(rng.normal(size=(n, FIELDS)) * 1e-3, axis=0) + rng.uniform(-100, 100, FIELDS)
    values = np.round(values, 12)
    with open(os.path.join(folder, "samples.lp"), "w") as lp, open(os.path.join(folder, "samples.csv"), "w") as csv:
        csv.write("time," + ",".join("f%d" % k for k in range(FIELDS)) + "\n")
        for t, row in zip(times.tolist(), values):
            row = row.tolist()
            lp.write("lsst.sal.X.tel " + ",".join("f%d=%r" % f for f in enumerate(row)) + " %d\n" % t)
            csv.write("%d,%s\n" % (t, ",".join(map(repr, row))))
    with open(os.path.join(folder, "windows.jsonl"), "w") as lines, open(os.path.join(folder, "windows.txt"), "w") as txt:
        for k in range(exposures):
            begin = (T0 + 35 * k) * 10**9
            tai = begin + 37 * 10**9
            lines.write(json.dumps({"id": k, "begin_tai_ns": tai, "end_tai_ns": tai + 30 * 10**9}) + "\n")
            txt.write("%d %d\n" % (begin, begin + 30 * 10**9))
    with open(os.path.join(folder, "columns.yaml"), "w") as f:
        for k in range(FIELDS):
            for function in FUNCTIONS:
                f.write("- {name: f%d_%s, topic: lsst.sal.X.tel, field: f%d, func: %s}\n" % (k, function, k, function))


if __name__ == "__main__":
    main()
