#!/usr/bin/env python3
"""ConsDB's configurations of the transformed EFD, read independently of dbb.

usage: consdb.py check CONFIG.yaml < LINES       columns as dbb-efd-join --show-columns has them: all as they must be?
       consdb.py oracle CONFIG.yaml              the same columns for efd_oracle.py
       consdb.py night CONFIG.yaml DIR [SEED]    samples of all topics and fields, and windows: DIR/night.lp, DIR/windows.jsonl
       consdb.py original CONFIG.yaml SAMPLES.lp WINDOWS.jsonl
                                                 what ConsDB's programs make of them, flaws included (numpy), as lines of
                                                 id, column, element, value
       consdb.py compare EXPECTED VALUES         values of --compat consdb beside those of `original`
"""
import json
import math
import random
import re
import sys

import numpy as np
import yaml

NS = 10**9
T0 = 1735689600                                     # 2025-01-01T00:00:00Z
OFF = 37
FUNCS = {"mean": "mean", "stddev": "stddev", "min": "min", "max": "max", "most_recent_value": "last",
         "rms_from_polynomial_fit": "polyrms"}


def read(path):
    with open(path, encoding="utf-8") as f:
        return yaml.load(f, yaml.CSafeLoader)["columns"]


def is_event(topic):
    return topic.split(".")[-1].startswith(("logevent_", "command_", "ackcmd"))


def listed(value):
    return [int(v) for v in (value if isinstance(value, list) else [value])]


def fields_of(c):
    """Names of the fields that are values: without the one that chooses rows."""
    return [f["name"] for f in c["topics"][0]["fields"] if f["name"] != c.get("subset_field")]


# ---------------------------------------------------------------- what a column must become
def translated(c):
    topic, fields, function = c["topics"][0]["name"], fields_of(c), c["function"]
    given = c.get("function_args") or {}
    out = {"name": c["name"], "topic": topic, "func": FUNCS[function], "args": {}}
    args = out["args"]
    unpivoted = bool(c.get("store_unpivoted"))
    if function == "most_recent_value" and not unpivoted:
        fields = fields[:1]
    if unpivoted:
        out["fields"] = fields
    elif len(fields) > 1:
        out["fields"] = fields
        args["reduce"] = "pool"
    else:
        out["field"] = fields[0]
    if function == "most_recent_value" and c.get("start_offset"):
        out["func"] = "asof"
        args.update(at="end", tolerance=abs(c["start_offset"]) * 3600)
    if function == "rms_from_polynomial_fit":
        args["degree"] = given.get("degree", 1)
        args["basis"] = given.get("fit_basis", "index")
    if function == "stddev":
        args["ddof"] = given.get("ddof", 1)
    if c.get("subset_field") and c.get("subset_value") is not None:
        index = listed(c["subset_value"])
        out["index"] = index if len(index) > 1 else index[0]
        args["index_field"] = c["subset_field"]
    if c["packed_series"]:
        args["packed"] = {"base": fields[0]}
    return out


def as_shown(c):
    """A translated column in the terms of --show-columns."""
    t = translated(c)
    args = t.pop("args")
    usual = {"ddof": 1, "degree": 1, "basis": "time", "tolerance": 3600}
    shown = {k: v for k, v in args.items() if usual.get(k) != v}
    if "tolerance" in shown:
        shown["tolerance_ns"] = round(shown.pop("tolerance") * NS)
    if is_event(t["topic"]):
        shown["min_coverage"] = 0.0
    out = {"type": "column", "column": t["name"], "topic": t["topic"], "index": t.get("index"), "func": t["func"],
           "args": shown, "tables": c["tables"]}
    out.update({k: t[k] for k in ("field", "fields") if k in t})
    for key, text in (("unit", c["ivoa"].get("unit")), ("ucd", c["ivoa"].get("ucd")), ("description", c["description"])):
        if text:
            out[key] = str(text)
    return out


def check(path):
    lines = [json.loads(line) for line in sys.stdin]
    columns = read(path)
    wrong = int(len(lines) != len(columns))
    for c, line in zip(columns, lines):
        line.pop("config")
        want = as_shown(c)
        if want != line:
            wrong += 1
            print(c["name"], {k: (want.get(k), line.get(k)) for k in {*want, *line} if want.get(k) != line.get(k)})
    print("%d columns, %d wrong" % (len(lines), wrong))
    return wrong > 0


