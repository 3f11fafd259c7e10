#!/usr/bin/env python3
"""The join of bench/run_efd_night by others: means in windows and last values at their begin, from plain CSV for each topic.

usage: peers_night.py pandas|pandas-all|duckdb DIR      DIR as night_csv.py fills it

pandas reads of a topic only the columns that are asked for, which is quickest, or all of them, and slices arrays window by window.
DuckDB, with two threads, is told the columns and types of each file, without which it takes ten times as long to find them out.
Prints seconds from the first file to the last result, by the clock and of processors, and the sum of all results.
"""
import os
import sys

from peers_efd import Clocks


class Columns:
    """Those of one topic."""

    def __init__(self, topic):
        self.path = "csv/%s.csv" % topic
        self.asked = []  # field, function, index


def read_columns():
    topics = {}
    with open("columns.txt") as lines:
        for topic, field, function, index in map(str.split, lines):
            topics.setdefault(topic, Columns(topic)).asked.append((field, function, None if index == "-" else int(index)))
    return [topic for topic in topics.values() if os.path.exists(topic.path)]


def pandas_way(topics, whole=False):
    import numpy as np
    import pandas as pd

    begins, ends = np.loadtxt("windows.txt", dtype=np.int64, ndmin=2).T
    start = Clocks()
    total = 0.0
    for topic in topics:
        names = ["time"] + [field for field, _, _ in topic.asked]
        names += ["salIndex"] if any(index is not None for _, _, index in topic.asked) else []
        samples = pd.read_csv(topic.path, usecols=None if whole else names)
        for field, function, index in topic.asked:
            rows = samples if index is None else samples[samples["salIndex"] == index]
            times, values = rows["time"].to_numpy(), rows[field].to_numpy()
            if function == "mean":
                for lo, hi in zip(np.searchsorted(times, begins), np.searchsorted(times, ends)):
                    total += values[lo:hi].mean() if hi > lo else 0
            else:
                last = np.searchsorted(times, begins, side="right") - 1
                total += values[last[last >= 0]].sum()
    return Clocks() - start, total


def duckdb_way(topics):
    import duckdb

    con = duckdb.connect()
    con.execute("set threads = 2")
    con.execute("set preserve_insertion_order = false")
    con.execute("create table w as select column0 b, column1 e from read_csv('windows.txt', delim = ' ', header = false)")
    start = Clocks()
    total = 0.0
    for topic in topics:
        with open(topic.path) as file:
            names = file.readline().strip().split(",")
        types = ", ".join("'%s': '%s'" % (n, "BIGINT" if n in ("time", "salIndex") else "DOUBLE") for n in names)
        source = "read_csv('%s', header = true, auto_detect = false, delim = ',', columns = {%s})" % (topic.path, types)
        for field, function, index in topic.asked:
            rows = "(select * from %s%s) s" % (source, "" if index is None else " where salIndex = %d" % index)
            if function == "mean":
                query = "select avg(%s) from w join %s on s.time >= w.b and s.time < w.e group by w.b" % (field, rows)
            else:
                query = "select max_by(%s, s.time) from w join %s on s.time <= w.b group by w.b" % (field, rows)
            total += sum(row[0] for row in con.execute(query).fetchall())
    return Clocks() - start, total


def main():
    os.chdir(sys.argv[2])
    topics = read_columns()
    if sys.argv[1] == "duckdb":
        taken, total = duckdb_way(topics)
    else:
        taken, total = pandas_way(topics, sys.argv[1] == "pandas-all")
    print("%.6f %.6f %.15g" % (*taken, total))


if __name__ == "__main__":
    main()
