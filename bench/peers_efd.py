#!/usr/bin/env python3
"""The join of bench/run_efd by others: per window and field count, mean, standard deviation, least and greatest value, and the
last value at the window's begin.

usage: peers_efd.py pandas|duckdb DIR      DIR as make_samples.py fills it

pandas reads samples.csv, then slices arrays window by window; DuckDB reads it into a table with two threads, then joins by range.
Prints seconds from the file to the last result, by the clock and of processors, and the sum of all statistics. Ends with 69 when the package is not there.
"""
import sys
import time


class Clocks:
    """An instant, and what has passed since another one: of the clock and of this process' processors."""

    def __init__(self):
        self.now = time.perf_counter(), time.process_time()

    def __sub__(self, earlier):
        return tuple(a - b for a, b in zip(self.now, earlier.now))


def pandas_way(folder):
    import numpy as np
    import pandas as pd

    windows = np.loadtxt(folder + "/windows.txt", dtype=np.int64)
    start = Clocks()
    samples = pd.read_csv(folder + "/samples.csv")
    times = samples["time"].to_numpy()
    values = samples.drop(columns="time").to_numpy()
    total = 0.0
    for lo, hi in zip(np.searchsorted(times, windows[:, 0]), np.searchsorted(times, windows[:, 1])):
        x = values[lo:hi]
        total += x.shape[0] * x.shape[1] + (x.mean(0) + x.std(0, ddof=1) + x.min(0) + x.max(0)).sum()
    last = pd.merge_asof(pd.DataFrame({"begin": windows[:, 0]}), samples, left_on="begin", right_on="time")
    total += np.nansum(last.drop(columns=["begin", "time"]).to_numpy())
    return Clocks() - start, total


def duckdb_way(folder):
    import duckdb

    con = duckdb.connect()
    con.execute("set threads = 2")
    con.execute("set preserve_insertion_order = false")
    con.execute("create table w as select column0 b, column1 e from read_csv('%s/windows.txt', delim = ' ', header = false)" % folder)
    start = Clocks()
    con.execute("create table s as select * from read_csv('%s/samples.csv')" % folder)
    fields = [row[0] for row in con.execute("describe s").fetchall() if row[0] != "time"]
    functions = ", ".join("count({0}), avg({0}), stddev_samp({0}), min({0}), max({0})".format(f) for f in fields)
    rows = con.execute("select %s from w join s on s.time >= w.b and s.time < w.e group by w.b" % functions).fetchall()
    last = ", ".join("s." + f for f in fields)
    rows += con.execute("select %s from w asof left join s on w.b >= s.time" % last).fetchall()
    taken = Clocks() - start
    return taken, sum(value for row in rows for value in row if value is not None)


def main():
    way = {"pandas": pandas_way, "duckdb": duckdb_way}[sys.argv[1]]
    try:
        taken, total = way(sys.argv[2])
    except ImportError as e:
        print("peers_efd.py: %s" % e, file=sys.stderr)
        sys.exit(69)
    print("%.6f %.6f %.15g" % (*taken, total))


if __name__ == "__main__":
    main()