# ---------------------------------------------------------------- a night for all of them
def night(path, folder, seed):
    """Seldom samples of every topic, index and field: nights of the real size take hours."""
    r = random.Random(seed)
    topics = {}
    for c in read(path):
        t = topics.setdefault(c["topics"][0]["name"], {"fields": {}, "index": set(), "packed": set()})
        for f in fields_of(c):
            (t["packed"].add(f) if c["packed_series"] else t["fields"].setdefault(f))
        if c.get("subset_field"):
            t["index"].update(listed(c["subset_value"]))
    windows = [(1, 20, 50), (2, 55, 85), (3, 85, 85), (4, 85, 100.0000005), (5, 300, 330), (6, 500, 530)]
    with open(folder + "/windows.jsonl", "w", encoding="utf-8") as out:
        for k, b, e in windows:
            out.write(json.dumps({"type": "window", "instrument": "LSSTCam", "kind": "exposure", "id": k,
                                  "day_obs": 20241231, "seq_num": k, "begin_tai_ns": (T0 + OFF + b) * NS,
                                  "end_tai_ns": (T0 + OFF) * NS + round(e * NS)}) + "\n")
    rows = []
    for topic, t in sorted(topics.items()):
        indices = sorted(t["index"]) + [999] if t["index"] else [None]
        wide = len(t["fields"]) > 200
        taken = set()                               # a topic has one point at a time, as in InfluxDB
        for index in indices:
            at = r.uniform(0, 2)
            while at < 335:
                ns = (T0 * NS + round(at * 1e6) * 1000)
                if r.random() < 0.05 and not t["packed"]:
                    ns = T0 * NS + r.choice((20, 50, 55, 85)) * NS      # on an edge
                while ns in taken:
                    ns += 1000
                taken.add(ns)
                row = [] if index is None else ["salIndex=%di" % index]
                for f in t["fields"]:
                    if r.random() < (0.001 if wide else 0.03):
                        continue
                    row.append("%s=%r" % (f, round(r.gauss(10, 3), 4)))
                for base in t["packed"]:
                    row += ["%s%d=%r" % (base, k, round(r.gauss(0, 1) + at, 4)) for k in range(5)]
                if t["packed"]:
                    row.append("cRIO_timestamp=%r" % (T0 + OFF + at))
                if row:
                    rows.append((ns, "%s %s %d\n" % (topic, ",".join(row), ns)))
                # None between 110 s and 290 s but for events, which are seldom.
                at += r.expovariate(1 / 60) if is_event(topic) else r.uniform(3, 9) if wide else r.uniform(0.8, 2.5)
                if 110 < at < 290 and not is_event(topic):
                    at = 290 + r.uniform(0, 2)
    rows.sort(key=lambda row: row[0])
    with open(folder + "/night.lp", "w", encoding="utf-8") as out:
        out.writelines(line for _, line in rows)


# ---------------------------------------------------------------- what ConsDB's programs make of them
def samples_of(path):
    """{topic: sorted [(utc ns, {field: value})]}, merged as InfluxDB does: one point per topic and time."""
    points = {}
    for line in open(path, encoding="utf-8"):
        topic, fields, ns = line.rsplit(" ", 2)
        point = points.setdefault(topic, {}).setdefault(int(ns), {})
        for f in fields.split(","):
            name, value = f.split("=")
            point[name] = int(value[:-1]) if value.endswith("i") else \
                value == "true" if value in ("true", "false") else float(value)
    return {topic: sorted(rows.items()) for topic, rows in points.items()}


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


def bucketed(rows, fields, step_ns, function):
    """SELECT MEAN(f), ... GROUP BY time(step): each bucket at its begin, counted from 1970."""
    buckets = {}
    for ns, values in rows:
        bucket = buckets.setdefault(ns // step_ns * step_ns, {})
        for f in fields:
            if f in values:
                bucket.setdefault(f, []).append(values[f])
    reduce = {"mean": np.mean, "max": np.max, "min": np.min}[function]
    return [(ns, {f: float(reduce(v)) for f, v in b.items()}) for ns, b in sorted(buckets.items())]


def unpacked(rows, base):
    rows = [(v["cRIO_timestamp"], v) for _, v in rows if "cRIO_timestamp" in v]
    size = 1 + max(int(k[len(base):]) for _, v in rows for k in v if re.fullmatch(re.escape(base) + r"\d+", k))
    dt = (rows[1][0] - rows[0][0]) / size if len(rows) > 1 else 0.0
    samples = [(round((t - OFF + k * dt) * 1e9), {base: v[base + str(k)]}) for t, v in rows for k in range(size)
               if base + str(k) in v]
    return sorted(samples, key=lambda s: s[0])


def frame_of(c, topics):
    """(times, array of rows and fields) of a column: filtered, rows without holes."""
    rows = topics.get(c["topics"][0]["name"], [])
    fields = fields_of(c)
    if c["packed_series"]:
        rows = unpacked(rows, fields[0])
    elif c.get("pre_aggregate_interval") and c["function"] in ("mean", "max", "min"):
        rows = bucketed(rows, fields, seconds(c["pre_aggregate_interval"]) * NS, c["function"])
    chosen = c.get("subset_field")
    if chosen:
        # A column of integers with a hole is one of floats, whose texts end in .0.
        holes = any(chosen not in v for _, v in rows)
        text = (lambda v: "%.1f" % v) if holes else str
        wanted = {str(v) for v in (c["subset_value"] if isinstance(c["subset_value"], list) else [c["subset_value"]])}
        rows = [(t, v) for t, v in rows if chosen in v and text(v[chosen]) in wanted]
    rows = [(t, [v[f] for f in fields]) for t, v in rows if all(f in v for f in fields)]
    return [t for t, _ in rows], np.array([v for _, v in rows], dtype=float).reshape(len(rows), len(fields))


def summary(function, given, times, data):
    """One number of the rows in a window; data has a row per time and a column per field."""
    if data.size == 0:
        return None
    if function == "most_recent_value":
        return float(data[-1, 0])
    if function == "stddev":
        return float(np.std(data, ddof=given.get("ddof", 1))) if data.size > 1 else None
    if function == "rms_from_polynomial_fit":
        degree = given.get("degree", 1)
        x = np.arange(len(times)) if given.get("fit_basis", "index") == "index" else \
            np.array([t - times[0] for t in times], dtype=float)
        if len(times) <= degree:
            return None
        fit = np.polyval(np.polyfit(x, data[:, 0], degree), x)
        return float(np.sqrt(np.mean((data[:, :1] - fit[np.newaxis, :])**2)))     # n times n differences
    return float({"mean": np.mean, "min": np.min, "max": np.max}[function](data))


def original(config, samples, windows):
    topics = samples_of(samples)
    windows = [json.loads(line) for line in open(windows, encoding="utf-8")]
    columns = [(c, *frame_of(c, topics)) for c in read(config)]
    for w in windows:
        # Closed, in whole microseconds of UTC.
        b, e = ((w[k] // 1000 - OFF * 10**6) * 1000 for k in ("begin_tai_ns", "end_tai_ns"))
        for c, times, data in columns:
            lo, hi = np.searchsorted(times, b, "left"), np.searchsorted(times, e, "right")
            if b == e:
                lo = hi                             # without length, without value
            given = c.get("function_args") or {}
            parts = [data[lo:hi, k:k + 1] for k in range(data.shape[1])] if c.get("store_unpivoted") else [data[lo:hi]]
            for k, part in enumerate(parts):
                value = summary(c["function"], given, times[lo:hi], part)
                element = k if c.get("store_unpivoted") else -1
                print(json.dumps({"id": w["id"], "column": c["name"], "element": element, "value": value}))


def compare(expected, values):
    want = [json.loads(line) for line in open(expected, encoding="utf-8")]
    got = [v for v in map(json.loads, open(values, encoding="utf-8")) if v["type"] == "value"]
    wrong = int(len(want) != len(got))
    for a, b in zip(want, got):
        x, y = a["value"], b["value"]
        near = x == y or (x is not None and y is not None and abs(x - y) <= 1e-9 * max(1e-6, abs(x)))
        if not near or any(a[k] != b[k] for k in ("id", "column", "element")):
            wrong += 1
            if wrong < 20:
                print(a, {k: b[k] for k in ("id", "column", "element", "value", "n", "status")})
    print("%d values (%d null), %d wrong" % (len(got), sum(a["value"] is None for a in want), wrong))
    return wrong > 0


def main():
    command, *rest = sys.argv[1:]
    if command == "check":
        return check(*rest)
    if command == "oracle":
        print(json.dumps([translated(c) for c in read(*rest)]))
    elif command == "night":
        night(rest[0], rest[1], int(rest[2]) if len(rest) > 2 else 1)
    elif command == "original":
        original(*rest)
    elif command == "compare":
        return compare(*rest)
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
